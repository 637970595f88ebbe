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
for words in help --help version "run --help" "load --help" "unload --help" "image --help" "btf --help" "btf min --help" "check --help"; do
	code=0
	# shellcheck disable=SC2086
	"$BPFLOAD" $words >/dev/full 2>"$TMP/err" || code=$?
	[ "$code" -eq 1 ] || fail "bpfload $words: exit code $code"
	err_has "writing to stdout"
done
