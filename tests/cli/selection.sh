# SPDX-License-Identifier: BSD-2-Clause
#
# --only and --skip choose what is loaded; wrong names are errors.

. "$LIB"

count_progs() { ls -l "/proc/$PID/fd" | grep -c bpf-prog || true; }
start "$OBJ/shared_section.bpf.o" --attach none --only one,three
[ "$(count_progs)" -eq 2 ] || fail "--only one,three: $(count_progs) programs"
stop
start "$OBJ/shared_section.bpf.o" --attach none --skip two
[ "$(count_progs)" -eq 2 ] || fail "--skip two: $(count_progs) programs"
stop
run 2 "$OBJ/shared_section.bpf.o" --only oen
err_has "oen"
err_has "'one'"
