/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/map_text.c: what is in a map, in words.
 *
 *     pkt_count[0] = 123                         one line per element, typed by the BTF of the object
 *     hits[{pid=12,comm="bash"}] cpu 1 = 7       one line per possible CPU for per-CPU maps
 *     my_pid = 4711                              variables of .data, .bss, .rodata
 *
 * Kinds of maps differ in what can be asked: most have keys, queues only a next element, tables of maps and programs answer with ids
 * (the kernel gives no descriptors), those of sockets with cookies, buffers cannot be looked at from outside. One table says which is which. Untyped keys and values
 * of 1, 2, 4 or 8 bytes are shown as unsigned numbers, others as hex bytes.
 *
 * A map changes while it is read. When the current key is deleted the kernel begins again at the first one, so the walk is bounded by
 * the size of the map, and the text by MAP_TEXT_MAX.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "bpfload/event.h"
#include "btf/value.h"
#include "kern/object.h"
#include "spec/spec.h"
#include "sys/bpf.h"
#include "sys/facts.h"

#define MAP_TEXT_MAX (64u << 20) /* bytes */
#define SOCKET_WORDS "sockets; the kernel shows their cookies only in a map whose values have 8 bytes"

enum read_how {
	READ_KEYS,     /* the walk over keys, for types that are not in the table */
	READ_PER_CPU,  /* the same; a value per possible CPU */
	READ_NEXT,     /* no keys: what would come out next */
	READ_MAP_IDS,  /* values are ids of maps */
	READ_PROG_IDS, /* values are ids of programs */
	READ_COOKIES,  /* sockets: a value of 8 bytes shows the cookie of each, another size nothing (ENOSPC) */
	READ_MEMORY,   /* an arena: the variables of the object in it; words when it has none */
	READ_NOTHING,  /* see words */
};

static const struct {
	enum read_how how;
	const char *words; /* NOTHING, and COOKIES without 8 bytes: why */
} map_kinds[BPFL_NR_MAP_TYPES] = {
	[BPFL_MAP_TYPE_PROG_ARRAY] = { READ_PROG_IDS, NULL },
	[BPFL_MAP_TYPE_PERF_EVENT_ARRAY] = { READ_NOTHING, "perf buffers: a stream of events, not elements" },
	[BPFL_MAP_TYPE_PERCPU_HASH] = { READ_PER_CPU, NULL },
	[BPFL_MAP_TYPE_PERCPU_ARRAY] = { READ_PER_CPU, NULL },
	[BPFL_MAP_TYPE_CGROUP_ARRAY] = { READ_NOTHING, "cgroups, which the kernel does not give back" },
	[BPFL_MAP_TYPE_LRU_PERCPU_HASH] = { READ_PER_CPU, NULL },
	[BPFL_MAP_TYPE_ARRAY_OF_MAPS] = { READ_MAP_IDS, NULL },
	[BPFL_MAP_TYPE_HASH_OF_MAPS] = { READ_MAP_IDS, NULL },
	[BPFL_MAP_TYPE_SOCKMAP] = { READ_COOKIES, SOCKET_WORDS },
	[BPFL_MAP_TYPE_SOCKHASH] = { READ_COOKIES, SOCKET_WORDS },
	[BPFL_MAP_TYPE_REUSEPORT_SOCKARRAY] = { READ_COOKIES, SOCKET_WORDS },
	[BPFL_MAP_TYPE_XSKMAP] = { READ_NOTHING, "sockets, which the kernel does not give back" },
	[BPFL_MAP_TYPE_PERCPU_CGROUP_STORAGE] = { READ_PER_CPU, NULL },
	[BPFL_MAP_TYPE_QUEUE] = { READ_NEXT, NULL },
	[BPFL_MAP_TYPE_STACK] = { READ_NEXT, NULL },
	[BPFL_MAP_TYPE_SK_STORAGE] = { READ_NOTHING, "storage of sockets, found through each socket only" },
	[BPFL_MAP_TYPE_RINGBUF] = { READ_NOTHING, "a ring buffer: a stream of events, not elements" },
	[BPFL_MAP_TYPE_INODE_STORAGE] = { READ_NOTHING, "storage of files, found through each file only" },
	[BPFL_MAP_TYPE_TASK_STORAGE] = { READ_NOTHING, "storage of tasks, found through each task only" },
	[BPFL_MAP_TYPE_BLOOM_FILTER] = { READ_NOTHING, "a bloom filter: it can be asked, not listed" },
	[BPFL_MAP_TYPE_USER_RINGBUF] = { READ_NOTHING, "a ring buffer that user space writes" },
	[BPFL_MAP_TYPE_CGRP_STORAGE] = { READ_NOTHING, "storage of cgroups, found through each cgroup only" },
	[BPFL_MAP_TYPE_ARENA] = { READ_MEMORY, "an arena: memory without elements" },
};

/* One map on its way into text. */
struct dump {
	const struct bpfl_spec *spec;
	const struct bpfl_live_map *live;
	const char *name;
	uint32_t map_idx;
	enum read_how how;
	enum bpfl_format format;
	unsigned nr_cpus;
	uint64_t memory_off; /* MEMORY: where the variables begin */
	uint8_t *key, *value; /* key: current and next, one behind the other */
	size_t value_size;    /* bytes the kernel writes */
	struct bpfl_buf *out;
};

/* ---- one key, one value ---- */

static bool as_number(const uint8_t *bytes, size_t size, uint64_t *ret)
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

static void hex_bytes(const uint8_t *bytes, size_t size, struct bpfl_buf *out)
{
	for (size_t i = 0; i < size; i++)
		bpfl_buf_printf(out, "%s%02x", i ? " " : "", bytes[i]);
}

static void print_text(const struct dump *dump, uint32_t type_id, const uint8_t *bytes, size_t size)
{
	size_t before = dump->out->size;
	uint64_t number;

	if (type_id && dump->spec->btf &&
	    bpfl_btf_value_text(dump->spec->btf, type_id, bytes, size, dump->out) >= 0 && dump->out->size > before)
		return;
	dump->out->size = before; /* half a value is worse than bytes */
	if (as_number(bytes, size, &number))
		bpfl_buf_printf(dump->out, "%llu", (unsigned long long)number);
	else
		hex_bytes(bytes, size, dump->out);
}

static void print_json(const struct dump *dump, struct bpfl_json *json, uint32_t type_id, const uint8_t *bytes,
		       size_t size)
{
	struct bpfl_buf hex = BPFL_BUF_INIT;
	uint64_t number;

	if (type_id && dump->spec->btf && bpfl_btf_value_json(dump->spec->btf, type_id, bytes, size, json) >= 0)
		return;
	if (as_number(bytes, size, &number)) {
		bpfl_json_u64(json, number);
		return;
	}
	hex_bytes(bytes, size, &hex);
	bpfl_json_string(json, hex.data ? hex.data : "");
	bpfl_buf_deinit(&hex);
}

static void json_begin(const struct dump *dump, struct bpfl_json *json)
{
	bpfl_json_init(json, dump->out);
	bpfl_json_object_begin(json);
	bpfl_json_key(json, "v");
	bpfl_json_u64(json, 1);
	bpfl_json_key(json, "type");
	bpfl_json_string(json, "map");
	bpfl_json_key(json, "map");
	bpfl_json_string(json, dump->name);
}

static void json_end(const struct dump *dump, struct bpfl_json *json)
{
	bpfl_json_object_end(json);
	bpfl_buf_char(dump->out, '\n');
}

/* ---- elements ---- */

/* Each CPU's value begins at a multiple of 8. */
static size_t cpu_stride(const struct dump *dump)
{
	return ((size_t)dump->live->value_size + 7) / 8 * 8;
}

static const char *id_word(const struct dump *dump)
{
	return dump->how == READ_MAP_IDS ? "map" : "program";
}

static void element_text(const struct dump *dump)
{
	const struct bpfl_live_map *live = dump->live;
	unsigned nr = dump->how == READ_PER_CPU ? dump->nr_cpus : 1;

	for (unsigned cpu = 0; cpu < nr; cpu++) {
		const uint8_t *value = dump->value + cpu * cpu_stride(dump);
		uint64_t id;

		bpfl_buf_text(dump->out, dump->name);
		if (dump->how != READ_NEXT) {
			bpfl_buf_char(dump->out, '[');
			print_text(dump, live->key_type_id, dump->key, live->key_size);
			bpfl_buf_char(dump->out, ']');
		}
		if (dump->how == READ_PER_CPU)
			bpfl_buf_printf(dump->out, " cpu %u", cpu);
		bpfl_buf_text(dump->out, " = ");
		if ((dump->how == READ_MAP_IDS || dump->how == READ_PROG_IDS) && as_number(value, live->value_size, &id))
			bpfl_buf_printf(dump->out, "%s id %llu", id_word(dump), (unsigned long long)id);
		else
			print_text(dump, live->value_type_id, value, live->value_size);
		bpfl_buf_char(dump->out, '\n');
	}
}

static void element_json(const struct dump *dump)
{
	const struct bpfl_live_map *live = dump->live;
	struct bpfl_json json;
	uint64_t id;

	json_begin(dump, &json);
	if (dump->how != READ_NEXT) {
		bpfl_json_key(&json, "key");
		print_json(dump, &json, live->key_type_id, dump->key, live->key_size);
	}
	if (dump->how == READ_PER_CPU) {
		bpfl_json_key(&json, "cpus");
		bpfl_json_array_begin(&json);
		for (unsigned cpu = 0; cpu < dump->nr_cpus; cpu++)
			print_json(dump, &json, live->value_type_id, dump->value + cpu * cpu_stride(dump), live->value_size);
		bpfl_json_array_end(&json);
	} else if ((dump->how == READ_MAP_IDS || dump->how == READ_PROG_IDS) &&
		   as_number(dump->value, live->value_size, &id)) {
		bpfl_json_key(&json, dump->how == READ_MAP_IDS ? "map_id" : "prog_id");
		bpfl_json_u64(&json, id);
	} else {
		bpfl_json_key(&json, "value");
		print_json(dump, &json, live->value_type_id, dump->value, live->value_size);
	}
	json_end(dump, &json);
}

static void element(const struct dump *dump)
{
	if (dump->format == BPFL_FORMAT_JSON)
		element_json(dump);
	else
		element_text(dump);
}

/* ---- variables ---- */

static void variable(const struct dump *dump, const struct bpfl_var *var)
{
	const uint8_t *bytes = dump->value + var->byte_off;
	struct bpfl_json json;

	if (dump->format == BPFL_FORMAT_JSON) {
		json_begin(dump, &json);
		bpfl_json_key(&json, "variable");
		bpfl_json_string(&json, var->name);
		bpfl_json_key(&json, "value");
		print_json(dump, &json, var->type_id, bytes, var->size_bytes);
		json_end(dump, &json);
		return;
	}
	bpfl_buf_printf(dump->out, "%s = ", BPFL_ESC(var->name));
	print_text(dump, var->type_id, bytes, var->size_bytes);
	bpfl_buf_char(dump->out, '\n');
}

/* The value of a data section is its variables. False when the object names none: then it is one value like another. */
static bool variables(const struct dump *dump)
{
	bool any = false;

	for (size_t i = 0; i < dump->spec->vars.nr; i++) {
		const struct bpfl_var *var = &dump->spec->vars.items[i];

		if (var->map_idx != dump->map_idx || var->byte_off > dump->value_size ||
		    var->size_bytes > dump->value_size - var->byte_off)
			continue;
		variable(dump, var);
		any = true;
	}
	return any;
}

static bool is_data(enum bpfl_map_origin origin)
{
	return origin == BPFL_MAP_DATA || origin == BPFL_MAP_RODATA || origin == BPFL_MAP_BSS ||
	       origin == BPFL_MAP_KCONFIG;
}

/* ---- the walk ---- */

/* A remark in place of elements. */
static void say_nothing(const struct dump *dump, const char *words)
{
	struct bpfl_json json;

	if (dump->format != BPFL_FORMAT_JSON) {
		bpfl_buf_printf(dump->out, "%s: %s\n", dump->name, words);
		return;
	}
	json_begin(dump, &json);
	bpfl_json_key(&json, "note");
	bpfl_json_string(&json, words);
	json_end(dump, &json);
}

static int read_next(const struct dump *dump)
{
	int ret = bpfl_sys_map_lookup(dump->live->fd, NULL, dump->value, 0);

	if (ret == -ENOENT)
		return 0; /* empty */
	if (ret == 0)
		element(dump);
	return ret;
}

static int read_keys(const struct dump *dump)
{
	const struct bpfl_live_map *live = dump->live;
	uint8_t *next = dump->key + live->key_size;
	bool has_variables = is_data(dump->spec->maps.items[dump->map_idx].origin);
	int ret = bpfl_sys_map_next_key(live->fd, NULL, dump->key);

	/* As many steps as elements can be there: the walk may begin again when keys are deleted meanwhile. */
	for (uint64_t i = 0; ret == 0 && i < live->max_entries; i++) {
		ret = bpfl_sys_map_lookup(live->fd, dump->key, dump->value, 0);
		if (ret == 0 && !(has_variables && variables(dump)))
			element(dump);
		if (ret < 0 && ret != -ENOENT) /* ENOENT: deleted since, or an empty slot */
			return ret;
		if (dump->out->size > MAP_TEXT_MAX) {
			say_nothing(dump, "cut here: too much to show");
			return 0;
		}
		ret = bpfl_sys_map_next_key(live->fd, dump->key, next);
		memcpy(dump->key, next, live->key_size);
	}
	return ret == -ENOENT ? 0 : ret;
}

/* Programs go on writing while this is copied: as with other maps, each variable is as it was at some moment. */
static int dump_memory(struct dump *dump, struct bpfl_error *err)
{
	const struct bpfl_map_spec *map = &dump->spec->maps.items[dump->map_idx];

	dump->value_size = map->data_size;
	dump->value = bpfl_memdup(dump->live->memory + dump->memory_off, dump->value_size);
	if (!dump->value)
		return bpfl_error_nomem(err);
	if (!variables(dump))
		say_nothing(dump, map_kinds[BPFL_MAP_TYPE_ARENA].words);
	free(dump->value);
	return 0;
}

static int dump_map(struct dump *dump, struct bpfl_error *err)
{
	const struct bpfl_live_map *live = dump->live;
	const char *words = NULL;
	int ret;

	dump->how = READ_KEYS;
	if (live->type < BPFL_NR_MAP_TYPES) {
		dump->how = map_kinds[live->type].how;
		words = map_kinds[live->type].words;
	}
	if (dump->how == READ_MEMORY && live->memory)
		return dump_memory(dump, err);
	if (dump->how == READ_NOTHING || dump->how == READ_MEMORY ||
	    (dump->how == READ_COOKIES && live->value_size != sizeof(uint64_t))) {
		say_nothing(dump, words);
		return 0;
	}
	/* The kernel writes all CPUs' values, however small the buffer: no smaller than it may be. */
	dump->value_size = dump->how == READ_PER_CPU ? cpu_stride(dump) * dump->nr_cpus : cpu_stride(dump);
	dump->key = calloc(2, (size_t)live->key_size + 1);
	dump->value = calloc(1, dump->value_size + 1);
	ret = !dump->key || !dump->value ? -ENOMEM : dump->how == READ_NEXT ? read_next(dump) : read_keys(dump);
	free(dump->key);
	free(dump->value);
	if (ret == -ENOMEM)
		return bpfl_error_nomem(err);
	if (ret < 0)
		return bpfl_error_set(err, ret == -EPERM ? BPFL_ERR_PERMISSION : BPFL_ERR_SYSTEM, -ret,
				      "map '%s': reading an element: %s", dump->name, bpfl_errno_text(-ret));
	return 0;
}

/* ---- the whole ---- */

static int refuse_name(const struct bpfl_spec *spec, const char *map, struct bpfl_error *err)
{
	struct bpfl_near near;
	char names[512];

	bpfl_error_set(err, BPFL_ERR_USAGE, ENOENT, "there is no map '%s'", BPFL_ESC(map));
	bpfl_near_init(&near, map);
	for (size_t i = 0; i < spec->maps.nr; i++)
		bpfl_near_offer(&near, spec->maps.items[i].name);
	if (near.nr > 0)
		bpfl_error_fix(err, "did you mean %s?", bpfl_near_text(&near, names, sizeof(names)));
	return -ENOENT;
}

int bpfl_object_map_text(const struct bpfl_object *object, const char *map, enum bpfl_format format,
			 char **ret_text, struct bpfl_error *err)
{
	const struct bpfl_spec *spec = object->image->spec;
	int32_t map_idx = bpfl_spec_map_idx(spec, map);
	struct bpfl_buf out = BPFL_BUF_INIT;
	char name[BPFL_ESC_SIZE], *text;
	struct dump dump = { .spec = spec, .name = name, .format = format, .out = &out };
	int ret;

	if (map_idx < 0)
		return refuse_name(spec, map, err);
	dump.map_idx = (uint32_t)map_idx;
	dump.live = &object->maps[map_idx];
	dump.memory_off = dump.live->memory ? object->image->maps[map_idx].data_off : 0;
	if (dump.live->fd < 0)
		return bpfl_error_set(err, BPFL_ERR_USAGE, ENOENT, "map '%s' is not loaded: no program uses it",
				      BPFL_ESC(map));
	bpfl_text_escape(name, sizeof(name), map, SIZE_MAX);
	dump.nr_cpus = bpfl_facts_possible_cpus(); /* not the target's: what the kernel writes here */
	ret = dump_map(&dump, err);
	if (ret == 0) {
		bpfl_buf_text(&out, ""); /* an empty map is an empty text, not none */
		text = bpfl_buf_take(&out);
		if (!text)
			ret = bpfl_error_nomem(err);
		else
			*ret_text = text;
	}
	bpfl_buf_deinit(&out);
	return ret;
}
