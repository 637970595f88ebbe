/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/map_text.c: what is in a map, in words.
 *
 *     pkt_count[0] = 123                         one line per element, by its types
 *     hits[{pid=12,comm="bash"}] cpu 1 = 7       one line per possible CPU for per-CPU maps
 *     my_pid = 4711                              variables of .data, .bss, .rodata
 *
 * Kinds of maps differ in what can be asked: most have keys, queues only a next element, tables of maps and
 * programs answer with ids (the kernel gives no descriptors), those of sockets with cookies, buffers cannot be
 * looked at from outside. One table says which is which. Untyped keys and values of 1, 2, 4 or 8 bytes are
 * shown as unsigned numbers, others as hex bytes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "btf/value.h"
#include "event/map_print.h"
#include "event/redirect_words.h"
#include "event/stack_sides.h"
#include "spec/spec.h"

#define MAP_TEXT_MAX (64u << 20) /* bytes */
#define PIECE_SIZE (64u << 10)
#define SOCKET_WORDS "sockets; the kernel shows their cookies only in a map whose values have 8 bytes"

static const struct {
	enum bpfl_read_how how;
	const char *words; /* NOTHING, and COOKIES without 8 bytes: why */
} map_kinds[BPFL_NR_MAP_TYPES] = {
	[BPFL_MAP_TYPE_PROG_ARRAY] = { BPFL_READ_PROG_IDS, NULL },
	[BPFL_MAP_TYPE_PERF_EVENT_ARRAY] = { BPFL_READ_NOTHING, "perf buffers: a stream of events, not elements" },
	[BPFL_MAP_TYPE_CGROUP_ARRAY] = { BPFL_READ_NOTHING, "cgroups, which the kernel does not give back" },
	[BPFL_MAP_TYPE_ARRAY_OF_MAPS] = { BPFL_READ_MAP_IDS, NULL },
	[BPFL_MAP_TYPE_HASH_OF_MAPS] = { BPFL_READ_MAP_IDS, NULL },
	[BPFL_MAP_TYPE_SOCKMAP] = { BPFL_READ_COOKIES, SOCKET_WORDS },
	[BPFL_MAP_TYPE_SOCKHASH] = { BPFL_READ_COOKIES, SOCKET_WORDS },
	[BPFL_MAP_TYPE_REUSEPORT_SOCKARRAY] = { BPFL_READ_COOKIES, SOCKET_WORDS },
	[BPFL_MAP_TYPE_XSKMAP] = { BPFL_READ_NOTHING, "sockets, which the kernel does not give back" },
	[BPFL_MAP_TYPE_QUEUE] = { BPFL_READ_NEXT, NULL },
	[BPFL_MAP_TYPE_STACK] = { BPFL_READ_NEXT, NULL },
	[BPFL_MAP_TYPE_SK_STORAGE] = { BPFL_READ_NOTHING, "storage of sockets, found through each socket only" },
	[BPFL_MAP_TYPE_RINGBUF] = { BPFL_READ_NOTHING, "a ring buffer: a stream of events, not elements" },
	[BPFL_MAP_TYPE_INODE_STORAGE] = { BPFL_READ_NOTHING, "storage of files, found through each file only" },
	[BPFL_MAP_TYPE_TASK_STORAGE] = { BPFL_READ_NOTHING, "storage of tasks, found through each task only" },
	[BPFL_MAP_TYPE_BLOOM_FILTER] = { BPFL_READ_NOTHING, "a bloom filter: it can be asked, not listed" },
	[BPFL_MAP_TYPE_USER_RINGBUF] = { BPFL_READ_NOTHING, "a ring buffer that user space writes" },
	[BPFL_MAP_TYPE_CGRP_STORAGE] = { BPFL_READ_NOTHING, "storage of cgroups, found through each cgroup only" },
	[BPFL_MAP_TYPE_ARENA] = { BPFL_READ_MEMORY, "an arena: memory without elements" },
};

enum bpfl_read_how bpfl_map_how(const struct bpfl_map *map, const char **ret_words)
{
	enum bpfl_read_how how = map->type < BPFL_NR_MAP_TYPES ? map_kinds[map->type].how : BPFL_READ_KEYS;

	*ret_words = map->type < BPFL_NR_MAP_TYPES ? map_kinds[map->type].words : NULL;
	if (how == BPFL_READ_COOKIES && map->value_size != sizeof(uint64_t))
		how = BPFL_READ_NOTHING;
	return how;
}

/* ---- one key, one value ---- */

bool bpfl_bytes_number(const uint8_t *bytes, size_t size, uint64_t *ret)
{
	uint64_t u64;
	uint32_t u32;
	uint16_t u16;

	switch (size) {
	case 1:
		*ret = bytes[0];
		return true;
	case 2:
		memcpy(&u16, bytes, size);
		*ret = u16;
		return true;
	case 4:
		memcpy(&u32, bytes, size);
		*ret = u32;
		return true;
	case 8:
		memcpy(&u64, bytes, size);
		*ret = u64;
		return true;
	default:
		return false;
	}
}

bool bpfl_number_bytes(uint64_t number, uint8_t *bytes, size_t size)
{
	uint32_t u32 = (uint32_t)number;
	uint16_t u16 = (uint16_t)number;

	if (size < 8 && number >> (8 * size))
		return false;
	switch (size) {
	case 1:
		bytes[0] = (uint8_t)number;
		return true;
	case 2:
		memcpy(bytes, &u16, size);
		return true;
	case 4:
		memcpy(bytes, &u32, size);
		return true;
	case 8:
		memcpy(bytes, &number, size);
		return true;
	default:
		return false;
	}
}

bool bpfl_map_type_fits(const struct bpfl_map *map, uint32_t type_id, size_t size)
{
	uint32_t type_size = 0;

	return type_id && map->btf && bpfl_btf_size(map->btf, type_id, &type_size) >= 0 && type_size >= size &&
	       size > 0;
}

static void hex_bytes(const uint8_t *bytes, size_t size, struct bpfl_buf *out)
{
	for (size_t i = 0; i < size; i++)
		bpfl_buf_printf(out, "%s%02x", i ? " " : "", bytes[i]);
}

void bpfl_map_put_text(const struct bpfl_map *map, uint32_t type_id, const uint8_t *bytes, size_t size,
		       struct bpfl_buf *out)
{
	size_t before = out->size;
	uint64_t number;

	if (bpfl_map_type_fits(map, type_id, size) && bpfl_btf_value_text(map->btf, type_id, bytes, size, out) >= 0 &&
	    out->size > before)
		return;
	if (out->size > before)
		out->size = before; /* half a value is worse than bytes */
	if (bpfl_bytes_number(bytes, size, &number))
		bpfl_buf_printf(out, "%llu", (unsigned long long)number);
	else
		hex_bytes(bytes, size, out);
}

void bpfl_map_put_json(const struct bpfl_map *map, uint32_t type_id, const uint8_t *bytes, size_t size,
		       struct bpfl_json *json)
{
	struct bpfl_buf hex = BPFL_BUF_INIT;
	uint64_t number;

	if (bpfl_map_type_fits(map, type_id, size) && bpfl_btf_value_json(map->btf, type_id, bytes, size, json) >= 0)
		return;
	if (bpfl_bytes_number(bytes, size, &number)) {
		bpfl_json_u64(json, number);
		return;
	}
	hex_bytes(bytes, size, &hex);
	bpfl_json_string(json, hex.data ? hex.data : "");
	bpfl_buf_deinit(&hex);
}

void bpfl_map_json_begin(const struct bpfl_map *map, const char *type, const char *time_json, struct bpfl_json *json,
			 struct bpfl_buf *out)
{
	bpfl_json_init(json, out);
	bpfl_json_object_begin(json);
	bpfl_json_member_u64(json, "v", 1);
	bpfl_json_member_string(json, "type", type);
	if (time_json) {
		bpfl_json_key(json, "time");
		bpfl_json_number(json, time_json);
	}
	bpfl_json_member_string(json, "map", map->name);
}

void bpfl_map_json_end(struct bpfl_json *json)
{
	bpfl_json_object_end(json);
	bpfl_buf_char(json->out, '\n');
}

/* ---- elements ---- */

static bool is_id(const struct bpfl_map_print *print)
{
	return print->how == BPFL_READ_MAP_IDS || print->how == BPFL_READ_PROG_IDS;
}

/* Which CPUs' values are shown: all, one, or none of them but their sum. */
static void cpus_of(const struct bpfl_map_print *print, unsigned *ret_first, unsigned *ret_end)
{
	*ret_first = print->opts.one_cpu ? print->opts.cpu : 0;
	*ret_end = print->opts.one_cpu ? print->opts.cpu + 1 : print->map->nr_cpus;
}

static void line_begin(const struct bpfl_map_print *print, const uint8_t *key)
{
	const struct bpfl_map *map = print->map;

	bpfl_buf_text(print->out, BPFL_ESC(map->name));
	if (!key)
		return;
	bpfl_buf_char(print->out, '[');
	if (print->key_words)
		bpfl_buf_text(print->out, BPFL_ESC(print->key_words));
	else
		bpfl_map_put_key(map, key, print->out);
	bpfl_buf_char(print->out, ']');
}

static void element_text(const struct bpfl_map_print *print, const uint8_t *key, const uint8_t *value, bool per_cpu)
{
	const struct bpfl_map *map = print->map;
	unsigned cpu = 0, end = 1;
	uint64_t id;

	if (per_cpu)
		cpus_of(print, &cpu, &end);
	for (; cpu < end; cpu++) {
		const uint8_t *bytes = per_cpu ? value + cpu * bpfl_map_cpu_stride(map) : value;

		line_begin(print, key);
		if (per_cpu)
			bpfl_buf_printf(print->out, " cpu %u", cpu);
		bpfl_buf_text(print->out, " = ");
		if (is_id(print) && bpfl_bytes_number(bytes, map->value_size, &id))
			bpfl_buf_printf(print->out, "%s id %llu", print->how == BPFL_READ_MAP_IDS ? "map" : "program",
					(unsigned long long)id);
		else if (bpfl_redirect_is(map))
			bpfl_redirect_put(map, bytes, print->out);
		else
			bpfl_map_put_text(map, map->value_type_id, bytes, map->value_size, print->out);
		bpfl_buf_char(print->out, '\n');
	}
}

static void element_json(const struct bpfl_map_print *print, const uint8_t *key, const uint8_t *value, bool per_cpu)
{
	const struct bpfl_map *map = print->map;
	unsigned cpu, end;
	struct bpfl_json json;
	uint64_t id;

	bpfl_map_json_begin(map, "map", print->opts.time_json, &json, print->out);
	if (key) {
		if (print->key_words)
			bpfl_json_member_string(&json, "key", print->key_words);
		else
			bpfl_map_put_key_json(map, key, &json);
	}
	if (per_cpu && print->opts.one_cpu) {
		bpfl_json_member_u64(&json, "cpu", print->opts.cpu);
		value += print->opts.cpu * bpfl_map_cpu_stride(map);
		per_cpu = false;
	}
	if (per_cpu) {
		cpus_of(print, &cpu, &end);
		bpfl_json_key(&json, "cpus");
		bpfl_json_array_begin(&json);
		for (; cpu < end; cpu++)
			bpfl_map_put_json(map, map->value_type_id, value + cpu * bpfl_map_cpu_stride(map),
					  map->value_size, &json);
		bpfl_json_array_end(&json);
	} else if (is_id(print) && bpfl_bytes_number(value, map->value_size, &id)) {
		bpfl_json_key(&json, print->how == BPFL_READ_MAP_IDS ? "map_id" : "prog_id");
		bpfl_json_u64(&json, id);
	} else if (bpfl_redirect_is(map)) {
		bpfl_json_key(&json, "value");
		bpfl_redirect_put_json(map, value, &json);
	} else {
		bpfl_json_key(&json, "value");
		bpfl_map_put_json(map, map->value_type_id, value, map->value_size, &json);
	}
	if (print->stacks)
		bpfl_stack_sides_put_json(print->opts.stacks, print->stacks, key, map->nr_cpus ? NULL : value, &json);
	bpfl_map_json_end(&json);
}

/* An element of a stack-trace map: its bytes say nothing to anybody. False: it is none. */
static bool stack_element(const struct bpfl_map_print *print, const uint8_t *key, const uint8_t *value)
{
	struct bpfl_json json;

	if (!print->opts.stacks || print->map->type != BPFL_MAP_TYPE_STACK_TRACE)
		return false;
	if (print->opts.format == BPFL_FORMAT_JSON) {
		bpfl_map_json_begin(print->map, "map", print->opts.time_json, &json, print->out);
		bpfl_map_put_key_json(print->map, key, &json);
		bpfl_json_key(&json, "stack");
		bpfl_stacks_put_element_json(print->opts.stacks, print->map, value, &json);
		bpfl_map_json_end(&json);
		return true;
	}
	line_begin(print, key);
	bpfl_buf_text(print->out, ":\n");
	bpfl_stacks_put_element_text(print->opts.stacks, print->map, value, print->out);
	return true;
}

void bpfl_map_print_element(const struct bpfl_map_print *print, const uint8_t *key, const uint8_t *value)
{
	bool per_cpu = print->map->nr_cpus > 0;

	if (stack_element(print, key, value))
		return;

	if (per_cpu && print->opts.sum && bpfl_map_sum(print->map, value, print->sum, NULL) == 0) {
		value = print->sum;
		per_cpu = false;
	}
	if (print->opts.format == BPFL_FORMAT_JSON)
		element_json(print, key, value, per_cpu);
	else
		element_text(print, key, value, per_cpu);
	if (print->stacks && print->opts.format != BPFL_FORMAT_JSON)
		bpfl_stack_sides_put_text(print->opts.stacks, print->stacks, key, per_cpu ? NULL : value, print->out);
}

int bpfl_map_print_init(struct bpfl_map_print *print, const struct bpfl_map *map, const struct bpfl_map_words *opts,
			struct bpfl_buf *out, struct bpfl_error *err)
{
	static const struct bpfl_map_words none = { .size = sizeof(none) };
	const char *words;
	int ret = 0;

	*print = (struct bpfl_map_print){ .map = map, .opts = opts ? *opts : none, .out = out };
	print->how = bpfl_map_how(map, &words);
	if (print->opts.one_cpu && (map->nr_cpus == 0 || print->opts.cpu >= map->nr_cpus))
		return bpfl_error_set(err, BPFL_ERR_USAGE, ERANGE,
				      map->nr_cpus ? "map '%s' has no values of CPU %u, only of %u CPUs"
						   : "map '%s' has one value for all CPUs, not one of CPU %u",
				      BPFL_ESC(map->name), print->opts.cpu, map->nr_cpus);
	print->sum = calloc(1, (size_t)map->value_size + 8);
	if (!print->sum)
		return bpfl_error_nomem(err);
	if (print->opts.stacks) {
		print->stacks = calloc(1, sizeof(*print->stacks));
		ret = print->stacks ? bpfl_stack_sides_init(print->stacks, print->opts.stacks, map, err)
				    : bpfl_error_nomem(err);
	}
	if (ret == 0 && print->opts.sum && map->nr_cpus) { /* a trial: whether there is something to add up */
		uint8_t *zeroes = bpfl_map_value_new(map);

		ret = zeroes ? bpfl_map_sum(map, zeroes, print->sum, err) : bpfl_error_nomem(err);
		free(zeroes);
	}
	return ret;
}

void bpfl_map_print_deinit(struct bpfl_map_print *print)
{
	if (print->stacks)
		bpfl_stack_sides_deinit(print->stacks);
	free(print->stacks);
	free(print->sum);
}

/* ---- variables ---- */

/* cpu: whose value it is; -1: there is one for all. */
static void variable(const struct bpfl_map_print *print, int cpu, const char *name, uint32_t type_id,
		     const uint8_t *bytes, size_t size)
{
	struct bpfl_json json;

	if (print->map->btf && bpfl_btf_is_kernel_only(print->map->btf, type_id))
		return;
	if (print->opts.format == BPFL_FORMAT_JSON) {
		bpfl_map_json_begin(print->map, "map", print->opts.time_json, &json, print->out);
		bpfl_json_member_string(&json, "variable", name);
		if (cpu >= 0)
			bpfl_json_member_u64(&json, "cpu", (unsigned)cpu);
		bpfl_json_key(&json, "value");
		bpfl_map_put_json(print->map, type_id, bytes, size, &json);
		bpfl_map_json_end(&json);
		return;
	}
	bpfl_buf_text(print->out, BPFL_ESC(name));
	if (cpu >= 0)
		bpfl_buf_printf(print->out, " cpu %d", cpu);
	bpfl_buf_text(print->out, " = ");
	bpfl_map_put_text(print->map, type_id, bytes, size, print->out);
	bpfl_buf_char(print->out, '\n');
}

static bool is_data(enum bpfl_map_origin origin)
{
	return origin == BPFL_MAP_DATA || origin == BPFL_MAP_RODATA || origin == BPFL_MAP_BSS ||
	       origin == BPFL_MAP_KCONFIG;
}

/* The variables that the object has in this map. False: none. */
static bool object_variables(const struct bpfl_map_print *print, int cpu, const uint8_t *value, size_t value_size)
{
	const struct bpfl_spec *spec = print->map->object->image->spec;
	bool any = false;

	for (size_t i = 0; i < spec->vars.nr; i++) {
		const struct bpfl_var *var = &spec->vars.items[i];

		if (var->map_idx != print->map->map_idx || var->byte_off > value_size ||
		    var->size_bytes > value_size - var->byte_off)
			continue;
		variable(print, cpu, var->name, var->type_id, value + var->byte_off, var->size_bytes);
		any = true;
	}
	return any;
}

/* Those that the kernel's types name, of a map that somebody else loaded. */
static bool section_variables(const struct bpfl_map_print *print, int cpu, const uint8_t *value, size_t value_size)
{
	const struct bpfl_btf *btf = print->map->btf;
	const struct bpfl_btf_type *section = btf ? bpfl_btf_type(btf, print->map->value_type_id) : NULL;

	if (!section || bpfl_btf_kind(section) != BPFL_KIND_DATASEC)
		return false;
	for (uint32_t i = 0; i < bpfl_btf_vlen(section); i++) {
		const struct bpfl_btf_datasec_var *var = &bpfl_btf_datasec_vars(section)[i];
		const struct bpfl_btf_type *type = bpfl_btf_type(btf, var->type);

		if (var->byte_off <= value_size && var->size_bytes <= value_size - var->byte_off)
			variable(print, cpu, bpfl_btf_name(btf, var->type), type ? type->type : 0, value + var->byte_off,
				 var->size_bytes);
	}
	return bpfl_btf_vlen(section) > 0;
}

/* The value of a data section is its variables. False when nothing names any: then it is one value like another. */
static bool variables(const struct bpfl_map_print *print, const uint8_t *value)
{
	const struct bpfl_map *map = print->map;
	unsigned cpu = 0, end = 1;
	bool any = false;

	if (map->object && !is_data(map->object->image->spec->maps.items[map->map_idx].origin))
		return false;
	if (map->nr_cpus > 0) /* .percpu */
		cpus_of(print, &cpu, &end);
	for (; cpu < end; cpu++) {
		const uint8_t *bytes = value + cpu * bpfl_map_cpu_stride(map);
		int said = map->nr_cpus > 0 ? (int)cpu : -1;

		any = (map->object ? object_variables(print, said, bytes, map->value_size)
				   : section_variables(print, said, bytes, map->value_size)) ||
		      any;
	}
	return any;
}

/* ---- the whole ---- */

/* A remark in place of elements. */
static void say_instead(const struct bpfl_map_print *print, const char *words)
{
	struct bpfl_json json;

	if (print->opts.format != BPFL_FORMAT_JSON) {
		bpfl_buf_printf(print->out, "%s: %s\n", BPFL_ESC(print->map->name), words);
		return;
	}
	bpfl_map_json_begin(print->map, "map", print->opts.time_json, &json, print->out);
	bpfl_json_member_string(&json, "note", words);
	bpfl_map_json_end(&json);
}

/* What is in the buffer, to whoever takes it. */
static int pass_on(const struct bpfl_map_print *print)
{
	int ret = 0;

	if (!bpfl_buf_ok(print->out))
		return -ENOMEM;
	if (print->out->size > 0)
		ret = print->write(print->write_ctx, print->out->data, print->out->size);
	print->out->size = 0;
	return ret < 0 ? ret : 0;
}

static int show_element(void *ctx, const void *key, const void *value)
{
	const struct bpfl_map_print *print = ctx;

	if (!variables(print, value))
		bpfl_map_print_element(print, key, value);
	if (!bpfl_buf_ok(print->out))
		return -ENOMEM;
	if (print->write)
		return print->out->size < PIECE_SIZE ? 0 : pass_on(print);
	return print->out->size > MAP_TEXT_MAX ? -EFBIG : 0;
}

/* The next element of a queue stays there: it is looked at, not taken. */
static int show_all(struct bpfl_map_print *print, struct bpfl_error *err)
{
	int ret = bpfl_map_each(print->map, 0, show_element, print, err);

	if (ret == -EFBIG && !print->write)
		say_instead(print, "cut here: too much to show");
	else if (ret == 1)
		say_instead(print, "it changed faster than it could be read: elements may be missing");
	else if (ret < 0)
		return ret == -ENOMEM ? bpfl_error_nomem(err) : ret;
	return 0;
}

/* Programs go on writing while this is copied: as with other maps, each variable is as it was at some moment. */
static int show_memory(const struct bpfl_map_print *print, const char *words, struct bpfl_error *err)
{
	const struct bpfl_map *map = print->map;
	const struct bpfl_object *object = map->object;
	const struct bpfl_live_map *live = object ? &object->maps[map->map_idx] : NULL;
	uint8_t *copy;
	size_t size;

	if (!live || !live->memory) {
		say_instead(print, words);
		return 0;
	}
	size = object->image->spec->maps.items[map->map_idx].data_size;
	copy = bpfl_memdup(live->memory + object->image->maps[map->map_idx].data_off, size);
	if (!copy)
		return bpfl_error_nomem(err);
	if (!object_variables(print, -1, copy, size))
		say_instead(print, words);
	free(copy);
	return 0;
}

static int show(struct bpfl_map_print *print, struct bpfl_error *err)
{
	const char *words;

	bpfl_map_how(print->map, &words);
	if (print->how == BPFL_READ_MEMORY)
		return show_memory(print, words, err);
	if (print->how != BPFL_READ_NOTHING)
		return show_all(print, err);
	say_instead(print, words);
	return 0;
}

int bpfl_map_write(const struct bpfl_map *map, const struct bpfl_map_words *opts, bpfl_write_fn write, void *ctx,
		   struct bpfl_error *err)
{
	struct bpfl_buf out = BPFL_BUF_INIT;
	struct bpfl_map_print print;
	int ret = bpfl_map_print_init(&print, map, opts, &out, err);

	print.write = write;
	print.write_ctx = ctx;
	if (ret == 0)
		ret = show(&print, err);
	if (ret == 0) {
		ret = pass_on(&print);
		if (ret == -ENOMEM)
			bpfl_error_nomem(err);
	}
	bpfl_buf_deinit(&out);
	bpfl_map_print_deinit(&print);
	return ret;
}

int bpfl_map_text(const struct bpfl_map *map, const struct bpfl_map_words *opts, char **ret_text,
		  struct bpfl_error *err)
{
	struct bpfl_buf out = BPFL_BUF_INIT;
	struct bpfl_map_print print;
	char *text;
	int ret = bpfl_map_print_init(&print, map, opts, &out, err);

	if (ret == 0)
		ret = show(&print, err);
	if (ret == 0) {
		bpfl_buf_text(&out, ""); /* an empty map is an empty text, not none */
		text = bpfl_buf_take(&out);
		if (!text)
			ret = bpfl_error_nomem(err);
		else
			*ret_text = text;
	}
	bpfl_buf_deinit(&out);
	bpfl_map_print_deinit(&print);
	return ret;
}

int bpfl_object_map_text(const struct bpfl_object *object, const char *map, enum bpfl_format format,
			 char **ret_text, struct bpfl_error *err)
{
	struct bpfl_map_words opts = { .size = sizeof(opts), .format = format };
	struct bpfl_map *handle = NULL;
	int ret = bpfl_map_open_object(object, map, &handle, err);

	if (ret == 0)
		ret = bpfl_map_text(handle, &opts, ret_text, err);
	bpfl_map_close(handle);
	return ret;
}
