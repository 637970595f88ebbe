# SPDX-License-Identifier: BSD-2-Clause
#
# A program that calls functions of a module and reads a field of its struct, on a kernel that has the module loaded (or built in): the
# program runs for packets, with the field's place as the kernel's own types say it.

. "$LIB"

object=$OBJ/module_ct.bpf.o
code=0
"$BPFLOAD" check "$object" -v >"$TMP/out" 2>"$TMP/err" || code=$?
if [ "$code" -ne 0 ]; then
	out_matches "(absent|unknown) +kfunc +(extern ')?bpf_(ct_release|skb_ct_lookup)"
	run 6 "$object" --attach none --duration 10ms # and loading agrees
	err_has "[E18]"
	# In the machines of scripts/vm-run it is known which kernels have it (tests/kern/in-guest).
	[ -z "${BPFLOAD_VM:-}" ] || fail "this kernel has no functions of connection tracking"
	echo "skip: module: this kernel has no connection tracking, or not in a form that programs can call"
	exit 0
fi
if [ -e /sys/kernel/btf/nf_conntrack ]; then
	out_matches "present +kfunc +bpf_ct_release: BTF id [0-9]+ of module 'nf_conntrack'"
	kfunc_of=module
else
	out_matches 'present +kfunc +bpf_ct_release: kernel BTF id'
	kfunc_of=kernel
fi
offset=$(sed -n 's/.*nf_conntrack_net\.users6 .*: byte 0 -> \([0-9]*\)$/\1/p' "$TMP/out" | head -n 1)
[ "$offset" -gt 0 ] || fail "no place of nf_conntrack_net.users6"

cat >"$TMP/inner.sh" <<'INNER'
. "$LIB"
ip link set lo up
start "$OBJ/module_ct.bpf.o" --attach tc/ingress:lo --interval 200ms --dump .bss
ping -c 3 -W 1 127.0.0.1 >/dev/null 2>&1 ||
	perl -MSocket -e 'socket(my $s, PF_INET, SOCK_DGRAM, 0); send($s, "x", 0, pack_sockaddr_in(9, inet_aton("127.0.0.1"))) for 1 .. 20;'
eventually sh -c 'tail -n 4 "$TMP/out" | grep -qE "packets = [1-9]"' || fail "no packets were counted"
eventually sh -c 'tail -n 4 "$TMP/out" | grep -qE "users_offset = '"$OFFSET"'\$"' || fail "another place of the field"
stop TERM
INNER
OFFSET=$offset unshare -n sh -eu "$TMP/inner.sh"
sed "s|^|    |" "$TMP/out" | tail -n 4
echo "functions of the $kfunc_of, nf_conntrack_net.users6 at byte $offset"
