# SPDX-License-Identifier: BSD-2-Clause
#
# A filter that drops TCP to port 80: connections there do not come about while it is attached, and do again afterwards. What a
# killed run leaves is removed by the next.

. "$LIB"

cat >"$TMP/inner.sh" <<'INNER'
. "$LIB"
ip link set lo up
perl -MIO::Socket::INET -e 'my @l = map { IO::Socket::INET->new(LocalAddr => "127.0.0.1:$_", Listen => 50, ReuseAddr => 1) or die } 80, 81;
	print "up\n"; $| = 1; close(STDOUT); sleep 100' >"$TMP/server" &
SERVER=$!
trap 'kill "$SERVER"; [ -z "$PID" ] || kill -9 "$PID" 2>/dev/null || true' EXIT
eventually grep -q up "$TMP/server" || fail "no server"
connects() { perl -MIO::Socket::INET -e 'exit(IO::Socket::INET->new(PeerAddr => "127.0.0.1:$ARGV[0]", Timeout => 0.5) ? 0 : 1)' "$1"; }

connects 80 || fail "port 80 cannot be reached without a program"
start "$OBJ/tc_drop_http.bpf.o" --attach tc/egress:lo --dump .bss
! connects 80 || fail "port 80 can be reached"
connects 81 || fail "port 81 cannot be reached"
stop
out_matches '^dropped = [1-9]'
connects 80 || fail "port 80 cannot be reached afterwards"
[ -z "$(tc qdisc show dev lo clsact)" ] || fail "clsact is still there"

# Killed: it goes on, until any run of bpfload.
start "$OBJ/tc_drop_http.bpf.o" --attach tc/egress:lo
kill -9 "$PID"
wait "$PID" || true
PID=
! connects 80 || fail "the filter did not outlive its process: what is swept below?"
run 0 "$OBJ/raw_tp.bpf.o" --duration 100ms -v
err_has 'removed a tc egress filter'
connects 80 || fail "port 80 cannot be reached after the sweep"
[ -z "$(tc qdisc show dev lo clsact)" ] || fail "clsact is still there after the sweep"

# tcx goes by itself.
start "$OBJ/tc_drop_http.bpf.o" --attach tcx/egress:lo
! connects 80 || fail "port 80 can be reached through tcx"
kill -9 "$PID"
wait "$PID" || true
PID=
eventually connects 80 || fail "tcx outlived its process"

# Words.
run 7 "$OBJ/tc_drop_http.bpf.o" --attach tc/egress:l0
error_complete
err_has "'lo'"
run 2 "$OBJ/tc_drop_http.bpf.o" --attach tc:lo
error_complete
err_has 'tc/egress:lo'
INNER
unshare -n sh -eu "$TMP/inner.sh"
