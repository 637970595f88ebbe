/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Metrics: maps and global variables as a page of Prometheus' text format (0.0.4), which monitoring systems fetch.
 *
 *     struct bpfl_metrics *metrics;
 *     bpfl_metrics_create(NULL, &metrics, &err);
 *     bpfl_metrics_add_map(metrics, map, &err);
 *     bpfl_metrics_text(metrics, &text, &err);     (whenever somebody asks)
 *     bpfl_metrics_destroy(metrics);
 *
 * The types decide: an integer is a metric PREFIX_MAP, an integer member of a struct PREFIX_MAP_MEMBER, a
 * variable of .data or .bss PREFIX_VARIABLE. Members of the key are labels, by the key's types. Typedefs that
 * begin with gadget_counter__ and gadget_gauge__ say which kind of metric a number is; others are "untyped".
 * Counters are called ..._total. A value with an array member "slots", or with an array of
 * gadget_histogram_slot__..., and an array map of those, is a histogram of powers of two.
 *
 * The page is made by the caller's thread when it is asked for; how it reaches the monitoring system is the
 * caller's affair.
 */
#ifndef BPFLOAD_METRICS_H
#define BPFLOAD_METRICS_H

#include "map.h"

#ifdef __cplusplus
extern "C" {
#endif

struct bpfl_metrics;

enum bpfl_metric_kind {
	BPFL_METRIC_UNTYPED, BPFL_METRIC_COUNTER, BPFL_METRIC_GAUGE, BPFL_METRIC_HISTOGRAM,
	BPFL_NR_METRIC_KINDS
};

struct bpfl_metrics_opts {
	size_t size; /* sizeof(struct bpfl_metrics_opts) */
	const char *prefix; /* of all names of maps and variables; NULL: "bpf" */
	uint32_t max_elements; /* of one map on a page; what is more is left out, and the page says so; 0: 10000 */
	bool per_cpu; /* values of per-CPU maps one by one, with a label "cpu"; else their sum */
	/*
	 * What the types do not say: "MAP", "MAP.MEMBER" or "VARIABLE" are of this kind; for
	 * BPFL_METRIC_HISTOGRAM "MAP[:WORDS]", with the words of struct bpfl_view_opts. Borrowed until the
	 * metrics are destroyed.
	 */
	const char *const *told[BPFL_NR_METRIC_KINDS];
	size_t nr_told[BPFL_NR_METRIC_KINDS];
};

/*
 * Metrics of nothing.
 * @opts: may be NULL.
 * @ret_metrics: to be given to bpfl_metrics_destroy().
 * Return: 0; -EINVAL (kind USAGE) for a prefix that is no name; -ENOMEM.
 */
BPFL_API int bpfl_metrics_create(const struct bpfl_metrics_opts *opts, struct bpfl_metrics **ret_metrics,
				 struct bpfl_error *err);
/* NULL is fine. The maps stay open. */
BPFL_API void bpfl_metrics_destroy(struct bpfl_metrics *metrics);

/*
 * Adds what a map holds.
 * @map: borrowed; must stay open until the metrics are destroyed.
 * Return: how many metrics it gives; 0: none (a buffer, a table of programs or maps, constants, values that are
 *         no numbers); -EINVAL,
 *	-ENOENT (kind USAGE) for a map that was told to be a histogram and is none; -ENOMEM.
 */
BPFL_API int bpfl_metrics_add_map(struct bpfl_metrics *metrics, const struct bpfl_map *map, struct bpfl_error *err);

/*
 * Adds how often the programs of an object ran and how long: bpfload_program_runs_total,
 * bpfload_program_run_seconds_total. They are on the page while the kernel counts (kernel.bpf_stats_enabled,
 * Linux 5.1).
 * @object: borrowed; must stay open until the metrics are destroyed.
 */
BPFL_API void bpfl_metrics_add_object(struct bpfl_metrics *metrics, const struct bpfl_object *object);

/*
 * A number of the caller's own. It stands on each page until it is put again under the same name and label.
 * @name: of the metric as it stands; @kind: COUNTER, GAUGE or UNTYPED; @help: one line. Copied; of one name
 * those of the first call count.
 * @label, @label_value: NULL, or a label. Copied.
 * Return: 0; -EINVAL (kind USAGE) for a name that is none; -ENOMEM.
 */
BPFL_API int bpfl_metrics_put(struct bpfl_metrics *metrics, const char *name, enum bpfl_metric_kind kind,
			      const char *help, const char *label, const char *label_value, uint64_t value,
			      struct bpfl_error *err);

/*
 * Return: a word of opts.told that no map or variable has taken so far, borrowed from the caller of
 *         bpfl_metrics_create(); NULL: all were taken.
 */
BPFL_API const char *bpfl_metrics_unused(const struct bpfl_metrics *metrics);

/*
 * The page. A map that cannot be read is left out and is 1 in bpfload_export_incomplete.
 * @ret_text: malloc'ed; free() it.
 * Return: 0 or -ENOMEM.
 * Needs: what reading the maps needs.
 */
BPFL_API int bpfl_metrics_text(const struct bpfl_metrics *metrics, char **ret_text, struct bpfl_error *err);

#ifdef __cplusplus
}
#endif

#endif
