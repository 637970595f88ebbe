/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live: a counting program on the running kernel. See live.h.
 */
#include "live.h"

#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "insns.h"
#include "sys/bpf.h"

/* counter[0] += r7; return result. The map is loaded by the fourth of these. */
#define ADD_R7(result)                                                                                          \
	STORE32_IMM(10, -4, 0), MOV_REG(2, 10), ADD(2, -4), ADDRESS(1), CALL(HELPER_MAP_LOOKUP_ELEM), IF_ZERO(0, 1), \
		ATOMIC_ADD(0, 7), MOV(0, (result)), EXIT

static void note(void *ctx, enum bpfl_log_level level, const char *text)
{
	struct live *live = ctx;

	bpfl_buf_printf(&live->log, "%s: %s\n", level == BPFL_LOG_WARN ? "warning" : "info", text);
}

void live_add_counter(struct bpfl_spec *spec)
{
	struct bpfl_map_def map = { .size = sizeof(map), .name = "counter", .type = BPFL_MAP_TYPE_ARRAY, .key_size = 4,
				    .value_size = 8, .max_entries = 1 };
	struct bpfl_error err = BPFL_ERROR_INIT;

	CHECK_OK(bpfl_spec_add_map(spec, &map, &err), err);
}

void live_add_sockets(struct bpfl_spec *spec)
{
	struct bpfl_map_def map = { .size = sizeof(map), .name = "socks", .type = BPFL_MAP_TYPE_SOCKMAP, .key_size = 4,
				    .value_size = 4, .max_entries = 4 };
	struct bpfl_error err = BPFL_ERROR_INIT;

	CHECK_OK(bpfl_spec_add_map(spec, &map, &err), err);
}

void live_add_prog(struct bpfl_spec *spec, const char *name, const char *section, enum live_program program,
		   int32_t result)
{
	const struct bpfl_insn count[] = { MOV(7, 1), ADD_R7(result) };
	const struct bpfl_insn add_cookie[] = { CALL(HELPER_GET_ATTACH_COOKIE), MOV_REG(7, 0), ADD_R7(result) };
	bool is_cookie = program == LIVE_COOKIE;
	struct bpfl_map_use use = { is_cookie ? 5 : 4, "counter" };
	struct bpfl_prog_def prog = { .size = sizeof(prog),
				      .name = name,
				      .section = section,
				      .insns = is_cookie ? add_cookie : count,
				      .nr_insns = (is_cookie ? sizeof(add_cookie) : sizeof(count)) / BPFL_INSN_SIZE,
				      .map_uses = &use,
				      .nr_map_uses = 1 };
	struct bpfl_error err = BPFL_ERROR_INIT;

	CHECK_OK(bpfl_spec_add_prog(spec, &prog, &err), err);
}

static int start(struct live *live, enum live_program program, const char *section, const char *text, int lacking)
{
	struct bpfl_log log = { note, live };
	struct bpfl_load_opts opts = { .size = sizeof(opts) };
	int ret;

	memset(live, 0, sizeof(*live));
	opts.log = log;
	CHECK_OK(bpfl_spec_create("test", "GPL", &live->spec, &live->err), live->err);
	live_add_counter(live->spec);
	live_add_prog(live->spec, "prog", section, program, program == LIVE_ALLOW);
	CHECK_OK(bpfl_target_running(NULL, &live->target, &live->err), live->err);
	if (lacking >= 0)
		live->target->features[lacking] = BPFL_NO;
	ret = bpfl_attach_parse(text ? text : section, &live->attach, &live->err);
	if (ret == 0)
		ret = bpfl_attach_prepare(live->attach, live->spec, 0, &live->err);
	if (ret == 0)
		ret = bpfl_attach_check(live->attach, live->spec, 0, &live->err);
	if (ret == 0)
		ret = bpfl_image_build(live->spec, live->target, NULL, &live->image, &live->err);
	if (ret == 0)
		ret = bpfl_object_load(live->image, live->target, &opts, &live->object, &live->err);
	if (ret == 0)
		ret = bpfl_link_attach(live->object, 0, live->attach, &log, &live->link, &live->err);
	return ret;
}

int live_start(struct live *live, enum live_program program, const char *section, const char *text)
{
	return start(live, program, section, text, -1);
}

int live_start_without(struct live *live, enum bpfl_feature feature, const char *section, const char *text)
{
	return start(live, LIVE_COUNT, section, text, (int)feature);
}

void live_detach(struct live *live)
{
	bpfl_link_close(live->link);
	live->link = NULL;
}

void live_stop(struct live *live)
{
	live_detach(live);
	bpfl_object_close(live->object);
	bpfl_image_destroy(live->image);
	bpfl_target_destroy(live->target);
	bpfl_spec_destroy(live->spec);
	bpfl_attach_destroy(live->attach);
	bpfl_error_clear(&live->err);
	bpfl_buf_deinit(&live->log);
	memset(live, 0, sizeof(*live));
}

uint64_t live_counter_of(const struct bpfl_object *object)
{
	uint32_t key = 0;
	uint64_t value = 0;

	ck_assert_int_eq(bpfl_sys_map_lookup(bpfl_object_map_fd(object, "counter"), &key, &value, 0), 0);
	return value;
}

uint64_t live_counter(const struct live *live)
{
	return live_counter_of(live->object);
}

void live_prove(struct live *live, void (*trigger)(unsigned times), unsigned times)
{
	uint64_t before = live_counter(live), after;

	trigger(times);
	after = live_counter(live);
	ck_assert_msg(after >= before + times, "%u triggers moved the counter by %llu only", times,
		      (unsigned long long)(after - before));
	live_detach(live);
	before = live_counter(live);
	trigger(times);
	ck_assert_uint_eq(live_counter(live), before);
	live_stop(live);
}

void live_rare_call(unsigned times)
{
	while (times--)
		syscall(SYS_sched_get_priority_max, 0);
}
