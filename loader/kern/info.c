/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/info.c: walks the kernel's ids. See kern/info.h.
 *
 * Each kind has a command for the next id and one for a descriptor of an id (Linux 4.13; links 5.8). What goes
 * away between the two calls is skipped. One row per kind in a table says which commands, and which function
 * turns the kernel's struct into ours.
 */
#include "kern/info.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "spec/section.h"
#include "sys/bpf.h"
#include "sys/enter.h"

#define NR_MAP_IDS_MAX 4096u

/* ---- one kind each ---- */

static void type_put(struct bpfl_live *row, const char *name, const char *what, unsigned number)
{
	if (name)
		snprintf(row->type, sizeof(row->type), "%s", name);
	else
		snprintf(row->type, sizeof(row->type), "%s type %u", what, number);
}

static int map_ids_read(struct bpfl_live *row, int fd, uint32_t nr)
{
	struct bpfl_prog_info info = { 0 };
	uint32_t info_size = sizeof(info);

	if (nr == 0 || nr > NR_MAP_IDS_MAX)
		return 0;
	if (!BPFL_VEC_RESERVE(&row->map_ids, nr))
		return -ENOMEM;
	memset(row->map_ids.items, 0, nr * sizeof(*row->map_ids.items));
	info.nr_map_ids = nr;
	info.map_ids = BPFL_PTR(row->map_ids.items);
	if (bpfl_sys_obj_info(fd, &info, &info_size) == 0)
		row->map_ids.nr = nr < info.nr_map_ids ? nr : info.nr_map_ids;
	return 0;
}

static int read_prog(struct bpfl_live *row, int fd)
{
	struct bpfl_prog_info info = { 0 };
	uint32_t info_size = sizeof(info);
	int ret = bpfl_sys_obj_info(fd, &info, &info_size);

	if (ret < 0)
		return ret;
	type_put(row, bpfl_prog_type_name(info.type), "prog", info.type);
	snprintf(row->name, sizeof(row->name), "%.*s", BPFL_OBJ_NAME_SIZE, info.name);
	memcpy(row->tag, info.tag, sizeof(row->tag));
	row->btf_id = info.btf_id;
	row->size_bytes = info.xlated_prog_len;
	ret = map_ids_read(row, fd, info.nr_map_ids);
	if (ret == 0)
		bpfl_listing_metadata(row);
	return ret;
}

static int read_map(struct bpfl_live *row, int fd)
{
	struct bpfl_map_info info = { 0 };
	uint32_t info_size = sizeof(info);
	int ret = bpfl_sys_obj_info(fd, &info, &info_size);

	if (ret < 0)
		return ret;
	type_put(row, bpfl_map_type_name(info.type), "map", info.type);
	snprintf(row->name, sizeof(row->name), "%.*s", BPFL_OBJ_NAME_SIZE, info.name);
	row->key_size = info.key_size;
	row->value_size = info.value_size;
	row->max_entries = info.max_entries;
	row->flags = info.map_flags;
	row->btf_id = info.btf_id;
	return 0;
}

static int read_btf(struct bpfl_live *row, int fd)
{
	struct bpfl_btf_info info = { .name = BPFL_PTR(row->name), .name_len = sizeof(row->name) };
	uint32_t info_size = sizeof(info);
	int ret = bpfl_sys_obj_info(fd, &info, &info_size);

	if (ret < 0)
		return ret;
	snprintf(row->type, sizeof(row->type), "%s", info.kernel_btf ? "kernel" : "object");
	row->size_bytes = info.btf_size;
	return 0;
}

static const struct {
	enum bpfl_cmd next, open;
	int (*read)(struct bpfl_live *row, int fd);
} kinds[BPFL_NR_LIVE_KINDS] = {
	[BPFL_LIVE_PROG] = { BPFL_CMD_PROG_GET_NEXT_ID, BPFL_CMD_PROG_GET_FD_BY_ID, read_prog },
	[BPFL_LIVE_MAP] = { BPFL_CMD_MAP_GET_NEXT_ID, BPFL_CMD_MAP_GET_FD_BY_ID, read_map },
	[BPFL_LIVE_LINK] = { BPFL_CMD_LINK_GET_NEXT_ID, BPFL_CMD_LINK_GET_FD_BY_ID, bpfl_listing_link },
	[BPFL_LIVE_BTF] = { BPFL_CMD_BTF_GET_NEXT_ID, BPFL_CMD_BTF_GET_FD_BY_ID, read_btf },
};

/* ---- the walk ---- */

static void row_deinit(struct bpfl_live *row)
{
	for (size_t i = 0; i < row->pins.nr; i++)
		free(row->pins.items[i]);
	for (size_t i = 0; i < row->holders.nr; i++)
		free((char *)(uintptr_t)row->holders.items[i].comm);
	free(row->pins.items);
	free(row->holders.items);
	free(row->map_ids.items);
	free(row->detail);
	free(row->metadata);
	free(row->metadata_json);
	free(row->object);
}

/* Adds what has that id. 0 also when it has gone, or is not there yet. */
static int row_add(struct bpfl_listing *listing, enum bpfl_live_kind kind, uint32_t id)
{
	int fd = bpfl_sys_fd_by_id(kinds[kind].open, id), ret;
	struct bpfl_live *row;

	if (fd == -ENOENT || fd == -EAGAIN) /* a link that is just being made has a number, but cannot be opened yet */
		return 0;
	if (fd < 0)
		return fd;
	row = BPFL_VEC_PUSH(&listing->rows);
	if (!row) {
		bpfl_enter_close(fd);
		return -ENOMEM;
	}
	row->kind = kind;
	row->id = id;
	ret = kinds[kind].read(row, fd);
	bpfl_enter_close(fd);
	return ret;
}

static int refuse(int ret, struct bpfl_error *err)
{
	if (ret == -ENOMEM)
		return bpfl_error_nomem(err);
	bpfl_error_set(err,
		       ret == -EPERM    ? BPFL_ERR_PERMISSION
		       : ret == -EINVAL ? BPFL_ERR_UNSUPPORTED
					: BPFL_ERR_SYSTEM,
		       -ret, "asking the kernel what is loaded: %s", bpfl_errno_text(-ret));
	if (ret == -EPERM) {
		bpfl_error_catalogue(err, 1);
		bpfl_error_why(err, "walking the ids of all users' programs needs CAP_SYS_ADMIN");
		bpfl_error_fix(err, "run as root (sudo)");
	} else if (ret == -EINVAL) {
		bpfl_error_why(err, "programs and maps have ids since Linux 4.13, BTF since 4.18");
	}
	return ret;
}

static int kind_read(struct bpfl_listing *listing, enum bpfl_live_kind kind)
{
	uint32_t id = 0;
	int ret;

	while ((ret = bpfl_sys_next_id(kinds[kind].next, id, &id)) == 0) {
		ret = row_add(listing, kind, id);
		if (ret < 0)
			return ret;
	}
	if (ret == -EINVAL && (kind == BPFL_LIVE_LINK || kind == BPFL_LIVE_BTF))
		return 0; /* a kernel without ids of links */
	return ret == -ENOENT ? 0 : ret;
}

int bpfl_listing_read(unsigned wanted, struct bpfl_listing **ret_listing, struct bpfl_error *err)
{
	struct bpfl_listing *listing = calloc(1, sizeof(*listing));
	int ret = 0;

	if (!listing)
		return bpfl_error_nomem(err);
	for (unsigned kind = 0; ret == 0 && kind < BPFL_NR_LIVE_KINDS; kind++) {
		if (wanted & BPFL_LIVE_BIT(kind))
			ret = kind_read(listing, (enum bpfl_live_kind)kind);
	}
	if (ret == 0)
		ret = bpfl_listing_owners(listing);
	if (ret < 0) {
		bpfl_listing_destroy(listing);
		return refuse(ret, err);
	}
	*ret_listing = listing;
	return 0;
}

void bpfl_listing_destroy(struct bpfl_listing *listing)
{
	if (!listing)
		return;
	for (size_t i = 0; i < listing->rows.nr; i++)
		row_deinit(&listing->rows.items[i]);
	free(listing->rows.items);
	free(listing);
}

/* Rows were added in this order. */
static int row_compare(const void *key, const void *item)
{
	const struct bpfl_live *wanted = key, *row = item;

	if (wanted->kind != row->kind)
		return wanted->kind < row->kind ? -1 : 1;
	return wanted->id < row->id ? -1 : wanted->id > row->id;
}

struct bpfl_live *bpfl_listing_find(const struct bpfl_listing *listing, enum bpfl_live_kind kind, uint32_t id)
{
	const struct bpfl_live wanted = { .kind = kind, .id = id };

	if (listing->rows.nr == 0)
		return NULL;
	return bsearch(&wanted, listing->rows.items, listing->rows.nr, sizeof(wanted), row_compare);
}

size_t bpfl_listing_nr(const struct bpfl_listing *listing)
{
	return listing->rows.nr;
}

int bpfl_listing_view(const struct bpfl_listing *listing, size_t idx, struct bpfl_live_view *ret_view)
{
	const struct bpfl_live *row;

	if (idx >= listing->rows.nr)
		return -ERANGE;
	row = &listing->rows.items[idx];
	*ret_view = (struct bpfl_live_view){
		.kind = row->kind,
		.id = row->id,
		.name = row->name,
		.type = row->type,
		.detail = row->detail ? row->detail : "",
		.metadata = row->metadata ? row->metadata : "",
		.prog_id = row->prog_id,
		.btf_id = row->btf_id,
		.key_size = row->key_size,
		.value_size = row->value_size,
		.max_entries = row->max_entries,
		.flags = row->flags,
		.size_bytes = row->size_bytes,
		.nr_map_ids = row->map_ids.nr,
		.map_ids = row->map_ids.items,
		.nr_pins = row->pins.nr,
		.pins = (const char *const *)row->pins.items,
		.nr_holders = row->holders.nr,
		.holders = row->holders.items,
		.object = row->object ? row->object : "",
	};
	memcpy(ret_view->tag, row->tag, sizeof(row->tag));
	return 0;
}
