/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/iter.c: SEC("iter/NAME"), SEC("iter.s/NAME").
 *
 * An iterator does not wait for anything to happen: the kernel walks its tasks, maps, sockets, ... and calls
 * the program for each, while somebody reads. The link (Linux 5.8) says what is walked; each ITER_CREATE on it
 * gives a file that begins a walk of its own, and the text of that file is what the program wrote with
 * bpf_seq_printf(). So the link is read, again and again if wanted, with bpfl_link_read().
 *
 * What is walked can be narrowed: the elements of one map (5.8), the tasks of one thread or process (6.1), the
 * cgroups below or above one (6.1). The options are those of the kernel's bpf_iter_link_info, which is one
 * union for all kinds of iterators: only options of one kind can be given.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include "attach/link.h"
#include "attach/binary.h"
#include "base/text.h"
#include "sys/bpf.h"
#include "sys/enter.h"

#define READ_SIZE 16384
/* The kernel gives up a read() after this many objects without text, and wants to be asked again. */
#define AGAIN_MAX 100000

/* union bpf_iter_link_info of the kernel. */
union link_info {
	struct {
		uint32_t map_fd;
	} map;
	struct {
		uint32_t order;
		uint32_t cgroup_fd;
		uint64_t cgroup_id;
	} cgroup;
	struct {
		uint32_t tid;
		uint32_t pid;
		uint32_t pid_fd;
	} task;
};

/*
 * What the options of one attach mean. fd: of the map or cgroup while the link is made; own_fd: to be
 * closed afterwards.
 */
struct narrowing {
	union link_info info;
	uint32_t info_size; /* 0: the whole of what there is */
	int own_fd;
	const char *words; /* for the text of the link; "" */
};

static const struct {
	const char *name;
	uint32_t order; /* enum bpf_cgroup_iter_order */
} orders[] = { { "self", 1 }, { "pre", 2 }, { "post", 3 }, { "up", 4 }, { "children", 5 } };
#define NR_ORDERS (sizeof(orders) / sizeof(orders[0]))
#define ORDER_PRE 2u

/* ---- what is walked ---- */

/* Options that do not go together. */
static int refuse_words(const char *what, const char *fix, struct bpfl_error *err)
{
	bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "%s", what);
	bpfl_error_fix(err, "%s", fix);
	return -EINVAL;
}

static int refuse_map(const struct bpfl_object *object, const char *map, struct bpfl_error *err)
{
	const struct bpfl_spec *spec = object->image->spec;
	struct bpfl_buf list = BPFL_BUF_INIT;
	struct bpfl_near near;
	char names[512];

	bpfl_near_init(&near, map);
	for (size_t i = 0; i < spec->maps.nr; i++) {
		if (bpfl_object_map_fd(object, spec->maps.items[i].name) < 0)
			continue;
		bpfl_near_offer(&near, spec->maps.items[i].name);
		bpfl_buf_printf(&list, "%s%s", list.size ? ", " : "", BPFL_ESC(spec->maps.items[i].name));
	}
	bpfl_error_set(err, BPFL_ERR_USAGE, ENOENT, "the object has no map '%s' that is loaded", BPFL_ESC(map));
	bpfl_error_why(err, "loaded maps: %s", list.size ? list.data : "none");
	if (near.nr > 0)
		bpfl_error_fix(err, "did you mean %s?", bpfl_near_text(&near, names, sizeof(names)));
	else
		bpfl_error_fix(err,
			       "give the name of a map of the object, or the path of a pinned one (/sys/fs/bpf/...)");
	bpfl_buf_deinit(&list);
	return -ENOENT;
}

static int narrow_to_map(const struct bpfl_attach_ctx *ctx, const char *map, struct narrowing *narrowing,
			 struct bpfl_error *err)
{
	int fd = bpfl_object_map_fd(ctx->object, map);

	if (fd < 0 && map[0] == '/') {
		fd = narrowing->own_fd = bpfl_sys_obj_get(map, 0);
		if (fd < 0) {
			bpfl_error_set(err, BPFL_ERR_TARGET, -fd, "map '%s': opening the pin: %s", BPFL_ESC(map),
				       bpfl_errno_text(-fd));
			bpfl_error_catalogue(err, 27);
			bpfl_error_fix(err, "bpfload ls map lists the maps and where they are pinned");
			return fd;
		}
	}
	if (fd < 0) {
		return refuse_map(ctx->object, map, err);
	}
	narrowing->info.map.map_fd = (uint32_t)fd;
	narrowing->words = map;
	return 0;
}

static int narrow_to_cgroup(const struct bpfl_attach *attach, const char *path, struct narrowing *narrowing,
			    struct bpfl_error *err)
{
	const char *order = bpfl_attach_option(attach, "order");
	int fd;

	narrowing->info.cgroup.order = ORDER_PRE;
	for (size_t i = 0; order; i++) {
		if (i == NR_ORDERS) {
			bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "option 'order': '%s' is no order",
				       BPFL_ESC(order));
			bpfl_error_fix(err, "order=self, pre (the cgroup, then those below), post, up, or children");
			return -EINVAL;
		}
		if (strcmp(orders[i].name, order) == 0) {
			narrowing->info.cgroup.order = orders[i].order;
			break;
		}
	}
	fd = narrowing->own_fd = bpfl_enter_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0) {
		bpfl_error_set(err, BPFL_ERR_TARGET, -fd, "cgroup '%s': %s", BPFL_ESC(path), bpfl_errno_text(-fd));
		bpfl_error_catalogue(err, 27);
		bpfl_error_fix(err, "write the path of a directory of cgroup2 (mount -t cgroup2 says where that is)");
		return fd;
	}
	narrowing->info.cgroup.cgroup_fd = (uint32_t)fd;
	narrowing->words = path;
	return 0;
}

static int narrow_to_task(const struct bpfl_attach *attach, struct narrowing *narrowing, struct bpfl_error *err)
{
	uint64_t pid = bpfl_attach_option_u64(attach, "pid"), tid = bpfl_attach_option_u64(attach, "tid");
	bool has_pid = bpfl_attach_option(attach, "pid") != NULL, has_tid = bpfl_attach_option(attach, "tid") != NULL;
	int ret = 0;

	if ((has_pid && has_tid) || (has_pid && (pid == 0 || pid > INT32_MAX)) ||
	    (has_tid && (tid == 0 || tid > INT32_MAX)))
		return refuse_words("pid= and tid= are numbers above 0, and exclude each other",
				    "give one of pid= (a process) and tid= (a thread)", err);
	if (has_pid || has_tid)
		ret = bpfl_process_check((int)(has_pid ? pid : tid), err);
	if (ret < 0)
		return ret;
	narrowing->info.task.pid = (uint32_t)pid;
	narrowing->info.task.tid = (uint32_t)tid;
	narrowing->words = bpfl_attach_option(attach, has_pid ? "pid" : "tid");
	return 0;
}

/* The place behind the colon (iter/bpf_map_elem:MAP) and map= are the same. */
static const char *map_of(const struct bpfl_attach *attach)
{
	return attach->where[0] ? attach->where : bpfl_attach_option(attach, "map");
}

static int narrow(const struct bpfl_attach_ctx *ctx, struct narrowing *narrowing, struct bpfl_error *err)
{
	const struct bpfl_attach *attach = ctx->attach;
	const char *map = map_of(attach), *cgroup = bpfl_attach_option(attach, "cgroup");
	bool task = bpfl_attach_option(attach, "pid") || bpfl_attach_option(attach, "tid");

	if ((map != NULL) + (cgroup != NULL) + task > 1)
		return refuse_words("an iterator walks a map, a cgroup or a task",
				    "give one of map=, cgroup=, pid=, tid=", err);
	if (bpfl_attach_option(attach, "order") && !cgroup)
		return refuse_words("order= is of cgroups", "add cgroup=PATH, the directory that the walk begins at",
				    err);
	if (!map && !cgroup && !task)
		return 0;
	narrowing->info_size = sizeof(narrowing->info);
	return map ? narrow_to_map(ctx, map, narrowing, err) :
	       cgroup ? narrow_to_cgroup(attach, cgroup, narrowing, err) : narrow_to_task(attach, narrowing, err);
}

/* ---- reading ---- */

static int read_failed(const struct bpfl_link *link, const char *what, int ret, struct bpfl_error *err)
{
	return bpfl_error_set(err, BPFL_ERR_SYSTEM, -ret, "%s: %s: %s", link->text, what, bpfl_errno_text(-ret));
}

static int read_iter(struct bpfl_link *link, bpfl_write_fn write, void *ctx, struct bpfl_error *err)
{
	char text[READ_SIZE];
	unsigned nr_again = 0;
	int fd = bpfl_sys_iter_create(link->link_fd), ret = 0;

	if (fd < 0)
		return read_failed(link, "beginning a walk", fd, err);
	for (;;) {
		ssize_t size = bpfl_enter_read(fd, text, sizeof(text));

		if (size == -EAGAIN && nr_again++ < AGAIN_MAX)
			continue;
		if (size < 0)
			ret = read_failed(link, "reading", (int)size, err);
		if (size > 0)
			ret = write(ctx, text, (size_t)size);
		if (size <= 0 || ret < 0)
			break;
	}
	bpfl_enter_close(fd);
	return ret;
}

/* ---- attaching ---- */

static int refuse(const struct bpfl_attach_ctx *ctx, const struct narrowing *narrowing, int errnum,
		  struct bpfl_error *err)
{
	const char *name = ctx->attach->target;

	bpfl_error_set(err, BPFL_ERR_SYSTEM, errnum, "iterator '%s': %s", BPFL_ESC(name), bpfl_errno_text(errnum));
	if (narrowing->info_size == 0 && (errnum == EBADF || errnum == EINVAL) &&
	    bpfl_text_has_prefix(name, "bpf_map_elem")) {
		bpfl_error_why(err, "this iterator walks the elements of one map, and none is named");
		bpfl_error_fix(err, "add map=NAME");
	} else if (narrowing->info_size == 0 && errnum == EINVAL && strcmp(name, "cgroup") == 0) {
		bpfl_error_why(err, "this iterator begins at a cgroup, and none is named");
		bpfl_error_fix(err, "add cgroup=PATH");
	} else if (narrowing->info_size > 0 && errnum == EINVAL) {
		bpfl_error_why(err,
			       "either this iterator cannot be narrowed to '%s', or this kernel is older than that "
			       "(maps: Linux 5.8; tasks and cgroups: 6.1)",
			       BPFL_ESC(narrowing->words));
	} else if (errnum == EACCES && map_of(ctx->attach)) {
		bpfl_error_why(err, "the program reads more of a key or value than the map has, or writes to what it "
				    "may only read");
	}
	if (errnum != EACCES)
		bpfl_diagnose_refusal(err, BPFL_WANTED_LINK, ctx->attach->row->prog_type, errnum, ctx->object->target);
	return -errnum;
}

static int attach_iter(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, struct bpfl_error *err)
{
	struct narrowing narrowing = { .own_fd = -1, .words = "" };
	struct bpfl_attr_link_create attr = { .prog_fd = (uint32_t)ctx->prog_fd,
					      .attach_type = BPFL_ATTACH_TRACE_ITER };
	int ret = narrow(ctx, &narrowing, err);

	if (ret < 0)
		return ret;
	if (narrowing.info_size > 0) {
		attr.iter_info = BPFL_PTR(&narrowing.info);
		attr.iter_info_size = narrowing.info_size;
	}
	ret = bpfl_sys_link_create(&attr);
	bpfl_enter_close(narrowing.own_fd); /* the link holds on to the map or cgroup itself */
	if (ret < 0)
		return refuse(ctx, &narrowing, -ret, err);
	link->link_fd = ret;
	link->read = read_iter;
	ret = bpfl_link_describe(link, ctx, "%s %s%s%s", ctx->attach->row->name, ctx->attach->target,
				 narrowing.words[0] ? " of " : "", BPFL_ESC(narrowing.words));
	return ret < 0 ? bpfl_error_nomem(err) : 0;
}

const struct bpfl_hook_ops bpfl_hook_iter = {
	.hook = BPFL_HOOK_ITER,
	.options = (const char *const[]){ "map", "pid", "tid", "cgroup", "order", NULL },
	.attach = attach_iter,
};
