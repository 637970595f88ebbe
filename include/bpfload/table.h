/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables: the elements of a map, or what iterators write, as rows that are filtered, sorted and shown with a heading.
 */
#ifndef BPFLOAD_TABLE_H
#define BPFLOAD_TABLE_H

#include "spec.h"

#ifdef __cplusplus
extern "C" {
#endif

struct bpfl_stacks;

struct bpfl_view_opts {
	size_t size; /* sizeof(struct bpfl_view_opts) */
	enum bpfl_format format;
	unsigned width; /* columns of the screen: lines are cut there; 0: 80 for bars, and nothing is cut */
	unsigned max_rows; /* of a table; 0: 20, or for a table that an object describes: all */
	bool sum; /* table: a row for an element, not for each CPU of it. Histograms always are sums. */
	/*
	 * hist: words with ':' between them: "log2" (the default: slot i counts 2^i .. 2^(i+1)-1, slot 0 also
	 * 0), "linear" or "linear=STEP" (slot i counts from i*STEP), "unit=WORD" for the heading, or the member
	 * with the slots. top: the member to sort by, largest first. NULL: as
	 * the types suggest.
	 */
	const char *words;
	/* Of tables; borrowed lists as of struct bpfl_decoder_opts. */
	const char *const *columns; /* members in this order; or all "-a", "+b" */
	size_t nr_columns;
	const char *const *forms; /* "saddr=ipv4", "auto" */
	size_t nr_forms;
	bool is_only; /* no other table could be meant by a form: one of a member that is not here is an error */
	const char *filter; /* NULL: all rows */
	const char *sort;   /* "bytes,-pid": members, '-' largest first; NULL: as words say */
	/*
	 * Of elements of maps: instead of a stack id the function that the stack is in (JSON: member "stacks" with
	 * all of it); borrowed; NULL: numbers
	 */
	struct bpfl_stacks *stacks;
	const char *time_json; /* JSON of maps: a member "time", as it is to be written there; borrowed; NULL: none */
};

struct bpfl_rows;

/*
 * A table of records that somebody else reads: what iterators write with bpf_seq_write().
 * @spec: has the type; borrowed, must outlive the table.
 * @type: the name of a struct of the object.
 * @name: of the table, in JSON. Copied.
 * @opts: read during the call; what it points to must stay. May be NULL.
 * @ret_rows: to be given to bpfl_rows_destroy().
 * Return: 0; -ENOENT (kind USAGE) no such type, or no such member; -EINVAL (kind USAGE) for words that do not
 *         fit; -ENOMEM.
 */
BPFL_API int bpfl_rows_create(const struct bpfl_spec *spec, const char *type, const char *name,
			      const struct bpfl_view_opts *opts, struct bpfl_rows **ret_rows, struct bpfl_error *err);
/* NULL is fine. */
BPFL_API void bpfl_rows_destroy(struct bpfl_rows *rows);
/*
 * Adds bytes; records may lie across two calls. ctx is the table: a bpfl_write_fn.
 * Return: 0 or -ENOMEM.
 */
BPFL_API int bpfl_rows_write(void *ctx, const char *bytes, size_t size);
/*
 * The table; then it is empty again.
 * @ret_text: malloc'ed, a heading and a line for each row, or a JSON object for each; free() it.
 * Return: 0; -ENOMEM; -EINVAL (kind OBJECT) when the bytes do not end with a whole record.
 */
BPFL_API int bpfl_rows_text(struct bpfl_rows *rows, char **ret_text, struct bpfl_error *err);

#ifdef __cplusplus
}
#endif

#endif
