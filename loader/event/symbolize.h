/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/symbolize: addresses to names. What its files share.
 *
 *     symbolize.c          the public functions
 *     symbolize_table.c    sorted names of one file, of the kernel, of a just-in-time compiler
 *     symbolize_kernel.c   /proc/kallsyms
 *     symbolize_file.c     executables and libraries, once each, within a limit of memory
 *     symbolize_process.c  which file is where in a process
 */
#ifndef BPFL_EVENT_SYMBOLIZE_H
#define BPFL_EVENT_SYMBOLIZE_H

#include "base/buf.h"
#include "base/error.h"
#include "bpfload/stack.h"

struct bpfl_user_elf;

/* ---- symbolize_table.c ---- */

struct bpfl_sym {
	uint64_t start;
	uint32_t size;	   /* bytes; 0: up to the next one */
	uint32_t name_off; /* in names */
	uint32_t module_off; /* 0: none */
	uint32_t rank;	   /* of several at one place the smallest is shown */
};

struct bpfl_sym_table {
	BPFL_VEC(struct bpfl_sym) syms;
	struct bpfl_buf names; /* begins with a NUL */
};

/* 0 or -ENOMEM. module: NULL or a name. */
int bpfl_sym_table_add(struct bpfl_sym_table *table, uint64_t start, uint64_t size, const char *name, size_t name_len,
		       const char *module, uint32_t rank);
/* After the last one. */
void bpfl_sym_table_sort(struct bpfl_sym_table *table);
/* The one that holds the address, or NULL. */
const struct bpfl_sym *bpfl_sym_table_find(const struct bpfl_sym_table *table, uint64_t addr);
/*
 * Lines "START SIZE NAME" in hexadecimal, as just-in-time compilers write them; others are passed over. 0
 * or -ENOMEM.
 */
int bpfl_sym_table_read_jit(struct bpfl_sym_table *table, const char *text, size_t size);
size_t bpfl_sym_table_bytes(const struct bpfl_sym_table *table);
void bpfl_sym_table_deinit(struct bpfl_sym_table *table);

/* ---- symbolize_file.c ---- */

#define BPFL_SYM_BUILD_ID_MAX 64

struct bpfl_sym_file {
	char *path; /* as in the mappings, "/usr/lib/libc.so.6", "/x (deleted)" */
	uint64_t inode;
	uint32_t major, minor; /* of the device */
	struct bpfl_user_elf *elf; /* open, or NULL */
	bool is_hopeless;	   /* no ELF file, or it cannot be opened any more */
	bool has_table;
	bool is_debug; /* from /usr/lib/debug, not mapped by anybody */
	struct bpfl_sym_table table; /* by address in the file */
	uint64_t used;		     /* by the symbolizer's clock: when last */
	uint8_t build_id[BPFL_SYM_BUILD_ID_MAX];
	size_t build_id_size; /* 0: none, or not open */
};

/* Opens it as that process sees it. range: "start-end" of its mapping, for deleted files. */
void bpfl_sym_file_open(struct bpfl_symbolizer *symbolizer, struct bpfl_sym_file *file, int pid, const char *range);
/* The name for an offset in the file; NULL. -ENOMEM: out of memory. ret_file_off: from the start of the symbol. */
int bpfl_sym_file_find(struct bpfl_symbolizer *symbolizer, struct bpfl_sym_file *file, uint64_t file_off,
		       unsigned flags, struct bpfl_frame *ret_frame);
/* New, or the one that is there. NULL without memory, or when there are too many. */
struct bpfl_sym_file *bpfl_sym_file_get(struct bpfl_symbolizer *symbolizer, const char *path, uint32_t major,
					uint32_t minor, uint64_t inode);
void bpfl_sym_file_destroy(struct bpfl_sym_file *file);
/* The vDSO of this process, which is that of all others of the same word size. */
struct bpfl_sym_file *bpfl_sym_file_vdso(struct bpfl_symbolizer *symbolizer);

/* ---- symbolize_process.c ---- */

struct bpfl_sym_range {
	uint64_t start, end, file_off;
	struct bpfl_sym_file *file; /* of the symbolizer; NULL: memory without a file */
};

struct bpfl_sym_ranges {
	BPFL_VEC(struct bpfl_sym_range) list; /* sorted; only what can be run */
};

struct bpfl_sym_process {
	int pid;
	char comm[32];
	struct bpfl_sym_ranges now, before; /* before: what it was before the last reading */
	bool has_exited;
	int64_t read_ns; /* CLOCK_MONOTONIC */
	int64_t wait_ns; /* it is not read again before so long after that */
	uint32_t nr_notes, next_note; /* read again with that note */
	int64_t jit_ns;	 /* CLOCK_MONOTONIC: when jit was sought last; 0: never */
	struct bpfl_sym_table jit;
};

/* NULL: no memory, or too many. Reads it when it is new. */
struct bpfl_sym_process *bpfl_sym_process_get(struct bpfl_symbolizer *symbolizer, int pid);
/* Reads its mappings (again). 0; -ESRCH; -ENOMEM. */
int bpfl_sym_process_read(struct bpfl_symbolizer *symbolizer, struct bpfl_sym_process *process);
const struct bpfl_sym_range *bpfl_sym_process_find(struct bpfl_symbolizer *symbolizer, struct bpfl_sym_process *process,
						   uint64_t addr);
/* Its just-in-time compiler's names, again if that is some time ago. 1: there is something to look into; 0; -ENOMEM. */
int bpfl_sym_process_jit(struct bpfl_sym_process *process);
void bpfl_sym_process_destroy(struct bpfl_sym_process *process);
/* Where the vDSO of this process is in its memory. */
bool bpfl_sym_own_vdso(const void **ret_image, size_t *ret_size);
/* Notes every process that runs: for files that are sought by build id. */
void bpfl_sym_process_note_all(struct bpfl_symbolizer *symbolizer);

/* ---- symbolize_kernel.c ---- */

/* Fills the table once. 0 or -ENOMEM; an empty table when the kernel does not say, after a word to the log. */
int bpfl_sym_kernel_read(struct bpfl_symbolizer *symbolizer);

/* ---- symbolize.c ---- */

struct bpfl_symbolizer {
	struct bpfl_log log;
	uint64_t cache_bytes, cache_used, clock;
	bool has_kernel, has_all; /* read; all processes were noted */
	struct bpfl_sym_table kernel;
	BPFL_VEC(struct bpfl_sym_file *) files;
	unsigned nr_open; /* files that hold a descriptor */
	BPFL_VEC(struct bpfl_sym_process *) processes; /* sorted by pid */
	struct bpfl_sym_file *vdso;
	char text[4200]; /* what frames of it borrow */
};

#endif
