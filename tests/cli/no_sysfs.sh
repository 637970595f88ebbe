# SPDX-License-Identifier: BSD-2-Clause
#
# Without /sys nobody knows how many CPUs there can be, and so how much the kernel writes for an element with a value for
# each: such maps are refused with what to do. All else goes on.

. "$LIB"

run 0 "$OBJ/map_kinds.bpf.o" --attach none --dump percpu_array --duration 200ms
mount -t tmpfs none /sys
run 1 "$OBJ/map_kinds.bpf.o" --attach none --dump percpu_array --duration 200ms
error_complete
err_has "map 'percpu_array' has a value for each possible CPU, and how many those are is not known"
err_has "mount -t sysfs"
run 0 "$OBJ/xdp_count.bpf.o" --attach xdp:lo --dump pkt_count --duration 200ms
out_has "pkt_count[0] = "
run 0 ls
