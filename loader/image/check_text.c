/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/check_text: a check as lines for people, and as one line of JSON.
 */
#include "image/check.h"

#include <stdio.h>
#include "base/json.h"
#include "base/text.h"
#include "image/since.h"

const char *bpfl_check_kind_name(enum bpfl_check_kind kind)
{
	static const char *const names[BPFL_CHECK_NR_KINDS] = {
		[BPFL_CHECK_RELOCATION] = "relocation",
		[BPFL_CHECK_ATTACH] = "attach",
		[BPFL_CHECK_KFUNC] = "kfunc",
		[BPFL_CHECK_KSYM] = "ksym",
		[BPFL_CHECK_KCONFIG] = "kconfig",
		[BPFL_CHECK_HELPER] = "helper",
		[BPFL_CHECK_MAP_TYPE] = "map type",
		[BPFL_CHECK_PROG_TYPE] = "program type",
		[BPFL_CHECK_ATTACH_TYPE] = "attach type",
		[BPFL_CHECK_MAP_FLAG] = "map flag",
		[BPFL_CHECK_OPS_MEMBER] = "member",
		[BPFL_CHECK_MAP_SIZE] = "map size",
	};

	return (unsigned)kind < BPFL_CHECK_NR_KINDS ? names[kind] : "?";
}

const char *bpfl_check_status_name(enum bpfl_check_kind kind, enum bpfl_check_status status)
{
	static const char *const names[BPFL_CHECK_NR_STATUSES] = {
		[BPFL_CHECK_OK] = "ok",		  [BPFL_CHECK_MOVED] = "moved",
		[BPFL_CHECK_RESIZED] = "resized", [BPFL_CHECK_MISSING] = "missing",
		[BPFL_CHECK_UNKNOWN] = "unknown", [BPFL_CHECK_OPEN] = "open",
	};

	if (kind != BPFL_CHECK_RELOCATION && status == BPFL_CHECK_OK) {
		return "present";
	}
	if (kind != BPFL_CHECK_RELOCATION && status == BPFL_CHECK_MISSING) {
		return "absent";
	}
	return (unsigned)status < BPFL_CHECK_NR_STATUSES ? names[status] : "?";
}

const char *bpfl_check_verdict_name(enum bpfl_check_verdict verdict)
{
	static const char *const names[] = {
		[BPFL_CHECK_FITS] = "fits",
		[BPFL_CHECK_UNSURE] = "unsure",
		[BPFL_CHECK_LACKS] = "lacks",
	};

	return (unsigned)verdict < sizeof(names) / sizeof(names[0]) ? names[verdict] : "?";
}

/* ---- lines ---- */

static bool is_worth_a_line(const struct bpfl_check_item *item)
{
	return item->status == BPFL_CHECK_OPEN ||
	       (item->needed &&
		(item->status == BPFL_CHECK_MISSING || item->status == BPFL_CHECK_UNKNOWN));
}

/* Relocations and externs name themselves in their sentence. */
static bool is_named_by_text(enum bpfl_check_kind kind)
{
	return kind == BPFL_CHECK_RELOCATION || kind == BPFL_CHECK_KFUNC ||
	       kind == BPFL_CHECK_KSYM || kind == BPFL_CHECK_KCONFIG;
}

static const char *remark(const struct bpfl_check_item *item)
{
	if (item->guarded) {
		return " [guarded: no path leads there]";
	}
	if (item->kind == BPFL_CHECK_KFUNC && item->needed && item->prog[0] != '\0') {
		return " [but a path leads to a call of it]";
	}
	if (item->status != BPFL_CHECK_MISSING || item->needed) {
		return "";
	}
	return item->kind == BPFL_CHECK_RELOCATION ? " [the program asks]" : " [optional]";
}

static void item_line(const struct bpfl_check_item *item, struct bpfl_buf *out)
{
	bpfl_buf_printf(out, "  %-8s %-12s ", bpfl_check_status_name(item->kind, item->status),
			bpfl_check_kind_name(item->kind));
	if (item->prog[0] != '\0') {
		bpfl_buf_printf(out, "program '%s'", BPFL_ESC(item->prog));
		if (item->kind == BPFL_CHECK_RELOCATION || item->kind == BPFL_CHECK_HELPER) {
			bpfl_buf_printf(out, ", instruction %u", item->insn_idx);
		}
		/* What is missing names its place itself. */
		if (item->place[0] != '\0' && item->status != BPFL_CHECK_MISSING) {
			bpfl_buf_printf(out, " (%s)", BPFL_ESC(item->place));
		}
		bpfl_buf_text(out, ": ");
	}
	if (!is_named_by_text(item->kind)) {
		bpfl_buf_printf(out, "%s%s", BPFL_ESC(item->name),
				item->text[0] != '\0' ? ": " : "");
	}
	bpfl_buf_printf(out, "%s%s\n", item->text, remark(item));
}

/* ---- JSON ---- */

static void version_json(struct bpfl_json *json, uint32_t version)
{
	char text[16];

	if (version == 0) {
		bpfl_json_null(json);
		return;
	}
	snprintf(text, sizeof(text), "%u.%u", BPFL_VERSION_ARGS(version));
	bpfl_json_string(json, text);
}

static void field(struct bpfl_json *json, const char *key, const char *text)
{
	bpfl_json_key(json, key);
	bpfl_json_string(json, text);
}

static void item_json(struct bpfl_json *json, const struct bpfl_check_item *item)
{
	bpfl_json_object_begin(json);
	field(json, "kind", bpfl_check_kind_name(item->kind));
	field(json, "name", item->name);
	field(json, "status", bpfl_check_status_name(item->kind, item->status));
	bpfl_json_member_bool(json, "needed", item->needed);
	bpfl_json_member_string(json, "at", item->at_load ? "load" : "attach");
	field(json, "text", item->text);
	if (item->prog[0] != '\0') {
		field(json, "program", item->prog);
	}
	if (item->kind == BPFL_CHECK_RELOCATION || item->kind == BPFL_CHECK_HELPER) {
		bpfl_json_member_u64(json, "instruction", item->insn_idx);
		bpfl_json_member_bool(json, "guarded", item->guarded);
	}
	if (item->kind == BPFL_CHECK_RELOCATION) {
		field(json, "local", item->name);
		bpfl_json_key(json, "kernel");
		if (item->kernel[0] != '\0') {
			bpfl_json_string(json, item->kernel);
		} else {
			bpfl_json_null(json);
		}
		field(json, "source", item->place);
	}
	if (item->since != 0) {
		bpfl_json_key(json, "since");
		version_json(json, item->since);
	}
	bpfl_json_object_end(json);
}

static void capabilities_json(struct bpfl_json *json, const char *text)
{
	bpfl_json_array_begin(json);
	while (*text != '\0') {
		const char *end = text;

		while (*end != '\0' && *end != ',') {
			end++;
		}
		bpfl_json_string_sized(json, text, (size_t)(end - text));
		text = end;
		while (*text == ',' || *text == ' ') {
			text++;
		}
	}
	bpfl_json_array_end(json);
}

static void counts_json(struct bpfl_json *json, const struct bpfl_check_view *view)
{
	bpfl_json_object_begin(json);
	for (int status = 0; status <= BPFL_CHECK_MISSING; status++) {
		bpfl_json_key(json, bpfl_check_status_name(BPFL_CHECK_RELOCATION,
							   (enum bpfl_check_status)status));
		bpfl_json_u64(json, view->nr_relocations[status]);
	}
	bpfl_json_member_u64(json, "guarded", view->nr_guarded);
	bpfl_json_object_end(json);
}

static void check_json(const struct bpfl_check *check, const char *object, const char *kernel,
		       struct bpfl_buf *out)
{
	struct bpfl_json json;
	struct bpfl_check_view view;

	bpfl_check_get(check, &view);
	bpfl_json_init(&json, out);
	bpfl_json_object_begin(&json);
	bpfl_json_member_u64(&json, "v", 1);
	field(&json, "type", "check");
	field(&json, "object", object);
	field(&json, "kernel", kernel);
	field(&json, "verdict", bpfl_check_verdict_name(view.verdict));
	field(&json, "loads", bpfl_check_verdict_name(view.loads));
	bpfl_json_member_u64(&json, "lacking", view.nr_lacking);
	bpfl_json_member_u64(&json, "unknown", view.nr_unknown);
	bpfl_json_member_u64(&json, "open", view.nr_open);
	bpfl_json_key(&json, "relocations");
	counts_json(&json, &view);
	bpfl_json_key(&json, "since");
	version_json(&json, view.since);
	bpfl_json_key(&json, "capabilities");
	capabilities_json(&json, view.capabilities);
	bpfl_json_key(&json, "items");
	bpfl_json_array_begin(&json);
	for (size_t i = 0; i < check->items.nr; i++) {
		item_json(&json, &check->items.items[i]);
	}
	bpfl_json_array_end(&json);
	bpfl_json_object_end(&json);
	bpfl_buf_char(out, '\n');
}

int bpfl_check_text(const struct bpfl_check *check, enum bpfl_format format, bool all,
		    const char *object, const char *kernel, char **ret_text, struct bpfl_error *err)
{
	struct bpfl_buf out = BPFL_BUF_INIT;

	if (format == BPFL_FORMAT_JSON) {
		check_json(check, object, kernel, &out);
	} else {
		for (size_t i = 0; i < check->items.nr; i++) {
			if (all || is_worth_a_line(&check->items.items[i])) {
				item_line(&check->items.items[i], &out);
			}
		}
	}
	if (!bpfl_buf_ok(&out)) {
		bpfl_buf_deinit(&out);
		return bpfl_error_nomem(err);
	}
	*ret_text = bpfl_buf_take(&out);
	return 0;
}
