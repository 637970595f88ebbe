/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A process that is in innermost(), called by middle(), by outer(), by main(), for so many milliseconds of CPU
 * time. For the tests of stacks; built with frame pointers and without optimisation.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static volatile unsigned long sink;

void innermost(void)
{
	for (int i = 0; i < 100000; i++)
		sink += (unsigned long)i;
}

void middle(void)
{
	for (int i = 0; i < 20; i++)
		innermost();
}

void outer(void)
{
	middle();
}

/*
 * For who looks at system calls. The C library may be without frame pointers, but this function of it
 * leaves them alone.
 */
static void open_null(void)
{
	close((int)syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY));
}

int main(int argc, char **argv)
{
	long ms = argc > 1 ? atol(argv[1]) : 100;

	while (clock() / (CLOCKS_PER_SEC / 1000) < ms) {
		outer();
		open_null();
	}
	return 0;
}
