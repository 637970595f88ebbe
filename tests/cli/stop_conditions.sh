# SPDX-License-Identifier: BSD-2-Clause
#
# --duration and --count end a run.

. "$LIB"

begin=$(date +%s%N)
run 0 "$OBJ/raw_tp.bpf.o" --duration 500ms
took=$((($(date +%s%N) - begin) / 1000000))
[ "$took" -ge 500 ] && [ "$took" -lt 5000 ] || fail "took $took ms"
run 0 "$OBJ/raw_tp.bpf.o" --interval 100ms --dump .bss --count 3
run 0 "$OBJ/minimal.bpf.o" --set my_pid=self --count 2 --duration 10s
[ "$(wc -l <"$TMP/out")" -eq 2 ] || fail "not two lines"
