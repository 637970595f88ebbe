/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/prog_fallback.c: what an older kernel does not know of a program, left out or rewritten.
 *
 * Only a refusal brings anybody here. The rows of the table are asked in order, each once: does it fit what the kernel
 * said, or said nothing of? Then the request is changed, and tried again (kern/prog.c).
 */
#include "kern/attempt.h"

#include <stdlib.h>
#include <string.h>
#include "base/text.h"

static void debug_info_clear(struct bpfl_attempt *attempt)
{
	struct bpfl_attr_prog_load *attr = &attempt->attr;

	attr->prog_btf_fd = 0;
	attr->func_info_rec_size = attr->func_info_cnt = 0;
	attr->line_info_rec_size = attr->line_info_cnt = 0;
	attr->func_info = attr->line_info = 0;
}

/*
 * Records about functions and lines that do not fit the instructions any more, after an object was
 * stripped or linked badly.
 */
static bool bad_debug_info(const struct bpfl_attempt *attempt, int ret)
{
	static const char *const globs[] = { "*func info*", "*func_info*", "*line_info*" };

	(void)ret;
	if (attempt->attr.prog_btf_fd == 0)
		return false;
	for (size_t i = 0; i < sizeof(globs) / sizeof(globs[0]); i++) {
		if (bpfl_text_glob(globs[i], attempt->vlog.reason))
			return true;
	}
	return false;
}

static void bad_debug_info_drop(struct bpfl_attempt *attempt)
{
	debug_info_clear(attempt);
	bpfl_log_line(
		&attempt->loading->opts.log, BPFL_LOG_WARN,
		"program '%s': the kernel refused its function and line records (%s); loading without them",
		BPFL_ESC(bpfl_attempt_name(attempt)), attempt->vlog.reason);
}

/*
 * bpf_probe_read_{user,kernel}[_str] (112 to 115) came with 5.5. The older bpf_probe_read[_str] (4
 * and 45) do the same where addresses alone tell user from kernel memory, which is so on all
 * machines that such old kernels ran BPF on.
 */
static bool probe_read_missing(const struct bpfl_attempt *attempt, int ret)
{
	const char *unknown = strstr(attempt->vlog.reason, "invalid func unknown#");
	unsigned long helper = unknown ? strtoul(unknown + 21, NULL, 10) : 0;

	(void)ret;
	return helper >= 112 && helper <= 115;
}

static void probe_read_rewrite(struct bpfl_attempt *attempt)
{
	for (uint32_t i = 0; i < attempt->image_prog->nr_insns; i++) {
		struct bpfl_insn *insn = &attempt->insns[i];

		if (bpfl_insn_is_ld_imm64(insn)) {
			i++; /* the second half is no instruction */
			continue;
		}
		if (insn->code == BPFL_CODE_CALL && bpfl_insn_src(insn) == 0 && insn->imm >= 112 &&
		    insn->imm <= 115)
			insn->imm = insn->imm < 114 ? 4 : 45;
	}
	bpfl_log_line(
		&attempt->loading->opts.log, BPFL_LOG_INFO,
		"program '%s': this kernel has no bpf_probe_read_kernel and bpf_probe_read_user (Linux 5.5); using bpf_probe_read",
		BPFL_ESC(bpfl_attempt_name(attempt)));
}

/*
 * A field that the kernel has never heard of is answered with E2BIG or EINVAL before the verifier
 * begins.
 */
static bool is_silent_refusal(const struct bpfl_attempt *attempt, int ret)
{
	return bpfl_refusal_is_about_form(ret) && attempt->vlog.reason[0] == '\0';
}

static bool debug_info_unknown(const struct bpfl_attempt *attempt, int ret)
{
	return attempt->attr.prog_btf_fd != 0 && is_silent_refusal(attempt, ret);
}

static bool attach_type_unknown(const struct bpfl_attempt *attempt, int ret)
{
	return attempt->attr.expected_attach_type != 0 && bpfl_attempt_attach_type_is_optional(attempt) &&
	       is_silent_refusal(attempt, ret);
}

static void attach_type_drop(struct bpfl_attempt *attempt)
{
	attempt->attr.expected_attach_type = 0;
}

static bool name_unknown(const struct bpfl_attempt *attempt, int ret)
{
	return attempt->attr.prog_name[0] != '\0' && is_silent_refusal(attempt, ret);
}

static void name_drop(struct bpfl_attempt *attempt)
{
	memset(attempt->attr.prog_name, 0, sizeof(attempt->attr.prog_name));
}

/*
 * The last three newest first: each stays out when the next is tried, because an older kernel lacks
 * the newer too.
 */
static const struct {
	const char *what; /* of the fields, for the log; NULL: the row says it itself */
	bool (*fits)(const struct bpfl_attempt *attempt, int ret);
	void (*apply)(struct bpfl_attempt *attempt);
	int feature; /* learnt when E2BIG went away; -1 none */
} fallbacks[] = {
	{ NULL, bad_debug_info, bad_debug_info_drop, -1 },
	{ NULL, probe_read_missing, probe_read_rewrite, -1 },
	{ "function and line records (Linux 5.0)", debug_info_unknown, debug_info_clear,
	  BPFL_FEATURE_BTF_FUNC },
	{ "an expected attach type (Linux 4.17)", attach_type_unknown, attach_type_drop,
	  BPFL_FEATURE_EXPECTED_ATTACH_TYPE },
	{ "names (Linux 4.15)", name_unknown, name_drop, BPFL_FEATURE_OBJ_NAMES },
};
#define NR_FALLBACKS (sizeof(fallbacks) / sizeof(fallbacks[0]))

bool bpfl_attempt_fall_back(struct bpfl_attempt *attempt, int ret)
{
	for (size_t i = 0; i < NR_FALLBACKS; i++) {
		if (!(attempt->fallbacks_used & (1u << i)) && fallbacks[i].fits(attempt, ret)) {
			attempt->fallbacks_used |= 1u << i;
			fallbacks[i].apply(attempt);
			return true;
		}
	}
	return false;
}

void bpfl_attempt_note(const struct bpfl_attempt *attempt, bool too_big)
{
	for (size_t i = 0; i < NR_FALLBACKS; i++) {
		if (!(attempt->fallbacks_used & (1u << i)) || !fallbacks[i].what)
			continue;
		bpfl_log_line(&attempt->loading->opts.log, BPFL_LOG_INFO,
			      "program '%s': this kernel does not take %s: left out",
			      BPFL_ESC(bpfl_attempt_name(attempt)), fallbacks[i].what);
		if (too_big)
			attempt->loading->target->features[fallbacks[i].feature] = BPFL_NO;
	}
}
