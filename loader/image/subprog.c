/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/subprog: a tree of functions -> one list of instructions.
 *
 * The kernel loads a program as one flat stream: the entry function first, then every function that it calls,
 * directly or through others, or whose address it takes (a callback). Each function is there once per
 * program, however often it is called; two programs that share a function get a copy each, at different
 * places.
 *
 * The walk is depth first: a callee is copied to the end of the stream when its first use is met, and its own
 * uses are followed before the rest of the caller's. It keeps its own stack, so that a long chain of calls in
 * a file cannot exhaust ours, and a function that is already there is not entered again, so that recursion
 * ends.
 *
 * An instruction is copied with its annotations (what it refers to, its CO-RE record, its source line), so
 * nothing has to be rebased. Only when the layout is final are the distances of calls computed; they count
 * from the instruction behind the call, in slots of eight bytes.
 */
#include "image/passes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"

/* What the kernel accepts for one program (5.2, with CAP_BPF), and what one object may grow to here: a
 * hostile file could name one huge function in every program. */
#define MAX_PROG_INSNS 1000000u
#define MAX_IMAGE_INSNS (1u << 25)

struct frame {
	uint32_t func_idx;
	uint32_t inst_idx; /* next instruction of the function to look at */
};

struct flattener {
	const struct bpfl_spec *spec;
	struct bpfl_error *err;
	/* Where each function begins in the program at hand, if seen_in[func] is that program's mark (G-05). */
	uint32_t *start;
	size_t *seen_in;
	size_t mark;
	int32_t *exception_cb; /* per function, or BPFL_NO_IDX; NULL: the object has no exception callback */
	BPFL_VEC(struct frame) stack;
	BPFL_VEC(struct bpfl_inst) insts;
	uint64_t nr_total; /* instructions of all programs so far */
};

static void flattener_deinit(struct flattener *fl)
{
	free(fl->start);
	free(fl->seen_in);
	free(fl->exception_cb);
	free(fl->stack.items);
	free(fl->insts.items);
}

/* Makes room for all at once: a push per instruction would spend most of this pass in calls. */
static int insts_append(struct flattener *fl, const struct bpfl_inst *insts, uint32_t nr)
{
	if (fl->insts.nr + nr > fl->insts.cap) {
		size_t cap = fl->insts.cap * 2 > fl->insts.nr + nr ? fl->insts.cap * 2 : fl->insts.nr + nr;
		struct bpfl_inst *items = realloc(fl->insts.items, cap * sizeof(*items));

		if (!items)
			return -ENOMEM;
		fl->insts.items = items;
		fl->insts.cap = cap;
	}
	if (nr > 0)
		memcpy(fl->insts.items + fl->insts.nr, insts, nr * sizeof(*insts));
	fl->insts.nr += nr;
	return 0;
}

/* Puts a function at the end of the program and remembers to walk through it, unless it is there already. */
static int func_enter(struct flattener *fl, struct bpfl_image_prog *prog, uint32_t func_idx)
{
	if (fl->seen_in[func_idx] == fl->mark)
		return 0;

	const struct bpfl_func *func = &fl->spec->funcs.items[func_idx];
	uint32_t start = (uint32_t)fl->insts.nr;
	if (func->nr_insts == 0) {
		return bpfl_error_set(fl->err, BPFL_ERR_OBJECT, EINVAL, "function '%s' has no instructions",
				      BPFL_ESC(func->name));
	}
	if (func->nr_insts > MAX_PROG_INSNS || start > MAX_PROG_INSNS - func->nr_insts) {
		return bpfl_error_set(fl->err, BPFL_ERR_OBJECT, E2BIG,
				      "function '%s' makes the program longer than %u instructions, the most "
				      "that the kernel takes",
				      BPFL_ESC(func->name), MAX_PROG_INSNS);
	}
	fl->nr_total += func->nr_insts;
	if (fl->nr_total > MAX_IMAGE_INSNS) {
		return bpfl_error_set(fl->err, BPFL_ERR_OBJECT, E2BIG,
				      "the programs of this object together are longer than %u instructions",
				      MAX_IMAGE_INSNS);
	}
	if (insts_append(fl, func->insts, func->nr_insts) < 0)
		return bpfl_error_nomem(fl->err);

	struct bpfl_subprog *subprog = BPFL_VEC_PUSH(&prog->subprogs);
	struct frame *frame = subprog ? BPFL_VEC_PUSH(&fl->stack) : NULL;
	if (!frame)
		return bpfl_error_nomem(fl->err);
	*subprog = (struct bpfl_subprog){ func_idx, start, func->nr_insts };
	*frame = (struct frame){ func_idx, 0 };
	fl->start[func_idx] = start;
	fl->seen_in[func_idx] = fl->mark;
	return 0;
}

static const struct bpfl_ref *ref_of(const struct bpfl_spec *spec, const struct bpfl_inst *inst)
{
	return inst->ref_idx == BPFL_NO_IDX ? NULL : &spec->refs.items[inst->ref_idx];
}

static bool ref_is_func(const struct bpfl_ref *ref)
{
	return ref && (ref->kind == BPFL_REF_CALL || ref->kind == BPFL_REF_FUNC_ADDR);
}

/* Walks until every function that was entered has been looked through. */
static int walk(struct flattener *fl, struct bpfl_image_prog *prog)
{
	while (fl->stack.nr > 0) {
		struct frame *frame = &fl->stack.items[fl->stack.nr - 1];
		const struct bpfl_func *func = &fl->spec->funcs.items[frame->func_idx];

		if (frame->inst_idx >= func->nr_insts) {
			fl->stack.nr--;
			continue;
		}
		const struct bpfl_ref *ref = ref_of(fl->spec, &func->insts[frame->inst_idx++]);
		if (ref_is_func(ref)) {
			int result = func_enter(fl, prog, ref->target_idx);

			if (result < 0)
				return result;
		}
	}
	return 0;
}

/*
 * Turns references to functions into distances. Calls without a reference are left alone: they come from a
 * caller of the library who laid out the program.
 */
static int calls_patch(struct flattener *fl)
{
	for (size_t i = 0; i < fl->insts.nr; i++) {
		struct bpfl_inst *inst = &fl->insts.items[i];
		const struct bpfl_ref *ref = ref_of(fl->spec, inst);

		if (!ref_is_func(ref))
			continue;
		/* Both kinds count from the next slot: the kernel looks for the function at idx + imm + 1. */
		inst->insn.imm = (int32_t)fl->start[ref->target_idx] - (int32_t)(i + 1);
		if (ref->kind == BPFL_REF_CALL) {
			inst->insn.regs = bpfl_insn_regs(0, BPFL_PSEUDO_CALL);
			continue;
		}
		if (!bpfl_insn_is_ld_imm64(&inst->insn) || i + 1 >= fl->insts.nr) {
			return bpfl_error_set(
				fl->err, BPFL_ERR_OBJECT, EINVAL,
				"instruction %zu takes the address of function '%s' but is no 64-bit load", i,
				BPFL_ESC(fl->spec->funcs.items[ref->target_idx].name));
		}
		inst->insn.regs = bpfl_insn_regs(bpfl_insn_dst(&inst->insn), BPFL_PSEUDO_FUNC);
		fl->insts.items[i + 1].insn.imm = 0;
	}
	return 0;
}

static int prog_flatten(struct flattener *fl, struct bpfl_image_prog *prog)
{
	const struct bpfl_prog *spec_prog = &fl->spec->progs.items[prog->prog_idx];
	int result;

	fl->mark++;
	fl->stack.nr = 0;
	fl->insts.nr = 0;
	result = func_enter(fl, prog, spec_prog->func_idx);
	if (result == 0)
		result = walk(fl, prog);
	/* Nothing calls an exception callback: only a tag of the entry function names it (6.7). */
	if (result == 0 && fl->exception_cb && fl->exception_cb[spec_prog->func_idx] != BPFL_NO_IDX) {
		result = func_enter(fl, prog, (uint32_t)fl->exception_cb[spec_prog->func_idx]);
		if (result == 0)
			result = walk(fl, prog);
	}
	if (result == 0)
		result = calls_patch(fl);
	if (result < 0)
		return result;

	/* A smaller block is a wish: without it, the one that there is does as well. */
	struct bpfl_inst *exact = fl->insts.nr < fl->insts.cap
					  ? realloc(fl->insts.items, fl->insts.nr * sizeof(*exact))
					  : NULL;
	prog->insts = exact ? exact : fl->insts.items;
	prog->nr_insts = (uint32_t)fl->insts.nr;
	fl->insts.items = NULL;
	fl->insts.cap = 0;
	return 0;
}

/* Which function each BTF id stands for; made only for an object that has an exception callback. */
static int32_t *funcs_by_btf_id(const struct bpfl_spec *spec)
{
	uint32_t nr_types = bpfl_btf_nr_types(spec->btf);
	int32_t *funcs = malloc(nr_types * sizeof(*funcs));

	for (uint32_t id = 0; funcs && id < nr_types; id++)
		funcs[id] = BPFL_NO_IDX;
	for (size_t i = 0; funcs && i < spec->funcs.nr; i++) {
		uint32_t id = spec->funcs.items[i].btf_func_id;

		if (id != 0 && id < nr_types)
			funcs[id] = (int32_t)i;
	}
	return funcs;
}

static int exception_callback_set(struct flattener *fl, uint32_t func_idx, const char *callback_name)
{
	int32_t callback = bpfl_spec_func_idx(fl->spec, callback_name);

	if (callback == BPFL_NO_IDX) {
		return bpfl_error_set(fl->err, BPFL_ERR_OBJECT, ENOENT,
				      "function '%s' names the exception callback '%s', which does not exist",
				      BPFL_ESC(fl->spec->funcs.items[func_idx].name),
				      BPFL_ESC(callback_name));
	}
	if (!fl->exception_cb) {
		fl->exception_cb = malloc(fl->spec->funcs.nr * sizeof(*fl->exception_cb));
		if (!fl->exception_cb)
			return bpfl_error_nomem(fl->err);
		for (size_t i = 0; i < fl->spec->funcs.nr; i++)
			fl->exception_cb[i] = BPFL_NO_IDX;
	}
	fl->exception_cb[func_idx] = callback;
	return 0;
}

/* SUB-06: looks for the tags "exception_callback:NAME" of functions, in one pass over the types. */
static int exception_callbacks_find(struct flattener *fl)
{
	static const char tag_prefix[] = "exception_callback:";
	const struct bpfl_btf *btf = fl->spec->btf;
	uint32_t nr_types = btf ? bpfl_btf_nr_types(btf) : 0;
	int32_t *funcs = NULL;
	int result = 0;

	for (uint32_t id = 1; id < nr_types && result == 0; id++) {
		const struct bpfl_btf_type *tag = bpfl_btf_type(btf, id);

		if (bpfl_btf_kind(tag) != BPFL_KIND_DECL_TAG || bpfl_btf_tag_component(tag) != -1 ||
		    !bpfl_text_has_prefix(bpfl_btf_name(btf, id), tag_prefix))
			continue;
		if (!funcs)
			funcs = funcs_by_btf_id(fl->spec);
		if (!funcs) {
			result = bpfl_error_nomem(fl->err);
		} else if (funcs[tag->type] != BPFL_NO_IDX) { /* else: declared here, defined nowhere */
			result = exception_callback_set(fl, (uint32_t)funcs[tag->type],
							bpfl_btf_name(btf, id) + sizeof(tag_prefix) - 1);
		}
	}
	free(funcs);
	return result;
}

int bpfl_image_flatten(struct bpfl_image *image, struct bpfl_error *err)
{
	const struct bpfl_spec *spec = image->spec;
	struct flattener fl = { .spec = spec, .err = err };
	int result = 0;

	if (image->nr_progs == 0)
		return 0;
	fl.start = calloc(spec->funcs.nr, sizeof(*fl.start));
	fl.seen_in = calloc(spec->funcs.nr, sizeof(*fl.seen_in));
	result = fl.start && fl.seen_in ? exception_callbacks_find(&fl) : bpfl_error_nomem(err);
	for (size_t i = 0; i < image->nr_progs && result == 0; i++) {
		result = prog_flatten(&fl, &image->progs[i]);
		if (result < 0) {
			bpfl_error_prefix(err, "program '%s'",
					  BPFL_ESC(spec->progs.items[image->progs[i].prog_idx].name));
		}
	}
	flattener_deinit(&fl);
	return result;
}
