/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live: a program on the running kernel that counts. Kernel tests only.
 *
 * The program adds to counter[0] each time it runs: 1, or with LIVE_COOKIE the cookie of its attachment. It
 * returns 0, or with LIVE_ALLOW 1, which is yes in a cgroup. So a test shows that a hook works by the number of
 * triggers, and that it is gone by a number that stays.
 */
#ifndef BPFL_TESTS_LIVE_H
#define BPFL_TESTS_LIVE_H

#include <stdint.h>
#include "attach/link.h"
#include "harness.h"

enum live_program { LIVE_COUNT, LIVE_COOKIE, LIVE_ALLOW };

struct live {
	struct bpfl_spec *spec;
	struct bpfl_target *target;
	struct bpfl_image *image;
	struct bpfl_object *object;
	struct bpfl_link *link;
	struct bpfl_attach *attach;
	struct bpfl_error err;
	struct bpfl_buf log; /* what the library said: "warning: ..." lines */
};

/* The parts, for tests that put something around them: the map, a program that adds to it, what stands in it. */
void live_add_counter(struct bpfl_spec *spec);
void live_add_sockets(struct bpfl_spec *spec); /* the sockmap "socks" */
void live_add_prog(struct bpfl_spec *spec, const char *name, const char *section, enum live_program program,
		   int32_t result);
uint64_t live_counter_of(const struct bpfl_object *object);

/*
 * Everything up to the link: program "prog" in that section, attached as text says (NULL: as the section says).
 * Steps in the order of the command: parse, prepare, check, image, load, attach.
 * Return: 0 or the first refusal, with live->err. Whatever happens, live_stop() takes all away.
 */
int live_start(struct live *live, enum live_program program, const char *section, const char *text);
/* The same on a target that was told that the kernel lacks a feature. */
int live_start_without(struct live *live, enum bpfl_feature feature, const char *section, const char *text);
void live_detach(struct live *live);
void live_stop(struct live *live);

uint64_t live_counter(const struct live *live);

/*
 * Triggers, waits, and checks: at least `times` while attached, nothing more after live_detach(). Ends with
 * live_stop().
 */
void live_prove(struct live *live, void (*trigger)(unsigned times), unsigned times);

/* A system call that hardly anybody makes, so that the counter is the test's own. */
#define LIVE_RARE_CALL "sched_get_priority_max"
void live_rare_call(unsigned times);

#endif
