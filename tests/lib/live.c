/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live: a counting program on the running kernel. See live.h.
 */
#include "live.h"

#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "sys/bpf.h"
#include "sys/insn.h"

#define INSN(op, dst, src, offset, immediate) \
	{ .code = (op), .regs = (uint8_t)(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? (src) << 4 | (dst) : (dst) << 4 | (src)), \
	  .off = (offset), .imm = (immediate) }
#define HELPER_LOOKUP 1
#define HELPER_GET_ATTACH_COOKIE 174

/* counter[0] += r7; return result. The map is loaded by the fourth of these. */
#define ADD_R7(result)                                                \
	INSN(0x62, 10, 0, -4, 0),    /* *(u32 *)(r10 - 4) = 0 */      \
	INSN(0xbf, 2, 10, 0, 0),     /* r2 = r10 */                   \
	INSN(0x07, 2, 0, 0, -4),     /* r2 += -4 */                   \
	INSN(0x18, 1, 0, 0, 0), INSN(0, 0, 0, 0, 0),                  \
	INSN(0x85, 0, 0, 0, HELPER_LOOKUP),                           \
	INSN(0x15, 0, 0, 1, 0),      /* if r0 == 0 skip */            \
	INSN(0xdb, 0, 7, 0, 0),      /* lock *(u64 *)(r0 + 0) += r7 */ \
	INSN(0xb7, 0, 0, 0, (result)), INSN(0x95, 0, 0, 0, 0)

static const struct bpfl_insn count_insns[] = { INSN(0xb7, 7, 0, 0, 1), ADD_R7(0) };
static const struct bpfl_insn allow_insns[] = { INSN(0xb7, 7, 0, 0, 1), ADD_R7(1) };
static const struct bpfl_insn cookie_insns[] = { INSN(0x85, 0, 0, 0, HELPER_GET_ATTACH_COOKIE), INSN(0xbf, 7, 0, 0, 0),
						 ADD_R7(0) };

static void note(void *ctx, enum bpfl_log_level level, const char *text)
{
	struct live *live = ctx;

	bpfl_buf_printf(&live->log, "%s: %s\n", level == BPFL_LOG_WARN ? "warning" : "info", text);
}

static void describe(struct live *live, enum live_program program, const char *section)
{
	bool is_cookie = program == LIVE_COOKIE;
	struct bpfl_map_def map = { .size = sizeof(map), .name = "counter", .type = BPFL_MAP_TYPE_ARRAY, .key_size = 4,
				    .value_size = 8, .max_entries = 1 };
	struct bpfl_map_use use = { is_cookie ? 5u : 4u, "counter" };
	struct bpfl_prog_def prog = { .size = sizeof(prog),
				      .name = "prog",
				      .section = section,
				      .insns = is_cookie               ? cookie_insns
					       : program == LIVE_ALLOW ? allow_insns
								       : count_insns,
				      .nr_insns = is_cookie ? sizeof(cookie_insns) / 8 : sizeof(count_insns) / 8,
				      .map_uses = &use,
				      .nr_map_uses = 1 };

	CHECK_OK(bpfl_spec_create("test", "GPL", &live->spec, &live->err), live->err);
	CHECK_OK(bpfl_spec_add_map(live->spec, &map, &live->err), live->err);
	CHECK_OK(bpfl_spec_add_prog(live->spec, &prog, &live->err), live->err);
}

static int start(struct live *live, enum live_program program, const char *section, const char *text, int lacking)
{
	struct bpfl_log log = { note, live };
	struct bpfl_load_opts opts = { .size = sizeof(opts) };
	int ret;

	memset(live, 0, sizeof(*live));
	opts.log = log;
	describe(live, program, section);
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

uint64_t live_counter(const struct live *live)
{
	uint32_t key = 0;
	uint64_t value = 0;

	ck_assert_int_eq(bpfl_sys_map_lookup(bpfl_object_map_fd(live->object, "counter"), &key, &value, 0), 0);
	return value;
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
