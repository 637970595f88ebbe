# SPDX-License-Identifier: BSD-2-Clause
#
# ls: what is loaded, who holds it, where it is pinned, what it belongs to.

. "$LIB"

mount -t bpf bpf /sys/fs/bpf

# Of a run: the process holds it.
start "$OBJ/hello.bpf.o"
"$BPFLOAD" ls >"$TMP/ls"
grep -E "^prog +[0-9]+ +tracepoint .*  tag [0-9a-f]{16}.*  by bpfload\($PID\).*  object pid $PID: .*hello\.bpf\.o$" "$TMP/ls" >/dev/null ||
	fail "the program: $(cat "$TMP/ls")"
grep -E "^map +[0-9]+ +array +hello\.rodata .*by bpfload\($PID\)" "$TMP/ls" >/dev/null || fail "the map: $(cat "$TMP/ls")"
grep -E "^link +[0-9]+ +perf_event +tracepoint .*prog [0-9]+.*by bpfload\($PID\)" "$TMP/ls" >/dev/null || fail "the link: $(cat "$TMP/ls")"
! grep -q '^btf' "$TMP/ls" || fail "BTF was not asked for"
stop

# Of load: the directory holds it.
run 0 load "$OBJ/hello.bpf.o" --pin /sys/fs/bpf/dir
run 0 ls link prog
out_matches '^prog .*  pin /sys/fs/bpf/dir/progs/[a-z_]+  object /sys/fs/bpf/dir$'
out_matches '^link .*  pin /sys/fs/bpf/dir/links/[a-z_]+  object /sys/fs/bpf/dir$'
! grep -q '^map' "$TMP/out" || fail "maps were not asked for"
run 0 ls --json link
out_matches '^\{"v":1,"type":"link","id":[0-9]+,"kind":"perf_event","prog_id":[0-9]+,"detail":.*"pins":\["/sys/fs/bpf/dir/links/[a-z_]+"\],"holders":\[\],"object":"/sys/fs/bpf/dir"\}$'
run 0 unload /sys/fs/bpf/dir
run 0 ls
out_lacks /sys/fs/bpf/dir

run 0 ls btf
out_matches '^btf +1 +kernel +vmlinux +[0-9]+ bytes$'
run 2 ls programs
err_has "is not one of prog, map, link and btf"
code=0
setpriv --reuid=65534 --clear-groups "$BPFLOAD" ls >"$TMP/out" 2>"$TMP/err" || code=$?
[ "$code" -eq 5 ] || fail "exit code $code without privileges"
error_complete

# What the author says about it goes with the program.
start "$OBJ/gadget_opens.bpf.o" --no-events
run 0 ls prog
out_matches '^prog .* on_exit .*  metadata purpose="who opens what"  object pid '
run 0 ls prog --json
jq -es 'any(.[]; .metadata.purpose == "who opens what")' "$TMP/out" >/dev/null || fail "metadata in JSON"
stop
