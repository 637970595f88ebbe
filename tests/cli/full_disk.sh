# SPDX-License-Identifier: BSD-2-Clause
#
# A full disk is an error, not silence.

. "$LIB"

code=0
"$BPFLOAD" "$OBJ/minimal.bpf.o" --set my_pid=self --duration 10s >/dev/full 2>"$TMP/err" || code=$?
[ "$code" -eq 1 ] || fail "exit code $code"
err_has "stdout"
code=0
"$BPFLOAD" spec "$OBJ/minimal.bpf.o" >/dev/full 2>"$TMP/err" || code=$?
[ "$code" -eq 1 ] || fail "exit code $code"
err_has "stdout"

# Events, however few: the heading, the only line before the end, one in a file.
while kill -0 $$ 2>/dev/null; do
	/bin/true
	sleep 0.05
done &
for words in "" "--json" "--raw --no-printk" "--output /dev/full" "--no-events --dump .bss" "--json --interval 50ms --top .bss"; do
	code=0
	# shellcheck disable=SC2086
	"$BPFLOAD" "$OBJ/ringbuf_typed.bpf.o" --count 1 --duration 20s $words >/dev/full 2>"$TMP/err" || code=$?
	[ "$code" -eq 1 ] || fail "events, $words: exit code $code"
	err_has "writing to stdout: No space left on device"
done
kill $!
for words in help --help version "run --help" "load --help" "unload --help" "image --help" "btf --help" "btf min --help" "check --help"; do
	code=0
	# shellcheck disable=SC2086
	"$BPFLOAD" $words >/dev/full 2>"$TMP/err" || code=$?
	[ "$code" -eq 1 ] || fail "bpfload $words: exit code $code"
	err_has "writing to stdout"
done
