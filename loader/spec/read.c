/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading: bytes in, a spec out. This file is the table of contents of the room.
 *
 * The ELF tables come checked from loader/elf. Here they get a meaning, pass by pass, in an order in which each
 * pass finds what it needs: code and maps exist before relocations connect them, and annotations come last
 * because they only decorate instructions. A pass appends to the spec and never looks ahead; the spec is handed
 * out when all have succeeded.
 */
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "spec/reader.h"
#include "sys/file.h"

static int (*const passes[])(struct bpfl_reader *reader) = {
	bpfl_read_sections,    /* what is each section for? license, version */
	bpfl_read_btf,	       /* types, and records about instructions */
	bpfl_read_funcs,       /* code: functions of any executable section */
	bpfl_read_progs,       /* those the kernel can be asked to run */
	bpfl_read_map_defs,    /* maps declared with BTF */
	bpfl_read_legacy_maps, /* maps declared with a struct */
	bpfl_read_data,	       /* maps that hold global variables */
	bpfl_read_vars,	       /* the variables */
	bpfl_read_externs,     /* what the kernel has to supply */
	bpfl_read_relocs,      /* instruction -> map, variable, function, extern */
	bpfl_read_local_calls, /* instruction -> function, where the compiler left no relocation */
	bpfl_read_annotations, /* instruction -> source line, CO-RE record */
	bpfl_read_slots,       /* map -> maps or programs it starts with */
	bpfl_read_ops_members, /* struct_ops variable -> programs */
	bpfl_read_pointers,    /* variables that hold addresses */
	bpfl_read_aliases,     /* functions with two names */
	bpfl_read_markers,     /* what the object says about itself, for those who show it */
};

static void reader_deinit(struct bpfl_reader *reader)
{
	bpfl_btf_ext_destroy(reader->ext);
	free(reader->sections);
	free(reader->symbol_extern);
	free(reader->func_prog);
	free(reader->map_places.items);
	bpfl_hash_deinit(&reader->datasec_ids);
	bpfl_hash_deinit(&reader->var_ids);
	bpfl_hash_deinit(&reader->legacy_ids);
	free(reader->symbol_jumps);
}

/* "dir/hello.bpf.o" -> "hello" */
static char *object_name(const char *file_name)
{
	const char *slash = strrchr(file_name, '/');
	const char *base = slash != NULL ? slash + 1 : file_name;
	size_t len = strcspn(base, ".");

	return len == 0 ? bpfl_strdup("object") : bpfl_strndup(base, len);
}

static struct bpfl_spec *spec_alloc(const char *file_name, const char *name)
{
	struct bpfl_spec *spec = calloc(1, sizeof(*spec));

	if (spec == NULL)
		return NULL;
	spec->file_name = bpfl_strdup(file_name);
	spec->name = name != NULL ? bpfl_strdup(name) : object_name(file_name);
	spec->license = bpfl_strdup("");
	if (spec->file_name == NULL || spec->name == NULL || spec->license == NULL) {
		bpfl_spec_destroy(spec);
		return NULL;
	}
	return spec;
}

int bpfl_spec_create(const char *name, const char *license, struct bpfl_spec **ret_spec, struct bpfl_error *err)
{
	struct bpfl_spec *spec = spec_alloc(name, name);
	char *copy = bpfl_strdup(license);

	if (spec == NULL || copy == NULL) {
		free(copy);
		bpfl_spec_destroy(spec);
		return bpfl_error_nomem(err);
	}
	free(spec->license);
	spec->license = copy;
	spec->has_license = true;
	*ret_spec = spec;
	return 0;
}

static int run_passes(const struct bpfl_elf *elf, struct bpfl_buf *file, struct bpfl_spec *spec, struct bpfl_error *err)
{
	struct bpfl_reader reader = { .elf = elf, .file = file, .spec = spec, .err = err };
	int ret = 0;

	spec->big_endian = elf->big_endian;
	spec->foreign = elf->swap;
	for (size_t i = 0; i < sizeof(passes) / sizeof(passes[0]) && ret == 0; i++)
		ret = passes[i](&reader);
	reader_deinit(&reader);
	return ret;
}

/* elf: its name is the file's. file: the bytes of it, which may become the spec's, or NULL. */
static int read_elf(const struct bpfl_elf *elf, struct bpfl_buf *file, const struct bpfl_spec_opts *opts,
		    struct bpfl_spec **ret_spec, struct bpfl_error *err)
{
	struct bpfl_spec *spec = spec_alloc(elf->name, opts != NULL ? opts->name : NULL);

	if (spec == NULL)
		return bpfl_error_nomem(err);
	int ret = run_passes(elf, file, spec, err);
	if (ret < 0) {
		bpfl_error_prefix(err, "%s", BPFL_ESC(elf->name));
		bpfl_spec_destroy(spec);
		return ret;
	}
	for (size_t i = 0; opts != NULL && i < spec->notes.nr; i++)
		bpfl_log_line(&opts->log, spec->notes.items[i].level, "%s", spec->notes.items[i].text);
	*ret_spec = spec;
	return 0;
}

int bpfl_spec_read_memory(const void *bytes, size_t size, const struct bpfl_spec_opts *opts,
			  struct bpfl_spec **ret_spec, struct bpfl_error *err)
{
	const char *name = opts != NULL && opts->name != NULL ? opts->name : "object";
	struct bpfl_elf *elf = NULL;
	int ret = bpfl_elf_read(bytes, size, name, &elf, err);

	if (ret == 0)
		ret = read_elf(elf, NULL, opts, ret_spec, err);
	bpfl_elf_destroy(elf);
	return ret;
}

int bpfl_spec_read(const char *path, const struct bpfl_spec_opts *opts, struct bpfl_spec **ret_spec,
		   struct bpfl_error *err)
{
	struct bpfl_buf file = BPFL_BUF_INIT;
	const char *slash = strrchr(path, '/');
	struct bpfl_elf *elf = NULL;
	int ret = bpfl_file_read(path, BPFL_FILE_SIZE_MAX, &file, err);

	if (ret == 0)
		ret = bpfl_elf_borrow(file.data, file.size, slash != NULL ? slash + 1 : path, &elf, err);
	if (ret == 0)
		ret = read_elf(elf, &file, opts, ret_spec, err);
	bpfl_elf_destroy(elf);
	bpfl_buf_deinit(&file);
	return ret;
}
