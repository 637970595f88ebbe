/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz: every file of tests/fuzz/corpus/DOOR/ once more, whole, cut short, with bytes changed, and with one allocation
 * failing; and no bytes at all. Needs no clang. Ends like a test program: one check for each door.
 *
 * usage: replay [DIR [DOOR]]
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "doors.h"
#include "memory.h"

#define INPUT_MAX (1u << 20)
#define NR_CUTS 16u
#define NR_CHANGES 48u
#define NR_STARVED 64u

static size_t read_input(const char *path, uint8_t *bytes)
{
	FILE *file = fopen(path, "rb");
	size_t size;

	if (!file) {
		fprintf(stderr, "replay: cannot read %s\n", path);
		exit(1);
	}
	size = fread(bytes, 1, INPUT_MAX, file);
	fclose(file);
	return size;
}

/* In memory of just that size, so that reading behind it is seen. */
static void enter(const struct fuzz_door *door, const uint8_t *bytes, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		exit(1);
	memcpy(copy, bytes, size);
	fuzz_enter(door, copy, size);
	free(copy);
}

static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

/* The same each time: what fails here fails again. */
static void enter_changed(const struct fuzz_door *door, uint8_t *bytes, size_t size)
{
	static const uint8_t odd[] = { 0x00, 0x01, 0x7f, 0x80, 0xff, '{', '"', '%' };
	uint32_t seed = (uint32_t)size;

	for (size_t i = 0; i < NR_CUTS; i++)
		enter(door, bytes, size * i / NR_CUTS);
	for (size_t i = 0; i < NR_CHANGES && size > 0; i++) {
		size_t at = next(&seed) % size;
		uint8_t old = bytes[at];

		bytes[at] = odd[next(&seed) % sizeof(odd)];
		enter(door, bytes, size);
		bytes[at] = old;
	}
}

/* Without memory at each of the first places, and at some of the later ones. */
static void enter_starved(const struct fuzz_door *door, const uint8_t *bytes, size_t size)
{
	unsigned nr;

	fuzz_memory_fail(0);
	enter(door, bytes, size);
	nr = fuzz_memory_nr_asked();
	for (unsigned nth = 1; nth <= nr; nth += 1 + nth / NR_STARVED) {
		fuzz_memory_fail(nth);
		enter(door, bytes, size);
	}
	fuzz_memory_fail(0);
}

static void replay(const struct fuzz_door *door, const char *dir_path)
{
	static uint8_t bytes[INPUT_MAX];
	char path[1024];
	DIR *dir = opendir(dir_path);
	struct dirent *entry;
	size_t size, nr = 0;

	enter(door, bytes, 0);
	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir_path, entry->d_name);
		size = read_input(path, bytes);
		fprintf(stderr, "%s\n", path); /* the last one is the one that failed */
		enter_starved(door, bytes, size);
		enter_changed(door, bytes, size);
		nr++;
	}
	if (dir)
		closedir(dir);
	if (nr == 0) {
		fprintf(stderr, "%s: no inputs\n", dir_path);
		exit(1);
	}
}

/* In a process of its own: a crash counts as one failure. */
static int replay_apart(const struct fuzz_door *door, const char *corpus)
{
	char path[512];
	int status = -1;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/%s", corpus, door->name);
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		replay(door, path);
		exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
		printf("door '%s' failed: status 0x%x\n", door->name, (unsigned)status);
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	const char *corpus = argc > 1 ? argv[1] : "tests/fuzz/corpus";
	int failed = 0, checks = 0;

	for (size_t i = 0; i < fuzz_nr_doors; i++) {
		if (argc > 2 && strcmp(argv[2], fuzz_doors[i].name) != 0)
			continue;
		failed += replay_apart(&fuzz_doors[i], corpus);
		checks++;
	}
	printf("%d%%: Checks: %d, Failures: %d, Errors: 0\n", checks ? 100 * (checks - failed) / checks : 0, checks, failed);
	return failed || !checks;
}
