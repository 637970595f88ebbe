/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/extern, kconfig, ksyms: what a program takes from the kernel by name.
 *
 * /proc/kallsyms and the configuration are written by the tests (fake_sys); the kernel's BTF comes from a line of C.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <zlib.h>
#include "btfc.h"
#include "fake_sys.h"
#include "harness.h"
#include "image/image.h"
#include "specgen.h"

#define KERNEL_6_12 0x060c00u

static struct bpfl_error err = BPFL_ERROR_INIT;
static struct bpfl_spec *spec;
static struct bpfl_target *target;
static struct bpfl_image *image;
static uint32_t func;
static uint32_t nr_refs;

static void log_note(void *ctx, enum bpfl_log_level level, const char *text)
{
	if (level == BPFL_LOG_WARN) {
		snprintf(ctx, 256, "%s", text);
	}
}

/* A program with room for 8 references of two slots. types: the object's. */
static void spec_begin(const char *types)
{
	spec = specgen_new("obj");
	spec->btf = btfc_read(types, false);
	func = specgen_func(spec, "main_fn", 18);
	specgen_prog(spec, "main_fn", "socket", func);
	nr_refs = 0;
}

static void target_begin(const char *kernel_types, bool running, const char *kconfig_path, uint32_t version)
{
	struct bpfl_target_opts opts = {
		.size = sizeof(opts), .kernel_version = version, .page_size = 4096, .kconfig_path = kconfig_path
	};

	if (running) {
		CHECK_OK(bpfl_target_running(&opts, &target, &err), err);
	} else {
		CHECK_OK(bpfl_target_create(&opts, &target, &err), err);
	}
	target->btf = kernel_types ? btfc_read(kernel_types, false) : NULL;
}

/* An extern, with a reference to it in slots 2n and 2n + 1 of the program; type: "var x" or "func f" of the object. */
static uint32_t extern_add(const char *name, enum bpfl_extern_kind kind, bool weak, const char *type)
{
	uint32_t btf_id = type ? btfc_id(spec->btf, type) : 0;
	uint32_t idx = specgen_extern(spec, name, kind, weak, btf_id);

	if (btf_id) {
		spec->externs.items[idx].type_id = bpfl_btf_type(spec->btf, btf_id)->type;
	}
	specgen_ref(spec, func, 2 * nr_refs++, BPFL_REF_EXTERN, idx, 0);
	return idx;
}

/* As extern_add, but the instruction is a call. */
static uint32_t call_add(const char *name, bool weak, const char *type)
{
	uint32_t idx = extern_add(name, BPFL_EXTERN_KFUNC, weak, type);
	struct bpfl_inst *insts = spec->funcs.items[func].insts + 2 * (nr_refs - 1);

	insts[0].insn = bpfl_insn_make(BPFL_CODE_CALL, 0, BPFL_PSEUDO_KFUNC_CALL, 0, -1);
	insts[1].insn = bpfl_insn_make(BPFL_CODE_MOV64_K, 0, 0, 0, 0);
	return idx;
}

static int build(void)
{
	return bpfl_image_build(spec, target, NULL, &image, &err);
}

static void end(void)
{
	bpfl_image_destroy(image);
	bpfl_target_destroy(target);
	bpfl_spec_destroy(spec);
	bpfl_error_clear(&err);
	image = NULL;
	target = NULL;
	spec = NULL;
}

static const struct bpfl_insn *insn_at(uint32_t ref)
{
	return &image->progs[0].insns[2 * ref];
}

static uint64_t imm64_at(uint32_t ref)
{
	return (uint64_t)(uint32_t)insn_at(ref)[1].imm << 32 | (uint32_t)insn_at(ref)->imm;
}

/* ---- configuration: values ---- */

static char config_path[64];

static void config_write(const void *bytes, size_t size)
{
	snprintf(config_path, sizeof(config_path), "/tmp/bpfload-test-config-%d", (int)getpid());
	int fd = open(config_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, size), (ssize_t)size);
	close(fd);
}

/* Builds with one kconfig extern CONFIG_X of type `type` (a line of C naming it x) and one line of configuration. */
static int value_build(const char *types, const char *line, bool weak, char warning[256])
{
	struct bpfl_log log = { log_note, warning };

	warning[0] = '\0';
	config_write(line, strlen(line));
	spec_begin(types);
	specgen_map(spec, ".kconfig", BPFL_MAP_KCONFIG, 2, 4, 16, 1);
	uint32_t idx = extern_add("CONFIG_X", BPFL_EXTERN_KCONFIG, weak, "var x");
	spec->externs.items[idx].byte_off = 8;
	target_begin(NULL, false, config_path, KERNEL_6_12);
	int result = bpfl_image_build(spec, target, &log, &image, &err);
	unlink(config_path);
	return result;
}

#define TRISTATE "enum libbpf_tristate { TRI_NO, TRI_YES, TRI_MODULE }; var enum libbpf_tristate x;"

START_TEST(values_take_the_form_of_their_type)
{
	static const struct {
		const char *types, *line;
		uint8_t bytes[8];
	} rows[] = {
		{ "var bool x;", "CONFIG_X=y\n", { 1 } },
		{ "var bool x;", "CONFIG_X=n", { 0 } },
		{ "var bool x;", "CONFIG_X=1", { 1 } },
		{ "var char x;", "CONFIG_X=m\n", { 'm' } },
		{ "var char x;", "CONFIG_X=65\n", { 65 } },
		{ "var u8 x;", "CONFIG_X=200\n", { 200 } },
		{ "var s8 x;", "CONFIG_X=-3\n", { 0xfd } },
		{ "var u16 x;", "CONFIG_X=0x1234\n", { 0x34, 0x12 } },
		{ "var s16 x;", "CONFIG_X=-2\n", { 0xfe, 0xff } }, /* and not a byte behind it */
		{ "var u32 x;", "CONFIG_X=250\n", { 250 } },
		{ "var u32 x;", "CONFIG_X=0xffffffff\n", { 0xff, 0xff, 0xff, 0xff } },
		{ "var s32 x;", "CONFIG_X=-1\n", { 0xff, 0xff, 0xff, 0xff } },
		{ "var u32 x;", "CONFIG_X=010\n", { 8 } },
		{ "var u64 x;", "CONFIG_X=0xffffffff80000000\n", { 0, 0, 0, 0x80, 0xff, 0xff, 0xff, 0xff } },
		{ "var const u32 x;", "# comment\nCONFIG_XY=1\nCONFIG_X=7\nCONFIG_X=8\n", { 7 } },
		{ TRISTATE, "CONFIG_X=y\n", { 1 } },
		{ TRISTATE, "CONFIG_X=m\n", { 2 } },
		{ TRISTATE, "CONFIG_X=n\n", { 0 } },
		{ "var char x[8];", "CONFIG_X=\"abc\"\n", { 'a', 'b', 'c' } },
		{ "var char x[8];", "CONFIG_X=\"\"\n", { 0 } },
		{ "var char x[8];", "CONFIG_X=\"abcdefg\"\n", { 'a', 'b', 'c', 'd', 'e', 'f', 'g' } },
	};
	char warning[256];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int result = value_build(rows[i].types, rows[i].line, false, warning);

		ck_assert_msg(result == 0, "%s %s: %s", rows[i].types, rows[i].line, err.message);
		ck_assert_uint_eq(image->maps[0].data_size, 16);
		ck_assert(image->maps[0].needed);
		ck_assert_msg(memcmp(image->maps[0].data + 8, rows[i].bytes, 8) == 0, "%s %s", rows[i].types,
			      rows[i].line);
		ck_assert_uint_eq(bpfl_insn_src(insn_at(0)), BPFL_PSEUDO_MAP_VALUE);
		ck_assert_int_eq(insn_at(0)[1].imm, 8);
		ck_assert_uint_eq(image->progs[0].fixups.nr, 1);
		ck_assert_int_eq(image->progs[0].fixups.items[0].kind, BPFL_FIXUP_MAP_VALUE);
		ck_assert_str_eq(warning, "");
		end();
	}
}
END_TEST

START_TEST(a_long_string_is_cut_with_a_warning)
{
	char warning[256];

	CHECK_OK(value_build("var char x[4];", "CONFIG_X=\"abcdef\"\n", false, warning), err);
	ck_assert_int_eq(memcmp(image->maps[0].data + 8, "abc\0\0", 5), 0);
	CHECK_HAS(warning, "a string of 6 bytes is cut to 3");
	end();
}
END_TEST

START_TEST(values_that_do_not_fit_are_errors)
{
	static const struct {
		const char *types, *line;
		int errnum;
		const char *text;
	} rows[] = {
		{ "var u8 x;", "CONFIG_X=256\n", ERANGE, "does not fit 1 bytes, unsigned" },
		{ "var s8 x;", "CONFIG_X=128\n", ERANGE, "does not fit 1 bytes, signed" },
		{ "var s8 x;", "CONFIG_X=-129\n", ERANGE, "does not fit" },
		{ "var u32 x;", "CONFIG_X=-1\n", ERANGE, "does not fit" },
		{ "var s64 x;", "CONFIG_X=0xffffffffffffffff\n", ERANGE, "does not fit" },
		{ "var u64 x;", "CONFIG_X=0x10000000000000000\n", EINVAL, "neither y, m, n" },
		{ "var bool x;", "CONFIG_X=m\n", EINVAL, "declare it enum libbpf_tristate" },
		{ "var bool x;", "CONFIG_X=2\n", EINVAL, "a number does not fit its declared type" },
		{ "var u32 x;", "CONFIG_X=y\n", EINVAL, "'y' needs a bool" },
		{ TRISTATE, "CONFIG_X=1\n", EINVAL, "a number does not fit" },
		{ "var u32 x;", "CONFIG_X=\"a\"\n", EINVAL, "a string needs an array of char" },
		{ "var char x[8];", "CONFIG_X=1\n", EINVAL, "a number does not fit" },
		{ "var char x[8];", "CONFIG_X=\"abc\n", EINVAL, "without its closing quote" },
		{ "var char x[8];", "CONFIG_X=\"\n", EINVAL, "without its closing quote" },
		{ "var u32 x;", "CONFIG_X=\n", EINVAL, "neither y, m, n" },
		{ "var u32 x;", "CONFIG_X=12abc\n", EINVAL, "neither y, m, n" },
		{ "var u32 x[2];", "CONFIG_X=1\n", EINVAL, "its type is 'u32[2]'" },
		{ "var u32 *x;", "CONFIG_X=1\n", EINVAL, "its type is" },
		{ "struct s { u32 a; }; var struct s x;", "CONFIG_X=1\n", EINVAL, "its type is 'struct s'" },
		{ "var char x[9];", "CONFIG_X=\"a\"\n", EINVAL, "lies outside the map of 16 bytes" },
	};
	char warning[256];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int result = value_build(rows[i].types, rows[i].line, true, warning);

		ck_assert_msg(result == -rows[i].errnum && strstr(err.message, rows[i].text), "%s %s: %d %s",
			      rows[i].types, rows[i].line, result, err.message);
		CHECK_HAS(err.message, "extern 'CONFIG_X': ");
		end();
	}
}
END_TEST

START_TEST(an_option_that_is_not_set_is_missing)
{
	char warning[256];

	CHECK_FAILS(value_build("var bool x;", "# CONFIG_X is not set\n", false, warning), err, BPFL_ERR_UNSUPPORTED,
		    ESRCH, "extern 'CONFIG_X' has no value in this kernel");
	CHECK_HAS(err.why, "is not set in /tmp/bpfload-test-config");
	CHECK_HAS(err.fix, "__weak");
	end();
	CHECK_OK(value_build("var bool x;", "# CONFIG_X is not set\n", true, warning), err);
	ck_assert_uint_eq(image->maps[0].data[8], 0);
	CHECK_HAS(image->progs[0].core_results.items[0].text, "CONFIG_X = 0 (not set, and weak)");
	end();
}
END_TEST

START_TEST(a_gzipped_configuration_is_unpacked)
{
	char text[4096] = "", packed[4096];
	z_stream stream = { .next_in = (Bytef *)text, .next_out = (Bytef *)packed, .avail_out = sizeof(packed) };

	for (int i = 0; i < 100; i++) {
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "CONFIG_NUMBER_%d=%d\n", i, i);
	}
	stream.avail_in = (uInt)strlen(text);
	ck_assert_int_eq(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
	size_t size = sizeof(packed) - stream.avail_out;
	deflateEnd(&stream);

	for (size_t cut = 0; cut <= 10; cut += 10) {
		spec_begin("var u32 x;");
		specgen_map(spec, ".kconfig", BPFL_MAP_KCONFIG, 2, 4, 4, 1);
		extern_add("CONFIG_NUMBER_77", BPFL_EXTERN_KCONFIG, false, "var x");
		config_write(packed, size - cut);
		target_begin(NULL, false, config_path, KERNEL_6_12);
		if (cut == 0) {
			CHECK_OK(build(), err);
			ck_assert_uint_eq(image->maps[0].data[0], 77);
		} else {
			CHECK_FAILS(build(), err, BPFL_ERR_SYSTEM, EINVAL,
				    "kernel configuration '/tmp/bpfload-test-config");
		}
		unlink(config_path);
		end();
	}
}
END_TEST

/* ---- configuration: sources ---- */

static void number_begin(bool weak, bool running)
{
	spec_begin("var u32 x;");
	specgen_map(spec, ".kconfig", BPFL_MAP_KCONFIG, 2, 4, 4, 1);
	extern_add("CONFIG_HZ", BPFL_EXTERN_KCONFIG, weak, "var x");
	target_begin(NULL, running, NULL, KERNEL_6_12);
}

START_TEST(boot_comes_before_proc)
{
	struct utsname names;
	char boot[256];

	uname(&names);
	snprintf(boot, sizeof(boot), "/boot/config-%s", names.release);
	fake_sys_file(boot, "CONFIG_HZ=100\n");
	fake_sys_file("/proc/config.gz", "CONFIG_HZ=250\n");
	number_begin(false, true);
	CHECK_OK(build(), err);
	ck_assert_uint_eq(image->maps[0].data[0], 100);
	end();

	fake_sys_file_error(boot, ENOENT);
	number_begin(false, true);
	CHECK_OK(build(), err);
	ck_assert_uint_eq(image->maps[0].data[0], 250);
	end();

	fake_sys_file_error("/proc/config.gz", ENOENT);
	number_begin(false, true);
	CHECK_FAILS(build(), err, BPFL_ERR_UNSUPPORTED, ENOENT, "the configuration of this kernel was not found");
	CHECK_HAS(err.why, boot);
	CHECK_HAS(err.fix, "--kconfig FILE");
	end();

	number_begin(true, true);
	CHECK_OK(build(), err);
	ck_assert_uint_eq(image->maps[0].data[0], 0);
	end();
}
END_TEST

START_TEST(a_described_kernel_reads_nothing_of_this_machine)
{
	fake_sys_file("/proc/config.gz", "CONFIG_HZ=250\n");
	number_begin(false, false);
	CHECK_FAILS(build(), err, BPFL_ERR_UNSUPPORTED, ENOENT, "comes without a configuration");
	ck_assert_uint_eq(fake_sys_count("openat"), 0);
	end();
}
END_TEST

START_TEST(a_file_that_the_user_names_must_be_there)
{
	spec_begin("var u32 x;");
	specgen_map(spec, ".kconfig", BPFL_MAP_KCONFIG, 2, 4, 4, 1);
	extern_add("CONFIG_HZ", BPFL_EXTERN_KCONFIG, true, "var x");
	target_begin(NULL, true, "/no/such/file", KERNEL_6_12);
	CHECK_FAILS(build(), err, BPFL_ERR_SYSTEM, ENOENT, "kernel configuration '/no/such/file'");
	end();
}
END_TEST

/* EXT-04: the user's text first, then the system's. */
START_TEST(what_the_named_file_does_not_say_is_as_the_running_kernel_was_built)
{
	static const struct {
		const char *named;
		bool running;
		int value; /* -1: missing */
	} rows[] = {
		{ "CONFIG_HZ=300\n", true, 300 },
		{ "CONFIG_OTHER=y\n", true, 250 },
		{ "", true, 250 },
		{ "# CONFIG_HZ is not set\n", true, -1 },
		{ "# CONFIG_HZ is not set\nCONFIG_HZ=300\n", true, -1 },
		{ "# CONFIG_HZ_250 is not set\n#\n# is not set\n is not set", true, 250 },
		{ "CONFIG_OTHER=y\n", false, -1 },
	};

	fake_sys_file("/proc/config.gz", "CONFIG_HZ=250\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t value;

		fake_sys_file("/named", rows[i].named);
		spec_begin("var u32 x;");
		specgen_map(spec, ".kconfig", BPFL_MAP_KCONFIG, 2, 4, 4, 1);
		extern_add("CONFIG_HZ", BPFL_EXTERN_KCONFIG, false, "var x");
		target_begin(NULL, rows[i].running, "/named", KERNEL_6_12);
		if (rows[i].value < 0) {
			CHECK_FAILS(build(), err, BPFL_ERR_UNSUPPORTED, ESRCH, "'CONFIG_HZ' has no value");
			CHECK_HAS(err.why, "not set in /named");
		} else {
			CHECK_OK(build(), err);
			memcpy(&value, image->maps[0].data, 4);
			ck_assert_msg(value == (uint32_t)rows[i].value, "%s: %u", rows[i].named, value);
		}
		end();
	}
}
END_TEST

START_TEST(linux_names_come_from_the_kernel_version)
{
	static const struct {
		const char *name;
		uint32_t version;
		const char *btf;
		uint32_t value;
	} rows[] = {
		{ "LINUX_KERNEL_VERSION", KERNEL_6_12, NULL, KERNEL_6_12 },
		{ "LINUX_HAS_BPF_COOKIE", KERNEL_6_12, NULL, 1 },
		{ "LINUX_HAS_BPF_COOKIE", 0x050e00, NULL, 0 },
		{ "LINUX_HAS_BPF_COOKIE", 0x050e00, "enum bpf_func_id { BPF_FUNC_a, BPF_FUNC_get_attach_cookie };", 1 },
		{ "LINUX_HAS_BPF_COOKIE", 0x050e00, "enum bpf_func_id { BPF_FUNC_a };", 0 },
#if defined(__x86_64__)
		{ "LINUX_HAS_SYSCALL_WRAPPER", 0x041100, NULL, 1 },
		{ "LINUX_HAS_SYSCALL_WRAPPER", 0x041000, NULL, 0 },
#endif
		{ "LINUX_HAS_SYSCALL_WRAPPER", 0, "func __s390x_sys_bpf(u32) u32;", 1 },
		{ "LINUX_HAS_SYSCALL_WRAPPER", 0, "func __x64_sys_bpf(u32) u32;", 1 },
		{ "LINUX_HAS_SYSCALL_WRAPPER", 0, "func sys_bpf(u32) u32;", 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t value;

		spec_begin("var u32 x;");
		specgen_map(spec, ".kconfig", BPFL_MAP_KCONFIG, 2, 4, 4, 1);
		extern_add(rows[i].name, BPFL_EXTERN_KCONFIG, false, "var x");
		target_begin(rows[i].btf, false, NULL, rows[i].version);
		CHECK_OK(build(), err);
		memcpy(&value, image->maps[0].data, 4);
		ck_assert_msg(value == rows[i].value, "%s of %x: %u", rows[i].name, rows[i].version, value);
		end();
	}
}
END_TEST

START_TEST(other_linux_names_are_unknown)
{
	for (int weak = 0; weak < 2; weak++) {
		spec_begin("var u32 x;");
		specgen_map(spec, ".kconfig", BPFL_MAP_KCONFIG, 2, 4, 4, 1);
		extern_add("LINUX_HAS_EVERYTHING", BPFL_EXTERN_KCONFIG, weak, "var x");
		target_begin(NULL, false, NULL, KERNEL_6_12);
		if (weak) {
			CHECK_OK(build(), err);
			ck_assert_uint_eq(image->maps[0].data[0], 0);
		} else {
			CHECK_FAILS(build(), err, BPFL_ERR_UNSUPPORTED, ESRCH, "'LINUX_HAS_EVERYTHING' has no value");
		}
		end();
	}
}
END_TEST

START_TEST(what_no_selected_program_uses_is_not_asked_for)
{
	number_begin(false, false);
	uint32_t other = specgen_func(spec, "other", 2);
	specgen_prog(spec, "other", "socket", other);
	spec->progs.items[0].selected = false;
	CHECK_OK(build(), err);
	ck_assert_ptr_null(image->maps[0].own_data);
	end();
}
END_TEST

/* ---- symbols ---- */

#define KALLSYMS                                   \
	"ffffffff81000000 T _stext\n"              \
	"ffffffff81000010 t twice\n"               \
	"ffffffff81000020 t twice\n"               \
	"ffffffff81000030 t same\n"                \
	"ffffffff81000030 t same\t[module]\n"      \
	"ffffffffc0000040 T in_module\t[module]\n" \
	"ffffffff81000050 d data.llvm.123\n"       \
	"ffffffff81000060 t text.llvm.123\n"       \
	"0000000000000000 A at_zero\n"

static int symbol_build(const char *name, bool weak, const char *kallsyms)
{
	fake_sys_file("/proc/kallsyms", kallsyms);
	spec_begin("u32;");
	extern_add(name, BPFL_EXTERN_KSYM_TYPELESS, weak, NULL);
	target_begin(NULL, true, NULL, KERNEL_6_12);
	return build();
}

START_TEST(symbols_become_their_addresses)
{
	static const struct {
		const char *name;
		uint64_t addr;
	} rows[] = {
		{ "_stext", 0xffffffff81000000 }, { "in_module", 0xffffffffc0000040 }, { "data", 0xffffffff81000050 },
		{ "same", 0xffffffff81000030 },	  { "at_zero", 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_OK(symbol_build(rows[i].name, false, KALLSYMS), err);
		ck_assert_uint_eq(imm64_at(0), rows[i].addr);
		ck_assert_uint_eq(bpfl_insn_src(insn_at(0)), 0);
		ck_assert_uint_eq(bpfl_insn_dst(insn_at(0)), 1);
		end();
	}
}
END_TEST

START_TEST(symbols_that_are_not_there)
{
	CHECK_FAILS(symbol_build("nothing", false, KALLSYMS), err, BPFL_ERR_UNSUPPORTED, ESRCH,
		    "extern 'nothing': there is no such symbol");
	end();
	CHECK_FAILS(symbol_build("text", false, KALLSYMS), err, BPFL_ERR_UNSUPPORTED, ESRCH, "extern 'text'");
	end();
	CHECK_OK(symbol_build("nothing", true, KALLSYMS), err);
	ck_assert_uint_eq(imm64_at(0), 0);
	end();
	CHECK_OK(symbol_build("nothing", true,
			      "zzz\n\nffffffff81000000\nffffffff81000000 T\n ffffffff81000000 T nothing\n"),
		 err);
	ck_assert_uint_eq(imm64_at(0), 0);
	end();
}
END_TEST

START_TEST(two_addresses_are_ambiguous)
{
	CHECK_FAILS(symbol_build("twice", true, KALLSYMS), err, BPFL_ERR_UNSUPPORTED, EINVAL,
		    "kernel symbol 'twice' is ambiguous");
	CHECK_HAS(err.why, "0xffffffff81000010 and at 0xffffffff81000020");
	end();
}
END_TEST

START_TEST(hidden_addresses_are_an_error_even_when_weak)
{
	CHECK_FAILS(symbol_build("_stext", true, "0000000000000000 T _stext\n0000000000000000 T _etext\n"), err,
		    BPFL_ERR_PERMISSION, EPERM, "the kernel hides the addresses");
	CHECK_HAS(err.why, "kernel.kptr_restrict is");
	ck_assert_int_eq(err.catalogue_id, 12);
	end();
}
END_TEST

START_TEST(a_described_kernel_has_no_addresses)
{
	for (int weak = 0; weak < 2; weak++) {
		fake_sys_file("/proc/kallsyms", KALLSYMS);
		spec_begin("u32;");
		extern_add("_stext", BPFL_EXTERN_KSYM_TYPELESS, weak, NULL);
		target_begin(NULL, false, NULL, KERNEL_6_12);
		if (weak) {
			CHECK_OK(build(), err);
			ck_assert_uint_eq(imm64_at(0), 0);
		} else {
			CHECK_FAILS(build(), err, BPFL_ERR_UNSUPPORTED, ENOENT, "known of the running kernel only");
		}
		end();
	}
}
END_TEST

/* ---- typed variables ---- */

static int var_build(const char *name, bool weak, const char *types, const char *kernel)
{
	char var[64];

	snprintf(var, sizeof(var), "var %s", name);
	spec_begin(types);
	extern_add(name, BPFL_EXTERN_KSYM_VAR, weak, var);
	target_begin(kernel, false, NULL, KERNEL_6_12);
	return build();
}

#define RQ "struct rq { u32 n; }; var struct rq runqueues;"

START_TEST(a_typed_variable_becomes_its_id)
{
	const char *kernel = "struct x { u8 y; }; struct rq { u64 other; }; typedef u32 runqueues; func runqueues() "
			     "void; var struct rq runqueues;";

	CHECK_OK(var_build("runqueues", false, RQ, kernel), err);
	ck_assert_uint_eq(bpfl_insn_src(insn_at(0)), BPFL_PSEUDO_BTF_ID);
	ck_assert_uint_eq(imm64_at(0), btfc_id(target->btf, "var runqueues"));
	ck_assert_uint_eq(image->progs[0].fixups.nr, 0);
	CHECK_HAS(image->progs[0].core_results.items[0].text, "runqueues: kernel BTF id ");
	end();
}
END_TEST

START_TEST(a_variable_of_another_type_is_an_error_even_when_weak)
{
	for (int weak = 0; weak < 2; weak++) {
		CHECK_FAILS(var_build("runqueues", weak, RQ, "var u32 runqueues;"), err, BPFL_ERR_UNSUPPORTED, EINVAL,
			    "extern 'runqueues': declared as 'struct rq', but the kernel has 'u32'");
		end();
	}
}
END_TEST

START_TEST(a_missing_variable)
{
	CHECK_FAILS(var_build("runqueues", false, RQ, "u32;"), err, BPFL_ERR_UNSUPPORTED, ESRCH,
		    "there is no such variable in the BTF in kernel 6.12.0");
	ck_assert_int_eq(err.catalogue_id, 18);
	end();
	CHECK_OK(var_build("runqueues", true, RQ, "u32;"), err);
	ck_assert_uint_eq(imm64_at(0), 0);
	ck_assert_uint_eq(bpfl_insn_src(insn_at(0)), 0);
	ck_assert(!image->progs[0].core_results.items[0].poisoned);
	end();
}
END_TEST

START_TEST(a_kernel_without_btf_has_no_variables)
{
	CHECK_FAILS(var_build("runqueues", false, RQ, NULL), err, BPFL_ERR_UNSUPPORTED, ENOENT, "comes without BTF");
	end();
	CHECK_OK(var_build("runqueues", true, RQ, NULL), err);
	ck_assert_uint_eq(imm64_at(0), 0);
	end();
}
END_TEST

/* ---- kernel functions ---- */

static int call_build(const char *name, bool weak, const char *types, const char *kernel)
{
	char declared[64];

	snprintf(declared, sizeof(declared), "func %s", name);
	spec_begin(types);
	call_add(name, weak, declared);
	target_begin(kernel, false, NULL, KERNEL_6_12);
	return build();
}

START_TEST(a_call_of_a_kernel_function_gets_its_id)
{
	CHECK_OK(call_build("acquire", false, "func acquire(u32, u64 *) u32;",
			    "var u8 acquire; func acquire(s64, u8 *) s32;"),
		 err);
	ck_assert_int_eq(insn_at(0)->code, BPFL_CODE_CALL);
	ck_assert_uint_eq(bpfl_insn_src(insn_at(0)), BPFL_PSEUDO_KFUNC_CALL);
	ck_assert_uint_eq((uint32_t)insn_at(0)->imm, btfc_id(target->btf, "func acquire"));
	ck_assert_int_eq(insn_at(0)->off, 0);
	end();
}
END_TEST

START_TEST(a_flavour_is_not_part_of_a_function_name)
{
	CHECK_OK(call_build("acquire___v2", false, "func acquire___v2(u32) void;",
			    "func acquire___v3(u32) void; func acquire(u32) void;"),
		 err);
	ck_assert_uint_eq((uint32_t)insn_at(0)->imm, btfc_id(target->btf, "func acquire"));
	end();
	CHECK_FAILS(call_build("acquire___v2", false, "func acquire___v2(u32) void;", "func acquire___v2(u32) void;"),
		    err, BPFL_ERR_UNSUPPORTED, ESRCH, "extern 'acquire___v2': there is no such function");
	end();
}
END_TEST

START_TEST(a_weak_function_that_is_missing_is_poison)
{
	spec_begin("func first(u32) void; func gone(u32) void;");
	call_add("first", false, "func first");
	call_add("gone", true, "func gone");
	target_begin("func first(u32) void;", false, NULL, KERNEL_6_12);
	CHECK_OK(build(), err);
	ck_assert_int_eq(insn_at(1)->code, BPFL_CODE_CALL);
	ck_assert_int_eq(insn_at(1)->imm, BPFL_POISON_KFUNC_BASE + 1);
	ck_assert_int_eq(insn_at(1)->regs, 0);
	ck_assert(image->progs[0].core_results.items[1].poisoned);
	ck_assert_uint_eq(image->progs[0].core_results.items[1].core_idx, BPFL_CORE_RESULT_EXTERN);
	end();
}
END_TEST

START_TEST(a_function_of_other_parameters_counts_as_missing)
{
	CHECK_OK(call_build("f", true, "func f(u32) void;", "func f(u32, u32) void;"), err);
	ck_assert_int_eq(insn_at(0)->imm, BPFL_POISON_KFUNC_BASE);
	end();
	CHECK_FAILS(call_build("f", false, "func f(u32) void;", "func f(u32, u32) void;"), err, BPFL_ERR_UNSUPPORTED,
		    ESRCH, "extern 'f': the function has other parameters");
	CHECK_HAS(err.fix, "bpfload btf find f");
	ck_assert_ptr_null(strstr(err.fix, "module"));
	ck_assert_int_eq(err.catalogue_id, 18);
	CHECK_HAS(err.fix, "bpf_ksym_exists(f)");
	end();
}
END_TEST

/* Whoever needs only a pointer does not write down the struct. */
START_TEST(a_declaration_stands_for_the_struct_of_its_name)
{
	static const struct {
		const char *local, *kernel;
		bool same;
	} rows[] = {
		{ "struct sock; func f(struct sock *) void;", "struct sock { u32 a; }; func f(struct sock *) void;", true },
		{ "struct sock { u32 a; }; func f(struct sock *) void;", "struct sock; func f(struct sock *) void;", true },
		{ "struct sock; func f(u32) struct sock *;", "struct sock { u32 a; }; func f(u32) struct sock *;", true },
		{ "struct sock; func f(struct sock *) void;", "struct sock; func f(struct sock *) void;", true },
		{ "struct sock___v1; func f(struct sock___v1 *) void;", "struct sock { u32 a; }; func f(struct sock *) void;", true },
		{ "union sock; func f(union sock *) void;", "union sock { u32 a; }; func f(union sock *) void;", true },
		{ "struct sock; func f(struct sock *) void;", "struct file { u32 a; }; func f(struct file *) void;", false },
		{ "struct sock; func f(struct sock *) void;", "union sock { u32 a; }; func f(union sock *) void;", false },
		{ "union sock; func f(union sock *) void;", "struct sock { u32 a; }; func f(struct sock *) void;", false },
		{ "struct sock; func f(struct sock *) void;", "func f(u32 *) void;", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int ret = call_build("f", false, rows[i].local, rows[i].kernel);

		ck_assert_msg(ret == (rows[i].same ? 0 : -ESRCH), "row %zu: %d %s", i, ret, err.message);
		end();
	}
	CHECK_OK(var_build("v", false, "struct sock; var struct sock * v;",
			   "struct sock { u32 a; }; var struct sock * v;"),
		 err);
	end();
}
END_TEST

START_TEST(the_address_of_a_function_is_its_id_or_zero)
{
	spec_begin("func there(u32) void; func gone(u32) void;");
	extern_add("there", BPFL_EXTERN_KFUNC, true, "func there");
	extern_add("gone", BPFL_EXTERN_KFUNC, true, "func gone");
	target_begin("func there(u32) void;", false, NULL, KERNEL_6_12);
	CHECK_OK(build(), err);
	ck_assert_uint_eq(bpfl_insn_src(insn_at(0)), BPFL_PSEUDO_BTF_ID);
	ck_assert_uint_eq(imm64_at(0), btfc_id(target->btf, "func there"));
	ck_assert_uint_eq(bpfl_insn_src(insn_at(1)), 0);
	ck_assert_uint_eq(imm64_at(1), 0);
	ck_assert(!image->progs[0].core_results.items[1].poisoned);
	end();
}
END_TEST

START_TEST(wrong_instructions_are_errors)
{
	spec_begin("var u32 x;");
	extern_add("x", BPFL_EXTERN_KSYM_TYPELESS, true, NULL);
	spec->funcs.items[func].insts[0].insn = bpfl_insn_make(BPFL_CODE_CALL, 0, 2, 0, 0);
	target_begin(NULL, false, NULL, KERNEL_6_12);
	CHECK_FAILS(build(), err, BPFL_ERR_OBJECT, EINVAL,
		    "program 'main_fn': instruction 0: extern 'x' is called, but it is no function");
	spec->funcs.items[func].insts[0].insn = bpfl_insn_make(0x61, 1, 1, 0, 0);
	CHECK_FAILS(build(), err, BPFL_ERR_OBJECT, EINVAL,
		    "extern 'x' in an instruction with opcode 0x61: expected a call or ld_imm64");
	end();
}
END_TEST

int main(void)
{
	const TTest *values[] = {
		values_take_the_form_of_their_type,
		a_long_string_is_cut_with_a_warning,
		values_that_do_not_fit_are_errors,
		an_option_that_is_not_set_is_missing,
		a_gzipped_configuration_is_unpacked,
	};
	const TTest *sources[] = {
		boot_comes_before_proc,
		a_described_kernel_reads_nothing_of_this_machine,
		a_file_that_the_user_names_must_be_there,
		what_the_named_file_does_not_say_is_as_the_running_kernel_was_built,
		linux_names_come_from_the_kernel_version,
		other_linux_names_are_unknown,
		what_no_selected_program_uses_is_not_asked_for,
	};
	const TTest *symbols[] = {
		symbols_become_their_addresses,
		symbols_that_are_not_there,
		two_addresses_are_ambiguous,
		hidden_addresses_are_an_error_even_when_weak,
		a_described_kernel_has_no_addresses,
	};
	const TTest *typed[] = {
		a_typed_variable_becomes_its_id,
		a_variable_of_another_type_is_an_error_even_when_weak,
		a_missing_variable,
		a_kernel_without_btf_has_no_variables,
		a_call_of_a_kernel_function_gets_its_id,
		a_flavour_is_not_part_of_a_function_name,
		a_weak_function_that_is_missing_is_poison,
		a_function_of_other_parameters_counts_as_missing,
		a_declaration_stands_for_the_struct_of_its_name,
		the_address_of_a_function_is_its_id_or_zero,
		wrong_instructions_are_errors,
	};
	Suite *suite = BPFL_TEST_SUITE("kconfig values", values);

	BPFL_TEST_ADD_CASE(suite, "kconfig sources", sources);
	BPFL_TEST_ADD_CASE(suite, "symbols", symbols);
	BPFL_TEST_ADD_CASE(suite, "typed", typed);
	return bpfl_test_main(suite);
}
