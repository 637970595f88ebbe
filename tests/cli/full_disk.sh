# SPDX-License-Identifier: BSD-2-Clause
#
# A full disk is an error, not silence.

. "$LIB"

code=0
"$BPFLOAD" "$OBJ/minimal.bpf.o" --set my_pid=self --duration 10s >/dev/full 2>"$TMP/err" || code=$?
[ "$code" -eq 1 ] || fail "exit code $code"
err_has "stdout"
head -c 64 /dev/zero >"$TMP/packet"
for words in "elf $OBJ/minimal.bpf.o" "spec $OBJ/minimal.bpf.o" "image $OBJ/minimal.bpf.o" "check $OBJ/minimal.bpf.o" \
	"check --json $OBJ/minimal.bpf.o" "btf dump $OBJ/minimal.bpf.o" "ls" "ls --json" \
	"test $OBJ/xdp_count.bpf.o count_packets --data-in $TMP/packet"; do
	code=0
	# shellcheck disable=SC2086
	"$BPFLOAD" $words >/dev/full 2>"$TMP/err" || code=$?
	[ "$code" -eq 1 ] || fail "$words: exit code $code"
	err_has "writing to stdout: No space left on device"
	# shellcheck disable=SC2086
	"$BPFLOAD" $words 2>"$TMP/err" | head -c 1 >"$TMP/out"
	[ ! -s "$TMP/err" ] || fail "$words: a reader that leaves early: $(cat "$TMP/err")"
done
run 1 test "$OBJ/xdp_count.bpf.o" count_packets --data-in "$TMP/packet" --data-out /dev/full
err_has "error: --data-out: '/dev/full': No space left on device"

# Events, however few: the heading, the only line before the end, one in a file.
while kill -0 $$ 2>/dev/null; do
	/bin/true
	sleep 0.05
done &
for words in "" "--json" "--raw --no-printk" "--output /dev/full" "--no-events --dump .bss" "--json --interval 50ms --dump .bss"; do
	code=0
	# shellcheck disable=SC2086
	"$BPFLOAD" "$OBJ/ringbuf_typed.bpf.o" --count 1 --duration 20s $words >/dev/full 2>"$TMP/err" || code=$?
	[ "$code" -eq 1 ] || fail "events, $words: exit code $code"
	case $words in
	--output*) err_has "--output: '/dev/full': No space left on device" ;;
	*) err_has "writing to stdout: No space left on device" ;;
	esac
done
kill $!
# A file that may not grow (ulimit -f) is the same, not the death of the process.
code=0
(ulimit -f 1 && exec "$BPFLOAD" "$OBJ/event_kinds.bpf.o" --duration 20s -o "$TMP/file" 2>"$TMP/err") || code=$?
[ "$code" -eq 1 ] || fail "a file that may not grow: exit code $code"
err_has "file': File too large"
for words in help --help version "run --help" "load --help" "unload --help" "image --help" "btf --help" "btf min --help" "check --help" "ls --help" \
	"map --help" "export --help" "test --help" "events --help" "trace --help"; do
	code=0
	# shellcheck disable=SC2086
	"$BPFLOAD" $words >/dev/full 2>"$TMP/err" || code=$?
	[ "$code" -eq 1 ] || fail "bpfload $words: exit code $code"
	err_has "writing to stdout"
done
