/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz: every door through which bytes from outside come in, as a function of bytes.
 *
 * A door must survive any bytes: no crash, no access outside, no leak, and time that grows with the input and not
 * with its square. What it answers is not looked at; that is for the unit tests. The same table serves two programs:
 * libfuzzer.c looks for new inputs (make fuzz), replay.c runs the known ones of tests/fuzz/corpus/DOOR/ and changes
 * them a little (make check, with sanitizers in make asan). An input that once broke something becomes a file
 * there, named after the fault.
 */
#ifndef BPFL_TESTS_DOORS_H
#define BPFL_TESTS_DOORS_H

#include <stddef.h>
#include <stdint.h>

struct fuzz_door {
	const char *name; /* of the directory with its inputs */
	void (*enter)(const uint8_t *bytes, size_t size);
};

extern const struct fuzz_door fuzz_doors[];
extern const size_t fuzz_nr_doors;

const struct fuzz_door *fuzz_door_find(const char *name);
/* Enters, from a fake kernel that knows nothing yet; aborts when a descriptor was left open. */
void fuzz_enter(const struct fuzz_door *door, const uint8_t *bytes, size_t size);

/* The input as a row of texts with NULs between them: the next one, "" when there are no more. */
struct fuzz_words { char *copy, *at, *end; };
struct fuzz_words fuzz_words_of(const uint8_t *bytes, size_t size); /* a copy */
const char *fuzz_word(struct fuzz_words *words);
void fuzz_words_free(struct fuzz_words *words);

/* btfc_read(), which must not run out of memory. */
struct bpfl_btf *fuzz_types(const char *text);

/* door_object.c */
void fuzz_object(const uint8_t *bytes, size_t size);
/* door_btf.c */
void fuzz_btf(const uint8_t *bytes, size_t size);
void fuzz_kernel_btf(const uint8_t *bytes, size_t size);
void fuzz_distilled(const uint8_t *bytes, size_t size);
/* door_user.c */
void fuzz_user(const uint8_t *bytes, size_t size);
void fuzz_lzma(const uint8_t *bytes, size_t size);
void fuzz_xz(const uint8_t *bytes, size_t size);
void fuzz_ldcache(const uint8_t *bytes, size_t size);
void fuzz_usdt_args(const uint8_t *bytes, size_t size);
/* door_system.c */
void fuzz_kallsyms(const uint8_t *bytes, size_t size);
void fuzz_maps(const uint8_t *bytes, size_t size);
void fuzz_kconfig(const uint8_t *bytes, size_t size);
void fuzz_netlink(const uint8_t *bytes, size_t size);
void fuzz_jit(const uint8_t *bytes, size_t size);
void fuzz_vlog(const uint8_t *bytes, size_t size);
void fuzz_trace(const uint8_t *bytes, size_t size);
/* door_event.c */
void fuzz_ring(const uint8_t *bytes, size_t size);
void fuzz_perf(const uint8_t *bytes, size_t size);
void fuzz_decode(const uint8_t *bytes, size_t size);
void fuzz_rows(const uint8_t *bytes, size_t size);
void fuzz_map_words(const uint8_t *bytes, size_t size);
/* door_words.c */
void fuzz_attach(const uint8_t *bytes, size_t size);
void fuzz_cdecl(const uint8_t *bytes, size_t size);
void fuzz_value(const uint8_t *bytes, size_t size);

#endif
