# SPDX-License-Identifier: BSD-2-Clause
#
# A map that leaves its size open is an error that prints the option; with the option it works.

. "$LIB"

run 2 "$OBJ/map_open.bpf.o" --duration 300ms
err_has "--map starts.max_entries="
start "$OBJ/map_open.bpf.o" --map starts.max_entries=64 --dump starts --interval 200ms
/bin/true
eventually grep -q '^starts\[' "$TMP/out" || fail "nothing counted"
stop
run 2 "$OBJ/map_open.bpf.o" --map starts.max_entries=many
run 2 "$OBJ/map_open.bpf.o" --map nosuch.max_entries=1
err_has "nosuch"
run 2 "$OBJ/map_open.bpf.o" --map starts.size=1
