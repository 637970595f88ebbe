/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps as memory on the running kernel (root): what a program adds is seen by a load, what is stored here is
 * seen by the program, and the kernel's rules about frozen and read-only maps. Arenas: test_arena.c.
 */
#include "harness.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>
#include "bpfload/map.h"
#include "bpfload/test.h"
#include "insns.h"
#include "spec/spec.h"

static struct bpfl_error err = BPFL_ERROR_INIT;
static struct bpfl_spec *spec;
static struct bpfl_target *target;
static struct bpfl_image *image;
static struct bpfl_object *object;

#define F_MMAPABLE (1u << 10)
#define F_RDONLY_PROG (1u << 7)
#define NR_COUNTERS 3u
#define VALUE_SIZE 12u /* each element takes 16 bytes */

/* counters[0] += 1, eight bytes; returns it. */
static const struct bpfl_insn count_insns[] = {
	STORE32_IMM(10, -4, 0), MOV_REG(2, 10), ADD(2, -4), /* r2 = &0 */
	ADDRESS(1), CALL(HELPER_MAP_LOOKUP_ELEM),
	IF_ZERO(0, 4), /* never */
	MOV_REG(1, 0), MOV(2, 1), ATOMIC_ADD(1, 2),
	LOAD64(0, 1, 0), EXIT,
};

static void load(void)
{
	struct bpfl_map_def counters = { .size = sizeof(counters),
					 .name = "counters",
					 .type = BPFL_MAP_TYPE_ARRAY,
					 .key_size = 4,
					 .value_size = VALUE_SIZE,
					 .max_entries = NR_COUNTERS,
					 .flags = F_MMAPABLE };
	struct bpfl_map_use use = { 3, "counters" };
	struct bpfl_prog_def prog = { .size = sizeof(prog), .name = "count", .section = "socket", .insns = count_insns,
				      .nr_insns = sizeof(count_insns) / 8, .map_uses = &use, .nr_map_uses = 1 };

	CHECK_OK(bpfl_spec_create("test", "GPL", &spec, &err), err);
	CHECK_OK(bpfl_spec_add_map(spec, &counters, &err), err);
	CHECK_OK(bpfl_spec_add_prog(spec, &prog, &err), err);
	struct bpfl_var *var = BPFL_VEC_PUSH(&spec->vars); /* as if it were a section: counters[0].b */
	*var = (struct bpfl_var){ .name = bpfl_strdup("b"), .byte_off = 8, .size_bytes = 4 };
	CHECK_OK(bpfl_target_running(NULL, &target, &err), err);
	CHECK_OK(bpfl_image_build(spec, target, NULL, &image, &err), err);
	CHECK_OK(bpfl_object_load(image, target, NULL, &object, &err), err);
}

static void unload(void)
{
	bpfl_object_close(object);
	bpfl_image_destroy(image);
	bpfl_target_destroy(target);
	bpfl_spec_destroy(spec);
	bpfl_error_clear(&err);
}

/* Runs the program; what it returned. */
static uint32_t count(void)
{
	static const uint8_t packet[64];
	struct bpfl_test_opts opts = { .size = sizeof(opts), .data = packet, .data_size = sizeof(packet) };
	struct bpfl_test_result result = { 0 };
	uint32_t ret;

	CHECK_OK(bpfl_object_test(object, "count", &opts, &result, &err), err);
	ret = result.retval;
	bpfl_test_result_deinit(&result);
	return ret;
}

START_TEST(a_programs_counter_is_read_by_a_load)
{
	struct bpfl_map_memory *memory;
	_Atomic uint64_t *counter;
	struct bpfl_map *map;
	uint8_t value[VALUE_SIZE] = { 0 };
	uint32_t key = 2;

	load();
	CHECK_OK(bpfl_map_open_object(object, "counters", &map, &err), err);
	CHECK_OK(bpfl_map_memory_open(map, 0, &memory, &err), err);
	ck_assert_uint_eq(memory->stride_bytes, 16);
	ck_assert_uint_eq(memory->size_bytes, 16 * NR_COUNTERS);
	ck_assert(memory->is_writable);
	counter = memory->bytes;
	ck_assert_uint_eq(*counter, 0);
	for (uint32_t i = 1; i <= 5; i++) {
		ck_assert_uint_eq(count(), i);
		ck_assert_uint_eq(*counter, i);
	}
	*counter = 1000;
	ck_assert_uint_eq(count(), 1001);
	/* The last element is where the stride says. */
	memset(value, 7, sizeof(value));
	CHECK_OK(bpfl_map_update(map, &key, 4, value, sizeof(value), 0, &err), err);
	ck_assert_int_eq(memcmp((uint8_t *)memory->bytes + key * memory->stride_bytes, value, sizeof(value)), 0);
	/* It outlives all else. */
	bpfl_map_close(map);
	unload();
	ck_assert_uint_eq(*counter, 1001);
	bpfl_map_memory_close(memory);
	bpfl_map_memory_close(NULL);
}
END_TEST

START_TEST(a_variable_has_an_address)
{
	struct bpfl_map_memory *memory = NULL;
	uint32_t number = 0;
	void *var = NULL;

	load();
	CHECK_FAILS(bpfl_object_var_memory(object, "b", 8, 0, &memory, &var, &err), err, BPFL_ERR_USAGE, EINVAL,
		    "it has 4 bytes, not 8");
	CHECK_FAILS(bpfl_object_var_memory(object, "c", 4, 0, &memory, &var, &err), err, BPFL_ERR_USAGE, ENOENT,
		    "none of this name");
	CHECK_OK(bpfl_object_var_memory(object, "b", 4, 0, &memory, &var, &err), err);
	ck_assert_ptr_eq(var, (uint8_t *)memory->bytes + 8);
	*(uint32_t *)var = 77;
	CHECK_OK(bpfl_object_var_get(object, "b", &number, sizeof(number), &err), err);
	ck_assert_uint_eq(number, 77);
	bpfl_map_memory_close(memory);
	unload();
}
END_TEST

static struct bpfl_map *make(const char *type, uint32_t flags)
{
	struct bpfl_map_def def = { .size = sizeof(def),
				    .name = "bpfl_memory",
				    .type = bpfl_map_type_find(type),
				    .max_entries = 1,
				    .flags = flags };
	struct bpfl_map *map = NULL;

	CHECK_OK(bpfl_map_create(&def, "u32", "u64", &map, &err), err);
	return map;
}

START_TEST(what_is_frozen_is_mapped_for_reading)
{
	struct bpfl_map *map = make("array", F_MMAPABLE);
	struct bpfl_map_memory *memory;
	uint64_t value = 42;
	uint32_t key = 0;

	CHECK_OK(bpfl_map_update(map, &key, 4, &value, 8, 0, &err), err);
	CHECK_OK(bpfl_map_memory_open(map, 0, &memory, &err), err);
	ck_assert(memory->is_writable);
	CHECK_FAILS(bpfl_map_freeze(map, &err), err, BPFL_ERR_SYSTEM, EBUSY, "freezing");
	bpfl_map_memory_close(memory);
	/* A mapping for reading is not in the way. */
	CHECK_OK(bpfl_map_memory_open(map, BPFL_MEMORY_READ_ONLY, &memory, &err), err);
	ck_assert(!memory->is_writable);
	CHECK_OK(bpfl_map_freeze(map, &err), err);
	bpfl_map_memory_close(memory);
	CHECK_OK(bpfl_map_memory_open(map, 0, &memory, &err), err);
	ck_assert(!memory->is_writable);
	ck_assert_uint_eq(*(uint64_t *)memory->bytes, 42);
	bpfl_map_memory_close(memory);
	bpfl_map_close(map);
	bpfl_error_clear(&err);
}
END_TEST

START_TEST(constants_of_programs_are_mapped_for_reading)
{
	struct bpfl_map *map = make("array", F_MMAPABLE | F_RDONLY_PROG);
	struct bpfl_map_memory *memory;

	CHECK_OK(bpfl_map_memory_open(map, 0, &memory, &err), err);
	ck_assert(!memory->is_writable);
	ck_assert_uint_eq(*(uint64_t *)memory->bytes, 0);
	bpfl_map_memory_close(memory);
	bpfl_map_close(map);
}
END_TEST

START_TEST(other_maps_have_no_memory_to_show)
{
	struct bpfl_map *map = make("array", 0);
	struct bpfl_map_memory *memory = NULL;

	CHECK_FAILS(bpfl_map_memory_open(map, 0, &memory, &err), err, BPFL_ERR_USAGE, EOPNOTSUPP, "cannot be mapped");
	CHECK_HAS(err.why, "without the flag BPF_F_MMAPABLE");
	bpfl_map_close(map);
	map = make("percpu_hash", 0);
	CHECK_FAILS(bpfl_map_memory_open(map, 0, &memory, &err), err, BPFL_ERR_USAGE, EOPNOTSUPP, "cannot be mapped");
	CHECK_HAS(err.why, "of type percpu_hash");
	bpfl_map_close(map);
	ck_assert_ptr_null(memory);
	bpfl_error_clear(&err);
}
END_TEST

int main(void)
{
	const TTest *tests[] = { a_programs_counter_is_read_by_a_load, a_variable_has_an_address,
				 what_is_frozen_is_mapped_for_reading, constants_of_programs_are_mapped_for_reading,
				 other_maps_have_no_memory_to_show };

	return bpfl_test_main(BPFL_TEST_SUITE("map memory", tests));
}
