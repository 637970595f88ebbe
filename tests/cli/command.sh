# SPDX-License-Identifier: BSD-2-Clause
#
# bpfload FILE -- CMD: the command begins when everything is attached, is seen from its first call on, has nothing of ours, and its end
# is the end of the run, with its status.

. "$LIB"

MINIMAL="$OBJ/minimal.bpf.o"

# Its very first write is seen; what it writes is on stdout, even with --output.
run 0 "$MINIMAL" --set my_pid=child -o "$TMP/lines" -- sh -c 'echo $$; exit 0'
pid=$(cat "$TMP/out")
[ "$pid" -gt 1 ] || fail "the command did not say its id"
[ "$(grep -c "BPF triggered from PID $pid\$" "$TMP/lines")" -eq 1 ] || fail "its only write was not seen"

# The exit code is the command's; a signal's is 128 and more.
run 0 "$MINIMAL" -- true
run 37 "$MINIMAL" -- sh -c 'exit 37'
run 137 "$MINIMAL" -- sh -c 'kill -9 $$'
run 141 "$MINIMAL" -- sh -c 'kill -PIPE $$'

# Words behind -- are the command's own, options too.
run 0 "$MINIMAL" -- printf '%s\n' --json -- x
out_has "--json"

# It has no descriptor but those that bpfload was given, and not the one that tells when we are ready.
ls /proc/self/fd >"$TMP/fds"
run 0 "$MINIMAL" --ready-fd 9 -- ls /proc/self/fd 9>"$TMP/ready"
cmp -s "$TMP/out" "$TMP/fds" || fail "descriptors: $(tr '\n' ' ' <"$TMP/out"), not $(tr '\n' ' ' <"$TMP/fds")"
[ -s "$TMP/ready" ] || fail "--ready-fd was not told"
# Signals are as they were for bpfload itself.
grep '^Sig[BI]' /proc/self/status >"$TMP/signals"
run 0 "$MINIMAL" -- grep '^Sig[BI]' /proc/self/status
cmp -s "$TMP/out" "$TMP/signals" || fail "signals: $(cat "$TMP/out"), not $(cat "$TMP/signals")"

# When something fails before, it never runs.
never() {
	want=$1
	shift
	run "$want" "$@" -- touch "$TMP/ran"
	[ ! -e "$TMP/ran" ] || fail "bpfload $*: the command ran"
}
never 7 "$MINIMAL" --attach tracepoint/syscalls/sys_enter_wriet
never 2 "$MINIMAL" --set no_such_variable=1
never 4 "$OBJ/refused_null_check.bpf.o"
never 0 "$MINIMAL" --dry-run
run 0 "$MINIMAL" -- touch "$TMP/ran"
[ -e "$TMP/ran" ] || fail "the command did not run"

# No such command, one that cannot be executed: as of a shell; no command at all, two files.
run 127 "$MINIMAL" -- no-such-command-here
err_has "command 'no-such-command-here': No such file or directory"
run 127 "$MINIMAL" --json --strict -- "$TMP/no/such/file"
err_has '"errno":2,'
echo text >"$TMP/text"
run 126 "$MINIMAL" -- "$TMP/text"
err_has "command '$TMP/text': Permission denied"
run 126 "$MINIMAL" --exit-code my_pid -- /
run 2 "$MINIMAL" --
err_has "which?"
run 2 "$MINIMAL" other.o -- true
err_has "one object file at a time"
run 2 "$MINIMAL" --pid child
err_has "there is no command"
run 0 --dry-run -- "$MINIMAL"

# A signal goes to the command, and the run ends when that does; the second one ends the run. (TERM: a shell starts what it puts into the
# background with INT ignored.)
begin() {
	: >"$TMP/out"
	"$BPFLOAD" "$MINIMAL" -- "$@" >"$TMP/out" 2>"$TMP/err" &
	PID=$!
	eventually grep -q . "$TMP/out" || fail "the command did not begin"
}
begin sh -c 'trap "echo heard; exit 5" TERM; echo begun; while :; do sleep 0.05; done'
kill -TERM "$PID"
code=0
wait "$PID" || code=$?
[ "$code" -eq 5 ] || fail "exit code $code, not 5"
out_has heard
begin sh -c 'trap "echo deaf" TERM; echo $$; while :; do sleep 0.05; done'
pid=$(head -n 1 "$TMP/out")
kill -TERM "$PID"
eventually grep -q deaf "$TMP/out" || fail "the signal was not passed on"
kill -TERM "$PID"
code=0
wait "$PID" || code=$?
PID=
[ "$code" -eq 0 ] || fail "exit code $code, not 0"
! kill -0 "$pid" 2>/dev/null || fail "the command was left behind"

# --duration ends both.
run 0 "$MINIMAL" --duration 300ms -- sh -c 'echo $$; exec sleep 100'
! kill -0 "$(cat "$TMP/out")" 2>/dev/null || fail "the command was left behind"

# --pid: only the calls of this process.
run 0 "$OBJ/uprobe.bpf.o" --only enter --attach enter=uprobe/libc.so.6:getpwnam --pid child --dump .bss -o "$TMP/dump" -- \
	sh -c 'id root >&2; exec id root'
calls=$(sed -n 's/^nr_calls = //p' "$TMP/dump")
run 0 "$OBJ/uprobe.bpf.o" --only enter --attach enter=uprobe/libc.so.6:getpwnam --dump .bss -o "$TMP/dump" -- \
	sh -c 'id root >&2; exec id root'
all=$(sed -n 's/^nr_calls = //p' "$TMP/dump")
[ "$calls" -gt 0 ] || fail "the command's calls were not counted"
[ "$all" -eq $((2 * calls)) ] || fail "$calls calls of the process, $all of all: its child was counted too"
run 2 "$MINIMAL" --pid 1
err_has "nothing that is attached can be narrowed"
run 2 "$MINIMAL" --pid none
err_has "is no process id"
