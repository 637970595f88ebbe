/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * .BTF.ext: what is in it comes out, in both byte orders; each broken shape has its own text; cut and flipped ones end.
 */
#include "harness.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "btf/ext.h"
#include "btfgen.h"

/* A BTF with one function, and the strings that the tables refer to. */
struct fixture {
	struct btfgen gen;
	struct bpfl_btf *btf;
	uint32_t func_id;
	uint32_t xdp, tracepoint, file, source, access; /* string offsets */
};

static void fixture_init(struct fixture *fix, bool swap)
{
	btfgen_init(&fix->gen, swap);
	btfgen_int(&fix->gen, "int", 4, BPFL_INT_SIGNED);
	btfgen_func_proto(&fix->gen, 1);
	fix->func_id = btfgen_func(&fix->gen, "prog", 2, BPFL_LINKAGE_GLOBAL);
	fix->xdp = btfgen_string(&fix->gen, "xdp");
	fix->tracepoint = btfgen_string(&fix->gen, "tracepoint/a/b");
	fix->file = btfgen_string(&fix->gen, "hello.bpf.c");
	fix->source = btfgen_string(&fix->gen, "return 0;");
	fix->access = btfgen_string(&fix->gen, "0:1");
	fix->btf = btfgen_read(&fix->gen);
	ck_assert_ptr_nonnull(fix->btf);
}

static void fixture_deinit(struct fixture *fix)
{
	bpfl_btf_destroy(fix->btf);
	btfgen_deinit(&fix->gen);
}

static void fill(struct fixture *fix, struct extgen *ext)
{
	extgen_section(ext, EXTGEN_FUNCS, fix->xdp);
	extgen_record(ext, EXTGEN_FUNCS, (uint32_t[]){ 0, fix->func_id });
	extgen_section(ext, EXTGEN_FUNCS, fix->tracepoint);
	extgen_record(ext, EXTGEN_FUNCS, (uint32_t[]){ 0, fix->func_id });
	extgen_record(ext, EXTGEN_FUNCS, (uint32_t[]){ 0x40, fix->func_id });
	extgen_section(ext, EXTGEN_LINES, fix->xdp);
	extgen_record(ext, EXTGEN_LINES, (uint32_t[]){ 0x10, fix->file, fix->source, 12 << 10 | 3 });
	extgen_section(ext, EXTGEN_CORES, fix->tracepoint);
	extgen_record(ext, EXTGEN_CORES, (uint32_t[]){ 0x18, 1, fix->access, 6 });
}

static void check_contents(const struct fixture *fix, const struct bpfl_btf_ext *ext, bool with_cores)
{
	ck_assert_uint_eq(ext->nr_funcs, 3);
	ck_assert_uint_eq(ext->funcs[0].section_name_off, fix->xdp);
	ck_assert_uint_eq(ext->funcs[2].section_name_off, fix->tracepoint);
	ck_assert_uint_eq(ext->funcs[2].byte_off, 0x40);
	ck_assert_uint_eq(ext->funcs[2].type_id, fix->func_id);
	ck_assert_uint_eq(ext->nr_lines, 1);
	ck_assert_uint_eq(ext->lines[0].byte_off, 0x10);
	ck_assert_str_eq(bpfl_btf_string(fix->btf, ext->lines[0].file_name_off), "hello.bpf.c");
	ck_assert_str_eq(bpfl_btf_string(fix->btf, ext->lines[0].line_off), "return 0;");
	ck_assert_uint_eq(ext->lines[0].line_col, 12 << 10 | 3);
	ck_assert_uint_eq(ext->nr_cores, with_cores ? 1 : 0);
	if (!with_cores)
		return;
	ck_assert_uint_eq(ext->cores[0].section_name_off, fix->tracepoint);
	ck_assert_uint_eq(ext->cores[0].byte_off, 0x18);
	ck_assert_uint_eq(ext->cores[0].type_id, 1);
	ck_assert_str_eq(bpfl_btf_string(fix->btf, ext->cores[0].access_off), "0:1");
	ck_assert_uint_eq(ext->cores[0].kind, 6);
}

/* header_size: 24 without the CO-RE table, 32 with. record_extra: bytes of each record that this code does not know. */
static void round_trip(bool swap, uint32_t header_size, uint32_t record_extra)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_btf_ext *read;
	struct fixture fix;
	struct extgen ext;
	const void *bytes;
	size_t size;

	fixture_init(&fix, swap);
	extgen_init(&ext, swap);
	ext.header.size = header_size;
	for (int i = 0; i < EXTGEN_NR_TABLES; i++)
		ext.rec_size[i] += record_extra;
	fill(&fix, &ext);
	bytes = extgen_bytes(&ext, &size);
	CHECK_OK(bpfl_btf_ext_read(bytes, size, swap, fix.btf, &read, &err), err);
	check_contents(&fix, read, header_size >= 32);
	bpfl_btf_ext_destroy(read);
	extgen_deinit(&ext);
	fixture_deinit(&fix);
}

START_TEST(records_come_out_as_they_were_written)
{
	for (int swap = 0; swap < 2; swap++) {
		round_trip(swap, 32, 0);
		round_trip(swap, 32, 8);
		round_trip(swap, 24, 0);
	}
}
END_TEST

START_TEST(empty_tables_are_no_records)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_btf_ext *read;
	struct fixture fix;
	struct extgen ext;
	const void *bytes;
	size_t size;

	fixture_init(&fix, false);
	extgen_init(&ext, false);
	bytes = extgen_bytes(&ext, &size);
	CHECK_OK(bpfl_btf_ext_read(bytes, size, false, fix.btf, &read, &err), err);
	ck_assert_uint_eq(read->nr_funcs + read->nr_lines + read->nr_cores, 0);
	bpfl_btf_ext_destroy(read);
	bpfl_btf_ext_destroy(NULL);
	extgen_deinit(&ext);
	fixture_deinit(&fix);
}
END_TEST

/* ---- broken ---- */

typedef void (*make_fn)(struct fixture *fix, struct extgen *ext);

static void bad_magic(struct fixture *fix, struct extgen *ext) { (void)fix; ext->header.magic = 0x1111; }
static void other_order(struct fixture *fix, struct extgen *ext) { (void)fix; ext->header.magic = 0x9feb; }
static void bad_version(struct fixture *fix, struct extgen *ext) { (void)fix; ext->header.version = 9; }
static void bad_flags(struct fixture *fix, struct extgen *ext) { (void)fix; ext->header.flags = 4; }
static void header_small(struct fixture *fix, struct extgen *ext) { (void)fix; ext->header.size = 23; }
static void header_large(struct fixture *fix, struct extgen *ext) { (void)fix; ext->header.size = 999; }
static void table_outside(struct fixture *fix, struct extgen *ext) { (void)fix; ext->header.len[0] = 100; }
static void table_wraps(struct fixture *fix, struct extgen *ext)
{
	(void)fix;
	ext->header.off[1] = 0xfffffffc;
	ext->header.len[1] = 8;
}
static void table_odd(struct fixture *fix, struct extgen *ext)
{
	extgen_section(ext, EXTGEN_CORES, fix->xdp);
	ext->header.off[2] = 2;
	ext->header.len[2] = 4;
}
static void tiny_table(struct fixture *fix, struct extgen *ext)
{
	extgen_section(ext, EXTGEN_FUNCS, fix->xdp);
	ext->header.len[0] = 3;
}
static void records_short(struct fixture *fix, struct extgen *ext)
{
	(void)fix;
	extgen_word(ext, EXTGEN_FUNCS, 4);
	extgen_word(ext, EXTGEN_FUNCS, 0);
}
static void records_zero(struct fixture *fix, struct extgen *ext)
{
	(void)fix;
	extgen_word(ext, EXTGEN_LINES, 0);
	extgen_word(ext, EXTGEN_LINES, 0);
}
static void records_odd(struct fixture *fix, struct extgen *ext)
{
	(void)fix;
	extgen_word(ext, EXTGEN_CORES, 18);
	extgen_word(ext, EXTGEN_CORES, 0);
}
static void no_group(struct fixture *fix, struct extgen *ext)
{
	(void)fix;
	extgen_word(ext, EXTGEN_FUNCS, 8);
}
static void half_group(struct fixture *fix, struct extgen *ext)
{
	extgen_word(ext, EXTGEN_FUNCS, 8);
	extgen_word(ext, EXTGEN_FUNCS, fix->xdp);
}
static void group_name(struct fixture *fix, struct extgen *ext)
{
	(void)fix;
	extgen_section(ext, EXTGEN_FUNCS, 0x7777);
	extgen_record(ext, EXTGEN_FUNCS, (uint32_t[]){ 0, 3 });
}
static void group_without_name(struct fixture *fix, struct extgen *ext)
{
	(void)fix;
	extgen_section(ext, EXTGEN_FUNCS, 0);
	extgen_record(ext, EXTGEN_FUNCS, (uint32_t[]){ 0, 3 });
}
static void group_empty(struct fixture *fix, struct extgen *ext) { extgen_section(ext, EXTGEN_FUNCS, fix->xdp); }
static void count_enormous(struct fixture *fix, struct extgen *ext)
{
	extgen_word(ext, EXTGEN_LINES, 16);
	extgen_word(ext, EXTGEN_LINES, fix->xdp);
	extgen_word(ext, EXTGEN_LINES, 0x10000000); /* times 16 is 0 in 32 bits */
	for (int i = 0; i < 4; i++)
		extgen_word(ext, EXTGEN_LINES, 0);
}
static void insn_odd(struct fixture *fix, struct extgen *ext)
{
	extgen_section(ext, EXTGEN_CORES, fix->xdp);
	extgen_record(ext, EXTGEN_CORES, (uint32_t[]){ 5, 1, fix->access, 0 });
}
static void func_type(struct fixture *fix, struct extgen *ext)
{
	extgen_section(ext, EXTGEN_FUNCS, fix->xdp);
	extgen_record(ext, EXTGEN_FUNCS, (uint32_t[]){ 0, 99 });
}
static void func_kind(struct fixture *fix, struct extgen *ext)
{
	extgen_section(ext, EXTGEN_FUNCS, fix->xdp);
	extgen_record(ext, EXTGEN_FUNCS, (uint32_t[]){ 0, 1 });
}
static void line_file(struct fixture *fix, struct extgen *ext)
{
	extgen_section(ext, EXTGEN_LINES, fix->xdp);
	extgen_record(ext, EXTGEN_LINES, (uint32_t[]){ 0, 0x5555, fix->source, 0 });
}
static void line_source(struct fixture *fix, struct extgen *ext)
{
	extgen_section(ext, EXTGEN_LINES, fix->xdp);
	extgen_record(ext, EXTGEN_LINES, (uint32_t[]){ 0, fix->file, 0x6666, 0 });
}
static void core_type(struct fixture *fix, struct extgen *ext)
{
	extgen_section(ext, EXTGEN_CORES, fix->xdp);
	extgen_record(ext, EXTGEN_CORES, (uint32_t[]){ 0, 98, fix->access, 0 });
}
static void core_void(struct fixture *fix, struct extgen *ext)
{
	extgen_section(ext, EXTGEN_CORES, fix->xdp);
	extgen_record(ext, EXTGEN_CORES, (uint32_t[]){ 0, 0, fix->access, 0 });
}
static void core_access(struct fixture *fix, struct extgen *ext)
{
	extgen_section(ext, EXTGEN_CORES, fix->tracepoint);
	extgen_record(ext, EXTGEN_CORES, (uint32_t[]){ 0, 1, fix->access, 0 });
	extgen_record(ext, EXTGEN_CORES, (uint32_t[]){ 8, 1, 0x8888, 0 });
}
static void core_no_access(struct fixture *fix, struct extgen *ext)
{
	extgen_section(ext, EXTGEN_CORES, fix->xdp);
	extgen_record(ext, EXTGEN_CORES, (uint32_t[]){ 0, 1, 0, 0 });
}

static const struct shape {
	make_fn make;
	const char *text;
} shapes[] = {
	{ bad_magic, "magic number is 0x1111" },
	{ other_order, "byte order differs" },
	{ bad_version, "version is 9" },
	{ bad_flags, "flags are 0x04" },
	{ header_small, "header says that it has 23 bytes (expected 24 to" },
	{ header_large, "header says that it has 999 bytes (expected 24 to" },
	{ table_outside, "function table (100 bytes at 0x0) leaves the 0 bytes" },
	{ table_wraps, "line table (8 bytes at 0xfffffffc) leaves" },
	{ table_odd, "CO-RE table begins at 0x2" },
	{ tiny_table, "function table: 3 bytes are too few for the record size" },
	{ records_short, "function table: records of 4 bytes (expected at least 8" },
	{ records_zero, "line table: records of 0 bytes (expected at least 16" },
	{ records_odd, "CO-RE table: records of 18 bytes" },
	{ no_group, "function table: record size without any group" },
	{ half_group, "function table: 4 bytes at the end are too few for a group" },
	{ group_name, "section name at string offset 0x7777" },
	{ group_without_name, "group without a section name" },
	{ group_empty, "no records for section 'xdp'" },
	{ count_enormous, "268435456 records of 16 bytes for section 'xdp', but 16 bytes are left" },
	{ insn_odd, "record 0: instruction at byte 0x5" },
	{ func_type, "section 'xdp': record 0: function is type 99, but the last type is 3" },
	{ func_kind, "function is type 1 (int), expected a func" },
	{ line_file, "file name at string offset 0x5555" },
	{ line_source, "source line at string offset 0x6666" },
	{ core_type, "relocation of type 98, but types are 1 to 3" },
	{ core_void, "relocation of type 0" },
	{ core_access, "section 'tracepoint/a/b': record 1: access string at string offset 0x8888" },
	{ core_no_access, "access string is empty" },
};
#define NR_SHAPES (sizeof(shapes) / sizeof(shapes[0]))

static void read_shape(const struct shape *shape, bool swap, struct bpfl_error *err)
{
	struct bpfl_btf_ext *read = NULL;
	struct fixture fix;
	struct extgen ext;
	const void *bytes;
	size_t size;

	fixture_init(&fix, swap);
	extgen_init(&ext, swap);
	shape->make(&fix, &ext);
	bytes = extgen_bytes(&ext, &size);
	CHECK_FAILS(bpfl_btf_ext_read(bytes, size, swap, fix.btf, &read, err), *err, BPFL_ERR_OBJECT, EINVAL,
		    shape->text);
	ck_assert_ptr_null(read);
	ck_assert_msg(strncmp(err->message, "BTF.ext: ", 9) == 0, "%s", err->message);
	extgen_deinit(&ext);
	fixture_deinit(&fix);
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
				      "'%s' does not tell shape %zu from %zu", shapes[i].text, i, j);
	}
}
END_TEST

START_TEST(cut_and_flipped_tables_end_in_an_error_or_records)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_btf_ext *read;
	struct fixture fix;
	struct extgen ext;
	const void *whole;
	uint8_t *bytes;
	size_t size;
	size_t nr_accepted = 0;

	fixture_init(&fix, false);
	extgen_init(&ext, false);
	fill(&fix, &ext);
	whole = extgen_bytes(&ext, &size);
	for (size_t cut = 0; cut < size; cut++) {
		bytes = malloc(cut + 1);
		ck_assert_ptr_nonnull(bytes);
		memcpy(bytes, whole, cut);
		ck_assert_int_eq(bpfl_btf_ext_read(bytes, cut, false, fix.btf, &read, &err), -EINVAL);
		free(bytes);
	}
	bytes = malloc(size);
	ck_assert_ptr_nonnull(bytes);
	for (size_t bit = 0; bit < size * 8; bit++) {
		memcpy(bytes, whole, size);
		bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		if (bpfl_btf_ext_read(bytes, size, false, fix.btf, &read, &err) == 0) {
			nr_accepted++;
			bpfl_btf_ext_destroy(read);
		}
	}
	free(bytes);
	ck_assert_uint_gt(nr_accepted, 30); /* another line number is no error */
	ck_assert_uint_lt(nr_accepted, size * 8);
	extgen_deinit(&ext);
	fixture_deinit(&fix);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		records_come_out_as_they_were_written,
		empty_tables_are_no_records,
		each_broken_shape_has_its_text_in_both_byte_orders,
		cut_and_flipped_tables_end_in_an_error_or_records,
	};
	return bpfl_test_main(BPFL_TEST_SUITE("btf/ext", tests));
}
