# SPDX-License-Identifier: BSD-2-Clause
#
# Programs of routes and filters: load --pin prints the command that uses each, and with that command they see packets.

. "$LIB"

command -v ip >/dev/null || fail "this test needs iproute2"

if [ "${1:-}" != inside ]; then
	exec unshare -n --propagation private -m sh -eu "$0" inside
fi
mount -t bpf bpf /sys/fs/bpf
dir=/sys/fs/bpf/own

# busybox has an ip and a tc too, and takes them first.
[ ! -x /usr/bin/ip ] || ip() { /usr/bin/ip "$@"; }
[ ! -x /usr/bin/tc ] || tc() { /usr/bin/tc "$@"; }

# The line for a program of the object that was loaded last, with what only we know.
command_of() { sed -n "/progs\/$1\( \|\$\)/p" "$TMP/out" | sed -e "s,PREFIX,$2," -e "s,IF,$3,"; }
# A counter of the object.
value() { "$BPFLOAD" map dump "$1" | sed -n "s/^$2 = //p"; }
# Five packets are counted: MAP COUNTER ADDRESS [COMMAND... in front of the sender]
moves() {
	map=$1 counter=$2 address=$3
	shift 3
	before=$(value "$map" "$counter")
	for _ in 1 2 3 4 5; do "$@" bash -c "echo x >/dev/udp/$address/9"; done
	eventually counted || fail "$counter: $before, $(value "$map" "$counter")"
}
counted() { [ "$(value "$map" "$counter")" -ge $((before + 5)) ]; }

ip link set lo up
ip link add v0 type veth peer name v1
ip addr add 10.9.0.1/24 dev v0
ip link set v0 up
ip link set v1 up
ip neigh add 10.77.0.5 lladdr 02:00:00:00:00:01 dev v0
ip neigh add 10.78.0.5 lladdr 02:00:00:00:00:01 dev v0

run 0 load "$OBJ/route_count.bpf.o" --pin $dir
err_has "PREFIX and IF"
[ "$(wc -l <"$TMP/out")" -eq 3 ] || fail "not three commands: $(cat "$TMP/out")"
eval "$(command_of route_xmit 10.77.0.0/24 v0)"
eval "$(command_of route_out 10.78.0.0/24 v0)"
eval "$(command_of route_in 'local 10.79.0.1' lo)"
bss=$dir/maps/route_count_bss
moves $bss packets_sent 10.77.0.5
moves $bss packets_out 10.78.0.5
moves $bss packets_in 10.79.0.1

# A route that has gone runs nothing.
ip route del 10.77.0.0/24
ip route add 10.77.0.0/24 dev v0
before=$(value $bss packets_sent)
bash -c 'echo x >/dev/udp/10.77.0.5/9'
[ "$(value $bss packets_sent)" -eq "$before" ] || fail "the route's program still runs"

# What is loaded with --json, and with nothing but that.
run 0 load "$OBJ/act_count.bpf.o" --pin /sys/fs/bpf/act --json
out_has '"program":"act_count","command":"tc filter add dev IF ingress matchall action bpf object-pinned /sys/fs/bpf/act/progs/act_count"'
run 0 unload /sys/fs/bpf/act
# A kernel that has actions with programs takes that line too.
config=/boot/config-$(uname -r)
[ -e "$config" ] || { config=$TMP/config; zcat /proc/config.gz >"$config"; }
if grep -q '^CONFIG_NET_ACT_BPF=[my]' "$config" && grep -q '^CONFIG_NET_CLS_MATCHALL=[my]' "$config"; then
	run 0 load "$OBJ/act_count.bpf.o" --pin /sys/fs/bpf/act
	tc qdisc add dev lo clsact
	eval "$(command_of act_count '' lo)"
	moves /sys/fs/bpf/act/maps/act_count_bss packets 127.0.0.1
	run 0 unload /sys/fs/bpf/act
else
	echo "skip: action: this kernel is built without CONFIG_NET_ACT_BPF or CONFIG_NET_CLS_MATCHALL"
fi

run 0 load "$OBJ/seg6_count.bpf.o" --pin /sys/fs/bpf/seg6
# Segments end where a packet comes in, so it comes from another namespace.
mount -t tmpfs tmpfs /run
ip netns add peer
ip link set v1 netns peer
ip addr add fc00:1::1/64 dev v0 nodad
ip -n peer addr add fc00:1::2/64 dev v1 nodad
ip -n peer link set v1 up
for name in all/seg6_enabled v0/seg6_enabled all/forwarding; do echo 1 >/proc/sys/net/ipv6/conf/$name; done
eval "$(command_of seg6_count fc00:9::/64 v0)"
ip -n peer -6 route add fc00:9::/64 via fc00:1::1
ip -n peer -6 route add fc00:a::/64 encap seg6 mode encap segs fc00:9::1,fc00:b::1 dev v1
moves /sys/fs/bpf/seg6/maps/seg6_count_bss packets fc00:a::5 ip netns exec peer
ip netns del peer
run 0 unload /sys/fs/bpf/seg6 $dir

# An ordinary object has no such commands; without --pin the error names the way.
run 0 load "$OBJ/hello.bpf.o" --pin $dir --attach none
[ ! -s "$TMP/out" ] || fail "commands for nothing: $(cat "$TMP/out")"
run 0 unload $dir
run 6 "$OBJ/route_count.bpf.o" --attach lwt_xmit
err_has "--pin /sys/fs/bpf/DIR pins it and prints the command"
