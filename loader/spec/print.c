/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `bpfload spec`: the spec as text for people and as JSON for programs.
 */
#include <stdio.h>
#include <string.h>
#include "base/json.h"
#include "base/text.h"
#include "btf/value.h"
#include "spec/spec.h"

/* Values of large variables are left out: an array can have as many elements as its author likes. */
#define VALUE_SIZE_MAX 4096u

/* A name for a number of the kernel, or "type 77" for one that is newer than this file. */
static const char *name_or_number(const char *name, const char *what, unsigned number, char out[32])
{
	if (name != NULL)
		return name;
	snprintf(out, 32, "%s %u", what, number);
	return out;
}

static size_t count_cores(const struct bpfl_func *func)
{
	size_t nr = 0;

	for (uint32_t i = 0; i < func->nr_insts; i++)
		nr += func->insts[i].core_idx != BPFL_NO_IDX;
	return nr;
}

static const char *extern_kind_text(const struct bpfl_extern *ext)
{
	switch (ext->kind) {
	case BPFL_EXTERN_KCONFIG:
		return "kconfig";
	case BPFL_EXTERN_KSYM_VAR:
		return "ksym variable";
	case BPFL_EXTERN_KSYM_TYPELESS:
		return "ksym address";
	case BPFL_EXTERN_KFUNC:
		return "kernel function";
	}
	return "?";
}

static const char *note_level_text(enum bpfl_log_level level)
{
	return level == BPFL_LOG_WARN ? "warning" : level == BPFL_LOG_INFO ? "note" : "debug";
}

/* ---- text ---- */

static void text_progs(const struct bpfl_spec *spec, struct bpfl_buf *out)
{
	if (spec->progs.nr > 0)
		bpfl_buf_text(out, "\nprograms\n");
	for (size_t i = 0; i < spec->progs.nr; i++) {
		const struct bpfl_prog *prog = &spec->progs.items[i];
		const struct bpfl_func *func = &spec->funcs.items[prog->func_idx];
		char number[32];

		bpfl_buf_printf(out, "  %-24s section '%s'\n", BPFL_ESC(prog->name), BPFL_ESC(prog->section));
		bpfl_buf_printf(out, "    type %s",
				name_or_number(bpfl_prog_type_name(prog->prog_type), "type", prog->prog_type, number));
		if (prog->attach_type != 0)
			bpfl_buf_printf(out, ", attach type %s",
					name_or_number(bpfl_attach_type_name(prog->attach_type), "type",
						       prog->attach_type, number));
		if (prog->prog_flags & BPFL_F_SLEEPABLE)
			bpfl_buf_text(out, ", sleepable");
		if (prog->prog_flags & BPFL_F_XDP_HAS_FRAGS)
			bpfl_buf_text(out, ", frags");
		bpfl_buf_printf(out, "; %u instructions, %zu CO-RE relocations", func->nr_insts, count_cores(func));
		bpfl_buf_text(out, prog->selected ? "\n" : "; not selected\n");
		if (prog->attach_hint != NULL)
			bpfl_buf_printf(out, "    needs --attach %s=%s\n", BPFL_ESC(prog->name), prog->attach_hint);
	}
}

static void text_funcs(const struct bpfl_spec *spec, struct bpfl_buf *out)
{
	bool first = true;
	size_t prog_idx = 0; /* programs are in the order of their functions */

	for (uint32_t i = 0; i < spec->funcs.nr; i++) {
		const struct bpfl_func *func = &spec->funcs.items[i];

		if (prog_idx < spec->progs.nr && spec->progs.items[prog_idx].func_idx == i) {
			prog_idx++;
			continue;
		}
		if (first)
			bpfl_buf_text(out, "\nfunctions\n");
		first = false;
		bpfl_buf_printf(out, "  %-24s section '%s'+0x%x, %u instructions\n", BPFL_ESC(func->name),
				BPFL_ESC(func->section), func->byte_off, func->nr_insts);
	}
}

static void text_map(const struct bpfl_spec *spec, const struct bpfl_map_spec *map, const char *indent,
		     struct bpfl_buf *out)
{
	char number[32], type_text[128];

	bpfl_buf_printf(out, "%s%-24s %s, key %u, value %u, ", indent, BPFL_ESC(map->name),
			name_or_number(bpfl_map_type_name(map->type), "type", map->type, number), map->key_size,
			map->value_size);
	if (map->has_max_entries || map->max_entries != 0)
		bpfl_buf_printf(out, "max_entries %u", map->max_entries);
	else
		bpfl_buf_text(out, "max_entries open");
	if (map->flags != 0)
		bpfl_buf_printf(out, ", flags 0x%x", map->flags);
	if (map->map_extra != 0)
		bpfl_buf_printf(out, ", map_extra 0x%llx", (unsigned long long)map->map_extra);
	if (map->pinning != 0)
		bpfl_buf_text(out, map->pinning == 1 ? ", pinned by name" : ", pinned for this object");
	if (map->value_type_id != 0 && map->data == NULL)
		bpfl_buf_printf(out, ", value '%s'",
				BPFL_ESC(bpfl_btf_type_text(spec->btf, map->value_type_id, type_text,
							    sizeof(type_text))));
	bpfl_buf_text(out, "\n");
	for (size_t i = 0; i < map->nr_slots; i++) {
		const struct bpfl_map_slot *slot = &map->slots[i];
		const char *target = slot->is_prog ? spec->progs.items[slot->target_idx].name :
						     spec->maps.items[slot->target_idx].name;

		bpfl_buf_printf(out, "%s  [%u] = %s\n", indent, slot->key, BPFL_ESC(target));
	}
	for (size_t i = 0; i < map->ops.nr; i++)
		bpfl_buf_printf(out, "%s  .%s = %s\n", indent,
				BPFL_ESC(bpfl_spec_ops_member_name(spec, map, map->ops.items[i].byte_off)),
				BPFL_ESC(spec->progs.items[map->ops.items[i].prog_idx].name));
	if (map->inner != NULL)
		text_map(spec, map->inner, "    ", out);
}

static void text_maps(const struct bpfl_spec *spec, struct bpfl_buf *out)
{
	if (spec->maps.nr > 0)
		bpfl_buf_text(out, "\nmaps\n");
	for (size_t i = 0; i < spec->maps.nr; i++)
		text_map(spec, &spec->maps.items[i], "  ", out);
}

/* The initial value by its type, or as bytes. */
static void text_value(const struct bpfl_spec *spec, const struct bpfl_var *var, struct bpfl_buf *out)
{
	const uint8_t *bytes = spec->maps.items[var->map_idx].data + var->byte_off;

	if (var->size_bytes > VALUE_SIZE_MAX)
		return;
	bpfl_buf_text(out, " = ");
	if (var->type_id == 0 || spec->foreign ||
	    bpfl_btf_value_text(spec->btf, var->type_id, bytes, var->size_bytes, out) < 0) {
		for (uint32_t i = 0; i < var->size_bytes && i < 16; i++)
			bpfl_buf_printf(out, "%s%02x", i > 0 ? " " : "", bytes[i]);
		bpfl_buf_text(out, var->size_bytes > 16 ? " ..." : "");
	}
}

static void text_vars(const struct bpfl_spec *spec, struct bpfl_buf *out)
{
	char type_text[128];

	if (spec->vars.nr > 0)
		bpfl_buf_text(out, "\nvariables\n");
	for (size_t i = 0; i < spec->vars.nr; i++) {
		const struct bpfl_var *var = &spec->vars.items[i];

		bpfl_buf_printf(out, "  %-24s %s+%u, %u bytes", BPFL_ESC(var->name),
				BPFL_ESC(spec->maps.items[var->map_idx].name), var->byte_off, var->size_bytes);
		if (var->type_id != 0)
			bpfl_buf_printf(out, ", %s",
					BPFL_ESC(bpfl_btf_type_text(spec->btf, var->type_id, type_text,
								    sizeof(type_text))));
		text_value(spec, var, out);
		bpfl_buf_text(out, var->is_static ? " (static)\n" : "\n");
	}
}

/*
 * Variables that are named bpf_metadata_KEY say who made the object, and what for: the kernel keeps them
 * with the program.
 */
static void text_metadata(const struct bpfl_spec *spec, struct bpfl_buf *out)
{
	bool first = true;

	for (size_t i = 0; i < spec->vars.nr; i++) {
		const struct bpfl_var *var = &spec->vars.items[i];

		if (!bpfl_text_has_prefix(var->name, BPFL_METADATA_PREFIX))
			continue;
		bpfl_buf_printf(out, "%s  %s", first ? "\nmetadata\n" : "",
				BPFL_ESC(var->name + strlen(BPFL_METADATA_PREFIX)));
		text_value(spec, var, out);
		bpfl_buf_char(out, '\n');
		first = false;
	}
}

static void text_rest(const struct bpfl_spec *spec, struct bpfl_buf *out)
{
	if (spec->externs.nr > 0)
		bpfl_buf_text(out, "\nexterns\n");
	for (size_t i = 0; i < spec->externs.nr; i++) {
		const struct bpfl_extern *ext = &spec->externs.items[i];

		bpfl_buf_printf(out, "  %-24s %s%s\n", BPFL_ESC(ext->name), extern_kind_text(ext),
				ext->weak ? ", weak" : "");
	}
	if (spec->notes.nr > 0)
		bpfl_buf_text(out, "\nnotes\n");
	for (size_t i = 0; i < spec->notes.nr; i++)
		bpfl_buf_printf(out, "  %s: %s\n", note_level_text(spec->notes.items[i].level),
				spec->notes.items[i].text);
}

static void spec_text(const struct bpfl_spec *spec, struct bpfl_buf *out)
{
	bpfl_buf_printf(out, "object   %s\n", BPFL_ESC(spec->name));
	bpfl_buf_printf(out, "license  %s\n", spec->has_license ? BPFL_ESC(spec->license) : "(none)");
	bpfl_buf_printf(out, "order    %s-endian%s\n", spec->big_endian ? "big" : "little",
			spec->foreign ? " (not this machine's: cannot be loaded here)" : "");
	if (spec->kern_version != 0)
		bpfl_buf_printf(out, "version  %u.%u.%u\n", spec->kern_version >> 16, spec->kern_version >> 8 & 0xff,
				spec->kern_version & 0xff);
	if (spec->btf != NULL)
		bpfl_buf_printf(out, "btf      %u types, %zu CO-RE relocations, %zu source lines\n",
				bpfl_btf_nr_types(spec->btf) - 1, spec->cores.nr, spec->lines.nr);
	else
		bpfl_buf_text(out, "btf      (none)\n");
	text_progs(spec, out);
	text_funcs(spec, out);
	text_maps(spec, out);
	text_vars(spec, out);
	bpfl_spec_markers_text(spec, out);
	text_metadata(spec, out);
	text_rest(spec, out);
}

/* ---- JSON ---- */

static void json_prog(const struct bpfl_spec *spec, const struct bpfl_prog *prog, struct bpfl_json *json)
{
	const struct bpfl_func *func = &spec->funcs.items[prog->func_idx];
	const struct bpfl_section_row *row = prog->hit.row;
	char number[32];

	bpfl_json_object_begin(json);
	bpfl_json_member_string(json, "name", prog->name);
	bpfl_json_member_string(json, "section", prog->section);
	bpfl_json_member_string(json, "type",
				name_or_number(bpfl_prog_type_name(prog->prog_type), "type", prog->prog_type, number));
	bpfl_json_member_u64(json, "attach_type", prog->attach_type);
	bpfl_json_member_u64(json, "flags", prog->prog_flags);
	bpfl_json_member_string(json, "hook", row != NULL ? bpfl_hook_name(row->hook) : "");
	bpfl_json_member_string(json, "target", prog->hit.target);
	bpfl_json_member_string(json, "needs_attach", prog->attach_hint != NULL ? prog->attach_hint : "");
	bpfl_json_member_bool(json, "lenient", prog->hit.match == BPFL_MATCH_LENIENT);
	bpfl_json_member_bool(json, "selected", prog->selected);
	bpfl_json_member_u64(json, "insns", func->nr_insts);
	bpfl_json_member_u64(json, "core_relocations", count_cores(func));
	bpfl_json_object_end(json);
}

static void json_map(const struct bpfl_spec *spec, const struct bpfl_map_spec *map, struct bpfl_json *json)
{
	char number[32];

	bpfl_json_object_begin(json);
	bpfl_json_member_string(json, "name", map->name);
	bpfl_json_member_string(json, "section", map->section);
	bpfl_json_member_string(json, "type", name_or_number(bpfl_map_type_name(map->type), "type", map->type, number));
	bpfl_json_member_u64(json, "key_size", map->key_size);
	bpfl_json_member_u64(json, "value_size", map->value_size);
	bpfl_json_key(json, "max_entries");
	if (map->has_max_entries || map->max_entries != 0)
		bpfl_json_u64(json, map->max_entries);
	else
		bpfl_json_null(json);
	bpfl_json_member_u64(json, "flags", map->flags);
	bpfl_json_member_u64(json, "map_extra", map->map_extra);
	bpfl_json_member_u64(json, "pinning", map->pinning);
	if (map->nr_slots > 0) {
		bpfl_json_key(json, "values");
		bpfl_json_array_begin(json);
		for (size_t i = 0; i < map->nr_slots; i++) {
			const struct bpfl_map_slot *slot = &map->slots[i];

			bpfl_json_object_begin(json);
			bpfl_json_member_u64(json, "slot", slot->key);
			bpfl_json_member_string(json, slot->is_prog ? "program" : "map",
				  slot->is_prog ? spec->progs.items[slot->target_idx].name :
						  spec->maps.items[slot->target_idx].name);
			bpfl_json_object_end(json);
		}
		bpfl_json_array_end(json);
	}
	if (map->ops.nr > 0) {
		bpfl_json_key(json, "members");
		bpfl_json_object_begin(json);
		for (size_t i = 0; i < map->ops.nr; i++)
			bpfl_json_member_string(json, bpfl_spec_ops_member_name(spec, map, map->ops.items[i].byte_off),
				  spec->progs.items[map->ops.items[i].prog_idx].name);
		bpfl_json_object_end(json);
	}
	if (map->inner != NULL) {
		bpfl_json_key(json, "inner");
		json_map(spec, map->inner, json);
	}
	bpfl_json_object_end(json);
}

static void json_var(const struct bpfl_spec *spec, const struct bpfl_var *var, struct bpfl_json *json)
{
	char type_text[128];

	bpfl_json_object_begin(json);
	bpfl_json_member_string(json, "name", var->name);
	bpfl_json_member_string(json, "map", spec->maps.items[var->map_idx].name);
	bpfl_json_member_u64(json, "byte_off", var->byte_off);
	bpfl_json_member_u64(json, "size_bytes", var->size_bytes);
	bpfl_json_member_bool(json, "static", var->is_static);
	if (var->type_id != 0) {
		bpfl_json_member_string(json, "type",
					bpfl_btf_type_text(spec->btf, var->type_id, type_text, sizeof(type_text)));
		if (!spec->foreign && var->size_bytes <= VALUE_SIZE_MAX) {
			bpfl_json_key(json, "value");
			bpfl_btf_value_json(spec->btf, var->type_id,
					    spec->maps.items[var->map_idx].data + var->byte_off, var->size_bytes, json);
		}
	}
	bpfl_json_object_end(json);
}

static void json_extern(const struct bpfl_extern *ext, struct bpfl_json *json)
{
	bpfl_json_object_begin(json);
	bpfl_json_member_string(json, "name", ext->name);
	bpfl_json_member_string(json, "kind", extern_kind_text(ext));
	bpfl_json_member_bool(json, "weak", ext->weak);
	bpfl_json_object_end(json);
}

static void json_lists(const struct bpfl_spec *spec, struct bpfl_json *json)
{
	bpfl_json_key(json, "programs");
	bpfl_json_array_begin(json);
	for (size_t i = 0; i < spec->progs.nr; i++)
		json_prog(spec, &spec->progs.items[i], json);
	bpfl_json_array_end(json);
	bpfl_json_key(json, "maps");
	bpfl_json_array_begin(json);
	for (size_t i = 0; i < spec->maps.nr; i++)
		json_map(spec, &spec->maps.items[i], json);
	bpfl_json_array_end(json);
	bpfl_json_key(json, "variables");
	bpfl_json_array_begin(json);
	for (size_t i = 0; i < spec->vars.nr; i++)
		json_var(spec, &spec->vars.items[i], json);
	bpfl_json_array_end(json);
	bpfl_spec_markers_json(spec, json);
	bpfl_json_key(json, "metadata");
	bpfl_json_object_begin(json);
	for (size_t i = 0; i < spec->vars.nr; i++) {
		const struct bpfl_var *var = &spec->vars.items[i];

		if (!bpfl_text_has_prefix(var->name, BPFL_METADATA_PREFIX) || var->type_id == 0 || spec->foreign)
			continue;
		bpfl_json_key(json, var->name + strlen(BPFL_METADATA_PREFIX));
		bpfl_btf_value_json(spec->btf, var->type_id, spec->maps.items[var->map_idx].data + var->byte_off,
				    var->size_bytes, json);
	}
	bpfl_json_object_end(json);
	bpfl_json_key(json, "externs");
	bpfl_json_array_begin(json);
	for (size_t i = 0; i < spec->externs.nr; i++)
		json_extern(&spec->externs.items[i], json);
	bpfl_json_array_end(json);
	bpfl_json_key(json, "notes");
	bpfl_json_array_begin(json);
	for (size_t i = 0; i < spec->notes.nr; i++) {
		bpfl_json_object_begin(json);
		bpfl_json_member_string(json, "level", note_level_text(spec->notes.items[i].level));
		bpfl_json_member_string(json, "text", spec->notes.items[i].text);
		bpfl_json_object_end(json);
	}
	bpfl_json_array_end(json);
}

static void spec_json(const struct bpfl_spec *spec, struct bpfl_buf *out)
{
	struct bpfl_json json;

	bpfl_json_init(&json, out);
	bpfl_json_object_begin(&json);
	bpfl_json_member_string(&json, "object", spec->name);
	bpfl_json_key(&json, "license");
	if (spec->has_license)
		bpfl_json_string(&json, spec->license);
	else
		bpfl_json_null(&json);
	bpfl_json_member_string(&json, "byte_order", spec->big_endian ? "big" : "little");
	bpfl_json_member_bool(&json, "foreign", spec->foreign);
	bpfl_json_member_u64(&json, "btf_types", spec->btf != NULL ? bpfl_btf_nr_types(spec->btf) - 1 : 0);
	bpfl_json_member_u64(&json, "core_relocations", spec->cores.nr);
	json_lists(spec, &json);
	bpfl_json_object_end(&json);
	bpfl_buf_char(out, '\n');
}

int bpfl_spec_text(const struct bpfl_spec *spec, enum bpfl_format format, char **ret_text, struct bpfl_error *err)
{
	struct bpfl_buf out = BPFL_BUF_INIT;

	if (format == BPFL_FORMAT_JSON)
		spec_json(spec, &out);
	else
		spec_text(spec, &out);
	if (!bpfl_buf_ok(&out)) {
		bpfl_buf_deinit(&out);
		return bpfl_error_nomem(err);
	}
	*ret_text = bpfl_buf_take(&out);
	return 0;
}
