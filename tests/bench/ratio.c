/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs two commands in turn, A B A B ..., and prints how they compare: the median of the per-round ratios A/B
 * of wall time, of CPU time and of peak memory. Machines drift; rounds drift together, so only ratios count.
 *
 * usage: ratio LABEL ROUNDS A [ARG...] -- B [ARG...]
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "median.h"

#define MAX_ROUNDS 200

struct cost {
	double wall_us, cpu_us, peak_kib;
};

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static double us_of(struct timeval time)
{
	return (double)time.tv_sec * 1e6 + (double)time.tv_usec;
}

static struct cost run(char **command)
{
	struct rusage usage;
	double begin = now_us();
	struct cost cost;
	int status;
	pid_t pid = vfork();

	if (pid == 0) {
		execv(command[0], command);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid || status != 0) {
		fprintf(stderr, "ratio: %s failed\n", command[0]);
		exit(1);
	}
	cost.wall_us = now_us() - begin;
	cost.cpu_us = us_of(usage.ru_utime) + us_of(usage.ru_stime);
	cost.peak_kib = (double)usage.ru_maxrss;
	return cost;
}

int main(int argc, char **argv)
{
	static double wall[MAX_ROUNDS], cpu[MAX_ROUNDS], peak[MAX_ROUNDS], a_wall[MAX_ROUNDS], b_wall[MAX_ROUNDS];
	int rounds = argc > 2 ? atoi(argv[2]) : 0;
	char **a = argv + 3, **b = NULL;

	for (int i = 3; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0) {
			argv[i] = NULL;
			b = argv + i + 1;
			break;
		}
	}
	if (!b || !*b || rounds < 1 || rounds > MAX_ROUNDS) {
		fprintf(stderr, "usage: ratio LABEL ROUNDS A [ARG...] -- B [ARG...]\n");
		return 2;
	}
	run(a);
	run(b);
	for (int i = 0; i < rounds; i++) {
		struct cost x = run(a), y = run(b);

		wall[i] = x.wall_us / y.wall_us;
		cpu[i] = x.cpu_us / (y.cpu_us > 0 ? y.cpu_us : 1);
		peak[i] = x.peak_kib / y.peak_kib;
		a_wall[i] = x.wall_us;
		b_wall[i] = y.wall_us;
	}
	printf("%-34s wall %.3f  cpu %.3f  peak %.2f   (%d rounds; median wall %.0f us against %.0f us)\n", argv[1],
	       median(wall, rounds), median(cpu, rounds), median(peak, rounds), rounds, median(a_wall, rounds),
	       median(b_wall, rounds));
	return 0;
}
