/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf/dump.c: all types of a BTF as one C header.
 *
 * The order of a BTF is not C's. A struct that contains another must follow it; a typedef must
 * follow what it is made from; a struct that is only pointed at may come later, unless the first
 * mention is in a list of parameters, where it would be a different struct. So types are written in
 * order of their ids, and before each one, recursively, what it needs:
 *
 *   whole     a member, an element of an array: its definition
 *   by name   behind a pointer: typedefs still have to be there, of structs at most "struct x;"
 *
 * Anonymous structs are no stations of their own: what they need is needed by what contains them.
 * Each type is visited once, so this is linear. A circle, which C could not have made, is cut where
 * it closes: there stands void.
 */
#include "btf/dump.h"

#include <stdlib.h>
#include "base/error.h"
#include "base/text.h"
#include "btf/own.h"

/*
 * Anonymous types are repeated where they are used; beyond this multiple of the BTF's size, that is
 * an attack.
 */
#define TEXT_MIN (16u << 20)
#define TEXT_PER_BYTE 64u

/* BTF of a type's declaration tag that marks the functions which BPF programs may call. */
#define KFUNC_TAG "bpf_kfunc"

/*
 * The names of these macros are known to programs and their headers: __VMLINUX_H__ tells
 * bpf_tracing.h which struct pt_regs it sees, the other two are defined by programs that do not
 * want what they are called after.
 */
static const char opening[] =
	"#ifndef __VMLINUX_H__\n"
	"#define __VMLINUX_H__\n"
	"\n"
	"/* The types of one kernel, made from its BTF by bpfload btf dump. Do not edit. */\n"
	"\n"
	"#ifndef BPF_NO_PRESERVE_ACCESS_INDEX\n"
	"#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)\n"
	"#endif\n"
	"\n";
static const char closing[] =
	"#ifndef BPF_NO_PRESERVE_ACCESS_INDEX\n"
	"#pragma clang attribute pop\n"
	"#endif\n"
	"\n"
	"#endif\n";
static const char kfuncs_opening[] =
	"#ifndef BPF_NO_KFUNC_PROTOTYPES\n"
	"#ifndef __ksym\n"
	"#define __ksym __attribute__((section(\".ksyms\")))\n"
	"#endif\n"
	"#ifndef __weak\n"
	"#define __weak __attribute__((weak))\n"
	"#endif\n"
	"\n";
static const char kfuncs_closing[] = "#endif\n\n";

/* ---- life ---- */

int bpfl_dump_init(struct bpfl_dump *dump, const struct bpfl_btf *btf, bpfl_write_fn write, void *ctx)
{
	static const struct bpfl_btf_type void_type;
	size_t btf_size;

	memset(dump, 0, sizeof(*dump));
	dump->btf = btf;
	dump->nr_types = bpfl_btf_nr_types(btf);
	dump->ptr_size = bpfl_btf_ptr_size(btf);
	dump->types = malloc(dump->nr_types * sizeof(*dump->types));
	dump->marks = calloc(dump->nr_types, sizeof(*dump->marks));
	if (dump->types == NULL || dump->marks == NULL ||
	    bpfl_dump_out_init(&dump->out, BPFL_DUMP_OUT_SIZE, write, ctx) < 0) {
		bpfl_dump_deinit(dump);
		return -ENOMEM;
	}
	bpfl_btf_bytes(btf, &btf_size);
	dump->out.left = TEXT_MIN + (uint64_t)TEXT_PER_BYTE * btf_size;
	dump->types[0] = &void_type;
	for (; btf != NULL; btf = btf->base) {
		const struct bpfl_btf_type *type = (const struct bpfl_btf_type *)btf->types;

		for (uint32_t id = btf->first_id; id < btf->nr_types; id++, type = bpfl_btf_next(btf, type))
			dump->types[id] = type;
	}
	return 0;
}

void bpfl_dump_deinit(struct bpfl_dump *dump)
{
	bpfl_dump_names_deinit(&dump->names);
	bpfl_dump_out_deinit(&dump->out);
	free(dump->types);
	free(dump->marks);
	memset(dump, 0, sizeof(*dump));
}

int bpfl_dump_finish(struct bpfl_dump *dump, struct bpfl_error *err)
{
	int ret = bpfl_dump_out_flush(&dump->out);

	if (ret != -E2BIG)
		return ret;
	if (dump->is_too_deep)
		return bpfl_error_set(err, BPFL_ERR_OBJECT, E2BIG,
				      "BTF: type %u (%s '%s'): types are nested too deeply to be written down (%u levels)",
				      dump->deep_id,
				      bpfl_btf_kind_name(bpfl_btf_kind(bpfl_dump_type(dump, dump->deep_id))),
				      BPFL_ESC(bpfl_btf_name(dump->btf, dump->deep_id)), BPFL_DUMP_DEPTH_MAX);
	return bpfl_error_set(err, BPFL_ERR_OBJECT, E2BIG,
			      "BTF: anonymous types are inside one another so often that the text would be too long");
}

/* ---- names ---- */

static enum bpfl_dump_space space_of(enum bpfl_btf_kind kind)
{
	return kind == BPFL_KIND_TYPEDEF || kind == BPFL_KIND_FUNC ? BPFL_DUMP_IDENT : BPFL_DUMP_TAG;
}

static bool has_own_name(enum bpfl_btf_kind kind)
{
	return kind == BPFL_KIND_STRUCT || kind == BPFL_KIND_UNION || kind == BPFL_KIND_ENUM ||
	       kind == BPFL_KIND_ENUM64 || kind == BPFL_KIND_TYPEDEF;
}

/* Names that this will add at most: of types, of enumerators, and some for functions. */
static uint64_t count_names(const struct bpfl_dump *dump)
{
	uint64_t nr = 0;

	for (uint32_t id = 1; id < dump->nr_types; id++) {
		enum bpfl_btf_kind kind = bpfl_btf_kind(dump->types[id]);

		nr += has_own_name(kind) || kind == BPFL_KIND_FWD || kind == BPFL_KIND_DECL_TAG;
		if (kind == BPFL_KIND_ENUM || kind == BPFL_KIND_ENUM64)
			nr += bpfl_btf_vlen(dump->types[id]);
	}
	return nr;
}

/*
 * "struct x;" without a definition is every other struct x, but not a union x or an enum x. What C
 * does not have is an enum that is only announced; BTF writes it without enumerators.
 */
static void name_late(struct bpfl_dump *dump, uint32_t id)
{
	const struct bpfl_btf_type *type = dump->types[id];
	const char *name = bpfl_btf_string(dump->btf, type->name_off);
	enum bpfl_btf_kind kind = bpfl_btf_kind(type);

	if (kind == BPFL_KIND_FWD) {
		kind = bpfl_btf_kflag(type) ? BPFL_KIND_UNION : BPFL_KIND_STRUCT;
		if (bpfl_dump_names_add(&dump->names, BPFL_DUMP_TAG, name, kind) ||
		    bpfl_dump_names_kind(&dump->names, BPFL_DUMP_TAG, name) == kind)
			return;
	}
	dump->marks[id].version = bpfl_dump_names_version(&dump->names, space_of(kind), name);
}

/*
 * Gives every type its name. First all names that can stay, then the others: so that a real "x___2" is known when one
 * is made.
 */
static int name_types(struct bpfl_dump *dump)
{
	BPFL_VEC(uint32_t) late = { NULL, 0, 0 };

	if (bpfl_dump_names_init(&dump->names, count_names(dump)) < 0)
		return -ENOMEM;
	for (uint32_t id = 1; id < dump->nr_types; id++) {
		const struct bpfl_btf_type *type = dump->types[id];
		enum bpfl_btf_kind kind = bpfl_btf_kind(type);
		uint32_t *item;

		if ((!has_own_name(kind) && kind != BPFL_KIND_FWD) || !bpfl_dump_is_named(dump, type))
			continue;
		if (kind != BPFL_KIND_FWD &&
		    bpfl_dump_names_add(&dump->names, space_of(kind),
					bpfl_btf_string(dump->btf, type->name_off), kind))
			continue;
		item = BPFL_VEC_PUSH(&late);
		if (item == NULL) {
			free(late.items);
			return -ENOMEM;
		}
		*item = id;
	}
	for (size_t i = 0; i < late.nr; i++)
		name_late(dump, late.items[i]);
	free(late.items);
	return 0;
}

/* ---- order ---- */

static void need(struct bpfl_dump *dump, uint32_t id, bool whole, enum bpfl_dump_where where);

static void need_members(struct bpfl_dump *dump, const struct bpfl_btf_type *type)
{
	const struct bpfl_btf_member *members = bpfl_btf_members(type);

	for (uint32_t i = 0; i < bpfl_btf_vlen(type) && dump->out.ret == 0; i++)
		need(dump, members[i].type, true, BPFL_DUMP_AT_TOP);
}

static void put_forward(struct bpfl_dump *dump, uint32_t id)
{
	if (dump->marks[id].state & BPFL_DUMP_DECLARED)
		return;
	dump->marks[id].state |= BPFL_DUMP_DECLARED;
	bpfl_dump_put_tag(dump, id);
	bpfl_dump_put_text(&dump->out, ";\n\n");
}

static void need_struct(struct bpfl_dump *dump, uint32_t id, bool whole, enum bpfl_dump_where where)
{
	const struct bpfl_btf_type *type = dump->types[id];
	struct bpfl_dump_mark *mark = &dump->marks[id];
	bool is_named = bpfl_dump_is_named(dump, type);

	if (is_named && !whole) {
		if (where == BPFL_DUMP_IN_PARAMS)
			put_forward(dump, id);
		return;
	}
	if ((!is_named && where == BPFL_DUMP_IN_PARAMS) ||
	    mark->state & (BPFL_DUMP_DEFINED | BPFL_DUMP_VISITING))
		return;
	mark->state |= BPFL_DUMP_VISITING;
	need_members(dump, type);
	if (is_named) {
		mark->state |= BPFL_DUMP_DECLARED;
		bpfl_dump_define(dump, id);
		bpfl_dump_put_char(&dump->out, '\n');
	}
	mark->state |= BPFL_DUMP_DEFINED;
}

/* Needs its target by name; the caller goes on to the target when it is needed whole. */
static void need_typedef(struct bpfl_dump *dump, uint32_t id)
{
	struct bpfl_dump_mark *mark = &dump->marks[id];
	bool is_bool;

	if (mark->state & (BPFL_DUMP_DEFINED | BPFL_DUMP_VISITING))
		return;
	mark->state |= BPFL_DUMP_VISITING;
	need(dump, dump->types[id]->type, false, BPFL_DUMP_AT_TOP);
	/* C23 has bool as a keyword. */
	is_bool = mark->version == 0 && strcmp(bpfl_btf_name(dump->btf, id), "bool") == 0;
	if (is_bool)
		bpfl_dump_put_text(&dump->out, "#if __STDC_VERSION__ <= 201710L\n");
	bpfl_dump_define(dump, id);
	bpfl_dump_put_text(&dump->out, is_bool ? "#endif\n\n" : "\n");
	mark->state |= BPFL_DUMP_DEFINED;
}

static void need_enum(struct bpfl_dump *dump, uint32_t id)
{
	if (dump->marks[id].state & BPFL_DUMP_DEFINED || !bpfl_dump_is_named(dump, dump->types[id]))
		return;
	bpfl_dump_define(dump, id);
	bpfl_dump_put_char(&dump->out, '\n');
}

static void need_proto(struct bpfl_dump *dump, uint32_t id)
{
	const struct bpfl_btf_type *type = dump->types[id];
	const struct bpfl_btf_param *params = bpfl_btf_params(type);
	struct bpfl_dump_mark *mark = &dump->marks[id];

	if (mark->state & (BPFL_DUMP_DEFINED | BPFL_DUMP_VISITING))
		return;
	mark->state |= BPFL_DUMP_VISITING;
	need(dump, type->type, false, BPFL_DUMP_IN_PARAMS);
	for (uint32_t i = 0; i < bpfl_btf_vlen(type) && dump->out.ret == 0; i++)
		need(dump, params[i].type, false, BPFL_DUMP_IN_PARAMS);
	mark->state |= BPFL_DUMP_DEFINED;
}

/* Writes what must stand in front of a text that uses this type. */
static void need(struct bpfl_dump *dump, uint32_t id, bool whole, enum bpfl_dump_where where)
{
	if (id == 0 || !bpfl_dump_enter(dump, id))
		return;
	for (unsigned step = 0; id != 0 && id < dump->nr_types && step < BPFL_DUMP_DEPTH_MAX; step++) {
		const struct bpfl_btf_type *type = dump->types[id];

		switch (bpfl_btf_kind(type)) {
		case BPFL_KIND_PTR:
			whole = false;
			id = type->type;
			continue;
		case BPFL_KIND_ARRAY: /* even behind a pointer, C wants to know the elements */
			whole = true;
			id = bpfl_btf_array(type)->type;
			continue;
		case BPFL_KIND_TYPEDEF:
			need_typedef(dump, id);
			id = whole ? type->type : 0;
			continue;
		case BPFL_KIND_CONST:
		case BPFL_KIND_VOLATILE:
		case BPFL_KIND_RESTRICT:
		case BPFL_KIND_TYPE_TAG:
			id = type->type;
			continue;
		case BPFL_KIND_STRUCT:
		case BPFL_KIND_UNION:
			need_struct(dump, id, whole, where);
			break;
		case BPFL_KIND_FWD:
			if (where == BPFL_DUMP_IN_PARAMS)
				put_forward(dump, id);
			break;
		case BPFL_KIND_ENUM:
		case BPFL_KIND_ENUM64:
			need_enum(dump, id);
			break;
		case BPFL_KIND_FUNC_PROTO:
			need_proto(dump, id);
			break;
		default:
			break;
		}
		break;
	}
	bpfl_dump_leave(dump);
}

/* ---- all of it ---- */

/* Enumerators of enums that have no name and that nothing uses, or only functions. */
static void put_anonymous_enum(struct bpfl_dump *dump, uint32_t id)
{
	const struct bpfl_btf_type *type = dump->types[id];
	bool is_bool;

	if (dump->marks[id].state & BPFL_DUMP_DEFINED || bpfl_btf_vlen(type) == 0 ||
	    bpfl_dump_is_named(dump, type))
		return;
	/* C23 has true and false as keywords. */
	is_bool = strcmp(bpfl_btf_string(dump->btf, *(const uint32_t *)bpfl_btf_extra(type)), "false") == 0;
	if (is_bool)
		bpfl_dump_put_text(&dump->out, "#if __STDC_VERSION__ <= 201710L\n");
	bpfl_dump_define(dump, id);
	bpfl_dump_put_text(&dump->out, is_bool ? "#endif\n\n" : "\n");
}

static void put_kfunc(struct bpfl_dump *dump, const struct bpfl_btf_type *func)
{
	const char *name = bpfl_btf_string(dump->btf, func->name_off);

	/*
	 * Once, and only if the name can be used: a prototype by another name would call another
	 * function.
	 */
	if (!bpfl_dump_names_add(&dump->names, BPFL_DUMP_IDENT, name, BPFL_KIND_FUNC))
		return;
	need(dump, func->type, false, BPFL_DUMP_IN_PARAMS);
	bpfl_dump_put_text(&dump->out, "extern ");
	bpfl_dump_declare(dump, func->type, name, 0, 0, BPFL_DUMP_AT_TOP);
	bpfl_dump_put_text(&dump->out, " __weak __ksym;\n");
}

/* Tagged "bpf_kfunc" since Linux 6.10 and pahole 1.26. */
static void put_kfuncs(struct bpfl_dump *dump, uint32_t first_id)
{
	bool is_open = false;

	for (uint32_t id = first_id; id < dump->nr_types && dump->out.ret == 0; id++) {
		const struct bpfl_btf_type *tag = dump->types[id];
		const struct bpfl_btf_type *func;

		if (bpfl_btf_kind(tag) != BPFL_KIND_DECL_TAG ||
		    strcmp(bpfl_btf_string(dump->btf, tag->name_off), KFUNC_TAG) != 0)
			continue;
		func = bpfl_dump_type(dump, tag->type);
		if (bpfl_btf_kind(func) != BPFL_KIND_FUNC)
			continue;
		if (!is_open)
			bpfl_dump_put_text(&dump->out, kfuncs_opening);
		is_open = true;
		put_kfunc(dump, func);
	}
	if (is_open) {
		bpfl_dump_put_char(&dump->out, '\n');
		bpfl_dump_put_text(&dump->out, kfuncs_closing);
	}
}

static void put_c(struct bpfl_dump *dump, bool with_kfuncs)
{
	uint32_t first_id = bpfl_btf_first_id(dump->btf);

	bpfl_dump_put_text(&dump->out, opening);
	for (uint32_t id = first_id; id < dump->nr_types && dump->out.ret == 0; id++) {
		const struct bpfl_btf_type *type = dump->types[id];

		if (has_own_name(bpfl_btf_kind(type)) && bpfl_dump_is_named(dump, type))
			need(dump, id, true, BPFL_DUMP_AT_TOP);
	}
	for (uint32_t id = first_id; id < dump->nr_types && dump->out.ret == 0; id++) {
		enum bpfl_btf_kind kind = bpfl_btf_kind(dump->types[id]);

		if (kind == BPFL_KIND_ENUM || kind == BPFL_KIND_ENUM64)
			put_anonymous_enum(dump, id);
	}
	if (with_kfuncs)
		put_kfuncs(dump, first_id);
	bpfl_dump_put_text(&dump->out, closing);
}

int bpfl_btf_print(const struct bpfl_btf *btf, enum bpfl_btf_format format, const struct bpfl_btf_print_opts *opts,
		   bpfl_write_fn write, void *ctx, struct bpfl_error *err)
{
	bool with_kfuncs = opts == NULL || opts->size < sizeof(*opts) || !opts->no_kfuncs;
	struct bpfl_dump dump;
	int ret = bpfl_dump_init(&dump, btf, write, ctx);

	if (ret == 0 && format == BPFL_BTF_C)
		ret = name_types(&dump);
	if (ret < 0) {
		bpfl_dump_deinit(&dump);
		return bpfl_error_nomem(err);
	}
	if (format == BPFL_BTF_C)
		put_c(&dump, with_kfuncs);
	else
		bpfl_dump_list(&dump, format);
	ret = bpfl_dump_finish(&dump, err);
	bpfl_dump_deinit(&dump);
	return ret;
}
