/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/usdt.c: SEC("usdt/PATH:PROVIDER:NAME"), SEC("usdt.s/...").
 *
 * A probe is a set of uprobes, one on each of its sites, with the semaphore as reference counter. Where its
 * arguments are differs from site to site; each different description gets an element of the map
 * __bpf_usdt_specs, whose number is the site's cookie (attach/usdt_specs.c).
 *
 * Two things have to be known before the program is loaded, and are settled in prepare(): how many elements the
 * map needs, and, when there are several sites, that the program is one for links of many uprobes (expected
 * attach type). Kernels that have no such links do not look at that type and take single probes.
 *
 * Before Linux 5.15 there are no cookies. The program then looks its site up by address in
 * __bpf_usdt_ip_to_spec_id; addresses are known for programs that are loaded at fixed ones, and with pid=.
 *
 * A program that has no such map asks for no arguments; it is attached with the user's cookie.
 *
 * "*" for PATH is every file that has such a probe (attach/usdt_files.c); the link then has a part for each.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "attach/uprobe.h"
#include "attach/usdt_files.h"
#include "attach/usdt_specs.h"
#include "attach/user_target.h"
#include "base/hash.h"
#include "base/text.h"
#include "sys/bpf.h"
#include "sys/facts.h"

#define NR_SPARE_SITES 64u

/* ---- before loading ---- */

static int usdt_check(const struct bpfl_attach *attach, struct bpfl_error *err)
{
	struct bpfl_usdt_files files;
	int ret = bpfl_usdt_files_find(attach, &files, err);

	if (ret < 0)
		return ret;
	for (size_t f = 0; f < files.nr; f++) {
		for (size_t i = 0; i < files.items[f].sites.nr && ret == 0; i++)
			ret = bpfl_uprobe_check_ref_ctr(files.items[f].target.elf,
							files.items[f].sites.items[i].semaphore_off, err);
	}
	bpfl_usdt_files_deinit(&files);
	return ret;
}

/* Nothing is said about a binary that cannot be found: check() does that, and a dry run may want no binary. */
static int usdt_prepare(const struct bpfl_attach *attach, struct bpfl_spec *spec, size_t prog_idx,
			struct bpfl_error *err)
{
	struct bpfl_usdt_files files;
	size_t nr_sites;
	int ret;

	if (bpfl_usdt_files_find(attach, &files, NULL) < 0)
		return 0;
	/* Another program may be started before the map is filled. */
	nr_sites = files.nr_sites + (files.is_everywhere ? NR_SPARE_SITES : 0);
	if (nr_sites > 1)
		spec->progs.items[prog_idx].attach_type = BPFL_ATTACH_TRACE_UPROBE_MULTI;
	ret = bpfl_usdt_specs_reserve(spec, nr_sites, err);
	bpfl_usdt_files_deinit(&files);
	return ret;
}

/* ---- elements of the map ---- */

struct usdt_link { /* link->data */
	struct bpfl_object *object;
	uint32_t *slots;
	size_t nr_slots;
	/* Addresses in __bpf_usdt_ip_to_spec_id, which programs read when there are no cookies. */
	int ips_fd;
	uint64_t *ips;
	size_t nr_ips;
};

static void release(struct bpfl_link *link)
{
	struct usdt_link *data = link->data;

	for (size_t i = 0; i < data->nr_slots; i++)
		bpfl_usdt_slot_give(data->object, data->slots[i]);
	for (size_t i = 0; i < data->nr_ips; i++)
		bpfl_sys_map_delete(data->ips_fd, &data->ips[i]);
	free(data->slots);
	free(data->ips);
	free(data);
	link->data = NULL;
}

struct filling {
	const struct bpfl_attach_ctx *ctx;
	const struct bpfl_user_target *target;
	const struct bpfl_usdt_sites *sites;
	struct bpfl_usdt_layout layout;
	struct bpfl_hash known; /* text of arguments -> slot */
	struct usdt_link *data;
	uint64_t cookie; /* of the user */
};

static int refuse_slot(const struct filling *filling, int ret, struct bpfl_error *err)
{
	if (ret == -ENOMEM)
		return bpfl_error_nomem(err);
	bpfl_error_set(err, BPFL_ERR_USAGE, -ret, "map '%s' has no element left for the probe's %zu sites",
		       BPFL_USDT_SPECS_MAP, filling->sites->nr);
	bpfl_error_why(err, "it was sized for the probes that were announced (bpfl_attach_prepare()) before loading");
	bpfl_error_fix(err, "--map %s.max_entries=N", BPFL_USDT_SPECS_MAP);
	return ret;
}

/* A slot for this description of arguments; the same text shares one. */
static int slot_for(struct filling *filling, const struct bpfl_usdt_site *site, uint32_t *ret_slot,
		    struct bpfl_error *err)
{
	struct usdt_link *data = filling->data;
	struct bpfl_usdt_arg args[BPFL_USDT_NR_ARGS];
	uint8_t *element;
	unsigned nr_unknown;
	uint32_t key;
	int nr, ret;

	if (bpfl_hash_get(&filling->known, site->args, strlen(site->args), ret_slot) == 0)
		return 0;
	nr = bpfl_usdt_args(filling->target->elf->machine, site->args, args);
	ret = bpfl_usdt_slot_take(data->object, data->nr_slots ? data->slots[data->nr_slots - 1] + 1 : 0);
	if (ret == -ENOSPC)
		ret = bpfl_usdt_slot_take(data->object, 0);
	if (ret < 0)
		return refuse_slot(filling, ret, err);
	key = *ret_slot = (uint32_t)ret;
	data->slots[data->nr_slots++] = key;
	element = malloc(filling->layout.size_bytes + 1);
	if (!element)
		return bpfl_error_nomem(err);
	nr_unknown = bpfl_usdt_element(&filling->layout, args, nr < 0 ? 0 : (unsigned)nr, filling->cookie, element);
	ret = bpfl_sys_map_update(bpfl_object_map_fd(data->object, BPFL_USDT_SPECS_MAP), &key, element, 0);
	free(element);
	if (ret < 0)
		return bpfl_error_set(err, BPFL_ERR_SYSTEM, -ret, "filling map '%s': %s", BPFL_USDT_SPECS_MAP,
				      bpfl_errno_text(-ret));
	if (nr_unknown > 0)
		bpfl_log_line(filling->ctx->log, BPFL_LOG_WARN,
			      "%s:%s:%s: %u of its arguments cannot be read by this program: '%s'",
			      filling->target->elf->path, site->provider, site->name, nr_unknown, site->args);
	return bpfl_hash_put(&filling->known, site->args, strlen(site->args), key) == -ENOMEM ? bpfl_error_nomem(err)
											      : 0;
}

static bool kernel_has_cookies(const struct bpfl_attach_ctx *ctx)
{
	uint32_t version = bpfl_target_kernel_version(ctx->object->target);

	return version == 0 || version >= BPFL_KERNEL_VERSION(5, 15, 0);
}

/* The address at which a site runs -> slot. */
static int put_ip(struct filling *filling, uint64_t bias, const struct bpfl_usdt_site *site, uint32_t slot,
		  struct bpfl_error *err)
{
	struct usdt_link *data = filling->data;
	uint64_t ip = site->vaddr + bias;
	int ret = bpfl_sys_map_update(data->ips_fd, &ip, &slot, 0);

	if (ret < 0)
		return bpfl_error_set(err, BPFL_ERR_SYSTEM, -ret, "filling map '%s': %s", BPFL_USDT_IPS_MAP,
				      bpfl_errno_text(-ret));
	data->ips[data->nr_ips++] = ip;
	return 0;
}

static int find_addresses(struct filling *filling, uint64_t *ret_bias, struct bpfl_error *err)
{
	const struct bpfl_user_target *target = filling->target;

	filling->data->ips_fd = bpfl_object_map_fd(filling->data->object, BPFL_USDT_IPS_MAP);
	*ret_bias = 0;
	if (filling->data->ips_fd < 0 || target->elf->is_fixed)
		return 0;
	if (target->pid > 0 && bpfl_user_bias(target->elf, target->pid, ret_bias) == 0)
		return 0;
	bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, EOPNOTSUPP,
		       "the arguments of this probe cannot be read on this kernel");
	bpfl_error_why(err,
		       "it has no cookies (Linux 5.15), so a site is known by its address, and '%s' has another one in "
		       "each process",
		       BPFL_ESC(target->elf->path));
	bpfl_error_fix(err, "pid=N of a process that runs it");
	return -EOPNOTSUPP;
}

/* What each site's cookie is. cookies: NULL where the kernel has none. */
static int fill_specs(struct filling *filling, uint64_t *cookies, struct bpfl_error *err)
{
	uint64_t bias = 0;
	int ret = cookies ? 0 : find_addresses(filling, &bias, err);

	for (size_t i = 0; i < filling->sites->nr && ret == 0; i++) {
		const struct bpfl_usdt_site *site = &filling->sites->items[i];
		uint32_t slot;

		ret = slot_for(filling, site, &slot, err);
		if (ret == 0 && cookies)
			cookies[i] = slot;
		else if (ret == 0 && filling->data->ips_fd >= 0)
			ret = put_ip(filling, bias, site, slot, err);
	}
	return ret;
}

/* ---- attaching ---- */

static int set_fill(struct bpfl_uprobe_set *set, const struct bpfl_usdt_sites *sites)
{
	set->nr = sites->nr;
	set->file_offs = calloc(sites->nr, sizeof(*set->file_offs));
	set->ref_ctr_offs = calloc(sites->nr, sizeof(*set->ref_ctr_offs));
	set->cookies = calloc(sites->nr, sizeof(*set->cookies));
	set->names = calloc(sites->nr, sizeof(*set->names));
	if (!set->file_offs || !set->ref_ctr_offs || !set->cookies || !set->names)
		return -ENOMEM;
	for (size_t i = 0; i < sites->nr; i++) {
		set->file_offs[i] = sites->items[i].file_off;
		set->ref_ctr_offs[i] = sites->items[i].semaphore_off;
		set->names[i] = sites->items[i].name;
	}
	return 0;
}

static void set_deinit(struct bpfl_uprobe_set *set)
{
	free(set->file_offs);
	free(set->ref_ctr_offs);
	free(set->cookies);
	free(set->names);
}

/* Cookies into set->cookies, elements into the map; without that map the user's cookie is everyone's. */
static int describe_sites(const struct bpfl_attach_ctx *ctx, const struct bpfl_user_target *target,
			  const struct bpfl_usdt_sites *sites, struct bpfl_uprobe_set *set, struct bpfl_link *link,
			  struct bpfl_error *err)
{
	struct filling filling = { .ctx = ctx, .target = target, .sites = sites, .known = BPFL_HASH_INIT,
				   .cookie = bpfl_attach_option_u64(ctx->attach, "cookie") };
	bool has_cookies = kernel_has_cookies(ctx);
	int ret = bpfl_usdt_layout_read(ctx->object->image->spec, &filling.layout, err);

	if (ret == -ENOENT || bpfl_object_map_fd(ctx->object, BPFL_USDT_SPECS_MAP) < 0) {
		for (size_t i = 0; i < set->nr; i++)
			set->cookies[i] = filling.cookie;
		return 0;
	}
	if (ret < 0)
		return ret;
	if (!bpfl_usdt_is_native(target->elf->machine)) {
		bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, EOPNOTSUPP, "'%s' is for another machine (ELF machine %u)",
			       BPFL_ESC(target->elf->path), target->elf->machine);
		bpfl_error_why(err, "its arguments are in registers that this machine does not have");
		bpfl_error_fix(err, "name a binary that runs here");
		return -EOPNOTSUPP;
	}
	filling.data = calloc(1, sizeof(*filling.data));
	if (!filling.data)
		return bpfl_error_nomem(err);
	filling.data->object = ctx->object;
	filling.data->ips_fd = -1;
	filling.data->slots = calloc(sites->nr, sizeof(*filling.data->slots));
	filling.data->ips = calloc(sites->nr, sizeof(*filling.data->ips));
	link->data = filling.data;
	link->release = release;
	if (!filling.data->slots || !filling.data->ips)
		return bpfl_error_nomem(err);
	ret = fill_specs(&filling, has_cookies ? set->cookies : NULL, err);
	bpfl_hash_deinit(&filling.known);
	return ret;
}

static int attach_sites(const struct bpfl_attach_ctx *ctx, struct bpfl_uprobe_set *set, struct bpfl_link *link,
			char *way, size_t way_size, struct bpfl_error *err)
{
	const struct bpfl_prog *prog = &ctx->object->image->spec->progs.items[ctx->prog_idx];
	struct bpfl_uprobe uprobe = { set->path,       set->file_offs[0], set->ref_ctr_offs[0],
				      set->cookies[0], set->pid,          false };
	const char *one_way = "";
	struct bpfl_link *part;
	int ret;

	set->one_by_one = prog->attach_type != BPFL_ATTACH_TRACE_UPROBE_MULTI;
	if (set->nr > 1 || !set->one_by_one)
		return bpfl_uprobe_set_attach(ctx, set, link, way, way_size, err);
	/* A part, since an event of tracefs wants link->release for itself. */
	if (bpfl_link_part(link, &part) < 0)
		return bpfl_error_nomem(err);
	ret = bpfl_uprobe_attach_at(ctx, &uprobe, part, &one_way, err);
	if (ret < 0)
		return ret;
	snprintf(way, way_size, "%s", one_way);
	if (!part->release) { /* then the link itself can have the descriptors, so that others can ask for them */
		link->link_fd = part->link_fd;
		link->event_fd = part->event_fd;
		part->link_fd = part->event_fd = -1;
	}
	return 0;
}

/* All sites of one file. */
static int attach_file(const struct bpfl_attach_ctx *ctx, const struct bpfl_usdt_file *file, struct bpfl_link *link,
		       struct bpfl_error *err)
{
	const struct bpfl_user_target *target = &file->target;
	struct bpfl_uprobe_set set = { .path = target->elf->path, .pid = target->pid };
	char way[64] = "", nr_text[32] = "", pid_text[32] = "";
	int ret = set_fill(&set, &file->sites);

	if (ret == 0)
		ret = describe_sites(ctx, target, &file->sites, &set, link, err);
	if (ret == 0)
		ret = attach_sites(ctx, &set, link, way, sizeof(way), err);
	if (file->sites.nr > 1)
		snprintf(nr_text, sizeof(nr_text), ", %zu sites", file->sites.nr);
	if (target->pid > 0)
		snprintf(pid_text, sizeof(pid_text), " in process %d", target->pid);
	if (ret == 0)
		ret = bpfl_link_describe(link, ctx, "usdt %s:%s%s%s%s", set.path, target->rest, nr_text, pid_text, way);
	if (ret == -ENOMEM)
		bpfl_error_nomem(err);
	set_deinit(&set);
	return ret;
}

/* A link of one part for each file. One that the kernel refuses is left out with a word, unless it is the last. */
static int attach_everywhere(const struct bpfl_attach_ctx *ctx, const struct bpfl_usdt_files *files,
			     struct bpfl_link *link, struct bpfl_error *err)
{
	size_t nr_sites = 0;
	int ret = 0;

	for (size_t i = 0; i < files->nr; i++) {
		struct bpfl_error own = BPFL_ERROR_INIT;
		struct bpfl_link *part;

		if (bpfl_link_part(link, &part) < 0)
			return bpfl_error_nomem(err);
		ret = attach_file(ctx, &files->items[i], part, &own);
		if (ret == 0) {
			nr_sites += files->items[i].sites.nr;
			bpfl_log_line(ctx->log, BPFL_LOG_INFO, "%s", part->text);
			continue;
		}
		bpfl_link_close(part);
		link->nr_parts--;
		if (ret == -ENOMEM || (link->nr_parts == 0 && i + 1 == files->nr)) {
			if (err)
				*err = own;
			else
				bpfl_error_clear(&own);
			return ret;
		}
		bpfl_log_line(ctx->log, BPFL_LOG_WARN, "%s is left out: %s", files->items[i].target.elf->path,
			      own.message);
		bpfl_error_clear(&own);
	}
	if (bpfl_link_describe(link, ctx, "usdt %s in %zu file%s, %zu site%s", ctx->attach->target, link->nr_parts,
			       link->nr_parts == 1 ? "" : "s", nr_sites, nr_sites == 1 ? "" : "s") < 0)
		return bpfl_error_nomem(err);
	return 0;
}

static int usdt_attach(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, struct bpfl_error *err)
{
	struct bpfl_usdt_files files;
	int ret = bpfl_usdt_files_find(ctx->attach, &files, err);

	if (ret < 0)
		return ret;
	if (files.is_everywhere)
		ret = attach_everywhere(ctx, &files, link, err);
	else
		ret = attach_file(ctx, &files.items[0], link, err);
	bpfl_usdt_files_deinit(&files);
	return ret;
}

const struct bpfl_hook_ops bpfl_hook_usdt = {
	.hook = BPFL_HOOK_USDT,
	.options = (const char *const[]){ "pid", "cookie", NULL },
	.prepare = usdt_prepare,
	.check = usdt_check,
	.attach = usdt_attach,
};
