/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/netfilter.c: netfilter:ip/input, netfilter:ip6/prerouting:-100:defrag (Linux 6.4).
 *
 * A link in the caller's network namespace. Programs of one hook run by priority, lowest first; iptables uses
 * -300 (raw), -150 (mangle), -100 (dnat),
 * 0 (filter), 100 (snat). Without one it is 0. Two BPF programs cannot have the same. "defrag" puts fragments
 *   together before, which works above priority -400 only.
 */
#include "attach/netfilter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "attach/to_fd.h"
#include "base/text.h"

#define FLAG_DEFRAG 1u
#define PRIO_DEFRAG (-400)

struct word {
	const char *name;
	uint32_t value;
};

static const struct word families[] = { { "ip6", 10 }, { "ip", 2 } };
static const struct word hooks[] = {
	{ "prerouting", 0 }, { "input", 1 }, { "forward", 2 }, { "output", 3 }, { "postrouting", 4 },
};

/* The word that text begins with, or NULL. */
static const struct word *find_word(const char *text, const struct word *words, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		size_t len = strlen(words[i].name);

		if (strncmp(text, words[i].name, len) == 0 && strchr("/:", text[len]))
			return &words[i];
	}
	return NULL;
}

/* ":PRIO"; 0 when it is no number of 32 bits. */
static size_t parse_prio(const char *text, int32_t *ret_prio)
{
	size_t len = strcspn(text + 1, ":");
	char *copy = bpfl_strndup(text + 1, len);
	int64_t value = 0;
	bool good = copy && bpfl_text_to_s64(copy, &value) == 0 && value >= INT32_MIN && value <= INT32_MAX;

	free(copy);
	*ret_prio = (int32_t)value;
	return good ? len + 1 : 0;
}

size_t bpfl_netfilter_parse(const char *text, struct bpfl_netfilter *ret, bool *ret_whole)
{
	const struct word *family = find_word(text, families, sizeof(families) / sizeof(families[0])), *hook;
	size_t pos = 0, size;

	*ret = (struct bpfl_netfilter){ 0 };
	*ret_whole = false;
	if (!family || !text[strlen(family->name)])
		return 0;
	pos = strlen(family->name) + 1;
	hook = find_word(text + pos, hooks, sizeof(hooks) / sizeof(hooks[0]));
	if (!hook)
		return pos;
	pos += strlen(hook->name);
	*ret = (struct bpfl_netfilter){ family->value, hook->value, 0, false, family->name, hook->name };
	if (text[pos] == ':') {
		size = parse_prio(text + pos, &ret->prio);
		if (size == 0)
			return pos;
		pos += size;
	}
	if (strcmp(text + pos, ":defrag") == 0) {
		ret->defrag = true;
		pos = strlen(text);
	}
	*ret_whole = text[pos] == '\0';
	return pos;
}

static int find_place(const struct bpfl_attach *attach, struct bpfl_netfilter *ret, struct bpfl_error *err)
{
	const char *prio = bpfl_attach_option(attach, "prio");
	int64_t value = 0;
	bool whole;

	bpfl_netfilter_parse(attach->where, ret, &whole);
	if (!whole)
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "expected " BPFL_NETFILTER_WORDS);
	if (prio) {
		bpfl_text_to_s64(prio, &value);
		ret->prio = (int32_t)value;
	}
	if (ret->prio == INT32_MIN || ret->prio == INT32_MAX)
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "priority %d is taken by the kernel itself",
				      ret->prio);
	if (ret->defrag && ret->prio <= PRIO_DEFRAG) {
		bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "defrag and priority %d contradict each other", ret->prio);
		bpfl_error_why(err, "the kernel puts fragments together at priority %d; the program would run before",
			       PRIO_DEFRAG);
		bpfl_error_fix(err, "a priority above %d", PRIO_DEFRAG);
		return -EINVAL;
	}
	return 0;
}

static int netfilter_check(const struct bpfl_attach *attach, struct bpfl_error *err)
{
	struct bpfl_netfilter place;

	return find_place(attach, &place, err);
}

static int refuse(const struct bpfl_attach_ctx *ctx, const struct bpfl_netfilter *place, int errnum,
		  struct bpfl_error *err)
{
	if (errnum == EBUSY) {
		bpfl_error_set(err, BPFL_ERR_TARGET, errnum, "%s %s has a BPF program with priority %d already",
			       place->pf_name, place->hook_name, place->prio);
		bpfl_error_catalogue(err, 32);
		bpfl_error_why(err, "two BPF programs of one hook cannot have the same priority");
		bpfl_error_fix(err, "another one: --attach netfilter:%s/%s:%d", place->pf_name, place->hook_name,
			       place->prio + 1);
		return -errnum;
	}
	if (errnum == EINVAL || errnum == E2BIG || errnum == EOPNOTSUPP || errnum == EAFNOSUPPORT) {
		bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, EOPNOTSUPP,
			       "this kernel does not take netfilter programs: %s", bpfl_errno_text(errnum));
		bpfl_error_why(err, "links to netfilter came with Linux 6.4 and need CONFIG_NETFILTER_BPF_LINK%s",
			       place->defrag ? "; defrag came with 6.6 and needs CONFIG_NF_DEFRAG_IPV4 or IPV6" : "");
		bpfl_error_fix(err, "on other kernels: tc/ingress:IF or cgroup_skb/ingress:PATH see packets too");
		return -EOPNOTSUPP;
	}
	bpfl_error_set(err, BPFL_ERR_SYSTEM, errnum, "netfilter %s %s: %s", place->pf_name, place->hook_name,
		       bpfl_errno_text(errnum));
	bpfl_diagnose_refusal(err, BPFL_WANTED_LINK, BPFL_PROG_NETFILTER, errnum, ctx->object->target);
	return -errnum;
}

static int netfilter_attach(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, struct bpfl_error *err)
{
	struct bpfl_attr_link_create attr = { .prog_fd = (uint32_t)ctx->prog_fd, .attach_type = BPFL_ATTACH_NETFILTER };
	struct bpfl_netfilter place;
	int ret = find_place(ctx->attach, &place, err);

	if (ret < 0)
		return ret;
	attr.netfilter.pf = place.pf;
	attr.netfilter.hooknum = place.hook;
	attr.netfilter.priority = place.prio;
	attr.netfilter.flags = place.defrag ? FLAG_DEFRAG : 0;
	ret = bpfl_to_fd_link(ctx, link, &attr, BPFL_FEATURE_NETFILTER_LINK);
	if (ret != 0)
		return refuse(ctx, &place, ret == 1 ? EINVAL : -ret, err);
	ret = bpfl_link_describe(link, ctx, "netfilter %s %s, priority %d%s", place.pf_name, place.hook_name,
				 place.prio, place.defrag ? ", defrag" : "");
	return ret < 0 ? bpfl_error_nomem(err) : 0;
}

const struct bpfl_hook_ops bpfl_hook_netfilter = {
	.hook = BPFL_HOOK_NETFILTER,
	.options = (const char *const[]){ "prio", NULL },
	.check = netfilter_check,
	.attach = netfilter_attach,
};
