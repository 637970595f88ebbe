# SPDX-License-Identifier: BSD-2-Clause
#
# One of two attaches fails: nothing remains. With --best-effort the other one does.

. "$LIB"

mount -t bpf bpf /sys/fs/bpf
unshare -n sh -eu <<'INNER'
. "$LIB"
ip link set lo up
xdp() { ip -d link show lo | grep -c 'prog/xdp' || :; }

# The second finds the place taken.
run 7 "$OBJ/xdp_count.bpf.o" --attach xdp:lo --attach xdp:lo --duration 100ms
err_has "attached count_packets: xdp on lo"
err_has "has an XDP program already"
[ "$(xdp)" -eq 0 ] || fail "a program is left on lo"
run 7 load "$OBJ/xdp_count.bpf.o" --attach xdp:lo --attach xdp:lo --pin /sys/fs/bpf/d
[ ! -e /sys/fs/bpf/d ] || fail "pins are left"
[ "$(xdp)" -eq 0 ] || fail "a program is left on lo"

start "$OBJ/xdp_count.bpf.o" --attach xdp:lo --attach xdp:lo --best-effort
err_matches "^warning: not attached: .*program 'count_packets': attach 'xdp:lo': interface 'lo' has an XDP program already"
[ "$(xdp)" -eq 1 ] || fail "nothing on lo"
stop
[ "$(xdp)" -eq 0 ] || fail "a program is left on lo"
# What is seen before loading counts too; nothing at all is an error all the same.
run 0 "$OBJ/xdp_count.bpf.o" --attach xdp:nowhere --attach xdp:lo --best-effort --duration 100ms
err_matches "^warning: not attached: .*program 'count_packets'"
run 7 "$OBJ/xdp_count.bpf.o" --attach xdp:nowhere --best-effort --duration 100ms
run 8 "$OBJ/xdp_count.bpf.o" --attach xdp:lo --attach xdp:lo --best-effort --strict --duration 100ms

# A filter of tc has no link: it is refused, or left out with a word.
run 6 load "$OBJ/tc_drop_http.bpf.o" --attach tc/egress:lo --pin /sys/fs/bpf/d
err_has "cannot be pinned"
error_complete
[ ! -e /sys/fs/bpf/d ] || fail "pins are left"
[ -z "$(tc filter show dev lo egress 2>/dev/null)" ] || fail "a filter is left"
run 0 load "$OBJ/tc_drop_http.bpf.o" --attach tc/egress:lo --pin /sys/fs/bpf/d --best-effort
err_has "detached, it cannot outlive this process"
[ -e /sys/fs/bpf/d/progs ] || fail "its program is not pinned"
[ -z "$(tc filter show dev lo egress 2>/dev/null)" ] || fail "a filter is left"
run 0 unload /sys/fs/bpf/d
INNER
