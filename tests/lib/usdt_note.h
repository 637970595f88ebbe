/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usdt_note: USDT probes for test programs, written as sys/sdt.h writes them, so that the package that has it
 * is not needed.
 *
 *     __asm__ volatile(USDT_NOTE("demo", "tick", "demo_semaphore", "-4@%0 8@%1") : : "nor"(round), "nor"(text));
 *
 * The semaphore is a symbol of an unsigned short in section .probes, or 0.
 */
#ifndef BPFL_TESTS_USDT_NOTE_H
#define BPFL_TESTS_USDT_NOTE_H

/* A nop, and a note about it. args: assembler text with operands. */
#define USDT_NOTE(provider, name, semaphore, args)                                                                              \
	"990: nop\n"                                                                                                       \
	".pushsection .note.stapsdt,\"\",\"note\"\n"                                                                       \
	".balign 4\n"                                                                                                      \
	".4byte 992f-991f, 994f-993f, 3\n"                                                                                 \
	"991: .asciz \"stapsdt\"\n"                                                                                        \
	"992: .balign 4\n"                                                                                                 \
	"993: .8byte 990b\n"                                                                                               \
	".8byte _.stapsdt.base\n"                                                                                          \
	".8byte " semaphore "\n"                                                                                           \
	".asciz \"" provider "\"\n"                                                                                        \
	".asciz \"" name "\"\n"                                                                                            \
	".asciz \"" args "\"\n"                                                                                            \
	"994: .balign 4\n"                                                                                                 \
	".popsection\n"                                                                                                    \
	".ifndef _.stapsdt.base\n"                                                                                         \
	".pushsection .stapsdt.base,\"aG\",\"progbits\",.stapsdt.base,comdat\n"                                            \
	".weak _.stapsdt.base\n"                                                                                           \
	".hidden _.stapsdt.base\n"                                                                                         \
	"_.stapsdt.base: .space 1\n"                                                                                       \
	".size _.stapsdt.base, 1\n"                                                                                        \
	".popsection\n"                                                                                                    \
	".endif\n"

#endif
