/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz: libFuzzer's program for all doors; DOOR in the environment chooses. See `make fuzz`.
 */
#include <stdio.h>
#include <stdlib.h>
#include "doors.h"

static const struct fuzz_door *door;

/* libFuzzer's names. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *name = getenv("DOOR");

	(void)argc, (void)argv;
	door = name ? fuzz_door_find(name) : NULL;
	if (!door) {
		fprintf(stderr, "fuzz: DOOR=NAME is missing, one of:");
		for (size_t i = 0; i < fuzz_nr_doors; i++)
			fprintf(stderr, " %s", fuzz_doors[i].name);
		fprintf(stderr, "\n");
		exit(2);
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	fuzz_enter(door, bytes, size);
	return 0;
}
