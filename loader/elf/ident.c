/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elf/ident: what is this file?
 *
 * Sooner or later every wrong file is given to a loader: an empty one, the source, bitcode, the program for the
 * host. Each gets told apart here by its first bytes, with a sentence of its own and the step that leads to the
 * right file.
 */
#include "elf/elf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/cursor.h"
#include "base/text.h"

#define EHDR_SIZE 64u
#define EI_NIDENT_SIZE 16u
enum { CLASS_32 = 1, CLASS_64 = 2, DATA_LITTLE = 1, DATA_BIG = 2 };
enum { TYPE_REL = 1, TYPE_EXEC = 2, TYPE_DYN = 3, TYPE_CORE = 4 };
enum { MACHINE_NONE = 0, MACHINE_BPF = 247 };

#define FIX_COMPILE "compile it with: clang -target bpf -O2 -g -c x.bpf.c -o x.bpf.o"

/* Files that are something else, by their first bytes. */
static const struct {
	const char *magic;
	unsigned magic_size;
	const char *what;
	const char *fix;
} other_files[] = {
	{ "BC\xc0\xde", 4, "LLVM bitcode, not an object",
	  "leave -emit-llvm and -flto away, or run: llc -march=bpf -filetype=obj" },
	{ "\xde\xc0\x17\x0b", 4, "LLVM bitcode in a wrapper, not an object",
	  "leave -emit-llvm and -flto away, or run: llc -march=bpf -filetype=obj" },
	{ "!<arch>\n", 8, "an archive (.a), not an object", "take one object out of it: ar x" },
	{ "!<thin>\n", 8, "a thin archive (.a), not an object", "load one of the objects that it names" },
	{ "\x1f\x8b", 2, "gzip-compressed", "unpack it: gunzip" },
	{ "\xfd" "7zXZ", 5, "xz-compressed", "unpack it: unxz" },
	{ "\x28\xb5\x2f\xfd", 4, "zstd-compressed", "unpack it: unzstd" },
	{ "\x9f\xeb\x01", 3, "bare BTF, not an object", "for the types of a kernel there is --btf; " FIX_COMPILE },
	{ "\xeb\x9f\x01", 3, "bare BTF, not an object", "for the types of a kernel there is --btf; " FIX_COMPILE },
};

static const struct {
	uint16_t machine;
	const char *name;
} machines[] = {
	{ 3, "i386" },	   { 4, "m68k" },	{ 8, "MIPS" },	   { 15, "PA-RISC" },  { 20, "PowerPC" },
	{ 21, "PowerPC64" }, { 22, "s390" },	{ 40, "ARM" },	   { 42, "SuperH" },   { 43, "SPARC64" },
	{ 50, "IA-64" },   { 62, "x86-64" },	{ 94, "Xtensa" },  { 183, "aarch64" }, { 190, "CUDA" },
	{ 224, "AMDGPU" }, { 243, "RISC-V" },	{ 252, "C-SKY" },  { 258, "LoongArch" },
};

static int wrong_file(struct bpfl_error *err, const char *fix, const char *fmt, ...) BPFL_PRINTF(3, 4);

static int wrong_file(struct bpfl_error *err, const char *fix, const char *fmt, ...)
{
	char text[256];
	va_list args;
	int ret;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	ret = bpfl_error_set(err, BPFL_ERR_OBJECT, ENOEXEC, "%s", text);
	bpfl_error_catalogue(err, 28);
	bpfl_error_fix(err, "%s", fix);
	return ret;
}

/* Whether the beginning reads like a text that somebody wrote. */
static bool looks_like_text(const uint8_t *bytes, size_t size)
{
	if (size > 512)
		size = 512;
	for (size_t i = 0; i < size; i++) {
		if ((bytes[i] < 0x20 && !strchr("\t\n\r", bytes[i])) || bytes[i] == 0 || bytes[i] >= 0x7f)
			return false;
	}
	return true;
}

/* Names a file that does not begin like ELF. */
static int name_other(const uint8_t *bytes, size_t size, struct bpfl_error *err)
{
	if (size == 0)
		return wrong_file(err, "compile it again; the compiler or a copy may have failed half way",
				  "the file is empty");
	for (size_t i = 0; i < sizeof(other_files) / sizeof(other_files[0]); i++) {
		if (size >= other_files[i].magic_size &&
		    memcmp(bytes, other_files[i].magic, other_files[i].magic_size) == 0)
			return wrong_file(err, other_files[i].fix, "%s", other_files[i].what);
	}
	if (looks_like_text(bytes, size))
		return wrong_file(err, FIX_COMPILE, "not an ELF object: it is text, '%s'",
				  bpfl_text_escape((char[32]){ 0 }, 32, (const char *)bytes, size));
	if (size < 4)
		return wrong_file(err, FIX_COMPILE, "not an ELF object: it has only %zu byte%s", size,
				  size == 1 ? "" : "s");
	return wrong_file(err, FIX_COMPILE, "not an ELF object: it begins with %02x %02x %02x %02x", bytes[0],
			  bytes[1], bytes[2], bytes[3]);
}

static int not_elf(const uint8_t *bytes, size_t size, struct bpfl_error *err)
{
	int ret = name_other(bytes, size, err);
	char first[16] = "";

	for (size_t i = 0; i < size && i < 4; i++)
		snprintf(first + 3 * i, sizeof(first) - 3 * i, " %02x", bytes[i]);
	bpfl_error_why(err, "ELF begins with 7f 45 4c 46; this file has %zu bytes%s%s", size,
		       size ? " and begins with" : "", first);
	return ret;
}

/* "x86-64", or "machine 1234" written to scratch. */
static const char *machine_name(uint16_t machine, char *scratch, size_t scratch_size)
{
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
		if (machines[i].machine == machine)
			return machines[i].name;
	}
	snprintf(scratch, scratch_size, "machine %u", machine);
	return scratch;
}

/* The header is an ELF header; type and machine are in its byte order. */
static int check_type(uint16_t type, uint16_t machine, unsigned elf_class, struct bpfl_error *err)
{
	bool is_bpf = machine == MACHINE_BPF || machine == MACHINE_NONE;
	char scratch[32];
	const char *name = is_bpf ? "BPF" : machine_name(machine, scratch, sizeof(scratch));

	switch (type) {
	case TYPE_REL:
		break;
	case TYPE_EXEC:
		return wrong_file(err, "give the .o file that clang -target bpf -c writes, before any linking",
				  "a linked executable for %s, not a BPF object", name);
	case TYPE_DYN:
		return wrong_file(err, "give the .o file that clang -target bpf -c writes, before any linking",
				  "a linked executable or shared object for %s, not a BPF object", name);
	case TYPE_CORE:
		return wrong_file(err, FIX_COMPILE, "a core dump of a program for %s, not a BPF object", name);
	default:
		return wrong_file(err, FIX_COMPILE, "ELF type %u is unknown, expected a relocatable object (1)",
				  type);
	}
	if (!is_bpf)
		return wrong_file(err, "add -target bpf to clang's options; gcc needs to be bpf-gcc",
				  "compiled for %s, not for BPF", name);
	if (elf_class != CLASS_64)
		return wrong_file(err, FIX_COMPILE, "a 32-bit ELF object, BPF objects are 64-bit");
	return 0;
}

/* The first bytes of the header, which say how to read the rest. */
static int check_ident(const uint8_t *bytes, size_t size, struct bpfl_error *err)
{
	if (size < EHDR_SIZE)
		return wrong_file(err, "compile or copy it again", "cut off inside the ELF header: %zu bytes of %u",
				  size, EHDR_SIZE);
	if (bytes[4] != CLASS_32 && bytes[4] != CLASS_64)
		return wrong_file(err, FIX_COMPILE, "ELF class %u is neither 32-bit (1) nor 64-bit (2)", bytes[4]);
	if (bytes[5] != DATA_LITTLE && bytes[5] != DATA_BIG)
		return wrong_file(err, FIX_COMPILE, "ELF byte order %u is neither little (1) nor big (2)", bytes[5]);
	if (bytes[6] != 1)
		return wrong_file(err, FIX_COMPILE, "ELF version %u is unknown, expected 1", bytes[6]);
	return 0;
}

int bpfl_elf_identify(const void *bytes_in, size_t size, struct bpfl_error *err)
{
	const uint8_t *bytes = bytes_in;
	bool native_is_big = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
	struct bpfl_cursor cursor;
	uint16_t type = 0, machine = 0;
	int ret;

	if (size < 4 || memcmp(bytes, "\x7f" "ELF", 4) != 0)
		return not_elf(bytes, size, err);
	ret = check_ident(bytes, size, err);
	if (ret < 0) {
		bpfl_error_why(err, "it begins like ELF, but its header is cut off or damaged");
		return ret;
	}
	/* type and machine stand at the same place in both classes */
	cursor = bpfl_cursor_make(bytes, size, (bytes[5] == DATA_BIG) != native_is_big);
	bpfl_cursor_seek(&cursor, EI_NIDENT_SIZE);
	bpfl_cursor_u16(&cursor, &type);
	bpfl_cursor_u16(&cursor, &machine);
	ret = check_type(type, machine, bytes[4], err);
	if (ret < 0)
		bpfl_error_why(err, "its ELF header says class %u, type %u, machine %u; a BPF object has %u, %u, %u",
			       bytes[4], type, machine, CLASS_64, TYPE_REL, MACHINE_BPF);
	return ret;
}
