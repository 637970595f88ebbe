/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spec/markers.c: what an object says about itself, for those who show it.
 *
 * Public gadgets carry messages in names: a variable that nobody uses is called
 * "gadget_tracer_opens___events___event", and means that the events of map "events" are struct event. Their
 * newer objects say the same by declaration tags ("ig:tracer:opens___events___event"), and tag the programs of
 * an iterator one by one. Both are read into the same list. A marker that names something which is not there is
 * left out with a note: the object may still be run.
 *
 * Two kinds say where a program is attached; that is written into the program here, as if its section had said it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "spec/reader.h"

#define SEPARATOR "___"
#define TAG_PREFIX "ig:"

/* In what order the parts of a name come: N name, M map, T type, V variable, P program, p more programs. */
static const struct {
	const char *prefix, *tag; /* of a variable's name; of a declaration tag; NULL: none */
	enum bpfl_marker_kind kind;
	const char *parts;
} rows[] = {
	{ "gadget_tracer_", "tracer:", BPFL_MARKER_TRACER, "NMT" },
	{ "gadget_param_", "param:", BPFL_MARKER_PARAM, "V" },
	{ "gadget_mapiter_", "mapiter:", BPFL_MARKER_MAPITER, "NM" },
	{ "gadget_iter_", NULL, BPFL_MARKER_ITER, "NTPpp" },
	{ "gadget_snapshotter_", NULL, BPFL_MARKER_ITER, "NTPpp" },
	{ NULL, "iter_type:", BPFL_MARKER_ITER, "NT" },
	{ "gadget_mapelem_iter_target_", "iter_target_map:", BPFL_MARKER_ITER_TARGET, "PM" },
	{ "gadget_sk_prog_target_", "sk_target_map:", BPFL_MARKER_SK_TARGET, "PM" },
};

#define NR_ROWS (sizeof(rows) / sizeof(rows[0]))

void bpfl_marker_deinit(struct bpfl_marker *marker)
{
	free(marker->text);
	free(marker->words);
}

/* ---- one marker ---- */

static char **slot_of(struct bpfl_marker *marker, char part)
{
	switch (part) {
	case 'N': return &marker->name;
	case 'M': return &marker->map;
	case 'T': return &marker->type;
	case 'V': return &marker->var;
	default:
		return marker->nr_progs < BPFL_MARKER_PROGS_MAX ? &marker->progs[marker->nr_progs++] : NULL;
	}
}

/* Takes the words apart. False: there are too few, or too many. */
static bool parts_take(struct bpfl_marker *marker, const char *parts)
{
	char *at = marker->words;

	for (; *parts; parts++) {
		char *end = strstr(at, SEPARATOR);
		char **slot = slot_of(marker, *parts);

		if (!slot)
			return false;
		*slot = at;
		if (!end)
			return *at != '\0' && (parts[1] == '\0' || parts[1] == 'p');
		if (end == at)
			return false;
		*end = '\0';
		at = end + strlen(SEPARATOR);
	}
	return false;
}

/* The first thing that a marker names and the object does not have; NULL: all are there. */
static const char *missing(const struct bpfl_spec *spec, const struct bpfl_marker *marker)
{
	if (marker->map && bpfl_spec_map_idx(spec, marker->map) == BPFL_NO_IDX)
		return marker->map;
	if (marker->type && bpfl_btf_find(spec->btf, BPFL_KIND_STRUCT, marker->type, 1) == 0)
		return marker->type;
	if (marker->var && bpfl_spec_var_idx(spec, marker->var) == BPFL_NO_IDX)
		return marker->var;
	for (size_t i = 0; i < marker->nr_progs; i++) {
		if (bpfl_spec_prog_idx(spec, marker->progs[i]) == BPFL_NO_IDX)
			return marker->progs[i];
	}
	return NULL;
}

static bool is_known(const struct bpfl_spec *spec, const struct bpfl_marker *marker)
{
	for (size_t i = 0; i < spec->markers.nr; i++) {
		const struct bpfl_marker *other = &spec->markers.items[i];
		const char *mine = marker->name ? marker->name : marker->var ? marker->var : marker->progs[0];
		const char *theirs = other->name ? other->name : other->var ? other->var : other->progs[0];

		if (other->kind == marker->kind && strcmp(mine, theirs) == 0)
			return true;
	}
	return false;
}

static int add_marker(struct bpfl_spec *spec, size_t row, const char *text, const char *words)
{
	struct bpfl_marker marker = { .kind = rows[row].kind, .text = bpfl_strdup(text), .words = bpfl_strdup(words) },
			   *slot;
	const char *name;
	int ret = 0;

	if (!marker.text || !marker.words) {
		ret = -ENOMEM;
	} else if (!parts_take(&marker, rows[row].parts)) {
		bpfl_spec_note(spec, BPFL_LOG_INFO, "'%s' is no marker that can be read", BPFL_ESC(text));
	} else if ((name = missing(spec, &marker)) != NULL) {
		bpfl_spec_note(spec, BPFL_LOG_INFO, "marker '%s' names '%s', which the object does not have",
			       BPFL_ESC(text), BPFL_ESC(name));
	} else if (!is_known(spec, &marker)) {
		slot = BPFL_VEC_PUSH(&spec->markers);
		if (slot) {
			*slot = marker;
			return 0;
		}
		ret = -ENOMEM;
	}
	bpfl_marker_deinit(&marker);
	return ret;
}

/* ---- finding them ---- */

static int read_name(struct bpfl_spec *spec, const char *name)
{
	for (size_t i = 0; i < NR_ROWS; i++) {
		if (rows[i].prefix && bpfl_text_has_prefix(name, rows[i].prefix))
			return add_marker(spec, i, name, name + strlen(rows[i].prefix));
	}
	return 0;
}

static int read_tag(struct bpfl_spec *spec, const char *text)
{
	const char *words = text + strlen(TAG_PREFIX);

	for (size_t i = 0; i < NR_ROWS; i++) {
		if (rows[i].tag && bpfl_text_has_prefix(words, rows[i].tag))
			return add_marker(spec, i, text, words + strlen(rows[i].tag));
	}
	return 0;
}

/* "ig:iter:NAME" on a function: one of the programs of that iterator. */
static int read_iter_member(struct bpfl_spec *spec, const char *text, const char *func)
{
	const char *name = text + strlen(TAG_PREFIX "iter:");
	int32_t prog_idx = bpfl_spec_prog_idx(spec, func);

	for (size_t i = 0; i < spec->markers.nr && prog_idx != BPFL_NO_IDX; i++) {
		struct bpfl_marker *marker = &spec->markers.items[i];

		if (marker->kind == BPFL_MARKER_ITER && strcmp(marker->name, name) == 0 &&
		    marker->nr_progs < BPFL_MARKER_PROGS_MAX) {
			marker->progs[marker->nr_progs++] = spec->progs.items[prog_idx].name;
			return 0;
		}
	}
	return 0;
}

/* What the tag stands on: a VAR, or with func a FUNC; "" otherwise. */
static const char *tagged_name(const struct bpfl_btf *btf, const struct bpfl_btf_type *tag, enum bpfl_btf_kind kind)
{
	const struct bpfl_btf_type *type = bpfl_btf_type(btf, tag->type);

	return type && bpfl_btf_kind(type) == kind && bpfl_btf_tag_component(tag) == -1
		       ? bpfl_btf_string(btf, type->name_off)
		       : "";
}

static int read_types(struct bpfl_spec *spec, bool members)
{
	const struct bpfl_btf *btf = spec->btf;
	int ret = 0;

	for (uint32_t id = 1; ret == 0 && id < bpfl_btf_nr_types(btf); id++) {
		const struct bpfl_btf_type *type = bpfl_btf_type(btf, id);
		enum bpfl_btf_kind kind = bpfl_btf_kind(type);
		const char *text = kind == BPFL_KIND_VAR || kind == BPFL_KIND_DECL_TAG
					   ? bpfl_btf_string(btf, type->name_off)
					   : "";

		if (kind == BPFL_KIND_VAR && !members && bpfl_text_has_prefix(text, "gadget_"))
			ret = read_name(spec, text);
		else if (kind == BPFL_KIND_DECL_TAG && bpfl_text_has_prefix(text, TAG_PREFIX "iter:") && members)
			ret = read_iter_member(spec, text, tagged_name(btf, type, BPFL_KIND_FUNC));
		else if (kind == BPFL_KIND_DECL_TAG && bpfl_text_has_prefix(text, TAG_PREFIX) && !members &&
			 tagged_name(btf, type, BPFL_KIND_VAR)[0])
			ret = read_tag(spec, text);
	}
	return ret;
}

/* ---- where programs go ---- */

static bool takes_target(const struct bpfl_prog *prog, enum bpfl_marker_kind kind)
{
	if (!prog->hit.row)
		return false;
	if (kind == BPFL_MARKER_ITER_TARGET)
		return prog->hit.row->hook == BPFL_HOOK_ITER && bpfl_text_has_prefix(prog->hit.target, "bpf_map_elem");
	return prog->hit.row->hook == BPFL_HOOK_SOCKMAP;
}

static int apply_targets(struct bpfl_spec *spec)
{
	for (size_t i = 0; i < spec->markers.nr; i++) {
		const struct bpfl_marker *marker = &spec->markers.items[i];
		struct bpfl_prog *prog;

		if (marker->kind != BPFL_MARKER_ITER_TARGET && marker->kind != BPFL_MARKER_SK_TARGET)
			continue;
		prog = &spec->progs.items[bpfl_spec_prog_idx(spec, marker->progs[0])];
		if (!takes_target(prog, marker->kind)) {
			bpfl_spec_note(spec, BPFL_LOG_INFO, "marker '%s': section '%s' takes no map",
				       BPFL_ESC(marker->text), BPFL_ESC(prog->section));
			continue;
		}
		free(prog->attach_where);
		prog->attach_where = bpfl_strdup(marker->map);
		if (!prog->attach_where)
			return -ENOMEM;
		free(prog->attach_hint);
		prog->attach_hint = NULL;
	}
	return 0;
}

int bpfl_read_markers(struct bpfl_reader *reader)
{
	struct bpfl_spec *spec = reader->spec;
	int ret = 0;

	if (!spec->btf)
		return 0;
	ret = read_types(spec, false);
	if (ret == 0)
		ret = read_types(spec, true);
	if (ret == 0)
		ret = apply_targets(spec);
	return ret < 0 ? bpfl_error_nomem(reader->err) : 0;
}

/* ---- asking ---- */

size_t bpfl_spec_nr_markers(const struct bpfl_spec *spec)
{
	return spec->markers.nr;
}

int bpfl_spec_marker_view(const struct bpfl_spec *spec, size_t idx, struct bpfl_marker_view *ret_view)
{
	const struct bpfl_marker *marker;

	if (idx >= spec->markers.nr)
		return -ERANGE;
	marker = &spec->markers.items[idx];
	*ret_view = (struct bpfl_marker_view){ .kind = marker->kind,
					       .text = marker->text,
					       .name = marker->name,
					       .map = marker->map,
					       .type = marker->type,
					       .var = marker->var,
					       .nr_progs = marker->nr_progs };
	for (size_t i = 0; i < marker->nr_progs; i++)
		ret_view->progs[i] = marker->progs[i];
	return 0;
}

/* ---- in words ---- */

static void put_marker(const struct bpfl_marker *marker, struct bpfl_buf *out)
{
	switch (marker->kind) {
	case BPFL_MARKER_TRACER:
		bpfl_buf_printf(out, "events '%s': struct %s through map '%s'", BPFL_ESC(marker->name),
				BPFL_ESC(marker->type), BPFL_ESC(marker->map));
		break;
	case BPFL_MARKER_PARAM:
		bpfl_buf_printf(out, "parameter %s: --param %s=...", BPFL_ESC(marker->var), BPFL_ESC(marker->var));
		break;
	case BPFL_MARKER_MAPITER:
		bpfl_buf_printf(out, "table '%s': the elements of map '%s'", BPFL_ESC(marker->name),
				BPFL_ESC(marker->map));
		break;
	case BPFL_MARKER_ITER:
		bpfl_buf_printf(out, "table '%s': struct %s from", BPFL_ESC(marker->name), BPFL_ESC(marker->type));
		for (size_t i = 0; i < marker->nr_progs; i++)
			bpfl_buf_printf(out, "%s '%s'", i ? "," : "", BPFL_ESC(marker->progs[i]));
		break;
	case BPFL_MARKER_ITER_TARGET:
	case BPFL_MARKER_SK_TARGET:
		bpfl_buf_printf(out, "program '%s' is attached to map '%s'", BPFL_ESC(marker->progs[0]),
				BPFL_ESC(marker->map));
		break;
	}
}

void bpfl_spec_markers_text(const struct bpfl_spec *spec, struct bpfl_buf *out)
{
	if (spec->markers.nr > 0)
		bpfl_buf_text(out, "\ndescribes itself\n");
	for (size_t i = 0; i < spec->markers.nr; i++) {
		bpfl_buf_text(out, "  ");
		put_marker(&spec->markers.items[i], out);
		bpfl_buf_char(out, '\n');
	}
}

void bpfl_spec_markers_json(const struct bpfl_spec *spec, struct bpfl_json *json)
{
	static const char *const kinds[] = {
		[BPFL_MARKER_TRACER] = "tracer", [BPFL_MARKER_PARAM] = "param", [BPFL_MARKER_MAPITER] = "mapiter",
		[BPFL_MARKER_ITER] = "iter", [BPFL_MARKER_ITER_TARGET] = "iter_target", [BPFL_MARKER_SK_TARGET] = "sk_target",
	};

	bpfl_json_key(json, "markers");
	bpfl_json_array_begin(json);
	for (size_t i = 0; i < spec->markers.nr; i++) {
		const struct bpfl_marker *marker = &spec->markers.items[i];

		bpfl_json_object_begin(json);
		bpfl_json_member_string(json, "kind", kinds[marker->kind]);
		if (marker->name)
			bpfl_json_member_string(json, "name", marker->name);
		if (marker->map)
			bpfl_json_member_string(json, "map", marker->map);
		if (marker->type)
			bpfl_json_member_string(json, "type", marker->type);
		if (marker->var)
			bpfl_json_member_string(json, "variable", marker->var);
		if (marker->nr_progs > 0) {
			bpfl_json_key(json, "programs");
			bpfl_json_array_begin(json);
			for (size_t p = 0; p < marker->nr_progs; p++)
				bpfl_json_string(json, marker->progs[p]);
			bpfl_json_array_end(json);
		}
		bpfl_json_object_end(json);
	}
	bpfl_json_array_end(json);
}
