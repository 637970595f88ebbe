/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netns: network namespaces and pairs of devices for tests. See netns.h.
 */
#include "netns.h"

#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "harness.h"

static void set_up(const char *name)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { 0 };

	memcpy(request.ifr_name, name, strnlen(name, IFNAMSIZ - 1));
	request.ifr_flags = IFF_UP | IFF_RUNNING;
	ck_assert_int_eq(ioctl(fd, SIOCSIFFLAGS, &request), 0);
	close(fd);
}

void bpfl_test_own_network(void)
{
	ck_assert_int_eq(unshare(CLONE_NEWNET), 0);
	set_up("lo");
}

/* A netlink message under construction; attributes may contain others. */
struct message {
	_Alignas(4) unsigned char bytes[512];
	size_t size;
};

static void put(struct message *message, const void *bytes, size_t size)
{
	ck_assert_uint_le(message->size + size + 3, sizeof(message->bytes));
	if (size > 0)
		memcpy(message->bytes + message->size, bytes, size);
	message->size = (message->size + size + 3) & ~(size_t)3;
}

/* Begins an attribute; end() writes its length. */
static size_t begin(struct message *message, unsigned short type)
{
	struct rtattr attr = { .rta_type = type };
	size_t at = message->size;

	put(message, &attr, sizeof(attr));
	return at;
}

static void end(struct message *message, size_t at)
{
	unsigned short size = (unsigned short)(message->size - at);

	memcpy(message->bytes + at, &size, sizeof(size)); /* rta_len stands first */
}

static void put_name(struct message *message, unsigned short type, const char *name)
{
	size_t at = begin(message, type);

	put(message, name, strlen(name) + 1);
	end(message, at);
}

/* The attributes of a kind's devices: their numbers, and what else a pair needs. */
struct kind {
	const char *name;
	unsigned short peer_info, mode;
};

static void make_pair(const struct kind *kind, const char *name, const char *peer)
{
	struct message message = { .size = 0 };
	struct nlmsghdr header = { .nlmsg_type = RTM_NEWLINK, .nlmsg_seq = 1,
				   .nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK };
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
	} answer = { 0 };
	size_t link_info, data, peer_info;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	put(&message, &header, sizeof(header));
	put(&message, &info, sizeof(info));
	put_name(&message, IFLA_IFNAME, name);
	link_info = begin(&message, IFLA_LINKINFO);
	put_name(&message, IFLA_INFO_KIND, kind->name);
	data = begin(&message, IFLA_INFO_DATA);
	peer_info = begin(&message, kind->peer_info);
	put(&message, &info, sizeof(info));
	put_name(&message, IFLA_IFNAME, peer);
	end(&message, peer_info);
	if (kind->mode) {
		const uint32_t ethernet = 0;
		size_t mode = begin(&message, kind->mode);

		put(&message, &ethernet, sizeof(ethernet));
		end(&message, mode);
	}
	end(&message, data);
	end(&message, link_info);
	header.nlmsg_len = (uint32_t)message.size;
	memcpy(message.bytes, &header, sizeof(header));
	ck_assert_int_eq(send(fd, message.bytes, message.size, 0), (ssize_t)message.size);
	ck_assert_int_ge(recv(fd, &answer, sizeof(answer), MSG_TRUNC), (ssize_t)sizeof(answer.header));
	ck_assert_msg(answer.error.error == 0, "making a %s pair: %s", kind->name, strerror(-answer.error.error));
	close(fd);
	set_up(name);
	set_up(peer);
}

void bpfl_test_veth(const char *name, const char *peer)
{
	make_pair(&(struct kind){ "veth", VETH_INFO_PEER, 0 }, name, peer);
}

void bpfl_test_netkit(const char *name, const char *peer)
{
	/* IFLA_NETKIT_PEER_INFO, IFLA_NETKIT_MODE: not in every linux/if_link.h */
	make_pair(&(struct kind){ "netkit", 1, 5 }, name, peer);
}

void bpfl_test_send_frames(const char *name, unsigned times)
{
	struct sockaddr_ll addr = { .sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(name), .sll_halen = 6 };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	unsigned char frame[64];

	memset(frame, 0xff, 6);
	memset(frame + 6, 0x02, sizeof(frame) - 6);
	frame[12] = 0x88; /* local experimental */
	frame[13] = 0xb5;
	while (times--)
		ck_assert_int_eq(sendto(fd, frame, sizeof(frame), 0, (struct sockaddr *)&addr, sizeof(addr)),
				 sizeof(frame));
	close(fd);
	usleep(20000);
}

void bpfl_test_send_udp(unsigned port, unsigned times)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_port = htons((uint16_t)port),
				    .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	while (times--)
		sendto(fd, "x", 1, MSG_DONTWAIT, (struct sockaddr *)&addr, sizeof(addr));
	close(fd);
	usleep(20000);
}
