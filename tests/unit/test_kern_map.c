/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/map and kern/object on the fake kernel: which calls are made in which order, and what is left out for
 * kernels that know less.
 */
#include <errno.h>
#include <stdlib.h>
#include "bpfload/map.h"
#include "fake_sys.h"
#include "harness.h"
#include "kern/load.h"
#include "kern/map_handle.h"
#include "kerngen.h"

static struct kerngen gen;

static const struct bpfl_attr_map_create *created(size_t nth)
{
	const struct fake_object *map = fake_sys_created(FAKE_MAP, nth);

	ck_assert_ptr_nonnull(map);
	return (const void *)map->attr;
}

/* A .rodata of four bytes { 1, 2, 3, 4 } that a program uses. */
static void add_rodata(void)
{
	struct bpfl_map_spec *map = specgen_map(gen.spec, ".rodata", BPFL_MAP_RODATA, BPFL_MAP_TYPE_ARRAY, 4, 4, 1);

	memcpy(map->data, "\1\2\3\4", 4);
	map->flags = BPFL_F_RDONLY_PROG;
	kerngen_user(&gen, "main_fn", "xdp", (uint32_t)gen.spec->maps.nr - 1);
}

/* A hash with types that a program uses. */
static void add_typed_hash(void)
{
	struct bpfl_map_spec *map = specgen_map(gen.spec, "counts", BPFL_MAP_BTF, BPFL_MAP_TYPE_HASH, 4, 4, 16);

	map->key_type_id = map->value_type_id = btfgen_int(&gen.btf, "int", 4, BPFL_INT_SIGNED);
	kerngen_btf(&gen);
	kerngen_user(&gen, "main_fn", "xdp", 0);
}

START_TEST(a_constant_is_frozen_before_the_program_is_loaded)
{
	kerngen_init(&gen, BPFL_KERNEL_VERSION(6, 1, 0));
	add_rodata();
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_str_eq(fake_sys_trace(), "MAP_CREATE MAP_UPDATE_ELEM MAP_FREEZE PROG_LOAD");
	ck_assert(fake_sys_created(FAKE_MAP, 0)->frozen);
	ck_assert_mem_eq((const uint8_t *)fake_sys_created(FAKE_MAP, 0)->bytes + 4, "\1\2\3\4", 4);
	ck_assert_str_eq(created(0)->map_name, "obj.rodata");
	ck_assert_str_eq(kerngen_log(&gen), "");
	ck_assert_int_eq(bpfl_object_map_fd(gen.object, ".rodata"), bpfl_object_map_fd(gen.object, "obj.rodata"));
	ck_assert_int_ge(bpfl_object_map_fd(gen.object, ".rodata"), 3);
	ck_assert_int_ge(bpfl_object_prog_fd(gen.object, "main_fn"), 3);
	ck_assert_int_eq(bpfl_object_map_fd(gen.object, "nothing"), -ENOENT);
	ck_assert_int_eq(bpfl_object_prog_fd(gen.object, "nothing"), -ENOENT);
	ck_assert_int_eq(bpfl_object_prog_fd_at(gen.object, 1), -ENOENT);
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(each_cpu_gets_the_initial_value)
{
	uint32_t value = 0;

	kerngen_init(&gen, BPFL_KERNEL_VERSION(7, 3, 0));
	memcpy(specgen_map(gen.spec, ".percpu", BPFL_MAP_DATA, BPFL_MAP_TYPE_PERCPU_ARRAY, 4, 12, 1)->data, "abcdefghijkl", 12);
	specgen_var(gen.spec, "counter", 0, 4, 4, 0);
	kerngen_user(&gen, "main_fn", "xdp", 0);
	CHECK_OK(kerngen_load(&gen), gen.err);
	const uint8_t *values = (const uint8_t *)fake_sys_created(FAKE_MAP, 0)->bytes + 4;

	ck_assert_uint_eq(created(0)->map_type, BPFL_MAP_TYPE_PERCPU_ARRAY);
	ck_assert_uint_eq(created(0)->map_flags, 0);
	ck_assert_str_eq(created(0)->map_name, ".percpu");
	for (unsigned cpu = 0; cpu < FAKE_SYS_NR_CPUS; cpu++)
		ck_assert_mem_eq(values + cpu * 16, "abcdefghijkl\0\0\0\0", 16);
	CHECK_FAILS(bpfl_object_var_get(gen.object, "counter", &value, 4, &gen.err), gen.err, BPFL_ERR_USAGE, EOPNOTSUPP,
		    "variable 'counter': it has a value for each CPU");
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(zeroes_are_not_written)
{
	kerngen_init(&gen, BPFL_KERNEL_VERSION(6, 1, 0));
	specgen_map(gen.spec, ".bss", BPFL_MAP_BSS, BPFL_MAP_TYPE_ARRAY, 4, 64, 1);
	kerngen_user(&gen, "main_fn", "xdp", 0);
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_str_eq(fake_sys_trace(), "MAP_CREATE PROG_LOAD");
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(the_program_gets_the_maps_descriptor)
{
	const struct bpfl_insn *insns;

	kerngen_init(&gen, BPFL_KERNEL_VERSION(6, 1, 0));
	add_rodata();
	CHECK_OK(kerngen_load(&gen), gen.err);
	insns = fake_sys_created(FAKE_PROG, 0)->bytes;
	ck_assert_int_eq(insns[1].imm, bpfl_object_map_fd(gen.object, ".rodata"));
	ck_assert_uint_eq(bpfl_insn_src(&insns[1]), BPFL_PSEUDO_MAP_VALUE);
	/* The image is not touched: it can be loaded again. */
	ck_assert_int_ne(gen.image->progs[0].insns[1].imm, insns[1].imm);
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(types_go_to_the_kernel_when_a_map_has_some)
{
	kerngen_init(&gen, BPFL_KERNEL_VERSION(6, 1, 0));
	add_typed_hash();
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_str_eq(fake_sys_trace(), "BTF_LOAD MAP_CREATE PROG_LOAD");
	ck_assert_uint_eq(created(0)->btf_value_type_id, gen.spec->maps.items[0].value_type_id);
	ck_assert_int_eq((int)created(0)->btf_fd, gen.object->btf_fd);
	kerngen_deinit(&gen);
}
END_TEST

/* ---- older kernels ---- */

static int refuse_btf(void *ctx, void *attr, size_t attr_size)
{
	(void)ctx;
	(void)attr_size;
	return ((struct bpfl_attr_map_create *)attr)->btf_fd ? -EINVAL : FAKE_SYS_DEFAULT;
}

START_TEST(types_are_left_out_with_a_warning)
{
	struct bpfl_map *map;

	kerngen_init(&gen, BPFL_KERNEL_VERSION(6, 1, 0));
	add_typed_hash();
	fake_sys_on_bpf(BPFL_CMD_MAP_CREATE, refuse_btf, NULL);
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_uint_eq(created(0)->btf_fd, 0);
	ck_assert_uint_eq(created(0)->btf_value_type_id, 0);
	ck_assert_str_eq(created(0)->map_name, "counts");
	CHECK_HAS(kerngen_log(&gen), "warning: map 'counts': the kernel refused its key and value types");
	/* For printing they are still known. */
	CHECK_OK(bpfl_map_open_object(gen.object, "counts", &map, &gen.err), gen.err);
	ck_assert_uint_eq(map->value_type_id, gen.spec->maps.items[0].value_type_id);
	bpfl_map_close(map);
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(a_map_that_depends_on_types_is_not_made_without)
{
	kerngen_init(&gen, BPFL_KERNEL_VERSION(6, 1, 0));
	add_typed_hash();
	gen.spec->maps.items[0].type = BPFL_MAP_TYPE_SK_STORAGE;
	gen.spec->maps.items[0].max_entries = 0;
	fake_sys_on_bpf(BPFL_CMD_MAP_CREATE, refuse_btf, NULL);
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_SYSTEM, EINVAL, "map 'counts': creating it");
	ck_assert_uint_eq(fake_sys_nr_open_fds(), 0);
	kerngen_deinit(&gen);
}
END_TEST

static int refuse_mmap(void *ctx, void *attr, size_t attr_size)
{
	(void)ctx;
	(void)attr_size;
	return ((struct bpfl_attr_map_create *)attr)->map_flags & BPFL_F_MMAPABLE ? -EINVAL : FAKE_SYS_DEFAULT;
}

START_TEST(mmap_is_left_out_and_remembered)
{
	kerngen_init(&gen, BPFL_KERNEL_VERSION(5, 4, 0));
	for (int i = 0; i < 2; i++) {
		struct bpfl_map_spec *map = specgen_map(gen.spec, i ? ".data.x" : ".data", BPFL_MAP_DATA,
							BPFL_MAP_TYPE_ARRAY, 4, 8, 1);

		map->mmapable = true;
		map->flags = BPFL_F_MMAPABLE;
		kerngen_user(&gen, i ? "b" : "a", "xdp", (uint32_t)i);
	}
	fake_sys_on_bpf(BPFL_CMD_MAP_CREATE, refuse_mmap, NULL);
	CHECK_OK(kerngen_load(&gen), gen.err);
	/* the second map at once */
	ck_assert_str_eq(fake_sys_trace(), "MAP_CREATE MAP_CREATE MAP_CREATE PROG_LOAD PROG_LOAD");
	ck_assert_uint_eq(created(0)->map_flags & BPFL_F_MMAPABLE, 0);
	ck_assert_uint_eq(gen.object->maps[0].flags & BPFL_F_MMAPABLE, 0);
	ck_assert_int_eq(gen.target->features[BPFL_FEATURE_MMAP_ARRAY], BPFL_NO);
	CHECK_HAS_NOT(kerngen_log(&gen), "warning");
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(the_flag_of_a_hash_is_the_programs_own_wish)
{
	kerngen_init(&gen, BPFL_KERNEL_VERSION(6, 1, 0));
	specgen_map(gen.spec, "counts", BPFL_MAP_BTF, BPFL_MAP_TYPE_HASH, 4, 4, 16)->flags = BPFL_F_MMAPABLE;
	kerngen_user(&gen, "main_fn", "xdp", 0);
	fake_sys_on_bpf(BPFL_CMD_MAP_CREATE, refuse_mmap, NULL);
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_SYSTEM, EINVAL,
		    "map 'counts': creating it: invalid argument (EINVAL)");
	CHECK_HAS(gen.err.why, "flags 0x400");
	ck_assert_int_ne(gen.target->features[BPFL_FEATURE_MMAP_ARRAY], BPFL_NO);
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(names_are_left_out_and_remembered)
{
	kerngen_init(&gen, BPFL_KERNEL_VERSION(4, 14, 0));
	specgen_map(gen.spec, "counts", BPFL_MAP_BTF, BPFL_MAP_TYPE_HASH, 4, 4, 16);
	specgen_map(gen.spec, "others", BPFL_MAP_BTF, BPFL_MAP_TYPE_HASH, 4, 4, 16);
	kerngen_user(&gen, "a", "kprobe/x", 0); /* no attach type */
	kerngen_user(&gen, "b", "kprobe/y", 1);
	fake_sys_limit_attr(BPFL_CMD_MAP_CREATE, offsetof(struct bpfl_attr_map_create, map_name));
	fake_sys_limit_attr(BPFL_CMD_PROG_LOAD, offsetof(struct bpfl_attr_prog_load, prog_name));
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_str_eq(fake_sys_trace(), "MAP_CREATE MAP_CREATE MAP_CREATE PROG_LOAD PROG_LOAD");
	ck_assert_str_eq(created(0)->map_name, "");
	ck_assert_int_eq(gen.target->features[BPFL_FEATURE_OBJ_NAMES], BPFL_NO);
	kerngen_deinit(&gen);
}
END_TEST

static int refuse_dots(void *ctx, void *attr, size_t attr_size)
{
	(void)ctx;
	(void)attr_size;
	return strchr(((struct bpfl_attr_map_create *)attr)->map_name, '.') ? -EINVAL : FAKE_SYS_DEFAULT;
}

START_TEST(dots_in_names_become_underscores)
{
	kerngen_init(&gen, BPFL_KERNEL_VERSION(5, 1, 0));
	add_rodata();
	fake_sys_on_bpf(BPFL_CMD_MAP_CREATE, refuse_dots, NULL);
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_str_eq(created(0)->map_name, "obj_rodata");
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(a_kernel_without_freezing_says_what_it_lacks)
{
	kerngen_init(&gen, BPFL_KERNEL_VERSION(5, 1, 0));
	add_rodata();
	fake_sys_fail_bpf(BPFL_CMD_MAP_FREEZE, 0, EINVAL);
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_UNSUPPORTED, EINVAL,
		    "test.bpf.o: map '.rodata': freezing it");
	CHECK_HAS(gen.err.why, "Linux 5.2");
	ck_assert_int_eq(gen.err.catalogue_id, 16);
	ck_assert_uint_eq(fake_sys_nr_open_fds(), 0);
	kerngen_deinit(&gen);
}
END_TEST

/* The map is there already: a smaller one would not help. */
START_TEST(freezing_without_memory_does_not_blame_the_size)
{
	kerngen_init(&gen, BPFL_KERNEL_VERSION(6, 1, 0));
	add_rodata();
	fake_sys_fail_bpf(BPFL_CMD_MAP_FREEZE, 0, ENOMEM);
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_SYSTEM, ENOMEM,
		    "map '.rodata': freezing it: out of memory (ENOMEM)");
	CHECK_HAS_NOT(gen.err.fix, "smaller");
	ck_assert_int_eq(gen.err.catalogue_id, 0);
	kerngen_deinit(&gen);
}
END_TEST

/* ---- memory limits ---- */

START_TEST(memlock_is_raised_once_where_it_counts)
{
	kerngen_init(&gen, BPFL_KERNEL_VERSION(5, 10, 0));
	add_rodata();
	fake_sys_fail_bpf(BPFL_CMD_MAP_CREATE, 1, EPERM);
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_uint_eq(fake_sys_count("raise_memlock"), 1);
	ck_assert_str_eq(created(0)->map_name, "obj.rodata");
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(memlock_is_left_alone_where_it_means_nothing)
{
	kerngen_init(&gen, BPFL_KERNEL_VERSION(5, 11, 0));
	add_rodata();
	fake_sys_fail_bpf(BPFL_CMD_MAP_CREATE, 1, EPERM);
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_PERMISSION, EPERM, "map '.rodata': creating it");
	ck_assert_uint_eq(fake_sys_count("raise_memlock"), 0);
	ck_assert_uint_eq(fake_sys_count_bpf(BPFL_CMD_MAP_CREATE), 1); /* EPERM is not about form */
	CHECK_HAS_NOT(gen.err.why, "MEMLOCK");
	CHECK_HAS_NOT(gen.err.fix, "ulimit -l");
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(memlock_is_kept_when_the_caller_says_so)
{
	kerngen_init(&gen, BPFL_KERNEL_VERSION(5, 10, 0));
	gen.opts.keep_memlock = true;
	add_rodata();
	fake_sys_fail_bpf(BPFL_CMD_MAP_CREATE, 0, EPERM);
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_PERMISSION, EPERM, "creating it");
	ck_assert_uint_eq(fake_sys_count("raise_memlock"), 0);
	kerngen_deinit(&gen);
}
END_TEST

/* ---- refusals ---- */

START_TEST(a_map_type_that_is_too_new_is_told_with_its_version)
{
	kerngen_init(&gen, BPFL_KERNEL_VERSION(5, 4, 0));
	specgen_map(gen.spec, "events", BPFL_MAP_BTF, BPFL_MAP_TYPE_RINGBUF, 0, 0, 4096);
	kerngen_user(&gen, "main_fn", "xdp", 0);
	fake_sys_fail_bpf(BPFL_CMD_MAP_CREATE, 0, EINVAL);
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_UNSUPPORTED, EINVAL, "map 'events'");
	ck_assert_int_eq(gen.err.catalogue_id, 16);
	CHECK_HAS(gen.err.why, "map type ringbuf came with Linux 5.8, this is Linux 5.4");
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(a_flag_that_is_too_new_is_told_with_its_version)
{
	kerngen_init(&gen, BPFL_KERNEL_VERSION(5, 1, 0));
	specgen_map(gen.spec, "counts", BPFL_MAP_BTF, BPFL_MAP_TYPE_ARRAY, 4, 4, 16)->flags = BPFL_F_RDONLY_PROG;
	kerngen_user(&gen, "main_fn", "xdp", 0);
	fake_sys_fail_bpf(BPFL_CMD_MAP_CREATE, 0, EINVAL);
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_UNSUPPORTED, EINVAL, "map 'counts'");
	CHECK_HAS(gen.err.why, "flag BPF_F_RDONLY_PROG came with Linux 5.2");
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(a_map_that_is_too_large_is_told_in_bytes)
{
	kerngen_init(&gen, BPFL_KERNEL_VERSION(6, 1, 0));
	fake_sys_file("/proc/self/cgroup", "0::/some/unit\n");
	fake_sys_file("/sys/fs/cgroup/some/unit/memory.max", "1048576\n");
	specgen_map(gen.spec, "counts", BPFL_MAP_BTF, BPFL_MAP_TYPE_HASH, 4, 12, 1000000);
	kerngen_user(&gen, "main_fn", "xdp", 0);
	fake_sys_fail_bpf(BPFL_CMD_MAP_CREATE, 0, ENOMEM);
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_SYSTEM, ENOMEM,
		    "map 'counts': creating it: out of memory (ENOMEM)");
	ck_assert_int_eq(gen.err.catalogue_id, 33);
	CHECK_HAS(gen.err.why, "1000000 entries of 4 + 12 bytes are about 20000000 bytes");
	CHECK_HAS(gen.err.why, "the memory cgroup allows 1048576 bytes");
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(the_number_of_descriptors_is_named)
{
	kerngen_init(&gen, BPFL_KERNEL_VERSION(6, 1, 0));
	add_rodata();
	fake_sys_fail_bpf(BPFL_CMD_MAP_CREATE, 0, EMFILE);
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_SYSTEM, EMFILE, "map '.rodata'");
	CHECK_HAS(gen.err.fix, "ulimit -n");
	kerngen_deinit(&gen);
}
END_TEST

/* ---- slots ---- */

START_TEST(inner_maps_go_into_their_slots)
{
	struct bpfl_map_spec *outer;
	uint32_t fd;

	kerngen_init(&gen, BPFL_KERNEL_VERSION(6, 1, 0));
	specgen_map(gen.spec, "inner", BPFL_MAP_BTF, BPFL_MAP_TYPE_ARRAY, 4, 8, 2);
	outer = specgen_map(gen.spec, "outer", BPFL_MAP_BTF, BPFL_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 3);
	outer->inner = calloc(1, sizeof(*outer->inner));
	*outer->inner = (struct bpfl_map_spec){ .name = strdup("outer.inner"),
						.type = BPFL_MAP_TYPE_ARRAY,
						.key_size = 4,
						.value_size = 8,
						.max_entries = 2,
						.has_max_entries = true };
	specgen_slot(gen.spec, 1, 2, false, 0);
	kerngen_user(&gen, "main_fn", "xdp", 1);
	CHECK_OK(kerngen_load(&gen), gen.err);
	/* inner, template, outer */
	ck_assert_str_eq(fake_sys_trace(), "MAP_CREATE MAP_CREATE MAP_CREATE MAP_UPDATE_ELEM PROG_LOAD");
	ck_assert_uint_ne(created(2)->inner_map_fd, 0);
	ck_assert_uint_eq(fake_sys_created(FAKE_MAP, 1)->nr_refs, 0); /* the template is gone */
	ck_assert_uint_eq(fake_sys_created(FAKE_MAP, 2)->nr_elems, 1);
	ck_assert_uint_eq(*(const uint32_t *)fake_sys_created(FAKE_MAP, 2)->bytes, 2);
	memcpy(&fd, (const uint8_t *)fake_sys_created(FAKE_MAP, 2)->bytes + 4, 4);
	ck_assert_int_eq((int)fd, bpfl_object_map_fd(gen.object, "inner"));
	kerngen_deinit(&gen);
}
END_TEST

static void add_prog_array(void)
{
	uint32_t first;

	specgen_map(gen.spec, "jumps", BPFL_MAP_BTF, BPFL_MAP_TYPE_PROG_ARRAY, 4, 4, 4);
	first = kerngen_user(&gen, "first", "xdp", 0);
	specgen_prog(gen.spec, "second", "xdp", specgen_func(gen.spec, "second", 2));
	specgen_slot(gen.spec, 0, 1, true, first);
	specgen_slot(gen.spec, 0, 3, true, first + 1);
}

START_TEST(programs_go_into_their_slots_when_all_are_loaded)
{
	kerngen_init(&gen, BPFL_KERNEL_VERSION(6, 1, 0));
	add_prog_array();
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_str_eq(fake_sys_trace(), "MAP_CREATE PROG_LOAD PROG_LOAD MAP_UPDATE_ELEM MAP_UPDATE_ELEM");
	ck_assert_str_eq(kerngen_log(&gen), "");
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(the_slot_of_a_program_that_is_not_loaded_stays_empty_with_a_warning)
{
	kerngen_init(&gen, BPFL_KERNEL_VERSION(6, 1, 0));
	add_prog_array();
	gen.spec->progs.items[1].selected = false;
	CHECK_OK(kerngen_load(&gen), gen.err);
	ck_assert_str_eq(fake_sys_trace(), "MAP_CREATE PROG_LOAD MAP_UPDATE_ELEM");
	ck_assert_str_eq(kerngen_log(&gen),
			 "warning: map 'jumps': slot 3 stays empty: program 'second' is not loaded\n");
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(a_refused_slot_names_map_slot_and_program)
{
	kerngen_init(&gen, BPFL_KERNEL_VERSION(6, 1, 0));
	add_prog_array();
	fake_sys_fail_bpf(BPFL_CMD_MAP_UPDATE_ELEM, 2, EINVAL);
	CHECK_FAILS(kerngen_load(&gen), gen.err, BPFL_ERR_SYSTEM, EINVAL,
		    "test.bpf.o: map 'jumps': slot 3: putting in program 'second': invalid argument (EINVAL)");
	CHECK_HAS(gen.err.why, "of one type");
	ck_assert_uint_eq(fake_sys_nr_open_fds(), 0);
	kerngen_deinit(&gen);
}
END_TEST

/* ---- the rest of an object ---- */

START_TEST(the_other_byte_order_is_refused_with_the_way_out)
{
	kerngen_init(&gen, BPFL_KERNEL_VERSION(6, 1, 0));
	add_rodata();
	CHECK_OK(bpfl_image_build(gen.spec, gen.target, NULL, &gen.image, &gen.err), gen.err);
	gen.spec->foreign = true;
	gen.spec->big_endian = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
	CHECK_FAILS(bpfl_object_load(gen.image, gen.target, &gen.opts, &gen.object, &gen.err), gen.err, BPFL_ERR_OBJECT,
		    ENOEXEC, "test.bpf.o: the object is ");
	ck_assert_int_eq(gen.err.catalogue_id, 29);
	CHECK_HAS(gen.err.message, gen.spec->big_endian ? "big-endian (bpfeb), this machine is little-endian" :
							  "little-endian (bpfel), this machine is big-endian");
	CHECK_HAS(gen.err.fix, gen.spec->big_endian ? "-target bpfel" : "-target bpfeb");
	ck_assert_str_eq(fake_sys_trace(), "");
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(options_of_another_version_are_understood)
{
	struct { struct bpfl_load_opts known; uint64_t later; } opts = { .later = 0 };

	kerngen_init(&gen, BPFL_KERNEL_VERSION(6, 1, 0));
	add_rodata();
	CHECK_OK(bpfl_image_build(gen.spec, gen.target, NULL, &gen.image, &gen.err), gen.err);
	opts.known.size = sizeof(opts);
	CHECK_OK(bpfl_object_load(gen.image, gen.target, &opts.known, &gen.object, &gen.err), gen.err);
	bpfl_object_close(gen.object);
	gen.object = NULL;
	opts.later = 1;
	CHECK_FAILS(bpfl_object_load(gen.image, gen.target, &opts.known, &gen.object, &gen.err), gen.err,
		    BPFL_ERR_USAGE, E2BIG, "load options");
	opts.known.size = 0;
	CHECK_FAILS(bpfl_object_load(gen.image, gen.target, &opts.known, &gen.object, &gen.err), gen.err,
		    BPFL_ERR_USAGE, EINVAL, "load options");
	CHECK_OK(bpfl_object_load(gen.image, gen.target, NULL, &gen.object, &gen.err), gen.err);
	kerngen_deinit(&gen);
}
END_TEST

START_TEST(variables_are_read_and_written)
{
	uint32_t value = 0;

	kerngen_init(&gen, BPFL_KERNEL_VERSION(6, 1, 0));
	add_rodata();
	specgen_map(gen.spec, ".data", BPFL_MAP_DATA, BPFL_MAP_TYPE_ARRAY, 4, 12, 1)->data[4] = 7;
	kerngen_user(&gen, "b", "xdp", 1);
	specgen_map(gen.spec, ".bss", BPFL_MAP_BSS, BPFL_MAP_TYPE_ARRAY, 4, 4, 1); /* nobody uses it */
	specgen_var(gen.spec, "constant", 0, 0, 4, 0);
	specgen_var(gen.spec, "counter", 1, 4, 4, 0);
	specgen_var(gen.spec, "unused", 2, 0, 4, 0);
	CHECK_OK(kerngen_load(&gen), gen.err);

	CHECK_OK(bpfl_object_var_get(gen.object, "counter", &value, 4, &gen.err), gen.err);
	ck_assert_uint_eq(value, 7);
	value = 0x01020304;
	CHECK_OK(bpfl_object_var_set(gen.object, "counter", &value, 4, &gen.err), gen.err);
	value = 0;
	CHECK_OK(bpfl_object_var_get(gen.object, "counter", &value, 4, &gen.err), gen.err);
	ck_assert_uint_eq(value, 0x01020304);
	CHECK_OK(bpfl_object_var_get(gen.object, "constant", &value, 4, &gen.err), gen.err);
	ck_assert_mem_eq(&value, "\1\2\3\4", 4);

	CHECK_FAILS(bpfl_object_var_set(gen.object, "constant", &value, 4, &gen.err), gen.err, BPFL_ERR_USAGE, EPERM,
		    "is frozen");
	CHECK_HAS(gen.err.fix, "--set constant=VALUE");
	CHECK_FAILS(bpfl_object_var_get(gen.object, "counter", &value, 2, &gen.err), gen.err, BPFL_ERR_USAGE, EINVAL,
		    "4 bytes, not 2");
	CHECK_FAILS(bpfl_object_var_get(gen.object, "conter", &value, 4, &gen.err), gen.err, BPFL_ERR_USAGE, ENOENT,
		    "variable 'conter'");
	CHECK_HAS(gen.err.fix, "'counter'");
	CHECK_FAILS(bpfl_object_var_get(gen.object, "unused", &value, 4, &gen.err), gen.err, BPFL_ERR_USAGE, ENOENT,
		    "was not created");
	kerngen_deinit(&gen);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		a_constant_is_frozen_before_the_program_is_loaded,
		each_cpu_gets_the_initial_value,
		zeroes_are_not_written,
		the_program_gets_the_maps_descriptor,
		types_go_to_the_kernel_when_a_map_has_some,
		types_are_left_out_with_a_warning,
		a_map_that_depends_on_types_is_not_made_without,
		mmap_is_left_out_and_remembered,
		the_flag_of_a_hash_is_the_programs_own_wish,
		names_are_left_out_and_remembered,
		dots_in_names_become_underscores,
		a_kernel_without_freezing_says_what_it_lacks,
		freezing_without_memory_does_not_blame_the_size,
		memlock_is_raised_once_where_it_counts,
		memlock_is_left_alone_where_it_means_nothing,
		memlock_is_kept_when_the_caller_says_so,
		a_map_type_that_is_too_new_is_told_with_its_version,
		a_flag_that_is_too_new_is_told_with_its_version,
		a_map_that_is_too_large_is_told_in_bytes,
		the_number_of_descriptors_is_named,
		inner_maps_go_into_their_slots,
		programs_go_into_their_slots_when_all_are_loaded,
		the_slot_of_a_program_that_is_not_loaded_stays_empty_with_a_warning,
		a_refused_slot_names_map_slot_and_program,
		the_other_byte_order_is_refused_with_the_way_out,
		options_of_another_version_are_understood,
		variables_are_read_and_written,
	};

	return bpfl_test_main(BPFL_TEST_SUITE("kern_map", tests));
}
