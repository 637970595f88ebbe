/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/btf_load.c: the object's BTF into the kernel.
 *
 * Compilers emit kinds of types that kernels learned one by one (FUNC in 5.0, DATASEC in 5.2, ...
 * ENUM64 in 6.0), and a kernel refuses a whole BTF for one kind that it does not know. So:
 *
 *   1. Load it as it is.
 *   2. Refused: for each kind in the table below that the BTF contains, load a BTF of a few dozen
 *      bytes that contains nothing else of interest. What is refused now is unknown to this kernel;
 *      target->features keeps the answer.
 *   3. Replace those kinds by older ones of the same size (ids must stay: maps, func_info and CO-RE
 *      refer to them) and load again.
 *   4. Still refused: go on without BTF, unless a map needs it.
 */
#include "kern/load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "btf/build.h"
#include "image/since.h"
#include "sys/bpf.h"
#include "sys/enter.h"
#include "sys/facts.h"

#define NR(table) (sizeof(table) / sizeof((table)[0]))
#define BTF_MAGIC 0xeb9f
#define BTF_LOG_SIZE (64u << 10)

/* A type's info word. */
#define INFO(kind, vlen) (((uint32_t)(kind) << 24) | (vlen))
/* The word behind an INT: encoding 0, bit offset 0, bits. */
#define INT_BITS(bits) (bits)

struct btf_header {
	uint16_t magic;
	uint8_t version;
	uint8_t flags;
	uint32_t hdr_len;
	uint32_t type_off, type_len;
	uint32_t str_off, str_len;
};

static void token_add(const struct bpfl_loading *loading, struct bpfl_attr_btf_load *attr)
{
	if (loading->token_fd >= 0) {
		attr->btf_flags |= BPFL_F_TOKEN_FD;
		attr->btf_token_fd = loading->token_fd;
	}
}

static int btf_load_quietly(struct bpfl_loading *loading, const void *bytes, size_t size)
{
	struct bpfl_attr_btf_load attr = { .btf = BPFL_PTR(bytes), .btf_size = (uint32_t)size };
	int ret;

	token_add(loading, &attr);
	ret = bpfl_sys_btf_load(&attr);
	if (ret < 0 && bpfl_loading_take_token(loading, ret)) {
		token_add(loading, &attr);
		ret = bpfl_sys_btf_load(&attr);
	}
	return ret;
}

/* ---- replacements ---- */

struct sanitiser {
	struct bpfl_btf_builder *builder;
	uint32_t byte_int_id; /* an INT of one byte added behind all types, 0 not yet */
};

static bool has_kind(const struct bpfl_btf_type *type, enum bpfl_btf_kind kind)
{
	return bpfl_btf_kind(type) == kind;
}

/*
 * FUNC and FUNC_PROTO, Linux 5.0. A parameter has the layout of an enumerator, so a prototype
 * becomes an ENUM in place.
 */
static bool is_func(const struct bpfl_btf_type *type, const char *name)
{
	(void)name;
	return has_kind(type, BPFL_KIND_FUNC) || has_kind(type, BPFL_KIND_FUNC_PROTO);
}

static int replace_func(struct sanitiser *sanitiser, struct bpfl_btf_type *type)
{
	(void)sanitiser;
	if (has_kind(type, BPFL_KIND_FUNC)) {
		type->info = INFO(BPFL_KIND_TYPEDEF, 0);
		return 0;
	}
	type->info = INFO(BPFL_KIND_ENUM, bpfl_btf_vlen(type));
	type->size = sizeof(uint32_t);
	return 0;
}

/* Functions with a linkage other than static, Linux 5.6. */
static bool is_global_func(const struct bpfl_btf_type *type, const char *name)
{
	(void)name;
	return has_kind(type, BPFL_KIND_FUNC) && bpfl_btf_vlen(type) != BPFL_LINKAGE_STATIC;
}

static int replace_global_func(struct sanitiser *sanitiser, struct bpfl_btf_type *type)
{
	(void)sanitiser;
	type->info = INFO(BPFL_KIND_FUNC, BPFL_LINKAGE_STATIC);
	return 0;
}

/* VAR and DATASEC, Linux 5.2. */
static bool is_data(const struct bpfl_btf_type *type, const char *name)
{
	(void)name;
	return has_kind(type, BPFL_KIND_VAR) || has_kind(type, BPFL_KIND_DATASEC);
}

/* A valid identifier of a section's name: ".rodata" -> "_rodata". */
static int rename_as_identifier(struct sanitiser *sanitiser, struct bpfl_btf_type *type)
{
	char *name = bpfl_strdup(bpfl_btf_builder_string(sanitiser->builder, type->name_off));
	int ret;

	if (!name)
		return -ENOMEM;
	for (char *c = name; (c = strpbrk(c, ".-/")) != NULL;)
		*c = '_';
	ret = bpfl_btf_builder_string_add(sanitiser->builder, name);
	free(name);
	if (ret < 0)
		return ret;
	type->name_off = (uint32_t)ret;
	return 0;
}

static int replace_data(struct sanitiser *sanitiser, struct bpfl_btf_type *type)
{
	struct bpfl_btf_member *member = (struct bpfl_btf_member *)(type + 1);
	int ret;

	if (has_kind(type, BPFL_KIND_VAR)) {
		/* One byte fits into any variable's place, whatever the section's size. */
		type->info = INFO(BPFL_KIND_INT, 0);
		type->size = 1;
		*(uint32_t *)(type + 1) = INT_BITS(8);
		return 0;
	}
	ret = rename_as_identifier(sanitiser, type);
	if (ret < 0)
		return ret;
	type->info = INFO(BPFL_KIND_STRUCT, bpfl_btf_vlen(type));
	for (uint32_t i = 0; i < bpfl_btf_vlen(type); i++) {
		/*
		 * {type, offset, size} becomes {name, type, bit offset}; the name is the
		 * variable's.
		 */
		struct bpfl_btf_datasec_var var = bpfl_btf_datasec_vars(type)[i];
		const struct bpfl_btf_type *var_type = bpfl_btf_builder_type(sanitiser->builder,
									     var.type);

		member[i].name_off = var_type ? var_type->name_off : 0;
		member[i].type = var.type;
		member[i].offset = var.byte_off * 8;
	}
	return 0;
}

/* FLOAT, Linux 5.13: a nameless struct without members of the same size. */
static bool is_float(const struct bpfl_btf_type *type, const char *name)
{
	(void)name;
	return has_kind(type, BPFL_KIND_FLOAT);
}

static int replace_float(struct sanitiser *sanitiser, struct bpfl_btf_type *type)
{
	(void)sanitiser;
	type->name_off = 0;
	type->info = INFO(BPFL_KIND_STRUCT, 0);
	return 0;
}

/* DECL_TAG, Linux 5.16: nothing refers to one, so any type of the same length does. */
static bool is_decl_tag(const struct bpfl_btf_type *type, const char *name)
{
	(void)name;
	return has_kind(type, BPFL_KIND_DECL_TAG);
}

static int replace_decl_tag(struct sanitiser *sanitiser, struct bpfl_btf_type *type)
{
	(void)sanitiser;
	type->info = INFO(BPFL_KIND_INT, 0);
	type->size = 1;
	*(uint32_t *)(type + 1) = INT_BITS(8);
	return 0;
}

/* TYPE_TAG, Linux 5.17: a modifier without effect. */
static bool is_type_tag(const struct bpfl_btf_type *type, const char *name)
{
	(void)name;
	return has_kind(type, BPFL_KIND_TYPE_TAG);
}

static int replace_type_tag(struct sanitiser *sanitiser, struct bpfl_btf_type *type)
{
	(void)sanitiser;
	type->name_off = 0;
	type->info = INFO(BPFL_KIND_CONST, 0);
	return 0;
}

/* ENUM64, Linux 6.0, and with it the flag for signed ENUMs. */
static bool is_enum64(const struct bpfl_btf_type *type, const char *name)
{
	(void)name;
	return has_kind(type, BPFL_KIND_ENUM64) ||
	       (has_kind(type, BPFL_KIND_ENUM) && bpfl_btf_kflag(type));
}

static int replace_enum64(struct sanitiser *sanitiser, struct bpfl_btf_type *type)
{
	struct bpfl_btf_member *member = (struct bpfl_btf_member *)(type + 1);

	if (has_kind(type, BPFL_KIND_ENUM)) {
		type->info &= ~(1u << 31);
		return 0;
	}
	/* An enumerator {name, low, high} has the length of a member {name, type, offset}. */
	type->info = INFO(BPFL_KIND_UNION, bpfl_btf_vlen(type));
	for (uint32_t i = 0; i < bpfl_btf_vlen(type); i++) {
		member[i].type = sanitiser->byte_int_id;
		member[i].offset = 0;
	}
	return 0;
}

/* ---- the table ---- */

#define TEST_STRINGS "\0x\0.d" /* offsets: "x" 1, ".d" 3 */

static const uint32_t test_int[] = { 1, INFO(BPFL_KIND_INT, 0), 4, INT_BITS(32) };
static const uint32_t test_func[] = { 1, INFO(BPFL_KIND_INT, 0), 4, INT_BITS(32),
				      0, INFO(BPFL_KIND_FUNC_PROTO, 1), 0, 1, 1,
				      1, INFO(BPFL_KIND_FUNC, BPFL_LINKAGE_STATIC), 2 };
static const uint32_t test_func_global[] = { 1, INFO(BPFL_KIND_INT, 0), 4, INT_BITS(32),
					     0, INFO(BPFL_KIND_FUNC_PROTO, 1), 0, 1, 1,
					     1, INFO(BPFL_KIND_FUNC, BPFL_LINKAGE_GLOBAL), 2 };
static const uint32_t test_datasec[] = { 1, INFO(BPFL_KIND_INT, 0), 4, INT_BITS(32),
					 1, INFO(BPFL_KIND_VAR, 0), 1, BPFL_LINKAGE_STATIC,
					 3, INFO(BPFL_KIND_DATASEC, 1), 4, 2, 0, 4 };
static const uint32_t test_float[] = { 1, INFO(BPFL_KIND_FLOAT, 0), 4 };
static const uint32_t test_decl_tag[] = { 1, INFO(BPFL_KIND_INT, 0), 4, INT_BITS(32),
					  1, INFO(BPFL_KIND_VAR, 0), 1, BPFL_LINKAGE_STATIC,
					  1, INFO(BPFL_KIND_DECL_TAG, 0), 2, UINT32_MAX };
static const uint32_t test_type_tag[] = { 1, INFO(BPFL_KIND_INT, 0), 4, INT_BITS(32),
					  1, INFO(BPFL_KIND_TYPE_TAG, 0), 1,
					  0, INFO(BPFL_KIND_PTR, 0), 2 };
static const uint32_t test_enum64[] = { 0, INFO(BPFL_KIND_ENUM64, 1), 8, 1, 0, 0 };

#define TEST(types) types, sizeof(types)

/*
 * In the order in which kernels learned them. FUNC stands before FUNC_GLOBAL: a kernel that knows
 * neither needs the first replacement only, and after it the second finds nothing.
 */
static const struct kind_row {
	const char *what;
	enum bpfl_feature feature;
	uint32_t since;
	const uint32_t *test;
	size_t test_size;
	bool (*is)(const struct bpfl_btf_type *type, const char *name);
	int (*replace)(struct sanitiser *sanitiser, struct bpfl_btf_type *type);
} kind_rows[] = {
	{ "functions", BPFL_FEATURE_BTF_FUNC, BPFL_KERNEL_VERSION(5, 0, 0), TEST(test_func),
	  is_func, replace_func },
	{ "data sections", BPFL_FEATURE_BTF_DATASEC, BPFL_KERNEL_VERSION(5, 2, 0),
	  TEST(test_datasec), is_data, replace_data },
	{ "global functions", BPFL_FEATURE_BTF_FUNC_GLOBAL, BPFL_KERNEL_VERSION(5, 6, 0),
	  TEST(test_func_global), is_global_func, replace_global_func },
	{ "floating point", BPFL_FEATURE_BTF_FLOAT, BPFL_KERNEL_VERSION(5, 13, 0), TEST(test_float),
	  is_float, replace_float },
	{ "declaration tags", BPFL_FEATURE_BTF_DECL_TAG, BPFL_KERNEL_VERSION(5, 16, 0),
	  TEST(test_decl_tag), is_decl_tag, replace_decl_tag },
	{ "type tags", BPFL_FEATURE_BTF_TYPE_TAG, BPFL_KERNEL_VERSION(5, 17, 0),
	  TEST(test_type_tag), is_type_tag, replace_type_tag },
	{ "64-bit enumerations", BPFL_FEATURE_BTF_ENUM64, BPFL_KERNEL_VERSION(6, 0, 0),
	  TEST(test_enum64), is_enum64, replace_enum64 },
};

/* ---- asking the kernel ---- */

static enum bpfl_answer kind_ask(struct bpfl_loading *loading, enum bpfl_feature feature,
				 const uint32_t *types, size_t types_size)
{
	enum bpfl_answer *answer = &loading->target->features[feature];
	struct btf_header header = { .magic = BTF_MAGIC,
				     .version = 1,
				     .hdr_len = sizeof(header),
				     .type_len = (uint32_t)types_size,
				     .str_off = (uint32_t)types_size,
				     .str_len = sizeof(TEST_STRINGS) };
	struct bpfl_buf bytes = BPFL_BUF_INIT;
	int fd;

	if (*answer != BPFL_UNKNOWN)
		return *answer;
	bpfl_buf_append(&bytes, &header, sizeof(header));
	bpfl_buf_append(&bytes, types, types_size);
	bpfl_buf_append(&bytes, TEST_STRINGS, sizeof(TEST_STRINGS));
	fd = bpfl_buf_ok(&bytes) ? btf_load_quietly(loading, bytes.data, bytes.size) : -ENOMEM;
	bpfl_buf_deinit(&bytes);
	if (fd >= 0) {
		bpfl_enter_close(fd);
		*answer = BPFL_YES;
	} else if (bpfl_refusal_is_about_form(fd)) {
		*answer = BPFL_NO; /* EPERM, ENOMEM and the like prove nothing and are not kept */
	}
	return *answer;
}

static bool kind_is_used(struct bpfl_btf_builder *builder, const struct kind_row *row)
{
	uint32_t nr = bpfl_btf_builder_nr_types(builder);

	for (uint32_t id = 1; id < nr; id++) {
		const struct bpfl_btf_type *type = bpfl_btf_builder_type(builder, id);

		if (row->is(type, bpfl_btf_builder_string(builder, type->name_off)))
			return true;
	}
	return false;
}

static int kind_replace(struct sanitiser *sanitiser, const struct kind_row *row)
{
	static const uint32_t byte_int[] = { 1, INFO(BPFL_KIND_INT, 0), 1, INT_BITS(8) };
	uint32_t nr = bpfl_btf_builder_nr_types(sanitiser->builder);
	int ret;

	if (row->replace == replace_enum64 && sanitiser->byte_int_id == 0) {
		struct {
			struct bpfl_btf_type type;
			uint32_t bits;
		} record;

		memcpy(&record, byte_int, sizeof(byte_int));
		ret = bpfl_btf_builder_string_add(sanitiser->builder, "byte");
		if (ret < 0)
			return ret;
		record.type.name_off = (uint32_t)ret;
		ret = bpfl_btf_builder_add(sanitiser->builder, &record, sizeof(record));
		if (ret < 0)
			return ret;
		sanitiser->byte_int_id = (uint32_t)ret;
	}
	for (uint32_t id = 1; id < nr; id++) {
		struct bpfl_btf_type *type = bpfl_btf_builder_type(sanitiser->builder, id);

		if (!row->is(type, bpfl_btf_builder_string(sanitiser->builder, type->name_off)))
			continue;
		ret = row->replace(sanitiser, type);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* Replaces every kind that this kernel turns out not to know. >= 0: how many. */
static int sanitise(struct bpfl_loading *loading, struct sanitiser *sanitiser,
		    struct bpfl_error *err)
{
	int nr_replaced = 0;

	for (size_t i = 0; i < NR(kind_rows); i++) {
		const struct kind_row *row = &kind_rows[i];
		int ret;

		if (!kind_is_used(sanitiser->builder, row) ||
		    kind_ask(loading, row->feature, row->test, row->test_size) != BPFL_NO)
			continue;
		ret = kind_replace(sanitiser, row);
		if (ret < 0)
			return ret == -ENOMEM ? bpfl_error_nomem(err)
					      : bpfl_error_set(err, BPFL_ERR_SYSTEM, -ret,
							       "BTF: replacing %s", row->what);
		bpfl_log_line(&loading->opts.log, BPFL_LOG_INFO,
			      "BTF: this kernel does not know %s (Linux %u.%u): replaced",
			      row->what, BPFL_VERSION_ARGS(row->since));
		nr_replaced++;
	}
	return nr_replaced;
}

/* ---- what depends on BTF ---- */

/* Map types whose creation fails without BTF, and members of values that exist only through it. */
static const uint32_t btf_map_types[] = { BPFL_MAP_TYPE_SK_STORAGE, BPFL_MAP_TYPE_INODE_STORAGE,
					  BPFL_MAP_TYPE_TASK_STORAGE, BPFL_MAP_TYPE_CGRP_STORAGE,
					  BPFL_MAP_TYPE_STRUCT_OPS };
static const char *const btf_members[] = { "bpf_spin_lock", "bpf_res_spin_lock", "bpf_timer",
					   "bpf_wq",        "bpf_task_work",     "bpf_list_head",
					   "bpf_list_node", "bpf_rb_root",       "bpf_rb_node",
					   "bpf_refcount" };

static bool holds_btf_member(const struct bpfl_btf *btf, uint32_t type_id, unsigned depth)
{
	const struct bpfl_btf_type *type = bpfl_btf_skip_modifiers(btf, type_id, NULL);

	if (bpfl_btf_kind(type) == BPFL_KIND_ARRAY)
		return depth > 0 && holds_btf_member(btf, bpfl_btf_array(type)->type, depth - 1);
	if (bpfl_btf_kind(type) != BPFL_KIND_STRUCT)
		return false;
	for (size_t i = 0; i < NR(btf_members); i++) {
		if (strcmp(bpfl_btf_string(btf, type->name_off), btf_members[i]) == 0)
			return true;
	}
	for (uint32_t i = 0; depth > 0 && i < bpfl_btf_vlen(type); i++) {
		if (holds_btf_member(btf, bpfl_btf_members(type)[i].type, depth - 1))
			return true;
	}
	return false;
}

bool bpfl_image_map_depends_on_btf(const struct bpfl_spec *spec, const struct bpfl_image_map *map)
{
	for (size_t i = 0; i < NR(btf_map_types); i++) {
		if (map->type == btf_map_types[i])
			return true;
	}
	return spec->btf && map->value_type_id &&
	       holds_btf_member(spec->btf, map->value_type_id, 4);
}

static const char *map_that_depends(const struct bpfl_image *image)
{
	for (size_t i = 0; i < image->spec->maps.nr; i++) {
		if (image->maps[i].needed &&
		    bpfl_image_map_depends_on_btf(image->spec, &image->maps[i]))
			return image->spec->maps.items[i].name;
	}
	return NULL;
}

/* ---- loading ---- */

/*
 * The last line of the kernel's log about a BTF that it refused: "[12] FLOAT double size=8 Invalid
 * type_size".
 */
static void refusal_line(const struct bpfl_loading *loading, const void *bytes, size_t size, char *out, size_t out_size)
{
	char *log = calloc(1, BTF_LOG_SIZE);
	struct bpfl_attr_btf_load attr = { .btf = BPFL_PTR(bytes),
					   .btf_size = (uint32_t)size,
					   .log_level = 1,
					   .log_buf = BPFL_PTR(log),
					   .log_size = BTF_LOG_SIZE };
	const char *last, *end;
	int fd;

	out[0] = '\0';
	if (!log)
		return;
	token_add(loading, &attr);
	fd = bpfl_sys_btf_load(&attr);
	if (fd >= 0)
		bpfl_enter_close(fd); /* a refusal that does not repeat: nothing to tell */
	log[BTF_LOG_SIZE - 1] = '\0';
	end = log + strlen(log);
	while (end > log && end[-1] == '\n')
		end--;
	last = memrchr(log, '\n', (size_t)(end - log));
	last = last ? last + 1 : log;
	bpfl_text_escape(out, out_size, last, (size_t)(end - last));
	free(log);
}

/* Refused in every form: an error if something depends on it, else a warning. */
static int go_without(struct bpfl_loading *loading, int ret, const char *kernel_says,
		      struct bpfl_error *err)
{
	const char *map = map_that_depends(loading->image);

	if (!map) {
		bpfl_log_line(
			&loading->opts.log, BPFL_LOG_WARN,
			"BTF: the kernel refused the object's types: %s%s%s; loading without them",
			bpfl_errno_text(-ret), kernel_says[0] ? ": " : "",
			kernel_says);
		return 0;
	}
	bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, -ret,
		       "BTF: the kernel refused the object's types: %s", bpfl_errno_text(-ret));
	if (kernel_says[0])
		bpfl_error_why(err, "kernel: %s", kernel_says);
	bpfl_error_why(err, "map '%s' does not work without them", BPFL_ESC(map));
	return ret;
}

static int load_sanitised(struct bpfl_loading *loading, int refused, struct bpfl_error *err)
{
	const struct bpfl_image *image = loading->image;
	struct sanitiser sanitiser = { NULL, 0 };
	struct bpfl_btf *btf = NULL;
	void *bytes = NULL;
	char kernel_says[256];
	size_t size = 0;
	int ret;

	if (kind_ask(loading, BPFL_FEATURE_BTF, TEST(test_int)) == BPFL_NO)
		return go_without(loading, refused, "this kernel takes no BTF (Linux 4.18)", err);
	ret = bpfl_btf_read(image->btf_bytes, image->btf_size, NULL, &btf, err);
	if (ret < 0)
		goto out;
	ret = bpfl_btf_builder_create(btf, &sanitiser.builder, err);
	if (ret < 0)
		goto out;
	ret = sanitise(loading, &sanitiser, err);
	if (ret < 0)
		goto out;
	if (ret > 0) {
		ret = bpfl_btf_builder_finish(sanitiser.builder, &bytes, &size);
		if (ret < 0) {
			bpfl_error_nomem(err);
			goto out;
		}
		refused = btf_load_quietly(loading, bytes, size);
		if (refused >= 0) {
			loading->object->btf_fd = refused;
			ret = 0;
			goto out;
		}
	}
	refusal_line(loading, bytes ? bytes : image->btf_bytes, bytes ? size : image->btf_size, kernel_says,
		     sizeof(kernel_says));
	ret = go_without(loading, refused, kernel_says, err);
out:
	free(bytes);
	bpfl_btf_builder_destroy(sanitiser.builder);
	bpfl_btf_destroy(btf);
	return ret;
}

int bpfl_loading_btf(struct bpfl_loading *loading, struct bpfl_error *err)
{
	const struct bpfl_image *image = loading->image;
	int ret;

	if (!image->btf_needed || !image->btf_bytes)
		return 0;
	if (loading->target->features[BPFL_FEATURE_BTF] == BPFL_NO)
		return go_without(loading, -EINVAL, "this kernel takes no BTF (Linux 4.18)", err);
	ret = btf_load_quietly(loading, image->btf_bytes, image->btf_size);
	if (ret >= 0) {
		loading->object->btf_fd = ret;
		return 0;
	}
	if (bpfl_refusal_is_about_form(ret))
		return load_sanitised(loading, ret, err);
	bpfl_error_set(err, BPFL_ERR_SYSTEM, -ret, "BTF: loading the object's types: %s",
		       bpfl_errno_text(-ret));
	bpfl_diagnose_refusal(err, BPFL_WANTED_BTF, 0, -ret, loading->target);
	return ret;
}
