/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/prog.c: live programs.
 *
 * A program of the image is complete but for file descriptors: those of maps and of module BTFs are
 * written into a copy of its instructions, then PROG_LOAD. The first try asks for no log, because
 * writing one makes verification several times slower. When the kernel refuses, it is asked again
 * with a log that grows until everything fits, and the log decides:
 *
 *   - a row of the table of fallbacks fits (kern/prog_fallback.c): leave out or rewrite what this
 *     kernel does not know, and try again;
 *   - the log has a reason: the program is rejected (kern/rejection.c);
 *   - no reason: the refusal is about rights or about the type (kern/diagnose.c).
 */
#include "kern/attempt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "image/attach_prog.h"
#include "sys/bpf.h"
#include "sys/enter.h"
#include "sys/facts.h"

#define LOG_SIZE_FIRST (64u << 10)
#define INTERRUPTED_MAX 5 /* tries; a signal during verification ends it with EAGAIN */
/* Instructions of one program: 4096 before 5.2 and for the unprivileged, a million since. */
#define INSNS_MAX_OLD 4096u
#define INSNS_MAX 1000000u

/* ---- the request ---- */

static int jump_tables_make(struct bpfl_attempt *attempt, struct bpfl_error *err)
{
	for (size_t i = 0; i < attempt->image_prog->jump_tables.nr; i++) {
		int fd = bpfl_jump_table_create(attempt->loading, &attempt->image_prog->jump_tables.items[i], err);
		int *kept = fd < 0 ? NULL : BPFL_VEC_PUSH(&attempt->jump_fds);

		if (fd < 0) {
			bpfl_error_prefix(err, "program '%s'", BPFL_ESC(bpfl_attempt_name(attempt)));
			return fd;
		}
		if (!kept) {
			bpfl_enter_close(fd);
			return bpfl_error_nomem(err);
		}
		*kept = fd;
	}
	return 0;
}

static int insns_fix(const struct bpfl_attempt *attempt, struct bpfl_error *err)
{
	const struct bpfl_object *object = attempt->loading->object;

	for (size_t i = 0; i < attempt->image_prog->fixups.nr; i++) {
		const struct bpfl_fixup *fixup = &attempt->image_prog->fixups.items[i];
		struct bpfl_insn *insn = &attempt->insns[fixup->insn_idx];

		if (fixup->kind == BPFL_FIXUP_BTF_FD) {
			if (fixup->idx > 0)
				insn[1].imm = object->module_btf_fds[fixup->idx];
			continue;
		}
		if (fixup->kind == BPFL_FIXUP_JUMP_TABLE) {
			insn[0].imm = attempt->jump_fds.items[fixup->idx];
			continue;
		}
		if (object->maps[fixup->idx].fd < 0)
			return bpfl_error_set(
				err, BPFL_ERR_OBJECT, EINVAL,
				"program '%s': instruction %u uses map '%s', which was not created",
				BPFL_ESC(bpfl_attempt_name(attempt)), fixup->insn_idx,
				BPFL_ESC(object->image->spec->maps.items[fixup->idx].name));
		insn[0].imm = object->maps[fixup->idx].fd;
	}
	return 0;
}

/* Calls of functions in modules name the module by an index into fd_array (Linux 5.14). */
static bool calls_modules(const struct bpfl_attempt *attempt)
{
	for (uint32_t i = 0; i < attempt->image_prog->nr_insns; i++) {
		const struct bpfl_insn *insn = &attempt->insns[i];

		if (insn->code == BPFL_CODE_CALL && bpfl_insn_src(insn) == BPFL_PSEUDO_KFUNC_CALL &&
		    insn->off != 0)
			return true;
	}
	return false;
}

#define METADATA_PREFIX "bpf_xdp_metadata_"

/* Whether it calls a function that the driver of one network interface answers (Linux 6.3). */
static bool asks_driver(const struct bpfl_attempt *attempt)
{
	const struct bpfl_image_prog *prog = attempt->image_prog;
	const struct bpfl_spec *spec = attempt->loading->image->spec;

	for (uint32_t i = 0; i < prog->nr_insts; i++) {
		const struct bpfl_inst *inst = &prog->insts[i];
		const struct bpfl_ref *ref = inst->ref_idx == BPFL_NO_IDX ? NULL : &spec->refs.items[inst->ref_idx];

		/* One that this kernel lacks is no call of a kernel function any more. */
		if (ref && ref->kind == BPFL_REF_EXTERN && inst->insn.code == BPFL_CODE_CALL &&
		    bpfl_insn_src(&inst->insn) == BPFL_PSEUDO_KFUNC_CALL &&
		    bpfl_text_has_prefix(spec->externs.items[ref->target_idx].name, METADATA_PREFIX))
			return true;
	}
	return false;
}

static void debug_info_set(struct bpfl_attempt *attempt)
{
	const struct bpfl_image_prog *prog = attempt->image_prog;
	int btf_fd = attempt->loading->object->btf_fd;

	if (btf_fd < 0 || attempt->loading->target->features[BPFL_FEATURE_BTF_FUNC] == BPFL_NO ||
	    (prog->func_info.nr == 0 && prog->line_info.nr == 0))
		return;
	attempt->attr.prog_btf_fd = (uint32_t)btf_fd;
	if (prog->func_info.nr) {
		attempt->attr.func_info_rec_size = sizeof(prog->func_info.items[0]);
		attempt->attr.func_info = BPFL_PTR(prog->func_info.items);
		attempt->attr.func_info_cnt = (uint32_t)prog->func_info.nr;
	}
	if (prog->line_info.nr) {
		attempt->attr.line_info_rec_size = sizeof(prog->line_info.items[0]);
		attempt->attr.line_info = BPFL_PTR(prog->line_info.items);
		attempt->attr.line_info_cnt = (uint32_t)prog->line_info.nr;
	}
}

static int request_make(struct bpfl_attempt *attempt, struct bpfl_error *err)
{
	struct bpfl_loading *loading = attempt->loading;
	const struct bpfl_spec *spec = loading->image->spec;
	const struct bpfl_image_prog *image_prog = attempt->image_prog;
	const enum bpfl_answer *features = loading->target->features;
	struct bpfl_attr_prog_load *attr = &attempt->attr;
	int ret;

	attempt->insns = bpfl_memdup(image_prog->insns,
				     image_prog->nr_insns * sizeof(*image_prog->insns));
	if (!attempt->insns)
		return bpfl_error_nomem(err);
	ret = jump_tables_make(attempt, err);
	if (ret == 0)
		ret = insns_fix(attempt, err);
	if (ret < 0)
		return ret;
	attr->prog_type = attempt->prog->prog_type;
	attr->insns = BPFL_PTR(attempt->insns);
	attr->insn_cnt = image_prog->nr_insns;
	attr->license = BPFL_PTR(spec->license ? spec->license : "");
	attr->prog_flags = attempt->prog->prog_flags;
	attr->expected_attach_type = image_prog->attach_type;
	if (features[BPFL_FEATURE_EXPECTED_ATTACH_TYPE] == BPFL_NO &&
	    bpfl_attempt_attach_type_is_optional(attempt))
		attr->expected_attach_type = 0;
	/*
	 * Before 5.0 kprobe programs had to name the running kernel; what the object was compiled
	 * with helps nobody.
	 */
	if (attr->prog_type == BPFL_PROG_KPROBE) {
		uint32_t version = bpfl_target_kernel_version(loading->target);

		if (version < BPFL_KERNEL_VERSION(5, 0, 0)) /* or 0, unknown */
			attr->kern_version = version;
	}
	if (features[BPFL_FEATURE_OBJ_NAMES] != BPFL_NO)
		memcpy(attr->prog_name, image_prog->kernel_name, sizeof(attr->prog_name));
	attr->attach_btf_id = image_prog->attach_btf_id;
	if (image_prog->attach_btf_module_idx > 0)
		attr->attach_prog_fd = (uint32_t)loading->object
					       ->module_btf_fds[image_prog->attach_btf_module_idx];
	if (attempt->prog->attach_prog) {
		attempt->attach_prog_fd = bpfl_attach_prog_open(attempt->prog, err);
		if (attempt->attach_prog_fd < 0)
			return attempt->attach_prog_fd;
		attr->attach_prog_fd = (uint32_t)attempt->attach_prog_fd;
	}
	if (attempt->prog->ifindex && asks_driver(attempt)) {
		attr->prog_ifindex = attempt->prog->ifindex;
		attr->prog_flags |= BPFL_F_XDP_DEV_BOUND_ONLY;
	}
	if (calls_modules(attempt))
		attr->fd_array = BPFL_PTR(loading->object->module_btf_fds);
	debug_info_set(attempt);
	return 0;
}

/* ---- one call ---- */

static int load_once(struct bpfl_attempt *attempt)
{
	sigset_t before;
	int ret = -EAGAIN;

	if (attempt->loading->token_fd >= 0) {
		attempt->attr.prog_flags |= BPFL_F_TOKEN_FD;
		attempt->attr.prog_token_fd = attempt->loading->token_fd;
	}
	for (int i = 0; i < INTERRUPTED_MAX && (ret == -EAGAIN || ret == -EINTR); i++)
		ret = bpfl_sys_prog_load(&attempt->attr);
	if (ret == -EAGAIN || ret == -EINTR) { /* a profiler's timer, which comes sooner than the verifier ends */
		bpfl_enter_signals_hold(&before);
		ret = bpfl_sys_prog_load(&attempt->attr);
		bpfl_enter_signals_release(&before);
	}
	return ret;
}

static int load_quietly(struct bpfl_attempt *attempt)
{
	attempt->attr.log_level = attempt->attr.log_size = attempt->attr.log_true_size = 0;
	attempt->attr.log_buf = 0;
	return load_once(attempt);
}

static bool log_reserve(struct bpfl_attempt *attempt, size_t size)
{
	if (size > attempt->log_cap) {
		char *log = realloc(attempt->log, size);

		if (!log)
			return false;
		attempt->log = log;
		attempt->log_cap = size;
	}
	attempt->log[0] = '\0';
	return true;
}

/*
 * A log that does not fit fails the whole load with ENOSPC, even of a good program. Since 6.4 the
 * kernel says how much it would have needed; before, the buffer grows fourfold each time. -ENOSPC
 * when the largest is not enough: then the part of the log that there is (the end since 6.4, the
 * beginning before) is in attempt->log, and what the kernel thinks of the program is not known.
 */
static int load_logged(struct bpfl_attempt *attempt, uint32_t level)
{
	size_t max = attempt->loading->opts.verifier_log_max;
	size_t size = LOG_SIZE_FIRST < max ? LOG_SIZE_FIRST : max;

	for (;;) {
		size_t next;
		int ret;

		if (!log_reserve(attempt, size))
			return -ENOSPC;
		attempt->attr.log_level = level;
		attempt->attr.log_buf = BPFL_PTR(attempt->log);
		attempt->attr.log_size = (uint32_t)size;
		attempt->attr.log_true_size = 0;
		ret = load_once(attempt);
		attempt->log[size - 1] = '\0';
		if (ret != -ENOSPC || size >= max)
			return ret;
		next = attempt->attr.log_true_size > size ? attempt->attr.log_true_size : size * 4;
		size = next < max ? next : max;
	}
}

static bool is_about_resources(int ret)
{
	return ret == -ENOMEM || ret == -EMFILE || ret == -ENFILE;
}

/* As the caller wants it: with a log, or without. */
static int load_as_wanted(struct bpfl_attempt *attempt)
{
	uint32_t level = attempt->loading->opts.verifier_log_level;
	int ret = level ? load_logged(attempt, level) : -ENOSPC;

	return ret == -ENOSPC ? load_quietly(attempt) : ret;
}

/* Bits of a log level: either gives the instruction that was refused. The third one, 4, is statistics. */
#define LOG_LEVELS_WITH_REASON 3u

static int load_with_reason(struct bpfl_attempt *attempt)
{
	uint32_t level = attempt->loading->opts.verifier_log_level;
	int ret = load_as_wanted(attempt);

	if (ret < 0 && (bpfl_loading_raise_memlock(attempt->loading, ret) ||
			bpfl_loading_take_token(attempt->loading, ret)))
		ret = load_as_wanted(attempt);
	if (ret < 0 && !(level & LOG_LEVELS_WITH_REASON) && !is_about_resources(ret)) {
		int logged = load_logged(attempt, level | 1);

		/* The verdict is known already; only the log was wanted. */
		if (logged != -ENOSPC)
			ret = logged;
	}
	if (ret < 0 && attempt->log)
		bpfl_vlog_read(attempt->log, &attempt->vlog);
	return ret;
}

/* ---- refusals ---- */

static int prog_refused(struct bpfl_attempt *attempt, int ret, struct bpfl_error *err)
{
	struct bpfl_loading *loading = attempt->loading;
	uint32_t nr_insns = attempt->image_prog->nr_insns;
	uint32_t version = bpfl_target_kernel_version(loading->target);
	uint32_t max = version != 0 && version < BPFL_KERNEL_VERSION(5, 2, 0) ? INSNS_MAX_OLD
									      : INSNS_MAX;

	if (attempt->log && attempt->vlog.reason[0] && !is_about_resources(ret))
		return bpfl_rejection_explain(loading->image, attempt->image_prog, loading->target,
					      attempt->log, -ret, err);
	bpfl_error_set(err, BPFL_ERR_SYSTEM, -ret, "program '%s': loading it: %s",
		       BPFL_ESC(bpfl_attempt_name(attempt)), bpfl_errno_text(-ret));
	if (!err)
		return ret;
	if (ret == -EOPNOTSUPP && attempt->attr.prog_ifindex) {
		err->kind = BPFL_ERR_TARGET;
		bpfl_error_catalogue(err, 26);
		bpfl_error_why(err, "it asks the driver of the interface for metadata of packets, and this driver has none");
		bpfl_error_fix(err, "another interface: a veth pair has them, as have many network cards");
		return ret;
	}
	if (ret == -E2BIG && nr_insns > max) {
		err->kind = BPFL_ERR_VERIFIER;
		bpfl_error_catalogue(err, 13);
		bpfl_error_why(err, "it has %u instructions, and this kernel takes %u", nr_insns,
			       max);
		bpfl_error_fix(err, "split it with tail calls");
		return ret;
	}
	if (ret == -E2BIG && nr_insns > INSNS_MAX_OLD && !bpfl_facts_has_cap(BPFL_CAP_BPF) &&
	    !bpfl_facts_has_cap(BPFL_CAP_SYS_ADMIN)) {
		err->kind = BPFL_ERR_PERMISSION;
		bpfl_error_catalogue(err, 13);
		bpfl_error_why(err, "it has %u instructions; without CAP_BPF the kernel takes %u",
			       nr_insns, INSNS_MAX_OLD);
		return ret;
	}
	/*
	 * A log so long that it was cut before its last line, which kernels up to 6.3 do at the end:
	 * the verifier has begun, and E2BIG is what it says when it gives up.
	 */
	if (ret == -E2BIG && attempt->log && attempt->log[0]) {
		err->kind = BPFL_ERR_VERIFIER;
		err->verifier_log = bpfl_strdup(attempt->log); /* its beginning */
		bpfl_error_catalogue(err, 13);
		bpfl_error_why(
			err,
			"the verifier gave up after walking through too many instructions (1 million since Linux 5.2, before that 128 thousand)");
		bpfl_error_fix(
			err,
			"make loops shorter, split the program with tail calls, or make functions global so that each is verified once");
		return ret;
	}
	if (ret != -EPERM && ret != -EACCES && !is_about_resources(ret))
		bpfl_error_why(err, "the verifier did not begin: its log is empty");
	bpfl_diagnose_refusal(err, BPFL_WANTED_PROG, attempt->attr.prog_type, -ret,
			      loading->target);
	return ret;
}

/* ---- one program ---- */

static int prog_load(struct bpfl_loading *loading, const struct bpfl_image_prog *image_prog,
		     struct bpfl_error *err)
{
	struct bpfl_live_prog *live = &loading->object->progs[image_prog->prog_idx];
	struct bpfl_attempt attempt = {
		.loading = loading,
		.image_prog = image_prog,
		.prog = &loading->image->spec->progs.items[image_prog->prog_idx],
		.attach_prog_fd = -1,
	};
	bool too_big = false;
	int ret = request_make(&attempt, err);

	if (ret < 0)
		goto out;
	do {
		ret = load_with_reason(&attempt);
		too_big = too_big || ret == -E2BIG;
	} while (ret < 0 && bpfl_attempt_fall_back(&attempt, ret));
	if (ret < 0) {
		ret = prog_refused(&attempt, ret, err);
		goto out;
	}
	bpfl_attempt_note(&attempt, too_big);
	live->fd = ret;
	ret = 0;
	if (loading->opts.verifier_log_level) {
		live->log = attempt.log;
		attempt.log = NULL;
	}
out:
	bpfl_enter_close(attempt.attach_prog_fd);
	for (size_t i = 0; i < attempt.jump_fds.nr; i++)
		bpfl_enter_close(attempt.jump_fds.items[i]);
	free(attempt.jump_fds.items);
	free(attempt.log);
	free(attempt.insns);
	return ret;
}

/* ---- metadata ---- */

static bool refers_to(const struct bpfl_image_prog *prog, size_t map_idx)
{
	for (size_t i = 0; i < prog->fixups.nr; i++) {
		const struct bpfl_fixup *fixup = &prog->fixups.items[i];

		if ((fixup->kind == BPFL_FIXUP_MAP_FD || fixup->kind == BPFL_FIXUP_MAP_VALUE) && fixup->idx == map_idx)
			return true;
	}
	return false;
}

/*
 * bpf_metadata_* variables describe a program ("version", "built on") for tools that look at it
 * later. No instruction reads them, so the program is told to hold on to their map (GLB-14,
 * PROG_BIND_MAP of Linux 5.10). Older kernels show none.
 */
static void metadata_bind(struct bpfl_loading *loading, const struct bpfl_image_prog *prog)
{
	const struct bpfl_object *object = loading->object;
	const struct bpfl_spec *spec = loading->image->spec;

	for (size_t i = 0; i < spec->maps.nr; i++) {
		int ret;

		if (object->maps[i].fd < 0 || refers_to(prog, i) ||
		    !bpfl_image_map_has_metadata(spec, i))
			continue;
		ret = bpfl_sys_prog_bind_map(object->progs[prog->prog_idx].fd, object->maps[i].fd);
		if (ret < 0)
			bpfl_log_line(&loading->opts.log, BPFL_LOG_DEBUG,
				      "program '%s': binding map '%s': %s",
				      BPFL_ESC(spec->progs.items[prog->prog_idx].name),
				      BPFL_ESC(spec->maps.items[i].name), bpfl_errno_text(-ret));
	}
}

int bpfl_loading_progs(struct bpfl_loading *loading, struct bpfl_error *err)
{
	const struct bpfl_image *image = loading->image;

	for (size_t i = 0; i < image->nr_progs; i++) {
		int ret = prog_load(loading, &image->progs[i], err);

		if (ret < 0)
			return ret;
		metadata_bind(loading, &image->progs[i]);
	}
	return 0;
}
