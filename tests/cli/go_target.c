/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program with a function that looks like a method of Go: its symbol is main.(*Shell).Run, and it takes its
 * arguments where Go 1.17 and later put them (receiver, address of the text, its length). For tests, and for
 * trying bpf/go_call.bpf.c, without Go.
 *
 * Calls it ten times a second with "line N" until it is killed, or as often as its first argument says.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Two names for one place: C's is for the call below, since only in quotes the assembler takes the other for a name. */
void go_run(void);
__asm__(".text\n.type \"main.(*Shell).Run\", %function\n\"main.(*Shell).Run\":\ngo_run:\n\tnop\n\tret\n"
	".size \"main.(*Shell).Run\", . - go_run\n");

#if defined(__x86_64__)
#define CALL(text, len) \
	__asm__ volatile("call *%%rdx" : : "a"(0), "b"(text), "c"((long)(len)), "d"(go_run) : "memory")
#elif defined(__aarch64__)
#define CALL(text, len) do { \
	register long receiver __asm__("x0") = 0, size __asm__("x2") = (len); \
	register const char *at __asm__("x1") = (text); \
	__asm__ volatile("blr %0" : : "r"(go_run), "r"(receiver), "r"(at), "r"(size) : "x30", "memory"); \
} while (0)
#else
#error "no registers are known here for Go's arguments"
#endif

int main(int argc, char **argv)
{
	long rounds = argc > 1 ? atol(argv[1]) : -1;

	for (long i = 0; i != rounds; i++) {
		char text[64];
		int len = snprintf(text, sizeof(text), "line %ld and what is not part of it", i);

		CALL(text, len - 27);
		if (rounds < 0)
			usleep(100000);
	}
	return 0;
}
