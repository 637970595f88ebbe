/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf/dump_decl.c: one declaration in C.
 *
 * A BTF says "pointer to an array of 3 pointers to int", one type after the other. C writes it
 * around the name: the last type on the left ("int"), the others in rings: pointers to the left of
 * the name, arrays and parameters to its right, with parentheses where a pointer is inside an array
 * or a function: "int *(*name)[3]". So the chain is collected up to the type that ends it, its left
 * sides are written from the outside to the name, and its right sides back.
 *
 * Anonymous structs and enums are written where they are used, because C has no other way to say
 * them. An anonymous enum is used once: the second time its enumerators would be defined again, so
 * there it is an integer.
 */
#include "btf/dump.h"

#define CHAIN_MAX 64

struct chain {
	const struct bpfl_btf_type *types[CHAIN_MAX]; /* from the name outwards */
	unsigned nr;
	uint32_t base; /* the id that ends it */
};

static void put_body(struct bpfl_dump *dump, uint32_t id, unsigned level, uint64_t base_bit);

void bpfl_dump_indent(struct bpfl_dump *dump, unsigned level)
{
	static const char tabs[] = "\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t";

	bpfl_dump_put(&dump->out, tabs, level < sizeof(tabs) - 1 ? level : sizeof(tabs) - 1);
}

/* "x" or "x___2". */
static void put_name(struct bpfl_dump *dump, uint32_t id)
{
	uint32_t version = dump->marks[id].version;

	bpfl_dump_put_ident(&dump->out, bpfl_btf_string(dump->btf, dump->types[id]->name_off));
	if (version != 0) {
		bpfl_dump_put_text(&dump->out, "___");
		bpfl_dump_put_u64(&dump->out, version);
	}
}

/* Members and parameters: they clash with nothing but the language. */
static void put_inner_name(struct bpfl_dump *dump, const char *name)
{
	bpfl_dump_put_ident(&dump->out, name);
	if (bpfl_dump_is_keyword(&dump->names, name))
		bpfl_dump_put_char(&dump->out, '_');
}

static const char *tag_word(const struct bpfl_btf_type *type)
{
	switch (bpfl_btf_kind(type)) {
	case BPFL_KIND_UNION: return "union ";
	case BPFL_KIND_FWD: return bpfl_btf_kflag(type) ? "union " : "struct ";
	case BPFL_KIND_ENUM:
	case BPFL_KIND_ENUM64: return "enum ";
	default: return "struct ";
	}
}

void bpfl_dump_put_tag(struct bpfl_dump *dump, uint32_t id)
{
	bpfl_dump_put_text(&dump->out, tag_word(dump->types[id]));
	put_name(dump, id);
}

/* ---- enums ---- */

int64_t bpfl_dump_enum_value(const struct bpfl_btf_type *type, const uint32_t *words)
{
	if (bpfl_btf_kind(type) == BPFL_KIND_ENUM64)
		return (int64_t)((uint64_t)words[2] << 32 | words[1]);
	return bpfl_btf_kflag(type) ? (int64_t)(int32_t)words[1] : (int64_t)words[1];
}

static void put_enum_value(struct bpfl_dump *dump, const struct bpfl_btf_type *type, int64_t value)
{
	struct bpfl_dump_out *out = &dump->out;
	bool is_wide = bpfl_btf_kind(type) == BPFL_KIND_ENUM64;

	if (!bpfl_btf_kflag(type)) {
		bpfl_dump_put_u64(out, (uint64_t)value);
		if (is_wide)
			bpfl_dump_put_text(out, "ULL");
	} else if (value == INT64_MIN) { /* its positive counterpart, behind a minus, would be too large */
		bpfl_dump_put_text(out, "-9223372036854775807LL - 1");
	} else {
		bpfl_dump_put_s64(out, value);
		if (is_wide)
			bpfl_dump_put_text(out, "LL");
	}
}

static void put_enumerator(struct bpfl_dump *dump, const struct bpfl_btf_type *type, const uint32_t *words,
			   unsigned level)
{
	const char *name = bpfl_btf_string(dump->btf, words[0]);

	bpfl_dump_indent(dump, level);
	bpfl_dump_put_ident(&dump->out, name);
	if (!dump->is_single &&
	    !bpfl_dump_names_add(&dump->names, BPFL_DUMP_IDENT, name, bpfl_btf_kind(type))) {
		bpfl_dump_put_text(&dump->out, "___");
		bpfl_dump_put_u64(&dump->out, bpfl_dump_names_version(&dump->names, BPFL_DUMP_IDENT, name));
	}
	bpfl_dump_put_text(&dump->out, " = ");
	put_enum_value(dump, type, bpfl_dump_enum_value(type, words));
	bpfl_dump_put_text(&dump->out, ",\n");
}

/* Of four bytes unless the values need eight: other sizes are asked for. */
static void put_enum_body(struct bpfl_dump *dump, uint32_t id, unsigned level)
{
	static const char *const modes[] = { [1] = "byte", [2] = "HI", [4] = NULL, [8] = "DI" };
	const struct bpfl_btf_type *type = dump->types[id];
	size_t words_each = bpfl_btf_kind(type) == BPFL_KIND_ENUM64 ? 3 : 2;
	const uint32_t *words = bpfl_btf_extra(type);

	bpfl_dump_put_text(&dump->out, "{\n");
	if (bpfl_btf_vlen(type) == 0) { /* C wants an enumerator, and one that no other enum has */
		bpfl_dump_indent(dump, level + 1);
		bpfl_dump_put_text(&dump->out, "__enum_without_values_");
		bpfl_dump_put_u64(&dump->out, id);
		bpfl_dump_put_text(&dump->out, ",\n");
	}
	for (uint32_t i = 0; i < bpfl_btf_vlen(type) && dump->out.ret == 0; i++, words += words_each)
		put_enumerator(dump, type, words, level + 1);
	bpfl_dump_indent(dump, level);
	bpfl_dump_put_char(&dump->out, '}');
	if (type->size < sizeof(modes) / sizeof(modes[0]) && modes[type->size] != NULL) {
		bpfl_dump_put_text(&dump->out, " __attribute__((mode(");
		bpfl_dump_put_text(&dump->out, modes[type->size]);
		bpfl_dump_put_text(&dump->out, ")))");
	}
	dump->marks[id].state |= BPFL_DUMP_DEFINED;
}

static const char *int_like_enum(const struct bpfl_btf_type *type)
{
	bool is_signed = bpfl_btf_kflag(type);

	switch (type->size) {
	case 1: return is_signed ? "signed char" : "unsigned char";
	case 2: return is_signed ? "short" : "unsigned short";
	case 8: return is_signed ? "long long" : "unsigned long long";
	default: return is_signed ? "int" : "unsigned int";
	}
}

static void put_enum(struct bpfl_dump *dump, uint32_t id, unsigned level, enum bpfl_dump_where where)
{
	const struct bpfl_btf_type *type = dump->types[id];

	if (bpfl_dump_is_named(dump, type)) {
		bpfl_dump_put_tag(dump, id);
	} else if (dump->is_brief) {
		bpfl_dump_put_text(&dump->out, "enum {...}");
	} else if (where == BPFL_DUMP_IN_PARAMS ||
		   (!dump->is_single && dump->marks[id].state & BPFL_DUMP_DEFINED)) {
		bpfl_dump_put_text(&dump->out, int_like_enum(type));
	} else {
		bpfl_dump_put_text(&dump->out, "enum ");
		put_enum_body(dump, id, level);
	}
}

/* ---- structs ---- */

/* "/" "* 24: 8 *" "/" behind a member: offset and size in bytes, or "24.3: 2 bits". */
static void put_place(struct bpfl_dump *dump, uint64_t bit_off, uint32_t bit_size, uint64_t size)
{
	struct bpfl_dump_out *out = &dump->out;

	bpfl_dump_put_text(out, "\t/* ");
	bpfl_dump_put_u64(out, bit_off / 8);
	if (bit_size != 0) {
		bpfl_dump_put_char(out, '.');
		bpfl_dump_put_u64(out, bit_off % 8);
	}
	bpfl_dump_put_text(out, ": ");
	bpfl_dump_put_u64(out, bit_size != 0 ? bit_size : size);
	bpfl_dump_put_text(out, bit_size != 0 ? " bits */" : " */");
}

/*
 * A member without a name: the struct or union in it is written with its members, even if it has a
 * tag of its own (that is how -fms-extensions, which the kernel uses since 6.19, lets one struct
 * begin with the members of another). Anything else is padding.
 */
static bool put_unnamed_member(struct bpfl_dump *dump, uint32_t type_id, unsigned level, uint64_t bit_off)
{
	uint32_t id = bpfl_dump_resolve(dump, type_id);
	enum bpfl_btf_kind kind = bpfl_btf_kind(dump->types[id]);

	if (kind != BPFL_KIND_STRUCT && kind != BPFL_KIND_UNION)
		return false;
	bpfl_dump_indent(dump, level);
	bpfl_dump_put_text(&dump->out, tag_word(dump->types[id]));
	put_body(dump, id, level, bit_off);
	return true;
}

static void put_member(struct bpfl_dump *dump, const struct bpfl_btf_type *type, uint32_t member_idx,
		       struct bpfl_dump_place *place, unsigned level, uint64_t base_bit)
{
	const struct bpfl_btf_member *member = &bpfl_btf_members(type)[member_idx];
	const char *name = bpfl_btf_string(dump->btf, member->name_off);
	struct bpfl_dump_shape shape = bpfl_dump_shape(dump, member->type);
	uint64_t bit_off, end;
	uint32_t bit_size;

	bpfl_dump_member_place(dump, type, member_idx, &bit_off, &bit_size);
	if (bit_off > bpfl_dump_natural_bit(place, shape, bit_size))
		bpfl_dump_pad(dump, place, bit_off, level);
	if (name[0] != '\0') {
		bpfl_dump_indent(dump, level);
		bpfl_dump_declare(dump, member->type, name, level, base_bit + bit_off, BPFL_DUMP_AT_TOP);
	} else if (!put_unnamed_member(dump, member->type, level, base_bit + bit_off)) {
		return;
	}
	if (bit_size != 0) {
		bpfl_dump_put_text(&dump->out, ": ");
		bpfl_dump_put_u64(&dump->out, bit_size);
	}
	bpfl_dump_put_char(&dump->out, ';');
	if (dump->with_places)
		put_place(dump, base_bit + bit_off, bit_size, shape.size);
	bpfl_dump_put_char(&dump->out, '\n');
	end = bit_off + (bit_size != 0 ? bit_size : shape.size * 8);
	if (end > place->bit)
		place->bit = end;
}

static void put_body(struct bpfl_dump *dump, uint32_t id, unsigned level, uint64_t base_bit)
{
	const struct bpfl_btf_type *type = dump->types[id];
	uint8_t layout = bpfl_dump_layout(dump, id);
	struct bpfl_dump_place place = {
		.align = layout & BPFL_DUMP_ALIGN,
		.is_packed = layout & BPFL_DUMP_PACKED,
		.is_union = bpfl_btf_kind(type) == BPFL_KIND_UNION,
	};

	if (!bpfl_dump_enter(dump, id))
		return;
	bpfl_dump_put_text(&dump->out, "{\n");
	for (uint32_t i = 0; i < bpfl_btf_vlen(type) && dump->out.ret == 0; i++)
		put_member(dump, type, i, &place, level + 1, base_bit);
	bpfl_dump_pad_end(dump, &place, type->size, level + 1);
	bpfl_dump_indent(dump, level);
	bpfl_dump_put_char(&dump->out, '}');
	if (place.is_packed)
		bpfl_dump_put_text(&dump->out, " __attribute__((packed))");
	bpfl_dump_leave(dump);
}

static void put_struct(struct bpfl_dump *dump, uint32_t id, unsigned level, uint64_t base_bit,
		       enum bpfl_dump_where where)
{
	if (bpfl_dump_is_named(dump, dump->types[id])) {
		bpfl_dump_put_tag(dump, id);
	} else if (dump->is_brief) {
		bpfl_dump_put_text(&dump->out, tag_word(dump->types[id]));
		bpfl_dump_put_text(&dump->out, "{...}");
	} else if (where == BPFL_DUMP_IN_PARAMS) { /* behind a pointer */
		bpfl_dump_put_text(&dump->out, "void");
	} else {
		bpfl_dump_put_text(&dump->out, tag_word(dump->types[id]));
		put_body(dump, id, level, base_bit);
	}
}

/* ---- declarators ---- */

static void put_base(struct bpfl_dump *dump, uint32_t id, unsigned level, uint64_t base_bit,
		     enum bpfl_dump_where where)
{
	const struct bpfl_btf_type *type = bpfl_dump_type(dump, id);

	switch (bpfl_btf_kind(type)) {
	case BPFL_KIND_INT:
		bpfl_dump_put_text(&dump->out, bpfl_dump_int_name(dump->btf, type));
		break;
	case BPFL_KIND_FLOAT:
		bpfl_dump_put_text(&dump->out, bpfl_dump_float_name(type));
		break;
	case BPFL_KIND_STRUCT:
	case BPFL_KIND_UNION:
		put_struct(dump, id, level, base_bit, where);
		break;
	case BPFL_KIND_ENUM:
	case BPFL_KIND_ENUM64:
		put_enum(dump, id, level, where);
		break;
	case BPFL_KIND_FWD:
		bpfl_dump_put_tag(dump, id);
		break;
	case BPFL_KIND_TYPEDEF: /* in a circle of typedefs, the one that is not yet there cannot be named */
		if (dump->is_single || dump->marks[id].state & BPFL_DUMP_DEFINED)
			put_name(dump, id);
		else
			bpfl_dump_put_text(&dump->out, "void");
		break;
	default:
		bpfl_dump_put_text(&dump->out, "void");
	}
}

/* "const ", "volatile ", "restrict " or NULL. */
static const char *qualifier(const struct bpfl_btf_type *type)
{
	switch (bpfl_btf_kind(type)) {
	case BPFL_KIND_CONST: return "const ";
	case BPFL_KIND_VOLATILE: return "volatile ";
	case BPFL_KIND_RESTRICT: return "restrict ";
	default: return NULL;
	}
}

/*
 * kind_flag (Linux 6.15) says that the text is an attribute by itself: "address_space(1)". Text
 * that could be more than that is left out.
 */
static void put_type_tag(struct bpfl_dump *dump, const struct bpfl_btf_type *type)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	const char *text = bpfl_btf_string(dump->btf, type->name_off);
	size_t word = strspn(text, allowed);
	size_t arg = text[word] == '(' ? strspn(text + word + 1, allowed) : 0;

	if (word > 0 && text[word] == '\0' && !bpfl_btf_kflag(type)) {
		bpfl_dump_put_text(&dump->out, "__attribute__((btf_type_tag(\"");
		bpfl_dump_put_text(&dump->out, text);
		bpfl_dump_put_text(&dump->out, "\")))");
	} else if (word > 0 && bpfl_btf_kflag(type) &&
		   (text[word] == '\0' || strcmp(text + word + 1 + arg, ")") == 0)) {
		bpfl_dump_put_text(&dump->out, "__attribute__((");
		bpfl_dump_put_text(&dump->out, text);
		bpfl_dump_put_text(&dump->out, "))");
	}
}

static bool collect(struct bpfl_dump *dump, uint32_t id, struct chain *chain)
{
	chain->nr = 0;
	for (;;) {
		const struct bpfl_btf_type *type = bpfl_dump_type(dump, id);
		uint32_t next = type->type;

		switch (bpfl_btf_kind(type)) {
		case BPFL_KIND_ARRAY:
			next = bpfl_btf_array(type)->type;
			break;
		case BPFL_KIND_PTR:
		case BPFL_KIND_CONST:
		case BPFL_KIND_VOLATILE:
		case BPFL_KIND_RESTRICT:
		case BPFL_KIND_TYPE_TAG:
		case BPFL_KIND_FUNC_PROTO:
			break;
		default:
			chain->base = id < dump->nr_types ? id : 0;
			return true;
		}
		if (chain->nr == CHAIN_MAX) {
			bpfl_dump_fail_deep(dump, id);
			return false;
		}
		chain->types[chain->nr++] = type;
		id = next;
	}
}

/*
 * The base with what stands directly in front of it in the chain, which is then cut off: "const
 * struct x ".
 */
static void put_specifiers(struct bpfl_dump *dump, struct chain *chain, unsigned level, uint64_t base_bit,
			   enum bpfl_dump_where where)
{
	unsigned first = chain->nr;

	while (first > 0 && (qualifier(chain->types[first - 1]) != NULL ||
			     bpfl_btf_kind(chain->types[first - 1]) == BPFL_KIND_TYPE_TAG))
		first--;
	for (unsigned i = first; i < chain->nr; i++) {
		if (bpfl_btf_kind(chain->types[i]) != BPFL_KIND_RESTRICT && qualifier(chain->types[i]) != NULL)
			bpfl_dump_put_text(&dump->out, qualifier(chain->types[i]));
	}
	put_base(dump, chain->base, level, base_bit, where);
	for (unsigned i = first; i < chain->nr; i++) {
		if (bpfl_btf_kind(chain->types[i]) == BPFL_KIND_TYPE_TAG) {
			bpfl_dump_put_char(&dump->out, ' ');
			put_type_tag(dump, chain->types[i]);
		}
	}
	chain->nr = first;
}

/* Pointers, from the base to the name. Qualifiers of arrays and functions mean nothing. */
static void put_left(struct bpfl_dump *dump, const struct chain *chain)
{
	enum bpfl_btf_kind outer = BPFL_KIND_VOID;

	for (unsigned i = chain->nr; i-- > 0;) {
		const struct bpfl_btf_type *type = chain->types[i];
		enum bpfl_btf_kind kind = bpfl_btf_kind(type);

		if (kind == BPFL_KIND_PTR) {
			bool in_ring = outer == BPFL_KIND_ARRAY || outer == BPFL_KIND_FUNC_PROTO;

			bpfl_dump_put_text(&dump->out, in_ring ? "(*" : "*");
		} else if (outer == BPFL_KIND_PTR && qualifier(type) != NULL) {
			bpfl_dump_put_text(&dump->out, qualifier(type));
			continue;
		} else if (kind == BPFL_KIND_TYPE_TAG) {
			if (outer == BPFL_KIND_PTR) {
				put_type_tag(dump, type);
				bpfl_dump_put_char(&dump->out, ' ');
			}
			continue;
		} else if (qualifier(type) != NULL) {
			continue;
		}
		outer = kind;
	}
}

static void put_params(struct bpfl_dump *dump, const struct bpfl_btf_type *proto)
{
	const struct bpfl_btf_param *param = bpfl_btf_params(proto);
	uint32_t nr = bpfl_btf_vlen(proto);

	bpfl_dump_put_char(&dump->out, '(');
	if (nr == 0)
		bpfl_dump_put_text(&dump->out, "void");
	for (uint32_t i = 0; i < nr && dump->out.ret == 0; i++, param++) {
		if (i > 0)
			bpfl_dump_put_text(&dump->out, ", ");
		if (param->type != 0)
			bpfl_dump_declare(dump, param->type,
					  dump->is_brief ? NULL : bpfl_btf_string(dump->btf, param->name_off),
					  0, 0, BPFL_DUMP_IN_PARAMS);
		else if (i > 0) /* C17 has no "(...)": then "()" says that nothing is known */
			bpfl_dump_put_text(&dump->out, "...");
	}
	bpfl_dump_put_char(&dump->out, ')');
}

/* Arrays and parameters, from the name back to the base. */
static void put_right(struct bpfl_dump *dump, const struct chain *chain)
{
	enum bpfl_btf_kind inner = BPFL_KIND_VOID;

	for (unsigned i = 0; i < chain->nr; i++) {
		const struct bpfl_btf_type *type = chain->types[i];
		enum bpfl_btf_kind kind = bpfl_btf_kind(type);

		if (kind == BPFL_KIND_ARRAY || kind == BPFL_KIND_FUNC_PROTO) {
			if (inner == BPFL_KIND_PTR)
				bpfl_dump_put_char(&dump->out, ')');
			inner = kind;
		} else if (kind == BPFL_KIND_PTR) {
			inner = kind;
		}
		if (kind == BPFL_KIND_ARRAY) {
			bpfl_dump_put_char(&dump->out, '[');
			bpfl_dump_put_u64(&dump->out, bpfl_btf_array(type)->nr_elems);
			bpfl_dump_put_char(&dump->out, ']');
		} else if (kind == BPFL_KIND_FUNC_PROTO) {
			put_params(dump, type);
		}
	}
}

void bpfl_dump_declare(struct bpfl_dump *dump, uint32_t id, const char *name, unsigned level, uint64_t base_bit,
		       enum bpfl_dump_where where)
{
	bool is_named = name != NULL && name[0] != '\0';
	struct chain chain;

	if (!bpfl_dump_enter(dump, id))
		return;
	if (collect(dump, id, &chain)) {
		put_specifiers(dump, &chain, level, base_bit, where);
		if (chain.nr > 0 || is_named)
			bpfl_dump_put_char(&dump->out, ' ');
		put_left(dump, &chain);
		if (is_named)
			put_inner_name(dump, name);
		put_right(dump, &chain);
	}
	bpfl_dump_leave(dump);
}

static void put_typedef(struct bpfl_dump *dump, uint32_t id)
{
	struct chain chain;

	if (!collect(dump, dump->types[id]->type, &chain))
		return;
	bpfl_dump_put_text(&dump->out, "typedef ");
	put_specifiers(dump, &chain, 0, 0, BPFL_DUMP_AT_TOP);
	bpfl_dump_put_char(&dump->out, ' ');
	put_left(dump, &chain);
	put_name(dump, id);
	put_right(dump, &chain);
}

void bpfl_dump_define(struct bpfl_dump *dump, uint32_t id)
{
	const struct bpfl_btf_type *type = dump->types[id];
	enum bpfl_btf_kind kind = bpfl_btf_kind(type);

	if (kind == BPFL_KIND_TYPEDEF) {
		put_typedef(dump, id);
	} else {
		bpfl_dump_put_text(&dump->out, tag_word(type));
		if (bpfl_dump_is_named(dump, type)) {
			put_name(dump, id);
			bpfl_dump_put_char(&dump->out, ' ');
		}
		if (kind == BPFL_KIND_ENUM || kind == BPFL_KIND_ENUM64)
			put_enum_body(dump, id, 0);
		else
			put_body(dump, id, 0, 0);
	}
	bpfl_dump_put_text(&dump->out, ";\n");
}
