/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/tracing_multi.c: SEC("fentry.multi/PATTERN"), SEC("fexit.multi/PATTERN"),
 * SEC("fsession.multi/PATTERN"), and their sleepable forms.
 *
 * One link on many functions (Linux 7.2), as kprobe.multi, but by trampolines: a return program sees the
 * arguments too. The program is loaded for no function, only for the BTF that has them all, the kernel's or one
 * module's ("MODULE:PATTERN"); so it has no typed arguments and reads them with bpf_get_func_arg(). The link
 * names functions by their BTF ids, in rising order.
 *
 * A function has to be in that BTF, be traceable (available_filter_functions), be the only one of its name,
 * since the kernel finds its address by the name, and have a prototype that a trampoline can pass on. What the
 * kernel refuses of the rest is found out and left out (attach/members.h). There is nothing to fall back on:
 * fentry takes a program per function, and kprobe.multi another kind of context.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "attach/functions.h"
#include "attach/members.h"
#include "base/text.h"
#include "image/modules.h"
#include "sys/bpf.h"
#include "sys/enter.h"
#include "sys/insn.h"

#define ARGS_MAX 12	 /* of a function that a trampoline can stand on */
#define ARG_SIZE_MAX 16	 /* bytes; larger structs are passed in memory */

/* The functions of a set. */
struct found {
	BPFL_VEC(uint32_t) ids; /* rising */
	BPFL_VEC(char *) names; /* borrowed from the BTF */
	size_t nr_untraceable, nr_doubles;
};

static const char *name_part(const char *target, size_t *ret_module_size)
{
	const char *colon = strchr(target, ':');

	*ret_module_size = colon ? (size_t)(colon - target) : 0;
	return colon ? colon + 1 : target;
}

/* ---- before loading ---- */

/*
 * A kernel without such programs refuses to load one for no function. One that has the programs may still lack
 * the links, where the architecture cannot change the trampolines of many functions at once (arm64 in 7.2): it
 * says so before it looks at the ids.
 */
static int ask_kernel(const struct bpfl_attach *attach)
{
	static const struct bpfl_insn insns[] = { { .code = BPFL_CODE_MOV64_K }, { .code = BPFL_CODE_EXIT } };
	static const uint32_t no_such_id = INT32_MAX;
	struct bpfl_attr_prog_load load = { .prog_type = BPFL_PROG_TRACING, .insn_cnt = 2, .insns = BPFL_PTR(insns),
					    .license = BPFL_PTR("GPL"),
					    .expected_attach_type = (uint32_t)attach->row->attach_type };
	struct bpfl_attr_link_create attr = { .attach_type = (uint32_t)attach->row->attach_type };
	int prog_fd = bpfl_sys_prog_load(&load), ret;

	if (prog_fd < 0)
		return prog_fd;
	attr.prog_fd = (uint32_t)prog_fd;
	attr.tracing_multi.ids = BPFL_PTR(&no_such_id);
	attr.tracing_multi.cnt = 1;
	ret = bpfl_sys_link_create(&attr);
	bpfl_enter_close(prog_fd);
	if (ret >= 0)
		bpfl_enter_close(ret);
	return ret == -EOPNOTSUPP ? ret : 0;
}

static int multi_prepare(const struct bpfl_attach *attach, struct bpfl_spec *spec, size_t prog_idx,
			 struct bpfl_error *err)
{
	int ret = ask_kernel(attach);

	(void)spec;
	(void)prog_idx;
	if (ret != -EINVAL && ret != -E2BIG && ret != -EOPNOTSUPP)
		return 0; /* it has them, or loading the program itself will say why not */
	bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, EOPNOTSUPP, "this kernel has no %s", attach->row->name);
	if (ret == -EOPNOTSUPP)
		bpfl_error_why(err, "it takes such programs, but on this architecture no links of many functions");
	bpfl_error_fix(err, "it needs Linux 7.2 or later on x86-64; kprobe.multi (5.18) also counts calls of many "
			    "functions, and fentry (5.5) "
			    "takes one");
	return -EOPNOTSUPP;
}

static int multi_check(const struct bpfl_attach *attach, struct bpfl_error *err)
{
	if (!strpbrk(attach->target, "*?") || bpfl_functions_match_any(attach->target))
		return 0;
	bpfl_error_set(err, BPFL_ERR_TARGET, ENOENT, "no kernel function that can be traced fits '%s'",
		       BPFL_ESC(attach->target));
	bpfl_error_catalogue(err, 24);
	return -ENOENT;
}

/* ---- which functions ---- */

static bool arg_fits(const struct bpfl_btf *btf, uint32_t type_id)
{
	const struct bpfl_btf_type *type = bpfl_btf_skip_modifiers(btf, type_id, NULL);
	uint32_t size;

	switch (bpfl_btf_kind(type)) {
	case BPFL_KIND_PTR:
	case BPFL_KIND_ENUM:
	case BPFL_KIND_ENUM64:
	case BPFL_KIND_INT:
	case BPFL_KIND_STRUCT:
	case BPFL_KIND_UNION:
		return bpfl_btf_size(btf, type_id, &size) == 0 && size <= ARG_SIZE_MAX;
	default:
		return false; /* void stands for "..." */
	}
}

/*
 * What a trampoline can pass on: no structs by value as a result, no variable arguments, not too many, none
 * too large (MUL-07).
 */
static bool proto_fits(const struct bpfl_btf *btf, const struct bpfl_btf_type *func)
{
	const struct bpfl_btf_type *proto = bpfl_btf_type(btf, func->type), *result;
	const struct bpfl_btf_param *params;

	if (!proto || bpfl_btf_kind(proto) != BPFL_KIND_FUNC_PROTO || bpfl_btf_vlen(proto) > ARGS_MAX)
		return false;
	result = bpfl_btf_skip_modifiers(btf, proto->type, NULL);
	if (bpfl_btf_kind(result) == BPFL_KIND_STRUCT || bpfl_btf_kind(result) == BPFL_KIND_UNION)
		return false;
	params = bpfl_btf_extra(proto);
	for (uint32_t i = 0; i < bpfl_btf_vlen(proto); i++) {
		if (!arg_fits(btf, params[i].type))
			return false;
	}
	return true;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* How often a name stands in a sorted list. */
static size_t times_listed(const struct bpfl_functions *functions, const char *name)
{
	char **names = functions->names.items;
	size_t low = 0, high = functions->names.nr, nr = 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(names[middle], name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	while (low + nr < functions->names.nr && strcmp(names[low + nr], name) == 0)
		nr++;
	return nr;
}

/* traceable: sorted; NULL: the list cannot be read, or is not needed. */
static int collect(const struct bpfl_btf *btf, const char *pattern, const struct bpfl_functions *traceable,
		   struct found *found)
{
	for (uint32_t id = bpfl_btf_first_id(btf); id < bpfl_btf_nr_types(btf); id++) {
		const struct bpfl_btf_type *type = bpfl_btf_type(btf, id);
		const char *name;
		size_t nr = 1;

		if (!type || bpfl_btf_kind(type) != BPFL_KIND_FUNC)
			continue;
		name = bpfl_btf_string(btf, type->name_off);
		if (!bpfl_text_glob(pattern, name))
			continue;
		if (traceable)
			nr = times_listed(traceable, name);
		if (nr != 1 || !proto_fits(btf, type)) {
			*(nr > 1 ? &found->nr_doubles : &found->nr_untraceable) += 1;
			continue;
		}
		uint32_t *slot = BPFL_VEC_PUSH(&found->ids);
		char **name_slot = slot ? BPFL_VEC_PUSH(&found->names) : NULL;
		if (!name_slot)
			return -ENOMEM;
		*slot = id;
		*name_slot = (char *)name;
	}
	return 0;
}

static int none_fits(const struct bpfl_attach *attach, const struct bpfl_btf *btf, const struct found *found,
		     struct bpfl_error *err)
{
	size_t module_size;
	const char *pattern = name_part(attach->target, &module_size);
	struct bpfl_near near;
	char names[512];

	bpfl_error_set(err, BPFL_ERR_TARGET, ENOENT, "no kernel function that can be traced by its types fits '%s'",
		       BPFL_ESC(attach->target));
	bpfl_error_catalogue(err, 24);
	if (found->nr_untraceable + found->nr_doubles > 0) {
		bpfl_error_why(err,
			       "of those that fit, %zu %s not traceable, or of a type that cannot be passed on, and "
			       "%zu %s with others",
			       found->nr_untraceable, found->nr_untraceable == 1 ? "is" : "are", found->nr_doubles,
			       found->nr_doubles == 1 ? "shares its name" : "share their names");
		return -ENOENT;
	}
	bpfl_near_init(&near, pattern);
	for (uint32_t id = bpfl_btf_first_id(btf); id < bpfl_btf_nr_types(btf) && !strpbrk(pattern, "*?"); id++) {
		if (bpfl_btf_kind(bpfl_btf_type(btf, id)) == BPFL_KIND_FUNC)
			bpfl_near_offer(&near, bpfl_btf_name(btf, id));
	}
	if (bpfl_near_text(&near, names, sizeof(names))[0])
		bpfl_error_fix(err, "did you mean %s?", names);
	return -ENOENT;
}

/* The list of tracefs without the modules that the program is not for; sorted. Not there when it cannot be read. */
static bool read_traceable(const char *target, struct bpfl_functions *functions)
{
	struct bpfl_buf pattern = BPFL_BUF_INIT;
	bool good;

	bpfl_buf_printf(&pattern, "%s%s", strchr(target, ':') ? "" : "vmlinux:", target);
	good = bpfl_buf_ok(&pattern) && bpfl_functions_match(pattern.data, functions, NULL) == 0;
	bpfl_buf_deinit(&pattern);
	if (good)
		qsort(functions->names.items, functions->names.nr, sizeof(*functions->names.items), by_name);
	return good;
}

static int find(const struct bpfl_attach_ctx *ctx, struct found *found, struct bpfl_error *err)
{
	const struct bpfl_attach *attach = ctx->attach;
	struct bpfl_target *target = ctx->object->target;
	struct bpfl_functions traceable = { 0 };
	const struct bpfl_btf *btf;
	size_t module_size;
	const char *pattern = name_part(attach->target, &module_size);
	uint32_t module;
	int ret = bpfl_target_btf(target, &btf, err);

	if (ret == 0)
		ret = bpfl_target_module_named(target, attach->target, module_size, &module, err);
	if (ret < 0)
		return ret;
	btf = bpfl_target_btf_of(target, module);
	/* One name needs no list: the kernel says what is wrong with it. */
	bool has_list = strpbrk(pattern, "*?") && read_traceable(attach->target, &traceable);
	ret = collect(btf, pattern, has_list ? &traceable : NULL, found);
	if (ret < 0)
		bpfl_error_nomem(err);
	else if (found->ids.nr == 0)
		ret = none_fits(attach, btf, found, err);
	bpfl_functions_deinit(&traceable);
	return ret;
}

/* ---- attaching ---- */

static int create_link(const struct bpfl_members *members, size_t from, size_t nr)
{
	const struct found *found = members->data;
	uint64_t cookie = bpfl_attach_option_u64(members->ctx->attach, "cookie");
	struct bpfl_attr_link_create attr = {
		.prog_fd = (uint32_t)members->ctx->prog_fd,
		.attach_type = (uint32_t)members->ctx->attach->row->attach_type,
	};
	uint64_t *cookies = cookie ? calloc(nr, sizeof(*cookies)) : NULL;
	int ret;

	if (cookie && !cookies)
		return -ENOMEM;
	for (size_t i = 0; cookies && i < nr; i++)
		cookies[i] = cookie;
	attr.tracing_multi.ids = BPFL_PTR(found->ids.items + from);
	attr.tracing_multi.cookies = BPFL_PTR(cookies);
	attr.tracing_multi.cnt = (uint32_t)nr;
	ret = bpfl_sys_link_create(&attr);
	free(cookies);
	return ret;
}

static int refuse_all(const struct bpfl_members *members, struct bpfl_error *err)
{
	const struct bpfl_attach *attach = members->ctx->attach;

	bpfl_error_set(err, BPFL_ERR_TARGET, members->bad_errnum,
		       "the kernel takes none of the %zu functions that fit '%s': %s", members->nr,
		       BPFL_ESC(attach->target), bpfl_errno_text(members->bad_errnum));
	bpfl_error_why(err, "refused: %s", BPFL_ESC(members->bad.data ? members->bad.data : ""));
	bpfl_error_catalogue(err, 24);
	return -members->bad_errnum;
}

static int multi_attach(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, struct bpfl_error *err)
{
	struct found found = { .nr_doubles = 0 };
	struct bpfl_members members = {
		.ctx = ctx, .link = link, .create = create_link, .data = &found, .bad = BPFL_BUF_INIT
	};
	int ret = find(ctx, &found, err);

	members.names = found.names.items;
	members.nr = found.ids.nr;
	if (ret == 0)
		ret = bpfl_members_put(&members, 0, members.nr, err);
	if (ret == 0 && members.nr_good == 0)
		ret = refuse_all(&members, err);
	if (ret == 0) {
		if (found.nr_doubles > 0)
			bpfl_log_line(ctx->log, BPFL_LOG_INFO,
				      "%s %s: %zu function%s left out, since others have %s name%s",
				      ctx->attach->row->name, ctx->attach->target, found.nr_doubles,
				      found.nr_doubles == 1 ? " is" : "s are", found.nr_doubles == 1 ? "its" : "their",
				      found.nr_doubles == 1 ? "" : "s");
		ret = bpfl_members_describe(&members, "", err);
	}
	bpfl_buf_deinit(&members.bad);
	free(found.ids.items);
	free(found.names.items);
	return ret;
}

const struct bpfl_hook_ops bpfl_hook_tracing_multi = {
	.hook = BPFL_HOOK_TRACING_MULTI,
	.options = (const char *const[]){ "cookie", NULL },
	.option_note = "the kernel runs such a program in all processes and on all CPUs",
	.prepare = multi_prepare,
	.check = multi_check,
	.attach = multi_attach,
};
