# SPDX-License-Identifier: BSD-2-Clause
#
# E11: a rejected program gives the source line, the reason and a hint; the whole log is a file away.

. "$LIB"

run 4 "$OBJ/refused_null_check.bpf.o" --duration 100ms --verifier-log "$TMP/log"
error_complete
err_has "[E11]"
err_has "refused_null_check.bpf.c:"
err_has "map_value_or_null"
err_has "NULL"
[ "$(wc -l <"$TMP/err")" -lt 25 ] || fail "the error is $(wc -l <"$TMP/err") lines long"
grep -q "processed .* insns" "$TMP/log" || fail "the log is not whole"
run 4 "$OBJ/refused_null_check.bpf.o" --duration 100ms -v
err_has "processed "
