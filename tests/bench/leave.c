/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What leaving costs: two commands in turn, A B A B ..., each of which attaches programs, says so on descriptor
 * 3 and waits for SIGINT.
 *
 * The programs count in a map named "runs" that can be mapped into memory; this process holds the map (not the
 * programs), keeps the probed calls going and looks at the counters. "off" is the last time at which a counter
 * moved, "prompt" when the command had ended; both from the signal on. A round ends when every process that a
 * command left behind has ended too: this process adopts them, so that one that never ended would be seen.
 *
 * With --no-links bpf(LINK_CREATE) fails with EINVAL in the commands, as before Linux 5.15: programs come onto
 * their perf events by ioctl.
 *
 * usage: leave [--no-links] LABEL ROUNDS A [ARG...] -- B [ARG...]
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "median.h"

#define NR_COUNTERS 46 /* six tracepoints, forty functions */
#define MAX_ROUNDS 50
#define STILL_US 100e3 /* how long counters must rest after the end */
#define PATIENCE_US 30e6

/* The functions that are probed: target_0 to target_39. */
#define TARGET(n) \
	__attribute__((noinline, used)) void target_##n(void); \
	void target_##n(void) { __asm__ volatile("nop; nop; nop; nop; nop" ::: "memory"); }
#define TEN(tens) TARGET(tens##0) TARGET(tens##1) TARGET(tens##2) TARGET(tens##3) TARGET(tens##4) \
	TARGET(tens##5) TARGET(tens##6) TARGET(tens##7) TARGET(tens##8) TARGET(tens##9)
TEN() TEN(1) TEN(2) TEN(3)
#define CALL(n) target_##n();
#define CALL_TEN(tens) CALL(tens##0) CALL(tens##1) CALL(tens##2) CALL(tens##3) CALL(tens##4) \
	CALL(tens##5) CALL(tens##6) CALL(tens##7) CALL(tens##8) CALL(tens##9)

struct left {
	double off_us, prompt_us;
};

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

__attribute__((noreturn)) static void die(const char *what)
{
	fprintf(stderr, "leave: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* What the programs are attached to: six system calls, forty functions. */
static void trigger(void)
{
	char byte;

	syscall(SYS_getpgid, 0);
	syscall(SYS_getsid, 0);
	syscall(SYS_dup, -1);
	(void)!read(-1, &byte, 1);
	(void)!write(-1, "", 1);
	syscall(SYS_close, -1);
	CALL_TEN() CALL_TEN(1) CALL_TEN(2) CALL_TEN(3)
}

static void refuse_links(void)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bpf, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])
			 + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, BPF_LINK_CREATE, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { sizeof(insns) / sizeof(insns[0]), insns };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) < 0)
		_exit(126);
}

static pid_t start(char **command, bool no_links)
{
	int ready[2];
	char byte;
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC) < 0)
		die("pipe");
	pid = fork();
	if (pid == 0) {
		if (ready[1] == 3)
			fcntl(3, F_SETFD, 0);
		else
			dup2(ready[1], 3);
		if (no_links)
			refuse_links();
		execv(command[0], command);
		_exit(127);
	}
	close(ready[1]);
	if (pid < 0 || read(ready[0], &byte, 1) != 1)
		die(command[0]);
	close(ready[0]);
	return pid;
}

/* The counters of the youngest map named "runs", mapped; its programs are held by the command alone. */
static const volatile uint64_t *open_counters(void)
{
	const uint64_t *counters = MAP_FAILED;
	uint32_t id = 0;
	int fd = -1;

	while (bpf_map_get_next_id(id, &id) == 0) {
		struct bpf_map_info info = { 0 };
		uint32_t size = sizeof(info);
		int map = bpf_map_get_fd_by_id(id);

		if (map >= 0 && bpf_obj_get_info_by_fd(map, &info, &size) == 0 && strcmp(info.name, "runs") == 0) {
			close(fd);
			fd = map;
		} else {
			close(map);
		}
	}
	if (fd >= 0)
		counters = mmap(NULL, NR_COUNTERS * sizeof(*counters), PROT_READ, MAP_SHARED, fd, 0);
	if (counters == MAP_FAILED)
		die("the map 'runs'");
	close(fd);
	return counters;
}

/* True when any counter has moved since the last call. */
static bool moved(const volatile uint64_t *counters, uint64_t last[NR_COUNTERS])
{
	bool any = false;

	for (int i = 0; i < NR_COUNTERS; i++) {
		uint64_t value = counters[i];

		any = any || value != last[i];
		last[i] = value;
	}
	return any;
}

static struct left run(char **command, bool no_links)
{
	const struct timespec pause = { 0, 50000 };
	uint64_t last[NR_COUNTERS] = { 0 };
	struct left left = { 0, 0 };
	const volatile uint64_t *counters;
	bool has_ended = false, are_gone = false;
	double begin, now;
	pid_t pid = start(command, no_links);

	counters = open_counters();
	trigger();
	if (!moved(counters, last)) {
		errno = ENODATA;
		die("nothing counts");
	}
	begin = now_us();
	kill(pid, SIGINT);
	do {
		int status;
		pid_t one = waitpid(-1, &status, WNOHANG);

		now = now_us() - begin;
		if (one == pid) {
			left.prompt_us = now;
			has_ended = true;
			if (status != 0)
				die(command[0]);
		}
		are_gone = one < 0;
		trigger();
		if (moved(counters, last))
			left.off_us = now_us() - begin;
		nanosleep(&pause, NULL);
		if (now > PATIENCE_US) {
			errno = ETIME;
			die(has_ended ? "what it left behind" : command[0]);
		}
	} while (!are_gone || now < left.prompt_us + STILL_US || now < left.off_us + STILL_US);
	munmap((void *)(uintptr_t)counters, NR_COUNTERS * sizeof(*counters));
	return left;
}

static void compare(const char *label, int rounds, char **a, char **b, bool no_links)
{
	static double off[MAX_ROUNDS], prompt[MAX_ROUNDS], times[4][MAX_ROUNDS];

	for (int i = 0; i < rounds; i++) {
		struct left x = run(a, no_links), y = run(b, no_links);

		off[i] = x.off_us / y.off_us;
		prompt[i] = x.prompt_us / y.prompt_us;
		times[0][i] = x.off_us;
		times[1][i] = y.off_us;
		times[2][i] = x.prompt_us;
		times[3][i] = y.prompt_us;
	}
	printf("%-34s off %.3f  prompt %.3f   (%d rounds; median off %.1f ms against %.1f, prompt %.1f ms against "
	       "%.1f)\n",
	       label, median(off, rounds), median(prompt, rounds), rounds, median(times[0], rounds) / 1e3,
	       median(times[1], rounds) / 1e3, median(times[2], rounds) / 1e3, median(times[3], rounds) / 1e3);
}

int main(int argc, char **argv)
{
	bool no_links = argc > 1 && strcmp(argv[1], "--no-links") == 0;
	char **words = argv + 1 + no_links, **b = NULL;
	int rounds = argc > 3 + no_links ? atoi(words[1]) : 0;

	for (char **word = words; *word; word++) {
		if (strcmp(*word, "--") == 0) {
			*word = NULL;
			b = word + 1;
			break;
		}
	}
	if (!b || !*b || rounds < 1 || rounds > MAX_ROUNDS) {
		fprintf(stderr, "usage: leave [--no-links] LABEL ROUNDS A [ARG...] -- B [ARG...]\n");
		return 2;
	}
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		die("prctl");
	compare(words[0], rounds, words + 2, b, no_links);
	return 0;
}
