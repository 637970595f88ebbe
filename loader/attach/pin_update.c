/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/pin_update.c: a new version of an object in the place of the one that is pinned in a directory.
 *
 *     links are opened -> each has its program in the new object -> the programs are exchanged, link by link ->
 *     the same links are pinned in DIR-new with the new programs and maps -> the two directories change places
 *     -> the old one is removed
 *
 * A step that fails gives the links their old programs back. A process that is killed in between leaves every
 * link pinned and holding one of the two; doing it again mends that.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include "attach/link.h"
#include "base/text.h"
#include "kern/pin.h"
#include "sys/bpf.h"
#include "sys/enter.h"

struct place {
	struct bpfl_link *link;
	int old_prog_fd;
	size_t prog_idx;
};

struct places {
	const struct bpfl_object *object;
	const char *dir;
	BPFL_VEC(struct place) items;
	size_t nr_updated;
	struct bpfl_error *err;
};

/* A second link of a program is pinned with "-2" behind its name. */
static bool is_name_of(const char *pin, const char *prog)
{
	char plain[BPFL_PIN_NAME_SIZE];
	size_t len = strlen(bpfl_pin_name(prog, plain));

	if (strncmp(pin, plain, len) != 0)
		return false;
	return pin[len] == '\0' ||
	       (pin[len] == '-' && pin[len + 1] && strspn(pin + len + 1, "0123456789") == strlen(pin + len + 1));
}

static int prog_find(const struct places *places, const char *pin, size_t *ret_prog_idx)
{
	const struct bpfl_spec *spec = places->object->image->spec;

	for (size_t i = 0; i < spec->progs.nr; i++) {
		if (places->object->progs[i].fd >= 0 && is_name_of(pin, spec->progs.items[i].name)) {
			*ret_prog_idx = i;
			return 0;
		}
	}
	bpfl_error_set(places->err, BPFL_ERR_TARGET, ENOENT,
		       "no program of this object takes the place of '%s/links/%s'", BPFL_ESC(places->dir),
		       BPFL_ESC(pin));
	bpfl_error_why(places->err, "a program that is loaded takes the place of the link that has its name");
	bpfl_error_fix(places->err, "nothing was changed; bpfload unload %s, then load this one",
		       BPFL_ESC(places->dir));
	return -ENOENT;
}

/* By its id, or, where that needs CAP_SYS_ADMIN and it is not there, by its pin. A descriptor or -errno. */
static int old_prog_open(const struct places *places, uint32_t prog_id, size_t prog_idx)
{
	struct { uint32_t type, id; } info = { 0 };
	uint32_t info_size = sizeof(info);
	char plain[BPFL_PIN_NAME_SIZE];
	struct bpfl_buf path = BPFL_BUF_INIT;
	int fd = bpfl_sys_fd_by_id(BPFL_CMD_PROG_GET_FD_BY_ID, prog_id);

	if (fd != -EPERM)
		return fd;
	bpfl_buf_printf(&path, "%s/progs/%s", places->dir,
			bpfl_pin_name(places->object->image->spec->progs.items[prog_idx].name, plain));
	fd = bpfl_buf_ok(&path) ? bpfl_sys_obj_get(path.data, 0) : -ENOMEM;
	bpfl_buf_deinit(&path);
	if (fd >= 0 && (bpfl_sys_obj_info(fd, &info, &info_size) < 0 || info.id != prog_id)) {
		bpfl_enter_close(fd);
		fd = -EPERM;
	}
	return fd;
}

/* Takes over fd, which is a link's. */
static int place_init(struct places *places, int fd, const char *path, const char *pin)
{
	struct { uint32_t type, id, prog_id, pad; } info = { 0 };
	uint32_t info_size = sizeof(info);
	struct place *place = BPFL_VEC_PUSH(&places->items);
	struct bpfl_buf text = BPFL_BUF_INIT;
	int ret;

	if (place)
		*place = (struct place){ bpfl_link_create(-1), -1, 0 };
	if (!place || !place->link) {
		bpfl_enter_close(fd);
		return bpfl_error_nomem(places->err);
	}
	place->link->link_fd = fd;
	place->link->name = bpfl_strdup(pin);
	bpfl_buf_printf(&text, "%s: pinned as %s", BPFL_ESC(pin), BPFL_ESC(path));
	place->link->text = bpfl_buf_take(&text);
	if (!place->link->name || !place->link->text)
		return bpfl_error_nomem(places->err);
	ret = prog_find(places, pin, &place->prog_idx);
	if (ret < 0)
		return ret;
	ret = bpfl_sys_obj_info(fd, &info, &info_size);
	if (ret == 0)
		ret = place->old_prog_fd = old_prog_open(places, info.prog_id, place->prog_idx);
	if (ret < 0)
		return bpfl_error_set(places->err, ret == -EPERM ? BPFL_ERR_PERMISSION : BPFL_ERR_SYSTEM, -ret,
				      "the program of '%s': %s", BPFL_ESC(path), bpfl_errno_text(-ret));
	return 0;
}

static int place_add(void *ctx, const char *pin)
{
	struct places *places = ctx;
	struct bpfl_buf path = BPFL_BUF_INIT;
	int fd, ret;

	bpfl_buf_printf(&path, "%s/links/%s", places->dir, pin);
	if (!bpfl_buf_ok(&path)) {
		bpfl_buf_deinit(&path);
		return bpfl_error_nomem(places->err);
	}
	fd = bpfl_sys_obj_get(path.data, 0);
	if (fd >= 0 && strcmp(bpfl_pin_kind(fd), "link") != 0) {
		bpfl_enter_close(fd);
		fd = -EINVAL;
	}
	if (fd < 0)
		ret = bpfl_error_set(places->err, fd == -EPERM ? BPFL_ERR_PERMISSION : BPFL_ERR_TARGET, -fd,
				     "'%s' is not the pin of a link: %s", BPFL_ESC(path.data), bpfl_errno_text(-fd));
	else
		ret = place_init(places, fd, path.data, pin);
	bpfl_buf_deinit(&path);
	return ret;
}

static int places_read(struct places *places)
{
	struct bpfl_buf path = BPFL_BUF_INIT;
	int ret;

	bpfl_buf_printf(&path, "%s/links", places->dir);
	ret = bpfl_buf_ok(&path) ? bpfl_enter_list_dir(AT_FDCWD, path.data, place_add, places)
				 : bpfl_error_nomem(places->err);
	bpfl_buf_deinit(&path);
	if (ret < 0 && places->err->errnum == 0) {
		bpfl_error_set(places->err, ret == -EACCES ? BPFL_ERR_PERMISSION : BPFL_ERR_TARGET, -ret, "'%s': %s",
			       BPFL_ESC(places->dir), bpfl_errno_text(-ret));
		bpfl_error_why(places->err, "an update takes the places of links that an earlier load has pinned");
		bpfl_error_fix(places->err, "load it without --update");
	}
	return ret;
}

static int places_update(struct places *places)
{
	for (size_t i = 0; i < places->items.nr; i++) {
		const struct place *place = &places->items.items[i];
		int ret = bpfl_link_update(place->link, places->object, place->prog_idx, place->old_prog_fd,
					   places->err);

		if (ret < 0) {
			bpfl_error_fix(places->err, "nothing was changed; bpfload unload %s, then load this one",
				       BPFL_ESC(places->dir));
			return ret;
		}
		places->nr_updated++;
	}
	return 0;
}

static void places_revert(const struct places *places)
{
	for (size_t i = places->nr_updated; i > 0; i--) {
		const struct place *place = &places->items.items[i - 1];

		bpfl_sys_link_update(place->link->link_fd, place->old_prog_fd, 0, -1);
	}
}

static void places_deinit(struct places *places)
{
	for (size_t i = 0; i < places->items.nr; i++) {
		bpfl_enter_close(places->items.items[i].old_prog_fd);
		bpfl_link_close(places->items.items[i].link);
	}
	free(places->items.items);
}

/* From here on new_dir holds all that runs. */
static int dirs_exchange(const char *dir, const char *new_dir, struct bpfl_error *err)
{
	int ret = bpfl_enter_rename(new_dir, dir, true);

	if (ret == 0)
		return bpfl_pins_remove_old(new_dir, err);
	if (ret == -EINVAL) { /* a bpffs before Linux 5.16 */
		ret = bpfl_pins_remove_old(dir, err);
		if (ret < 0)
			return ret;
		ret = bpfl_enter_rename(new_dir, dir, false);
	}
	if (ret < 0) {
		bpfl_error_set(err, BPFL_ERR_SYSTEM, -ret, "'%s' cannot be renamed to '%s': %s", BPFL_ESC(new_dir),
			       BPFL_ESC(dir), bpfl_errno_text(-ret));
		bpfl_error_why(err, "the new programs run, and their pins are in %s", BPFL_ESC(new_dir));
	}
	return ret;
}

static int places_pin(const struct places *places, const char *new_dir)
{
	struct bpfl_link **links = calloc(places->items.nr + 1, sizeof(*links));
	int ret;

	if (!links)
		return bpfl_error_nomem(places->err);
	for (size_t i = 0; i < places->items.nr; i++)
		links[i] = places->items.items[i].link;
	ret = bpfl_object_pin(places->object, links, places->items.nr, new_dir, places->err);
	free(links);
	return ret;
}

/*
 * Free, or left by an update that was killed: then the old version's, or half of the new one's; the links
 * have their pins in dir too.
 */
static int new_dir_check(const char *new_dir, struct bpfl_error *err)
{
	int ret = bpfl_pin_dir_check(new_dir, err);

	if (ret == -EEXIST) {
		bpfl_error_set(err, BPFL_ERR_TARGET, EEXIST, "'%s' is not empty", BPFL_ESC(new_dir));
		bpfl_error_why(err, "an update makes the new pins there; if another one is not just doing that, one "
				    "was killed");
		bpfl_error_fix(err, "bpfload unload %s, then again", BPFL_ESC(new_dir));
	}
	return ret;
}

/* "DIR/" is DIR. */
static char *new_dir_of(const char *dir)
{
	struct bpfl_buf path = BPFL_BUF_INIT;
	size_t len = strlen(dir);

	while (len > 1 && dir[len - 1] == '/')
		len--;
	bpfl_buf_printf(&path, "%.*s-new", (int)len, dir);
	return bpfl_buf_take(&path);
}

int bpfl_object_pin_update(const struct bpfl_object *object, const char *dir, struct bpfl_error *err)
{
	struct bpfl_error own = BPFL_ERROR_INIT;
	struct places places = { .object = object, .dir = dir, .err = err ? err : &own };
	char *new_dir = new_dir_of(dir);
	int ret;

	bpfl_error_clear(places.err);
	ret = new_dir ? new_dir_check(new_dir, places.err) : bpfl_error_nomem(places.err);
	if (ret == 0)
		ret = places_read(&places);
	if (ret == 0)
		ret = places_update(&places);
	if (ret == 0)
		ret = places_pin(&places, new_dir);
	if (ret < 0)
		places_revert(&places);
	else
		ret = dirs_exchange(dir, new_dir, places.err);
	places_deinit(&places);
	free(new_dir);
	bpfl_error_clear(&own);
	return ret;
}
