/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/map_words.c: one element of a map, from words and into words.
 *
 * A key or value is written the way it is shown. With a type that is the grammar of btf/value; without one it
 * is a number of 1, 2, 4 or 8 bytes; "hex:01 02 ff" is always understood. Four things are more than bytes: a
 * trie's key may be an address with a length, the values of program arrays, cgroup arrays, maps of maps and of
 * sockets are things that have to be opened first, those of devmaps and cpumaps are places (redirect_words.c),
 * and where a map holds the variables of a program, the key may be the name of one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "btf/value.h"
#include "event/map_print.h"
#include "event/owner_key.h"
#include "event/redirect_words.h"
#include "spec/spec.h"
#include "sys/enter.h"

#define HEX_PREFIX "hex:"

/* ---- words into bytes ---- */

/* "01 02 ff" or "0102ff": exactly so many bytes. */
static int hex_parse(const char *text, uint8_t *bytes, size_t size, const char *what, struct bpfl_error *err)
{
	size_t nr = 0;

	for (const char *at = text + strspn(text, " "); *at; at += 2 + strspn(at + 2, " ")) {
		int high = bpfl_text_digit(at[0]), low = high < 16 ? bpfl_text_digit(at[1]) : BPFL_NO_DIGIT;

		if (low >= 16)
			return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL,
					      "%s: '%s': not a byte of two hexadecimal digits", what, BPFL_ESC(at));
		if (nr < size)
			bytes[nr] = (uint8_t)(high << 4 | low);
		nr++;
	}
	if (nr != size)
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "%s: %zu bytes are given, it has %zu", what, nr,
				      size);
	return 0;
}

static int number_parse(const char *text, uint8_t *bytes, size_t size, const char *what, struct bpfl_error *err)
{
	uint64_t number = 0;
	int64_t negative = 0;

	if (size != 1 && size != 2 && size != 4 && size != 8) {
		bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "%s: '%s': it has %zu bytes and no type", what,
			       BPFL_ESC(text), size);
		bpfl_error_fix(err, "write the bytes: 'hex:01 02 ...'");
		return -EINVAL;
	}
	if (text[0] == '-') {
		if (bpfl_text_to_s64(text, &negative) < 0)
			return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "%s: '%s' is not a number", what,
					      BPFL_ESC(text));
		if (size < 8 && negative < -((int64_t)1 << (8 * size - 1)))
			return bpfl_error_set(err, BPFL_ERR_USAGE, ERANGE, "%s: %s does not fit into %zu bytes", what,
					      BPFL_ESC(text), size);
		bpfl_number_bytes((uint64_t)negative & (UINT64_MAX >> (64 - 8 * size)), bytes, size);
		return 0;
	}
	if (bpfl_text_to_u64(text, &number) < 0)
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "%s: '%s' is not a number", what, BPFL_ESC(text));
	if (!bpfl_number_bytes(number, bytes, size))
		return bpfl_error_set(err, BPFL_ERR_USAGE, ERANGE, "%s: %s does not fit into %zu bytes", what,
				      BPFL_ESC(text), size);
	return 0;
}

/* bytes are zeroes, or the old value: what the words do not name becomes zero. */
static int bytes_parse(const struct bpfl_map *map, uint32_t type_id, const char *text, uint8_t *bytes, size_t size,
		       const char *what, struct bpfl_error *err)
{
	struct bpfl_btf_place place = { .type_id = type_id };
	uint32_t type_size = 0;
	int ret;

	if (bpfl_text_has_prefix(text, HEX_PREFIX))
		return hex_parse(text + strlen(HEX_PREFIX), bytes, size, what, err);
	if (!type_id || !map->btf || bpfl_btf_size(map->btf, type_id, &type_size) < 0 || type_size != size)
		return number_parse(text, bytes, size, what, err);
	ret = bpfl_btf_place_set(map->btf, &place, NULL, text, bytes, size, err);
	if (ret < 0)
		bpfl_error_prefix(err, "%s", what);
	return ret;
}

/* key: zeroed room for one. */
static int key_parse(const struct bpfl_map *map, const char *text, uint8_t *key, struct bpfl_error *err)
{
	int ret = bpfl_map_prefix_parse(map, text, key, err);

	if (ret != 0)
		return ret < 0 ? ret : 0;
	return bytes_parse(map, map->key_type_id, text, key, map->key_size, "key", err);
}

/* ---- values that stand for things ---- */

/* 1: an open descriptor in *ret_fd, which is the value; 0: plain bytes; -errno. */
static int thing_open(const struct bpfl_map *map, const char *text, int *ret_fd, struct bpfl_error *err)
{
	int fd;

	switch (map->type) {
	case BPFL_MAP_TYPE_PROG_ARRAY:
		fd = bpfl_open_words(text, "prog", err);
		break;
	case BPFL_MAP_TYPE_ARRAY_OF_MAPS:
	case BPFL_MAP_TYPE_HASH_OF_MAPS:
		fd = bpfl_open_words(text, "map", err);
		break;
	case BPFL_MAP_TYPE_CGROUP_ARRAY:
		fd = bpfl_enter_openat(AT_FDCWD, text, O_RDONLY | O_DIRECTORY, 0);
		if (fd < 0)
			bpfl_error_set(err, BPFL_ERR_TARGET, -fd, "cgroup '%s': %s", BPFL_ESC(text),
				       bpfl_errno_text(-fd));
		break;
	case BPFL_MAP_TYPE_SOCKMAP:
	case BPFL_MAP_TYPE_SOCKHASH:
	case BPFL_MAP_TYPE_REUSEPORT_SOCKARRAY:
	case BPFL_MAP_TYPE_XSKMAP:
		fd = bpfl_socket_open(map, text, err);
		break;
	case BPFL_MAP_TYPE_PERF_EVENT_ARRAY:
		return bpfl_error_set(err, BPFL_ERR_USAGE, EOPNOTSUPP,
				      "its elements are perf events, which the process that reads them puts there");
	default:
		return 0;
	}
	*ret_fd = fd;
	return fd < 0 ? fd : 1;
}

/* ---- variables ---- */

bool bpfl_map_is_section(const struct bpfl_map *map)
{
	const struct bpfl_btf_type *type = map->btf ? bpfl_btf_type(map->btf, map->value_type_id) : NULL;

	return type && bpfl_btf_kind(type) == BPFL_KIND_DATASEC && map->max_entries == 1 && map->nr_cpus == 0;
}

/*
 * Of an object that is loaded here the types are those of the file, where compilers leave zeroes for the places of
 * variables; its symbols have them. NULL: not such a map, or it has no such variable.
 */
static const struct bpfl_var *variable_of_object(const struct bpfl_map *map, const char *name, size_t len)
{
	const struct bpfl_spec *spec = map->object ? map->object->image->spec : NULL;

	for (size_t i = 0; spec && i < spec->vars.nr; i++) {
		const struct bpfl_var *var = &spec->vars.items[i];

		if (var->map_idx == map->map_idx && var->type_id != 0 && strlen(var->name) == len &&
		    strncmp(var->name, name, len) == 0)
			return var;
	}
	return NULL;
}

int bpfl_map_variable_find(const struct bpfl_map *map, const char *name, struct bpfl_btf_place *ret_place,
			   uint32_t *ret_size, struct bpfl_error *err)
{
	size_t len = strcspn(name, ".[");
	const struct bpfl_var *var = variable_of_object(map, name, len);
	struct bpfl_buf path = BPFL_BUF_INIT;
	int ret;

	bpfl_buf_printf(&path, ".%s", name);
	if (var)
		ret = bpfl_btf_place_find(map->btf, var->type_id, name + len, ret_place, err);
	else
		ret = bpfl_buf_ok(&path) ? bpfl_btf_place_find(map->btf, map->value_type_id, path.data, ret_place, err) :
					   bpfl_error_nomem(err);
	if (ret == 0 && var)
		ret_place->byte_off += var->byte_off;
	bpfl_buf_deinit(&path);
	if (ret == 0 && (bpfl_btf_size(map->btf, ret_place->type_id, ret_size) < 0 ||
			 (uint64_t)ret_place->byte_off + *ret_size > map->value_size))
		ret = bpfl_error_set(err, BPFL_ERR_OBJECT, EINVAL, "variable '%s': it ends behind its section",
				     BPFL_ESC(name));
	if (ret < 0)
		bpfl_error_prefix(err, "map '%s'", BPFL_ESC(map->name));
	return ret;
}

static bool is_variable(const struct bpfl_map *map, const char *key)
{
	uint64_t number;

	return key && bpfl_map_is_section(map) && !bpfl_text_has_prefix(key, HEX_PREFIX) && bpfl_text_to_u64(key, &number) < 0;
}

/*
 * Only the variable's own bytes, so that the neighbours that a program changes meanwhile stay. -EINVAL and
 * others: it cannot be mapped.
 */
static int write_mapped(const struct bpfl_map *map, const struct bpfl_btf_place *place, const uint8_t *value,
			size_t size)
{
	struct bpfl_map_memory *memory = NULL;
	int ret = bpfl_map_memory_open(map, 0, &memory, NULL);

	if (ret == 0 && memory->is_writable)
		memcpy((uint8_t *)memory->bytes + place->byte_off, value + place->byte_off, size);
	else if (ret == 0)
		ret = -EPERM;
	bpfl_map_memory_close(memory);
	return ret;
}

static int variable_set(const struct bpfl_map *map, const char *name, const char *text, uint8_t *value,
			struct bpfl_error *err)
{
	struct bpfl_btf_place place;
	uint32_t key = 0, size = 0;
	int ret = bpfl_map_variable_find(map, name, &place, &size, err);

	if (ret == 0)
		ret = bpfl_map_lookup(map, &key, sizeof(key), value, map->value_bytes, 0, err);
	if (ret == 0) {
		ret = bpfl_btf_place_set(map->btf, &place, name, text, value, map->value_bytes, err);
		if (ret < 0)
			bpfl_error_prefix(err, "variable '%s'", BPFL_ESC(name));
	}
	if (ret < 0 || write_mapped(map, &place, value, size) == 0)
		return ret;
	return bpfl_map_update(map, &key, sizeof(key), value, map->value_bytes, 0, err);
}

static int variable_get(const struct bpfl_map *map, const char *name, const struct bpfl_map_print *print,
			uint8_t *value, struct bpfl_error *err)
{
	struct bpfl_btf_place place;
	uint32_t key = 0, size = 0;
	struct bpfl_json json;
	int ret = bpfl_map_variable_find(map, name, &place, &size, err);

	if (ret == 0)
		ret = bpfl_map_lookup(map, &key, sizeof(key), value, map->value_bytes, 0, err);
	if (ret < 0)
		return ret;
	if (place.bit_size > 0)
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "'%s' is a bit-field: ask for what it is in",
				      BPFL_ESC(name));
	if (print->opts.format == BPFL_FORMAT_JSON) {
		bpfl_map_json_begin(map, "map", print->opts.time_json, &json, print->out);
		bpfl_json_member_string(&json, "variable", name);
		bpfl_json_key(&json, "value");
		bpfl_map_put_json(map, place.type_id, value + place.byte_off, size, &json);
		bpfl_map_json_end(&json);
		return 0;
	}
	bpfl_buf_printf(print->out, "%s = ", BPFL_ESC(name));
	bpfl_map_put_text(map, place.type_id, value + place.byte_off, size, print->out);
	bpfl_buf_char(print->out, '\n');
	return 0;
}

/* ---- one operation: its memory, its key ---- */

struct operation {
	const struct bpfl_map *map;
	uint8_t *key; /* NULL: none */
	int owner_fd; /* that is the key of storage; -1 */
	uint8_t *value;
	struct bpfl_buf out;
	struct bpfl_map_print print;
};

static void operation_deinit(struct operation *op)
{
	bpfl_map_print_deinit(&op->print);
	bpfl_buf_deinit(&op->out);
	bpfl_enter_close(op->owner_fd);
	free(op->value);
	free(op->key);
}

static int operation_init(struct operation *op, const struct bpfl_map *map, const char *key,
			  const struct bpfl_map_words *opts, struct bpfl_error *err)
{
	int ret;

	memset(op, 0, sizeof(*op));
	op->map = map;
	op->owner_fd = -1;
	ret = bpfl_map_print_init(&op->print, map, opts, &op->out, err);
	if (ret < 0)
		return ret;
	op->value = bpfl_map_value_new(map);
	op->key = key ? calloc(1, (size_t)map->key_size + 1) : NULL;
	if (!op->value || (key && !op->key))
		return bpfl_error_nomem(err);
	if (!key && map->key_size > 0)
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "map '%s': which element? its keys have %u bytes",
				      BPFL_ESC(map->name), map->key_size);
	if (key && map->key_size == 0)
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "map '%s': its elements have no keys, so not '%s'",
				      BPFL_ESC(map->name), BPFL_ESC(key));
	if (!key || is_variable(map, key))
		return 0;
	if (bpfl_owner_is_key(map) && map->key_size == sizeof(op->owner_fd)) {
		op->owner_fd = bpfl_owner_open(map, key, err);
		if (op->owner_fd < 0) {
			bpfl_error_prefix(err, "map '%s'", BPFL_ESC(map->name));
			return op->owner_fd;
		}
		memcpy(op->key, &op->owner_fd, sizeof(op->owner_fd));
		op->print.key_words = key;
		return 0;
	}
	ret = key_parse(map, key, op->key, err);
	if (ret < 0)
		bpfl_error_prefix(err, "map '%s'", BPFL_ESC(map->name));
	return ret;
}

/* The text, or what went wrong on the way to it. */
static int operation_finish(struct operation *op, int ret, char **ret_text, struct bpfl_error *err)
{
	if (ret == 0 && ret_text) {
		char *text;

		bpfl_buf_text(&op->out, "");
		text = bpfl_buf_take(&op->out);
		if (text)
			*ret_text = text;
		else
			ret = bpfl_error_nomem(err);
	}
	operation_deinit(op);
	return ret;
}

/* The flags of a call, and where the value is that it reads or writes. */
static uint64_t call_flags(const struct operation *op, bool writes, uint8_t **ret_value, size_t *ret_size)
{
	const struct bpfl_map *map = op->map;
	const struct bpfl_map_words *opts = &op->print.opts;
	uint64_t flags = opts->flags | (map->has_lock ? BPFL_MAP_LOCK : 0);

	*ret_value = op->value;
	*ret_size = map->value_size;
	if (map->nr_cpus && opts->one_cpu && (writes || !opts->sum)) {
		if (!writes)
			*ret_value += opts->cpu * bpfl_map_cpu_stride(map);
		return flags | BPFL_MAP_OF_CPU(opts->cpu);
	}
	if (map->nr_cpus && writes)
		return flags | BPFL_MAP_ALL_CPUS;
	*ret_size = map->value_bytes;
	return flags;
}

/* A Bloom filter is asked for a value: its text when it is there, perhaps; -ENOENT when it is not, for sure. */
static int bloom_get(const struct bpfl_map *map, const char *words, const struct bpfl_map_words *opts, char **ret_text,
		     struct bpfl_error *err)
{
	struct operation op;
	int ret = operation_init(&op, map, NULL, opts, err);

	if (ret == 0) {
		ret = bytes_parse(map, map->value_type_id, words, op.value, map->value_size, "value", err);
		if (ret < 0)
			bpfl_error_prefix(err, "map '%s'", BPFL_ESC(map->name));
	}
	if (ret == 0)
		ret = bpfl_map_lookup(map, NULL, 0, op.value, map->value_bytes, 0, err);
	if (ret == 0)
		bpfl_map_print_element(&op.print, NULL, op.value);
	return operation_finish(&op, ret, ret_text, err);
}

int bpfl_map_get_text(const struct bpfl_map *map, const char *key, const struct bpfl_map_words *opts, char **ret_text,
		      struct bpfl_error *err)
{
	struct operation op;
	const char *words;
	uint8_t *at;
	size_t size;
	uint64_t flags;
	int ret;

	if (map->type == BPFL_MAP_TYPE_BLOOM_FILTER && key)
		return bloom_get(map, key, opts, ret_text, err);
	ret = operation_init(&op, map, key, opts, err);
	if (ret == 0 &&
	    ((bpfl_map_how(map, &words) == BPFL_READ_NOTHING && op.owner_fd < 0) || op.print.how == BPFL_READ_MEMORY))
		ret = bpfl_error_set(err, BPFL_ERR_USAGE, EOPNOTSUPP, "map '%s': %s", BPFL_ESC(map->name), words);
	if (ret == 0 && is_variable(map, key)) {
		ret = variable_get(map, key, &op.print, op.value, err);
	} else if (ret == 0) {
		flags = call_flags(&op, false, &at, &size);
		ret = bpfl_map_lookup(map, op.key, map->key_size, at, size, flags, err);
		if (ret == 0)
			bpfl_map_print_element(&op.print, op.key, op.value);
	}
	return operation_finish(&op, ret, ret_text, err);
}

/* ---- comparing ---- */

/* What key and member name: where in the value, and how many bytes. A place without a type is the whole value. */
static int compared_find(const struct bpfl_map *map, const char *key, const char *member,
			 struct bpfl_btf_place *ret_place, uint32_t *ret_size, struct bpfl_error *err)
{
	struct bpfl_buf path = BPFL_BUF_INIT;
	int ret;

	if (is_variable(map, key)) {
		if (*member == '\0')
			return bpfl_map_variable_find(map, key, ret_place, ret_size, err);
		bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "map '%s': a member '%s' beside the variable '%s'",
			       BPFL_ESC(map->name), BPFL_ESC(member), BPFL_ESC(key));
		return bpfl_error_fix(err, "name it with the variable: VARIABLE.MEMBER"), -EINVAL;
	}
	if (!bpfl_map_type_fits(map, map->value_type_id, map->value_size)) {
		*ret_place = (struct bpfl_btf_place){ .type_id = 0 };
		*ret_size = map->value_size;
		return *member ? bpfl_error_set(err, BPFL_ERR_USAGE, ENOENT,
						"map '%s': its values have no type, so no member '%s'",
						BPFL_ESC(map->name), BPFL_ESC(member))
			       : 0;
	}
	bpfl_buf_printf(&path, "%s%s", *member && *member != '[' ? "." : "", member);
	ret = bpfl_buf_ok(&path) ? bpfl_btf_place_find(map->btf, map->value_type_id, path.data, ret_place, err)
				 : bpfl_error_nomem(err);
	if (ret == 0)
		ret = bpfl_btf_size(map->btf, ret_place->type_id, ret_size);
	bpfl_buf_deinit(&path);
	if (ret < 0)
		bpfl_error_prefix(err, "map '%s'", BPFL_ESC(map->name));
	return ret;
}

static bool number_at(const struct bpfl_map *map, const struct bpfl_btf_place *place, const uint8_t *value,
		      uint64_t *ret, bool *ret_signed)
{
	*ret_signed = false;
	return place->type_id ? bpfl_btf_place_number(map->btf, place, value, map->value_size, ret, ret_signed)
			      : bpfl_bytes_number(value, map->value_size, ret);
}

/* false: it is neither a number nor text. */
static bool order_find(const struct bpfl_map *map, const struct bpfl_btf_place *place, uint32_t size,
		       const uint8_t *value, const uint8_t *wanted, int *ret_order)
{
	const struct bpfl_btf_type *type = bpfl_btf_skip_modifiers(map->btf, place->type_id, NULL); /* 0: void */
	uint64_t a, b;
	bool is_signed;

	if (number_at(map, place, value, &a, &is_signed) && number_at(map, place, wanted, &b, &is_signed)) {
		*ret_order = a == b ? 0 : (is_signed ? (int64_t)a < (int64_t)b : a < b) ? -1 : 1;
		return true;
	}
	if (bpfl_btf_kind(type) != BPFL_KIND_ARRAY || !bpfl_btf_is_char(map->btf, bpfl_btf_array(type)->type))
		return false;
	*ret_order = strncmp((const char *)value + place->byte_off, (const char *)wanted + place->byte_off, size);
	return true;
}

/* The words, as bytes where they would stand in a value. */
static int wanted_parse(const struct bpfl_map *map, const struct bpfl_btf_place *place, uint32_t size, const char *text,
			uint8_t *wanted, struct bpfl_error *err)
{
	int ret, order;

	if (!order_find(map, place, size, wanted, wanted, &order))
		ret = bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "what is compared is no number and no text: name a "
				     "member of it");
	else
		ret = place->type_id ? bpfl_btf_place_set(map->btf, place, NULL, text, wanted, map->value_size, err)
				     : number_parse(text, wanted, map->value_size, "value", err);
	if (ret < 0)
		bpfl_error_prefix(err, "map '%s'", BPFL_ESC(map->name));
	return ret;
}

int bpfl_map_compare_text(const struct bpfl_map *map, const char *key, const char *member, const char *text,
			  int *ret_order, struct bpfl_error *err)
{
	uint8_t *wanted = calloc(1, (size_t)map->value_size + 8), *sum = calloc(1, (size_t)map->value_size + 8);
	struct bpfl_btf_place place = { .type_id = 0 };
	const uint8_t *value;
	struct operation op;
	uint32_t size = 0;
	int ret = operation_init(&op, map, key, NULL, err);

	if (ret == 0 && (!wanted || !sum))
		ret = bpfl_error_nomem(err);
	if (ret == 0)
		ret = compared_find(map, key, member, &place, &size, err);
	if (ret == 0)
		ret = wanted_parse(map, &place, size, text, wanted, err);
	if (ret == 0)
		ret = bpfl_map_lookup(map, op.key, map->key_size, op.value, map->value_bytes,
				      map->has_lock ? BPFL_MAP_LOCK : 0, err);
	value = op.value;
	if (ret == 0 && map->nr_cpus > 0) {
		ret = bpfl_map_sum(map, op.value, sum, err);
		value = sum;
	}
	if (ret == 0)
		order_find(map, &place, size, value, wanted, ret_order);
	operation_deinit(&op);
	free(wanted);
	free(sum);
	return ret;
}

/* ---- writing ---- */

/* Why the kernel may refuse a descriptor in a value. */
static const char *why_refused(const struct bpfl_map *map)
{
	switch (map->type) {
	case BPFL_MAP_TYPE_PROG_ARRAY:
		return "all programs in an array, and those that call into it, must be of one type";
	case BPFL_MAP_TYPE_CPUMAP:
		return "a program of a cpumap is of SEC(\"xdp/cpumap\"), or of SEC(\"xdp.frags/cpumap\") if those that "
		       "redirect have frags";
	case BPFL_MAP_TYPE_DEVMAP:
	case BPFL_MAP_TYPE_DEVMAP_HASH:
		return "a program of a devmap is of SEC(\"xdp/devmap\"), or of SEC(\"xdp.frags/devmap\") if those that "
		       "redirect have frags";
	case BPFL_MAP_TYPE_SOCKMAP:
	case BPFL_MAP_TYPE_SOCKHASH:
		return "a socket in it is connected, or a TCP socket that listens";
	case BPFL_MAP_TYPE_REUSEPORT_SOCKARRAY:
		return "a socket in it is bound and has SO_REUSEPORT, and is in one such map only";
	case BPFL_MAP_TYPE_XSKMAP:
		return "a socket in it is of AF_XDP, and is bound to an interface";
	default:
		return "an inner map must have the type and sizes of the outer map's template";
	}
}

int bpfl_map_set_text(const struct bpfl_map *map, const char *key, const char *value, const struct bpfl_map_words *opts,
		      struct bpfl_error *err)
{
	struct operation op;
	uint8_t *at;
	size_t size;
	uint64_t flags;
	int fd = -1, ret = operation_init(&op, map, key, opts, err);

	if (ret == 0 && is_variable(map, key))
		return operation_finish(&op, variable_set(map, key, value, op.value, err), NULL, err);
	if (ret == 0) {
		bool redirects = bpfl_redirect_is(map) && !bpfl_text_has_prefix(value, HEX_PREFIX);

		ret = redirects ? 0 : thing_open(map, value, &fd, err);
		if (redirects)
			ret = bpfl_redirect_parse(map, value, op.value, &fd, err);
		else if (ret == 1)
			ret = bpfl_number_bytes((uint32_t)fd, op.value, map->value_size) ? 0 : -EINVAL;
		else if (ret == 0)
			ret = bytes_parse(map, map->value_type_id, value, op.value, map->value_size, "value", err);
		if (ret < 0)
			bpfl_error_prefix(err, "map '%s'", BPFL_ESC(map->name));
	}
	if (ret == 0) {
		flags = call_flags(&op, true, &at, &size);
		ret = bpfl_map_update(map, op.key, map->key_size, at, size, flags, err);
	}
	/* a cpumap gives ENOMEM for whatever hinders an element */
	bool refused = ret == -EINVAL || ret == -EOPNOTSUPP || (ret == -ENOMEM && map->type == BPFL_MAP_TYPE_CPUMAP);
	if (refused && fd >= 0 && err && err->kind == BPFL_ERR_SYSTEM) {
		err->why[0] = '\0'; /* of the map: this is about the value */
		bpfl_error_why(err, "%s", why_refused(map));
	}
	bpfl_enter_close(fd);
	return operation_finish(&op, ret, NULL, err);
}

int bpfl_map_del_text(const struct bpfl_map *map, const char *key, const struct bpfl_map_words *opts, char **ret_text,
		      struct bpfl_error *err)
{
	struct operation op;
	int ret = operation_init(&op, map, key, opts, err);

	if (ret == 0 && is_variable(map, key))
		ret = bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "map '%s': variables cannot be deleted",
				     BPFL_ESC(map->name));
	if (ret == 0 && key)
		ret = bpfl_map_delete(map, op.key, map->key_size, err);
	else if (ret == 0) {
		ret = bpfl_map_take(map, NULL, 0, op.value, map->value_bytes, err);
		if (ret == 0)
			bpfl_map_print_element(&op.print, NULL, op.value);
	}
	return operation_finish(&op, ret, ret_text, err);
}
