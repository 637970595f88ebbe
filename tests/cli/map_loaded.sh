# SPDX-License-Identifier: BSD-2-Clause
#
# Maps of a program that another process runs: its variables are read and written by name, and the program sees what was written.

. "$LIB"

start "$OBJ/settings.bpf.o" --set level=LEVEL_HIGH

# get MAP KEY: what stands behind " = ".
value() { "$BPFLOAD" map get "$@" 2>"$TMP/err" | sed 's/.* = //'; }

[ "$(value settings.rodata level)" = LEVEL_HIGH ] || fail "level"
[ "$(value settings.data filter.first.uid)" = 1 ] || fail "filter.first.uid"
"$BPFLOAD" map dump settings.rodata >"$TMP/out"
out_has 'port = 80'
"$BPFLOAD" map dump settings.rodata --json | jq -es 'any(.variable == "name" and .value == "eth0")' >"$TMP/jq" || fail "no variables in JSON"
"$BPFLOAD" map set settings.data target_pid 4711
"$BPFLOAD" map set settings.data 'filter.others[1].uid' 99
/bin/true
[ "$(value settings.bss seen.target_pid)" = 4711 ] || fail "the program does not see target_pid"
[ "$(value settings.bss 'seen.filter.others[1].uid')" = 99 ] || fail "the program does not see filter.others[1].uid"
[ "$(value settings.bss seen.filter.comm)" = '"sh"' ] || fail "a neighbour has changed"
code=0
"$BPFLOAD" map set settings.rodata port 81 2>"$TMP/err" || code=$?
[ "$code" -eq 5 ] || fail "a constant was written: $code"
err_has frozen
code=0
"$BPFLOAD" map get settings.data target_pdi 2>"$TMP/err" || code=$?
[ "$code" -eq 2 ] || fail "exit code $code for a variable that is not there"
err_has "did you mean 'target_pid'?"
stop

# With the last reference the map is gone, a moment later.
gone() { ! "$BPFLOAD" map dump settings.bss 2>"$TMP/err"; }
eventually gone || fail "the map has outlived its program"
err_has 'no map in the kernel is called'

# A value that is a struct of the kernel's own: its types are the kernel's.
start "$OBJ/struct_ops.bpf.o"
run 0 map get count_ops 0
out_matches 'common=.*state=.*name="bpf_count"'
stop
