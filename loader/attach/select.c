/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/select.c: which program an attach spec means, and what the program has to become before it is loaded.
 *
 * Most attach specs name no program. The rules, in order: the program named; the only one there is; the one
 * whose section says the same; the only one of a fitting type. Anything else is an error that lists what to
 * choose from.
 */
#include <errno.h>
#include <string.h>
#include "attach/link.h"
#include "base/text.h"
#include "spec/spec.h"

/* ---- questions about one program ---- */

static bool type_is_known(const struct bpfl_prog *prog)
{
	return prog->prog_type != BPFL_PROG_UNSPEC;
}

/* Attach type 0 leaves it open: SEC("tc") can still become tc/ingress. */
static bool prog_fits(const struct bpfl_prog *prog, const struct bpfl_section_row *row)
{
	return prog->prog_type == (uint32_t)row->prog_type &&
	       (prog->attach_type == (uint32_t)row->attach_type || prog->attach_type == 0 ||
		row->attach_type == 0);
}

/*
 * A program that was written as an action of tc can be loaded as a filter: both get a packet, both decide by
 * what they return. tc(8) never looked at the name of the section, so programs that were meant as filters stand
 * in SEC("action/egress").
 */
static bool prog_can_become(const struct bpfl_prog *prog, const struct bpfl_section_row *row)
{
	return prog->prog_type == BPFL_PROG_SCHED_ACT && row->prog_type == BPFL_PROG_SCHED_CLS;
}

/* The program's own section says what the attach spec says, in whatever spelling ("tp/a/b", "tracepoint:a:b"). */
static bool section_says(const struct bpfl_prog *prog, const struct bpfl_attach *attach)
{
	const struct bpfl_section_row *row = prog->hit.row;

	return row && *attach->target && row->hook == attach->row->hook &&
	       row->prog_type == attach->row->prog_type && row->attach_type == attach->row->attach_type &&
	       prog->hit.is_return == attach->is_return && strcmp(prog->hit.target, attach->target) == 0;
}

static const char *type_words(const struct bpfl_prog *prog)
{
	const char *name = bpfl_prog_type_name(prog->prog_type);

	return !type_is_known(prog) || !name ? "of unknown type" : name;
}

/* ---- errors ---- */

/* One line of why: "programs: hello (tracepoint), count (xdp)". */
static void list_programs(const struct bpfl_spec *spec, struct bpfl_error *err)
{
	struct bpfl_buf list = BPFL_BUF_INIT;

	for (size_t i = 0; i < spec->progs.nr; i++) {
		const struct bpfl_prog *prog = &spec->progs.items[i];

		bpfl_buf_printf(&list, "%s%s (%s%s)", i ? ", " : "", BPFL_ESC(prog->name), type_words(prog),
				prog->selected ? "" : ", not selected");
	}
	bpfl_error_why(err, "programs: %s", list.size ? list.data : "none");
	bpfl_buf_deinit(&list);
}

static int refuse_name(const struct bpfl_attach *attach, const struct bpfl_spec *spec, struct bpfl_error *err)
{
	struct bpfl_near near;
	char names[512];

	bpfl_error_set(err, BPFL_ERR_USAGE, ENOENT, "attach '%s': there is no program '%s'", BPFL_ESC(attach->text),
		       BPFL_ESC(attach->prog));
	list_programs(spec, err);
	bpfl_near_init(&near, attach->prog);
	for (size_t i = 0; i < spec->progs.nr; i++)
		bpfl_near_offer(&near, spec->progs.items[i].name);
	if (near.nr > 0)
		bpfl_error_fix(err, "did you mean %s?", bpfl_near_text(&near, names, sizeof(names)));
	return -ENOENT;
}

static int refuse_misfit(const struct bpfl_attach *attach, const struct bpfl_prog *prog, struct bpfl_error *err)
{
	bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL,
		       "attach '%s': program '%s' (section '%s') is %s%s, not what '%s' takes", BPFL_ESC(attach->text),
		       BPFL_ESC(prog->name), BPFL_ESC(prog->section), type_is_known(prog) ? "of type " : "",
		       type_words(prog), attach->row->name);
	bpfl_error_fix(err, "if the section is wrong: --type %s=%s", BPFL_ESC(prog->name), attach->row->name);
	return -EINVAL;
}

/* ---- choosing ---- */

/* Counts the selected programs that a test accepts; the index of the first. */
static size_t count_matches(const struct bpfl_attach *attach, const struct bpfl_spec *spec,
			    bool (*test)(const struct bpfl_prog *prog, const struct bpfl_attach *attach),
			    size_t *ret_first)
{
	size_t nr = 0;

	for (size_t i = 0; i < spec->progs.nr; i++) {
		const struct bpfl_prog *prog = &spec->progs.items[i];

		if (prog->selected && test(prog, attach) && nr++ == 0)
			*ret_first = i;
	}
	return nr;
}

static bool any_prog(const struct bpfl_prog *prog, const struct bpfl_attach *attach)
{
	(void)prog;
	(void)attach;
	return true;
}

/* SEC("cgroup_skb/egress") for cgroup_skb/egress:PATH. */
static bool same_row_prog(const struct bpfl_prog *prog, const struct bpfl_attach *attach)
{
	return prog->hit.row == attach->row;
}

static bool fitting_prog(const struct bpfl_prog *prog, const struct bpfl_attach *attach)
{
	return prog_fits(prog, attach->row);
}

static bool convertible_prog(const struct bpfl_prog *prog, const struct bpfl_attach *attach)
{
	return prog_can_become(prog, attach->row);
}

static int refuse_choice(const struct bpfl_attach *attach, const struct bpfl_spec *spec, size_t nr_fitting,
			 struct bpfl_error *err)
{
	bpfl_error_set(err, BPFL_ERR_USAGE, nr_fitting ? EINVAL : ENOENT, "attach '%s': %s", BPFL_ESC(attach->text),
		       nr_fitting ? "several programs fit" : "no program fits");
	list_programs(spec, err);
	if (attach->row->hook == BPFL_HOOK_STRUCT_OPS)
		bpfl_error_fix(err, "its programs belong to a variable of the object, which is what is attached: "
				    "struct_ops:VARIABLE");
	else if (nr_fitting == 0 && spec->progs.nr > 0)
		bpfl_error_fix(err, "'%s' takes %s programs; if a section is wrong: --type PROG=%s", attach->row->name,
			       bpfl_prog_type_name(attach->row->prog_type), attach->row->name);
	else if (spec->progs.nr > 0)
		bpfl_error_fix(err, "name the program: --attach PROG=%s", BPFL_ESC(attach->text));
	return nr_fitting ? -EINVAL : -ENOENT;
}

int bpfl_attach_select(const struct bpfl_attach *attach, const struct bpfl_spec *spec, size_t *ret_prog_idx,
		       struct bpfl_error *err)
{
	size_t prog_idx = 0, nr;

	if (attach->prog) {
		int32_t named = bpfl_spec_prog_idx(spec, attach->prog);

		if (named < 0)
			return refuse_name(attach, spec, err);
		prog_idx = (size_t)named;
	} else if (count_matches(attach, spec, any_prog, &prog_idx) != 1) {
		nr = count_matches(attach, spec, section_says, &prog_idx);
		if (nr == 0)
			nr = count_matches(attach, spec, same_row_prog, &prog_idx);
		if (nr == 0)
			nr = count_matches(attach, spec, fitting_prog, &prog_idx);
		if (nr == 0)
			nr = count_matches(attach, spec, convertible_prog, &prog_idx);
		if (nr != 1)
			return refuse_choice(attach, spec, nr, err);
	}
	if (type_is_known(&spec->progs.items[prog_idx]) && !prog_fits(&spec->progs.items[prog_idx], attach->row) &&
	    !prog_can_become(&spec->progs.items[prog_idx], attach->row))
		return refuse_misfit(attach, &spec->progs.items[prog_idx], err);
	*ret_prog_idx = prog_idx;
	return 0;
}

/* ---- before loading ---- */

/*
 * Types, attach types and BTF targets are fixed when a program is loaded, so they are taken over from the
 * attach spec now.
 */
static bool must_retype(const struct bpfl_prog *prog, const struct bpfl_attach *attach)
{
	const struct bpfl_section_row *row = attach->row;

	if (!type_is_known(prog) || prog_can_become(prog, row))
		return true;
	if (row->attach_type != 0 && prog->attach_type != (uint32_t)row->attach_type)
		return true;
	/* Of a pattern the module counts: the program is loaded for its BTF. */
	return (row->needs_btf_id || row->hook == BPFL_HOOK_TRACING_MULTI) &&
	       (!prog->attach_target || strcmp(prog->attach_target, attach->target) != 0);
}

/* The type that the attach spec implies. */
static int take_type(const struct bpfl_attach *attach, struct bpfl_spec *spec, size_t prog_idx, struct bpfl_error *err)
{
	const struct bpfl_prog *prog = &spec->progs.items[prog_idx];
	struct bpfl_buf section = BPFL_BUF_INIT;
	int ret;

	if (!must_retype(prog, attach))
		return 0;
	/* Only another target: keep the program's own row, which may be the sleepable one. */
	if (prog->hit.row && prog_fits(prog, attach->row) && prog->attach_type == (uint32_t)attach->row->attach_type)
		bpfl_buf_printf(&section, "%s/%s", prog->hit.row->name, attach->target);
	else
		bpfl_buf_text(&section, attach->section);
	ret = bpfl_buf_ok(&section) ? bpfl_spec_prog_set_type(spec, prog->name, section.data, err)
				    : bpfl_error_nomem(err);
	bpfl_buf_deinit(&section);
	return ret;
}

int bpfl_attach_prepare(const struct bpfl_attach *attach, struct bpfl_spec *spec, size_t prog_idx,
			struct bpfl_error *err)
{
	const struct bpfl_hook_ops *ops = bpfl_hook_ops_find(attach->row);
	const struct bpfl_prog *prog;
	int ret = 0;

	if (prog_idx >= spec->progs.nr)
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "program %zu of %zu", prog_idx, spec->progs.nr);
	prog = &spec->progs.items[prog_idx];
	/* A '?' program is loaded when somebody wants it. */
	if (!prog->selected && prog->optional)
		ret = bpfl_spec_prog_select(spec, prog->name, true, err);
	if (ret == 0)
		ret = take_type(attach, spec, prog_idx, err);
	if (ret == 0 && ops && ops->prepare) {
		ret = ops->prepare(attach, spec, prog_idx, err);
		if (ret < 0)
			bpfl_error_prefix(err, "program '%s': attach '%s'", BPFL_ESC(prog->name),
					  BPFL_ESC(attach->text));
	}
	if (ret < 0)
		bpfl_spec_error_prefix(spec, err);
	return ret;
}

/* ---- the program's own words ---- */

int bpfl_attach_from_section(const struct bpfl_spec *spec, size_t prog_idx, struct bpfl_attach **ret_attach,
			     struct bpfl_error *err)
{
	const struct bpfl_prog *prog;
	struct bpfl_buf section = BPFL_BUF_INIT;
	struct bpfl_attach *attach;
	int ret;

	if (prog_idx >= spec->progs.nr)
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "program %zu of %zu", prog_idx, spec->progs.nr);
	prog = &spec->progs.items[prog_idx];
	if (prog->hit.row && prog->hit.row->target_form == BPFL_TARGET_NONE && !bpfl_hook_ops_find(prog->hit.row)) {
		*ret_attach = NULL; /* only loaded */
		return 0;
	}
	if (!prog->attach_where && !bpfl_section_is_complete(&prog->hit)) {
		ret = bpfl_spec_target_error(spec, prog_idx, err);
		bpfl_spec_error_prefix(spec, err);
		return ret;
	}
	bpfl_buf_text(&section, prog->hit.row->name);
	if (prog->hit.target[0])
		bpfl_buf_printf(&section, "/%s", prog->hit.target);
	if (prog->attach_where && prog->hit.row)
		bpfl_buf_printf(&section, ":%s", prog->attach_where);
	ret = bpfl_buf_ok(&section) ? bpfl_attach_parse(section.data, &attach, err) : bpfl_error_nomem(err);
	bpfl_buf_deinit(&section);
	if (ret < 0) {
		bpfl_error_prefix(err, "program '%s'", BPFL_ESC(prog->name));
		bpfl_spec_error_prefix(spec, err);
		return ret;
	}
	attach->prog = bpfl_strdup(prog->name);
	if (!attach->prog) {
		bpfl_attach_destroy(attach);
		return bpfl_error_nomem(err);
	}
	*ret_attach = attach;
	return 0;
}
