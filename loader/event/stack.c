/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/stack.c: one stack of a record: from an id or an array of addresses to frames, and those to text. See stack.h.
 *
 * bpf_get_stackid() gives the number of an element of a stack-trace map, or a negative errno: EFAULT means that
 * there was no such stack, EEXIST that another stack has the place, ENOMEM that there is none left. The element
 * is an array of addresses from the innermost outwards, filled up with zeroes; with BPF_F_STACK_BUILD_ID of
 * struct bpf_stack_build_id.
 *
 * All addresses but the innermost are those that a call returns to: behind the call, perhaps even behind the function.
 */
#include "event/stack.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "kern/map_handle.h"
#include "spec/spec.h"
#include "sys/bpf.h"

#define F_STACK_BUILD_ID (1u << 5) /* map flag, Linux 4.17 */
#define BUILD_ID_SIZE 20u

enum { BUILD_ID_EMPTY = 0, BUILD_ID_VALID = 1, BUILD_ID_IP = 2 };

/* As the kernel writes it. */
struct build_id_entry {
	int32_t status;
	uint8_t build_id[BUILD_ID_SIZE];
	uint64_t off_or_ip;
};

int bpfl_stacks_create(struct bpfl_symbolizer *symbolizer, const struct bpfl_stacks_opts *opts,
		       struct bpfl_stacks **ret_stacks, struct bpfl_error *err)
{
	struct bpfl_stacks *stacks = calloc(1, sizeof(*stacks));

	if (!stacks)
		return bpfl_error_nomem(err);
	stacks->symbolizer = symbolizer;
	if (opts) {
		stacks->forms = opts->forms;
		stacks->nr_forms = opts->nr_forms;
	}
	*ret_stacks = stacks;
	return 0;
}

void bpfl_stacks_destroy(struct bpfl_stacks *stacks)
{
	if (!stacks)
		return;
	for (size_t i = 0; i < stacks->maps.nr; i++)
		bpfl_map_close(stacks->maps.items[i]);
	free(stacks->maps.items);
	free(stacks->value);
	free(stacks);
}

int bpfl_stacks_add_map(struct bpfl_stacks *stacks, struct bpfl_map *map, struct bpfl_error *err)
{
	struct bpfl_map **slot;
	uint8_t *value;

	if (map->type != BPFL_MAP_TYPE_STACK_TRACE) {
		bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "map '%s' holds no stacks: it is no stack_trace map",
			       BPFL_ESC(map->name));
		bpfl_map_close(map);
		return -EINVAL;
	}
	value = realloc(stacks->value, map->value_size > stacks->value_size ? map->value_size : stacks->value_size + 1);
	if (value)
		stacks->value = value;
	slot = value ? BPFL_VEC_PUSH(&stacks->maps) : NULL;
	if (!slot) {
		bpfl_map_close(map);
		return bpfl_error_nomem(err);
	}
	if (map->value_size > stacks->value_size)
		stacks->value_size = map->value_size;
	*slot = map;
	return 0;
}

int bpfl_stacks_add_object(struct bpfl_stacks *stacks, const struct bpfl_object *object, struct bpfl_error *err)
{
	const struct bpfl_spec *spec = object->image->spec;
	int nr = 0;

	for (size_t i = 0; i < spec->maps.nr; i++) {
		struct bpfl_map *map = NULL;
		int ret;

		if (object->maps[i].fd < 0 || object->maps[i].type != BPFL_MAP_TYPE_STACK_TRACE)
			continue;
		ret = bpfl_map_open_object(object, spec->maps.items[i].name, &map, err);
		if (ret == 0)
			ret = bpfl_stacks_add_map(stacks, map, err);
		if (ret < 0)
			return ret;
		nr++;
	}
	return nr;
}

/* ---- addresses ---- */

struct walk {
	struct bpfl_stacks *stacks;
	enum bpfl_stack_kind kind;
	int pid;
	bpfl_frame_fn fn;
	void *fn_ctx;
};

/*
 * Where the name does not say whose stack it is. Kernel addresses are the upper half on most machines; on s390
 * kernel and processes both begin at zero: there the one is meant that has a name.
 */
static int either(struct bpfl_symbolizer *symbolizer, int pid, uint64_t addr, unsigned flags,
		  struct bpfl_frame *ret_frame)
{
	struct bpfl_frame kernel;
	int ret = 0;

	if (addr >> 63)
		return bpfl_symbolizer_kernel(symbolizer, addr, flags, ret_frame);
	ret = bpfl_symbolizer_user(symbolizer, pid, addr, flags, ret_frame);
	if (ret != 0)
		return ret;
	ret = bpfl_symbolizer_kernel(symbolizer, addr, flags, &kernel);
	if (ret == 1)
		*ret_frame = kernel;
	return ret;
}

static int one_address(const struct walk *walk, uint64_t addr, unsigned flags)
{
	struct bpfl_symbolizer *symbolizer = walk->stacks->symbolizer;
	struct bpfl_frame frame;
	int ret;

	if (walk->kind == BPFL_STACK_KERNEL)
		ret = bpfl_symbolizer_kernel(symbolizer, addr, flags, &frame);
	else if (walk->kind == BPFL_STACK_USER)
		ret = bpfl_symbolizer_user(symbolizer, walk->pid, addr, flags, &frame);
	else
		ret = either(symbolizer, walk->pid, addr, flags, &frame);
	return ret < 0 ? ret : walk->fn(walk->fn_ctx, &frame);
}

static int each_address(const struct walk *walk, const uint8_t *bytes, size_t size)
{
	int ret = 0;

	for (size_t i = 0; i < size / sizeof(uint64_t) && i < BPFL_STACK_DEPTH_MAX && ret == 0; i++) {
		uint64_t addr;

		memcpy(&addr, bytes + i * sizeof(addr), sizeof(addr));
		if (addr == 0)
			break;
		ret = one_address(walk, addr, i > 0 ? BPFL_FRAME_RETURN : 0);
	}
	return ret;
}

static int each_build_id(const struct walk *walk, const uint8_t *bytes, size_t size)
{
	int ret = 0;

	for (size_t i = 0; i < size / sizeof(struct build_id_entry) && i < BPFL_STACK_DEPTH_MAX && ret == 0; i++) {
		unsigned flags = i > 0 ? BPFL_FRAME_RETURN : 0;
		struct build_id_entry entry;
		struct bpfl_frame frame;

		memcpy(&entry, bytes + i * sizeof(entry), sizeof(entry));
		if (entry.status == BUILD_ID_EMPTY)
			break;
		if (entry.status != BUILD_ID_VALID) {
			ret = one_address(walk, entry.off_or_ip, flags);
			continue;
		}
		ret = bpfl_symbolizer_build_id(walk->stacks->symbolizer, entry.build_id, BUILD_ID_SIZE, entry.off_or_ip,
					       flags, &frame);
		ret = ret < 0 ? ret : walk->fn(walk->fn_ctx, &frame);
	}
	return ret;
}

/* ---- ids ---- */

/* How well a map's name fits: "ustacks" for user stacks. */
static int fit(const struct bpfl_map *map, enum bpfl_stack_kind kind)
{
	bool is_user = strstr(map->name, "user") || strstr(map->name, "ustack");
	bool is_kernel = strstr(map->name, "kern") || strstr(map->name, "kstack");

	if (kind == BPFL_STACK_EITHER || is_user == is_kernel)
		return 1;
	return is_user == (kind == BPFL_STACK_USER) ? 2 : 0;
}

/* The element, in stacks->value. NULL: no map has it. */
static const struct bpfl_map *look_up(struct bpfl_stacks *stacks, enum bpfl_stack_kind kind, uint32_t id)
{
	for (int wanted = 2; wanted >= 0; wanted--) {
		for (size_t i = 0; i < stacks->maps.nr; i++) {
			const struct bpfl_map *map = stacks->maps.items[i];

			if (fit(map, kind) == wanted && bpfl_sys_map_lookup(map->fd, &id, stacks->value, 0) == 0)
				return map;
		}
	}
	return NULL;
}

static int each_of_element(const struct walk *walk, const struct bpfl_map *map, const uint8_t *value)
{
	return map->flags & F_STACK_BUILD_ID ? each_build_id(walk, value, map->value_size)
					     : each_address(walk, value, map->value_size);
}

static int each_of_id(const struct walk *walk, int64_t id, enum bpfl_stack_state *ret_state)
{
	const struct bpfl_map *map;

	if (id < 0) {
		*ret_state = id == -EFAULT ? BPFL_STACK_NONE : BPFL_STACK_LOST;
		return 0;
	}
	map = id <= UINT32_MAX ? look_up(walk->stacks, walk->kind, (uint32_t)id) : NULL;
	if (!map) {
		*ret_state = BPFL_STACK_LOST;
		return 0;
	}
	return each_of_element(walk, map, walk->stacks->value);
}

/* How many bytes of an array hold addresses. A negative length is an errno: none. */
static size_t length_in(const struct bpfl_stack_field *field, const struct bpfl_field_ctx *ctx)
{
	const struct bpfl_field *array = &ctx->layout->fields.items[field->field_idx];
	size_t room = array->byte_off < ctx->size ? ctx->size - array->byte_off : 0;
	uint64_t length = UINT64_MAX;
	bool is_signed;

	if (field->len_field != BPFL_NO_FIELD &&
	    bpfl_field_number(ctx, &ctx->layout->fields.items[field->len_field], &length, &is_signed) &&
	    (int32_t)length < 0)
		length = 0;
	if (array->size > 0 && array->size < room)
		room = array->size;
	return length < room ? (size_t)length : room;
}

int bpfl_stack_each(struct bpfl_stacks *stacks, const struct bpfl_stack_field *field, const struct bpfl_field_ctx *ctx,
		    int pid, bpfl_frame_fn fn, void *fn_ctx, enum bpfl_stack_state *ret_state)
{
	const struct bpfl_field *member = &ctx->layout->fields.items[field->field_idx];
	struct walk walk = { stacks, field->kind, pid, fn, fn_ctx };
	uint64_t id = 0;
	bool is_signed;
	size_t size;

	*ret_state = BPFL_STACK_FOUND;
	if (field->shape == BPFL_STACK_ID) {
		if (!bpfl_field_number(ctx, member, &id, &is_signed)) {
			*ret_state = BPFL_STACK_LOST;
			return 0;
		}
		return each_of_id(&walk, member->size == 4 ? (int32_t)id : (int64_t)id, ret_state);
	}
	size = length_in(field, ctx);
	if (size < sizeof(uint64_t))
		*ret_state = BPFL_STACK_NONE;
	if (field->shape == BPFL_STACK_BUILD_IDS)
		return each_build_id(&walk, ctx->data + member->byte_off, size);
	return each_address(&walk, ctx->data + member->byte_off, size);
}

/* ---- frames ---- */

void bpfl_frame_text(const struct bpfl_frame *frame, struct bpfl_buf *out)
{
	if (!frame->symbol && !frame->module) {
		bpfl_buf_printf(out, "0x%llx", (unsigned long long)frame->addr);
		return;
	}
	if (frame->symbol) {
		bpfl_put_text(out, frame->symbol, strlen(frame->symbol), BPFL_STYLE_CELL);
		bpfl_buf_printf(out, "+0x%llx", (unsigned long long)frame->byte_off);
	}
	if (frame->module) {
		const char *brackets = frame->module[0] == '[' ? "" : "[]"; /* "[vdso]" has its own */

		bpfl_buf_text(out, frame->symbol ? " " : "");
		bpfl_buf_append(out, brackets, strlen(brackets) / 2);
		bpfl_put_text(out, frame->module, strlen(frame->module), BPFL_STYLE_CELL);
		if (!frame->symbol)
			bpfl_buf_printf(out, "+0x%llx", (unsigned long long)frame->byte_off);
		bpfl_buf_text(out, brackets + strlen(brackets) / 2);
	}
}

const char *bpfl_frame_label(const struct bpfl_frame *frame, char name[256])
{
	const char *file;

	if (frame->symbol)
		return frame->symbol;
	if (!frame->module)
		return frame->is_kernel ? "[kernel]" : "[unknown]";
	if (frame->module[0] == '[')
		return frame->module;
	file = strrchr(frame->module, '/');
	snprintf(name, 256, "[%.240s]", file ? file + 1 : frame->module);
	return name;
}

/* ---- text and JSON ---- */

struct writing {
	struct bpfl_buf *out;
	struct bpfl_json *json; /* NULL: text */
	struct bpfl_buf text;
};

static int write_frame(void *ctx, const struct bpfl_frame *frame)
{
	struct writing *writing = ctx;

	if (!writing->json) {
		bpfl_buf_text(writing->out, "    ");
		bpfl_frame_text(frame, writing->out);
		bpfl_buf_char(writing->out, '\n');
		return 0;
	}
	writing->text.size = 0;
	bpfl_frame_text(frame, &writing->text);
	if (!bpfl_buf_ok(&writing->text))
		return -ENOMEM;
	bpfl_json_string_sized(writing->json, writing->text.data, writing->text.size);
	return 0;
}

static int write_label(void *ctx, const struct bpfl_frame *frame)
{
	char name[256];
	const char *label = bpfl_frame_label(frame, name);

	bpfl_put_text(ctx, label, strlen(label), BPFL_STYLE_CELL);
	return 1; /* the others are not wanted */
}

int bpfl_stacks_put_name(struct bpfl_stacks *stacks, const struct bpfl_stack_field *field,
			 const struct bpfl_field_ctx *ctx, int pid, struct bpfl_buf *out)
{
	size_t start = out->size;
	enum bpfl_stack_state state;
	int ret = bpfl_stack_each(stacks, field, ctx, pid, write_label, out, &state);

	if (out->size == start)
		bpfl_buf_text(out, state == BPFL_STACK_LOST ? "[lost]" : "-");
	return ret < 0 ? ret : 0;
}

int bpfl_stacks_put_text(struct bpfl_stacks *stacks, const struct bpfl_stack_fields *fields,
			 const struct bpfl_field_ctx *ctx, int pid, struct bpfl_buf *out)
{
	struct writing writing = { .out = out };
	int ret = 0;

	for (size_t i = 0; i < fields->nr && ret == 0; i++) {
		size_t start = out->size, after;
		enum bpfl_stack_state state;

		bpfl_buf_printf(out, "  %s:\n", ctx->layout->fields.items[fields->items[i].field_idx].name);
		after = out->size;
		ret = bpfl_stack_each(stacks, &fields->items[i], ctx, pid, write_frame, &writing, &state);
		if (state == BPFL_STACK_LOST)
			bpfl_buf_text(out, "    [lost: not in the stack-trace map]\n");
		else if (out->size == after && !out->failed)
			out->size = start; /* there was none */
	}
	return ret;
}

int bpfl_stacks_put_json(struct bpfl_stacks *stacks, const struct bpfl_stack_fields *fields,
			 const struct bpfl_field_ctx *ctx, int pid, struct bpfl_json *json)
{
	struct writing writing = { .json = json };
	int ret = 0;

	for (size_t i = 0; i < fields->nr && ret == 0; i++) {
		enum bpfl_stack_state state;

		bpfl_json_key(json, ctx->layout->fields.items[fields->items[i].field_idx].name);
		bpfl_json_array_begin(json);
		ret = bpfl_stack_each(stacks, &fields->items[i], ctx, pid, write_frame, &writing, &state);
		if (state == BPFL_STACK_LOST)
			bpfl_json_string(json, "[lost]");
		bpfl_json_array_end(json);
	}
	bpfl_buf_deinit(&writing.text);
	return ret;
}

int bpfl_stacks_put_element_text(struct bpfl_stacks *stacks, const struct bpfl_map *map, const uint8_t *value,
				 struct bpfl_buf *out)
{
	struct writing writing = { .out = out };
	struct walk walk = { stacks, BPFL_STACK_EITHER, 0, write_frame, &writing };

	return each_of_element(&walk, map, value);
}

int bpfl_stacks_put_element_json(struct bpfl_stacks *stacks, const struct bpfl_map *map, const uint8_t *value,
				 struct bpfl_json *json)
{
	struct writing writing = { .json = json };
	struct walk walk = { stacks, BPFL_STACK_EITHER, 0, write_frame, &writing };
	int ret;

	bpfl_json_array_begin(json);
	ret = each_of_element(&walk, map, value);
	bpfl_json_array_end(json);
	bpfl_buf_deinit(&writing.text);
	return ret;
}
