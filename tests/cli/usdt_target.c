/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program with USDT probes, for tests and for trying bpf/usdt.bpf.c.
 *
 *     demo:tick     two places (semaphore); arguments: the number of the round, a text, a constant of -7
 *     demo:wide     one place, no semaphore; as many arguments as there can be, of all sizes
 *
 * Runs the rounds that its first argument says (default: until it is killed, ten in a second) and prints what
 * the semaphore was at the end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "../lib/usdt_note.h"

__attribute__((section(".probes"), used, visibility("hidden"))) unsigned short demo_tick_semaphore;

__attribute__((noinline)) static void tick(int round, const char *text)
{
	__asm__ volatile(USDT_NOTE("demo", "tick", "demo_tick_semaphore", "-4@%0 8@%1 -4@%2")
			 : : "nor"(round), "nor"(text), "i"(-7));
}

/* Reached every other time: a second place, with its arguments elsewhere. */
__attribute__((noinline)) static void tock(int round, const char *text)
{
	volatile int at = round;
	const char *volatile at_text = text;

	__asm__ volatile(USDT_NOTE("demo", "tick", "demo_tick_semaphore", "-4@%0 8@%1 -4@%2")
			 : : "m"(at), "m"(at_text), "i"(-7));
}

__attribute__((noinline)) static void wide(long i)
{
	volatile signed char small = -1;
	volatile unsigned char byte = 0xfe;
	volatile short half = -2;
	volatile unsigned short word = 0xfffd;
	volatile int whole = -3;
	volatile unsigned number = 0xfffffffcu;
	volatile long large[4] = { 100, 101, 102, 103 };
	const volatile long *base = large;

	__asm__ volatile(USDT_NOTE("demo", "wide", "0",
				   "-1@%0 1@%1 -2@%2 2@%3 -4@%4 4@%5 -8@%6 8@%7 -8@%8 -8@%9 8@%10 8@%11")
			 :
			 : "m"(small), "m"(byte), "m"(half), "m"(word), "m"(whole), "m"(number), "m"(large[0]), "r"(i),
			   "i"(9), "m"(large[2]), "r"(base), "m"(large[3]));
}

/* The last argument in a register and an index: memory at base + 8 * index. */
#if defined(__x86_64__)
__attribute__((noinline)) static void indexed(const long *base, long index)
{
	__asm__ volatile(USDT_NOTE("demo", "indexed", "0", "-8@8(%%rdi,%%rsi,8) -8@(%%rdi,%%rsi,8) 8f@%%xmm0 4@$5")
			 :
			 : "D"(base), "S"(index));
}
#else
static void indexed(const long *base, long index)
{
	(void)base;
	(void)index;
}
#endif

int main(int argc, char **argv)
{
	static const long values[] = { 1000, 1001, 1002, 1003 };
	long rounds = argc > 1 ? atol(argv[1]) : -1;

	for (long i = 0; i != rounds; i++) {
		if (i % 2)
			tock((int)i, "tock");
		else
			tick((int)i, "tick");
		wide(i);
		indexed(values, i % 3);
		if (rounds < 0)
			usleep(100000);
	}
	printf("%u\n", *(volatile unsigned short *)&demo_tick_semaphore);
	return 0;
}
