/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the bytes of events to lines of text or JSON, by the types that the object carries.
 *
 * The type of a map's events is found by these rules, the first that fits:
 *
 *   1  the caller says it: "events=struct event", "events=struct {u32 pid; char comm[16];}",
 *      "events=type:u32{1:struct exec_ev,2:struct exit_ev}" for records of several types
 *   2  the map's __type(value, struct event)
 *   3  a declaration tag on the type: __attribute__((btf_decl_tag("bpfload:event=events")))
 *   4  a variable that exists to name it: gadget_tracer_NAME___MAP___TYPE, const struct event *unused
 *   5  a struct named (by itself or a typedef) event, MAP_event, MAP_t, data_t or *_event whose size is the
 *      constant that programs send through the map
 *   6  the only struct of that size
 *   7  none: bytes in hexadecimal
 */
#ifndef BPFLOAD_DECODE_H
#define BPFLOAD_DECODE_H

#include "ring.h"

#ifdef __cplusplus
extern "C" {
#endif

struct bpfl_decoder;
struct bpfl_stacks; /* stack.h */
struct bpfl_map;

/*
 * What the kernel knows of the object that a loaded map came with, as a spec with this one map: types and
 * instructions of the programs that use it. For bpfl_decoder_create(), with bpfl_events_open_map(); it cannot
 * be loaded. Where the kernel knows nothing the types are missing: rule 1 or 7 is left.
 * @map: of any object; read during the call.
 * @ret_spec: to be given to bpfl_spec_destroy().
 * Return: 0; 1 when no program in the kernel uses the map, so that nothing will come; -ENOMEM.
 * Needs: CAP_SYS_ADMIN to find the programs (Linux 4.13).
 */
BPFL_API int bpfl_spec_of_map(const struct bpfl_map *map, struct bpfl_spec **ret_spec, struct bpfl_error *err);

enum bpfl_time_mode {
	BPFL_TIME_NONE,
	BPFL_TIME_WALL, /* when the record was read: 12:34:56.123456; JSON: UTC, ISO 8601 */
	BPFL_TIME_REL,	/* seconds since bpfl_decoder_set_start(), or else since the decoder was made */
	BPFL_TIME_MONO, /* seconds of CLOCK_MONOTONIC */
};

struct bpfl_decoder_opts {
	size_t size; /* sizeof(struct bpfl_decoder_opts) */
	enum bpfl_format format;
	/* Lists of nr borrowed strings; needed during bpfl_decoder_create() only. */
	const char *const *events; /* "MAP=TYPE": rule 1 */
	size_t nr_events;
	const char *const *columns; /* members to show, in this order: "pid", "task.comm", "str:COMMAND" with another heading; or
				     all "-pid", "+task.comm": changes to what is shown by itself */
	size_t nr_columns;
	const char *const *forms; /* "saddr=ipv4": forms as the manual lists them; "auto": by names */
	size_t nr_forms;
	const char *filter; /* "pid == 1 && comm ~ \"^ssh\""; NULL: everything */
	enum bpfl_time_mode time;
	bool raw; /* rule 7 for all */
	/*
	 * names stacks, below each record (JSON: member "stacks"); borrowed, for the life of the decoder;
	 * NULL: numbers
	 */
	struct bpfl_stacks *stacks;
};

/*
 * Finds the types of all ring buffers and perf event arrays of an object.
 * @spec: borrowed; must outlive the decoder and stay unchanged.
 * @opts: may be NULL.
 * Return: 0; -EINVAL, -ENOENT (kind USAGE) for words that do not fit, near names in fix.
 */
BPFL_API int bpfl_decoder_create(const struct bpfl_spec *spec, const struct bpfl_decoder_opts *opts,
				 struct bpfl_decoder **ret_decoder, struct bpfl_error *err);
/*
 * The zero of BPFL_TIME_REL: for programs that begin some time after the decoder was made.
 * @start_ns: nanoseconds of CLOCK_MONOTONIC.
 */
BPFL_API void bpfl_decoder_set_start(struct bpfl_decoder *decoder, int64_t start_ns);
/* NULL is fine. */
BPFL_API void bpfl_decoder_destroy(struct bpfl_decoder *decoder);

/*
 * Which rule decided for which map.
 * Return: line idx (from 0), "events: decoding as struct event (rule 4, ...)", owned by the decoder; NULL when
 *         there are no more.
 */
BPFL_API const char *bpfl_decoder_note(const struct bpfl_decoder *decoder, size_t idx);
/*
 * Return: the heading of the table, with a newline; "" when there is none (JSON, several types of events,
 *         unknown types). Owned by the decoder.
 */
BPFL_API const char *bpfl_decoder_header(const struct bpfl_decoder *decoder);

/*
 * One record (of bpfl_events_...()) as text with a newline. LOST and STREAM records have a text too.
 * @ret_text: borrowed, valid until the next call; not NUL-terminated at ret_size.
 * Return: 1; 0: the filter took it out; -ENOMEM.
 */
BPFL_API int bpfl_decoder_text(struct bpfl_decoder *decoder, const struct bpfl_record *record, const char **ret_text,
			       size_t *ret_size);

#ifdef __cplusplus
}
#endif

#endif
