/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf/dump_find.c: the types of one name, each by itself.
 *
 * Unlike the header, this text is for people: what a type needs is not there, but each member's
 * offset and size are. Everything with a name can be found: also functions, variables, sections,
 * tags.
 */
#include "btf/dump.h"

#include "base/error.h"
#include "base/text.h"

/* "/" "* 12: struct, 8 bytes *" "/" */
static void put_caption(struct bpfl_dump *dump, uint32_t id)
{
	enum bpfl_btf_kind kind = bpfl_btf_kind(dump->types[id]);
	uint32_t size;

	bpfl_dump_put_text(&dump->out, "/* ");
	bpfl_dump_put_u64(&dump->out, id);
	bpfl_dump_put_text(&dump->out, ": ");
	bpfl_dump_put_text(&dump->out, bpfl_btf_kind_name(kind));
	if (kind != BPFL_KIND_FWD && bpfl_btf_size(dump->btf, id, &size) == 0) {
		bpfl_dump_put_text(&dump->out, ", ");
		bpfl_dump_put_u64(&dump->out, size);
		bpfl_dump_put_text(&dump->out, size == 1 ? " byte" : " bytes");
	}
	bpfl_dump_put_text(&dump->out, " */\n");
}

static void put_found_c(struct bpfl_dump *dump, uint32_t id)
{
	static const char *const linkages[] = { "static ", "", "extern " };
	const struct bpfl_btf_type *type = dump->types[id];
	const char *name = bpfl_btf_string(dump->btf, type->name_off);
	enum bpfl_btf_kind kind = bpfl_btf_kind(type);
	uint32_t linkage;

	put_caption(dump, id);
	switch (kind) {
	case BPFL_KIND_STRUCT:
	case BPFL_KIND_UNION:
	case BPFL_KIND_ENUM:
	case BPFL_KIND_ENUM64:
	case BPFL_KIND_TYPEDEF:
		bpfl_dump_define(dump, id);
		break;
	case BPFL_KIND_FWD:
		bpfl_dump_put_tag(dump, id);
		bpfl_dump_put_text(&dump->out, ";\n");
		break;
	case BPFL_KIND_FUNC:
	case BPFL_KIND_VAR:
		linkage = kind == BPFL_KIND_FUNC ? bpfl_btf_vlen(type) : bpfl_btf_var_linkage(type);
		bpfl_dump_put_text(&dump->out, linkages[linkage <= BPFL_LINKAGE_EXTERN ? linkage : 1]);
		bpfl_dump_declare(dump, type->type, name, 0, 0, BPFL_DUMP_AT_TOP);
		bpfl_dump_put_text(&dump->out, ";\n");
		break;
	default: /* C has no way to say these: as in the listing */
		bpfl_dump_list_type(dump, id, BPFL_BTF_RAW);
	}
}

static void put_found(struct bpfl_dump *dump, uint32_t id, enum bpfl_btf_format format, bool is_first)
{
	if (format == BPFL_BTF_C) {
		if (!is_first)
			bpfl_dump_put_char(&dump->out, '\n');
		put_found_c(dump, id);
	} else {
		if (format == BPFL_BTF_JSON && !is_first)
			bpfl_dump_put_text(&dump->out, ",\n");
		bpfl_dump_list_type(dump, id, format);
	}
}

static int not_found(const struct bpfl_dump *dump, const char *name, struct bpfl_error *err)
{
	struct bpfl_near near;
	char near_text[512];
	int ret = bpfl_error_set(err, BPFL_ERR_USAGE, ENOENT, "no type is called '%s'", BPFL_ESC(name));

	bpfl_near_init(&near, name);
	for (uint32_t id = 1; id < dump->nr_types; id++) {
		if (bpfl_dump_is_named(dump, dump->types[id]))
			bpfl_near_offer(&near, bpfl_btf_string(dump->btf, dump->types[id]->name_off));
	}
	if (bpfl_near_text(&near, near_text, sizeof(near_text))[0] != '\0')
		bpfl_error_fix(err, "did you mean %s?", near_text);
	else
		bpfl_error_fix(err, "search with a pattern: '*%s*'", BPFL_ESC(name));
	return ret;
}

int bpfl_btf_print_named(const struct bpfl_btf *btf, const char *name, enum bpfl_btf_format format,
			 bpfl_write_fn write, void *ctx, struct bpfl_error *err)
{
	bool is_pattern = strpbrk(name, "*?") != NULL;
	struct bpfl_dump dump;
	bool found = false;
	int ret;

	if (bpfl_dump_init(&dump, btf, write, ctx) < 0)
		return bpfl_error_nomem(err);
	dump.is_single = true;
	dump.with_places = true;
	for (uint32_t id = 1; id < dump.nr_types && dump.out.ret == 0 && name[0] != '\0'; id++) {
		const char *candidate = bpfl_btf_string(btf, dump.types[id]->name_off);

		if (candidate[0] == '\0' ||
		    (is_pattern ? !bpfl_text_glob(name, candidate) : strcmp(name, candidate) != 0))
			continue;
		if (format == BPFL_BTF_JSON && !found)
			bpfl_dump_put_text(&dump.out, "{\"types\":[\n");
		put_found(&dump, id, format, !found);
		found = true;
	}
	if (format == BPFL_BTF_JSON && found)
		bpfl_dump_put_text(&dump.out, "\n]}\n");
	ret = bpfl_dump_finish(&dump, err);
	if (ret == 0 && !found)
		ret = not_found(&dump, name, err);
	bpfl_dump_deinit(&dump);
	return ret;
}
