/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the system tells: files of /proc, answers of netlink, the verifier's words, lines of trace_pipe, lists that
 * just-in-time compilers write. Processes and users write some of these bytes.
 */
#include "doors.h"

#include <stdlib.h>
#include <string.h>
#include "bpfload/stack.h"
#include "btfc.h"
#include "event/stack.h"
#include "event/symbolize.h"
#include "event/trace.h"
#include "fake_sys.h"
#include "image/extern.h"
#include "kern/vlog.h"
#include "memory.h"
#include "specgen.h"
#include "sys/kallsyms.h"
#include "sys/netlink.h"
#include "sys/netlink_tc.h"

#define PID "4242"

static struct bpfl_symbolizer *symbolizer_new(void)
{
	struct bpfl_symbolizer_opts opts = { .size = sizeof(opts), .cache_bytes = 1u << 20 };
	struct bpfl_symbolizer *names = NULL;

	fuzz_memory_pause();
	if (bpfl_symbolizer_create(&opts, &names, NULL) < 0)
		abort();
	fuzz_memory_go_on();
	return names;
}

void fuzz_kallsyms(const uint8_t *bytes, size_t size)
{
	static const char *const candidates[] = { "__x64_sys_open", "sys_open" };
	struct bpfl_symbol_facts facts;
	struct bpfl_symbolizer *names = symbolizer_new();
	struct bpfl_frame frame;

	fake_sys_file_bytes("/proc/kallsyms", bytes, size);
	fake_sys_file_error("/sys/kernel/btf/vmlinux", 2);
	bpfl_kallsyms_search(NULL, "vfs_read", &facts);
	bpfl_kallsyms_search("xfs", "vfs_raed", &facts);
	bpfl_kallsyms_first(candidates, 2);
	bpfl_symbolizer_kernel(names, 0xffffffff81000110, BPFL_FRAME_RETURN, &frame);
	bpfl_symbolizer_kernel(names, 0x10, 0, &frame);
	bpfl_symbolizer_destroy(names);
}

void fuzz_maps(const uint8_t *bytes, size_t size)
{
	struct bpfl_symbolizer *names = symbolizer_new();
	struct bpfl_frame frame;
	struct bpfl_buf text = BPFL_BUF_INIT;

	fake_sys_file_bytes("/proc/" PID "/maps", bytes, size);
	fake_sys_file_bytes("/proc/" PID "/comm", bytes, size < 20 ? size : 20);
	fake_sys_file_bytes("/proc/" PID "/status", bytes, size);
	for (unsigned i = 0; i < 4; i++) {
		if (bpfl_symbolizer_user(names, atoi(PID), 0x7f0000000000 + 0x1000 * i, 0, &frame) >= 0)
			bpfl_frame_text(&frame, &text);
	}
	bpfl_symbolizer_comm(names, atoi(PID));
	bpfl_buf_deinit(&text);
	bpfl_symbolizer_destroy(names);
}

void fuzz_jit(const uint8_t *bytes, size_t size)
{
	struct bpfl_sym_table table = { 0 };

	if (bpfl_sym_table_read_jit(&table, (const char *)bytes, size) == 0) {
		bpfl_sym_table_sort(&table);
		bpfl_sym_table_find(&table, 0x1000);
		bpfl_sym_table_find(&table, UINT64_MAX);
	}
	bpfl_sym_table_deinit(&table);
}

/* A configuration, plain or packed, and externs of each sort of type. */
void fuzz_kconfig(const uint8_t *bytes, size_t size)
{
	static const char *const names[] = { "CONFIG_HZ", "CONFIG_A", "CONFIG_BPF", "CONFIG_C" };
	struct bpfl_target_opts opts = { .size = sizeof(opts), .kconfig_path = "/fuzz/config", .page_size = 4096 };
	struct bpfl_target *target = NULL;
	struct bpfl_spec *spec;
	struct bpfl_error err = BPFL_ERROR_INIT;
	char *texts[4] = { NULL };
	bool used[4] = { false, true, true, true }, absent[4] = { false };
	uint8_t data[64] = { 0 };

	fake_sys_file_bytes("/fuzz/config", bytes, size);
	fuzz_memory_pause();
	spec = specgen_new("obj");
	spec->btf = btfc_read("var u64 CONFIG_HZ; var s8 CONFIG_A; var bool CONFIG_BPF; var char CONFIG_C;", false);
	for (uint32_t i = 0; i < 4; i++) {
		uint32_t var = bpfl_btf_find(spec->btf, BPFL_KIND_VAR, names[i], 1);
		uint32_t at = specgen_extern(spec, names[i], BPFL_EXTERN_KCONFIG, true, var);
		struct bpfl_extern *ext = &spec->externs.items[at];

		ext->type_id = bpfl_btf_type(spec->btf, var)->type;
		ext->byte_off = 8 * i;
		bpfl_btf_size(spec->btf, ext->type_id, &ext->size_bytes);
	}
	fuzz_memory_go_on();
	if (bpfl_target_create(&opts, &target, &err) == 0) {
		bpfl_kconfig_fill(spec, target, used, data, sizeof(data), NULL, texts, absent, &err);
		bpfl_target_destroy(target);
	}
	bpfl_kconfig_version("/fuzz/config");
	for (size_t i = 0; i < 4; i++)
		free(texts[i]);
	bpfl_spec_destroy(spec);
	bpfl_error_clear(&err);
}

static void see_filter(void *ctx, const struct bpfl_tc_filter *filter)
{
	*(size_t *)ctx += strlen(filter->name) + strlen(filter->kind);
}

static void see_qdisc(void *ctx, uint32_t ifindex, const char *kind)
{
	*(size_t *)ctx += ifindex + strlen(kind);
}

static void see_interface(void *ctx, const char *name)
{
	*(size_t *)ctx += strlen(name);
}

/* One datagram as the answer to each question. */
void fuzz_netlink(const uint8_t *bytes, size_t size)
{
	struct bpfl_xdp_state state = { 0 };
	struct bpfl_tc_filter filter = { .ifindex = 1, .parent = BPFL_TC_INGRESS };
	char text[BPFL_NETLINK_TEXT_SIZE];
	size_t sum = 0;

	bpfl_netlink_parse(bytes, size, 1, &state, text);
	if (size < 12) /* the fake kernel puts the number of the question in */
		return;
	fake_sys_reply(bytes, size);
	bpfl_netlink_xdp_query(1, &state);
	fake_sys_reply(bytes, size);
	bpfl_netlink_tc_each(1, BPFL_TC_INGRESS, see_filter, &sum);
	fake_sys_reply(bytes, size);
	bpfl_netlink_qdisc_each(see_qdisc, &sum);
	fake_sys_reply(bytes, size);
	bpfl_netlink_each_interface(see_interface, &sum);
	fake_sys_reply(bytes, size);
	bpfl_netlink_tc_add(&filter, 3, false, text);
}

void fuzz_vlog(const uint8_t *bytes, size_t size)
{
	struct fuzz_words words = fuzz_words_of(bytes, size);
	struct bpfl_vlog log;

	bpfl_vlog_read(fuzz_word(&words), &log);
	bpfl_hint_find(log.reason);
	fuzz_words_free(&words);
}

void fuzz_trace(const uint8_t *bytes, size_t size)
{
	struct fuzz_words words = fuzz_words_of(bytes, size);
	const char *raw = fuzz_word(&words);
	struct bpfl_trace_line line;
	struct bpfl_owner owner;
	char task[BPFL_TRACE_TASK_SIZE], *text = NULL;

	bpfl_trace_instance_parse(raw, &owner);
	if (bpfl_trace_line_parse(raw, task, &line) == BPFL_TRACE_LINE) {
		bpfl_trace_line_is_printk(&line);
		if (bpfl_trace_line_text(&line, BPFL_FORMAT_TEXT, &text) == 0)
			free(text);
		if (bpfl_trace_line_text(&line, BPFL_FORMAT_JSON, &text) == 0)
			free(text);
	}
	fuzz_words_free(&words);
}
