/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/pin.c: an object with its links into a bpffs, so that all of it outlives the process.
 *
 * Only what the kernel has a link for can stay: a pin keeps the link, the link the program and the place where
 * it is attached. A probe in many places may be many links. Where the mechanism is another (an option of a
 * socket, an ioctl on a perf event, netlink), what we hold would end with us or stay for ever with nobody to
 * remove it; those are refused before anything is pinned.
 */
#include <errno.h>
#include "attach/link.h"
#include "kern/pin.h"

bool bpfl_link_outlives(const struct bpfl_link *link)
{
	if (link->detach || (link->event_fd >= 0 && link->link_fd < 0))
		return false;
	for (size_t i = 0; i < link->nr_parts; i++) {
		if (!bpfl_link_outlives(link->parts[i]))
			return false;
	}
	return true;
}

static int refuse(const struct bpfl_link *link, struct bpfl_error *err)
{
	bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, EOPNOTSUPP, "'%s' cannot be pinned",
		       link->text ? link->text : "this link");
	bpfl_error_why(err, "it was not attached by a link of the kernel, which is what a pin keeps");
	bpfl_error_fix(err, "use a hook or a kernel that has links (tcx for tc since Linux 6.6, perf events since "
			    "5.15, xdp since 5.9), or leave it "
			    "out: --best-effort");
	return -EOPNOTSUPP;
}

static int link_pin(struct bpfl_pins *pins, const struct bpfl_link *link, const char *name, const char *dir,
		    struct bpfl_error *err)
{
	int ret = link->link_fd >= 0 ? bpfl_pins_add(pins, link->link_fd, dir, "links", name, err) : 0;

	for (size_t i = 0; ret == 0 && i < link->nr_parts; i++)
		ret = link_pin(pins, link->parts[i], name, dir, err);
	return ret;
}

int bpfl_object_pin(const struct bpfl_object *object, struct bpfl_link *const *links, size_t nr_links, const char *dir,
		    struct bpfl_error *err)
{
	struct bpfl_pins pins = { { NULL, 0, 0 } };
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < nr_links; i++) {
		if (links[i] && !bpfl_link_outlives(links[i]))
			ret = refuse(links[i], err);
	}
	if (ret == 0)
		ret = bpfl_pins_begin(&pins, dir, err);
	if (ret == 0)
		ret = bpfl_pins_add_object(&pins, object, dir, err);
	for (size_t i = 0; ret == 0 && i < nr_links; i++) {
		if (!links[i])
			continue;
		ret = link_pin(&pins, links[i], links[i]->name ? links[i]->name : "link", dir, err);
		if (ret < 0)
			bpfl_error_prefix(err, "%s", links[i]->text ? links[i]->text : "link");
	}
	if (ret < 0)
		bpfl_pins_undo(&pins);
	bpfl_pins_deinit(&pins);
	return ret;
}
