/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Errors and the conventions that all of bpfload's functions share.
 *
 * A function that can fail returns an int: 0 or a positive result for success, -errno for
 * failure. What went wrong in words is put into a struct bpfl_error that the caller owns and
 * passes as the last parameter (NULL is allowed and means "the number is enough for me").
 * The text is made where the fact is known and prefixed by each caller on the way out, so the
 * message reads as a path to the fault. Branch on the return value or on the kind, never on text.
 *
 * Results ("ret_...") are written on success only.
 */
#ifndef BPFLOAD_ERROR_H
#define BPFLOAD_ERROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BPFL_VERSION_MAJOR 0
#define BPFL_VERSION_MINOR 1
#define BPFL_VERSION_STRING "0.1.0"

/* Marks what libbpfload.so exports; everything else stays inside. */
#define BPFL_API __attribute__((visibility("default")))

/* What sort of failure it is. The command line maps each kind to one exit code. */
enum bpfl_error_kind {
	BPFL_ERR_NONE = 0,
	BPFL_ERR_SYSTEM,      /* I/O, memory, a system call that failed for no better-known reason */
	BPFL_ERR_USAGE,       /* the caller's words are wrong: option, attach spec, name of a variable */
	BPFL_ERR_OBJECT,      /* the file is not a BPF object, or is damaged */
	BPFL_ERR_VERIFIER,    /* the kernel's verifier rejected a program */
	BPFL_ERR_PERMISSION,  /* a capability, a sysctl, a security module, seccomp or lockdown forbids it */
	BPFL_ERR_UNSUPPORTED, /* this kernel lacks what is needed */
	BPFL_ERR_TARGET,      /* the thing to attach to does not exist or is taken */
};

#define BPFL_ERROR_TEXT_SIZE 1024

/*
 * One failure. Plain memory of the caller: initialise with BPFL_ERROR_INIT (or zeroes), use it for any
 * number of calls, finish with bpfl_error_clear(). A failing call replaces what was in it.
 */
struct bpfl_error {
	enum bpfl_error_kind kind;
	int errnum;       /* positive errno, 0 when there is no error */
	int catalogue_id; /* n of the error guide's entry "En" (docs/errors.md), 0 when it has none */
	char message[BPFL_ERROR_TEXT_SIZE]; /* one line, the path to the fault */
	char why[BPFL_ERROR_TEXT_SIZE];     /* facts read from the system or file; may be empty or several lines */
	char fix[BPFL_ERROR_TEXT_SIZE];     /* what to do; may be empty or several lines */
	char *verifier_log; /* whole log of a rejected program, or NULL; owned by this struct */
};

#define BPFL_ERROR_INIT { BPFL_ERR_NONE, 0, 0, "", "", "", NULL }

/*
 * Frees what the error owns and makes it empty again.
 * @err: may be NULL.
 */
BPFL_API void bpfl_error_clear(struct bpfl_error *err);

/*
 * Return: the library's version, for example "0.1.0". Static storage.
 */
BPFL_API const char *bpfl_version(void);

/* In which form a ..._text() function writes. */
enum bpfl_format {
	BPFL_FORMAT_TEXT,
	BPFL_FORMAT_JSON, /* one JSON value, followed by a newline */
};

/*
 * An error as people read it ("error:", "why:" and "fix:" lines) or as one JSON object with a newline.
 * @err: read only; an empty one (kind NONE) gives a text without words.
 * @ret_text: malloc'ed; free() it.
 * Return: 0 or -ENOMEM.
 */
BPFL_API int bpfl_error_text(const struct bpfl_error *err, enum bpfl_format format, char **ret_text);

/*
 * Receives what the library has to say besides its results: skipped sections, lenient
 * matches, fallbacks taken. One line per call, without a newline; @text lives during the call only.
 * The library itself never prints.
 */
enum bpfl_log_level { BPFL_LOG_WARN, BPFL_LOG_INFO, BPFL_LOG_DEBUG };
typedef void (*bpfl_log_fn)(void *ctx, enum bpfl_log_level level, const char *text);

struct bpfl_log {
	bpfl_log_fn fn; /* NULL: nobody listens */
	void *ctx;
};

#ifdef __cplusplus
}
#endif

#endif
