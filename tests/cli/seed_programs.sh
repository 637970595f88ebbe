# SPDX-License-Identifier: BSD-2-Clause
#
# What the programs of the tutorials say, line by line: their commands as bpf/README.md has them, and something to see that the test makes
# happen. (That every command of that page runs is tests/cli/seeds.sh; what needs kprobes is in kprobe.sh.)

. "$LIB"

# has PATTERN...: a line of output for each, soon
has() {
	for pattern in "$@"; do
		eventually grep -qE -e "$pattern" "$TMP/out" || fail "no line like: $pattern"
	done
}

# Two tracepoints, with the kernel's own types as contexts.
start "$OBJ/hello_core.bpf.o"
sh -c 'exec /bin/true' & pid=$!
wait "$pid"
has "Process\[$pid\]: starts /bin/true$" "Process\[$pid\]: execve returned 0$"
stop

# Time, command, PID and message apart.
start "$OBJ/hello.bpf.o" --json
sh -c 'exec /bin/true' & pid=$!
wait "$pid"
has "\"time\":[0-9.]+,\"task\":\"(sh|true)\",\"pid\":$pid,.*\"message\":\"Hello, a program starts\""
stop

# What one process starts: the one that works and the one that is not there, nothing of others.
cat >"$TMP/parent.sh" <<'SH'
read -r _ <"$1"
/bin/true
/no/such/program 2>/dev/null || :
SH
mkfifo "$TMP/go"
sh "$TMP/parent.sh" "$TMP/go" & parent=$!
start "$OBJ/execsnoop_ppid.bpf.o" --set parent=$parent
sh -c 'exec /bin/echo of another parent' >/dev/null
echo >"$TMP/go"
wait "$parent"
has '^COMM +PID +PPID +RET +FILE *$' "^true +[0-9]+ +$parent +0 +/bin/true *$"
# Some shells look before they start a program that is not there.
if grep -q no/such "$TMP/out"; then has "^sh +[0-9]+ +$parent +-2 +/no/such/program *$"; fi
out_lacks echo
stop

# A container: namespaces of its own, and a name.
start "$OBJ/container_execsnoop_ppid.bpf.o"
unshare -nu sh -c 'hostname boxed 2>/dev/null || echo boxed >/proc/sys/kernel/hostname
	readlink /proc/self/ns/net /proc/self/ns/uts; exec /bin/true' >"$TMP/numbers"
net=$(sed -n 's/^net:\[\(.*\)\]$/\1/p' "$TMP/numbers")
uts=$(sed -n 's/^uts:\[\(.*\)\]$/\1/p' "$TMP/numbers")
has "^[0-9]+ +[0-9]+ +$net +$uts +boxed +true +/bin/true *$"
# Its columns stand below their headings, though such numbers have ten digits.
awk 'NR == 1 { at = index($0, "NODE") } / boxed / { seen = 1; exit index($0, "boxed") != at } END { if (!seen) exit 1 }' "$TMP/out" ||
	fail "the columns are not below their headings"
stop

# A record for each part of a call.
start "$OBJ/execsnoop_parts.bpf.o" --columns pid,comm,part,arg,ret
sh -c 'exec /bin/true first second' & pid=$!
wait "$pid"
has "^$pid +sh +ARG +/bin/true +0" "^$pid +sh +ARG +first +0" "^$pid +sh +ARG +second +0" "^$pid +true +RET +0"
stop

# Sockets, and where they are.
start "$OBJ/get_net_ns.bpf.o"
unshare -n sh -c 'readlink /proc/self/ns/net; ip link >/dev/null' >"$TMP/numbers"
net=$(sed -n 's/^net:\[\(.*\)\]$/\1/p' "$TMP/numbers")
has "^[0-9]+ +(ip|busybox) +$net +(NETLINK|INET) *$"
stop

# Packets of both versions of IP; the answer to each is one of ICMP, since nobody listens.
unshare -n sh -eu <<'INNER'
. "$LIB"
ip link set lo up
has() { for pattern in "$@"; do eventually grep -qE -e "$pattern" "$TMP/out" || fail "no line like: $pattern"; done; }
start "$OBJ/trace_pkt.bpf.o" --fmt auto
bash -c 'echo x >/dev/udp/127.0.0.1/9; echo x >/dev/udp/::1/9'
v4='::ffff:127.0.0.1 +::ffff:127.0.0.1 *$' v6='::1 +::1 *$'
has "^SENT +NONE +lo +44 +UDP +$v4" "^RECEIVED +NONE +lo +30 +UDP +$v4" "^RECEIVED +NONE +lo +58 +ICMP +$v4" \
	"^SENT +NONE +lo +64 +UDP +$v6" "^RECEIVED +NONE +lo +98 +ICMPV6 +$v6"
stop
start "$OBJ/xdp_size.bpf.o" --attach xdp:lo,mode=skb
bash -c 'printf 12345678 >/dev/udp/127.0.0.1/9'
has ': packet of 50 bytes$'
stop
INNER

# Random bytes: every program of glibc asks for some when it starts, mktemp at the latest.
start "$OBJ/getrandom.bpf.o"
sh -c 'exec mktemp -u' >"$TMP/name"
has '^[0-9]+ +mktemp +[1-9]'
stop

# A method of Go, and its text, which ends where its length says.
case $(uname -m) in
x86_64 | aarch64)
	cc -O2 -Wall -Werror -o "$TMP/go_target" tests/cli/go_target.c
	start "$OBJ/go_call.bpf.o" --attach "uprobe/$TMP/go_target:main.(*Shell).Run"
	"$TMP/go_target" 3
	has '^[0-9]+ +go_target +6 +line 0 *$' '^[0-9]+ +go_target +6 +line 2 *$'
	stop
	;;
esac
