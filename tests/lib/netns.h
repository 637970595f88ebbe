/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netns: a network of the test's own process, made with system calls alone: no ip(8) is needed. Kernel tests only.
 */
#ifndef BPFL_TESTS_NETNS_H
#define BPFL_TESTS_NETNS_H

/* Moves the process into a new network namespace with lo up. It goes away with the process. */
void bpfl_test_own_network(void);

/* Makes a pair of veth devices and sets both up. In a namespace of bpfl_test_own_network() only. */
void bpfl_test_veth(const char *name, const char *peer);
/* The same of netkit devices (Linux 6.7) that take Ethernet frames; name is the primary one. */
void bpfl_test_netkit(const char *name, const char *peer);

/* Ethernet frames out of an interface. Returns when programs have seen them. */
void bpfl_test_send_frames(const char *name, unsigned times);
/* UDP packets to a port of 127.0.0.1, where nobody need listen. */
void bpfl_test_send_udp(unsigned port, unsigned times);

#endif
