/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf/dump*.c, list.c, diff*.c: types as C, as a listing, by name, compared.
 *
 * Here stands what the text must say, for types made on purpose; that a compiler gives every type of a kernel the same
 * layout is shown by tests/cli/btf_vmlinux.sh.
 */
#include "harness.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "btf/own.h"
#include "btfgen.h"

static int to_buf(void *ctx, const char *text, size_t size)
{
	bpfl_buf_append(ctx, text, size);
	return 0;
}

/* Everything in one format; the text must be freed. */
static char *print(const struct bpfl_btf *btf, enum bpfl_btf_format format)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_buf text = BPFL_BUF_INIT;

	CHECK_OK(bpfl_btf_print(btf, format, NULL, to_buf, &text, &err), err);
	return bpfl_buf_take(&text);
}

/* What gen says, in C; gen is done with. */
static char *print_c(struct btfgen *gen)
{
	struct bpfl_btf *btf = btfgen_read(gen);
	char *text;

	ck_assert_ptr_nonnull(btf);
	text = print(btf, BPFL_BTF_C);
	bpfl_btf_destroy(btf);
	btfgen_deinit(gen);
	return text;
}

/* before stands in text, and behind does so after it. */
static void check_order(const char *text, const char *before, const char *behind)
{
	CHECK_HAS(text, before);
	ck_assert_msg(strstr(strstr(text, before), behind) != NULL, "'%s' is not behind '%s' in:\n%s", behind,
		      before, text);
}

/* ---- order ---- */

START_TEST(what_a_struct_contains_stands_before_it)
{
	struct btfgen gen;
	char *text;

	btfgen_init(&gen, false);
	btfgen_struct(&gen, "outer", 16); /* 1 */
	btfgen_member(&gen, "in", 2, 0);
	btfgen_member(&gen, "next", 4, 64);
	btfgen_type(&gen, BPFL_KIND_TYPEDEF, "inner_t", 3); /* 2 */
	btfgen_struct(&gen, "inner", 8);		    /* 3 */
	btfgen_member(&gen, "up", 4, 0);
	btfgen_ptr(&gen, 1); /* 4 */
	text = print_c(&gen);
	check_order(text, "typedef struct inner inner_t;\n\nstruct inner {\n\tstruct outer *up;\n};\n\n",
		    "struct outer {\n\tinner_t in;\n\tstruct outer *next;\n};\n");
	CHECK_HAS_NOT(text, "struct outer;");
	free(text);
}
END_TEST

START_TEST(a_struct_in_parameters_is_declared_before)
{
	struct btfgen gen;
	char *text;

	btfgen_init(&gen, false);
	btfgen_struct(&gen, "ops", 8); /* 1 */
	btfgen_member(&gen, "run", 2, 0);
	btfgen_ptr(&gen, 3); /* 2 */
	btfgen_func_proto(&gen, 0);
	btfgen_param(&gen, "", 4);
	btfgen_param(&gen, "", 5);
	btfgen_param(&gen, "", 0);
	btfgen_ptr(&gen, 1); /* 4 */
	btfgen_ptr(&gen, 6);
	btfgen_type(&gen, BPFL_KIND_FWD, "secret", 0); /* 6 */
	text = print_c(&gen);
	check_order(text, "struct ops;\n", "struct ops {");
	check_order(text, "struct secret;\n", "struct ops {\n\tvoid (*run)(struct ops *, struct secret *, ...);\n};\n");
	free(text);
}
END_TEST

START_TEST(a_circle_of_typedefs_is_cut)
{
	struct btfgen gen;
	char *text;

	btfgen_init(&gen, false);
	btfgen_type(&gen, BPFL_KIND_TYPEDEF, "fn_t", 2); /* 1 */
	btfgen_ptr(&gen, 3);
	btfgen_func_proto(&gen, 0); /* 3 */
	btfgen_param(&gen, "", 1);
	btfgen_type(&gen, BPFL_KIND_TYPEDEF, "node_t", 5); /* 4 */
	btfgen_struct(&gen, "", 8);			   /* 5 */
	btfgen_member(&gen, "next", 6, 0);
	btfgen_ptr(&gen, 4);
	text = print_c(&gen);
	CHECK_HAS(text, "typedef void (*fn_t)(void);\n");
	CHECK_HAS(text, "typedef struct {\n\tvoid *next;\n} node_t;\n");
	free(text);
}
END_TEST

START_TEST(an_unnamed_member_brings_the_members_of_its_type)
{
	struct btfgen gen;
	char *text;

	btfgen_init(&gen, false);
	btfgen_int(&gen, "int", 4, BPFL_INT_SIGNED); /* 1 */
	btfgen_struct(&gen, "head", 4);		     /* 2 */
	btfgen_member(&gen, "magic", 1, 0);
	btfgen_struct(&gen, "all", 8);
	btfgen_member(&gen, "", 2, 0);
	btfgen_member(&gen, "body", 1, 32);
	text = print_c(&gen);
	CHECK_HAS(text, "struct all {\n\tstruct {\n\t\tint magic;\n\t};\n\tint body;\n};\n");
	free(text);
}
END_TEST

/* ---- declarators ---- */

START_TEST(declarators_stand_around_the_name)
{
	uint32_t ptr, array, proto, konst;
	struct btfgen gen;
	char *text;

	btfgen_init(&gen, false);
	btfgen_int(&gen, "int", 4, BPFL_INT_SIGNED); /* 1 */
	ptr = btfgen_ptr(&gen, 1);
	array = btfgen_array(&gen, ptr, 1, 3);
	btfgen_type(&gen, BPFL_KIND_TYPEDEF, "a_pointer_to_array", btfgen_ptr(&gen, array));
	btfgen_type(&gen, BPFL_KIND_TYPEDEF, "b_array_of_array", btfgen_array(&gen, array, 1, 2));
	proto = btfgen_func_proto(&gen, btfgen_ptr(&gen, array));
	btfgen_type(&gen, BPFL_KIND_TYPEDEF, "c_function", proto);
	btfgen_type(&gen, BPFL_KIND_TYPEDEF, "d_functions", btfgen_array(&gen, btfgen_ptr(&gen, proto), 1, 4));
	konst = btfgen_type(&gen, BPFL_KIND_CONST, "", 1);
	ptr = btfgen_ptr(&gen, btfgen_type(&gen, BPFL_KIND_VOLATILE, "", konst));
	ptr = btfgen_type(&gen, BPFL_KIND_CONST, "", ptr);
	btfgen_type(&gen, BPFL_KIND_TYPEDEF, "e_qualified", btfgen_ptr(&gen, ptr));
	btfgen_type(&gen, BPFL_KIND_TYPEDEF, "f_restrict",
		    btfgen_type(&gen, BPFL_KIND_RESTRICT, "", btfgen_ptr(&gen, 0)));
	btfgen_func_proto(&gen, 0);
	btfgen_param(&gen, "", 0);
	btfgen_type(&gen, BPFL_KIND_TYPEDEF, "g_unknown", gen.nr_types);
	text = print_c(&gen);
	CHECK_HAS(text, "typedef int *(*a_pointer_to_array)[3];\n");
	CHECK_HAS(text, "typedef int *b_array_of_array[2][3];\n");
	CHECK_HAS(text, "typedef int *(*c_function(void))[3];\n");
	CHECK_HAS(text, "typedef int *(*(*d_functions[4])(void))[3];\n");
	CHECK_HAS(text, "typedef volatile const int *const *e_qualified;\n");
	CHECK_HAS(text, "typedef void *restrict f_restrict;\n");
	CHECK_HAS(text, "typedef void g_unknown();\n");
	free(text);
}
END_TEST

START_TEST(type_tags_are_written_unless_they_could_be_more)
{
	static const struct {
		const char *tag;
		bool is_attribute;
		const char *want; /* between "int" and "*" */
	} cases[] = {
		{ "rcu", false, "typedef int __attribute__((btf_type_tag(\"rcu\"))) *t;" },
		{ "address_space(1)", true, "typedef int __attribute__((address_space(1))) *t;" },
		{ "may_alias", true, "typedef int __attribute__((may_alias)) *t;" },
		{ "x\"))) *p; int y", false, "typedef int  *t;" },
		{ "x)) = 1; int y((", true, "typedef int  *t;" },
		{ "f(1)) x", true, "typedef int  *t;" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct btfgen gen;
		char *text;

		btfgen_init(&gen, false);
		btfgen_int(&gen, "int", 4, BPFL_INT_SIGNED);
		btfgen_record(&gen, btfgen_string(&gen, cases[i].tag),
			      (uint32_t)BPFL_KIND_TYPE_TAG << 24 | (uint32_t)cases[i].is_attribute << 31, 1);
		btfgen_type(&gen, BPFL_KIND_TYPEDEF, "t", btfgen_ptr(&gen, 2));
		text = print_c(&gen);
		CHECK_HAS(text, cases[i].want);
		free(text);
	}
}
END_TEST

START_TEST(integers_are_called_as_in_c)
{
	static const struct {
		const char *name;
		uint32_t size, encoding;
		const char *want;
	} cases[] = {
		{ "long unsigned int", 8, 0, "unsigned long" },
		{ "char", 1, BPFL_INT_SIGNED, "char" },
		{ "char", 4, 0, "unsigned int" }, /* of Rust */
		{ "u8", 1, 0, "unsigned char" },
		{ "i64", 8, BPFL_INT_SIGNED, "long long" },
		{ "bool", 1, BPFL_INT_BOOL, "_Bool" },
		{ "i128", 16, BPFL_INT_SIGNED, "__int128" },
		{ "__int128 unsigned", 16, 0, "unsigned __int128" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct btfgen gen;
		char want[64];
		char *text;

		btfgen_init(&gen, false);
		btfgen_int(&gen, cases[i].name, cases[i].size, cases[i].encoding);
		btfgen_type(&gen, BPFL_KIND_TYPEDEF, "t", 1);
		snprintf(want, sizeof(want), "typedef %s t;\n", cases[i].want);
		text = print_c(&gen);
		CHECK_HAS(text, want);
		free(text);
	}
}
END_TEST

/* ---- layout ---- */

/* One struct of two members of basic types; the members' lines are compared. */
START_TEST(members_are_put_where_they_are)
{
	static const struct {
		const char *what;
		uint32_t sizes[2], bits[2], at[2]; /* at: bit offsets */
		uint32_t struct_size;
		const char *want;
	} cases[] = {
		{ "natural", { 1, 4 }, { 0, 0 }, { 0, 32 }, 8, "{\n\ta;\n\tb;\n};" },
		{ "packed by offset", { 1, 4 }, { 0, 0 }, { 0, 8 }, 5, "{\n\ta;\n\tb;\n} __attribute__((packed));" },
		{ "packed by size", { 4, 1 }, { 0, 0 }, { 0, 32 }, 5, "{\n\ta;\n\tb;\n} __attribute__((packed));" },
		{ "hole", { 4, 4 }, { 0, 0 }, { 0, 96 }, 16, "{\n\ta;\n\tint: 32;\n\tint: 32;\n\tb;\n};" },
		{ "large hole", { 4, 4 }, { 0, 0 }, { 0, 512 }, 68, "{\n\ta;\n\tchar __pad_4[60];\n\tb;\n};" },
		{ "hole in packed", { 1, 2 }, { 0, 0 }, { 0, 24 }, 5,
		  "{\n\ta;\n\tchar: 8;\n\tchar: 8;\n\tb;\n} __attribute__((packed));" },
		{ "end", { 8, 1 }, { 0, 0 }, { 0, 64 }, 24, "{\n\ta;\n\tb;\n\tlong long: 56;\n\tlong long: 64;\n};" },
		{ "bits", { 4, 4 }, { 3, 5 }, { 0, 3 }, 4, "{\n\ta: 3;\n\tb: 5;\n};" },
		{ "gap in bits", { 4, 4 }, { 3, 5 }, { 0, 20 }, 4, "{\n\ta: 3;\n\tint: 17;\n\tb: 5;\n};" },
		{ "zero width", { 4, 4 }, { 3, 5 }, { 0, 32 }, 8, "{\n\ta: 3;\n\tint: 29;\n\tb: 5;\n};" },
		{ "over the border", { 4, 4 }, { 20, 20 }, { 0, 20 }, 5,
		  "{\n\ta: 20;\n\tb: 20;\n} __attribute__((packed));" },
		{ "next unit", { 4, 4 }, { 20, 20 }, { 0, 32 }, 8, "{\n\ta: 20;\n\tb: 20;\n};" },
		{ "after bits", { 4, 1 }, { 3, 0 }, { 0, 8 }, 4, "{\n\ta: 3;\n\tb;\n};" },
	};
	static const char *const types[] = { [1] = "char", [2] = "short", [4] = "int", [8] = "long" };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct btfgen gen;
		char *text, *at;

		btfgen_init(&gen, i % 2); /* every other one in the other byte order */
		for (unsigned m = 0; m < 2; m++)
			btfgen_int(&gen, types[cases[i].sizes[m]], cases[i].sizes[m], BPFL_INT_SIGNED);
		btfgen_struct(&gen, "s", cases[i].struct_size);
		btfgen_bit_field(&gen, "a", 1, cases[i].at[0], cases[i].bits[0]);
		btfgen_bit_field(&gen, "b", 2, cases[i].at[1], cases[i].bits[1]);
		text = print_c(&gen);
		for (unsigned m = 0; m < 2; m++) { /* "int a" -> "a" */
			char declaration[16];

			snprintf(declaration, sizeof(declaration), "\t%s %c", types[cases[i].sizes[m]], 'a' + (char)m);
			at = strstr(text, declaration);
			ck_assert_msg(at != NULL, "%s: no '%s' in:\n%s", cases[i].what, declaration, text);
			memmove(at + 1, at + strlen(declaration) - 1, strlen(at + strlen(declaration) - 1) + 1);
		}
		ck_assert_msg(strstr(text, cases[i].want) != NULL, "%s: not '%s' in:\n%s", cases[i].what,
			      cases[i].want, text);
		free(text);
	}
}
END_TEST

START_TEST(a_nested_struct_has_the_alignment_that_is_written)
{
	struct btfgen gen;
	char *text;

	btfgen_init(&gen, false);
	btfgen_int(&gen, "int", 4, BPFL_INT_SIGNED); /* 1 */
	btfgen_int(&gen, "char", 1, BPFL_INT_SIGNED);
	btfgen_struct(&gen, "tight", 5); /* 3: packed, so aligned to 1 */
	btfgen_member(&gen, "c", 2, 0);
	btfgen_member(&gen, "i", 1, 8);
	btfgen_struct(&gen, "user", 12);
	btfgen_member(&gen, "c", 2, 0);
	btfgen_member(&gen, "t", 3, 24); /* the kernel's may be aligned: two bytes are left before it */
	btfgen_member(&gen, "i", 1, 64);
	btfgen_union(&gen, "wide", 64);
	btfgen_member(&gen, "i", 1, 0);
	text = print_c(&gen);
	CHECK_HAS(text, "struct user {\n\tchar c;\n\tint: 16;\n\tstruct tight t;\n\tint i;\n};\n");
	CHECK_HAS(text, "union wide {\n\tint i;\n\tchar __pad_0[64];\n};\n");
	free(text);
}
END_TEST

START_TEST(old_bit_fields_have_an_integer_of_their_own)
{
	struct btfgen gen;
	char *text;

	btfgen_init(&gen, false);
	btfgen_int(&gen, "int", 4, BPFL_INT_SIGNED);
	btfgen_put(&gen, 3, (uint32_t)BPFL_INT_SIGNED << 24 | 2u << 16 | 5); /* 5 bits from bit 2 on */
	btfgen_struct(&gen, "s", 4);
	btfgen_member(&gen, "f", 1, 8);
	text = print_c(&gen);
	CHECK_HAS(text, "struct s {\n\tint: 10;\n\tint f: 5;\n};\n");
	free(text);
}
END_TEST

/* ---- enums ---- */

START_TEST(enums_keep_values_and_size)
{
	struct btfgen gen;
	char *text;

	btfgen_init(&gen, false);
	btfgen_enum(&gen, "plain", 4);
	btfgen_enumerator(&gen, "P", 0xffffffff);
	btfgen_enum(&gen, "small", 1);
	btfgen_enumerator(&gen, "S", 7);
	btfgen_enum64(&gen, "negative", true);
	btfgen_enumerator(&gen, "N", INT64_MIN);
	btfgen_enumerator(&gen, "M", -2);
	btfgen_enum64(&gen, "positive", false);
	btfgen_enumerator(&gen, "Q", -1);
	btfgen_enum(&gen, "later", 4);
	text = print_c(&gen);
	CHECK_HAS(text, "enum plain {\n\tP = 4294967295,\n};\n");
	CHECK_HAS(text, "enum small {\n\tS = 7,\n} __attribute__((mode(byte)));\n");
	CHECK_HAS(text,
		  "enum negative {\n\tN = -9223372036854775807LL - 1,\n\tM = -2LL,\n} __attribute__((mode(DI)));\n");
	CHECK_HAS(text, "enum positive {\n\tQ = 18446744073709551615ULL,\n}");
	CHECK_HAS(text, "enum later {\n\t__enum_without_values_5,\n};\n");
	free(text);
}
END_TEST

START_TEST(an_anonymous_enum_is_defined_once)
{
	struct btfgen gen;
	char *text;

	btfgen_init(&gen, false);
	btfgen_enum(&gen, "", 4); /* 1 */
	btfgen_enumerator(&gen, "ONE", 1);
	btfgen_struct(&gen, "a", 4);
	btfgen_member(&gen, "mode", 1, 0);
	btfgen_struct(&gen, "b", 4);
	btfgen_member(&gen, "mode", 1, 0);
	btfgen_enum(&gen, "", 4);
	btfgen_enumerator(&gen, "ALONE", 1);
	btfgen_enum(&gen, "", 4);
	btfgen_enumerator(&gen, "false", 0);
	text = print_c(&gen);
	CHECK_HAS(text, "struct a {\n\tenum {\n\t\tONE = 1,\n\t} mode;\n};\n");
	CHECK_HAS(text, "struct b {\n\tunsigned int mode;\n};\n");
	CHECK_HAS(text, "\nenum {\n\tALONE = 1,\n};\n");
	CHECK_HAS(text, "#if __STDC_VERSION__ <= 201710L\nenum {\n\tfalse = 0,\n};\n#endif\n");
	free(text);
}
END_TEST

/* ---- names ---- */

START_TEST(names_that_clash_get_a_number)
{
	struct btfgen gen;
	char *text;

	btfgen_init(&gen, false);
	btfgen_int(&gen, "int", 4, BPFL_INT_SIGNED); /* 1 */
	btfgen_struct(&gen, "node", 4);
	btfgen_member(&gen, "a", 1, 0);
	btfgen_union(&gen, "node", 4); /* 3 */
	btfgen_member(&gen, "b", 1, 0);
	btfgen_struct(&gen, "node___2", 4); /* a real one */
	btfgen_member(&gen, "c", 1, 0);
	btfgen_type(&gen, BPFL_KIND_TYPEDEF, "node", 3); /* no clash: not a tag */
	btfgen_enum(&gen, "colour", 4);
	btfgen_enumerator(&gen, "node", 1);
	btfgen_type(&gen, BPFL_KIND_FWD, "colour", 0); /* 7 */
	btfgen_type(&gen, BPFL_KIND_TYPEDEF, "hidden", btfgen_ptr(&gen, 7));
	btfgen_type(&gen, BPFL_KIND_FWD, "node", 0); /* the first struct */
	btfgen_type(&gen, BPFL_KIND_TYPEDEF, "known", btfgen_ptr(&gen, gen.nr_types));
	text = print_c(&gen);
	CHECK_HAS(text, "struct node {\n\tint a;\n};\n");
	CHECK_HAS(text, "union node___3 {\n\tint b;\n};\n");
	CHECK_HAS(text, "struct node___2 {\n\tint c;\n};\n");
	CHECK_HAS(text, "typedef union node___3 node;\n");
	CHECK_HAS(text, "enum colour {\n\tnode___2 = 1,\n};\n");
	CHECK_HAS(text, "typedef struct colour___2 *hidden;\n");
	CHECK_HAS(text, "typedef struct node *known;\n");
	free(text);
}
END_TEST

START_TEST(names_that_c_does_not_have_are_changed)
{
	struct btfgen gen;
	char *text;

	btfgen_init(&gen, false);
	btfgen_int(&gen, "int", 4, BPFL_INT_SIGNED); /* 1 */
	btfgen_struct(&gen, "Option<u32>", 12);
	btfgen_member(&gen, "0", 1, 0);
	btfgen_member(&gen, "default", 1, 32);
	btfgen_member(&gen, "x; int y", 1, 64);
	btfgen_struct(&gen, "Option_u32_", 0);
	btfgen_struct(&gen, "auto", 0);
	btfgen_type(&gen, BPFL_KIND_TYPEDEF, "__builtin_va_list", 1);
	btfgen_type(&gen, BPFL_KIND_TYPEDEF, "bool", 1);
	text = print_c(&gen);
	CHECK_HAS(text, "struct Option_u32_ {\n\tint _;\n\tint default_;\n\tint x__int_y;\n};\n");
	CHECK_HAS(text, "struct Option_u32____2 {\n};\n");
	CHECK_HAS(text, "struct auto___2 {\n};\n");
	CHECK_HAS(text, "typedef int __builtin_va_list___2;\n");
	CHECK_HAS(text, "#if __STDC_VERSION__ <= 201710L\ntypedef int bool;\n#endif\n");
	free(text);
}
END_TEST

START_TEST(kfuncs_have_prototypes)
{
	struct bpfl_btf_print_opts opts = { .size = sizeof(opts), .no_kfuncs = true };
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_buf without = BPFL_BUF_INIT;
	struct bpfl_btf *btf;
	struct btfgen gen;
	char *text;

	btfgen_init(&gen, false);
	btfgen_int(&gen, "int", 4, BPFL_INT_SIGNED); /* 1 */
	btfgen_struct(&gen, "task", 4);
	btfgen_member(&gen, "pid", 1, 0);
	btfgen_func_proto(&gen, btfgen_ptr(&gen, 2)); /* 4 */
	btfgen_param(&gen, "pid", 1);
	btfgen_decl_tag(&gen, "bpf_kfunc", btfgen_func(&gen, "task_of", 4, BPFL_LINKAGE_STATIC), -1);
	btfgen_decl_tag(&gen, "bpf_kfunc", btfgen_func(&gen, "taken", 4, BPFL_LINKAGE_STATIC), -1);
	btfgen_func(&gen, "not_for_bpf", 4, BPFL_LINKAGE_STATIC);
	btfgen_enum(&gen, "e", 4);
	btfgen_enumerator(&gen, "taken", 1);
	btf = btfgen_read(&gen);
	text = print(btf, BPFL_BTF_C);
	check_order(text, "#ifndef BPF_NO_KFUNC_PROTOTYPES\n",
		    "extern struct task *task_of(int pid) __weak __ksym;\n");
	CHECK_HAS_NOT(text, "taken(");
	CHECK_HAS_NOT(text, "not_for_bpf");
	CHECK_OK(bpfl_btf_print(btf, BPFL_BTF_C, &opts, to_buf, &without, &err), err);
	CHECK_HAS_NOT(without.data, "task_of");
	bpfl_buf_deinit(&without);
	free(text);
	bpfl_btf_destroy(btf);
	btfgen_deinit(&gen);
}
END_TEST

START_TEST(split_btf_brings_what_it_needs_of_its_base)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_btf *base, *split;
	struct btfgen gen, own;
	const void *bytes;
	size_t size;
	char *text;

	btfgen_init(&gen, false);
	btfgen_int(&gen, "int", 4, BPFL_INT_SIGNED);
	btfgen_struct(&gen, "used", 4); /* 2 */
	btfgen_member(&gen, "i", 1, 0);
	btfgen_struct(&gen, "unused", 4);
	btfgen_member(&gen, "i", 1, 0);
	base = btfgen_read(&gen);
	btfgen_init(&own, false);
	own.first_id = 4;
	own.first_str = gen.header.str_len == BTFGEN_AUTO ? (uint32_t)gen.strings.size : gen.header.str_len;
	btfgen_struct(&own, "mine", 4);
	btfgen_member(&own, "u", 2, 0);
	bytes = btfgen_bytes(&own, &size);
	CHECK_OK(bpfl_btf_read(bytes, size, base, &split, &err), err);
	text = print(split, BPFL_BTF_C);
	check_order(text, "struct used {", "struct mine {\n\tstruct used u;\n};\n");
	CHECK_HAS_NOT(text, "unused");
	free(text);
	text = print(split, BPFL_BTF_RAW);
	ck_assert_str_eq(text, "[4] STRUCT 'mine' size=4 vlen=1\n\t'u' type_id=2 bits_offset=0\n");
	free(text);
	bpfl_btf_destroy(split);
	bpfl_btf_destroy(base);
	btfgen_deinit(&own);
	btfgen_deinit(&gen);
}
END_TEST

/* ---- hostile ---- */

/* Reads without the checks, as a kernel's file is. */
static struct bpfl_btf *open_unchecked(struct btfgen *gen)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_btf *btf = NULL;
	const void *bytes;
	size_t size;

	bytes = btfgen_bytes(gen, &size);
	CHECK_OK(bpfl_btf_open(bytes, size, true, BPFL_BTF_STEP_SPARSE, NULL, &btf, &err), err);
	return btf;
}

static int count(void *ctx, const char *text, size_t size)
{
	(void)text;
	*(size_t *)ctx += size;
	return 0;
}

/* In every format, by name, and against itself: ends, and with success or with this error. */
static void check_survives(struct btfgen *gen, int want_errnum, const char *want)
{
	static const enum bpfl_btf_format formats[] = { BPFL_BTF_C, BPFL_BTF_RAW, BPFL_BTF_JSON };
	struct bpfl_btf *btf = open_unchecked(gen);
	struct bpfl_error err = BPFL_ERROR_INIT;
	size_t size = 0;

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		int ret = bpfl_btf_print(btf, formats[i], NULL, count, &size, &err);

		if (formats[i] == BPFL_BTF_C && want_errnum != 0)
			CHECK_FAILS(ret, err, BPFL_ERR_OBJECT, want_errnum, want);
		else
			CHECK_OK(ret, err);
	}
	bpfl_btf_print_named(btf, "*", BPFL_BTF_C, count, &size, &err);
	bpfl_btf_diff(btf, btf, BPFL_FORMAT_TEXT, count, &size, NULL, &err);
	bpfl_btf_destroy(btf);
	btfgen_deinit(gen);
}

START_TEST(ids_out_of_range_are_void)
{
	struct btfgen gen;

	btfgen_init(&gen, false);
	btfgen_struct(&gen, "s", 16);
	btfgen_member(&gen, "a", 0xfffffff0, 0);
	btfgen_member(&gen, "b", 2, 64);
	btfgen_ptr(&gen, 99);
	btfgen_type(&gen, BPFL_KIND_TYPEDEF, "t", 1u << 31);
	btfgen_func(&gen, "f", 77, 9);
	btfgen_var(&gen, "v", 77, 9);
	btfgen_decl_tag(&gen, "bpf_kfunc", 66, -1);
	btfgen_decl_tag(&gen, "bpf_kfunc", 4, -1);
	check_survives(&gen, 0, "");
}
END_TEST

START_TEST(circles_end)
{
	struct btfgen gen;

	btfgen_init(&gen, false);
	btfgen_struct(&gen, "self", 8); /* 1: contains itself */
	btfgen_member(&gen, "s", 1, 0);
	btfgen_type(&gen, BPFL_KIND_TYPEDEF, "t", 2);  /* 2: is itself */
	btfgen_type(&gen, BPFL_KIND_TYPEDEF, "a", 4);  /* 3 */
	btfgen_type(&gen, BPFL_KIND_TYPEDEF, "b", 3);  /* 4 */
	btfgen_struct(&gen, "two", 8);
	btfgen_member(&gen, "x", 4, 0);
	check_survives(&gen, 0, "");
	btfgen_init(&gen, false);
	btfgen_type(&gen, BPFL_KIND_TYPEDEF, "p", 2);
	btfgen_ptr(&gen, 2);
	check_survives(&gen, E2BIG, "too deeply");
	btfgen_init(&gen, false);
	btfgen_struct(&gen, "s", 8); /* 1 */
	btfgen_member(&gen, "x", 2, 0);
	btfgen_struct(&gen, "", 8); /* 2: its body would be in its body */
	btfgen_member(&gen, "y", 3, 0);
	btfgen_ptr(&gen, 2);
	check_survives(&gen, E2BIG, "too deeply");
}
END_TEST

START_TEST(long_chains_do_not_fill_the_stack)
{
	struct btfgen gen;

	btfgen_init(&gen, false);
	for (uint32_t i = 0; i < 100000; i++) /* each function takes the next one */
		btfgen_param((btfgen_func_proto(&gen, 0), &gen), "", i + 2);
	btfgen_type(&gen, BPFL_KIND_TYPEDEF, "f", 1);
	check_survives(&gen, E2BIG, "too deeply");
	btfgen_init(&gen, false);
	for (uint32_t i = 0; i < 100000; i++) {
		btfgen_struct(&gen, "", 8);
		btfgen_member(&gen, "", i + 2, 0);
	}
	btfgen_struct(&gen, "last", 8);
	btfgen_member(&gen, "x", 1, 0);
	check_survives(&gen, E2BIG, "too deeply");
}
END_TEST

START_TEST(bodies_that_double_are_stopped)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_btf *btf;
	struct btfgen gen;
	size_t size = 0;

	btfgen_init(&gen, false);
	btfgen_int(&gen, "char", 1, BPFL_INT_SIGNED);
	for (uint32_t i = 0; i < 30; i++) { /* 2^30 members */
		btfgen_struct(&gen, i < 29 ? "" : "all", 2u << i);
		btfgen_member(&gen, "a", i + 1, 0);
		btfgen_member(&gen, "b", i + 1, i < 28 ? 8u << i : 0);
	}
	btf = open_unchecked(&gen);
	CHECK_FAILS(bpfl_btf_print(btf, BPFL_BTF_C, NULL, count, &size, &err), err, BPFL_ERR_OBJECT, E2BIG,
		    "too long");
	ck_assert_uint_le(size, 20u << 20);
	CHECK_FAILS(bpfl_btf_diff(btf, btf, BPFL_FORMAT_TEXT, count, &size, NULL, &err), err, BPFL_ERR_OBJECT, E2BIG,
		    "too long");
	bpfl_btf_destroy(btf);
	btfgen_deinit(&gen);
}
END_TEST

static int refuse(void *ctx, const char *text, size_t size)
{
	(void)ctx;
	(void)text;
	(void)size;
	return -EPIPE;
}

START_TEST(what_the_writer_returns_is_returned)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_btf *btf;
	struct btfgen gen;

	btfgen_init(&gen, false);
	btfgen_int(&gen, "int", 4, BPFL_INT_SIGNED);
	btf = btfgen_read(&gen);
	ck_assert_int_eq(bpfl_btf_print(btf, BPFL_BTF_C, NULL, refuse, NULL, &err), -EPIPE);
	ck_assert_int_eq(bpfl_btf_print(btf, BPFL_BTF_RAW, NULL, refuse, NULL, &err), -EPIPE);
	ck_assert_int_eq(bpfl_btf_print_named(btf, "int", BPFL_BTF_C, refuse, NULL, &err), -EPIPE);
	ck_assert_int_eq(err.kind, BPFL_ERR_NONE);
	bpfl_btf_destroy(btf);
	btfgen_deinit(&gen);
}
END_TEST

/* ---- listing and finding ---- */

/* One type of each kind. */
static void make_all_kinds(struct btfgen *gen)
{
	btfgen_init(gen, false);
	btfgen_int(gen, "int", 4, BPFL_INT_SIGNED); /* 1 */
	btfgen_ptr(gen, 0);
	btfgen_array(gen, 1, 1, 3);
	btfgen_struct(gen, "s", 4); /* 4 */
	btfgen_bit_field(gen, "f", 1, 3, 2);
	btfgen_enum(gen, "e", 4);
	btfgen_enumerator(gen, "E", 5);
	btfgen_enum64(gen, "e64", true);
	btfgen_enumerator(gen, "F", -1);
	btfgen_enumerator(gen, "G", 0x500000006);
	btfgen_type(gen, BPFL_KIND_FWD, "u", 0);
	btfgen_func_proto(gen, 1); /* 8 */
	btfgen_param(gen, "x", 1);
	btfgen_func(gen, "fn", 8, BPFL_LINKAGE_GLOBAL); /* 9 */
	btfgen_var(gen, "v", 3, BPFL_LINKAGE_STATIC);	/* 10 */
	btfgen_datasec(gen, ".data", 12);
	btfgen_datasec_var(gen, 10, 0, 12);
	btfgen_type(gen, BPFL_KIND_FLOAT, "double", 8);
	btfgen_decl_tag(gen, "tag", 4, 0);
}

START_TEST(the_listing_has_a_line_for_everything)
{
	struct bpfl_btf *btf;
	struct btfgen gen;
	char *text;

	make_all_kinds(&gen);
	btf = btfgen_read(&gen);
	text = print(btf, BPFL_BTF_RAW);
	ck_assert_str_eq(text, "[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED\n"
			       "[2] PTR '(anon)' type_id=0\n"
			       "[3] ARRAY '(anon)' type_id=1 index_type_id=1 nr_elems=3\n"
			       "[4] STRUCT 's' size=4 vlen=1\n\t'f' type_id=1 bits_offset=3 bitfield_size=2\n"
			       "[5] ENUM 'e' encoding=UNSIGNED size=4 vlen=1\n\t'E' val=5\n"
			       "[6] ENUM64 'e64' encoding=SIGNED size=8 vlen=2\n\t'F' val=-1\n\t'G' val=21474836486\n"
			       "[7] FWD 'u' fwd_kind=struct\n"
			       "[8] FUNC_PROTO '(anon)' ret_type_id=1 vlen=1\n\t'x' type_id=1\n"
			       "[9] FUNC 'fn' type_id=8 linkage=global\n"
			       "[10] VAR 'v' type_id=3 linkage=static\n"
			       "[11] DATASEC '.data' size=12 vlen=1\n\t'v' type_id=10 offset=0 size=12\n"
			       "[12] FLOAT 'double' size=8\n"
			       "[13] DECL_TAG 'tag' type_id=4 component_idx=0\n");
	free(text);
	text = print(btf, BPFL_BTF_JSON);
	ck_assert_msg(strncmp(text, "{\"types\":[\n{\"id\":1,\"kind\":\"INT\",\"name\":\"int\",\"size\":4,", 54) == 0,
		      "%s", text);
	CHECK_HAS(text, "{\"id\":4,\"kind\":\"STRUCT\",\"name\":\"s\",\"size\":4,\"vlen\":1,\"members\":["
			"{\"name\":\"f\",\"type_id\":1,\"bits_offset\":3,\"bitfield_size\":2}]},\n");
	free(text);
	bpfl_btf_destroy(btf);
	btfgen_deinit(&gen);
}
END_TEST

START_TEST(names_are_harmless_for_terminals_and_json)
{
	struct bpfl_btf *btf;
	struct btfgen gen;
	char *text;

	btfgen_init(&gen, false);
	btfgen_struct(&gen, "a\033[2J\"\\\n\377", 0);
	btf = btfgen_read(&gen);
	text = print(btf, BPFL_BTF_RAW);
	ck_assert_str_eq(text, "[1] STRUCT 'a?[2J\"\\?\377' size=0 vlen=0\n");
	free(text);
	text = print(btf, BPFL_BTF_JSON);
	CHECK_HAS(text, "\"a\\u001b[2J\\\"\\\\\\u000a\\u00ff\"");
	free(text);
	bpfl_btf_destroy(btf);
	btfgen_deinit(&gen);
}
END_TEST

static char *find(const struct bpfl_btf *btf, const char *name)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_buf text = BPFL_BUF_INIT;

	CHECK_OK(bpfl_btf_print_named(btf, name, BPFL_BTF_C, to_buf, &text, &err), err);
	return bpfl_buf_take(&text);
}

START_TEST(a_type_is_found_by_name_and_shown_with_places)
{
	static const struct {
		const char *name, *want;
	} cases[] = {
		{ "s", "/* 4: struct, 4 bytes */\nstruct s {\n\tint: 3;\n\tint f: 2;\t/* 0.3: 2 bits */\n};\n" },
		{ "e", "/* 5: enum, 4 bytes */\nenum e {\n\tE = 5,\n};\n" },
		{ "u", "/* 7: fwd */\nstruct u;\n" },
		{ "fn", "/* 9: func */\nint fn(int x);\n" },
		{ "v", "/* 10: var, 12 bytes */\nstatic int v[3];\n" },
		{ ".data", "/* 11: datasec, 12 bytes */\n[11] DATASEC '.data' size=12 vlen=1\n\t'v' type_id=10 offset=0 size=12\n" },
		{ "e?4", "" },
		{ "e6*", "/* 6: enum64, 8 bytes */\nenum e64 {\n\tF = -1LL,\n\tG = 21474836486LL,\n} __attribute__((mode(DI)));\n" },
	};
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_btf *btf;
	struct btfgen gen;
	size_t size = 0;
	char *text;

	make_all_kinds(&gen);
	btf = btfgen_read(&gen);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		text = find(btf, cases[i].name);
		if (cases[i].want[0] != '\0')
			ck_assert_str_eq(text, cases[i].want);
		free(text);
	}
	CHECK_FAILS(bpfl_btf_print_named(btf, "doubel", BPFL_BTF_C, count, &size, &err), err, BPFL_ERR_USAGE, ENOENT,
		    "'doubel'");
	CHECK_HAS(err.fix, "'double'");
	CHECK_FAILS(bpfl_btf_print_named(btf, "", BPFL_BTF_C, count, &size, &err), err, BPFL_ERR_USAGE, ENOENT, "''");
	ck_assert_uint_eq(size, 0);
	bpfl_btf_destroy(btf);
	btfgen_deinit(&gen);
}
END_TEST

/* ---- diff ---- */

/* before and after are used up; the text must be freed. */
static char *diff(struct btfgen *before, struct btfgen *after, enum bpfl_format format, size_t want_nr)
{
	struct bpfl_btf *a = btfgen_read(before), *b = btfgen_read(after);
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_buf text = BPFL_BUF_INIT;
	size_t nr = 99;

	CHECK_OK(bpfl_btf_diff(a, b, format, to_buf, &text, &nr, &err), err);
	ck_assert_uint_eq(nr, want_nr);
	bpfl_btf_destroy(a);
	bpfl_btf_destroy(b);
	btfgen_deinit(before);
	btfgen_deinit(after);
	return bpfl_buf_take(&text);
}

static void make_old(struct btfgen *gen)
{
	btfgen_init(gen, false);
	btfgen_int(gen, "long unsigned int", 8, 0); /* 1, of gcc */
	btfgen_int(gen, "char", 1, BPFL_INT_SIGNED);
	btfgen_array(gen, 2, 1, 16);
	btfgen_struct(gen, "", 8); /* 4 */
	btfgen_member(gen, "deep", 1, 0);
	btfgen_struct(gen, "task", 40);
	btfgen_member(gen, "state", 1, 0);
	btfgen_member(gen, "comm", 3, 64);
	btfgen_member(gen, "gone", 1, 192);
	btfgen_member(gen, "in", 4, 256);
	btfgen_enum(gen, "e", 4);
	btfgen_enumerator(gen, "KEPT", 1);
	btfgen_enumerator(gen, "MOVED", 2);
	btfgen_func_proto(gen, 1);
	btfgen_param(gen, "a", 1);
	btfgen_func(gen, "fn", gen->nr_types, BPFL_LINKAGE_STATIC);
	btfgen_struct(gen, "old_only", 8);
	btfgen_member(gen, "x", 1, 0);
	btfgen_type(gen, BPFL_KIND_TYPEDEF, "t", 1);
}

static void make_new(struct btfgen *gen)
{
	btfgen_init(gen, false);
	btfgen_type(gen, BPFL_KIND_TYPEDEF, "t", 2);
	btfgen_int(gen, "unsigned long", 8, 0); /* 2, of clang */
	btfgen_int(gen, "char", 1, BPFL_INT_SIGNED);
	btfgen_array(gen, 3, 2, 32);
	btfgen_struct(gen, "", 16); /* 5 */
	btfgen_member(gen, "deep", 2, 64);
	btfgen_struct(gen, "task", 64);
	btfgen_member(gen, "state", 2, 0);
	btfgen_member(gen, "comm", 4, 128);
	btfgen_member(gen, "in", 5, 384);
	btfgen_member(gen, "fresh", 2, 64);
	btfgen_enum(gen, "e", 4);
	btfgen_enumerator(gen, "KEPT", 1);
	btfgen_enumerator(gen, "MOVED", 3);
	btfgen_func_proto(gen, 2);
	btfgen_param(gen, "a", 2);
	btfgen_param(gen, "b", 2);
	btfgen_func(gen, "fn", gen->nr_types, BPFL_LINKAGE_STATIC);
	btfgen_struct(gen, "new_only", 8);
	btfgen_member(gen, "x", 2, 0);
}

START_TEST(a_diff_says_what_changed)
{
	struct btfgen before, after;
	char *text;

	make_old(&before);
	make_new(&after);
	text = diff(&before, &after, BPFL_FORMAT_TEXT, 5);
	ck_assert_str_eq(text,
			 "~ struct task size 40 -> 64\n"
			 "  ~ comm at 8 -> 16, size 16 -> 32, type char [16] -> char [32]\n"
			 "  - gone at 24, size 8, type unsigned long\n"
			 "  ~ in at 32 -> 48, size 8 -> 16\n"
			 "  ~ in.deep at 32 -> 56\n"
			 "  + fresh at 8, size 8, type unsigned long\n"
			 "~ enum e\n"
			 "  ~ MOVED = 2 -> 3\n"
			 "~ func fn unsigned long fn(unsigned long) -> unsigned long fn(unsigned long, unsigned long)\n"
			 "- struct old_only, size 8\n"
			 "+ struct new_only, size 8\n");
	free(text);
}
END_TEST

START_TEST(a_diff_as_json_has_one_object_on_a_line)
{
	struct btfgen before, after;
	char *text;

	make_old(&before);
	make_new(&after);
	text = diff(&before, &after, BPFL_FORMAT_JSON, 5);
	ck_assert_str_eq(
		text,
		"{\"change\":\"changed\",\"kind\":\"struct\",\"name\":\"task\",\"size\":[40,64],\"members\":["
		"{\"change\":\"changed\",\"name\":\"comm\",\"bit_off\":[64,128],\"size\":[16,32],\"type\":[\"char [16]\",\"char [32]\"]},"
		"{\"change\":\"removed\",\"name\":\"gone\",\"bit_off\":192,\"size\":8,\"type\":\"unsigned long\"},"
		"{\"change\":\"changed\",\"name\":\"in\",\"bit_off\":[256,384],\"size\":[8,16]},"
		"{\"change\":\"changed\",\"name\":\"in.deep\",\"bit_off\":[256,448]},"
		"{\"change\":\"added\",\"name\":\"fresh\",\"bit_off\":64,\"size\":8,\"type\":\"unsigned long\"}]}\n"
		"{\"change\":\"changed\",\"kind\":\"enum\",\"name\":\"e\",\"values\":["
		"{\"change\":\"changed\",\"name\":\"MOVED\",\"value\":[2,3]}]}\n"
		"{\"change\":\"changed\",\"kind\":\"func\",\"name\":\"fn\",\"declaration\":"
		"[\"unsigned long fn(unsigned long)\",\"unsigned long fn(unsigned long, unsigned long)\"]}\n"
		"{\"change\":\"removed\",\"kind\":\"struct\",\"name\":\"old_only\",\"size\":8}\n"
		"{\"change\":\"added\",\"kind\":\"struct\",\"name\":\"new_only\",\"size\":8}\n");
	free(text);
}
END_TEST

START_TEST(types_of_one_name_are_told_apart_by_what_they_say)
{
	struct btfgen before, after;
	char *text;

	btfgen_init(&before, false);
	btfgen_int(&before, "int", 4, BPFL_INT_SIGNED);
	for (int i = 0; i < 3; i++) {
		btfgen_struct(&before, "node", 4);
		btfgen_member(&before, (const char *[]){ "a", "b", "c" }[i], 1, 0);
	}
	btfgen_init(&after, false);
	btfgen_int(&after, "int", 4, BPFL_INT_SIGNED);
	for (int i = 0; i < 3; i++) {
		btfgen_struct(&after, "node", 4);
		btfgen_member(&after, (const char *[]){ "c", "x", "a" }[i], 1, 0);
	}
	text = diff(&before, &after, BPFL_FORMAT_TEXT, 1);
	ck_assert_str_eq(text, "~ struct node\n  - b at 0, size 4, type int\n  + x at 0, size 4, type int\n");
	free(text);
}
END_TEST

START_TEST(a_struct_that_became_a_union_has_changed)
{
	struct btfgen before, after;
	char *text;

	btfgen_init(&before, false);
	btfgen_struct(&before, "x", 8);
	btfgen_init(&after, true); /* in the other byte order */
	btfgen_union(&after, "x", 8);
	text = diff(&before, &after, BPFL_FORMAT_TEXT, 1);
	ck_assert_str_eq(text, "~ union x kind struct -> union\n");
	free(text);
	make_new(&before);
	make_new(&after);
	text = diff(&before, &after, BPFL_FORMAT_TEXT, 0);
	ck_assert_str_eq(text, "");
	free(text);
}
END_TEST

int main(void)
{
	const TTest *order[] = { what_a_struct_contains_stands_before_it, a_struct_in_parameters_is_declared_before,
				 a_circle_of_typedefs_is_cut, an_unnamed_member_brings_the_members_of_its_type,
				 split_btf_brings_what_it_needs_of_its_base };
	const TTest *text[] = { declarators_stand_around_the_name, type_tags_are_written_unless_they_could_be_more,
				integers_are_called_as_in_c, enums_keep_values_and_size,
				an_anonymous_enum_is_defined_once, names_that_clash_get_a_number,
				names_that_c_does_not_have_are_changed, kfuncs_have_prototypes };
	const TTest *layout[] = { members_are_put_where_they_are, a_nested_struct_has_the_alignment_that_is_written,
				  old_bit_fields_have_an_integer_of_their_own };
	const TTest *hostile[] = { ids_out_of_range_are_void, circles_end, long_chains_do_not_fill_the_stack,
				   bodies_that_double_are_stopped, what_the_writer_returns_is_returned };
	const TTest *list[] = { the_listing_has_a_line_for_everything, names_are_harmless_for_terminals_and_json,
				a_type_is_found_by_name_and_shown_with_places };
	const TTest *diffs[] = { a_diff_says_what_changed, a_diff_as_json_has_one_object_on_a_line,
				 types_of_one_name_are_told_apart_by_what_they_say,
				 a_struct_that_became_a_union_has_changed };
	Suite *suite = BPFL_TEST_SUITE("btf dump: order", order);

	BPFL_TEST_ADD_CASE(suite, "text", text);
	BPFL_TEST_ADD_CASE(suite, "layout", layout);
	BPFL_TEST_ADD_CASE(suite, "hostile", hostile);
	BPFL_TEST_ADD_CASE(suite, "list", list);
	BPFL_TEST_ADD_CASE(suite, "diff", diffs);
	return bpfl_test_main(suite);
}
