/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Broken BTF, shape by shape: each is refused with a text of its own, in both byte orders. And a sweep over one
 * small BTF: whatever is cut off or flipped, reading it ends, and what was accepted can be used.
 */
#include "harness.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "btf/btf.h"
#include "btf/value.h"
#include "btfgen.h"

#define KIND(kind) ((uint32_t)(kind) << 24)

/* ---- shapes: header and sections ---- */

static void add_int(struct btfgen *gen) { btfgen_int(gen, "int", 4, BPFL_INT_SIGNED); }

static void bad_magic(struct btfgen *gen) { gen->header.magic = 0x4545; }
static void bad_version(struct btfgen *gen) { gen->header.version = 2; }
static void bad_flags(struct btfgen *gen) { gen->header.flags = 1; }
static void short_header(struct btfgen *gen) { gen->header.size = 20; }
static void long_header(struct btfgen *gen) { gen->header.size = 4096; }
static void odd_header(struct btfgen *gen)
{
	add_int(gen);
	gen->header.size = 25;
	gen->header.type_len = 4;
	gen->header.str_off = 12;
	gen->header.str_len = 1;
}
static void types_outside(struct btfgen *gen)
{
	add_int(gen);
	gen->header.type_len = 400;
}
static void types_wrap(struct btfgen *gen)
{
	add_int(gen);
	gen->header.type_off = 0xfffffff0;
	gen->header.type_len = 0x20;
}
static void strings_outside(struct btfgen *gen) { gen->header.str_len = 64; }
static void strings_wrap(struct btfgen *gen)
{
	gen->header.str_off = 0xffffffff;
	gen->header.str_len = 2;
}
static void overlap(struct btfgen *gen)
{
	add_int(gen);
	gen->header.str_off = 4;
}
static void misaligned(struct btfgen *gen)
{
	add_int(gen);
	gen->header.type_off = 2;
	gen->header.type_len = 12;
	gen->header.str_off = 14;
	gen->header.str_len = 1;
}
static void layout_outside(struct btfgen *gen)
{
	btfgen_layout(gen, 20, 0, 0);
	gen->header.layout_len = 4000;
}
static void layout_odd(struct btfgen *gen)
{
	btfgen_layout(gen, 20, 0, 0);
	gen->header.layout_len = 82;
}
static void layout_unaligned_records(struct btfgen *gen) { btfgen_layout(gen, 20, 3, 0); }
static void no_strings(struct btfgen *gen)
{
	add_int(gen);
	gen->header.str_len = 0;
}
static void strings_without_empty(struct btfgen *gen) { gen->strings.data[0] = 'x'; }
static void strings_unterminated(struct btfgen *gen)
{
	btfgen_string(gen, "abc");
	gen->header.str_len = 4;
}

/* ---- shapes: records ---- */

static void half_record(struct btfgen *gen)
{
	add_int(gen);
	btfgen_word(gen, 0);
}
static void unknown_kind(struct btfgen *gen) { btfgen_record(gen, 0, KIND(20), 0); }
static void kind_zero(struct btfgen *gen) { btfgen_record(gen, 0, 0, 0); }
static void kind_without_layout(struct btfgen *gen)
{
	btfgen_layout(gen, 20, 0, 0);
	btfgen_record(gen, 0, KIND(99), 0);
}
static void members_cut(struct btfgen *gen) { btfgen_record(gen, 0, KIND(BPFL_KIND_STRUCT) | 3, 4); }
static void vlen_enormous(struct btfgen *gen) { btfgen_record(gen, 0, KIND(BPFL_KIND_UNION) | 0xffffff, 4); }
static void described_kind_cut(struct btfgen *gen)
{
	btfgen_layout(gen, 21, 4, 8);
	btfgen_record(gen, 0, KIND(21) | 2, 0);
	btfgen_word(gen, 0);
}

/* ---- shapes: fields ---- */

static void name_outside(struct btfgen *gen) { btfgen_record(gen, 77, KIND(BPFL_KIND_FWD), 0); }
static void no_name(struct btfgen *gen) { btfgen_type(gen, BPFL_KIND_FWD, NULL, 0); }
static void ptr_with_vlen(struct btfgen *gen) { btfgen_record(gen, 0, KIND(BPFL_KIND_PTR) | 7, 0); }
static void int_size(struct btfgen *gen) { btfgen_int(gen, "int", 17, 0); }
static void int_encoding(struct btfgen *gen) { btfgen_int(gen, "int", 4, 8); }
static void int_no_bits(struct btfgen *gen)
{
	btfgen_int(gen, "int", 4, 0);
	btfgen_put(gen, 3, 0);
}
static void int_bits(struct btfgen *gen)
{
	btfgen_int(gen, "int", 4, 0);
	btfgen_put(gen, 3, 8u << 16 | 25);
}
static void ptr_to_nothing(struct btfgen *gen) { btfgen_ptr(gen, BTFGEN_NO_TYPE); }
static void ptr_to_var(struct btfgen *gen)
{
	add_int(gen);
	btfgen_var(gen, "v", 1, 1);
	btfgen_ptr(gen, 2);
}
static void array_of_nothing(struct btfgen *gen)
{
	add_int(gen);
	btfgen_array(gen, 9, 1, 1);
}
static void array_of_void(struct btfgen *gen)
{
	add_int(gen);
	btfgen_array(gen, 0, 1, 1);
}
static void array_index(struct btfgen *gen)
{
	add_int(gen);
	btfgen_array(gen, 1, 0, 1);
}
static void array_of_fwd(struct btfgen *gen)
{
	add_int(gen);
	btfgen_type(gen, BPFL_KIND_FWD, "f", 0);
	btfgen_array(gen, 2, 1, 1);
}
static void member_name(struct btfgen *gen)
{
	add_int(gen);
	btfgen_struct(gen, "s", 4);
	btfgen_member(gen, "a", 1, 0);
	btfgen_put(gen, 3, 0x1234);
}
static void member_type(struct btfgen *gen)
{
	btfgen_struct(gen, "s", 4);
	btfgen_member(gen, "a", 55, 0);
}
static void member_void(struct btfgen *gen)
{
	btfgen_struct(gen, "s", 4);
	btfgen_member(gen, "v", 0, 0);
}
static void member_fwd(struct btfgen *gen)
{
	btfgen_type(gen, BPFL_KIND_FWD, "f", 0);
	btfgen_struct(gen, "s", 4);
	btfgen_member(gen, "a", 1, 0);
}
static void member_outside(struct btfgen *gen)
{
	add_int(gen);
	btfgen_struct(gen, "s", 4);
	btfgen_member(gen, "a", 1, 8);
}
static void member_unaligned(struct btfgen *gen)
{
	add_int(gen);
	btfgen_struct(gen, "s", 8);
	btfgen_member(gen, "a", 1, 3);
}
static void member_enormous(struct btfgen *gen)
{
	add_int(gen);
	btfgen_array(gen, 1, 1, 0x40000001);
	btfgen_struct(gen, "s", 4);
	btfgen_member(gen, "a", 2, 0);
}
static void union_offset(struct btfgen *gen)
{
	add_int(gen);
	btfgen_union(gen, "u", 8);
	btfgen_member(gen, "a", 1, 32);
}
static void bit_field_of_ptr(struct btfgen *gen)
{
	btfgen_ptr(gen, 0);
	btfgen_struct(gen, "s", 8);
	btfgen_bit_field(gen, "b", 1, 0, 3);
}
static void bit_field_wide(struct btfgen *gen)
{
	add_int(gen);
	btfgen_struct(gen, "s", 8);
	btfgen_bit_field(gen, "b", 1, 0, 33);
}
static void enum_size(struct btfgen *gen) { btfgen_enum(gen, "e", 3); }
static void enum_values_without_size(struct btfgen *gen)
{
	btfgen_enum(gen, "e", 0);
	btfgen_enumerator(gen, "A", 1);
}
static void enumerator_name(struct btfgen *gen)
{
	btfgen_enum(gen, "e", 4);
	btfgen_enumerator(gen, "A", 1);
	btfgen_put(gen, 3, 0x4321);
}
static void enum64_name(struct btfgen *gen)
{
	btfgen_enum64(gen, "e", false);
	btfgen_enumerator(gen, "A", 1);
	btfgen_enumerator(gen, "B", 2);
	btfgen_put(gen, 6, 0x4322);
}
static void func_linkage(struct btfgen *gen)
{
	btfgen_func_proto(gen, 0);
	btfgen_func(gen, "f", 1, 3);
}
static void func_of_int(struct btfgen *gen)
{
	add_int(gen);
	btfgen_func(gen, "f", 1, 1);
}
static void func_of_nothing(struct btfgen *gen) { btfgen_func(gen, "f", 8, 1); }
static void return_type(struct btfgen *gen)
{
	btfgen_func_proto(gen, 0);
	btfgen_func_proto(gen, 1);
}
static void param_in_the_middle(struct btfgen *gen)
{
	add_int(gen);
	btfgen_func_proto(gen, 0);
	btfgen_param(gen, NULL, 0);
	btfgen_param(gen, "x", 1);
}
static void param_type(struct btfgen *gen)
{
	btfgen_func_proto(gen, 0);
	btfgen_param(gen, "x", 31);
}
static void var_linkage(struct btfgen *gen)
{
	add_int(gen);
	btfgen_var(gen, "v", 1, 3);
}
static void var_of_proto(struct btfgen *gen)
{
	btfgen_func_proto(gen, 0);
	btfgen_var(gen, "v", 1, 1);
}
static void datasec_of_int(struct btfgen *gen)
{
	add_int(gen);
	btfgen_datasec(gen, ".data", 4);
	btfgen_datasec_var(gen, 1, 0, 4);
}
static void datasec_wrap(struct btfgen *gen)
{
	add_int(gen);
	btfgen_var(gen, "v", 1, 1);
	btfgen_datasec(gen, ".data", 0);
	btfgen_datasec_var(gen, 2, 0xfffffff0, 0x20);
}
static void datasec_outside(struct btfgen *gen)
{
	add_int(gen);
	btfgen_var(gen, "v", 1, 1);
	btfgen_datasec(gen, ".data", 4);
	btfgen_datasec_var(gen, 2, 4, 4);
}
static void float_size(struct btfgen *gen) { btfgen_type(gen, BPFL_KIND_FLOAT, "float", 5); }
static void tag_of_int(struct btfgen *gen)
{
	add_int(gen);
	btfgen_decl_tag(gen, "tag", 1, -1);
}
static void tag_component(struct btfgen *gen)
{
	btfgen_struct(gen, "s", 0);
	btfgen_decl_tag(gen, "tag", 1, 0);
}
static void tag_negative(struct btfgen *gen)
{
	btfgen_func_proto(gen, 0);
	btfgen_func(gen, "f", 1, 0);
	btfgen_decl_tag(gen, "tag", 2, -2);
}

/* ---- shapes: circles and depth ---- */

static void typedef_of_itself(struct btfgen *gen) { btfgen_type(gen, BPFL_KIND_TYPEDEF, "t", 1); }
static void array_of_itself(struct btfgen *gen)
{
	add_int(gen);
	btfgen_array(gen, 2, 1, 4);
}
static void const_circle(struct btfgen *gen)
{
	btfgen_type(gen, BPFL_KIND_CONST, NULL, 2);
	btfgen_ptr(gen, 3);
	btfgen_type(gen, BPFL_KIND_VOLATILE, NULL, 1);
}
static void struct_in_itself(struct btfgen *gen)
{
	btfgen_struct(gen, "s", 8);
	btfgen_member(gen, "again", 1, 0);
}
static void struct_in_itself_by_detour(struct btfgen *gen)
{
	btfgen_struct(gen, "outer", 8);
	btfgen_member(gen, "m", 2, 0);
	btfgen_type(gen, BPFL_KIND_TYPEDEF, "t", 3);
	btfgen_array(gen, 4, 5, 1);
	btfgen_union(gen, "inner", 8);
	btfgen_member(gen, "back", 1, 0);
	add_int(gen);
}
static void long_chain(struct btfgen *gen)
{
	for (uint32_t i = 0; i < 40; i++)
		btfgen_type(gen, BPFL_KIND_CONST, NULL, i + 2);
	add_int(gen);
}
static void deep_structs(struct btfgen *gen)
{
	for (uint32_t i = 0; i < 33; i++) {
		btfgen_struct(gen, "s", 4);
		btfgen_member(gen, "m", i + 2, 0);
	}
	add_int(gen);
}
static void deep_structs_backwards(struct btfgen *gen)
{
	add_int(gen);
	for (uint32_t i = 0; i < 33; i++) {
		btfgen_struct(gen, "s", 4);
		btfgen_member(gen, "m", i + 1, 0);
	}
}

static const struct shape {
	const char *name;
	void (*make)(struct btfgen *gen);
	const char *text; /* a part of the message that no other shape's has */
} shapes[] = {
	{ "magic", bad_magic, "magic number is 0x4545 (expected 0xeb9f)" },
	{ "version", bad_version, "version is 2 (expected 1)" },
	{ "flags", bad_flags, "flags are 0x01" },
	{ "short header", short_header, "header says that it has 20 bytes (expected at least 24)" },
	{ "long header", long_header, "header says that it has 4096 bytes, but the file ends after 25" },
	{ "odd header", odd_header, "type section begins at byte 0x19" },
	{ "types outside", types_outside, "type section (400 bytes at 0x0) leaves the 21 bytes" },
	{ "types wrap", types_wrap, "type section (32 bytes at 0xfffffff0) leaves" },
	{ "strings outside", strings_outside, "string section (64 bytes at 0x0) leaves" },
	{ "strings wrap", strings_wrap, "string section (2 bytes at 0xffffffff) leaves" },
	{ "overlap", overlap, "type section (16 bytes at 0x0) and string section (5 bytes at 0x4) overlap" },
	{ "misaligned", misaligned, "type section begins at byte 0x1a" },
	{ "layout outside", layout_outside, "layout section (4000 bytes" },
	{ "layout odd", layout_odd, "layout section has 82 bytes (expected a multiple of 4)" },
	{ "layout records", layout_unaligned_records, "layout of kind 20 has records of 3 + 0 bytes" },
	{ "no strings", no_strings, "string section is empty" },
	{ "no empty string", strings_without_empty, "string section begins with byte 0x78" },
	{ "unterminated", strings_unterminated, "string section ends with byte 0x63" },
	{ "half record", half_record, "type 2: 4 bytes at the end of the type section are too few" },
	{ "unknown kind", unknown_kind, "type 1: unknown kind 20" },
	{ "kind 0", kind_zero, "type 1: unknown kind 0" },
	{ "kind without layout", kind_without_layout, "type 1: unknown kind 99" },
	{ "members cut", members_cut, "type 1 (struct with vlen 3): needs 48 bytes, but the type section ends after 12" },
	{ "vlen enormous", vlen_enormous, "type 1 (union with vlen 16777215): needs 201326592 bytes" },
	{ "described kind cut", described_kind_cut, "type 1 (unknown kind with vlen 2): needs 32 bytes" },
	{ "name outside", name_outside, "type 1 (fwd): name offset 0x4d is outside the string section (0x1 bytes)" },
	{ "no name", no_name, "type 1 (fwd): has no name" },
	{ "ptr with vlen", ptr_with_vlen, "type 1 (ptr): vlen is 7" },
	{ "int size", int_size, "type 1 (int 'int'): size of 17 bytes" },
	{ "int encoding", int_encoding, "encoding 0x08" },
	{ "int no bits", int_no_bits, "0 bits (expected 1 to 128)" },
	{ "int bits", int_bits, "25 bits from bit 8 do not fit into 4 bytes" },
	{ "ptr to nothing", ptr_to_nothing, "type 1 (ptr): referred type is type 4294967280, but the last type is 1" },
	{ "ptr to var", ptr_to_var, "type 3 (ptr): referred type is type 2 (var 'v'), expected a type of values, void" },
	{ "array of nothing", array_of_nothing, "element is type 9, but the last type is 2" },
	{ "array of void", array_of_void, "element is type 0 (void" },
	{ "array index", array_index, "index is type 0 (void ''), expected an integer type" },
	{ "array of fwd", array_of_fwd, "type 3 (array): its elements have no size" },
	{ "member name", member_name, "type 2 (struct 's'): member 0: name offset 0x1234" },
	{ "member type", member_type, "member 0 'a': its type is type 55" },
	{ "member void", member_void, "member 0 'v': its type is type 0 (void" },
	{ "member fwd", member_fwd, "member 0 'a': its type (fwd) has no size" },
	{ "member outside", member_outside, "32 bits at bit 8 end behind the struct's 4 bytes" },
	{ "member unaligned", member_unaligned, "begins at bit 3, but is no bit-field" },
	{ "member enormous", member_enormous, "its type is larger than 4 GiB" },
	{ "union offset", union_offset, "begins at bit 32 of a union" },
	{ "bit-field of ptr", bit_field_of_ptr, "bit-field of a ptr" },
	{ "bit-field wide", bit_field_wide, "bit-field of 33 bits in a type of 4 bytes" },
	{ "enum size", enum_size, "type 1 (enum 'e'): size of 3 bytes (expected 1, 2, 4 or 8)" },
	{ "enum values without size", enum_values_without_size, "type 1 (enum 'e'): size of 0 bytes" },
	{ "enumerator name", enumerator_name, "enumerator 0: name offset 0x4321" },
	{ "enum64 name", enum64_name, "type 1 (enum64 'e'): enumerator 1: name offset 0x4322" },
	{ "func linkage", func_linkage, "type 2 (func 'f'): linkage 3 (expected static 0, global 1 or extern 2)" },
	{ "func of int", func_of_int, "its prototype is type 1 (int 'int'), expected a function prototype" },
	{ "func of nothing", func_of_nothing, "its prototype is type 8, but" },
	{ "return type", return_type, "return type is type 1 (func_proto" },
	{ "param middle", param_in_the_middle, "parameter 0: no type, but only the last of 2" },
	{ "param type", param_type, "parameter 0 'x': its type is type 31" },
	{ "var linkage", var_linkage, "type 2 (var 'v'): variable's linkage 3" },
	{ "var of proto", var_of_proto, "variable's type is type 1 (func_proto" },
	{ "datasec of int", datasec_of_int, "entry 0: it is type 1 (int 'int'), expected a variable or a function" },
	{ "datasec wrap", datasec_wrap, "offset 0xfffffff0 and size 0x20 together pass 4 GiB" },
	{ "datasec outside", datasec_outside, "entry 0: 4 bytes at 0x4 end behind the section's 4 bytes" },
	{ "float size", float_size, "type 1 (float 'float'): size of 5 bytes (expected 2, 4," },
	{ "tag of int", tag_of_int, "tagged type is type 1 (int 'int')" },
	{ "tag component", tag_component, "tags component 0 of a struct that has 0" },
	{ "tag negative", tag_negative, "tags component -2 of a func that has 0" },
	{ "typedef of itself", typedef_of_itself, "type 1 (typedef 't'): refers to itself in a circle through type 1" },
	{ "array of itself", array_of_itself, "type 2 (array): refers to itself in a circle through type 2" },
	{ "const circle", const_circle, "type 1 (const): refers to itself in a circle through type" },
	{ "struct in itself", struct_in_itself, "type 1 (struct 's'): contains itself" },
	{ "detour", struct_in_itself_by_detour, "type 1 (struct 'outer'): contains itself" },
	{ "long chain", long_chain, "type 1 (const): more than 32 pointers, arrays and modifiers in a row" },
	{ "deep structs", deep_structs, "type 33 (struct 's'): lies more than 32 structs and arrays deep" },
	{ "deep backwards", deep_structs_backwards, "has more than 32 levels of structs and arrays in it" },
};
#define NR_SHAPES (sizeof(shapes) / sizeof(shapes[0]))

static void read_shape(const struct shape *shape, bool swap, struct bpfl_error *err)
{
	struct btfgen gen;
	struct bpfl_btf *btf = NULL;
	const void *bytes;
	size_t size;
	int ret;

	btfgen_init(&gen, swap);
	shape->make(&gen);
	bytes = btfgen_bytes(&gen, &size);
	ret = bpfl_btf_read(bytes, size, NULL, &btf, err);
	ck_assert_msg(ret == -EINVAL && btf == NULL, "%s (swap %d) gave %d", shape->name, swap, ret);
	ck_assert_msg(strncmp(err->message, "BTF: ", 5) == 0 && strstr(err->message, shape->text) != NULL,
		      "%s (swap %d): '%s' is not in: %s", shape->name, swap, shape->text, err->message);
	ck_assert_int_eq(err->kind, BPFL_ERR_OBJECT);
	btfgen_deinit(&gen);
}

START_TEST(each_broken_shape_has_its_text_in_both_byte_orders)
{
	static struct bpfl_error errors[NR_SHAPES];

	for (size_t i = 0; i < NR_SHAPES; i++) {
		read_shape(&shapes[i], true, &errors[i]);
		read_shape(&shapes[i], false, &errors[i]);
	}
	for (size_t i = 0; i < NR_SHAPES; i++) {
		for (size_t j = 0; j < NR_SHAPES; j++)
			ck_assert_msg(i == j || strstr(errors[j].message, shapes[i].text) == NULL,
				      "'%s' does not tell %s from %s", shapes[i].text, shapes[i].name, shapes[j].name);
	}
}
END_TEST

START_TEST(a_file_shorter_than_a_header_is_named)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_btf *btf;

	CHECK_FAILS(bpfl_btf_read("\x9f\xeb\x01", 3, NULL, &btf, &err), err, BPFL_ERR_OBJECT, EINVAL,
		    "BTF: 3 bytes are too few for a header of 24");
	CHECK_FAILS(bpfl_btf_read("", 0, NULL, &btf, &err), err, BPFL_ERR_OBJECT, EINVAL, "BTF: 0 bytes are too few");
}
END_TEST

START_TEST(names_from_the_file_are_escaped_in_messages)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_btf *btf;
	struct btfgen gen;
	const void *bytes;
	size_t size;

	btfgen_init(&gen, false);
	btfgen_int(&gen, "\033[2J", 17, 0);
	bytes = btfgen_bytes(&gen, &size);
	CHECK_FAILS(bpfl_btf_read(bytes, size, NULL, &btf, &err), err, BPFL_ERR_OBJECT, EINVAL,
		    "type 1 (int '\\x1b[2J'): size of 17");
	btfgen_deinit(&gen);
}
END_TEST

/* ---- what looks odd and is right ---- */

static void accepts(struct btfgen *gen, uint32_t nr_types)
{
	struct bpfl_btf *btf = btfgen_read(gen);

	ck_assert_ptr_nonnull(btf);
	ck_assert_uint_eq(bpfl_btf_nr_types(btf), nr_types);
	bpfl_btf_destroy(btf);
	btfgen_deinit(gen);
}

START_TEST(what_clang_leaves_open_is_accepted)
{
	struct btfgen gen;
	uint32_t integer, fwd, a, b, func, nothing;

	btfgen_init(&gen, false);
	integer = btfgen_int(&gen, "int", 4, BPFL_INT_SIGNED);
	a = btfgen_var(&gen, "a", integer, BPFL_LINKAGE_GLOBAL);
	b = btfgen_var(&gen, "b", integer, BPFL_LINKAGE_STATIC);
	btfgen_datasec(&gen, ".data", 0); /* size and offsets come from the ELF symbols */
	btfgen_datasec_var(&gen, a, 0, 4);
	btfgen_datasec_var(&gen, b, 0, 4);
	accepts(&gen, 5);

	btfgen_init(&gen, false);
	fwd = btfgen_type(&gen, BPFL_KIND_FWD, "rq", 0);
	btfgen_func_proto(&gen, 0);
	func = btfgen_func(&gen, "kfunc", 2, BPFL_LINKAGE_EXTERN);
	nothing = btfgen_type(&gen, BPFL_KIND_CONST, NULL, 0);
	a = btfgen_var(&gen, "symbol", nothing, BPFL_LINKAGE_EXTERN);
	b = btfgen_var(&gen, "runqueues", fwd, BPFL_LINKAGE_EXTERN);
	btfgen_datasec(&gen, ".ksyms", 0);
	btfgen_datasec_var(&gen, func, 0, 0);
	btfgen_datasec_var(&gen, a, 0, 0);
	btfgen_datasec_var(&gen, b, 0, 0);
	accepts(&gen, 8);
}
END_TEST

START_TEST(structs_may_refer_to_themselves_by_pointer)
{
	struct btfgen gen;

	btfgen_init(&gen, true);
	btfgen_struct(&gen, "node", 8);
	btfgen_member(&gen, "next", 2, 0);
	btfgen_ptr(&gen, 1);
	accepts(&gen, 3);
}
END_TEST

START_TEST(thirty_two_levels_are_allowed)
{
	struct btfgen gen;

	btfgen_init(&gen, false);
	for (uint32_t i = 0; i < 32; i++) {
		btfgen_struct(&gen, "s", 4);
		btfgen_member(&gen, "m", i + 2, 0);
	}
	btfgen_int(&gen, "int", 4, 0);
	accepts(&gen, 34);
	btfgen_init(&gen, false);
	for (uint32_t i = 0; i < 32; i++)
		btfgen_ptr(&gen, i + 2);
	btfgen_int(&gen, "int", 4, 0);
	accepts(&gen, 34);
}
END_TEST

START_TEST(unknown_kinds_are_passed_over_by_their_layout)
{
	for (int swap = 0; swap < 2; swap++) {
		struct btfgen gen;
		struct bpfl_btf *btf;

		btfgen_init(&gen, swap);
		btfgen_layout(&gen, 100, 4, 8);
		btfgen_record(&gen, 0, KIND(100) | 2, 0);
		for (uint32_t i = 0; i < 5; i++)
			btfgen_word(&gen, 0x11223344);
		btfgen_int(&gen, "int", 4, 0);
		btfgen_ptr(&gen, 1);
		btf = btfgen_read(&gen);
		ck_assert_ptr_nonnull(btf);
		ck_assert_uint_eq(bpfl_btf_nr_types(btf), 4);
		ck_assert_str_eq(bpfl_btf_name(btf, 2), "int");
		ck_assert_uint_eq(*(const uint32_t *)bpfl_btf_extra(bpfl_btf_type(btf, 1)), 0x11223344);
		bpfl_btf_destroy(btf);
		btfgen_deinit(&gen);
	}
}
END_TEST

START_TEST(more_than_65535_members_are_one_type)
{
	struct btfgen gen;
	struct bpfl_btf *btf;

	btfgen_init(&gen, false);
	btfgen_int(&gen, "char", 1, 0);
	btfgen_struct(&gen, "huge", 70000);
	for (uint32_t i = 0; i < 70000; i++)
		btfgen_member(&gen, NULL, 1, i * 8);
	btf = btfgen_read(&gen);
	ck_assert_ptr_nonnull(btf);
	ck_assert_uint_eq(bpfl_btf_vlen(bpfl_btf_type(btf, 2)), 70000);
	bpfl_btf_destroy(btf);
	btfgen_deinit(&gen);
}
END_TEST

START_TEST(work_stays_linear)
{
	struct btfgen gen;

	/* Half a million types in chains just below the limit; a quadratic check would take minutes. */
	btfgen_init(&gen, false);
	btfgen_int(&gen, "int", 4, 0);
	for (uint32_t i = 0; i < 500000; i++)
		btfgen_ptr(&gen, i % 31 == 0 ? 1 : i + 1);
	accepts(&gen, 500002);
	/* 31 levels with two members each: 2^31 paths, 31 types. */
	btfgen_init(&gen, false);
	btfgen_struct(&gen, "s", 0);
	for (uint32_t i = 0; i < 31; i++) {
		btfgen_struct(&gen, "s", 0);
		btfgen_member(&gen, "a", i + 1, 0);
		btfgen_member(&gen, "b", i + 1, 0);
	}
	accepts(&gen, 33);
}
END_TEST

/* ---- sweep ---- */

static void fill_sample(struct btfgen *gen)
{
	uint32_t integer = btfgen_int(gen, "int", 4, BPFL_INT_SIGNED);
	uint32_t character = btfgen_int(gen, "char", 1, BPFL_INT_SIGNED);
	uint32_t text = btfgen_array(gen, character, integer, 4);
	uint32_t mode = btfgen_enum(gen, "mode", 4);
	uint32_t event, proto, var;

	btfgen_enumerator(gen, "SLOW", 0);
	btfgen_enumerator(gen, "FAST", 1);
	event = btfgen_struct(gen, "event", 24);
	btfgen_member(gen, "pid", integer, 0);
	btfgen_member(gen, "comm", text, 32);
	btfgen_member(gen, "next", event + 1, 64);
	btfgen_bit_field(gen, "mode", mode, 128, 3);
	btfgen_bit_field(gen, "rest", integer, 131, 5);
	btfgen_ptr(gen, event);
	btfgen_type(gen, BPFL_KIND_TYPEDEF, "event_t", event);
	proto = btfgen_func_proto(gen, integer);
	btfgen_param(gen, "ctx", event + 1);
	btfgen_func(gen, "prog", proto, BPFL_LINKAGE_GLOBAL);
	btfgen_enum64(gen, "wide", true);
	btfgen_enumerator(gen, "BIG", INT64_MIN);
	btfgen_type(gen, BPFL_KIND_FLOAT, "double", 8);
	var = btfgen_var(gen, "last", event + 2, BPFL_LINKAGE_GLOBAL);
	btfgen_datasec(gen, ".bss", 24);
	btfgen_datasec_var(gen, var, 0, 24);
	btfgen_decl_tag(gen, "tag", event, 1);
}

/* Reads; whatever is accepted is looked at through every function that takes a type. */
static bool read_and_use(const uint8_t *bytes, size_t size)
{
	static const uint8_t value[64] = { 1, 2, 3 };
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_btf *btf;
	struct bpfl_buf out = BPFL_BUF_INIT;
	char text[128];
	int ret = bpfl_btf_read(bytes, size, NULL, &btf, &err);

	ck_assert_msg(ret == 0 || (ret == -EINVAL && err.message[0] != '\0'), "gave %d: %s", ret, err.message);
	if (ret < 0)
		return false;
	for (uint32_t id = 0; id < bpfl_btf_nr_types(btf); id++) {
		uint32_t type_size;

		bpfl_btf_size(btf, id, &type_size);
		bpfl_btf_align(btf, id);
		bpfl_btf_type_text(btf, id, text, sizeof(text));
		bpfl_btf_value_text(btf, id, value, sizeof(value), &out);
		out.size = 0;
	}
	bpfl_buf_deinit(&out);
	bpfl_btf_destroy(btf);
	return true;
}

START_TEST(cut_and_flipped_files_end_in_an_error_or_a_type)
{
	static const uint32_t values[] = { 0, 1, 0x7fffffff, 0x80000000, 0xffffffff };
	size_t nr_accepted = 0;

	for (int swap = 0; swap < 2; swap++) {
		struct btfgen gen;
		const void *whole;
		uint8_t *bytes;
		size_t size;

		btfgen_init(&gen, swap);
		fill_sample(&gen);
		whole = btfgen_bytes(&gen, &size);
		ck_assert(read_and_use(whole, size));
		for (size_t cut = 0; cut < size; cut++) {
			bytes = malloc(cut + 1); /* exact, so that a sanitizer sees a byte too many */
			ck_assert_ptr_nonnull(bytes);
			memcpy(bytes, whole, cut);
			ck_assert(!read_and_use(bytes, cut));
			free(bytes);
		}
		bytes = malloc(size);
		ck_assert_ptr_nonnull(bytes);
		for (size_t bit = 0; bit < size * 8; bit++) {
			memcpy(bytes, whole, size);
			bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
			nr_accepted += read_and_use(bytes, size);
		}
		for (size_t i = 0; i < (size / 4) * 5; i++) {
			memcpy(bytes, whole, size);
			memcpy(bytes + i / 5 * 4, &values[i % 5], 4);
			nr_accepted += read_and_use(bytes, size);
		}
		free(bytes);
		btfgen_deinit(&gen);
	}
	ck_assert_uint_gt(nr_accepted, 100); /* renamed types, other values: not everything is an error */
}
END_TEST

int main(void)
{
	const TTest *shapes_tests[] = {
		each_broken_shape_has_its_text_in_both_byte_orders,
		a_file_shorter_than_a_header_is_named,
		names_from_the_file_are_escaped_in_messages,
	};
	const TTest *accepted[] = {
		what_clang_leaves_open_is_accepted,	    structs_may_refer_to_themselves_by_pointer,
		thirty_two_levels_are_allowed,		    unknown_kinds_are_passed_over_by_their_layout,
		more_than_65535_members_are_one_type,	    work_stays_linear,
		cut_and_flipped_files_end_in_an_error_or_a_type,
	};
	Suite *suite = BPFL_TEST_SUITE("btf/check: refused", shapes_tests);

	BPFL_TEST_ADD_CASE(suite, "accepted", accepted);
	return bpfl_test_main(suite);
}
