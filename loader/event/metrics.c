/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/metrics.c: which numbers of a map become which metrics. See include/bpfload/metrics.h.
 *
 * All of it is decided once, when a map is added: names in metrics_name.c, what is a number and of which kind
 * here. metrics_text.c reads and writes them, each time that a page is wanted.
 */
#include "event/metrics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "event/gadget_types.h"
#include "spec/spec.h"

#define MAX_ELEMENTS_DEFAULT 10000u
#define ARRAY_ITEMS_MAX 1024u

/* ---- kinds ---- */

static bool is_metric(const struct bpfl_btf *btf, uint32_t type_id, enum bpfl_field_metric metric)
{
	const struct bpfl_gadget_type *row = bpfl_gadget_type_find(btf, type_id);

	return row && row->metric == metric;
}

static enum bpfl_metric_kind kind_of(struct bpfl_metrics *metrics, const struct bpfl_metric_part *part,
				     const char *path, const struct bpfl_btf *btf, uint32_t type_id)
{
	static const enum bpfl_metric_kind kinds[] = { BPFL_METRIC_COUNTER, BPFL_METRIC_GAUGE, BPFL_METRIC_UNTYPED };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (bpfl_metric_is_told(metrics, kinds[i], part->name, path, NULL))
			return kinds[i];
	}
	if (type_id && is_metric(btf, type_id, BPFL_FIELD_COUNTER))
		return BPFL_METRIC_COUNTER;
	return type_id && is_metric(btf, type_id, BPFL_FIELD_GAUGE) ? BPFL_METRIC_GAUGE : BPFL_METRIC_UNTYPED;
}

/* ---- the numbers of a value ---- */

static bool is_count_size(uint32_t size)
{
	return size == 1 || size == 2 || size == 4 || size == 8;
}

static bool is_number_form(enum bpfl_form form)
{
	switch (form) {
	case BPFL_FORM_UINT:
	case BPFL_FORM_SINT:
	case BPFL_FORM_BOOL:
	case BPFL_FORM_ENUM:
	case BPFL_FORM_TIME:
	case BPFL_FORM_DURATION:
	case BPFL_FORM_BYTES:
		return true;
	default:
		return false;
	}
}

/* An array of integers of more than a byte: those are bytes. */
static bool is_number_array(const struct bpfl_btf *btf, const struct bpfl_field *field, struct bpfl_metric_field *ret,
			    uint32_t *ret_type)
{
	const struct bpfl_btf_type *type = bpfl_btf_skip_modifiers(btf, field->type_id, NULL);
	const struct bpfl_btf_array *array;

	if (field->form != BPFL_FORM_VALUE || bpfl_btf_kind(type) != BPFL_KIND_ARRAY)
		return false;
	array = bpfl_btf_array(type);
	type = bpfl_btf_skip_modifiers(btf, array->type, NULL);
	if (bpfl_btf_kind(type) != BPFL_KIND_INT || type->size == 1 || !is_count_size(type->size) ||
	    array->nr_elems == 0 || array->nr_elems > ARRAY_ITEMS_MAX)
		return false;
	*ret_type = array->type;
	ret->byte_off = field->byte_off;
	ret->item_size = type->size;
	ret->nr_items = array->nr_elems;
	ret->is_signed = bpfl_btf_int_encoding(type) & BPFL_INT_SIGNED;
	return true;
}

/* One more metric of a part. Its name is "value" by the layout when the whole is one number. */
static int field_add(struct bpfl_metrics *metrics, struct bpfl_metric_part *part, const struct bpfl_metric_field *field,
		     const char *path, const struct bpfl_btf *btf, uint32_t type_id)
{
	struct bpfl_metric_field *slot = BPFL_VEC_PUSH(&part->fields);

	if (!slot)
		return -ENOMEM;
	*slot = *field;
	slot->path = bpfl_strdup(path);
	if (!slot->path)
		return -ENOMEM;
	slot->kind = kind_of(metrics, part, path, btf, type_id);
	slot->name = bpfl_metric_name_make(metrics, part->name, path, slot->kind);
	return slot->name ? 0 : -ENOMEM;
}

/* The members that a histogram has already. */
static bool is_of_hist(const struct bpfl_metric_source *source, const struct bpfl_field *field)
{
	return source->is_hist && source->shape.kind == BPFL_HIST_VALUES &&
	       (field->byte_off == source->shape.byte_off || strcmp(field->name, "sum") == 0 ||
		strcmp(field->name, "count") == 0);
}

static int part_fields(struct bpfl_metrics *metrics, const struct bpfl_metric_source *source,
		       struct bpfl_metric_part *part, const struct bpfl_btf *btf)
{
	struct bpfl_metric_field bare = { .field_idx = BPFL_NO_FIELD, .item_size = part->size, .nr_items = 1 };
	int ret = 0;

	if (part->layout.fields.nr == 0)
		return is_count_size(part->size) ? field_add(metrics, part, &bare, "", NULL, 0) : 0;
	for (uint32_t i = 0; i < part->layout.fields.nr && ret == 0; i++) {
		const struct bpfl_field *field = &part->layout.fields.items[i];
		struct bpfl_metric_field metric = { .field_idx = i, .nr_items = 1 };
		bool is_whole = part->layout.fields.nr == 1 && strcmp(field->name, "value") == 0;
		uint32_t type_id = field->type_id;

		if (is_of_hist(source, field))
			continue;
		if (is_number_array(btf, field, &metric, &type_id))
			metric.field_idx = BPFL_NO_FIELD;
		else if (!is_number_form(field->form))
			continue;
		ret = field_add(metrics, part, &metric, is_whole ? "" : field->name, btf, type_id);
	}
	return ret;
}

static int part_add(struct bpfl_metrics *metrics, struct bpfl_metric_source *source, const char *name, bool is_variable,
		    uint32_t type_id, uint32_t byte_off, uint32_t size)
{
	const struct bpfl_btf *btf = source->map->btf;
	struct bpfl_metric_part *part = BPFL_VEC_PUSH(&source->parts);

	if (!part)
		return -ENOMEM;
	*part = (struct bpfl_metric_part){
		.name = name, .is_variable = is_variable, .byte_off = byte_off, .size = size
	};
	if (bpfl_map_type_fits(source->map, type_id, size) && bpfl_layout_init(&part->layout, btf, type_id) == -ENOMEM)
		return -ENOMEM;
	return part_fields(metrics, source, part, btf);
}

/* ---- variables ---- */

static int object_variables(struct bpfl_metrics *metrics, struct bpfl_metric_source *source)
{
	const struct bpfl_spec *spec = source->map->object->image->spec;
	int ret = 0;

	for (size_t i = 0; i < spec->vars.nr && ret == 0; i++) {
		const struct bpfl_var *var = &spec->vars.items[i];

		if (var->map_idx == source->map->map_idx && var->byte_off <= source->map->value_size &&
		    var->size_bytes <= source->map->value_size - var->byte_off)
			ret = part_add(metrics, source, var->name, true, var->type_id, var->byte_off, var->size_bytes);
	}
	return ret;
}

static int section_variables(struct bpfl_metrics *metrics, struct bpfl_metric_source *source,
			     const struct bpfl_btf_type *section)
{
	const struct bpfl_btf *btf = source->map->btf;
	int ret = 0;

	for (uint32_t i = 0; i < bpfl_btf_vlen(section) && ret == 0; i++) {
		const struct bpfl_btf_datasec_var *var = &bpfl_btf_datasec_vars(section)[i];
		const struct bpfl_btf_type *type = bpfl_btf_type(btf, var->type);

		if (type && var->byte_off <= source->map->value_size &&
		    var->size_bytes <= source->map->value_size - var->byte_off)
			ret = part_add(metrics, source, bpfl_btf_name(btf, var->type), true, type->type, var->byte_off,
				       var->size_bytes);
	}
	return ret;
}

/* ---- maps ---- */

/* Maps whose values are numbers that the kernel means: devices, stacks, CPUs. */
static bool is_exportable(const struct bpfl_map *map)
{
	const char *words;

	switch (map->type) {
	case BPFL_MAP_TYPE_STACK_TRACE:
	case BPFL_MAP_TYPE_DEVMAP:
	case BPFL_MAP_TYPE_DEVMAP_HASH:
	case BPFL_MAP_TYPE_CPUMAP:
	case BPFL_MAP_TYPE_STRUCT_OPS:
		return false;
	default:
		return bpfl_map_how(map, &words) == BPFL_READ_KEYS && !bpfl_text_has_prefix(map->name, "__bpf_usdt_");
	}
}

/*
 * The variables of .data and .bss; constants (.rodata, .kconfig) are none of interest. false: no such
 * section, but a map.
 */
static bool is_section(const struct bpfl_map *map, const struct bpfl_btf_type **ret_section, bool *ret_is_constant)
{
	const struct bpfl_btf_type *type = map->btf ? bpfl_btf_type(map->btf, map->value_type_id) : NULL;
	const char *name;

	*ret_section = NULL;
	*ret_is_constant = false;
	if (map->nr_cpus > 0)
		return false; /* .percpu: a map like others */
	if (map->object) {
		enum bpfl_map_origin origin = map->object->image->spec->maps.items[map->map_idx].origin;

		*ret_is_constant = origin == BPFL_MAP_RODATA || origin == BPFL_MAP_KCONFIG;
		return *ret_is_constant || origin == BPFL_MAP_DATA || origin == BPFL_MAP_BSS;
	}
	if (!type || bpfl_btf_kind(type) != BPFL_KIND_DATASEC)
		return false;
	name = bpfl_btf_string(map->btf, type->name_off);
	*ret_is_constant = bpfl_text_has_prefix(name, ".rodata") || bpfl_text_has_prefix(name, ".kconfig");
	*ret_section = type;
	return true;
}

/* Whether the types alone say that a map is a histogram: typedefs, or an array called "slots". */
static bool looks_like_hist(const struct bpfl_map *map)
{
	const struct bpfl_btf *btf = map->btf;
	const struct bpfl_btf_type *type;

	if (!btf || !map->value_type_id)
		return false;
	if (is_metric(btf, map->value_type_id, BPFL_FIELD_SLOTS))
		return true;
	type = bpfl_btf_skip_modifiers(btf, map->value_type_id, NULL);
	for (uint32_t i = 0; bpfl_btf_kind(type) == BPFL_KIND_STRUCT && i < bpfl_btf_vlen(type); i++) {
		const struct bpfl_btf_member *member = &bpfl_btf_members(type)[i];
		const struct bpfl_btf_type *array = bpfl_btf_skip_modifiers(btf, member->type, NULL);

		if (bpfl_btf_kind(array) == BPFL_KIND_ARRAY &&
		    (strcmp(bpfl_btf_string(btf, member->name_off), "slots") == 0 ||
		     is_metric(btf, bpfl_btf_array(array)->type, BPFL_FIELD_SLOTS)))
			return true;
	}
	return bpfl_btf_kind(type) == BPFL_KIND_ARRAY && is_metric(btf, bpfl_btf_array(type)->type, BPFL_FIELD_SLOTS);
}

/* A member "sum" beside the slots. */
static void sum_find(struct bpfl_metric_source *source)
{
	const struct bpfl_map *map = source->map;
	const struct bpfl_btf_type *type = map->btf ? bpfl_btf_skip_modifiers(map->btf, map->value_type_id, NULL)
						    : NULL;

	for (uint32_t i = 0; type && bpfl_btf_kind(type) == BPFL_KIND_STRUCT && i < bpfl_btf_vlen(type); i++) {
		const struct bpfl_btf_member *member = &bpfl_btf_members(type)[i];
		const struct bpfl_btf_type *number = bpfl_btf_skip_modifiers(map->btf, member->type, NULL);
		uint32_t byte_off = bpfl_btf_member_bit_off(type, i) / 8;

		if (strcmp(bpfl_btf_string(map->btf, member->name_off), "sum") == 0 &&
		    bpfl_btf_kind(number) == BPFL_KIND_INT && is_count_size(number->size) &&
		    (uint64_t)byte_off + number->size <= map->value_size) {
			source->sum_off = byte_off;
			source->sum_size = number->size;
		}
	}
}

static int hist_find(struct bpfl_metrics *metrics, struct bpfl_metric_source *source, struct bpfl_error *err)
{
	const struct bpfl_map *map = source->map;
	const char *words = NULL;
	bool told = bpfl_metric_is_told(metrics, BPFL_METRIC_HISTOGRAM, map->name, "", &words);
	int ret;

	if (!told && !looks_like_hist(map))
		return 0;
	ret = bpfl_hist_shape_find(&source->shape, map, &source->key, words, told ? err : NULL);
	if (ret < 0)
		return told || ret == -ENOMEM ? ret : 0;
	source->is_hist = true;
	if (source->shape.kind == BPFL_HIST_VALUES)
		sum_find(source);
	source->hist_name = bpfl_metric_name_make(metrics, map->name, "", BPFL_METRIC_HISTOGRAM);
	return source->hist_name ? 0 : bpfl_error_nomem(err);
}

/* ---- making ---- */

static void source_deinit(struct bpfl_metric_source *source)
{
	for (size_t p = 0; p < source->parts.nr; p++) {
		struct bpfl_metric_part *part = &source->parts.items[p];

		for (size_t i = 0; i < part->fields.nr; i++) {
			free(part->fields.items[i].name);
			free(part->fields.items[i].path);
		}
		free(part->fields.items);
		bpfl_layout_deinit(&part->layout);
	}
	for (size_t i = 0; i < source->labels.nr; i++)
		free(source->labels.items[i]);
	free(source->parts.items);
	free(source->labels.items);
	free(source->hist_name);
	bpfl_side_deinit(&source->key);
}

static int source_fill(struct bpfl_metrics *metrics, struct bpfl_metric_source *source, struct bpfl_error *err)
{
	const struct bpfl_map *map = source->map;
	const struct bpfl_btf_type *section;
	bool is_constant;
	int ret = 0;

	if (is_section(map, &section, &is_constant)) {
		if (!is_constant)
			ret = section ? section_variables(metrics, source, section) : object_variables(metrics, source);
		return ret == -ENOMEM ? bpfl_error_nomem(err) : ret;
	}
	ret = bpfl_side_init_key(&source->key, map, err);
	if (ret == 0)
		ret = hist_find(metrics, source, err);
	if (ret < 0)
		return ret;
	ret = bpfl_metric_labels_make(source);
	if (ret == 0 && (!source->is_hist || source->shape.kind == BPFL_HIST_VALUES))
		ret = part_add(metrics, source, map->name, false, map->value_type_id, 0, map->value_size);
	return ret == -ENOMEM ? bpfl_error_nomem(err) : ret;
}

int bpfl_metrics_add_map(struct bpfl_metrics *metrics, const struct bpfl_map *map, struct bpfl_error *err)
{
	struct bpfl_metric_source source = { .map = map }, *slot;
	int nr = 0, ret = 0;

	if (is_exportable(map))
		ret = source_fill(metrics, &source, err);
	for (size_t i = 0; i < source.parts.nr; i++)
		nr += (int)source.parts.items[i].fields.nr;
	nr += source.is_hist;
	slot = ret == 0 && nr > 0 ? BPFL_VEC_PUSH(&metrics->sources) : NULL;
	if (ret == 0 && nr > 0 && !slot)
		ret = bpfl_error_nomem(err);
	if (slot)
		*slot = source;
	else
		source_deinit(&source);
	return ret < 0 ? ret : nr;
}

void bpfl_metrics_add_object(struct bpfl_metrics *metrics, const struct bpfl_object *object)
{
	const struct bpfl_object **slot = BPFL_VEC_PUSH(&metrics->objects);

	if (slot)
		*slot = object;
}

/* Behind the last one of its name, so that a metric's lines stand together. */
static struct bpfl_metric_number *number_add(struct bpfl_metrics *metrics, const char *name, const char *labels)
{
	size_t at = metrics->numbers.nr;

	for (size_t i = 0; i < metrics->numbers.nr; i++) {
		struct bpfl_metric_number *number = &metrics->numbers.items[i];

		if (strcmp(number->name, name) != 0)
			continue;
		if (strcmp(number->labels, labels) == 0)
			return number;
		at = i + 1;
	}
	if (!BPFL_VEC_PUSH(&metrics->numbers))
		return NULL;
	memmove(&metrics->numbers.items[at + 1], &metrics->numbers.items[at],
		(metrics->numbers.nr - 1 - at) * sizeof(*metrics->numbers.items));
	metrics->numbers.items[at] = (struct bpfl_metric_number){ .name = NULL };
	return &metrics->numbers.items[at];
}

int bpfl_metrics_put(struct bpfl_metrics *metrics, const char *name, enum bpfl_metric_kind kind, const char *help,
		     const char *label, const char *label_value, uint64_t value, struct bpfl_error *err)
{
	struct bpfl_buf labels = BPFL_BUF_INIT;
	struct bpfl_metric_number *number = NULL;

	if (!bpfl_metric_is_name(name) || kind == BPFL_METRIC_HISTOGRAM || (label && !bpfl_metric_is_name(label)))
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "'%s' is no name of a metric", BPFL_ESC(name));
	bpfl_buf_text(&labels, "");
	if (label)
		bpfl_metric_put_label(&labels, label, label_value, strlen(label_value));
	if (bpfl_buf_ok(&labels))
		number = number_add(metrics, name, labels.data);
	if (number && !number->name) {
		number->name = bpfl_strdup(name);
		number->help = bpfl_strdup(help);
		number->labels = bpfl_buf_take(&labels);
		number->kind = kind;
		if (!number->name || !number->help || !number->labels) {
			size_t at = (size_t)(number - metrics->numbers.items);

			free(number->name);
			free(number->help);
			free(number->labels);
			metrics->numbers.nr--;
			memmove(number, number + 1, (metrics->numbers.nr - at) * sizeof(*number));
			number = NULL;
		}
	}
	bpfl_buf_deinit(&labels);
	if (!number)
		return bpfl_error_nomem(err);
	number->value = value;
	return 0;
}

int bpfl_metrics_create(const struct bpfl_metrics_opts *opts, struct bpfl_metrics **ret_metrics, struct bpfl_error *err)
{
	static const struct bpfl_metrics_opts defaults = { .size = sizeof(defaults) };
	struct bpfl_metrics *metrics;
	bool ok;

	if (!opts)
		opts = &defaults;
	if (opts->prefix && (!bpfl_metric_is_name(opts->prefix) || strchr(opts->prefix, ':')))
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "'%s' cannot begin the name of a metric",
				      BPFL_ESC(opts->prefix));
	metrics = calloc(1, sizeof(*metrics));
	if (!metrics)
		return bpfl_error_nomem(err);
	metrics->prefix = bpfl_strdup(opts->prefix ? opts->prefix : "bpf");
	metrics->max_elements = opts->max_elements ? opts->max_elements : MAX_ELEMENTS_DEFAULT;
	metrics->per_cpu = opts->per_cpu;
	ok = metrics->prefix != NULL;
	for (int kind = 0; kind < BPFL_NR_METRIC_KINDS; kind++) {
		metrics->told[kind].words = opts->told[kind];
		metrics->told[kind].used = calloc(opts->nr_told[kind] + 1, sizeof(bool));
		metrics->told[kind].nr = metrics->told[kind].used ? opts->nr_told[kind] : 0;
		ok = ok && metrics->told[kind].used;
	}
	if (!ok) {
		bpfl_metrics_destroy(metrics);
		return bpfl_error_nomem(err);
	}
	*ret_metrics = metrics;
	return 0;
}

void bpfl_metrics_destroy(struct bpfl_metrics *metrics)
{
	if (!metrics)
		return;
	for (size_t i = 0; i < metrics->sources.nr; i++)
		source_deinit(&metrics->sources.items[i]);
	for (size_t i = 0; i < metrics->numbers.nr; i++) {
		free(metrics->numbers.items[i].name);
		free(metrics->numbers.items[i].help);
		free(metrics->numbers.items[i].labels);
	}
	for (size_t i = 0; i < metrics->names.nr; i++)
		free(metrics->names.items[i]);
	for (int kind = 0; kind < BPFL_NR_METRIC_KINDS; kind++)
		free(metrics->told[kind].used);
	free(metrics->sources.items);
	free(metrics->objects.items);
	free(metrics->numbers.items);
	free(metrics->names.items);
	free(metrics->prefix);
	free(metrics);
}
