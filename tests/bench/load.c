/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the benchmark runs: loads the objects given, one after the other in one process, and ends. Compiled twice, with
 * -DWITH_LIBBPF and without, so that both sides do the same work.
 *
 * usage: load OBJECT...
 */
#include <stdio.h>

#ifdef WITH_LIBBPF

#include <bpf/libbpf.h>

static int load(const char *path, void **state)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);

	(void)state;
	return object ? bpf_object__load(object) : -1;
}

#else

#include "bpfload.h"

/* The target is shared by all objects: what was read of the kernel is kept in it. */
static int load(const char *path, void **state)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_target *target = *state;
	struct bpfl_spec *spec;
	struct bpfl_image *image;
	struct bpfl_object *object;
	int ret = target ? 0 : bpfl_target_running(NULL, &target, &err);

	*state = target;
	if (ret == 0)
		ret = bpfl_spec_read(path, NULL, &spec, &err);
	if (ret == 0)
		ret = bpfl_image_build(spec, target, NULL, &image, &err);
	if (ret == 0)
		ret = bpfl_object_load(image, target, NULL, &object, &err);
	if (ret < 0)
		fprintf(stderr, "%s\n", err.message);
	return ret;
}

#endif

int main(int argc, char **argv)
{
	void *state = NULL;

	for (int i = 1; i < argc; i++) {
		if (load(argv[i], &state) != 0) {
			fprintf(stderr, "load: %s failed\n", argv[i]);
			return 1;
		}
	}
	return 0;
}
