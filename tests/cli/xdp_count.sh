# SPDX-License-Identifier: BSD-2-Clause
#
# The packet counter on lo: a number each second, and it grows with the packets.

. "$LIB"

# In a network namespace of its own: this machine's lo is left alone.
cat >"$TMP/inner.sh" <<'INNER'
. "$LIB"
ip link set lo up
start "$OBJ/xdp_count.bpf.o" --attach xdp:lo --interval 200ms --dump pkt_count
eventually grep -q '^pkt_count\[0\] = 0$' "$TMP/out" || fail "no zero at first"
perl -MSocket -e 'socket(my $s, PF_INET, SOCK_DGRAM, 0); send($s, "x", 0, pack_sockaddr_in(9, inet_aton("127.0.0.1"))) for 1 .. 20;'
eventually sh -c '[ "$(tail -n 1 "$TMP/out" | sed "s/.* = //")" -ge 20 ]' || fail "20 packets were not counted"
ip link show lo | grep -q xdp || fail "ip does not see the program"
stop TERM
! ip link show lo | grep -q 'prog/xdp' || fail "the program is still on lo"
err_matches 'attached count_packets: xdp on lo'
# The other modes.
run 0 "$OBJ/xdp_count.bpf.o" --attach xdp:lo,mode=skb --duration 300ms
err_matches 'skb'
run 6 "$OBJ/xdp_count.bpf.o" --attach xdp:lo,mode=native --duration 300ms
err_has "[E26]"
err_has "mode=skb"
INNER
unshare -n sh -eu "$TMP/inner.sh"
