/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A command of libbpf's as `bpfload FILE --ready-fd 3`: attaches all programs of an object, says so, waits for
 * SIGINT, lets go.
 *
 * usage: hold OBJECT
 */
#include <bpf/libbpf.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define MAX_LINKS 64

int main(int argc, char **argv)
{
	struct bpf_link *links[MAX_LINKS];
	struct bpf_object *object;
	struct bpf_program *prog;
	int nr = 0, signal;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	object = argc == 2 ? bpf_object__open_file(argv[1], NULL) : NULL;
	if (!object || bpf_object__load(object) < 0)
		return 1;
	bpf_object__for_each_program(prog, object) {
		if (nr == MAX_LINKS || !(links[nr] = bpf_program__attach(prog)))
			return 1;
		nr++;
	}
	if (write(3, "\n", 1) != 1)
		return 1;
	sigwait(&set, &signal);
	while (nr > 0)
		bpf_link__destroy(links[--nr]);
	bpf_object__close(object);
	return 0;
}
