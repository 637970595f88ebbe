/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/perf: perf_event_open(2), as far as attaching programs needs it.
 *
 * The attribute has the kernel's layout up to the fields of Linux 4.1 (112 bytes); a kernel takes any size that
 * it knows, and a larger one as long as what it does not know is zero, so the same struct serves all of them.
 * bpfl_enter_perf_event_open() writes the size field; callers zero the struct and fill what they need.
 */
#ifndef BPFL_SYS_PERF_H
#define BPFL_SYS_PERF_H

#include <stdint.h>
#include <sys/ioctl.h>
#include "sys/enter.h"

/* attr.type; those of kprobe and uprobe are dynamic: /sys/bus/event_source/devices/{kprobe,uprobe}/type (4.17). */
enum {
	BPFL_PERF_TYPE_HARDWARE = 0,
	BPFL_PERF_TYPE_SOFTWARE = 1,
	BPFL_PERF_TYPE_TRACEPOINT = 2,
	BPFL_PERF_TYPE_HW_CACHE = 3,
	BPFL_PERF_TYPE_RAW = 4,
	BPFL_PERF_TYPE_BREAKPOINT = 5,
};

/* attr.config of software events. */
enum {
	BPFL_PERF_SW_CPU_CLOCK = 0,
	BPFL_PERF_SW_TASK_CLOCK = 1,
	BPFL_PERF_SW_PAGE_FAULTS = 2,
	BPFL_PERF_SW_CONTEXT_SWITCHES = 3,
	BPFL_PERF_SW_CPU_MIGRATIONS = 4,
	BPFL_PERF_SW_BPF_OUTPUT = 10, /* 4.4: what bpf_perf_event_output() writes to */
};

/* attr.sample_type. */
#define BPFL_PERF_SAMPLE_RAW (1u << 10)

/* attr.read_format: read(2) gives a second number, the records that were lost. Linux 6.0. */
#define BPFL_PERF_FORMAT_LOST (1u << 4)

/* attr.flag_bits: a bit field in the kernel's header, so the first flag is the lowest bit on little endian and the
 * highest on big endian. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define BPFL_PERF_FLAG(n) (UINT64_C(1) << (n))
#else
#define BPFL_PERF_FLAG(n) (UINT64_C(1) << (63 - (n)))
#endif
#define BPFL_PERF_FLAG_DISABLED BPFL_PERF_FLAG(0)
#define BPFL_PERF_FLAG_INHERIT BPFL_PERF_FLAG(1)
#define BPFL_PERF_FLAG_FREQ BPFL_PERF_FLAG(10)
#define BPFL_PERF_FLAG_WATERMARK BPFL_PERF_FLAG(14) /* wakeup is in bytes, not in events */

struct bpfl_perf_attr {
	uint32_t type;
	uint32_t size;		/* bytes of this struct */
	uint64_t config;	/* tracepoint: its id; uprobe and kprobe: bit 0 is "return" */
	uint64_t sample_period; /* or the frequency, with FLAG_FREQ */
	uint64_t sample_type;
	uint64_t read_format;
	uint64_t flag_bits;
	uint32_t wakeup_events; /* or bytes, with FLAG_WATERMARK */
	uint32_t bp_type;
	uint64_t config1; /* pointer to the path of a uprobe, or the function name of a kprobe */
	uint64_t config2; /* offset of the probe in bytes, or its address */
	uint64_t branch_sample_type;
	uint64_t sample_regs_user;
	uint32_t sample_stack_user;
	int32_t clockid;
	uint64_t sample_regs_intr;
	uint32_t aux_watermark; /* 4.1 */
	uint16_t sample_max_stack;
	uint16_t reserved;
};

/* perf_event_open flags. FD_CLOEXEC is added by bpfl_enter_perf_event_open(). */
#define BPFL_PERF_OPEN_FD_CLOEXEC (1ul << 3)

/*
 * What a mapped event shows: one page whose last words are positions, then the ring. The kernel moves head
 * (release), the reader moves tail. A record is a header and what its type says; its size is a multiple of 8,
 * so a header never wraps.
 */
#define BPFL_PERF_PAGE_HEAD 1024u /* byte offset of data_head, u64 */
#define BPFL_PERF_PAGE_TAIL 1032u
#define BPFL_PERF_RECORD_LOST 2u   /* u64 id, u64 number of records lost */
#define BPFL_PERF_RECORD_SAMPLE 9u /* with SAMPLE_RAW alone: u32 size, so many bytes */

struct bpfl_perf_header {
	uint32_t type;
	uint16_t misc;
	uint16_t size; /* bytes, with this header */
};

/* Requests for bpfl_enter_ioctl() on a perf event; the argument is 0 or what the comment says. */
#define BPFL_PERF_IOC_ENABLE _IO('$', 0)
#define BPFL_PERF_IOC_DISABLE _IO('$', 1)
#define BPFL_PERF_IOC_SET_OUTPUT _IO('$', 5)	   /* fd of another event */
#define BPFL_PERF_IOC_SET_BPF _IOW('$', 8, uint32_t) /* 4.1: fd of a program */

_Static_assert(sizeof(struct bpfl_perf_attr) == 112, "PERF_ATTR_SIZE_VER5");

#endif
