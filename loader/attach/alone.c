/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/alone.c: what to do with programs that are only loaded. See attach/alone.h.
 *
 * Routes and actions of tc take a program by its pin, and hold it from then on. They are made by ip(8) and
 * tc(8), which know the rest of what a route or an action is.
 */
#include "attach/alone.h"

#include <errno.h>
#include <string.h>
#include "base/json.h"
#include "kern/object.h"
#include "kern/pin.h"

/* The pin stands between before and after. */
static const struct user {
	enum bpfl_prog_type prog_type;
	const char *why, *before, *after;
} users[] = {
	{ BPFL_PROG_LWT_IN, "a route runs it for packets that come in by it", "ip route add PREFIX encap bpf in pinned ", " dev IF" },
	{ BPFL_PROG_LWT_OUT, "a route runs it for packets that go out by it", "ip route add PREFIX encap bpf out pinned ", " dev IF" },
	{ BPFL_PROG_LWT_XMIT, "a route runs it for packets just before they are sent", "ip route add PREFIX encap bpf xmit pinned ",
	  " dev IF" },
	{ BPFL_PROG_LWT_SEG6LOCAL, "a route of IPv6 segment routing runs it",
	  "ip -6 route add PREFIX encap seg6local action End.BPF endpoint pinned ", " dev IF" },
	{ BPFL_PROG_SCHED_ACT, "a filter of tc runs it as its action", "tc filter add dev IF ingress matchall action bpf object-pinned ", "" },
};

static const struct user *user_find(uint32_t prog_type)
{
	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
		if ((uint32_t)users[i].prog_type == prog_type)
			return &users[i];
	}
	return NULL;
}

int bpfl_alone_refuse(const struct bpfl_section_row *row, struct bpfl_error *err)
{
	const struct user *user = user_find((uint32_t)row->prog_type);
	bool is_device = row->attach_type == BPFL_ATTACH_XDP_DEVMAP,
	     is_cpu = row->attach_type == BPFL_ATTACH_XDP_CPUMAP;

	if (!user) {
		bpfl_error_set(err, BPFL_ERR_USAGE, EOPNOTSUPP, "a program of section '%s' is not attached by itself",
			       row->name);
		if (is_device || is_cpu) {
			bpfl_error_why(err,
				       "it runs where an XDP program redirects packets to, and an element of a %s "
				       "holds it",
				       is_cpu ? "cpumap" : "devmap");
			bpfl_error_fix(err,
				       "bpfload load FILE --pin /sys/fs/bpf/DIR, then bpfload map set "
				       "/sys/fs/bpf/DIR/maps/MAP KEY "
				       "%s,prog=/sys/fs/bpf/DIR/progs/PROG",
				       is_cpu ? "QUEUE_SIZE" : "IF");
		} else {
			bpfl_error_why(err, "others refer to it, or it is run by hand: it is only loaded");
		}
		return -EOPNOTSUPP;
	}
	bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, EOPNOTSUPP,
		       "a program of section '%s' is not attached by a system call", row->name);
	bpfl_error_why(err, "%s, and refers to it by a pin", user->why);
	bpfl_error_fix(err,
		       "bpfload load FILE --pin /sys/fs/bpf/DIR pins it and prints the command to use it: "
		       "%s/sys/fs/bpf/DIR/progs/PROG%s",
		       user->before, user->after);
	if (row->prog_type == BPFL_PROG_SCHED_ACT)
		bpfl_error_fix(err, "or attach it as a filter, which decides by itself: --attach PROG=tc/ingress:IF");
	return -EOPNOTSUPP;
}

/* ---- what uses a pin ---- */

/* The name that bpfl_pins_add() gives it in a directory that was empty: names that look the same get a number. */
static void pin_path(const struct bpfl_object *object, size_t prog_idx, const char *dir, struct bpfl_buf *out)
{
	const struct bpfl_spec *spec = object->image->spec;
	char plain[BPFL_PIN_NAME_SIZE], other[BPFL_PIN_NAME_SIZE];
	unsigned nr_same = 1;

	bpfl_pin_name(spec->progs.items[prog_idx].name, plain);
	for (size_t i = 0; i < prog_idx; i++) {
		if (object->progs[i].fd >= 0 && strcmp(bpfl_pin_name(spec->progs.items[i].name, other), plain) == 0)
			nr_same++;
	}
	bpfl_buf_printf(out, "%s/progs/%s", dir, plain);
	if (nr_same > 1)
		bpfl_buf_printf(out, "-%u", nr_same);
}

static void command_add(const struct bpfl_object *object, size_t prog_idx, const struct user *user, const char *dir,
			enum bpfl_format format, struct bpfl_buf *out)
{
	struct bpfl_buf command = BPFL_BUF_INIT;
	struct bpfl_json json;

	bpfl_buf_printf(&command, "%s", user->before);
	pin_path(object, prog_idx, dir, &command);
	bpfl_buf_printf(&command, "%s", user->after);
	if (format == BPFL_FORMAT_JSON) {
		bpfl_json_init(&json, out);
		bpfl_json_object_begin(&json);
		bpfl_json_member_u64(&json, "v", 1);
		bpfl_json_member_string(&json, "type", "command");
		bpfl_json_member_string(&json, "program", object->image->spec->progs.items[prog_idx].name);
		bpfl_json_member_string(&json, "command", bpfl_buf_ok(&command) ? command.data : "");
		bpfl_json_object_end(&json);
		bpfl_buf_char(out, '\n');
	} else {
		bpfl_buf_printf(out, "%s\n", bpfl_buf_ok(&command) ? command.data : "");
	}
	bpfl_buf_deinit(&command);
}

int bpfl_object_pin_commands(const struct bpfl_object *object, const char *dir, enum bpfl_format format,
			     char **ret_text, struct bpfl_error *err)
{
	const struct bpfl_spec *spec = object->image->spec;
	struct bpfl_buf out = BPFL_BUF_INIT;
	char *text;

	bpfl_buf_printf(&out, "%s", "");
	for (size_t i = 0; i < spec->progs.nr; i++) {
		const struct user *user = user_find(spec->progs.items[i].prog_type);

		if (user && object->progs[i].fd >= 0)
			command_add(object, i, user, dir, format, &out);
	}
	text = bpfl_buf_take(&out);
	if (!text)
		return bpfl_error_nomem(err);
	*ret_text = text;
	return 0;
}
