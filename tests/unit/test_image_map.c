/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/map and image/map_need: which maps are created, and with which numbers on which machine.
 */
#include <errno.h>
#include <stdlib.h>
#include "btfgen.h"
#include "harness.h"
#include "image/image.h"
#include "image/passes.h"
#include "specgen.h"

#define F_MMAPABLE (1u << 10)

static struct bpfl_error err = BPFL_ERROR_INIT;
static struct bpfl_target *target;
static char log_text[4096];

static void log_take(void *ctx, enum bpfl_log_level level, const char *text)
{
	(void)ctx;
	(void)level;
	strncat(log_text, text, sizeof(log_text) - strlen(log_text) - 1);
}

static const struct bpfl_log listener = { log_take, NULL };

static int build_for(const struct bpfl_spec *spec, unsigned nr_cpus, unsigned page_size,
		     struct bpfl_image **ret_image)
{
	struct bpfl_target_opts opts = { .size = sizeof(opts), .nr_possible_cpus = nr_cpus, .page_size = page_size };

	CHECK_OK(bpfl_target_create(&opts, &target, &err), err);
	return bpfl_image_build(spec, target, &listener, ret_image, &err);
}

static struct bpfl_image *build(const struct bpfl_spec *spec)
{
	struct bpfl_image *image = NULL;

	CHECK_OK(build_for(spec, 4, 4096, &image), err);
	return image;
}

static void done(struct bpfl_image *image, struct bpfl_spec *spec)
{
	bpfl_image_destroy(image);
	bpfl_spec_destroy(spec);
	bpfl_target_destroy(target);
	bpfl_error_clear(&err);
}

/* A selected program with one load of map 0. */
static void use_map(struct bpfl_spec *spec, enum bpfl_ref_kind kind, uint32_t map)
{
	uint32_t func = specgen_func(spec, "main", 4);

	specgen_ref(spec, func, 0, kind, map, 0);
	specgen_prog(spec, "main", "xdp", func);
}

/* ---- numbers ---- */

struct numbers {
	uint32_t key_size, value_size, max_entries;
};

static const struct fix {
	const char *what;
	uint32_t type;
	unsigned nr_cpus, page_size;
	struct numbers declared, wanted;
} fixes[] = {
	{ "hash as it is", BPFL_MAP_TYPE_HASH, 4, 4096, { 8, 16, 100 }, { 8, 16, 100 } },
	{ "perf array, bare", BPFL_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4096, { 0, 0, 0 }, { 4, 4, 4 } },
	{ "perf array, many CPUs", BPFL_MAP_TYPE_PERF_EVENT_ARRAY, 192, 65536, { 4, 4, 0 }, { 4, 4, 192 } },
	{ "perf array with a size", BPFL_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4096, { 4, 4, 128 }, { 4, 4, 128 } },
	{ "ring, exact", BPFL_MAP_TYPE_RINGBUF, 4, 4096, { 0, 0, 262144 }, { 0, 0, 262144 } },
	{ "ring, small", BPFL_MAP_TYPE_RINGBUF, 4, 4096, { 0, 0, 1 }, { 0, 0, 4096 } },
	{ "ring, no power of two", BPFL_MAP_TYPE_RINGBUF, 4, 4096, { 0, 0, 12288 }, { 0, 0, 16384 } },
	{ "ring, 64 KiB pages", BPFL_MAP_TYPE_RINGBUF, 4, 65536, { 0, 0, 4096 }, { 0, 0, 65536 } },
	{ "ring, 64 KiB pages, large", BPFL_MAP_TYPE_RINGBUF, 4, 65536, { 0, 0, 65537 }, { 0, 0, 131072 } },
	{ "ring, largest", BPFL_MAP_TYPE_RINGBUF, 4, 4096, { 0, 0, 0x80000000u }, { 0, 0, 0x80000000u } },
	{ "ring, cannot be rounded", BPFL_MAP_TYPE_RINGBUF, 4, 4096, { 0, 0, 0x80000001u }, { 0, 0, 0x80000001u } },
	{ "user ring", BPFL_MAP_TYPE_USER_RINGBUF, 4, 65536, { 0, 0, 100 }, { 0, 0, 65536 } },
	{ "cpumap, too many", BPFL_MAP_TYPE_CPUMAP, 4, 4096, { 4, 8, 1024 }, { 4, 8, 4 } },
	{ "cpumap, fewer", BPFL_MAP_TYPE_CPUMAP, 4, 4096, { 4, 8, 2 }, { 4, 8, 2 } },
	{ "cpumap, open", BPFL_MAP_TYPE_CPUMAP, 8, 4096, { 4, 4, 0 }, { 4, 4, 8 } },
	{ "task storage has no entries", BPFL_MAP_TYPE_TASK_STORAGE, 4, 4096, { 4, 8, 0 }, { 4, 8, 0 } },
	{ "a type of the future", 77, 4, 4096, { 1, 2, 3 }, { 1, 2, 3 } },
};

START_TEST(numbers_fit_the_machine)
{
	const struct fix *fix = &fixes[_i];
	struct bpfl_spec *spec = specgen_new("obj");
	struct bpfl_image *image = NULL;

	specgen_map(spec, "m", BPFL_MAP_BTF, fix->type, fix->declared.key_size, fix->declared.value_size,
		    fix->declared.max_entries);
	CHECK_OK(build_for(spec, fix->nr_cpus, fix->page_size, &image), err);
	const struct bpfl_image_map *map = &image->maps[0];
	ck_assert_msg(map->key_size == fix->wanted.key_size && map->value_size == fix->wanted.value_size &&
			      map->max_entries == fix->wanted.max_entries,
		      "%s: key %u value %u entries %u", fix->what, map->key_size, map->value_size,
		      map->max_entries);
	ck_assert_uint_eq(map->type, fix->type);
	done(image, spec);
}
END_TEST

START_TEST(an_open_size_prints_the_option)
{
	static const uint32_t types[] = { BPFL_MAP_TYPE_HASH, BPFL_MAP_TYPE_ARRAY, BPFL_MAP_TYPE_RINGBUF,
					  BPFL_MAP_TYPE_LPM_TRIE, 77 };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct bpfl_spec *spec = specgen_new("obj");
		struct bpfl_image *image = NULL;

		specgen_map(spec, "events", BPFL_MAP_BTF, types[i], 4, 4, 0);
		CHECK_FAILS(build_for(spec, 4, 4096, &image), err, BPFL_ERR_USAGE, EINVAL,
			    "test.bpf.o: map 'events': the number of entries is not set");
		CHECK_HAS(err.fix, "--map events.max_entries=N");
		done(NULL, spec);
	}
}
END_TEST

START_TEST(all_open_sizes_are_printed_at_once)
{
	struct bpfl_spec *spec = specgen_new("obj");
	struct bpfl_image *image = NULL;

	specgen_map(spec, "one", BPFL_MAP_BTF, BPFL_MAP_TYPE_HASH, 4, 4, 0);
	specgen_map(spec, "set", BPFL_MAP_BTF, BPFL_MAP_TYPE_HASH, 4, 4, 1);
	specgen_map(spec, "cpus", BPFL_MAP_BTF, BPFL_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 0);
	specgen_map(spec, "two", BPFL_MAP_BTF, BPFL_MAP_TYPE_RINGBUF, 0, 0, 0);
	CHECK_FAILS(build_for(spec, 4, 4096, &image), err, BPFL_ERR_USAGE, EINVAL, "map 'one'");
	CHECK_HAS(err.fix, "--map one.max_entries=N");
	CHECK_HAS(err.fix, "--map two.max_entries=N (bytes)");
	CHECK_HAS_NOT(err.fix, "set");
	CHECK_HAS_NOT(err.fix, "cpus");
	done(NULL, spec);
}
END_TEST

START_TEST(other_numbers_pass_through)
{
	struct bpfl_spec *spec = specgen_new("obj");
	struct bpfl_map_spec *map = specgen_map(spec, "m", BPFL_MAP_BTF, BPFL_MAP_TYPE_HASH, 4, 4, 1);

	map->flags = 1 | BPFL_F_NUMA_NODE;
	map->numa_node = 3;
	map->map_extra = 0x123456789abcULL;
	struct bpfl_image *image = build(spec);

	ck_assert_uint_eq(image->maps[0].flags, 1 | BPFL_F_NUMA_NODE);
	ck_assert_uint_eq(image->maps[0].numa_node, 3);
	ck_assert(image->maps[0].map_extra == 0x123456789abcULL);
	ck_assert_str_eq(log_text, "");
	done(image, spec);
}
END_TEST

START_TEST(a_numa_node_without_its_flag_is_noticed)
{
	struct bpfl_spec *spec = specgen_new("obj");
	specgen_map(spec, "m", BPFL_MAP_BTF, BPFL_MAP_TYPE_HASH, 4, 4, 1)->numa_node = 1;
	struct bpfl_image *image = build(spec);

	ck_assert_uint_eq(image->maps[0].flags, 0);
	CHECK_HAS(log_text, "map 'm': numa_node 1 has no effect");
	done(image, spec);
}
END_TEST

/* This object needs no types of the kernel, but the user named a file of them. */
START_TEST(a_file_that_is_no_btf_is_refused_even_when_it_is_not_needed)
{
	struct bpfl_target_opts opts = { .size = sizeof(opts), .btf_path = "/proc/self/exe" };
	struct bpfl_spec *spec = specgen_new("obj");
	struct bpfl_image *image = NULL;

	CHECK_OK(bpfl_target_create(&opts, &target, &err), err);
	ck_assert_int_lt(bpfl_image_build(spec, target, &listener, &image, &err), 0);
	CHECK_HAS(err.message, "/proc/self/exe");
	ck_assert_ptr_null(image);
	done(NULL, spec);
}
END_TEST

/* ---- BTF of maps ---- */

/* BTF with u32 (1), struct event of 24 bytes (2), u64 (3). */
static void give_btf(struct bpfl_spec *spec)
{
	struct btfgen gen;

	btfgen_init(&gen, false);
	uint32_t u32 = btfgen_int(&gen, "unsigned int", 4, 0);
	btfgen_struct(&gen, "event", 24);
	btfgen_member(&gen, "pid", u32, 0);
	btfgen_int(&gen, "unsigned long long", 8, 0);
	spec->btf = btfgen_read(&gen);
	btfgen_deinit(&gen);
	ck_assert_ptr_nonnull(spec->btf);
}

START_TEST(types_are_dropped_where_the_kernel_refuses_them)
{
	static const uint32_t without[] = {
		BPFL_MAP_TYPE_PERF_EVENT_ARRAY, BPFL_MAP_TYPE_CGROUP_ARRAY, BPFL_MAP_TYPE_STACK_TRACE,
		BPFL_MAP_TYPE_DEVMAP, BPFL_MAP_TYPE_DEVMAP_HASH, BPFL_MAP_TYPE_CPUMAP, BPFL_MAP_TYPE_XSKMAP,
		BPFL_MAP_TYPE_SOCKMAP, BPFL_MAP_TYPE_SOCKHASH, BPFL_MAP_TYPE_QUEUE, BPFL_MAP_TYPE_STACK,
		BPFL_MAP_TYPE_ARENA, BPFL_MAP_TYPE_RINGBUF, BPFL_MAP_TYPE_USER_RINGBUF,
	};
	static const uint32_t with[] = { BPFL_MAP_TYPE_HASH, BPFL_MAP_TYPE_ARRAY, BPFL_MAP_TYPE_LRU_HASH,
					 BPFL_MAP_TYPE_SK_STORAGE, BPFL_MAP_TYPE_BLOOM_FILTER };
	struct bpfl_spec *spec = specgen_new("obj");
	size_t nr_without = sizeof(without) / sizeof(without[0]), nr_with = sizeof(with) / sizeof(with[0]);

	give_btf(spec);
	for (size_t i = 0; i < nr_without + nr_with; i++) {
		struct bpfl_map_spec *map = specgen_map(
			spec, "m", BPFL_MAP_BTF, i < nr_without ? without[i] : with[i - nr_without], 4, 4, 4);
		map->key_type_id = 1;
		map->value_type_id = 1;
	}
	struct bpfl_image *image = build(spec);
	for (size_t i = 0; i < nr_without + nr_with; i++) {
		uint32_t wanted = i < nr_without ? 0 : 1;

		ck_assert_msg(image->maps[i].key_type_id == wanted && image->maps[i].value_type_id == wanted,
			      "map type %u: key type %u value type %u", image->maps[i].type,
			      image->maps[i].key_type_id, image->maps[i].value_type_id);
	}
	ck_assert(image->btf_needed);
	done(image, spec);
}
END_TEST

/* "__type(value, __u64); __uint(key_size, 4)": the kernel would refuse the one without the other. */
START_TEST(types_are_given_for_key_and_value_or_not_at_all)
{
	static const struct {
		uint32_t type, key_size, key_type_id, value_type_id, wanted_key, wanted_value;
	} rows[] = {
		{ BPFL_MAP_TYPE_HASH, 4, 0, 3, 0, 0 },
		{ BPFL_MAP_TYPE_ARRAY, 4, 1, 0, 0, 0 },
		{ BPFL_MAP_TYPE_HASH, 4, 1, 3, 1, 3 },
		{ BPFL_MAP_TYPE_BLOOM_FILTER, 0, 0, 3, 0, 3 }, /* has no key, and wants it so */
	};
	struct bpfl_spec *spec = specgen_new("obj");
	size_t nr_rows = sizeof(rows) / sizeof(rows[0]);

	give_btf(spec);
	for (size_t i = 0; i < nr_rows; i++) {
		struct bpfl_map_spec *map = specgen_map(spec, "m", BPFL_MAP_BTF, rows[i].type, rows[i].key_size, 8, 4);

		map->key_type_id = rows[i].key_type_id;
		map->value_type_id = rows[i].value_type_id;
	}
	struct bpfl_image *image = build(spec);
	for (size_t i = 0; i < nr_rows; i++) {
		ck_assert_msg(image->maps[i].key_type_id == rows[i].wanted_key &&
				      image->maps[i].value_type_id == rows[i].wanted_value,
			      "row %zu: key type %u value type %u", i, image->maps[i].key_type_id, image->maps[i].value_type_id);
		ck_assert_uint_eq(spec->maps.items[i].value_type_id, rows[i].value_type_id);
	}
	done(image, spec);
}
END_TEST

START_TEST(a_typed_ring_buffer_keeps_its_event_type)
{
	struct bpfl_spec *spec = specgen_new("obj");

	give_btf(spec);
	specgen_map(spec, "rb", BPFL_MAP_BTF, BPFL_MAP_TYPE_RINGBUF, 0, 24, 4096)->value_type_id = 2;
	specgen_map(spec, "plain", BPFL_MAP_BTF, BPFL_MAP_TYPE_RINGBUF, 0, 0, 4096);
	struct bpfl_image *image = build(spec);

	ck_assert_uint_eq(image->maps[0].value_size, 0);
	ck_assert_uint_eq(image->maps[0].value_type_id, 0);
	ck_assert_uint_eq(image->maps[0].event_type_id, 2);
	ck_assert_uint_eq(image->maps[1].event_type_id, 0);
	ck_assert(!image->btf_needed);
	done(image, spec);
}
END_TEST

START_TEST(a_typed_perf_array_keeps_its_event_type)
{
	struct bpfl_spec *spec = specgen_new("obj");

	give_btf(spec);
	specgen_map(spec, "struct", BPFL_MAP_BTF, BPFL_MAP_TYPE_PERF_EVENT_ARRAY, 4, 24, 0)->value_type_id = 2;
	specgen_map(spec, "u64", BPFL_MAP_BTF, BPFL_MAP_TYPE_PERF_EVENT_ARRAY, 4, 8, 0)->value_type_id = 3;
	specgen_map(spec, "u32", BPFL_MAP_BTF, BPFL_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 0)->value_type_id = 1;
	struct bpfl_image *image = build(spec);

	for (size_t i = 0; i < 3; i++) {
		ck_assert_uint_eq(image->maps[i].value_size, 4);
		ck_assert_uint_eq(image->maps[i].value_type_id, 0);
	}
	ck_assert_uint_eq(image->maps[0].event_type_id, 2);
	ck_assert_uint_eq(image->maps[1].event_type_id, 3);
	ck_assert_uint_eq(image->maps[2].event_type_id, 0); /* the usual u32 says nothing about events */
	done(image, spec);
}
END_TEST

/* ---- data ---- */

START_TEST(data_maps_are_arrays_of_one)
{
	struct bpfl_spec *spec = specgen_new("obj");
	uint32_t func = specgen_func(spec, "main", 9);

	specgen_map(spec, ".data", BPFL_MAP_DATA, 0, 0, 24, 0)->mmapable = true;
	specgen_map(spec, ".rodata", BPFL_MAP_RODATA, 0, 0, 5, 0);
	specgen_map(spec, ".bss", BPFL_MAP_BSS, 0, 0, 8, 0);
	spec->maps.items[0].data[3] = 7;
	for (uint32_t i = 0; i < 3; i++)
		specgen_ref(spec, func, 2 * i, BPFL_REF_DATA, i, 0);
	specgen_prog(spec, "main", "xdp", func);
	struct bpfl_image *image = build(spec);

	for (size_t i = 0; i < 3; i++) {
		ck_assert(image->maps[i].needed);
		ck_assert_uint_eq(image->maps[i].type, BPFL_MAP_TYPE_ARRAY);
		ck_assert_uint_eq(image->maps[i].key_size, 4);
		ck_assert_uint_eq(image->maps[i].max_entries, 1);
		ck_assert_uint_eq(image->maps[i].value_size, spec->maps.items[i].data_size);
	}
	ck_assert_uint_eq(image->maps[0].flags, F_MMAPABLE);
	ck_assert_uint_eq(image->maps[1].flags, BPFL_F_RDONLY_PROG);
	ck_assert_uint_eq(image->maps[2].flags, 0);
	ck_assert_uint_eq(image->maps[0].data_size, 24);
	ck_assert_uint_eq(image->maps[0].data[3], 7);
	done(image, spec);
}
END_TEST

START_TEST(mmapable_is_not_asked_of_a_kernel_that_refused_it)
{
	struct bpfl_spec *spec = specgen_new("obj");
	struct bpfl_target_opts opts = { .size = sizeof(opts) };
	struct bpfl_image *image = NULL;

	specgen_map(spec, ".data", BPFL_MAP_DATA, 0, 0, 24, 0)->mmapable = true;
	use_map(spec, BPFL_REF_DATA, 0);
	CHECK_OK(bpfl_target_create(&opts, &target, &err), err);
	target->features[BPFL_FEATURE_MMAP_ARRAY] = BPFL_NO;
	CHECK_OK(bpfl_image_build(spec, target, NULL, &image, &err), err);
	ck_assert_uint_eq(image->maps[0].flags, 0);
	done(image, spec);
}
END_TEST

static void add_pointer_fault(struct bpfl_map_spec *map, uint32_t byte_off, uint32_t size_bytes, const char *text)
{
	struct bpfl_pointer_fault *fault = BPFL_VEC_PUSH(&map->pointer_faults);

	*fault = (struct bpfl_pointer_fault){ byte_off, size_bytes, bpfl_strdup(text) };
}

START_TEST(a_pointer_in_data_is_an_error_when_a_program_refers_to_it)
{
	struct bpfl_spec *spec = specgen_new("obj");
	struct bpfl_image *image = NULL;
	struct bpfl_map_spec *map = specgen_map(spec, ".data", BPFL_MAP_DATA, 0, 0, 24, 0);

	add_pointer_fault(map, 16, 8, "variable 'py' holds an address");
	add_pointer_fault(map, 0, 16, "variable 'px' at offset 8 holds an address");
	use_map(spec, BPFL_REF_DATA, 0);
	spec->refs.items[0].byte_off = 15;
	CHECK_FAILS(build_for(spec, 4, 4096, &image), err, BPFL_ERR_OBJECT, EINVAL,
		    "map '.data': variable 'px' at offset 8 holds an address");
	done(NULL, spec);

	spec = specgen_new("obj");
	add_pointer_fault(specgen_map(spec, ".data", BPFL_MAP_DATA, 0, 0, 24, 0), 0, UINT32_MAX, "variable 'px'");
	image = build(spec);
	ck_assert(!image->maps[0].needed);
	CHECK_HAS(log_text, "variable 'px' (no program that is loaded uses it)"); /* but never silence */
	done(image, spec);

	/* A neighbour in the same map is another matter. */
	spec = specgen_new("obj");
	add_pointer_fault(specgen_map(spec, ".data", BPFL_MAP_DATA, 0, 0, 24, 0), 8, 8, "variable 'pz'");
	use_map(spec, BPFL_REF_DATA, 0);
	spec->refs.items[0].byte_off = 16;
	image = build(spec);
	ck_assert(image->maps[0].needed);
	CHECK_HAS(log_text, "variable 'pz' (no program that is loaded uses it)");
	done(image, spec);
}
END_TEST

/* ---- names ---- */

START_TEST(kernel_names_are_short_and_clean)
{
	static const struct { const char *object, *name; enum bpfl_map_origin origin; const char *wanted; } rows[] = {
		{ "hello", ".rodata", BPFL_MAP_RODATA, "hello.rodata" },
		{ "opensnoop_tool", ".rodata", BPFL_MAP_RODATA, "opensnoo.rodata" },
		{ "opensnoop_tool", ".bss", BPFL_MAP_BSS, "opensnoo.bss" },
		{ "opensnoop_tool", ".kconfig", BPFL_MAP_KCONFIG, "opensno.kconfig" },
		{ "opensnoop_tool", ".data.mine", BPFL_MAP_DATA, ".data.mine" },
		{ "x", ".rodata.very_long_name", BPFL_MAP_RODATA, ".rodata.very_lo" },
		{ "my-tool", ".data", BPFL_MAP_DATA, "my_tool.data" },
		{ "x", "a_map_with_a_long_name", BPFL_MAP_CALLER, "a_map_with_a_lo" },
		{ "x", "odd name/1", BPFL_MAP_CALLER, "odd_name_1" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bpfl_spec *spec = specgen_new(rows[i].object);
		bool is_data = rows[i].origin != BPFL_MAP_CALLER;

		specgen_map(spec, rows[i].name, rows[i].origin, BPFL_MAP_TYPE_ARRAY, 4, 4, 1);
		use_map(spec, is_data ? BPFL_REF_DATA : BPFL_REF_MAP, 0);
		struct bpfl_image *image = build(spec);
		ck_assert_str_eq(image->maps[0].kernel_name, rows[i].wanted);
		done(image, spec);
	}
}
END_TEST

/* ---- which maps ---- */

START_TEST(only_maps_in_use_are_created)
{
	struct bpfl_spec *spec = specgen_new("obj");
	uint32_t main_fn = specgen_func(spec, "main", 4);
	uint32_t sub = specgen_func(spec, "sub", 4);
	uint32_t other = specgen_func(spec, "other", 4);

	specgen_map(spec, "used_by_sub", BPFL_MAP_BTF, BPFL_MAP_TYPE_HASH, 4, 4, 1);
	specgen_map(spec, "used_by_other", BPFL_MAP_BTF, BPFL_MAP_TYPE_HASH, 4, 4, 0);
	specgen_map(spec, "unused", BPFL_MAP_BTF, BPFL_MAP_TYPE_HASH, 4, 4, 1);
	specgen_map(spec, ".bss", BPFL_MAP_BSS, 0, 0, 8, 0);
	specgen_ref(spec, main_fn, 0, BPFL_REF_CALL, sub, 0);
	specgen_ref(spec, sub, 0, BPFL_REF_MAP, 0, 0);
	specgen_ref(spec, other, 0, BPFL_REF_MAP, 1, 0);
	specgen_prog(spec, "main", "xdp", main_fn);
	uint32_t unselected = specgen_prog(spec, "other", "xdp", other);
	spec->progs.items[unselected].selected = false;
	struct bpfl_image *image = build(spec);

	ck_assert(image->maps[0].needed);
	ck_assert(!image->maps[1].needed); /* and its open size is nobody's business */
	ck_assert(image->maps[2].needed);
	ck_assert(!image->maps[3].needed);
	done(image, spec);
}
END_TEST

START_TEST(slots_of_a_needed_map_are_followed)
{
	struct bpfl_spec *spec = specgen_new("obj");
	uint32_t main_fn = specgen_func(spec, "main", 4);
	uint32_t other = specgen_func(spec, "other", 8);

	specgen_map(spec, "outer", BPFL_MAP_BTF, BPFL_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 2);
	specgen_map(spec, "inner", BPFL_MAP_BTF, BPFL_MAP_TYPE_ARRAY, 4, 8, 1);
	specgen_map(spec, "far_outer", BPFL_MAP_BTF, BPFL_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 1);
	specgen_map(spec, "far_inner", BPFL_MAP_BTF, BPFL_MAP_TYPE_ARRAY, 4, 8, 1);
	specgen_slot(spec, 0, 1, false, 1);
	specgen_slot(spec, 2, 0, false, 3);
	specgen_ref(spec, main_fn, 0, BPFL_REF_MAP, 0, 0);
	specgen_ref(spec, other, 0, BPFL_REF_MAP, 1, 0);
	specgen_ref(spec, other, 2, BPFL_REF_MAP, 2, 0);
	specgen_prog(spec, "main", "xdp", main_fn);
	uint32_t unselected = specgen_prog(spec, "other", "xdp", other);
	spec->progs.items[unselected].selected = false;
	struct bpfl_image *image = build(spec);

	ck_assert(image->maps[0].needed);
	ck_assert(image->maps[1].needed);
	ck_assert(!image->maps[2].needed);
	ck_assert(!image->maps[3].needed);
	done(image, spec);
}
END_TEST

START_TEST(a_maps_only_object_creates_its_maps)
{
	struct bpfl_spec *spec = specgen_new("obj");

	specgen_map(spec, "outer", BPFL_MAP_BTF, BPFL_MAP_TYPE_HASH_OF_MAPS, 4, 0, 2);
	specgen_map(spec, "inner", BPFL_MAP_LEGACY, BPFL_MAP_TYPE_ARRAY, 4, 8, 1);
	specgen_slot(spec, 0, 1, false, 1);
	struct bpfl_image *image = build(spec);

	ck_assert(image->maps[0].needed && image->maps[1].needed);
	ck_assert_uint_eq(image->nr_progs, 0);
	done(image, spec);
}
END_TEST

/* ---- maps of maps ---- */

START_TEST(a_template_is_resolved_like_a_map)
{
	struct bpfl_spec *spec = specgen_new("obj");
	struct bpfl_map_spec *outer = specgen_map(spec, "outer", BPFL_MAP_BTF, BPFL_MAP_TYPE_ARRAY_OF_MAPS, 4, 0, 2);

	outer->inner = calloc(1, sizeof(*outer->inner));
	outer->inner->name = bpfl_strdup("outer.inner");
	outer->inner->type = BPFL_MAP_TYPE_RINGBUF;
	outer->inner->max_entries = 5000;
	struct bpfl_image *image = build(spec);

	ck_assert_uint_eq(image->maps[0].value_size, 4);
	ck_assert_ptr_nonnull(image->maps[0].inner);
	ck_assert_uint_eq(image->maps[0].inner->type, BPFL_MAP_TYPE_RINGBUF);
	ck_assert_uint_eq(image->maps[0].inner->max_entries, 8192);
	done(image, spec);
}
END_TEST

START_TEST(a_template_may_be_another_map)
{
	struct bpfl_spec *spec = specgen_new("obj");

	specgen_map(spec, "outer", BPFL_MAP_LEGACY, BPFL_MAP_TYPE_HASH_OF_MAPS, 4, 4, 2)->legacy_inner_id = 9;
	specgen_map(spec, "other", BPFL_MAP_LEGACY, BPFL_MAP_TYPE_ARRAY, 4, 1, 1)->legacy_id = 8;
	specgen_map(spec, "wanted", BPFL_MAP_LEGACY, BPFL_MAP_TYPE_ARRAY, 4, 2, 1)->legacy_id = 9;
	specgen_map(spec, "by_slot", BPFL_MAP_BTF, BPFL_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 2);
	specgen_slot(spec, 3, 0, false, 1);
	struct bpfl_image *image = build(spec);

	ck_assert_uint_eq(image->maps[0].inner->value_size, 2);
	ck_assert_uint_eq(image->maps[3].inner->value_size, 1);
	done(image, spec);
}
END_TEST

START_TEST(a_map_of_maps_needs_a_template)
{
	struct bpfl_spec *spec = specgen_new("obj");
	struct bpfl_image *image = NULL;

	specgen_map(spec, "outer", BPFL_MAP_BTF, BPFL_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 2);
	CHECK_FAILS(build_for(spec, 4, 4096, &image), err, BPFL_ERR_OBJECT, EINVAL,
		    "map 'outer': a map of maps without a template");
	CHECK_HAS(err.fix, "--map outer.inner=MAP");
	done(NULL, spec);

	spec = specgen_new("obj");
	specgen_map(spec, "outer", BPFL_MAP_BTF, BPFL_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 2);
	specgen_slot(spec, 0, 0, false, 0);
	CHECK_FAILS(build_for(spec, 4, 4096, &image), err, BPFL_ERR_OBJECT, EINVAL,
		    "the template is itself a map of maps");
	done(NULL, spec);
}
END_TEST

START_TEST(an_open_template_says_where_to_change_it)
{
	struct bpfl_spec *spec = specgen_new("obj");
	struct bpfl_map_spec *outer = specgen_map(spec, "outer", BPFL_MAP_BTF, BPFL_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 2);
	struct bpfl_image *image = NULL;

	outer->inner = calloc(1, sizeof(*outer->inner));
	outer->inner->name = bpfl_strdup("outer.inner");
	outer->inner->type = BPFL_MAP_TYPE_ARRAY;
	CHECK_FAILS(build_for(spec, 4, 4096, &image), err, BPFL_ERR_USAGE, EINVAL,
		    "map 'outer': template 'outer.inner': the number of entries is not set");
	CHECK_HAS_NOT(err.fix, "--map");
	done(NULL, spec);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		an_open_size_prints_the_option,
		all_open_sizes_are_printed_at_once,
		other_numbers_pass_through,
		a_numa_node_without_its_flag_is_noticed,
		a_file_that_is_no_btf_is_refused_even_when_it_is_not_needed,
		types_are_dropped_where_the_kernel_refuses_them,
		types_are_given_for_key_and_value_or_not_at_all,
		a_typed_ring_buffer_keeps_its_event_type,
		a_typed_perf_array_keeps_its_event_type,
		data_maps_are_arrays_of_one,
		mmapable_is_not_asked_of_a_kernel_that_refused_it,
		a_pointer_in_data_is_an_error_when_a_program_refers_to_it,
		kernel_names_are_short_and_clean,
		only_maps_in_use_are_created,
		slots_of_a_needed_map_are_followed,
		a_maps_only_object_creates_its_maps,
		a_template_is_resolved_like_a_map,
		a_template_may_be_another_map,
		a_map_of_maps_needs_a_template,
		an_open_template_says_where_to_change_it,
	};
	Suite *suite = BPFL_TEST_SUITE("image/map", tests);
	TCase *table = tcase_create("numbers");

	tcase_add_loop_test(table, numbers_fit_the_machine, 0, (int)(sizeof(fixes) / sizeof(fixes[0])));
	suite_add_tcase(suite, table);
	return bpfl_test_main(suite);
}
