/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The check: will this object load and attach on that kernel? Answered from the object and the
 * kernel's BTF alone: offline, without privileges, for any kernel of which there is a BTF.
 *
 *     bpfl_spec_read("x.bpf.o", NULL, &spec, &err);
 *     bpfl_target_create(&(struct bpfl_target_opts){ .size = sizeof(struct bpfl_target_opts),
 *                                                    .btf_path = "6.1-amd64.btf" }, &target, &err);
 *     bpfl_check_run(spec, target, NULL, &check, &err);
 *     bpfl_check_get(check, &view);      (view.verdict)
 *     bpfl_check_destroy(check);
 *
 * What it cannot know: whether the verifier agrees with the program's own logic, whether somebody's
 * policy forbids it (a security module, lockdown, a missing trampoline), and names that the
 * kernel's BTF does not carry. Where it does not know it says so.
 */
#ifndef BPFLOAD_CHECK_H
#define BPFLOAD_CHECK_H

#include "spec.h"
#include "target.h"

#ifdef __cplusplus
extern "C" {
#endif

struct bpfl_check;

/* What an object may need of a kernel. */
enum bpfl_check_kind {
	BPFL_CHECK_RELOCATION, /* CO-RE: a field, type or enumerator */
	BPFL_CHECK_ATTACH,     /* what a program's section says that it is attached to */
	BPFL_CHECK_KFUNC,      /* a function of the kernel for programs */
	BPFL_CHECK_KSYM,       /* a variable or the address of a symbol */
	BPFL_CHECK_KCONFIG,    /* a value of the kernel's configuration */
	BPFL_CHECK_HELPER,
	BPFL_CHECK_MAP_TYPE,
	BPFL_CHECK_PROG_TYPE,
	BPFL_CHECK_ATTACH_TYPE,
	BPFL_CHECK_MAP_FLAG,
	BPFL_CHECK_OPS_MEMBER, /* of a struct of functions (struct_ops): a member, with its program if it has one */
	BPFL_CHECK_MAP_SIZE, /* of the user, not of the kernel: a size that the object leaves open */
	BPFL_CHECK_NR_KINDS,
};

enum bpfl_check_status {
	BPFL_CHECK_OK,	    /* the same as when the object was compiled; present */
	BPFL_CHECK_MOVED,   /* relocation: another offset or value */
	BPFL_CHECK_RESIZED, /* relocation: another size or signedness */
	BPFL_CHECK_MISSING, /* not there, or there in a form that the object cannot use */
	BPFL_CHECK_UNKNOWN, /* the kernel's BTF does not say */
	BPFL_CHECK_OPEN,    /* map size: to be given by the user */
	BPFL_CHECK_NR_STATUSES,
};

/* One need, and what became of it. Text is owned by the check, never NULL. */
struct bpfl_check_item {
	enum bpfl_check_kind kind;
	enum bpfl_check_status status;
	/* Without it the object cannot be loaded (or attached). False for what the program asks
	 * about, for weak externs, and for what is guarded. */
	bool needed;
	/*
	 * No path through the program leads to it on this kernel. Found by following constants, as
	 * the verifier does: answers to existence questions, configuration values, addresses of
	 * weak externs, read-only data. The verifier knows ranges and the stack too, so it may find
	 * more code dead than this.
	 */
	bool guarded;
	bool at_load;	   /* a lack of it shows when loading; otherwise when attaching */
	uint32_t insn_idx; /* in the program, 0 when the item has none */
	uint32_t since;	    /* helpers, map and program types: version code, 0 not known */
	const char *prog;   /* "" when it is not one program's */
	const char *name;   /* "struct task_struct.pid (0:81)", "bpf_loop", "tp_btf/sched_switch" */
	const char *kernel; /* relocation: the same place in the kernel's type, "" none */
	const char *text;   /* a sentence */
	const char *place;  /* "x.bpf.c:12", "" not known */
};

enum bpfl_check_verdict {
	BPFL_CHECK_FITS,
	BPFL_CHECK_UNSURE, /* nothing that is needed is missing, as far as the BTF says */
	BPFL_CHECK_LACKS,  /* something needed is missing */
};

struct bpfl_check_view {
	enum bpfl_check_verdict verdict; /* load and attach */
	enum bpfl_check_verdict loads;	 /* load alone */
	uint32_t nr_lacking, nr_unknown; /* items that are needed and missing, or not known */
	uint32_t nr_open;		 /* map sizes */
	uint32_t nr_relocations[BPFL_CHECK_NR_STATUSES]; /* by status */
	uint32_t nr_guarded;	  /* missing relocations that no path leads to */
	uint32_t since;		  /* the newest of what is needed: version code, 0 not known */
	const char *capabilities; /* "CAP_BPF, CAP_PERFMON": for loading. Owned by the check */
};

/*
 * Checks one object against one kernel.
 * @spec: as it would be loaded: selected programs, variables set. Read only; need not outlive the
 *	check.
 * @target: the running kernel, or one that is described by its BTF. A configuration file makes
 *	kconfig values, and the version, known.
 * Return: 0, also when the kernel lacks something; -errno for what no kernel would take (kind
 *	OBJECT: a damaged or ambiguous record, a program without a type), and when the BTF that
 *	relocations need cannot be read.
 */
BPFL_API int bpfl_check_run(const struct bpfl_spec *spec, struct bpfl_target *target,
			    const struct bpfl_log *log, struct bpfl_check **ret_check,
			    struct bpfl_error *err);
/* NULL is fine. */
BPFL_API void bpfl_check_destroy(struct bpfl_check *check);

/* The verdict and the numbers. Text in ret_view is owned by the check. */
BPFL_API void bpfl_check_get(const struct bpfl_check *check, struct bpfl_check_view *ret_view);
/*
 * Items by kind, then program, then instruction.
 * @idx: counts from 0.
 * Return: an item owned by the check; NULL behind the last one.
 */
BPFL_API const struct bpfl_check_item *bpfl_check_item(const struct bpfl_check *check, size_t idx);

/*
 * The items as lines, or the whole check as one line of JSON.
 * @all: TEXT only: every item, not only those that are missing, unknown or open.
 * @object, @kernel: how the two are called.
 * @ret_text: malloc'ed; free() it.
 * Return: 0 or -ENOMEM.
 */
BPFL_API int bpfl_check_text(const struct bpfl_check *check, enum bpfl_format format, bool all,
			     const char *object, const char *kernel, char **ret_text,
			     struct bpfl_error *err);

/*
 * Return: static text: "relocation", "kfunc", ...; "ok", "moved", "missing", ...; "fits", "unsure", "lacks".
 */
BPFL_API const char *bpfl_check_kind_name(enum bpfl_check_kind kind);
BPFL_API const char *bpfl_check_status_name(enum bpfl_check_kind kind,
					    enum bpfl_check_status status);
BPFL_API const char *bpfl_check_verdict_name(enum bpfl_check_verdict verdict);

#ifdef __cplusplus
}
#endif

#endif
