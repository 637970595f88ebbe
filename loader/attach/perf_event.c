/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/perf_event.c: SEC("perf_event"), attached with perf_event:EVENT, profile:hz:99, software:EVENT:COUNT,
 * hardware:EVENT:COUNT.
 *
 * The program runs each time a counter has counted so far: so many times a second (freq=), or after so many
 * events (period=).
 * Perf counts on one CPU or in one thread, never "everywhere" with a program on it: so without pid= there is
 * one event on each CPU that is online, with pid= one in each thread of the process, which those that it starts
 * later inherit. All of them are one link.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "attach/binary.h"
#include "attach/perf.h"
#include "base/text.h"
#include "sys/enter.h"
#include "sys/facts.h"

#define DEFAULT_FREQ_HZ 99 /* not 100: in step with a timer of that rate one would always see the same */
#define CPU_ANY (-1)

static const struct event_row {
	const char *name;
	uint32_t type;
	uint64_t config;
	/* counts time or cycles: sampled so many times a second unless told otherwise; else each event counts */
	bool is_rate;
} rows[] = {
	{ "cpu-clock", BPFL_PERF_TYPE_SOFTWARE, 0, true },
	{ "task-clock", BPFL_PERF_TYPE_SOFTWARE, 1, true },
	{ "page-faults", BPFL_PERF_TYPE_SOFTWARE, 2, false },
	{ "faults", BPFL_PERF_TYPE_SOFTWARE, 2, false },
	{ "context-switches", BPFL_PERF_TYPE_SOFTWARE, 3, false },
	{ "cs", BPFL_PERF_TYPE_SOFTWARE, 3, false },
	{ "cpu-migrations", BPFL_PERF_TYPE_SOFTWARE, 4, false },
	{ "minor-faults", BPFL_PERF_TYPE_SOFTWARE, 5, false },
	{ "major-faults", BPFL_PERF_TYPE_SOFTWARE, 6, false },
	{ "alignment-faults", BPFL_PERF_TYPE_SOFTWARE, 7, false },
	{ "emulation-faults", BPFL_PERF_TYPE_SOFTWARE, 8, false },
	{ "cgroup-switches", BPFL_PERF_TYPE_SOFTWARE, 11, false }, /* 5.13 */
	{ "cpu-cycles", BPFL_PERF_TYPE_HARDWARE, 0, true },
	{ "cycles", BPFL_PERF_TYPE_HARDWARE, 0, true },
	{ "instructions", BPFL_PERF_TYPE_HARDWARE, 1, true },
	{ "cache-references", BPFL_PERF_TYPE_HARDWARE, 2, true },
	{ "cache-misses", BPFL_PERF_TYPE_HARDWARE, 3, true },
	{ "branch-instructions", BPFL_PERF_TYPE_HARDWARE, 4, true },
	{ "branches", BPFL_PERF_TYPE_HARDWARE, 4, true },
	{ "branch-misses", BPFL_PERF_TYPE_HARDWARE, 5, true },
	{ "bus-cycles", BPFL_PERF_TYPE_HARDWARE, 6, true },
	{ "stalled-cycles-frontend", BPFL_PERF_TYPE_HARDWARE, 7, true },
	{ "stalled-cycles-backend", BPFL_PERF_TYPE_HARDWARE, 8, true },
	{ "ref-cycles", BPFL_PERF_TYPE_HARDWARE, 9, true },
};
#define NR_ROWS (sizeof(rows) / sizeof(rows[0]))

static const struct event_row *find_row(const char *name)
{
	for (size_t i = 0; i < NR_ROWS; i++) {
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	}
	return NULL;
}

static int refuse_numbers(const char *what, struct bpfl_error *err)
{
	bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "%s", what);
	bpfl_error_why(err, "freq=N runs the program N times a second, period=N after each N events");
	bpfl_error_fix(err, "give one of them, above 0, or neither (clocks and hardware: 99 a second; other events: "
			    "each one)");
	return -EINVAL;
}

/* cpu= and pid= */
static int check_who(const struct bpfl_attach *attach, struct bpfl_error *err)
{
	const char *pid = bpfl_attach_option(attach, "pid"), *cpu = bpfl_attach_option(attach, "cpu");
	unsigned nr_slots = bpfl_facts_cpu_slots();

	if (cpu && (atoi(cpu) < 0 || (unsigned)atoi(cpu) >= nr_slots)) {
		bpfl_error_set(err, BPFL_ERR_TARGET, ENODEV, "there is no CPU %s", BPFL_ESC(cpu));
		bpfl_error_catalogue(err, 27);
		bpfl_error_why(err, "the highest number here is %u", nr_slots - 1);
		bpfl_error_fix(err, "without cpu= the event is on all of them");
		return -ENODEV;
	}
	return pid ? bpfl_process_check(atoi(pid), err) : 0;
}

static int perf_event_check(const struct bpfl_attach *attach, struct bpfl_error *err)
{
	struct bpfl_near near;
	char names[512];

	if (bpfl_attach_option(attach, "freq") && bpfl_attach_option(attach, "period"))
		return refuse_numbers("freq= and period= exclude each other", err);
	for (const char *key = "freq"; key; key = strcmp(key, "freq") == 0 ? "period" : NULL) {
		if (bpfl_attach_option(attach, key) && bpfl_attach_option_u64(attach, key) == 0)
			return refuse_numbers(strcmp(key, "freq") == 0 ? "freq=0 would never run the program"
								       : "period=0 would never run the program", err);
	}
	if (find_row(attach->where))
		return check_who(attach, err);
	bpfl_error_set(err, BPFL_ERR_TARGET, ENOENT, "there is no perf event '%s'", BPFL_ESC(attach->where));
	bpfl_near_init(&near, attach->where);
	for (size_t i = 0; i < NR_ROWS; i++)
		bpfl_near_offer(&near, rows[i].name);
	bpfl_error_why(err, "%zu events of the kernel and the CPU are known by name", NR_ROWS);
	if (*bpfl_near_text(&near, names, sizeof(names)))
		bpfl_error_fix(err, "did you mean %s?", names);
	else
		bpfl_error_fix(err, "for a profile of the CPUs: profile:hz:99; software events: page-faults, "
				    "context-switches, ...; hardware: cycles, instructions, cache-misses, ...");
	return -ENOENT;
}

/* ---- the event ---- */

static void fill_attr(const struct bpfl_attach *attach, const struct event_row *row, struct bpfl_perf_attr *attr)
{
	uint64_t period = bpfl_attach_option_u64(attach, "period");
	uint64_t freq = bpfl_attach_option_u64(attach, "freq");

	attr->type = row->type;
	attr->config = row->config;
	if (!period && !freq)
		*(row->is_rate ? &freq : &period) = row->is_rate ? DEFAULT_FREQ_HZ : 1;
	attr->sample_period = freq ? freq : period;
	if (freq)
		attr->flag_bits |= BPFL_PERF_FLAG_FREQ;
}

/* What only this kind knows about a refused event. */
static void explain_refusal(const struct event_row *row, const struct bpfl_perf_attr *attr, int errnum,
			    struct bpfl_error *err)
{
	long max_hz = bpfl_facts_sysctl("kernel/perf_event_max_sample_rate");

	if (errnum == ENOENT || errnum == EOPNOTSUPP) {
		if (err)
			err->kind = BPFL_ERR_UNSUPPORTED;
		bpfl_error_why(err, "%s",
			       row->type == BPFL_PERF_TYPE_HARDWARE
				       ? "this machine's processor has no such counter, or cannot interrupt with it "
					 "(virtual machines often have none)"
				       : "this kernel does not know the event");
		bpfl_error_fix(err, "cpu-clock works on every machine (profile:hz:99)");
	} else if (errnum == EINVAL && (attr->flag_bits & BPFL_PERF_FLAG_FREQ) && max_hz > 0 &&
		   attr->sample_period > (uint64_t)max_hz) {
		bpfl_error_why(err, "freq=%llu is above the sysctl kernel.perf_event_max_sample_rate, which is %ld",
			       (unsigned long long)attr->sample_period, max_hz);
		bpfl_error_fix(err, "sample at most %ld times a second", max_hz);
	}
}

struct opening {
	const struct bpfl_attach_ctx *ctx;
	const struct event_row *row;
	struct bpfl_link *link;
	unsigned nr_events;
	bool by_ioctl;
	struct bpfl_error *err;
};

/*
 * One more event of the link, with the program on it. -ENODEV, -ESRCH without text: that CPU is offline,
 * that thread is gone.
 */
static int add_event(struct opening *opening, int pid, int cpu)
{
	const struct bpfl_attach_ctx *ctx = opening->ctx;
	struct bpfl_perf_attr attr = { 0 };
	struct bpfl_link *part = opening->link;
	int ret;

	/* The first event is the link itself, so that its descriptor stands for it where there is one only. */
	if (opening->nr_events > 0) {
		ret = bpfl_link_part(opening->link, &part);
		if (ret < 0)
			return bpfl_error_nomem(opening->err);
	}
	fill_attr(ctx->attach, opening->row, &attr);
	if (pid >= 0)
		attr.flag_bits |= BPFL_PERF_FLAG_INHERIT;
	ret = bpfl_perf_open(ctx, &attr, pid, cpu, ctx->attach->where, part, opening->err);
	if (ret == -ENODEV || ret == -ESRCH)
		return ret;
	if (ret < 0) {
		explain_refusal(opening->row, &attr, -ret, opening->err);
		return ret;
	}
	ret = bpfl_perf_join(ctx, bpfl_attach_option_u64(ctx->attach, "cookie"), part, opening->err);
	if (ret < 0)
		return ret;
	opening->by_ioctl = part->link_fd < 0;
	opening->nr_events++;
	return 0;
}

static int add_thread(void *ctx, const char *name)
{
	struct opening *opening = ctx;
	const char *cpu = bpfl_attach_option(opening->ctx->attach, "cpu");
	int64_t tid;
	int ret;

	if (bpfl_text_to_s64(name, &tid) < 0 || tid <= 0 || tid > INT32_MAX)
		return 0;
	ret = add_event(opening, (int)tid, cpu ? atoi(cpu) : CPU_ANY);
	return ret == -ESRCH ? 0 : ret; /* threads come and go */
}

static int add_process(struct opening *opening, const char *pid)
{
	char path[64];
	int ret;

	snprintf(path, sizeof(path), "/proc/%s/task", pid);
	ret = bpfl_enter_list_dir(AT_FDCWD, path, add_thread, opening);
	if (opening->nr_events > 0 && (ret == -ENOENT || ret == -ESRCH))
		return 0;
	if (opening->nr_events == 0 && (ret == 0 || ret == -ENOENT || ret == -ESRCH)) {
		bpfl_error_set(opening->err, BPFL_ERR_TARGET, ESRCH, "there is no process %s", BPFL_ESC(pid));
		bpfl_error_catalogue(opening->err, 27);
		bpfl_error_why(opening->err, "%s: %s", path, bpfl_errno_text(ENOENT));
		bpfl_error_fix(opening->err, "ps -e lists the processes; pid= counts as in this pid namespace");
		return -ESRCH;
	}
	return ret;
}

static int add_cpus(struct opening *opening)
{
	const char *cpu = bpfl_attach_option(opening->ctx->attach, "cpu");
	unsigned nr_slots = bpfl_facts_cpu_slots();
	int ret;

	if (cpu) {
		ret = add_event(opening, -1, atoi(cpu));
		if (ret == -ENODEV || ret == -EINVAL)
			bpfl_error_why(opening->err, "CPU %s may be offline: /sys/devices/system/cpu/online", cpu);
		return ret;
	}
	for (unsigned i = 0; i < nr_slots; i++) {
		ret = add_event(opening, -1, (int)i);
		if (ret < 0 && ret != -ENODEV)
			return ret;
	}
	return opening->nr_events > 0 ? 0 : -ENODEV; /* the last refusal's text is there */
}

static int perf_event_attach(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, struct bpfl_error *err)
{
	const struct bpfl_attach *attach = ctx->attach;
	const char *pid = bpfl_attach_option(attach, "pid"), *cpu = bpfl_attach_option(attach, "cpu");
	struct opening opening = { .ctx = ctx, .row = find_row(attach->where), .link = link, .err = err };
	struct bpfl_perf_attr attr = { 0 };
	char place[64];
	int ret = perf_event_check(attach, err);

	if (ret < 0)
		return ret;
	if (pid && pid[0] != '-')
		ret = add_process(&opening, pid);
	else
		ret = add_cpus(&opening);
	if (ret < 0)
		return ret;
	bpfl_error_clear(err); /* of CPUs that are offline */
	fill_attr(attach, opening.row, &attr);
	if (pid && pid[0] != '-')
		snprintf(place, sizeof(place), "process %s, %u thread%s", pid, opening.nr_events,
			 opening.nr_events == 1 ? "" : "s");
	else if (cpu)
		snprintf(place, sizeof(place), "CPU %s", cpu);
	else
		snprintf(place, sizeof(place), "%u CPU%s", opening.nr_events, opening.nr_events == 1 ? "" : "s");
	ret = bpfl_link_describe(link, ctx, "perf event %s, %s %llu, on %s%s", attach->where,
				 attr.flag_bits & BPFL_PERF_FLAG_FREQ ? "freq" : "period",
				 (unsigned long long)attr.sample_period, place, opening.by_ioctl ? " (by ioctl)" : "");
	return ret < 0 ? bpfl_error_nomem(err) : 0;
}

const struct bpfl_hook_ops bpfl_hook_perf_event = {
	.hook = BPFL_HOOK_PERF_EVENT,
	.options = (const char *const[]){ "pid", "cpu", "freq", "period", "cookie", NULL },
	.check = perf_event_check,
	.attach = perf_event_attach,
};
