# SPDX-License-Identifier: BSD-2-Clause
#
# What runs on demand: iterators are read and the command ends; with --interval it reads again.

. "$LIB"

run 0 "$OBJ/iter.bpf.o"
out_has "tasks:"
out_matches '^[0-9]+ in all$'
err_has "attached list_tasks: iter task"
run 0 "$OBJ/iter.bpf.o" --interval 100ms --count 3
[ "$(grep -c '^tasks:$' "$TMP/out")" -eq 3 ] || fail "not three walks"
run 0 "$OBJ/iter.bpf.o" --json
out_matches '^\{"v":1,"type":"link","link":"list_tasks: iter task","text":"[0-9]+ in all"\}$'
run 2 "$OBJ/hello.bpf.o" --attach tracepoint/syscalls/sys_enter_execve --interval 1s
err_has "--interval needs --dump MAP"

run 0 "$OBJ/iter_map.bpf.o" --attach fill=syscall --attach report=iter/bpf_map_elem:squares
out_has "fill returned 0"
out_has "3 squared is 9"
[ "$(grep -c squared "$TMP/out")" -eq 4 ] || fail "not four elements"
run 1 "$OBJ/iter_map.bpf.o" --attach fill=syscall --attach report=iter/bpf_map_elem
err_has "add map=NAME"

run 0 "$OBJ/syscall.bpf.o" --dump .bss
out_has "answer returned 42"
out_has "runs = 1"
