/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/redirect_words.c: devmaps and cpumaps in words.
 *
 * An element says where bpf_redirect_map() sends a packet: to an interface, or to the queue of another CPU.
 * Since Linux 5.8 (cpumap 5.9) it may have a second half: a program of SEC("xdp/devmap") or SEC("xdp/cpumap")
 * that runs there once more. The value is two numbers; the second one is a descriptor when it is written and an
 * id when it is read. The kernel refuses types for such maps, so the words come from here.
 */
#include "event/redirect_words.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/text.h"
#include "spec/section.h"
#include "sys/enter.h"
#include "sys/netlink.h"

#define PROG_KEY ",prog="
#define IF_NAME_SIZE 16

static bool is_cpumap(const struct bpfl_map *map)
{
	return map->type == BPFL_MAP_TYPE_CPUMAP;
}

bool bpfl_redirect_is(const struct bpfl_map *map)
{
	bool redirects = is_cpumap(map) || map->type == BPFL_MAP_TYPE_DEVMAP || map->type == BPFL_MAP_TYPE_DEVMAP_HASH;

	return redirects && (map->value_size == sizeof(uint32_t) || map->value_size == 2 * sizeof(uint32_t));
}

static void offer_interface(void *ctx, const char *name)
{
	bpfl_near_offer(ctx, name);
}

static int refuse_interface(const char *name, struct bpfl_error *err)
{
	struct bpfl_near near;
	char names[512];

	bpfl_near_init(&near, name);
	bpfl_netlink_each_interface(offer_interface, &near);
	bpfl_error_set(err, BPFL_ERR_TARGET, ENODEV, "there is no network interface '%s'", BPFL_ESC(name));
	bpfl_error_catalogue(err, 27);
	if (near.nr > 0)
		bpfl_error_fix(err, "did you mean %s?", bpfl_near_text(&near, names, sizeof(names)));
	return -ENODEV;
}

/* The first half. */
static int where_parse(const struct bpfl_map *map, const char *text, uint32_t *ret_where, struct bpfl_error *err)
{
	uint64_t number;
	int ret;

	if (bpfl_text_to_u64(text, &number) == 0 && number > 0 && number <= UINT32_MAX) {
		*ret_where = (uint32_t)number;
		return 0;
	}
	if (is_cpumap(map)) {
		bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "value: '%s' is no queue size", BPFL_ESC(text));
		bpfl_error_fix(err, "write QUEUE_SIZE or QUEUE_SIZE,prog=PROG: 192");
		return -EINVAL;
	}
	ret = bpfl_enter_if_nametoindex(text, ret_where);
	if (ret == -ENODEV)
		return refuse_interface(text, err);
	return ret == 0 ? 0 : bpfl_error_set(err, BPFL_ERR_SYSTEM, -ret, "looking for the network interface '%s': %s",
					     BPFL_ESC(text), bpfl_errno_text(-ret));
}

int bpfl_redirect_parse(const struct bpfl_map *map, const char *text, uint8_t *value, int *ret_fd,
			struct bpfl_error *err)
{
	const char *prog = strstr(text, PROG_KEY);
	char where[64];
	uint32_t number = 0;
	int fd = -1, ret;

	if (prog && map->value_size < 2 * sizeof(uint32_t)) {
		bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "its values have no room for a program");
		bpfl_error_fix(err, "declare the map with %s for its values",
			       is_cpumap(map) ? "struct bpf_cpumap_val" : "struct bpf_devmap_val");
		return -EINVAL;
	}
	snprintf(where, sizeof(where), "%.*s", prog ? (int)(prog - text) : (int)strlen(text), text);
	ret = where_parse(map, where, &number, err);
	if (ret < 0)
		return ret;
	if (prog) {
		fd = bpfl_open_words(prog + strlen(PROG_KEY), "prog", err);
		if (fd < 0)
			return fd;
		memcpy(value + sizeof(number), &fd, sizeof(fd));
	}
	memcpy(value, &number, sizeof(number));
	*ret_fd = fd;
	return 0;
}

/* The halves of a value; a map of the first alone has program 0. */
static void halves(const struct bpfl_map *map, const uint8_t *value, uint32_t *ret_where, uint32_t *ret_prog_id)
{
	*ret_prog_id = 0;
	memcpy(ret_where, value, sizeof(*ret_where));
	if (map->value_size > sizeof(*ret_where))
		memcpy(ret_prog_id, value + sizeof(*ret_where), sizeof(*ret_prog_id));
}

void bpfl_redirect_put(const struct bpfl_map *map, const uint8_t *value, struct bpfl_buf *out)
{
	char name[IF_NAME_SIZE];
	uint32_t where, prog_id;

	halves(map, value, &where, &prog_id);
	if (!is_cpumap(map) && bpfl_enter_if_indextoname(where, name) == 0)
		bpfl_buf_text(out, BPFL_ESC(name));
	else
		bpfl_buf_printf(out, "%u", where);
	if (prog_id)
		bpfl_buf_printf(out, "%sid %u", PROG_KEY, prog_id);
}

void bpfl_redirect_put_json(const struct bpfl_map *map, const uint8_t *value, struct bpfl_json *json)
{
	char name[IF_NAME_SIZE];
	uint32_t where, prog_id;

	halves(map, value, &where, &prog_id);
	bpfl_json_object_begin(json);
	bpfl_json_member_u64(json, is_cpumap(map) ? "queue_size" : "ifindex", where);
	if (!is_cpumap(map) && bpfl_enter_if_indextoname(where, name) == 0)
		bpfl_json_member_string(json, "interface", name);
	if (prog_id)
		bpfl_json_member_u64(json, "prog_id", prog_id);
	bpfl_json_object_end(json);
}
