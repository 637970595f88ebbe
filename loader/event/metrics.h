/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/metrics: what is exported (worked out once, metrics.c), read and written for each page (metrics_text.c).
 */
#ifndef BPFL_EVENT_METRICS_H
#define BPFL_EVENT_METRICS_H

#include "bpfload/metrics.h"
#include "event/hist.h"
#include "event/side.h"

/* One number of a value, or an array of numbers: one metric. */
struct bpfl_metric_field {
	char *name; /* of the metric; owned */
	char *path; /* of the member; "" the whole; owned */
	enum bpfl_metric_kind kind;
	uint32_t field_idx; /* of the part's layout; BPFL_NO_FIELD: see below */
	uint32_t byte_off, item_size, nr_items; /* in the part; more than one: label "index" */
	bool is_signed;
};

/* A map's value, or one variable of it. */
struct bpfl_metric_part {
	const char *name; /* borrowed: the map's or the variable's */
	bool is_variable;
	uint32_t byte_off, size;
	struct bpfl_layout layout; /* no fields: bytes */
	BPFL_VEC(struct bpfl_metric_field) fields;
};

struct bpfl_metric_source {
	const struct bpfl_map *map;
	struct bpfl_side key;
	BPFL_VEC(char *) labels; /* of the key's fields, owned; NULL: none */
	BPFL_VEC(struct bpfl_metric_part) parts;
	/* A histogram: the parts are what else the value holds. */
	bool is_hist;
	struct bpfl_hist_shape shape;
	char *hist_name; /* owned */
	uint32_t sum_off, sum_size; /* in the value; size 0: it keeps no sum */
};

/* What bpfl_metrics_put() keeps. */
struct bpfl_metric_number {
	char *name, *help, *labels; /* owned; labels: "" or as they stand between braces */
	enum bpfl_metric_kind kind;
	uint64_t value;
};

struct bpfl_metrics {
	char *prefix;
	uint32_t max_elements;
	bool per_cpu;
	struct { const char *const *words; bool *used; size_t nr; } told[BPFL_NR_METRIC_KINDS];
	BPFL_VEC(struct bpfl_metric_source) sources;
	BPFL_VEC(const struct bpfl_object *) objects;
	BPFL_VEC(struct bpfl_metric_number) numbers; /* those of one name stand together */
	BPFL_VEC(char *) names; /* that are taken; owned */
};

/* metrics_name.c */
bool bpfl_metric_is_name(const char *name);
/* PREFIX_BASE[_MEMBER][_total], with a number when that is taken; malloc'ed. NULL without memory. */
char *bpfl_metric_name_make(struct bpfl_metrics *metrics, const char *base, const char *member,
			    enum bpfl_metric_kind kind);
/* Whether the caller named "NAME" or "NAME.PATH"; with ret_words "NAME[:WORDS]". */
bool bpfl_metric_is_told(struct bpfl_metrics *metrics, enum bpfl_metric_kind kind, const char *name, const char *path,
			 const char **ret_words);
/* Fills source->labels; an array of one element needs none, nor do the slots of a histogram. 0 or -ENOMEM. */
int bpfl_metric_labels_make(struct bpfl_metric_source *source);

/*
 * metrics_text.c: NAME="VALUE" behind what is there, with a comma in between. The value is any bytes: what
 * is no UTF-8 becomes \xNN.
 */
void bpfl_metric_put_label(struct bpfl_buf *labels, const char *name, const char *value, size_t size);

#endif
