/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf/list.c: the records of a BTF as they stand there, as lines or as JSON.
 *
 *     [12] STRUCT 'x' size=8 vlen=1          {"id":12,"kind":"STRUCT","name":"x","size":8,"vlen":1,"members":[
 *             'a' type_id=3 bits_offset=0      {"name":"a","type_id":3,"bits_offset":0}]}
 *
 * Both are the same sequence of keys and values, so one function per kind says them and the helpers
 * at the top know how each is written. The words are those of bpftool's listing, which people's
 * scripts already read.
 */
#include "btf/dump.h"

struct list {
	struct bpfl_dump *dump;
	struct bpfl_dump_out *out;
	bool is_json;
	bool has_items; /* in the list of items that is open */
};

static const char *const kind_words[BPFL_NR_KINDS] = {
	"VOID",	 "INT",	     "PTR",  "ARRAY",	   "STRUCT", "UNION",	"ENUM",	 "FWD",	     "TYPEDEF",	 "VOLATILE",
	"CONST", "RESTRICT", "FUNC", "FUNC_PROTO", "VAR",    "DATASEC", "FLOAT", "DECL_TAG", "TYPE_TAG", "ENUM64",
};

/* ---- keys and values ---- */

static void put_key(struct list *list, const char *key)
{
	bpfl_dump_put_text(list->out, list->is_json ? ",\"" : " ");
	bpfl_dump_put_text(list->out, key);
	bpfl_dump_put_text(list->out, list->is_json ? "\":" : "=");
}

static void put_number(struct list *list, const char *key, uint64_t value)
{
	put_key(list, key);
	bpfl_dump_put_u64(list->out, value);
}

static void put_signed(struct list *list, const char *key, int64_t value)
{
	put_key(list, key);
	bpfl_dump_put_s64(list->out, value);
}

static void put_word(struct list *list, const char *key, const char *word)
{
	put_key(list, key);
	if (list->is_json)
		bpfl_dump_put_json(list->out, word);
	else
		bpfl_dump_put_text(list->out, word);
}

static void put_name(struct list *list, uint32_t name_off)
{
	const char *name = bpfl_btf_string(list->dump->btf, name_off);

	if (name[0] == '\0')
		name = "(anon)";
	if (list->is_json) {
		bpfl_dump_put_text(list->out, "\"name\":");
		bpfl_dump_put_json(list->out, name);
		return;
	}
	bpfl_dump_put_char(list->out, '\'');
	bpfl_dump_put_plain(list->out, name);
	bpfl_dump_put_char(list->out, '\'');
}

static void items_begin(struct list *list, const char *key)
{
	list->has_items = false;
	if (!list->is_json)
		return;
	put_key(list, key);
	bpfl_dump_put_char(list->out, '[');
}

static void item_begin(struct list *list, uint32_t name_off)
{
	if (list->is_json)
		bpfl_dump_put_text(list->out, list->has_items ? ",{" : "{");
	else
		bpfl_dump_put_text(list->out, "\n\t");
	list->has_items = true;
	put_name(list, name_off);
}

static void item_end(struct list *list)
{
	if (list->is_json)
		bpfl_dump_put_char(list->out, '}');
}

static void items_end(struct list *list)
{
	if (list->is_json)
		bpfl_dump_put_char(list->out, ']');
}

/* ---- kinds ---- */

static void list_ref(struct list *list, const struct bpfl_btf_type *type)
{
	put_number(list, "type_id", type->type);
}

static void list_int(struct list *list, const struct bpfl_btf_type *type)
{
	static const char *const words[] = {
		[0] = "(none)",
		[BPFL_INT_SIGNED] = "SIGNED",
		[BPFL_INT_CHAR] = "CHAR",
		[BPFL_INT_BOOL] = "BOOL",
	};
	uint32_t encoding = bpfl_btf_int_encoding(type);
	bool is_known = encoding < sizeof(words) / sizeof(words[0]) && words[encoding] != NULL;

	put_number(list, "size", type->size);
	put_number(list, "bits_offset", bpfl_btf_int_bit_off(type));
	put_number(list, "nr_bits", bpfl_btf_int_bits(type));
	put_word(list, "encoding", is_known ? words[encoding] : "UNKN");
}

static void list_array(struct list *list, const struct bpfl_btf_type *type)
{
	put_number(list, "type_id", bpfl_btf_array(type)->type);
	put_number(list, "index_type_id", bpfl_btf_array(type)->index_type);
	put_number(list, "nr_elems", bpfl_btf_array(type)->nr_elems);
}

static void list_struct(struct list *list, const struct bpfl_btf_type *type)
{
	const struct bpfl_btf_member *member = bpfl_btf_members(type);

	put_number(list, "size", type->size);
	put_number(list, "vlen", bpfl_btf_vlen(type));
	items_begin(list, "members");
	for (uint32_t i = 0; i < bpfl_btf_vlen(type); i++, member++) {
		item_begin(list, member->name_off);
		put_number(list, "type_id", member->type);
		put_number(list, "bits_offset", bpfl_btf_member_bit_off(type, i));
		if (bpfl_btf_member_bit_size(type, i) != 0)
			put_number(list, "bitfield_size", bpfl_btf_member_bit_size(type, i));
		item_end(list);
	}
	items_end(list);
}

static void list_enum(struct list *list, const struct bpfl_btf_type *type)
{
	size_t words_each = bpfl_btf_kind(type) == BPFL_KIND_ENUM64 ? 3 : 2;
	const uint32_t *words = bpfl_btf_extra(type);

	put_word(list, "encoding", bpfl_btf_kflag(type) ? "SIGNED" : "UNSIGNED");
	put_number(list, "size", type->size);
	put_number(list, "vlen", bpfl_btf_vlen(type));
	items_begin(list, "values");
	for (uint32_t i = 0; i < bpfl_btf_vlen(type); i++, words += words_each) {
		int64_t value = bpfl_dump_enum_value(type, words);

		item_begin(list, words[0]);
		if (bpfl_btf_kflag(type))
			put_signed(list, "val", value);
		else
			put_number(list, "val", (uint64_t)value);
		item_end(list);
	}
	items_end(list);
}

static void list_fwd(struct list *list, const struct bpfl_btf_type *type)
{
	put_word(list, "fwd_kind", bpfl_btf_kflag(type) ? "union" : "struct");
}

static const char *linkage_word(uint32_t linkage)
{
	static const char *const words[] = { "static", "global", "extern" };

	return linkage < sizeof(words) / sizeof(words[0]) ? words[linkage] : "(unknown)";
}

static void list_func(struct list *list, const struct bpfl_btf_type *type)
{
	put_number(list, "type_id", type->type);
	put_word(list, "linkage", linkage_word(bpfl_btf_vlen(type)));
}

static void list_proto(struct list *list, const struct bpfl_btf_type *type)
{
	const struct bpfl_btf_param *param = bpfl_btf_params(type);

	put_number(list, "ret_type_id", type->type);
	put_number(list, "vlen", bpfl_btf_vlen(type));
	items_begin(list, "params");
	for (uint32_t i = 0; i < bpfl_btf_vlen(type); i++, param++) {
		item_begin(list, param->name_off);
		put_number(list, "type_id", param->type);
		item_end(list);
	}
	items_end(list);
}

static void list_var(struct list *list, const struct bpfl_btf_type *type)
{
	put_number(list, "type_id", type->type);
	put_word(list, "linkage", linkage_word(bpfl_btf_var_linkage(type)));
}

static void list_datasec(struct list *list, const struct bpfl_btf_type *type)
{
	const struct bpfl_btf_datasec_var *var = bpfl_btf_datasec_vars(type);

	put_number(list, "size", type->size);
	put_number(list, "vlen", bpfl_btf_vlen(type));
	items_begin(list, "vars");
	for (uint32_t i = 0; i < bpfl_btf_vlen(type); i++, var++) {
		item_begin(list, bpfl_dump_type(list->dump, var->type)->name_off);
		put_number(list, "type_id", var->type);
		put_number(list, "offset", var->byte_off);
		put_number(list, "size", var->size_bytes);
		item_end(list);
	}
	items_end(list);
}

static void list_float(struct list *list, const struct bpfl_btf_type *type)
{
	put_number(list, "size", type->size);
}

static void list_decl_tag(struct list *list, const struct bpfl_btf_type *type)
{
	put_number(list, "type_id", type->type);
	put_signed(list, "component_idx", bpfl_btf_tag_component(type));
}

/* Of a kind that the file's layout section describes, and nothing else. */
static void list_unknown(struct list *list, const struct bpfl_btf_type *type)
{
	put_number(list, "kind_number", bpfl_btf_kind(type));
	put_number(list, "vlen", bpfl_btf_vlen(type));
	put_number(list, "size_or_type_id", type->size);
}

static void (*const lists[BPFL_NR_KINDS])(struct list *, const struct bpfl_btf_type *) = {
	[BPFL_KIND_VOID] = list_unknown,
	[BPFL_KIND_INT] = list_int,
	[BPFL_KIND_PTR] = list_ref,
	[BPFL_KIND_ARRAY] = list_array,
	[BPFL_KIND_STRUCT] = list_struct,
	[BPFL_KIND_UNION] = list_struct,
	[BPFL_KIND_ENUM] = list_enum,
	[BPFL_KIND_FWD] = list_fwd,
	[BPFL_KIND_TYPEDEF] = list_ref,
	[BPFL_KIND_VOLATILE] = list_ref,
	[BPFL_KIND_CONST] = list_ref,
	[BPFL_KIND_RESTRICT] = list_ref,
	[BPFL_KIND_FUNC] = list_func,
	[BPFL_KIND_FUNC_PROTO] = list_proto,
	[BPFL_KIND_VAR] = list_var,
	[BPFL_KIND_DATASEC] = list_datasec,
	[BPFL_KIND_FLOAT] = list_float,
	[BPFL_KIND_DECL_TAG] = list_decl_tag,
	[BPFL_KIND_TYPE_TAG] = list_ref,
	[BPFL_KIND_ENUM64] = list_enum,
};

void bpfl_dump_list_type(struct bpfl_dump *dump, uint32_t id, enum bpfl_btf_format format)
{
	struct list list = { dump, &dump->out, format == BPFL_BTF_JSON, false };
	const struct bpfl_btf_type *type = dump->types[id];
	unsigned kind = bpfl_btf_kind(type);

	bpfl_dump_put_text(&dump->out, list.is_json ? "{\"id\":" : "[");
	bpfl_dump_put_u64(&dump->out, id);
	bpfl_dump_put_text(&dump->out, list.is_json ? ",\"kind\":\"" : "] ");
	bpfl_dump_put_text(&dump->out, kind < BPFL_NR_KINDS ? kind_words[kind] : "UNKNOWN");
	bpfl_dump_put_text(&dump->out, list.is_json ? "\"," : " ");
	put_name(&list, type->name_off);
	if (kind < BPFL_NR_KINDS)
		lists[kind](&list, type);
	else
		list_unknown(&list, type);
	bpfl_dump_put_char(&dump->out, list.is_json ? '}' : '\n');
}

void bpfl_dump_list(struct bpfl_dump *dump, enum bpfl_btf_format format)
{
	uint32_t first_id = bpfl_btf_first_id(dump->btf);
	bool is_json = format == BPFL_BTF_JSON;

	if (is_json)
		bpfl_dump_put_text(&dump->out, "{\"types\":[\n");
	for (uint32_t id = first_id; id < dump->nr_types && dump->out.ret == 0; id++) {
		if (is_json && id > first_id)
			bpfl_dump_put_text(&dump->out, ",\n");
		bpfl_dump_list_type(dump, id, format);
	}
	if (is_json)
		bpfl_dump_put_text(&dump->out, "\n]}\n");
}
