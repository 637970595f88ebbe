/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/symbolize.c: addresses to names: what the public functions ask in turn. See symbolize.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "elf/user.h"
#include "event/symbolize.h"

#define CACHE_BYTES_DEFAULT (256ull << 20)

int bpfl_symbolizer_create(const struct bpfl_symbolizer_opts *opts, struct bpfl_symbolizer **ret_symbolizer,
			   struct bpfl_error *err)
{
	struct bpfl_symbolizer *symbolizer = calloc(1, sizeof(*symbolizer));

	if (!symbolizer)
		return bpfl_error_nomem(err);
	if (opts)
		symbolizer->log = opts->log;
	symbolizer->cache_bytes = opts && opts->cache_bytes ? opts->cache_bytes : CACHE_BYTES_DEFAULT;
	*ret_symbolizer = symbolizer;
	return 0;
}

void bpfl_symbolizer_destroy(struct bpfl_symbolizer *symbolizer)
{
	if (!symbolizer)
		return;
	for (size_t i = 0; i < symbolizer->processes.nr; i++)
		bpfl_sym_process_destroy(symbolizer->processes.items[i]);
	for (size_t i = 0; i < symbolizer->files.nr; i++)
		bpfl_sym_file_destroy(symbolizer->files.items[i]);
	bpfl_sym_file_destroy(symbolizer->vdso);
	bpfl_sym_table_deinit(&symbolizer->kernel);
	free(symbolizer->processes.items);
	free(symbolizer->files.items);
	free(symbolizer);
}

/* Fills a frame from a table whose addresses are those of the caller. 1, or 0. */
static int find_in(const struct bpfl_sym_table *table, uint64_t addr, unsigned flags, struct bpfl_frame *frame)
{
	const struct bpfl_sym *sym = bpfl_sym_table_find(table, addr - (flags & BPFL_FRAME_RETURN ? 1 : 0));

	if (!sym)
		return 0;
	frame->symbol = table->names.data + sym->name_off;
	frame->byte_off = addr - sym->start;
	if (sym->module_off)
		frame->module = table->names.data + sym->module_off;
	return 1;
}

int bpfl_symbolizer_kernel(struct bpfl_symbolizer *symbolizer, uint64_t addr, unsigned flags,
			   struct bpfl_frame *ret_frame)
{
	int ret = bpfl_sym_kernel_read(symbolizer);

	if (ret < 0)
		return ret;
	*ret_frame = (struct bpfl_frame){ .addr = addr, .byte_off = addr, .is_kernel = true };
	return find_in(&symbolizer->kernel, addr, flags, ret_frame);
}

int bpfl_symbolizer_user(struct bpfl_symbolizer *symbolizer, int pid, uint64_t addr, unsigned flags,
			 struct bpfl_frame *ret_frame)
{
	struct bpfl_sym_process *process = bpfl_sym_process_get(symbolizer, pid);
	const struct bpfl_sym_range *range = process ? bpfl_sym_process_find(symbolizer, process, addr) : NULL;
	int ret = 0;

	*ret_frame = (struct bpfl_frame){ .addr = addr, .byte_off = addr };
	if (process && process->has_exited && process->now.list.nr == 0)
		ret_frame->module = "[exited]";
	if (range && range->file)
		ret = bpfl_sym_file_find(symbolizer, range->file, addr - range->start + range->file_off, flags,
					 ret_frame);
	if (ret != 0 || !process)
		return ret;
	ret = find_in(&process->jit, addr, flags, ret_frame);
	if (ret == 0)
		ret = bpfl_sym_process_jit(process);
	if (ret == 1)
		ret = find_in(&process->jit, addr, flags, ret_frame);
	if (ret == 1)
		ret_frame->module = "[jit]";
	return ret;
}

int bpfl_symbolizer_note(struct bpfl_symbolizer *symbolizer, int pid)
{
	struct bpfl_sym_process *process = bpfl_sym_process_get(symbolizer, pid);

	if (!process)
		return -ESRCH;
	if (process->has_exited)
		return -ESRCH;
	if (process->nr_notes++ < process->next_note)
		return 0;
	process->next_note *= process->next_note < UINT32_MAX / 2 ? 2 : 1;
	return bpfl_sym_process_read(symbolizer, process);
}

const char *bpfl_symbolizer_comm(struct bpfl_symbolizer *symbolizer, int pid)
{
	struct bpfl_sym_process *process = bpfl_sym_process_get(symbolizer, pid);

	return process && process->comm[0] ? process->comm : NULL;
}

/* ---- build ids ---- */

static struct bpfl_sym_file *file_by_build_id(struct bpfl_symbolizer *symbolizer, const void *build_id, size_t size)
{
	for (size_t i = 0; i < symbolizer->files.nr; i++) {
		struct bpfl_sym_file *file = symbolizer->files.items[i];

		/* The kernel gives 20 bytes, with zeroes behind a shorter number. */
		if (file->build_id_size > 0 && file->build_id_size <= size &&
		    memcmp(file->build_id, build_id, file->build_id_size) == 0)
			return file;
	}
	return NULL;
}

/* The debug file has the symbols, and the segments with the addresses and offsets of the file that it was made from. */
static struct bpfl_sym_file *file_from_debug_dir(struct bpfl_symbolizer *symbolizer, const void *build_id, size_t size)
{
	struct bpfl_user_elf *elf = bpfl_user_open_build_id(build_id, size);
	struct bpfl_sym_file *file = elf ? bpfl_sym_file_get(symbolizer, elf->path, 0, 0, 0) : NULL;

	if (!file || file->elf) {
		bpfl_user_close(elf);
		return NULL;
	}
	file->elf = elf;
	file->is_debug = true;
	symbolizer->nr_open++;
	file->build_id_size = bpfl_user_build_id(elf, file->build_id);
	return file;
}

int bpfl_symbolizer_build_id(struct bpfl_symbolizer *symbolizer, const void *build_id, size_t build_id_size,
			     uint64_t file_off, unsigned flags, struct bpfl_frame *ret_frame)
{
	struct bpfl_sym_file *file = file_by_build_id(symbolizer, build_id, build_id_size);

	*ret_frame = (struct bpfl_frame){ .addr = file_off, .byte_off = file_off };
	if (!file && !symbolizer->has_all) {
		symbolizer->has_all = true;
		bpfl_sym_process_note_all(symbolizer);
		file = file_by_build_id(symbolizer, build_id, build_id_size);
	}
	if (!file)
		file = file_from_debug_dir(symbolizer, build_id, build_id_size);
	if (file)
		return bpfl_sym_file_find(symbolizer, file, file_off, flags, ret_frame);
	for (size_t i = 0; i < build_id_size && i < BPFL_SYM_BUILD_ID_MAX; i++)
		snprintf(symbolizer->text + 2 * i, 3, "%02x", ((const uint8_t *)build_id)[i]);
	ret_frame->module = symbolizer->text;
	return 0;
}
