# SPDX-License-Identifier: BSD-2-Clause
#
# Objects of a program's own: the types that go into the kernel are fewer than the file has, under other numbers, and what the
# kernel finds by number and by name among them is there.

. "$LIB"

run 0 image "$OBJ/local_list.bpf.o"
numbers=$(sed -n 's/.*struct visit (0): local type id \([0-9]*\) -> \([0-9]*\)$/\1 \2/p' "$TMP/out")
[ -n "$numbers" ] || fail "no line about the number of struct visit"
[ "${numbers#* }" -lt "${numbers% *}" ] || fail "the number of struct visit is what it was: $numbers"
kernel=$(uname -r | awk -F. '{ print $1 * 1000 + $2 }')
[ "$kernel" -ge 6006 ] || exit 0 # older kernels have no tcx

cat >"$TMP/inner.sh" <<'INNER'
. "$LIB"
ip link set lo up
start "$OBJ/local_list.bpf.o" --attach tcx/ingress:lo --no-printk --interval 200ms --dump .bss
eventually grep -q '^listed = 0$' "$TMP/out" || fail "no zero at first"
perl -MSocket -e 'socket(my $s, PF_INET, SOCK_DGRAM, 0); send($s, "x", 0, pack_sockaddr_in(9, inet_aton("127.0.0.1"))) for 1 .. 20;'
eventually sh -c '[ "$(tail -n 1 "$TMP/out" | sed "s/.* = //")" -ge 20 ]' || fail "20 packets were not counted"
stop TERM
INNER
unshare -n sh -eu "$TMP/inner.sh"
