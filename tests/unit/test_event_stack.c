/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stacks: addresses to names over scripted /proc files and executables written here (tests/lib/usergen),
 * members that are stacks, folded lines, the layout of a flame graph. WRITE_GOLDEN=1 writes
 * tests/unit/golden/flame.svg anew.
 */
#include "harness.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "btfc.h"
#include "elf/elf.h"
#include "event/stack.h"
#include "event/symbolize.h"
#include "bpfload/decode.h"
#include "fake_sys.h"
#include "specgen.h"
#include "kern/map_handle.h"
#include "sys/file.h"
#include "usergen.h"

#define GOLDEN "tests/unit/golden/flame.svg"
#define PID 77777
#define LOAD_AT 0x7f0000000000ull /* where the binary's code is mapped */

static struct bpfl_error err = BPFL_ERROR_INIT;
static struct bpfl_symbolizer *names;
static struct bpfl_frame frame;
static char dir[] = "/tmp/bpfload-test-XXXXXX";
static char path[64];
static char said[512];

static void hear(void *ctx, enum bpfl_log_level level, const char *text)
{
	(void)ctx, (void)level;
	snprintf(said, sizeof(said), "%s", text);
}

static void start(uint64_t cache_bytes)
{
	struct bpfl_symbolizer_opts opts = { .size = sizeof(opts), .log = { hear, NULL }, .cache_bytes = cache_bytes };

	said[0] = '\0';
	CHECK_OK(bpfl_symbolizer_create(&opts, &names, &err), err);
}

/* "vfs_read+0x1f [xfs]" */
static const char *text_of(int ret)
{
	static char copy[512];
	struct bpfl_buf text = BPFL_BUF_INIT;

	ck_assert_int_ge(ret, 0);
	ck_assert_int_eq(ret == 1, frame.symbol != NULL);
	bpfl_frame_text(&frame, &text);
	snprintf(copy, sizeof(copy), "%s", text.data);
	bpfl_buf_deinit(&text);
	return copy;
}

#define KERNEL(addr, flags) text_of(bpfl_symbolizer_kernel(names, addr, flags, &frame))
#define USER(addr, flags) text_of(bpfl_symbolizer_user(names, PID, addr, flags, &frame))

/* ---- the kernel ---- */

static const char kallsyms[] = "ffffffff81000000 T _stext\n"
			       "ffffffff81000100 t __pfx_vfs_read\n"
			       "ffffffff81000110 T vfs_read\n"
			       "ffffffff81000110 T __vfs_read_alias\n"
			       "ffffffff81000200 D some_data\n"
			       "ffffffff81000300 T do_exit\n"
			       "not a line\n"
			       "ffffffffc0001000 t veth_xmit\t[veth]\n"
			       "ffffffffc0002000 t bpf_prog_0123_on_sample\t[bpf]\n";

START_TEST(kernel_addresses_have_names)
{
	fake_sys_file("/proc/kallsyms", kallsyms);
	start(0);
	ck_assert_str_eq(KERNEL(0xffffffff81000110, 0), "vfs_read+0x0"); /* not its alias */
	ck_assert_str_eq(KERNEL(0xffffffff8100012f, 0), "vfs_read+0x1f");
	ck_assert_str_eq(KERNEL(0xffffffffc0001010, 0), "veth_xmit+0x10 [veth]");
	ck_assert_str_eq(KERNEL(0xffffffffc0002004, 0), "bpf_prog_0123_on_sample+0x4 [bpf]");
	/* A call at the very end of a function returns to behind it. */
	ck_assert_str_eq(KERNEL(0xffffffff81000300, 0), "do_exit+0x0");
	ck_assert_str_eq(KERNEL(0xffffffff81000300, BPFL_FRAME_RETURN), "vfs_read+0x1f0");
	ck_assert_str_eq(KERNEL(0xffffffff80000000, 0), "0xffffffff80000000");
	ck_assert_str_eq(KERNEL(0xfffffffff0000000, 0), "0xfffffffff0000000"); /* far from everything */
	ck_assert(frame.is_kernel);
	ck_assert_uint_eq(fake_sys_count("openat"), 1);
	ck_assert_str_eq(said, "");
	bpfl_symbolizer_destroy(names);
}
END_TEST

START_TEST(hidden_kernel_addresses_are_said_once)
{
	fake_sys_file("/proc/kallsyms", "0000000000000000 T _stext\n0000000000000000 T vfs_read\n");
	start(0);
	ck_assert_str_eq(KERNEL(0xffffffff81000110, 0), "0xffffffff81000110");
	CHECK_HAS(said, "CAP_SYSLOG");
	said[0] = '\0';
	ck_assert_str_eq(KERNEL(0xffffffff81000110, 0), "0xffffffff81000110");
	ck_assert_str_eq(said, "");
	bpfl_symbolizer_destroy(names);

	fake_sys_file_error("/proc/kallsyms", ENOENT);
	start(0);
	ck_assert_str_eq(KERNEL(0xffffffff81000110, 0), "0xffffffff81000110");
	CHECK_HAS(said, "/proc/kallsyms");
	bpfl_symbolizer_destroy(names);
}
END_TEST

/* ---- processes ---- */

static void binary_new(void)
{
	struct usergen *gen = usergen_new(true, ELFGEN_NATIVE, BPFL_EM_X86_64);

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/binary", dir);
	usergen_symbol(gen, BPFL_SHT_SYMTAB, "outer", USERGEN_TEXT + 0x100, 0x100, BPFL_STB_GLOBAL, BPFL_STT_FUNC, 0);
	usergen_symbol(gen, BPFL_SHT_SYMTAB, "inner.part", USERGEN_TEXT + 0x140, 0x10, BPFL_STB_LOCAL, BPFL_STT_FUNC,
		       0);
	usergen_symbol(gen, BPFL_SHT_SYMTAB, "_weak", USERGEN_TEXT + 0x300, 0x10, BPFL_STB_WEAK, BPFL_STT_FUNC, 0);
	usergen_symbol(gen, BPFL_SHT_SYMTAB, "strong", USERGEN_TEXT + 0x300, 0x10, BPFL_STB_GLOBAL, BPFL_STT_FUNC, 0);
	usergen_symbol(gen, BPFL_SHT_SYMTAB, "choose", USERGEN_TEXT + 0x400, 0x10, BPFL_STB_GLOBAL, BPFL_STT_GNU_IFUNC,
		       0);
	usergen_symbol(gen, BPFL_SHT_DYNSYM, "exported", USERGEN_TEXT + 0x500, 0x10, BPFL_STB_GLOBAL, BPFL_STT_FUNC, 0);
	usergen_finish(gen, path);
}

static void binary_gone(void)
{
	unlink(path);
	rmdir(dir);
}

/* Its mappings: the binary at LOAD_AT, memory without a file, and what `more` says. */
static void process_new(const char *more)
{
	struct stat st;
	char text[1024], name[64];

	ck_assert_int_eq(stat(path, &st), 0);
	snprintf(text, sizeof(text),
		 "7effffff0000-7effffff1000 r--p 00000000 08:01 %llu                 %s\n"
		 "%llx-%llx r-xp %08x 08:01 %llu                 %s\n"
		 "7f1000000000-7f1000010000 rwxp 00000000 00:00 0 \n%s",
		 (unsigned long long)st.st_ino, path, LOAD_AT, LOAD_AT + USERGEN_SIZE, USERGEN_TEXT_OFF,
		 (unsigned long long)st.st_ino, path, more);
	snprintf(name, sizeof(name), "/proc/%d/maps", PID);
	fake_sys_file(name, text);
	snprintf(name, sizeof(name), "/proc/%d/comm", PID);
	fake_sys_file(name, "worker\n");
}

static void process_gone(void)
{
	static const char *const files[] = { "maps", "comm", "status" };
	char name[64];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(name, sizeof(name), "/proc/%d/%s", PID, files[i]);
		fake_sys_file_error(name, ENOENT);
	}
}

static const char *with_path(const char *symbol)
{
	static char text[128];

	snprintf(text, sizeof(text), "%s [%s]", symbol, path);
	return text;
}

START_TEST(addresses_of_a_process_have_names)
{
	char unknown[128];

	binary_new();
	process_new("");
	start(0);
	ck_assert_str_eq(USER(LOAD_AT + 0x100, 0), with_path("outer+0x0"));
	ck_assert_str_eq(USER(LOAD_AT + 0x14f, 0), with_path("inner.part+0xf"));
	/* behind the one inside, still in the one around it */
	ck_assert_str_eq(USER(LOAD_AT + 0x150, 0), with_path("outer+0x50"));
	ck_assert_str_eq(USER(LOAD_AT + 0x150, BPFL_FRAME_RETURN), with_path("inner.part+0x10"));
	ck_assert_str_eq(USER(LOAD_AT + 0x304, 0), with_path("strong+0x4"));
	ck_assert_str_eq(USER(LOAD_AT + 0x404, 0), with_path("choose+0x4"));
	ck_assert_str_eq(USER(LOAD_AT + 0x504, 0), with_path("exported+0x4"));
	snprintf(unknown, sizeof(unknown), "[%s+0x%x]", path, USERGEN_TEXT_OFF + 0x800);
	ck_assert_str_eq(USER(LOAD_AT + 0x800, 0), unknown);
	ck_assert_str_eq(USER(0x1234, 0), "0x1234");
	ck_assert_str_eq(bpfl_symbolizer_comm(names, PID), "worker");
	bpfl_symbolizer_destroy(names);
	binary_gone();
}
END_TEST

START_TEST(a_process_that_was_noted_may_end)
{
	binary_new();
	process_new("");
	start(0);
	ck_assert_int_eq(bpfl_symbolizer_note(names, PID), 0);
	process_gone();
	binary_gone(); /* the file too: it is open */
	ck_assert_str_eq(USER(LOAD_AT + 0x100, 0), with_path("outer+0x0"));
	ck_assert_str_eq(bpfl_symbolizer_comm(names, PID), "worker");
	ck_assert_int_eq(bpfl_symbolizer_note(names, PID), -ESRCH);
	ck_assert_int_eq(bpfl_symbolizer_note(names, PID), -ESRCH);
	ck_assert_str_eq(USER(LOAD_AT + 0x100, 0), with_path("outer+0x0"));
	bpfl_symbolizer_destroy(names);

	start(0);
	ck_assert_str_eq(USER(LOAD_AT + 0x100, 0), "[exited]+0x7f0000000100");
	ck_assert_ptr_null(bpfl_symbolizer_comm(names, PID));
	bpfl_symbolizer_destroy(names);
}
END_TEST

START_TEST(mappings_of_before_are_kept)
{
	char name[64];

	binary_new();
	process_new("");
	start(0);
	ck_assert_int_eq(bpfl_symbolizer_note(names, PID), 0);
	snprintf(name, sizeof(name), "/proc/%d/maps", PID); /* execve */
	fake_sys_file(name, "7f5000000000-7f5000001000 r-xp 00000000 00:00 0 \n");
	ck_assert_int_eq(bpfl_symbolizer_note(names, PID), 0);
	ck_assert_int_eq(bpfl_symbolizer_note(names, PID), 0);
	ck_assert_str_eq(USER(LOAD_AT + 0x100, 0), with_path("outer+0x0"));
	bpfl_symbolizer_destroy(names);
	binary_gone();
}
END_TEST

START_TEST(names_of_a_compiler_at_run_time)
{
	char name[64];

	binary_new();
	process_new("");
	snprintf(name, sizeof(name), "/tmp/perf-%d.map", PID);
	fake_sys_file(name, "7f1000000100 40 LFoo;::<init>(int)\n"
			    "junk\n"
			    "7f1000000200 zz no size\n"
			    "0x7f1000000300 0x10 with prefix\n"
			    "7f1000000100 40 Foo::again\n"
			    "7f1000000400 10 last"); /* no newline */
	start(0);
	ck_assert_str_eq(USER(0x7f1000000104, 0), "Foo::again+0x4 [jit]"); /* what was written last is there now */
	ck_assert_str_eq(USER(0x7f1000000304, 0), "with prefix+0x4 [jit]");
	ck_assert_str_eq(USER(0x7f1000000404, 0), "last+0x4 [jit]");
	ck_assert_str_eq(USER(0x7f1000000204, 0), "0x7f1000000204");
	bpfl_symbolizer_destroy(names);
	binary_gone();
}
END_TEST

START_TEST(the_vdso_is_that_of_this_process)
{
	const void *image = NULL;
	size_t size = 0;

	binary_new();
	process_new("7fff10000000-7fff10004000 r-xp 00000000 00:00 0                          [vdso]\n");
	start(0);
	if (bpfl_sym_own_vdso(&image, &size)) {
		struct bpfl_sym_file *file = bpfl_sym_file_vdso(names);
		bool found = false;

		ck_assert_ptr_nonnull(file);
		for (uint64_t off = 0; off < size && !found; off += 16)
			found = bpfl_symbolizer_user(names, PID, 0x7fff10000000 + off, 0, &frame) == 1 &&
				strstr(frame.symbol, "gettime");
		ck_assert(found);
		ck_assert_str_eq(frame.module, "[vdso]");
	}
	bpfl_symbolizer_destroy(names);
	binary_gone();
}
END_TEST

/* Files that are no ELF files, deleted ones, devices: no names, no failure; devices are not opened. */
START_TEST(strange_mappings_do_no_harm)
{
	binary_new();
	process_new("7f2000000000-7f2000001000 r-xp 00000000 08:01 5 /etc/hostname\n"
		    "7f2000002000-7f2000003000 r-xp 00000000 08:01 6 /usr/lib/gone.so (deleted)\n"
		    "7f2000004000-7f2000005000 r-xp 00000000 00:05 7 /dev/null\n"
		    "7f2000006000-7f2000007000 r-xp 00000000 00:01 8 /memfd:code (deleted)\n"
		    "7f2000009000-7f2000008000 r-xp 00000000 00:01 8 /backwards\n"
		    "garbage\n"
		    "7f2000010000-7f2000020000 r-xp ffffffffffffffff 08:01 9 /etc/hostname\n");
	start(0);
	ck_assert_str_eq(USER(0x7f2000000010, 0), "[/etc/hostname+0x10]");
	ck_assert_str_eq(USER(0x7f2000002010, 0), "[/usr/lib/gone.so (deleted)+0x10]");
	ck_assert_str_eq(USER(0x7f2000004010, 0), "[/dev/null+0x10]");
	ck_assert_str_eq(USER(0x7f2000006010, BPFL_FRAME_RETURN), "[/memfd:code (deleted)+0x10]");
	USER(0x7f2000010000, BPFL_FRAME_RETURN);
	for (size_t i = 0; i < fake_sys_count("openat"); i++)
		ck_assert_str_ne(fake_sys_nth("openat", i)->path, "/dev/null");
	bpfl_symbolizer_destroy(names);
	binary_gone();
}
END_TEST

/* With room for nothing each file pushes the other out, and is read again. */
START_TEST(the_cache_is_bounded)
{
	char other[64], line[256];
	struct stat st;

	binary_new();
	snprintf(other, sizeof(other), "%s/other", dir);
	ck_assert_int_eq(link(path, other), 0);
	ck_assert_int_eq(stat(other, &st), 0);
	snprintf(line, sizeof(line), "7f3000000000-7f3000001000 r-xp %08x 08:01 %llu %s\n", USERGEN_TEXT_OFF,
		 (unsigned long long)st.st_ino, other);
	process_new(line);
	start(1);
	for (int i = 0; i < 3; i++) {
		uint64_t first;

		ck_assert_str_eq(USER(LOAD_AT + 0x100, 0), with_path("outer+0x0"));
		first = names->cache_used;
		USER(0x7f3000000100, 0);
		ck_assert_str_eq(frame.module, other);
		ck_assert_str_eq(frame.symbol, "outer");
		ck_assert_uint_eq(names->cache_used, first); /* one of them at a time */
	}
	bpfl_symbolizer_destroy(names);
	unlink(other);
	binary_gone();
}
END_TEST

/* ---- which members are stacks ---- */

static const struct { const char *types, *want; bool has_ids; } member_cases[] = {
	{ "struct s { u32 pid; s32 kern_stack_id; s32 user_stack_id; char comm[16]; };", "kern_stack_id=k user_stack_id=u pid comm", true },
	{ "struct s { u32 tgid; u32 pid; u32 kstackid; u64 ustack_id; };", "kstackid=k ustack_id=u tgid", true },
	{ "struct s { u32 pid; s32 kern_stack_id; };", "pid", false },
	{ "struct s { s32 stack_id; u32 stack_id_size; u32 nr_stacks; bool collect_ustack; };", "stack_id=e", true },
	{ "struct s { s32 pid; u32 cpu; s32 kstack_sz; s32 ustack_sz; u64 kstack[8]; u64 ustack[8]; };", "kstack[kstack_sz]=K ustack[ustack_sz]=U pid", false },
	{ "typedef u32 gadget_kernel_stack; struct s { gadget_kernel_stack where_raw; };", "where=k", true },
	{ "struct gadget_user_stack { u64 exe_inode; u32 stack_id; u32 pid_level0; }; struct s { struct gadget_user_stack ustack_raw; };",
	  "ustack_raw.stack_id=u ustack_raw.pid_level0", true },
	{ "struct bpf_stack_build_id { s32 status; u8 build_id[20]; u64 offset; }; struct s { struct bpf_stack_build_id user_stack[4]; };",
	  "user_stack=B", false },
	{ "struct s { u64 stacked; u32 where; u64 stack[4]; u8 stack_bytes[8]; };", "stack=E", true },
	{ "struct s { u32 told; u32 not_id; s32 stack_id; };", "told=u stack_id=e", true },
};

static const char *fields_text(const char *types, bool has_ids)
{
	static const char *const words[] = { "told=kstack", "told=ustack", "not_id=hex" };
	static char text[512];
	struct bpfl_btf *btf = btfc_read(types, false);
	struct bpfl_stack_fields fields;
	struct bpfl_layout layout;

	ck_assert_int_eq(bpfl_layout_init(&layout, btf, btfc_id(btf, "struct s")), 0);
	bpfl_stack_fields_find(&fields, &layout, words, 3, has_ids);
	text[0] = '\0';
	for (size_t i = 0; i < fields.nr; i++) {
		const struct bpfl_stack_field *field = &fields.items[i];
		size_t used = strlen(text);
		char letter = "kue"[field->kind];

		letter = field->shape == BPFL_STACK_ID          ? letter
			 : field->shape == BPFL_STACK_BUILD_IDS ? 'B'
								: (char)(letter - 32);
		snprintf(text + used, sizeof(text) - used, "%s%s%s%s%s=%c", i ? " " : "",
			 layout.fields.items[field->field_idx].name, field->len_field != BPFL_NO_FIELD ? "[" : "",
			 field->len_field != BPFL_NO_FIELD ? layout.fields.items[field->len_field].name : "",
			 field->len_field != BPFL_NO_FIELD ? "]" : "", letter);
	}
	if (fields.pid_field != BPFL_NO_FIELD)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", text[0] ? " " : "",
			 layout.fields.items[fields.pid_field].name);
	if (fields.comm_field != BPFL_NO_FIELD)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), " comm");
	bpfl_layout_deinit(&layout);
	bpfl_btf_destroy(btf);
	return text;
}

START_TEST(members_are_stacks_by_name_and_type)
{
	ck_assert_str_eq(fields_text(member_cases[_i].types, member_cases[_i].has_ids), member_cases[_i].want);
}
END_TEST

/* ---- stacks of a map ---- */

struct place { uint32_t pid; int32_t kern_stack_id, user_stack_id; char comm[16]; };
static const char place_types[] = "struct place { u32 pid; s32 kern_stack_id; s32 user_stack_id; char comm[16]; };";

struct maps {
	struct bpfl_btf *btf;
	struct bpfl_map *counts;
	struct bpfl_stacks *stacks;
	int stack_fd;
};

static struct bpfl_map *handle(const char *name, uint32_t type, uint32_t key_size, uint32_t value_size)
{
	struct bpfl_attr_map_create attr = {
		.map_type = type, .key_size = key_size, .value_size = value_size, .max_entries = 16
	};
	struct bpfl_map *map = calloc(1, sizeof(*map));

	map->fd = bpfl_sys_map_create(&attr);
	map->owns_fd = true;
	map->name = bpfl_strdup(name);
	map->type = type;
	map->key_size = key_size;
	map->value_size = value_size;
	map->value_bytes = value_size;
	map->max_entries = 16;
	return map;
}

static void maps_new(struct maps *maps)
{
	static const uint64_t stacks[][4] = { { 0xffffffff81000300, 0xffffffff81000150 },
					      { LOAD_AT + 0x144, LOAD_AT + 0x110 } };
	static const struct place places[] = {
		{ PID, 0, 1, "worker" }, { PID, -EFAULT, 1, "worker" }, { PID, 0, -EFAULT, "worker" }, { PID, -EEXIST, 7, "wor;ker" },
	};
	struct bpfl_map *map = handle("stacks", BPFL_MAP_TYPE_STACK_TRACE, 4, sizeof(stacks[0]));

	maps->btf = btfc_read(place_types, false);
	maps->counts = handle("counts", BPFL_MAP_TYPE_HASH, sizeof(struct place), 8);
	maps->counts->btf = maps->btf;
	maps->counts->key_type_id = btfc_id(maps->btf, "struct place");
	for (uint32_t i = 0; i < 2; i++)
		ck_assert_int_eq(bpfl_sys_map_update(map->fd, &i, stacks[i], 0), 0);
	for (uint64_t i = 0; i < 4; i++)
		ck_assert_int_eq(bpfl_sys_map_update(maps->counts->fd, &places[i], &(uint64_t){ 10 + i }, 0), 0);
	CHECK_OK(bpfl_stacks_create(names, NULL, &maps->stacks, &err), err);
	CHECK_OK(bpfl_stacks_add_map(maps->stacks, map, &err), err);
	/* A smaller one behind it: what is read must still have room. */
	CHECK_OK(bpfl_stacks_add_map(maps->stacks, handle("short_stacks", BPFL_MAP_TYPE_STACK_TRACE, 4, 8), &err), err);
}

static void maps_gone(struct maps *maps)
{
	bpfl_stacks_destroy(maps->stacks);
	bpfl_map_close(maps->counts);
	bpfl_btf_destroy(maps->btf);
}

/* The same with the names of a kernel, a binary and a process that runs it. */
static void process_maps_new(struct maps *maps)
{
	fake_sys_file("/proc/kallsyms", kallsyms);
	binary_new();
	process_new("");
	start(0);
	maps_new(maps);
}

static void process_maps_gone(struct maps *maps)
{
	maps_gone(maps);
	bpfl_symbolizer_destroy(names);
	binary_gone();
}

START_TEST(a_map_becomes_folded_lines)
{
	struct bpfl_profile *profile;
	struct maps maps;
	char *text, *note;

	process_maps_new(&maps);
	CHECK_OK(bpfl_stacks_note_map(maps.stacks, maps.counts, &err), err);
	process_gone();
	ck_assert_int_eq(bpfl_stacks_in_map(maps.stacks, maps.counts, &note, &err), 2);
	ck_assert_str_eq(note, "key.kern_stack_id: kernel stack in map 'stacks', 'short_stacks' (by its name); key.user_stack_id: user "
			       "stack in map 'stacks', 'short_stacks' (by its name)");
	free(note);
	CHECK_OK(bpfl_profile_create(&profile, &err), err);
	CHECK_OK(bpfl_profile_add_map(profile, maps.counts, maps.stacks, NULL, &err), err);
	CHECK_OK(bpfl_profile_folded_text(profile, &text, &err), err);
	ck_assert_str_eq(text, "wor:ker;[lost];[lost] 13\n"
			       "worker;outer;inner.part 11\n"
			       "worker;outer;inner.part;vfs_read;do_exit 10\n"
			       "worker;vfs_read;do_exit 12\n");
	free(text);
	ck_assert_uint_eq(bpfl_profile_nr_samples(profile), 46);
	ck_assert_uint_eq(bpfl_profile_nr_lost(profile), 13);
	CHECK_FAILS(bpfl_profile_add_map(profile, maps.counts, maps.stacks, "bytes", &err), err, BPFL_ERR_USAGE, ENOENT,
		    "no number 'bytes'");
	bpfl_profile_destroy(profile);
	process_maps_gone(&maps);
}
END_TEST

START_TEST(elements_are_shown_with_their_stacks)
{
	struct bpfl_map_words words = { .size = sizeof(words) };
	struct maps maps;
	char *text;

	process_maps_new(&maps);
	words.stacks = maps.stacks;
	CHECK_OK(bpfl_map_text(maps.counts, &words, &text, &err), err);
	CHECK_HAS(text, "  kern_stack_id:\n    do_exit+0x0\n    vfs_read+0x40\n  user_stack_id:\n    inner.part+0x4 [");
	CHECK_HAS(text, "    [lost: not in the stack-trace map]\n");
	free(text);
	words.format = BPFL_FORMAT_JSON;
	CHECK_OK(bpfl_map_text(maps.counts, &words, &text, &err), err);
	CHECK_HAS(text, "\"value\":12,\"stacks\":{\"kern_stack_id\":[\"do_exit+0x0\",\"vfs_read+0x40\"],\"user_stack_"
			"id\":[]}}\n");
	free(text);
	words.format = BPFL_FORMAT_TEXT;
	CHECK_OK(bpfl_map_text(maps.stacks->maps.items[0], &words, &text, &err), err);
	CHECK_HAS(text, "stacks[0]:\n    do_exit+0x0\n    vfs_read+0x40\n");
	free(text);
	process_maps_gone(&maps);
}
END_TEST

START_TEST(tables_name_their_stacks)
{
	const char *forms[] = { "kern_stack_id=dec" };
	struct bpfl_view_opts opts = { .size = sizeof(opts) };
	struct maps maps;
	char *text;

	process_maps_new(&maps);
	CHECK_OK(bpfl_map_top_text(maps.counts, &opts, &text, &err), err);
	CHECK_HAS(text, "KERN_STACK_ID");
	free(text);
	opts.stacks = maps.stacks;
	CHECK_OK(bpfl_map_top_text(maps.counts, &opts, &text, &err), err);
	ck_assert_str_eq(text, "  PID  KERN_STACK  USER_STACK  COMM     VALUE\n"
			       "77777  [lost]      [lost]      wor;ker     13\n"
			       "77777  do_exit     -           worker      12\n"
			       "77777  -           inner.part  worker      11\n"
			       "77777  do_exit     inner.part  worker      10\n");
	free(text);
	opts.forms = forms;
	opts.nr_forms = 1;
	CHECK_OK(bpfl_map_top_text(maps.counts, &opts, &text, &err), err);
	CHECK_HAS(text, "77777              0  inner.part  worker      10\n");
	free(text);
	opts.nr_forms = 0;
	opts.format = BPFL_FORMAT_JSON;
	CHECK_OK(bpfl_map_top_text(maps.counts, &opts, &text, &err), err);
	CHECK_HAS(text, "\"value\":12,\"stacks\":{\"kern_stack_id\":[\"do_exit+0x0\",\"vfs_read+0x40\"],\"user_stack_"
			"id\":[]}}\n");
	free(text);
	process_maps_gone(&maps);
}
END_TEST

/* Names of functions give way to what the table is about. */
START_TEST(a_narrow_table_keeps_its_numbers)
{
	static const char long_names[] = "ffffffff81000300 T a_function_with_a_name_of_exactly_fifty_five_characters\n";
	struct bpfl_view_opts opts = { .size = sizeof(opts) };
	struct maps maps;
	char *text;

	fake_sys_file("/proc/kallsyms", long_names);
	start(0);
	maps_new(&maps);
	opts.stacks = maps.stacks;
	CHECK_OK(bpfl_map_top_text(maps.counts, &opts, &text, &err), err);
	CHECK_HAS(text, "77777  a_function_with_a_name_of_exactly_fifty…  -");
	free(text);
	opts.width = 60;
	CHECK_OK(bpfl_map_top_text(maps.counts, &opts, &text, &err), err);
	CHECK_HAS(text, "77777  a_function_with_a_name_o…  -           worker      12\n");
	free(text);
	opts.width = 30;
	CHECK_OK(bpfl_map_top_text(maps.counts, &opts, &text, &err), err);
	CHECK_HAS(text, "77777  a_function_…  -");
	free(text);
	maps_gone(&maps);
	bpfl_symbolizer_destroy(names);
}
END_TEST

START_TEST(histograms_name_their_stacks)
{
	struct bpfl_view_opts opts = { .size = sizeof(opts), .words = "unit=us" };
	struct bpfl_btf *btf = btfc_read("struct wait { s32 kern_stack_id; u32 slot; };", false);
	struct bpfl_map *waits = handle("waits", BPFL_MAP_TYPE_HASH, 8, 8);
	struct maps maps;
	char *text;

	fake_sys_file("/proc/kallsyms", kallsyms);
	start(0);
	maps_new(&maps);
	waits->btf = btf;
	waits->key_type_id = btfc_id(btf, "struct wait");
	ck_assert_int_eq(bpfl_sys_map_update(waits->fd, (uint32_t[]){ 0, 3 }, &(uint64_t){ 5 }, 0), 0);
	opts.stacks = maps.stacks;
	CHECK_OK(bpfl_map_hist_text(waits, &opts, &text, &err), err);
	CHECK_HAS(text, "waits[do_exit]: 5 in all, us\n");
	free(text);
	opts.format = BPFL_FORMAT_JSON;
	CHECK_OK(bpfl_map_hist_text(waits, &opts, &text, &err), err);
	CHECK_HAS(text, "\"key\":{\"kern_stack_id\":0},\"stacks\":{\"kern_stack_id\":[\"do_exit+0x0\",\"vfs_read+0x40\"]},");
	free(text);
	bpfl_map_close(waits);
	bpfl_btf_destroy(btf);
	maps_gone(&maps);
	bpfl_symbolizer_destroy(names);
}
END_TEST

/* A gadget's stacks have an id in their cell, and their frames below the line. */
START_TEST(stacks_of_gadgets_are_below_their_line)
{
	static const char types[] = "typedef u32 gadget_kernel_stack; struct gadget_user_stack { u64 exe_inode; u64 "
				    "mtime_sec; u32 mtime_nsec; u32 stack_id; "
				    "u32 pid_level0; u32 pidns_level0; u32 pid_level1; u32 pidns_level1; }; "
				    "struct event { gadget_kernel_stack kstack_raw; struct gadget_user_stack "
				    "ustack_raw; };";
	const struct { uint32_t kstack; uint64_t inode, mtime; uint32_t nsec, stack_id, pid, rest[3]; } event = { 0, 5, 6, 7, 1, PID, { 0, 0, 0 } };
	struct bpfl_record record = {
		.kind = BPFL_RECORD_DATA, .source = "events", .cpu = -1, .data = &event, .size = sizeof(event)
	};
	struct bpfl_spec *spec = specgen_new("obj");
	struct bpfl_decoder_opts opts = { .size = sizeof(opts) };
	struct bpfl_decoder *decoder;
	struct maps maps;
	const char *text;
	size_t size;

	process_maps_new(&maps);
	spec->btf = btfc_read(types, false);
	specgen_map(spec, "ig_kstack", BPFL_MAP_BTF, BPFL_MAP_TYPE_STACK_TRACE, 4, 1016, 16);
	specgen_map(spec, "events", BPFL_MAP_BTF, BPFL_MAP_TYPE_RINGBUF, 0, 0, 4096)->value_type_id =
		btfc_id(spec->btf, "struct event");
	opts.stacks = maps.stacks;
	CHECK_OK(bpfl_decoder_create(spec, &opts, &decoder, &err), err);
	record.source_idx = 1;
	ck_assert_int_eq(bpfl_decoder_text(decoder, &record, &text, &size), 1);
	text = memcpy(calloc(1, size + 1), text, size);
	CHECK_HAS(text, "stack 0                  stack 1\n  kstack:\n    do_exit+0x0\n    vfs_read+0x40\n  "
			"ustack_raw.stack_id:\n    inner.part+0x4 [");
	CHECK_HAS(text, "]\n    outer+0x10 [");
	free((char *)(uintptr_t)text);
	bpfl_decoder_destroy(decoder);
	bpfl_spec_destroy(spec);
	process_maps_gone(&maps);
}
END_TEST

/* Whichever system call fails, there is a result or an error, and nothing stays open. */
START_TEST(any_call_may_fail)
{
	bool failed = true;

	binary_new();
	for (unsigned nth = 1; failed && nth < 200; nth++) {
		struct bpfl_profile *profile;
		struct maps maps;
		char *text;

		fake_sys_reset();
		fake_sys_file("/proc/kallsyms", kallsyms);
		process_new("");
		start(0);
		maps_new(&maps);
		CHECK_OK(bpfl_profile_create(&profile, &err), err);
		fake_sys_fail_nth(nth, EIO);
		if (bpfl_stacks_note_map(maps.stacks, maps.counts, &err) == 0 &&
		    bpfl_profile_add_map(profile, maps.counts, maps.stacks, NULL, &err) == 0) {
			ck_assert_uint_eq(bpfl_profile_nr_samples(profile), 46);
			CHECK_OK(bpfl_profile_folded_text(profile, &text, &err), err);
			free(text);
		} else {
			ck_assert_int_ne(err.kind, BPFL_ERR_NONE);
		}
		failed = fake_sys_failed();
		bpfl_error_clear(&err);
		bpfl_profile_destroy(profile);
		maps_gone(&maps);
		bpfl_symbolizer_destroy(names);
	}
	ck_assert(!failed);
	binary_gone();
}
END_TEST

START_TEST(a_map_without_stacks_is_refused)
{
	struct bpfl_profile *profile;
	struct maps maps;

	fake_sys_file("/proc/kallsyms", kallsyms);
	start(0);
	maps_new(&maps);
	maps.counts->key_type_id = 0;
	CHECK_OK(bpfl_profile_create(&profile, &err), err);
	CHECK_FAILS(bpfl_profile_add_map(profile, maps.counts, maps.stacks, NULL, &err), err, BPFL_ERR_USAGE, EINVAL,
		    "has no stacks");
	CHECK_HAS(err.fix, "=kstack");
	CHECK_FAILS(bpfl_stacks_add_map(maps.stacks, handle("other", BPFL_MAP_TYPE_HASH, 4, 8), &err), err,
		    BPFL_ERR_USAGE, EINVAL, "no stack_trace map");
	bpfl_profile_destroy(profile);
	maps_gone(&maps);
	bpfl_symbolizer_destroy(names);
	bpfl_error_clear(&err);
}
END_TEST

/* ---- folded lines and the flame graph ---- */

static struct bpfl_profile *profile_new(void)
{
	static const struct { const char *frames[5]; size_t nr; uint64_t count; } stacks[] = {
		{ { "busy", "main", "outer", "middle" }, 4, 60 },
		{ { "busy", "main", "outer" }, 3, 20 },
		{ { "busy", "main", "outer", "middle" }, 4, 15 },
		{ { "busy", "main", "std::map<int, T&>::find(\"x\")", "a;b" }, 4, 30 },
		{ { "sh", "main" }, 2, 5 },
		{ { "sh", "main", "bad\xff\xc3(\x01\x7f]]>\xef\xbf\xbf", "\xc3\xa9t\xc3\xa9" }, 4, 3 },
		{ { "sh", "main", "tiny" }, 3, 0 },
	};
	struct bpfl_profile *profile;

	CHECK_OK(bpfl_profile_create(&profile, &err), err);
	for (size_t i = 0; i < sizeof(stacks) / sizeof(stacks[0]); i++)
		CHECK_OK(bpfl_profile_add(profile, stacks[i].frames, stacks[i].nr, stacks[i].count, &err), err);
	return profile;
}

START_TEST(equal_stacks_are_added_up)
{
	struct bpfl_profile *profile = profile_new();
	char *text;

	CHECK_OK(bpfl_profile_folded_text(profile, &text, &err), err);
	ck_assert_str_eq(text, "busy;main;outer 20\n"
			       "busy;main;outer;middle 75\n"
			       "busy;main;std::map<int, T&>::find(\"x\");a:b 30\n"
			       "sh;main 5\n"
			       "sh;main;bad\xff\xc3(??]]>\xef\xbf\xbf;\xc3\xa9t\xc3\xa9 3\n");
	ck_assert_uint_eq(bpfl_profile_nr_samples(profile), 133);
	free(text);
	bpfl_profile_destroy(profile);
}
END_TEST

START_TEST(a_flame_graph_is_as_it_was)
{
	struct bpfl_svg_opts opts = { .size = sizeof(opts), .title = "a <title> & more" };
	struct bpfl_profile *profile = profile_new();
	struct bpfl_buf golden = BPFL_BUF_INIT;
	char *svg;

	CHECK_OK(bpfl_profile_svg(profile, &opts, &svg, &err), err);
	if (getenv("WRITE_GOLDEN")) {
		FILE *file = fopen(GOLDEN, "w");

		ck_assert_ptr_nonnull(file);
		fputs(svg, file);
		fclose(file);
	}
	CHECK_OK(bpfl_file_read(GOLDEN, 1 << 20, &golden, &err), err);
	ck_assert_str_eq(svg, golden.data);
	bpfl_buf_deinit(&golden);
	free(svg);
	bpfl_profile_destroy(profile);
}
END_TEST

/* No samples, and one stack that is deeper than anybody's. */
START_TEST(extreme_flame_graphs)
{
	static const char *frames[4096];
	struct bpfl_profile *profile;
	char *svg;

	CHECK_OK(bpfl_profile_create(&profile, &err), err);
	CHECK_OK(bpfl_profile_svg(profile, NULL, &svg, &err), err);
	CHECK_HAS(svg, "no stacks were seen");
	free(svg);
	for (size_t i = 0; i < 4096; i++)
		frames[i] = "again";
	CHECK_OK(bpfl_profile_add(profile, frames, 4096, UINT64_MAX, &err), err);
	CHECK_OK(bpfl_profile_add(profile, frames, 4096, UINT64_MAX, &err), err);
	CHECK_OK(bpfl_profile_svg(profile, NULL, &svg, &err), err);
	CHECK_HAS(svg, "data-d=\"4096\"");
	free(svg);
	bpfl_profile_destroy(profile);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		kernel_addresses_have_names,
		hidden_kernel_addresses_are_said_once,
		addresses_of_a_process_have_names,
		a_process_that_was_noted_may_end,
		mappings_of_before_are_kept,
		names_of_a_compiler_at_run_time,
		the_vdso_is_that_of_this_process,
		strange_mappings_do_no_harm,
		the_cache_is_bounded,
		a_map_becomes_folded_lines,
		elements_are_shown_with_their_stacks,
		tables_name_their_stacks,
		a_narrow_table_keeps_its_numbers,
		histograms_name_their_stacks,
		stacks_of_gadgets_are_below_their_line,
		a_map_without_stacks_is_refused,
		any_call_may_fail,
		equal_stacks_are_added_up,
		a_flame_graph_is_as_it_was,
		extreme_flame_graphs,
	};
	Suite *suite = BPFL_TEST_SUITE("event stacks", tests);

	bpfl_test_add_loop(suite, "members", members_are_stacks_by_name_and_type,
			   sizeof(member_cases) / sizeof(member_cases[0]));
	return bpfl_test_main(suite);
}
