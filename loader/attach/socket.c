/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/socket.c: programs of single sockets: socket:IF, socket:fd=N, sk_reuseport:fd=N.
 *
 * socket:IF makes a packet socket on an interface and puts the program on it, so that it sees each packet,
 * those that go out too. What the program returns is how many bytes the socket keeps, but nobody reads this
 * one. It need not be emptied: the kernel runs the program before it looks for room in the receive buffer,
 * which is made as small as the kernel allows (about 2 kB).
 *
 * fd=N is a socket that this process has: opened by the program that uses the library, or inherited by the command.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <sys/socket.h>
#include "attach/interface.h"
#include "base/text.h"
#include "sys/enter.h"

/*
 * asm/socket.h, the same on the machines that this is built for but for MIPS, PA-RISC and SPARC, where the
 * system's numbers stand.
 */
#ifndef SO_ATTACH_BPF
#define SO_ATTACH_BPF 50 /* 3.19 */
#endif
#ifndef SO_DETACH_BPF
#define SO_DETACH_BPF 27
#endif
#ifndef SO_ATTACH_REUSEPORT_EBPF
#define SO_ATTACH_REUSEPORT_EBPF 52 /* 4.5; programs of type sk_reuseport 4.19 */
#endif
#ifndef SO_DETACH_REUSEPORT_BPF
#define SO_DETACH_REUSEPORT_BPF 68 /* 5.3 */
#endif
#define PROTOCOL_ALL 3 /* ETH_P_ALL */

/* ---- a socket that is there ---- */

/* "fd=N" */
static bool parse_fd(const char *where, int *ret_fd)
{
	uint64_t fd;

	if (!bpfl_text_has_prefix(where, "fd=") || bpfl_text_to_u64(where + 3, &fd) < 0 || fd > INT32_MAX)
		return false;
	*ret_fd = (int)fd;
	return true;
}

static int check_fd(int fd, struct bpfl_error *err)
{
	struct stat stat;
	int ret = bpfl_enter_fstat(fd, &stat);

	if (ret == 0 && S_ISSOCK(stat.st_mode))
		return 0;
	bpfl_error_set(err, BPFL_ERR_TARGET, ret < 0 ? -ret : ENOTSOCK, "descriptor %d is not a socket of this process",
		       fd);
	bpfl_error_catalogue(err, 27);
	bpfl_error_why(err, "%s", ret < 0 ? bpfl_errno_text(-ret) : "it is open, but something else");
	bpfl_error_fix(err, "let the process that owns the socket start bpfload with it, or attach from that process "
			    "by the library");
	return ret < 0 ? ret : -ENOTSOCK;
}

static int refuse_option(const struct bpfl_attach_ctx *ctx, int errnum, struct bpfl_error *err)
{
	bpfl_error_set(err, BPFL_ERR_SYSTEM, errnum, "the socket does not take the program: %s",
		       bpfl_errno_text(errnum));
	if (errnum == EINVAL && ctx->attach->row->hook == BPFL_HOOK_SK_REUSEPORT)
		bpfl_error_why(err, "the socket must have SO_REUSEPORT, and be bound");
	if (errnum == EPERM)
		bpfl_error_why(err, "a filter of the socket may be locked (SO_LOCK_FILTER)");
	bpfl_diagnose_refusal(err, BPFL_WANTED_LINK, (unsigned)ctx->attach->row->prog_type, errnum,
			      ctx->object->target);
	return -errnum;
}

/* link->ifindex is not in use here: it keeps the borrowed descriptor. */
static int detach_filter(struct bpfl_link *link)
{
	int none = 0;

	return bpfl_enter_setsockopt((int)link->ifindex, SOL_SOCKET, SO_DETACH_BPF, &none, sizeof(none));
}

static int detach_reuseport(struct bpfl_link *link)
{
	int none = 0;

	return bpfl_enter_setsockopt((int)link->ifindex, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, &none, sizeof(none));
}

static int attach_to_fd(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, int fd, struct bpfl_error *err)
{
	bool is_reuseport = ctx->attach->row->hook == BPFL_HOOK_SK_REUSEPORT;
	int ret = check_fd(fd, err);

	if (ret < 0)
		return ret;
	ret = bpfl_enter_setsockopt(fd, SOL_SOCKET, is_reuseport ? SO_ATTACH_REUSEPORT_EBPF : SO_ATTACH_BPF,
				    &ctx->prog_fd, sizeof(ctx->prog_fd));
	if (ret < 0)
		return refuse_option(ctx, -ret, err);
	link->ifindex = (uint32_t)fd;
	link->detach = is_reuseport ? detach_reuseport : detach_filter;
	ret = bpfl_link_describe(link, ctx, "%s on socket %d", ctx->attach->row->name, fd);
	return ret < 0 ? bpfl_error_nomem(err) : 0;
}

/* ---- a packet socket of our own ---- */

static int refuse_socket(int errnum, struct bpfl_error *err)
{
	bpfl_error_set(err, errnum == EPERM ? BPFL_ERR_PERMISSION : BPFL_ERR_SYSTEM, errnum,
		       "opening a packet socket: %s", bpfl_errno_text(errnum));
	if (errnum == EPERM) {
		bpfl_error_why(err, "packet sockets need CAP_NET_RAW in the network namespace");
		bpfl_error_fix(err, "run as root, or give the command cap_net_raw besides its other capabilities");
	} else if (errnum == EAFNOSUPPORT) {
		bpfl_error_why(err, "the kernel is built without CONFIG_PACKET, or the module af_packet is not there");
	}
	return -errnum;
}

static int attach_to_interface(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, struct bpfl_error *err)
{
	struct sockaddr_ll addr = { .sll_family = AF_PACKET, .sll_protocol = htons(PROTOCOL_ALL) };
	const int least = 0;
	uint32_t ifindex;
	int ret = bpfl_interface_find(ctx->attach, &ifindex, err);

	if (ret < 0)
		return ret;
	/* Protocol 0: no packets before the program is there. */
	ret = bpfl_enter_socket(AF_PACKET, SOCK_RAW, 0);
	if (ret < 0)
		return refuse_socket(-ret, err);
	link->event_fd = ret;
	bpfl_enter_setsockopt(link->event_fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least));
	ret = bpfl_enter_setsockopt(link->event_fd, SOL_SOCKET, SO_ATTACH_BPF, &ctx->prog_fd, sizeof(ctx->prog_fd));
	if (ret < 0)
		return refuse_option(ctx, -ret, err);
	addr.sll_ifindex = (int)ifindex;
	ret = bpfl_enter_bind(link->event_fd, (const struct sockaddr *)&addr, sizeof(addr));
	if (ret < 0)
		return bpfl_interface_refuse(ctx, -ret, "", err);
	ret = bpfl_link_describe(link, ctx, "socket filter on %s", ctx->attach->where);
	return ret < 0 ? bpfl_error_nomem(err) : 0;
}

static int socket_check(const struct bpfl_attach *attach, struct bpfl_error *err)
{
	int fd;

	return parse_fd(attach->where, &fd) ? check_fd(fd, err) : bpfl_interface_check(attach, err);
}

static int socket_attach(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, struct bpfl_error *err)
{
	int fd;

	return parse_fd(ctx->attach->where, &fd) ? attach_to_fd(ctx, link, fd, err)
						 : attach_to_interface(ctx, link, err);
}

/* ---- groups of sockets ---- */

/* The program chooses among sockets that an application opened; nobody else can attach it. */
static int refuse_group(const struct bpfl_attach *attach, struct bpfl_error *err)
{
	bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "expected fd=N, a socket of this process, not '%s'",
		       BPFL_ESC(attach->where));
	bpfl_error_why(err,
		       "a %s program is put on one of the sockets that share a port (SO_REUSEPORT), by a process that "
		       "has it open",
		       attach->row->name);
	bpfl_error_fix(err,
		       "let the application attach it by the library, or start bpfload with the socket: --attach "
		       "%s:fd=N",
		       attach->row->name);
	return -EINVAL;
}

static int reuseport_check(const struct bpfl_attach *attach, struct bpfl_error *err)
{
	int fd;

	return parse_fd(attach->where, &fd) ? check_fd(fd, err) : refuse_group(attach, err);
}

static int reuseport_attach(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, struct bpfl_error *err)
{
	int fd;

	return parse_fd(ctx->attach->where, &fd) ? attach_to_fd(ctx, link, fd, err) : refuse_group(ctx->attach, err);
}

const struct bpfl_hook_ops bpfl_hook_socket = {
	.hook = BPFL_HOOK_SOCKET,
	.options = (const char *const[]){ NULL },
	.check = socket_check,
	.attach = socket_attach,
};

const struct bpfl_hook_ops bpfl_hook_sk_reuseport = {
	.hook = BPFL_HOOK_SK_REUSEPORT,
	.options = (const char *const[]){ NULL },
	.check = reuseport_check,
	.attach = reuseport_attach,
};
