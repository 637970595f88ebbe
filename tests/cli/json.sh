# SPDX-License-Identifier: BSD-2-Clause
#
# --json: one object a line on stdout, errors as an object on stderr.

. "$LIB"

run 0 "$OBJ/minimal.bpf.o" --set my_pid=self --count 2 --json --duration 10s
jq -e 'select(.v == 1 and .type == "printk" and (.message | startswith("BPF triggered")) and .pid > 0)' "$TMP/out" >"$TMP/jq" ||
	fail "not the printk objects"
[ "$(jq -c . "$TMP/out" | wc -l)" -eq 2 ] || fail "not two lines"
run 0 "$OBJ/raw_tp.bpf.o" --json --dump .bss --interval 100ms --count 2
jq -e . "$TMP/out" >"$TMP/jq" || fail "dump is not JSON"
run 3 --json /dev/null 
jq -e '.type == "error" and .v == 1 and (.error | length > 0)' "$TMP/err" >"$TMP/jq" || fail "no error object"
