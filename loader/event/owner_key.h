/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/owner_key: keys of storage maps, which are descriptors of whoever the storage belongs to.
 */
#ifndef BPFL_EVENT_OWNER_KEY_H
#define BPFL_EVENT_OWNER_KEY_H

#include "kern/map_handle.h"

/* Whether the keys of a map are owners: storage of tasks, files, cgroups, sockets. */
bool bpfl_owner_is_key(const struct bpfl_map *map);
/*
 * "pid:17" or "self" of a task; a path of a file or a cgroup; "pid:17/fd:3" or "fd:3" (of this process) of a socket.
 * Return: a descriptor, to be closed; -EINVAL (kind USAGE) for other words; -errno (TARGET, PERMISSION) when
 *         there is no such owner.
 */
int bpfl_owner_open(const struct bpfl_map *map, const char *text, struct bpfl_error *err);

/* "pid:17/fd:3" or "fd:3": a socket, which is also the value in a sockmap. As above. */
int bpfl_socket_open(const struct bpfl_map *map, const char *text, struct bpfl_error *err);

#endif
