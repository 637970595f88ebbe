/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/symbolize_kernel.c: the kernel's functions by address.
 *
 * /proc/kallsyms is read once, when the first kernel address comes: that is late enough for the programs that
 * were loaded to be in it. Who may not see addresses gets zeroes; then there is nothing to go by, and it is said once.
 */
#include <errno.h>
#include "event/symbolize.h"
#include "sys/kallsyms.h"

struct reading {
	struct bpfl_sym_table *table;
	uint64_t nr_zeroes;
};

/* Of several names for one place that which has no underscores in front. */
static uint32_t rank_of(const char *name)
{
	uint32_t rank = 0;

	while (name[rank] == '_')
		rank++;
	return rank;
}

static int take(void *ctx, uint64_t addr, const char *name, const char *module)
{
	struct reading *reading = ctx;
	size_t len = 0;

	if (addr == 0) {
		reading->nr_zeroes++;
		return 0;
	}
	while (name[len])
		len++;
	return bpfl_sym_table_add(reading->table, addr, 0, name, len, module, rank_of(name));
}

int bpfl_sym_kernel_read(struct bpfl_symbolizer *symbolizer)
{
	struct reading reading = { &symbolizer->kernel, 0 };
	int ret;

	if (symbolizer->has_kernel)
		return 0;
	ret = bpfl_kallsyms_each_function(take, &reading);
	if (ret == -ENOMEM)
		return ret;
	symbolizer->has_kernel = true;
	if (ret < 0)
		bpfl_log_line(&symbolizer->log, BPFL_LOG_WARN, "kernel stacks have no names: /proc/kallsyms: %s",
			      bpfl_errno_text(-ret));
	else if (symbolizer->kernel.syms.nr <= reading.nr_zeroes)
		bpfl_log_line(&symbolizer->log, BPFL_LOG_WARN,
			 "kernel stacks have no names: the kernel hides its addresses in /proc/kallsyms from this user: that takes CAP_SYSLOG, and sysctl kernel.kptr_restrict=1 or 0");
	bpfl_sym_table_sort(&symbolizer->kernel);
	return 0;
}
