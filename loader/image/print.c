/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/print: what `bpfload image` shows.
 *
 * The maps as they would be created, then each program as it would be loaded: its functions one behind the
 * other, instructions with the names of what they refer to, source lines between them, and what CO-RE
 * changed. Both forms, text and JSON, take their facts from the same few functions: symbol_text() (what an
 * instruction refers to) and the cursors of struct place, which walk along with the instructions so that
 * printing is one pass.
 */
#include "image/image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/json.h"
#include "base/text.h"
#include "image/core.h"
#include "image/disasm.h"

#define LINE_TEXT_SIZE 512

struct printer {
	const struct bpfl_image *image;
	const struct bpfl_spec *spec;
	const struct bpfl_var **vars; /* by map and place: finds the variable at an address */
	size_t nr_vars;
};

/* Where we are in a program: the next entry of each table that belongs to this or a later instruction. */
struct place {
	size_t next_subprog, next_line, next_core, next_fixup;
};

/* ---- names ---- */

static int var_compare(const void *a, const void *b)
{
	const struct bpfl_var *x = *(const struct bpfl_var *const *)a,
			      *y = *(const struct bpfl_var *const *)b;

	if (x->map_idx != y->map_idx)
		return x->map_idx < y->map_idx ? -1 : 1;
	return x->byte_off < y->byte_off ? -1 : x->byte_off > y->byte_off;
}

static int printer_init(struct printer *pr, const struct bpfl_image *image)
{
	memset(pr, 0, sizeof(*pr));
	pr->image = image;
	pr->spec = image->spec;
	pr->nr_vars = pr->spec->vars.nr;
	if (pr->nr_vars == 0)
		return 0;
	pr->vars = malloc(pr->nr_vars * sizeof(*pr->vars));
	if (!pr->vars)
		return -1;
	for (size_t i = 0; i < pr->nr_vars; i++)
		pr->vars[i] = &pr->spec->vars.items[i];
	qsort(pr->vars, pr->nr_vars, sizeof(*pr->vars), var_compare);
	return 0;
}

static void printer_deinit(struct printer *pr)
{
	free(pr->vars);
}

/* The variable that covers a byte of a map's value, or NULL. */
static const struct bpfl_var *var_at(const struct printer *pr, uint32_t map_idx, uint32_t byte_off)
{
	size_t low = 0, high = pr->nr_vars;

	while (low < high) { /* the first variable behind the place */
		size_t middle = low + (high - low) / 2;
		const struct bpfl_var *var = pr->vars[middle];

		if (var->map_idx < map_idx || (var->map_idx == map_idx && var->byte_off <= byte_off))
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return NULL;
	const struct bpfl_var *var = pr->vars[low - 1];
	return var->map_idx == map_idx && byte_off - var->byte_off < var->size_bytes ? var : NULL;
}

/* "map 'counters'", "&my_pid (.bss + 4)". extern_name: of the kernel configuration value that is read, or
 * NULL. */
static void map_symbol(const struct printer *pr, const struct bpfl_fixup *fixup, uint32_t byte_off,
		       const char *extern_name, struct bpfl_buf *out)
{
	const char *map_name = pr->spec->maps.items[fixup->idx].name;
	const struct bpfl_var *var = var_at(pr, fixup->idx, byte_off);

	if (fixup->kind == BPFL_FIXUP_MAP_FD) {
		bpfl_buf_printf(out, "map '%s'", BPFL_ESC(map_name));
	} else if (extern_name) {
		bpfl_buf_printf(out, "&%s (%s + %u)", BPFL_ESC(extern_name), BPFL_ESC(map_name), byte_off);
	} else if (!var) {
		bpfl_buf_printf(out, "&%s + %u", BPFL_ESC(map_name), byte_off);
	} else {
		bpfl_buf_printf(out, "&%s", BPFL_ESC(var->name));
		if (byte_off != var->byte_off)
			bpfl_buf_printf(out, " + %u", byte_off - var->byte_off);
		bpfl_buf_printf(out, " (%s + %u)", BPFL_ESC(map_name), byte_off);
	}
}

/* The fixup of an instruction that has to do with a map, or NULL. Moves along in the table. */
static const struct bpfl_fixup *map_fixup_of(const struct bpfl_image_prog *prog, uint32_t insn_idx,
					     struct place *place)
{
	while (place->next_fixup < prog->fixups.nr &&
	       prog->fixups.items[place->next_fixup].insn_idx < insn_idx)
		place->next_fixup++;
	if (place->next_fixup == prog->fixups.nr)
		return NULL;
	const struct bpfl_fixup *fixup = &prog->fixups.items[place->next_fixup];
	return fixup->insn_idx == insn_idx && fixup->kind != BPFL_FIXUP_BTF_FD ? fixup : NULL;
}

/* What an instruction refers to. False: nothing with a name. */
static bool symbol_text(const struct printer *pr, const struct bpfl_image_prog *prog, uint32_t insn_idx,
			struct place *place, struct bpfl_buf *out)
{
	const struct bpfl_insn *insn = &prog->insns[insn_idx];
	const struct bpfl_fixup *fixup = map_fixup_of(prog, insn_idx, place);
	int32_t ref_idx = prog->insts[insn_idx].ref_idx;
	const struct bpfl_ref *ref = ref_idx == BPFL_NO_IDX ? NULL : &pr->spec->refs.items[ref_idx];
	const char *extern_name = ref && ref->kind == BPFL_REF_EXTERN
					  ? pr->spec->externs.items[ref->target_idx].name
					  : NULL;
	bool is_load = bpfl_insn_is_ld_imm64(insn);

	if (fixup && fixup->kind == BPFL_FIXUP_JUMP_TABLE) {
		const struct bpfl_jump_table *table =
			&pr->spec->jump_tables.items[prog->jump_tables.items[fixup->idx].table_idx];

		bpfl_buf_printf(out, "jump table '%s' (%u places)", BPFL_ESC(table->name), table->nr_targets);
		return true;
	}
	if (fixup) {
		map_symbol(pr, fixup, insn_idx + 1 < prog->nr_insns ? (uint32_t)insn[1].imm : 0, extern_name,
			   out);
		return true;
	}
	if (extern_name) {
		/* An extern that became a plain number (an address, or 0) says more as that number. */
		if (is_load && bpfl_insn_src(insn) == 0)
			return false;
		bpfl_buf_printf(out, "%s%s", is_load ? "&" : "", BPFL_ESC(extern_name));
		return true;
	}
	if (ref && (ref->kind == BPFL_REF_CALL || ref->kind == BPFL_REF_FUNC_ADDR)) {
		bpfl_buf_printf(out, "%s%s", is_load ? "function " : "",
				BPFL_ESC(pr->spec->funcs.items[ref->target_idx].name));
		return true;
	}
	return false;
}

/* Appends one instruction as text. Returns the number of slots. */
static uint32_t insn_text(const struct printer *pr, const struct bpfl_image_prog *prog, uint32_t insn_idx,
			  struct place *place, struct bpfl_buf *out)
{
	struct bpfl_buf symbol = BPFL_BUF_INIT;
	bool has_symbol = symbol_text(pr, prog, insn_idx, place, &symbol);
	uint32_t nr_slots = bpfl_disasm(prog->insns, prog->nr_insns, insn_idx,
					has_symbol ? symbol.data : NULL, out);

	out->failed |= symbol.failed;
	bpfl_buf_deinit(&symbol);
	return nr_slots;
}

/* Source text as it is shown: without indentation, tabs as spaces, nothing that a terminal would obey. */
static const char *line_text(const struct printer *pr, const struct bpfl_line_info *line,
			     char out[LINE_TEXT_SIZE])
{
	const char *text = bpfl_image_btf_string(pr->image, line->line_off);
	char copy[LINE_TEXT_SIZE];

	snprintf(copy, sizeof(copy), "%s", text + strspn(text, " \t"));
	for (char *c = copy; *c; c++)
		*c = *c == '\t' ? ' ' : *c;
	return bpfl_text_escape(out, LINE_TEXT_SIZE, copy, SIZE_MAX);
}

/* Compilers emit a record per column, and records of no line (0) for code that they made up. */
static bool line_is_new(const struct bpfl_image_prog *prog, size_t line_idx)
{
	const struct bpfl_line_info *line = &prog->line_info.items[line_idx];

	if (line->line_col >> 10 == 0)
		return false;
	return line_idx == 0 || line[-1].line_col >> 10 != line->line_col >> 10 ||
	       line[-1].file_name_off != line->file_name_off;
}

static const char *prog_text(const struct bpfl_prog *prog, char *out, size_t out_size)
{
	const char *type = bpfl_prog_type_name(prog->prog_type);

	if (type)
		snprintf(out, out_size, "%s", type);
	else
		snprintf(out, out_size, "program type %u", prog->prog_type);
	return out;
}

static const char *map_type_text(uint32_t type, char *out, size_t out_size)
{
	const char *name = bpfl_map_type_name(type);

	if (name)
		snprintf(out, out_size, "%s", name);
	else
		snprintf(out, out_size, "map type %u", type);
	return out;
}

/* ---- text ---- */

static void map_numbers_text(const struct bpfl_image_map *map, struct bpfl_buf *out)
{
	char type[32];

	bpfl_buf_printf(out, "%s, key %u, value %u, entries %u", map_type_text(map->type, type, sizeof(type)),
			map->key_size, map->value_size, map->max_entries);
	if (map->flags)
		bpfl_buf_printf(out, ", flags 0x%x", map->flags);
	if (map->map_extra)
		bpfl_buf_printf(out, ", map_extra 0x%llx", (unsigned long long)map->map_extra);
	if (map->numa_node)
		bpfl_buf_printf(out, ", numa_node %u", map->numa_node);
	if (map->inner) {
		bpfl_buf_text(out, ", of { ");
		map_numbers_text(map->inner, out);
		bpfl_buf_text(out, " }");
	}
}

static void map_text(const struct printer *pr, size_t map_idx, struct bpfl_buf *out)
{
	const struct bpfl_image_map *map = &pr->image->maps[map_idx];
	const struct bpfl_map_spec *spec_map = &pr->spec->maps.items[map_idx];
	char type_name[128];

	bpfl_buf_printf(out, "map '%s': ", BPFL_ESC(spec_map->name));
	if (!map->needed) {
		bpfl_buf_text(out, "not created, nothing that is loaded refers to it\n");
		return;
	}
	map_numbers_text(map, out);
	if (map->event_type_id && pr->spec->btf) {
		bpfl_buf_printf(out, ", events %s",
				bpfl_btf_type_text(pr->spec->btf, map->event_type_id, type_name,
						   sizeof(type_name)));
	}
	if (strcmp(map->kernel_name, spec_map->name) != 0)
		bpfl_buf_printf(out, ", in the kernel '%s'", map->kernel_name);
	bpfl_buf_char(out, '\n');
}

/* What comes before an instruction: the name of a function that begins here, a source line, the work of
 * CO-RE. */
static void headings_text(const struct printer *pr, const struct bpfl_image_prog *prog, uint32_t insn_idx,
			  struct place *place, struct bpfl_buf *out)
{
	char line_buf[LINE_TEXT_SIZE];

	if (place->next_subprog < prog->subprogs.nr &&
	    prog->subprogs.items[place->next_subprog].insn_idx == insn_idx) {
		uint32_t func_idx = prog->subprogs.items[place->next_subprog++].func_idx;

		bpfl_buf_printf(out, "%s:\n", BPFL_ESC(pr->spec->funcs.items[func_idx].name));
	}
	for (; place->next_line < prog->line_info.nr &&
	       prog->line_info.items[place->next_line].insn_off <= insn_idx;
	     place->next_line++) {
		const struct bpfl_line_info *line = &prog->line_info.items[place->next_line];

		if (line_is_new(prog, place->next_line)) {
			bpfl_buf_printf(out, "  ; %s  [%s:%u]\n", line_text(pr, line, line_buf),
					BPFL_ESC(bpfl_image_btf_string(pr->image, line->file_name_off)),
					line->line_col >> 10);
		}
	}
	for (; place->next_core < prog->core_results.nr &&
	       prog->core_results.items[place->next_core].insn_idx <= insn_idx;
	     place->next_core++) {
		const struct bpfl_core_result *core = &prog->core_results.items[place->next_core];

		bpfl_buf_printf(out, "  ; %s%s: ",
				core->core_idx == BPFL_CORE_RESULT_EXTERN ? "extern" : "CO-RE",
				core->poisoned ? " (poisoned)" : "");
		bpfl_core_result_text(pr->image, prog, core, out);
		bpfl_buf_char(out, '\n');
	}
}

static void prog_header_text(const struct printer *pr, const struct bpfl_image_prog *prog,
			     struct bpfl_buf *out)
{
	const struct bpfl_prog *spec_prog = &pr->spec->progs.items[prog->prog_idx];
	char type[64];

	bpfl_buf_printf(out, "\nprogram '%s': %s, section '%s', %u instruction%s", BPFL_ESC(spec_prog->name),
			prog_text(spec_prog, type, sizeof(type)), BPFL_ESC(spec_prog->section),
			prog->nr_insns, prog->nr_insns == 1 ? "" : "s");
	if (prog->subprogs.nr > 1)
		bpfl_buf_printf(out, " in %zu functions", prog->subprogs.nr);
	if (prog->attach_btf_id)
		bpfl_buf_printf(out, ", target BTF id %u", prog->attach_btf_id);
	bpfl_buf_char(out, '\n');
}

static void image_text(const struct printer *pr, struct bpfl_buf *out)
{
	bpfl_buf_printf(out, "image of '%s'%s\n", BPFL_ESC(pr->spec->name ? pr->spec->name : ""),
			pr->spec->foreign
				? ", which has another byte order than this machine and cannot be loaded here"
				: "");
	for (size_t i = 0; i < pr->spec->maps.nr; i++)
		map_text(pr, i, out);
	for (size_t i = 0; i < pr->image->nr_progs; i++) {
		const struct bpfl_image_prog *prog = &pr->image->progs[i];
		struct place place = { 0, 0, 0, 0 };

		prog_header_text(pr, prog, out);
		for (uint32_t insn_idx = 0; insn_idx < prog->nr_insns;) {
			headings_text(pr, prog, insn_idx, &place, out);
			bpfl_buf_printf(out, "%6u: ", insn_idx);
			insn_idx += insn_text(pr, prog, insn_idx, &place, out);
			bpfl_buf_char(out, '\n');
		}
	}
}

/* ---- JSON ---- */

static void map_numbers_json(const struct bpfl_image_map *map, struct bpfl_json *json)
{
	char type[32];

	bpfl_json_member_string(json, "type", map_type_text(map->type, type, sizeof(type)));
	bpfl_json_member_u64(json, "key_size", map->key_size);
	bpfl_json_member_u64(json, "value_size", map->value_size);
	bpfl_json_member_u64(json, "max_entries", map->max_entries);
	bpfl_json_member_u64(json, "flags", map->flags);
	bpfl_json_member_u64(json, "map_extra", map->map_extra);
	bpfl_json_member_u64(json, "numa_node", map->numa_node);
	bpfl_json_member_u64(json, "key_type_id", map->key_type_id);
	bpfl_json_member_u64(json, "value_type_id", map->value_type_id);
	bpfl_json_member_u64(json, "event_type_id", map->event_type_id);
	bpfl_json_member_string(json, "kernel_name", map->kernel_name);
	if (map->inner) {
		bpfl_json_key(json, "inner");
		bpfl_json_object_begin(json);
		map_numbers_json(map->inner, json);
		bpfl_json_object_end(json);
	}
}

static void insn_json(const struct printer *pr, const struct bpfl_image_prog *prog, uint32_t *insn_idx,
		      struct place *place, struct bpfl_json *json)
{
	struct bpfl_buf text = BPFL_BUF_INIT;
	uint32_t idx = *insn_idx;

	bpfl_json_object_begin(json);
	bpfl_json_member_u64(json, "idx", idx);
	*insn_idx += insn_text(pr, prog, idx, place, &text);
	bpfl_json_member_string(json, "text", text.data ? text.data : "");
	json->out->failed |= text.failed;
	bpfl_buf_deinit(&text);

	const struct bpfl_line_info *line = NULL;
	char line_buf[LINE_TEXT_SIZE];

	for (;
	     place->next_line < prog->line_info.nr && prog->line_info.items[place->next_line].insn_off <= idx;
	     place->next_line++)
		line = &prog->line_info.items[place->next_line];
	if (line) {
		bpfl_json_key(json, "line");
		bpfl_json_object_begin(json);
		bpfl_json_member_string(json, "file", bpfl_image_btf_string(pr->image, line->file_name_off));
		bpfl_json_member_u64(json, "line", line->line_col >> 10);
		bpfl_json_member_u64(json, "column", line->line_col & 0x3ff);
		/* Many instructions may be of one line, which may be as long as the file. */
		snprintf(line_buf, sizeof(line_buf), "%s", bpfl_image_btf_string(pr->image, line->line_off));
		bpfl_json_member_string(json, "text", line_buf);
		bpfl_json_object_end(json);
	}
	for (; place->next_core < prog->core_results.nr &&
	       prog->core_results.items[place->next_core].insn_idx <= idx;
	     place->next_core++) {
		const struct bpfl_core_result *core = &prog->core_results.items[place->next_core];

		if (core->insn_idx == idx) {
			struct bpfl_buf words = BPFL_BUF_INIT;

			bpfl_core_result_text(pr->image, prog, core, &words);
			bpfl_json_member_string(json, core->core_idx == BPFL_CORE_RESULT_EXTERN ? "extern" : "core",
				      words.data ? words.data : "");
			bpfl_buf_deinit(&words);
			bpfl_json_member_bool(json, "poisoned", core->poisoned);
		}
	}
	bpfl_json_object_end(json);
}

static void prog_json(const struct printer *pr, const struct bpfl_image_prog *prog, struct bpfl_json *json)
{
	const struct bpfl_prog *spec_prog = &pr->spec->progs.items[prog->prog_idx];
	struct place place = { 0, 0, 0, 0 };
	char type[64];

	bpfl_json_object_begin(json);
	bpfl_json_member_string(json, "name", spec_prog->name);
	bpfl_json_member_string(json, "kernel_name", prog->kernel_name);
	bpfl_json_member_string(json, "section", spec_prog->section);
	bpfl_json_member_string(json, "type", prog_text(spec_prog, type, sizeof(type)));
	bpfl_json_member_u64(json, "attach_type", spec_prog->attach_type);
	bpfl_json_member_u64(json, "attach_btf_id", prog->attach_btf_id);
	bpfl_json_member_u64(json, "nr_func_info", prog->func_info.nr);
	bpfl_json_member_u64(json, "nr_line_info", prog->line_info.nr);
	bpfl_json_key(json, "functions");
	bpfl_json_array_begin(json);
	for (size_t i = 0; i < prog->subprogs.nr; i++) {
		bpfl_json_object_begin(json);
		bpfl_json_member_string(json, "name", pr->spec->funcs.items[prog->subprogs.items[i].func_idx].name);
		bpfl_json_member_u64(json, "insn_idx", prog->subprogs.items[i].insn_idx);
		bpfl_json_member_u64(json, "nr_insns", prog->subprogs.items[i].nr_insns);
		bpfl_json_object_end(json);
	}
	bpfl_json_array_end(json);
	bpfl_json_key(json, "instructions");
	bpfl_json_array_begin(json);
	for (uint32_t insn_idx = 0; insn_idx < prog->nr_insns;)
		insn_json(pr, prog, &insn_idx, &place, json);
	bpfl_json_array_end(json);
	bpfl_json_object_end(json);
}

static void image_json(const struct printer *pr, struct bpfl_buf *out)
{
	struct bpfl_json json;

	bpfl_json_init(&json, out);
	bpfl_json_object_begin(&json);
	bpfl_json_member_string(&json, "name", pr->spec->name ? pr->spec->name : "");
	bpfl_json_member_bool(&json, "foreign", pr->spec->foreign);
	bpfl_json_member_u64(&json, "btf_size", pr->image->btf_size);
	bpfl_json_key(&json, "maps");
	bpfl_json_array_begin(&json);
	for (size_t i = 0; i < pr->spec->maps.nr; i++) {
		bpfl_json_object_begin(&json);
		bpfl_json_member_string(&json, "name", pr->spec->maps.items[i].name);
		bpfl_json_member_bool(&json, "created", pr->image->maps[i].needed);
		if (pr->image->maps[i].needed)
			map_numbers_json(&pr->image->maps[i], &json);
		bpfl_json_object_end(&json);
	}
	bpfl_json_array_end(&json);
	bpfl_json_key(&json, "programs");
	bpfl_json_array_begin(&json);
	for (size_t i = 0; i < pr->image->nr_progs; i++)
		prog_json(pr, &pr->image->progs[i], &json);
	bpfl_json_array_end(&json);
	bpfl_json_object_end(&json);
	bpfl_buf_char(out, '\n');
}

int bpfl_image_text(const struct bpfl_image *image, enum bpfl_format format, char **ret_text,
		    struct bpfl_error *err)
{
	struct bpfl_buf out = BPFL_BUF_INIT;
	struct printer pr;

	if (printer_init(&pr, image) < 0)
		return bpfl_error_nomem(err);
	if (format == BPFL_FORMAT_JSON)
		image_json(&pr, &out);
	else
		image_text(&pr, &out);
	printer_deinit(&pr);
	if (!bpfl_buf_ok(&out)) {
		bpfl_buf_deinit(&out);
		return bpfl_error_nomem(err);
	}
	*ret_text = bpfl_buf_take(&out);
	return *ret_text ? 0 : bpfl_error_nomem(err);
}
