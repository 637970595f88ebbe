/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What BPF programs, maps, links and types are in the kernel, where they are pinned, and which processes hold them.
 *
 * A listing is a picture of one moment: things come and go while it is taken. Needs CAP_SYS_ADMIN (the kernel
 * lets nobody else walk its ids).
 */
#ifndef BPFLOAD_INSPECT_H
#define BPFLOAD_INSPECT_H

#include "error.h"

#ifdef __cplusplus
extern "C" {
#endif

enum bpfl_live_kind { BPFL_LIVE_PROG, BPFL_LIVE_MAP, BPFL_LIVE_LINK, BPFL_LIVE_BTF, BPFL_NR_LIVE_KINDS };

struct bpfl_holder {
	int pid;
	const char *comm; /* name of the process */
};

/* One thing. Text and arrays are borrowed from the listing. */
struct bpfl_live_view {
	enum bpfl_live_kind kind;
	uint32_t id;
	/* as the kernel keeps it: 15 characters; "" none. BTF: "vmlinux" or a module; "" of an object */
	const char *name;
	const char *type; /* "xdp", "ringbuf", "perf_event"; "prog type 77" when unknown; BTF: "kernel" or "object" */
	const char *detail; /* links: what they hold on to: "lo", "sys_enter_execve"; "" unknown */
	uint8_t tag[8];	  /* programs: hash of the instructions */
	uint32_t prog_id; /* links: 0 none */
	uint32_t btf_id;  /* programs and maps: 0 none */
	uint32_t key_size, value_size, max_entries, flags; /* maps */
	uint64_t size_bytes; /* programs: translated instructions; BTF: its bytes */
	size_t nr_map_ids; /* programs: the maps they use; struct_ops links: theirs */
	const uint32_t *map_ids;
	size_t nr_pins;
	const char *const *pins; /* paths */
	size_t nr_holders;
	const struct bpfl_holder *holders;
	const char *metadata; /* programs: the variables bpf_metadata_KEY, "purpose=\"count\" version=3"; "" none */
	/*
	 * what it belongs to: the directory of `bpfload load --pin`, or "pid N: FILE" of a running bpfload;
	 * "" neither is known
	 */
	const char *object;
};

struct bpfl_listing;

#define BPFL_LIVE_BIT(kind) (1u << (kind))
#define BPFL_LIVE_ALL (BPFL_LIVE_BIT(BPFL_NR_LIVE_KINDS) - 1)

/*
 * Takes a listing.
 * @kinds: BPFL_LIVE_BIT() of each kind that is wanted.
 * Return: 0, or -errno: PERMISSION. Kernels before 4.13 have no ids: UNSUPPORTED; before 5.8 links have none
 *         and are not listed.
 */
BPFL_API int bpfl_listing_read(unsigned kinds, struct bpfl_listing **ret_listing, struct bpfl_error *err);
/* NULL is fine. */
BPFL_API void bpfl_listing_destroy(struct bpfl_listing *listing);
/* Return: how many things it has. */
BPFL_API size_t bpfl_listing_nr(const struct bpfl_listing *listing);
/*
 * One thing, in the order of kinds and ids.
 * @ret_view: its text is owned by the listing.
 * Return: 0; -ERANGE when idx is too large.
 */
BPFL_API int bpfl_listing_view(const struct bpfl_listing *listing, size_t idx, struct bpfl_live_view *ret_view);
/*
 * A line each, or a JSON object each.
 * @ret_text: malloc'ed; free() it.
 * Return: 0 or -ENOMEM.
 */
BPFL_API int bpfl_listing_text(const struct bpfl_listing *listing, enum bpfl_format format, char **ret_text,
			       struct bpfl_error *err);

#ifdef __cplusplus
}
#endif

#endif
