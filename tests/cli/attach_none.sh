# SPDX-License-Identifier: BSD-2-Clause
#
# --attach none loads everything and attaches nothing; others can look at it.

. "$LIB"

start "$OBJ/shared_section.bpf.o" --attach none
ls -l "/proc/$PID/fd" | grep -c bpf-prog >"$TMP/progs" || true
[ "$(cat "$TMP/progs")" -eq 3 ] || fail "$(cat "$TMP/progs") programs, not 3"
! ls -l "/proc/$PID/fd" | grep -q bpf_link || fail "a link is there"
stop
