# SPDX-License-Identifier: BSD-2-Clause
#
# Programs of a cgroup see what its processes do, and nothing else; sockops and sk_msg together hand messages from socket to socket.

. "$LIB"

cat >"$TMP/inner.sh" <<'INNER'
. "$LIB"
ip link set lo up
mount=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)
name=bpfload-test-$$
dir=$mount/$name
mkdir "$dir"
trap '[ -z "$PID" ] || kill -9 "$PID" 2>/dev/null || true; eventually rmdir "$dir"' EXIT
inside() { sh -c 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"' - "$dir" "$@"; }
datagrams() { perl -MSocket -e 'socket(my $s, PF_INET, SOCK_DGRAM, 0); send($s, "x", 0, pack_sockaddr_in(9, inet_aton("127.0.0.1"))) for 1 .. 20;'; }

start "$OBJ/cgroup_skb.bpf.o" --attach "cgroup_skb/ingress:$dir" --attach "cgroup_skb/egress:$name" --dump .bss
datagrams
inside perl -MSocket -e 'socket(my $s, PF_INET, SOCK_DGRAM, 0); send($s, "x", 0, pack_sockaddr_in(9, inet_aton("127.0.0.1"))) for 1 .. 20;'
stop
out_matches '^bytes_out = 580$' # 20 times 29
err_has "attached count_out: cgroup_skb/egress on cgroup $dir"

start "$OBJ/cgroup_connect.bpf.o" --attach "cgroup/connect4:$name" --dump connects
inside perl -MIO::Socket::INET -e 'IO::Socket::INET->new(PeerAddr => "127.0.0.1:4711", Timeout => 1)'
perl -MIO::Socket::INET -e 'IO::Socket::INET->new(PeerAddr => "127.0.0.1:4712", Timeout => 1)'
stop
out_has 'connects[4711] = 1'
out_lacks '4712'

start "$OBJ/sockredir.bpf.o" --attach "sockmap=sockops:$name" --attach redirect=sk_msg:sock_ops_map --dump .bss
inside perl -MIO::Socket::INET -e 'my $l = IO::Socket::INET->new(LocalAddr => "127.0.0.1:8123", Listen => 5, ReuseAddr => 1) or die;
	my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1:8123") or die; my $s = $l->accept;
	for (1 .. 5) { syswrite($c, "hello"); sysread($s, my $b, 5) == 5 or die; }'
stop
out_matches '^established = 2$'
out_matches '^redirected = 5$'

# The cgroup is free after a kill.
start "$OBJ/cgroup_connect.bpf.o" --attach "cgroup/connect4:$name"
kill -9 "$PID"
wait "$PID" || true
PID=

# Words.
run 7 "$OBJ/cgroup_connect.bpf.o" --attach "cgroup/connect4:$name-"
error_complete
err_has "[E27]"
err_has "'$name'"
run 7 "$OBJ/sockredir.bpf.o" --attach redirect=sk_msg:sock_op_map
error_complete
err_has "'sock_ops_map'"
run 2 "$OBJ/cgroup_connect.bpf.o" --attach cgroup/connect4:pid:1x
err_has "column 22"
INNER
unshare -n sh -eu "$TMP/inner.sh"
