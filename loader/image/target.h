/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/target: the parts of a target, read when first asked for.
 *
 * Getters fill the cache, so they take a non-const target. "running" decides whether an unset part is read from
 * this system or counts as unknown.
 */
#ifndef BPFL_IMAGE_TARGET_H
#define BPFL_IMAGE_TARGET_H

#include <stdbool.h>
#include <stdint.h>
#include "base/error.h"
#include "bpfload/target.h"
#include "btf/btf.h"

/* What is known of a kernel feature. Only a conclusive answer is kept. */
enum bpfl_answer { BPFL_UNKNOWN, BPFL_NO, BPFL_YES };

/* Features that a refusal can teach us about (kern and attach write, everybody reads). */
enum bpfl_feature {
	BPFL_FEATURE_OBJ_NAMES,	     /* map and program names, 4.15 */
	BPFL_FEATURE_MMAP_ARRAY,     /* BPF_F_MMAPABLE, 5.5 */
	BPFL_FEATURE_BTF_FUNC,	     /* 5.0 */
	BPFL_FEATURE_BTF_FUNC_GLOBAL,/* 5.6 */
	BPFL_FEATURE_BTF_DATASEC,    /* 5.2 */
	BPFL_FEATURE_BTF_FLOAT,	     /* 5.13 */
	BPFL_FEATURE_BTF_DECL_TAG,   /* 5.16 */
	BPFL_FEATURE_BTF_TYPE_TAG,   /* 5.17 */
	BPFL_FEATURE_BTF_ENUM64,     /* 6.0 */
	BPFL_FEATURE_BTF,	     /* BTF_LOAD at all, 4.18 */
	BPFL_FEATURE_EXPECTED_ATTACH_TYPE, /* 4.17 */
	BPFL_FEATURE_PERF_LINK,	     /* LINK_CREATE on a perf event, 5.15 */
	BPFL_FEATURE_XDP_LINK,	     /* 5.9 */
	BPFL_FEATURE_UPROBE_MULTI,   /* LINK_CREATE of many uprobes, 6.6 */
	/* kprobe and uprobe as perf events, 4.17; only ever set to NO by who knows better */
	BPFL_FEATURE_PROBE_PMU,
	BPFL_FEATURE_KPROBE_MULTI,   /* 5.18, with CONFIG_FPROBE */
	BPFL_FEATURE_TCX_LINK,	     /* 6.6 */
	BPFL_FEATURE_NETKIT_LINK,    /* 6.7 */
	BPFL_FEATURE_CGROUP_LINK,    /* 5.7 */
	BPFL_FEATURE_FLOW_DISSECTOR_LINK, /* 5.8 */
	BPFL_FEATURE_SK_LOOKUP_LINK, /* 5.9 */
	BPFL_FEATURE_SOCKMAP_LINK,   /* 6.10 */
	BPFL_FEATURE_NETFILTER_LINK, /* 6.4 */
	BPFL_NR_FEATURES,
};

struct bpfl_target {
	bool running;		   /* unset parts are read from this system */
	char *btf_path;		   /* or NULL */
	char **module_paths;	   /* nr_module_paths of them */
	size_t nr_module_paths;
	char *kconfig_path;	   /* or NULL */
	uint32_t kernel_version;   /* 0: not read yet / unknown */
	bool kconfig_has_no_version; /* looked for in vain: not again */
	unsigned nr_possible_cpus; /* 0: not read yet / unknown */
	unsigned page_size;
	struct bpfl_btf *btf;	   /* kernel BTF once opened */
	struct bpfl_core_names *names; /* its types by name, as far as somebody asked (core_names.c) */
	struct bpfl_modules *modules; /* once somebody asked (modules.c) */
	enum bpfl_answer features[BPFL_NR_FEATURES];
};

uint32_t bpfl_target_kernel_version(struct bpfl_target *target); /* 0 unknown */
unsigned bpfl_target_possible_cpus(struct bpfl_target *target);	 /* at least 1 */
unsigned bpfl_target_page_size(struct bpfl_target *target);	 /* at least 4096 */
/* The kernel's BTF, opened on first use. Owned by the target. -ENOENT with E7's text. */
int bpfl_target_btf(struct bpfl_target *target, const struct bpfl_btf **ret_btf, struct bpfl_error *err);
/*
 * One pass over its types for all names that the search wants: the pass that opening it takes, when it is
 * not open yet.
 */
int bpfl_target_search(struct bpfl_target *target, struct bpfl_btf_search *search, struct bpfl_error *err);

#endif
