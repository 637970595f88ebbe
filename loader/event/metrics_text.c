/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/metrics_text.c: the page of metrics, in Prometheus' text format 0.0.4.
 *
 *     # HELP bpf_writers_bytes Member 'bytes' of the values of BPF map 'writers' (percpu_hash, summed over CPUs).
 *     # TYPE bpf_writers_bytes untyped
 *     bpf_writers_bytes{pid="4711",comm="dd"} 70000000
 *
 * All lines of one metric stand together, and no two have the same labels: a page with two is refused as a
 * whole. Keys that differ in bytes can look alike (padding, the bytes behind a string's end), so lines are
 * collected by their labels first, and the values of those that look alike are added. That is done map by map:
 * a metric never comes from two.
 *
 * A histogram of powers of two is exact: slot i counts whole numbers from 2^i to 2^(i+1)-1, and that is its
 * le="". The last slot of a fixed number of slots also takes what is larger, so it is le="+Inf". Slots know no
 * sum: unless the value has a member "sum", it is estimated from the middle of each slot, and HELP says so.
 */
#include "event/metrics.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/hash.h"
#include "base/text.h"
#include "sys/bpf.h"
#include "sys/facts.h"

#define SLOTS_MAX 4096u
#define SLOTS_OF_KEYS 32u /* at least so many are shown, so that the page does not grow with each new slot */

struct series {
	char *labels; /* as they stand between braces; owned */
	uint64_t value; /* of a histogram: the sum */
	uint64_t *counts; /* of a histogram; owned */
	size_t nr_counts;
};

/* The lines of one metric. */
struct family {
	BPFL_VEC(struct series) series;
	struct bpfl_hash by_labels;
};

struct page {
	const struct bpfl_metrics *metrics;
	const struct bpfl_metric_source *source;
	struct family *families; /* of the source: a histogram's first, then the fields of its parts in order */
	size_t nr_families;
	uint32_t nr_elements;
	struct bpfl_buf labels; /* scratch */
	struct bpfl_buf *out;
};

/* ---- labels ---- */

void bpfl_metric_put_label(struct bpfl_buf *labels, const char *name, const char *value, size_t size)
{
	const unsigned char *bytes = (const unsigned char *)value;

	bpfl_buf_printf(labels, "%s%s=\"", labels->size ? "," : "", name);
	for (size_t i = 0; i < size;) {
		size_t len = bpfl_text_utf8_len(bytes + i, size - i);
		bool is_control = len == 1 && (bytes[i] < 0x20 || bytes[i] == 0x7f);

		if (bytes[i] == '\n')
			bpfl_buf_text(labels, "\\n");
		else if (bytes[i] == '"' || bytes[i] == '\\')
			bpfl_buf_append(labels, (char[]){ '\\', (char)bytes[i] }, 2);
		else if (len == 0 || is_control) /* the backslash itself has to be escaped */
			bpfl_buf_printf(labels, "\\\\x%02x", bytes[i]);
		else
			bpfl_buf_append(labels, bytes + i, len);
		i += len ? len : 1;
	}
	bpfl_buf_char(labels, '"');
}

/* One field of a key. Strings are taken as they are, amounts as plain numbers, everything else as people read it. */
static void key_label(const struct bpfl_side *key, const char *name, size_t idx, const uint8_t *bytes,
		      struct bpfl_buf *labels)
{
	const struct bpfl_field *field = key->layout.fields.nr ? &key->layout.fields.items[idx] : NULL;
	struct bpfl_buf *scratch = (struct bpfl_buf *)&key->scratch;
	struct bpfl_field_ctx ctx = { .layout = &key->layout, .data = bytes, .size = key->size, .scratch = scratch };
	struct bpfl_buf text = BPFL_BUF_INIT;
	const char *string;
	uint64_t number;
	size_t size;
	bool is_signed;

	if (field && bpfl_field_text(&ctx, field, &string, &size)) {
		bpfl_metric_put_label(labels, name, string, size);
		return;
	}
	if (field &&
	    (field->form == BPFL_FORM_DURATION || field->form == BPFL_FORM_TIME || field->form == BPFL_FORM_BYTES) &&
	    bpfl_field_number(&ctx, field, &number, &is_signed))
		bpfl_put_u64(&text, number);
	else
		bpfl_side_put((struct bpfl_side *)key, idx, bytes, BPFL_STYLE_CELL, &text);
	if (bpfl_buf_ok(&text))
		bpfl_metric_put_label(labels, name, text.data ? text.data : "", text.size);
	else
		labels->failed = true;
	bpfl_buf_deinit(&text);
}

static void key_labels(struct page *page, const uint8_t *key)
{
	page->labels.size = 0;
	bpfl_buf_text(&page->labels, "");
	for (size_t i = 0; key && i < page->source->labels.nr; i++) {
		if (page->source->labels.items[i])
			key_label(&page->source->key, page->source->labels.items[i], i, key, &page->labels);
	}
}

/* ---- collecting ---- */

/* The line with the labels in page->labels, made when it is new. NULL without memory. */
static struct series *series_of(struct page *page, struct family *family)
{
	struct series *series;
	uint32_t idx;

	if (!bpfl_buf_ok(&page->labels))
		return NULL;
	if (bpfl_hash_get(&family->by_labels, page->labels.data, page->labels.size, &idx) == 0)
		return &family->series.items[idx];
	series = BPFL_VEC_PUSH(&family->series);
	if (series)
		series->labels = bpfl_strndup(page->labels.data, page->labels.size);
	if (!series || !series->labels ||
	    bpfl_hash_put(&family->by_labels, series->labels, page->labels.size, (uint32_t)family->series.nr - 1) < 0)
		return NULL;
	return series;
}

/* Adds a number to the line of these labels. Negative numbers are their two's complement, so that adding is adding. */
static int number_add(struct page *page, struct family *family, uint64_t number)
{
	struct series *series = series_of(page, family);

	if (!series)
		return -ENOMEM;
	series->value += number;
	return 0;
}

/* Item item of a field in the bytes of its part. */
static uint64_t number_at(const struct bpfl_metric_part *part, const struct bpfl_metric_field *field,
			  const uint8_t *bytes, uint32_t item)
{
	struct bpfl_field_ctx ctx = { .layout = &part->layout, .data = bytes, .size = part->size };
	uint64_t value = 0;
	bool is_signed;

	if (field->field_idx != BPFL_NO_FIELD) {
		bpfl_field_number(&ctx, &part->layout.fields.items[field->field_idx], &value, &is_signed);
		return value;
	}
	bpfl_bytes_number(bytes + field->byte_off + (size_t)item * field->item_size, field->item_size, &value);
	if (field->is_signed && field->item_size < 8 && value >> (field->item_size * 8 - 1))
		value |= UINT64_MAX << (field->item_size * 8);
	return value;
}

/* One number; of a per-CPU map those of all CPUs, one by one or summed. cpu: which, or UINT_MAX. */
static int field_read(struct page *page, struct family *family, const struct bpfl_metric_part *part,
		      const struct bpfl_metric_field *field, const uint8_t *value)
{
	const struct bpfl_map *map = page->source->map;
	unsigned nr_cpus = map->nr_cpus ? map->nr_cpus : 1;
	size_t key_size = page->labels.size;
	int ret = 0;

	for (uint32_t item = 0; item < field->nr_items && ret == 0; item++) {
		for (unsigned cpu = 0; cpu < nr_cpus && ret == 0; cpu++) {
			const uint8_t *bytes = value + cpu * bpfl_map_cpu_stride(map) + part->byte_off;
			char text[16];

			page->labels.size = key_size;
			if (field->nr_items > 1) {
				snprintf(text, sizeof(text), "%u", item);
				bpfl_metric_put_label(&page->labels, "index", text, strlen(text));
			}
			if (map->nr_cpus && page->metrics->per_cpu) {
				snprintf(text, sizeof(text), "%u", cpu);
				bpfl_metric_put_label(&page->labels, "cpu", text, strlen(text));
			}
			ret = number_add(page, family, number_at(part, field, bytes, item));
		}
	}
	page->labels.size = key_size;
	return ret;
}

static int parts_read(struct page *page, const uint8_t *value)
{
	const struct bpfl_metric_source *source = page->source;
	struct family *family = page->families + source->is_hist;
	int ret = 0;

	for (size_t p = 0; p < source->parts.nr; p++) {
		const struct bpfl_metric_part *part = &source->parts.items[p];

		for (size_t i = 0; i < part->fields.nr && ret == 0; i++)
			ret = field_read(page, family++, part, &part->fields.items[i], value);
	}
	return ret;
}

/* ---- histograms ---- */

static uint64_t slot_middle(const struct bpfl_hist_shape *shape, uint64_t slot)
{
	if (shape->is_linear)
		return slot * shape->step + shape->step / 2;
	return slot == 0 ? 1 : slot > 62 ? 3ull << 62 : 3ull << (slot - 1);
}

static int slot_add(struct series *series, uint64_t slot, uint64_t count)
{
	if (slot >= SLOTS_MAX)
		slot = SLOTS_MAX - 1;
	if (slot >= series->nr_counts) {
		size_t nr = (size_t)slot + 1;
		uint64_t *counts = realloc(series->counts, nr * sizeof(*counts));

		if (!counts)
			return -ENOMEM;
		memset(counts + series->nr_counts, 0, (nr - series->nr_counts) * sizeof(*counts));
		series->counts = counts;
		series->nr_counts = nr;
	}
	series->counts[slot] += count;
	return 0;
}

static uint64_t key_slot(const struct bpfl_metric_source *source, const uint8_t *key)
{
	uint64_t slot = 0;
	uint32_t index;
	bool is_signed;

	if (source->shape.kind == BPFL_HIST_KEYS) {
		bpfl_side_number(&source->key, source->shape.slot_field, key, &slot, &is_signed);
		return slot;
	}
	memcpy(&index, key, sizeof(index));
	return index;
}

/* One element: some slots of the histogram of its labels. All CPUs are added. */
static int hist_read(struct page *page, const uint8_t *key, const uint8_t *value)
{
	const struct bpfl_metric_source *source = page->source;
	const struct bpfl_hist_shape *shape = &source->shape;
	unsigned nr_cpus = source->map->nr_cpus ? source->map->nr_cpus : 1;
	uint64_t first = shape->kind == BPFL_HIST_VALUES ? 0 : key_slot(source, key);
	struct series *series = series_of(page, &page->families[0]);
	int ret = series ? 0 : -ENOMEM;

	for (unsigned cpu = 0; cpu < nr_cpus; cpu++) {
		const uint8_t *bytes = value + cpu * bpfl_map_cpu_stride(source->map);
		uint64_t sum = 0;

		for (uint32_t i = 0; i < shape->nr_counts && ret == 0; i++) {
			uint64_t count = 0;

			bpfl_bytes_number(bytes + shape->byte_off + (size_t)i * shape->count_size, shape->count_size,
					  &count);
			ret = slot_add(series, first + i, count);
			if (ret == 0 && source->sum_size == 0)
				series->value += count * slot_middle(shape, first + i);
		}
		if (ret == 0 && source->sum_size && bpfl_bytes_number(bytes + source->sum_off, source->sum_size, &sum))
			series->value += sum;
	}
	return ret;
}

static void put_line(struct page *page, const char *name, const char *end, const char *labels, const char *le,
		     uint64_t value)
{
	struct bpfl_buf *out = page->out;

	bpfl_buf_printf(out, "%s%s", name, end);
	if (*labels || le)
		bpfl_buf_printf(out, "{%s%s%s%s%s}", labels, *labels && le ? "," : "", le ? "le=\"" : "", le ? le : "",
				le ? "\"" : "");
	bpfl_buf_char(out, ' ');
	bpfl_put_u64(out, value);
	bpfl_buf_char(out, '\n');
}

static void hist_put(struct page *page, const struct series *series)
{
	const struct bpfl_hist_shape *shape = &page->source->shape;
	const char *name = page->source->hist_name;
	bool by_key = shape->kind == BPFL_HIST_KEYS;
	size_t nr = series->nr_counts < SLOTS_OF_KEYS && by_key && !shape->is_linear ? SLOTS_OF_KEYS
										     : series->nr_counts;
	uint64_t total = 0, sum = series->value;
	char le[24];

	for (size_t i = 0; i < nr; i++) {
		uint64_t below = shape->is_linear ? (i + 1) * shape->step : i < 63 ? 2ull << i : 0;

		total += i < series->nr_counts ? series->counts[i] : 0;
		if (below == 0 || (!by_key && i + 1 == nr))
			continue; /* the last one takes all that is larger */
		snprintf(le, sizeof(le), "%" PRIu64, below - 1);
		put_line(page, name, "_bucket", series->labels, le, total);
	}
	put_line(page, name, "_bucket", series->labels, "+Inf", total);
	put_line(page, name, "_sum", series->labels, NULL, sum);
	put_line(page, name, "_count", series->labels, NULL, total);
}

/* ---- a source ---- */

static void put_text_of_help(struct bpfl_buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\\' || *text == '\n')
			bpfl_buf_text(out, *text == '\n' ? "\\n" : "\\\\");
		else
			bpfl_buf_char(out, *text);
	}
}

static void put_heading(struct bpfl_buf *out, const char *name, enum bpfl_metric_kind kind, const char *help)
{
	static const char *const kinds[] = { "untyped", "counter", "gauge", "histogram" };

	bpfl_buf_printf(out, "# HELP %s ", name);
	put_text_of_help(out, help);
	bpfl_buf_printf(out, "\n# TYPE %s %s\n", name, kinds[kind]);
}

static void field_heading(struct page *page, const struct bpfl_metric_part *part, const struct bpfl_metric_field *field)
{
	const struct bpfl_map *map = page->source->map;
	const char *type = bpfl_map_type_name(map->type),
		   *note = !map->nr_cpus || page->metrics->per_cpu ? "" : ", summed over CPUs";
	struct bpfl_buf help = BPFL_BUF_INIT;

	if (field->path[0])
		bpfl_buf_printf(&help, "Member '%s' of ", BPFL_ESC(field->path));
	if (part->is_variable)
		bpfl_buf_printf(&help, "%slobal variable '%s' of a BPF object.", field->path[0] ? "g" : "G",
				BPFL_ESC(part->name));
	else
		bpfl_buf_printf(&help, "%salues of BPF map '%s' (%s%s).", field->path[0] ? "the v" : "V",
				BPFL_ESC(map->name), type ? type : "?", note);
	put_heading(page->out, field->name, field->kind, help.data ? help.data : "");
	bpfl_buf_deinit(&help);
}

static void field_put(struct page *page, const struct family *family, const struct bpfl_metric_part *part,
		      const struct bpfl_metric_field *field)
{
	bool is_signed = field->is_signed;

	if (family->series.nr == 0)
		return;
	if (field->field_idx != BPFL_NO_FIELD) { /* as the form reads it; zeroes will do to ask */
		uint8_t *zeroes = calloc(1, (size_t)part->size + 8);
		struct bpfl_field_ctx ctx = { .layout = &part->layout, .data = zeroes, .size = part->size };
		uint64_t ignored;

		if (zeroes)
			bpfl_field_number(&ctx, &part->layout.fields.items[field->field_idx], &ignored, &is_signed);
		free(zeroes);
	}
	field_heading(page, part, field);
	for (size_t i = 0; i < family->series.nr; i++) {
		const struct series *series = &family->series.items[i];
		bool is_negative = is_signed && (int64_t)series->value < 0;

		bpfl_buf_printf(page->out, *series->labels ? "%s{%s} %s" : "%s%s %s", field->name, series->labels,
				is_negative ? "-" : "");
		bpfl_put_u64(page->out, is_negative ? 0 - series->value : series->value);
		bpfl_buf_char(page->out, '\n');
	}
}

static void source_put(struct page *page)
{
	const struct bpfl_metric_source *source = page->source;
	const struct family *family = page->families;

	if (source->is_hist && family->series.nr > 0) {
		struct bpfl_buf help = BPFL_BUF_INIT;

		bpfl_buf_printf(&help, "Histogram of BPF map '%s'%s.", BPFL_ESC(source->map->name),
				source->sum_size ? "" : "; the sum is estimated from the middle of each slot");
		put_heading(page->out, source->hist_name, BPFL_METRIC_HISTOGRAM, help.data ? help.data : "");
		for (size_t i = 0; i < family->series.nr; i++)
			hist_put(page, &family->series.items[i]);
		bpfl_buf_deinit(&help);
	}
	family += source->is_hist;
	for (size_t p = 0; p < source->parts.nr; p++) {
		for (size_t i = 0; i < source->parts.items[p].fields.nr; i++)
			field_put(page, family++, &source->parts.items[p], &source->parts.items[p].fields.items[i]);
	}
}

static int element_read(void *ctx, const void *key, const void *value)
{
	struct page *page = ctx;
	const struct bpfl_metric_source *source = page->source;
	int ret = 0;

	if (page->nr_elements++ >= page->metrics->max_elements &&
	    !(source->is_hist && source->shape.kind != BPFL_HIST_VALUES))
		return -EFBIG;
	key_labels(page, source->parts.nr && source->parts.items[0].is_variable ? NULL : key);
	if (source->is_hist)
		ret = hist_read(page, key, value);
	return ret == 0 ? parts_read(page, value) : ret;
}

static void families_free(struct page *page)
{
	for (size_t f = 0; f < page->nr_families; f++) {
		struct family *family = &page->families[f];

		for (size_t i = 0; i < family->series.nr; i++) {
			free(family->series.items[i].labels);
			free(family->series.items[i].counts);
		}
		free(family->series.items);
		bpfl_hash_deinit(&family->by_labels);
	}
	free(page->families);
	page->families = NULL;
}

/* 0; 1: not all of it could be read; -ENOMEM. */
static int source_text(struct page *page, const struct bpfl_metric_source *source)
{
	int ret;

	page->source = source;
	page->nr_elements = 0;
	page->nr_families = source->is_hist;
	for (size_t p = 0; p < source->parts.nr; p++)
		page->nr_families += source->parts.items[p].fields.nr;
	page->families = calloc(page->nr_families, sizeof(*page->families));
	if (!page->families)
		return -ENOMEM;
	ret = bpfl_map_each(source->map, 0, element_read, page, NULL);
	if (ret != -ENOMEM && (ret >= 0 || ret == -EFBIG))
		source_put(page);
	families_free(page);
	return ret == -ENOMEM ? ret : ret != 0;
}

/* ---- the rest of the page ---- */

static void run_labels(struct bpfl_buf *labels, const char *name, uint32_t id)
{
	char text[16];

	labels->size = 0;
	snprintf(text, sizeof(text), "%u", id);
	bpfl_metric_put_label(labels, "program", name, strlen(name));
	bpfl_metric_put_label(labels, "id", text, strlen(text));
}

/* Programs are counted while the sysctl is on, or somebody holds a BPF_ENABLE_STATS descriptor. */
static void programs_put(const struct bpfl_metrics *metrics, struct bpfl_buf *out)
{
	struct bpfl_buf labels = BPFL_BUF_INIT, runs = BPFL_BUF_INIT, seconds = BPFL_BUF_INIT;
	bool is_counted = bpfl_facts_sysctl("kernel/bpf_stats_enabled") == 1;

	for (size_t o = 0; o < metrics->objects.nr; o++) {
		const struct bpfl_object *object = metrics->objects.items[o];

		for (size_t i = 0; i < object->image->spec->progs.nr; i++) {
			int fd = bpfl_object_prog_fd_at(object, i);
			struct bpfl_prog_info info = { 0 };
			uint32_t size = sizeof(info);

			if (fd < 0 || bpfl_sys_obj_info(fd, &info, &size) < 0)
				continue;
			run_labels(&labels, object->image->spec->progs.items[i].name, info.id);
			if (!bpfl_buf_ok(&labels))
				break;
			bpfl_buf_printf(&runs, "bpfload_program_runs_total{%s} %" PRIu64 "\n", labels.data,
					info.run_cnt);
			bpfl_buf_printf(&seconds, "bpfload_program_run_seconds_total{%s} %" PRIu64 ".%09" PRIu64 "\n",
					labels.data, info.run_time_ns / 1000000000, info.run_time_ns % 1000000000);
			is_counted = is_counted || info.run_cnt > 0;
		}
	}
	if (is_counted && runs.size > 0 && bpfl_buf_ok(&seconds)) {
		put_heading(out, "bpfload_program_runs_total", BPFL_METRIC_COUNTER, "How often a BPF program ran.");
		bpfl_buf_append(out, runs.data, runs.size);
		put_heading(out, "bpfload_program_run_seconds_total", BPFL_METRIC_COUNTER,
			    "How long a BPF program ran.");
		bpfl_buf_append(out, seconds.data, seconds.size);
	}
	out->failed = out->failed || labels.failed || runs.failed || seconds.failed;
	bpfl_buf_deinit(&labels);
	bpfl_buf_deinit(&runs);
	bpfl_buf_deinit(&seconds);
}

static void numbers_put(const struct bpfl_metrics *metrics, struct bpfl_buf *out)
{
	for (size_t i = 0; i < metrics->numbers.nr; i++) {
		const struct bpfl_metric_number *number = &metrics->numbers.items[i];

		if (i == 0 || strcmp(number->name, number[-1].name) != 0)
			put_heading(out, number->name, number->kind, number->help);
		bpfl_buf_printf(out, *number->labels ? "%s{%s} %" PRIu64 "\n" : "%s%s %" PRIu64 "\n", number->name,
				number->labels, number->value);
	}
}

int bpfl_metrics_text(const struct bpfl_metrics *metrics, char **ret_text, struct bpfl_error *err)
{
	struct bpfl_buf out = BPFL_BUF_INIT, incomplete = BPFL_BUF_INIT;
	struct page page = { .metrics = metrics, .out = &out };
	char *text = NULL;
	int ret = 0;

	for (size_t i = 0; i < metrics->sources.nr && ret >= 0; i++) {
		const char *name = metrics->sources.items[i].map->name;

		ret = source_text(&page, &metrics->sources.items[i]);
		page.labels.size = 0;
		bpfl_metric_put_label(&page.labels, "map", name, strlen(name));
		if (bpfl_buf_ok(&page.labels) && ret >= 0)
			bpfl_buf_printf(&incomplete, "bpfload_export_incomplete{%s} %d\n", page.labels.data, ret);
	}
	if (metrics->sources.nr > 0) {
		put_heading(&out, "bpfload_export_incomplete", BPFL_METRIC_GAUGE,
			    "1: this map could not be read, or not all of it.");
		bpfl_buf_text(&out, incomplete.data ? incomplete.data : "");
	}
	programs_put(metrics, &out);
	numbers_put(metrics, &out);
	bpfl_buf_text(&out, "");
	if (ret >= 0 && bpfl_buf_ok(&incomplete))
		text = bpfl_buf_take(&out);
	bpfl_buf_deinit(&page.labels);
	bpfl_buf_deinit(&incomplete);
	bpfl_buf_deinit(&out);
	if (!text)
		return bpfl_error_nomem(err);
	*ret_text = text;
	return 0;
}
