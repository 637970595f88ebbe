# SPDX-License-Identifier: BSD-2-Clause
#
# ls says where links are: interfaces by name, but only in the network namespace that they belong to; cgroups by directory.

. "$LIB"

cgroups=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)
[ -n "$cgroups" ] || { mount -t cgroup2 cgroup2 /mnt && cgroups=/mnt; }
cgroup=$cgroups/bpfload-ls-$$
mkdir "$cgroup"
PIDS=
trap 'kill -9 $PIDS 2>/dev/null || true; sleep 0.2; rmdir "$cgroup"' EXIT

# A namespace with an interface "lo" of its own, which has the same number as ours.
cat >"$TMP/inner.sh" <<'INNER'
ip link set lo up
"$BPFLOAD" "$OBJ/xdp_count.bpf.o" --attach xdp:lo,mode=skb --ready-fd 3 3>"$TMP/ready-xdp" -q & pid=$!
trap 'kill $pid; wait $pid' EXIT
until [ -s "$TMP/ready-xdp" ]; do sleep 0.05; done
"$BPFLOAD" ls link >"$TMP/inside"
: >"$TMP/look"
until [ -e "$TMP/looked" ]; do sleep 0.05; done
INNER
unshare -n sh -eu "$TMP/inner.sh" & inner=$!
PIDS=$inner
eventually test -e "$TMP/look" || fail "the namespace is not there"
"$BPFLOAD" ls link >"$TMP/outside"
: >"$TMP/looked"
wait $inner
grep -E '^link +[0-9]+ +xdp +lo  ' "$TMP/inside" >/dev/null || fail "inside: $(cat "$TMP/inside")"
grep -E '^link +[0-9]+ +xdp +interface 1  ' "$TMP/outside" >/dev/null || fail "outside: $(cat "$TMP/outside")"

start "$OBJ/cgroup_skb.bpf.o" --attach "cgroup_skb/egress:$cgroup"
run 0 ls link
out_matches "^link +[0-9]+ +cgroup +[^ ]*$cgroup cgroup_inet_egress  prog [0-9]+"
run 0 ls link --json
jq -es 'any(.[]; .detail | contains("'"$cgroup"' cgroup_inet_egress"))' "$TMP/out" >/dev/null || fail "JSON: $(cat "$TMP/out")"
stop
