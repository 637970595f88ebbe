# SPDX-License-Identifier: BSD-2-Clause
#
# Objects that describe themselves: columns, tables and parameters come from the object, by the convention of public gadgets.

. "$LIB"

# ---- types say how values are meant ----

run 0 "$OBJ/gadget_types.bpf.o"
grep -v '^say returned' "$TMP/out" | sed 's/ *$//' >"$TMP/table"
cmp "$TMP/table" tests/cli/golden/gadget_types.txt || fail "the table is not tests/cli/golden/gadget_types.txt: $(cat "$TMP/table")"
run 0 "$OBJ/gadget_types.bpf.o" --json
grep '"event"' "$TMP/out" >"$TMP/json"
cmp "$TMP/json" tests/cli/golden/gadget_types.json || fail "the JSON is not tests/cli/golden/gadget_types.json: $(cat "$TMP/json")"
jq -e '.event | .error == "ENOENT" and .error_raw == 2 and .dst.addr == "fe80::1" and .dst.port == 443' "$TMP/json" >/dev/null ||
	fail "the JSON is not as described"

# Filters know words, numbers, and members; columns are added and taken away.
run 0 "$OBJ/gadget_types.bpf.o" --filter 'error==ENOENT,error_raw==2,sig==SIGKILL,syscall~^clone,uid==0,user==root,dst.port>=443,src.addr~^10\.,src==10.1.2.3:46076,src.proto==TCP,(secret==8 || secret==7)' \
	--columns 'error_raw,secret,dst.addr'
out_matches '^ERROR_RAW +SECRET +DST.ADDR$'
out_matches '^2 +7 +fe80::1$'
run 0 "$OBJ/gadget_types.bpf.o" --filter 'error==ENOENT,dst.port>443'
! grep -q ENOENT "$TMP/out" || fail "a filter that does not hold lets the event through"
run 0 "$OBJ/gadget_types.bpf.o" --columns=-src,-dst,-gateway,-path,-mode,-flags,-size,-latency,-syscall,+secret
out_matches '^ERROR +SIG +USER +GROUP +COOKIE +SECRET$'
run 2 "$OBJ/gadget_types.bpf.o" --columns=-src,error
err_has "either name all columns (a,b), or change those that are shown by themselves (-a,+b)"
run 0 "$OBJ/gadget_types.bpf.o" --filter 'error!=-ENOENT,sig!=SIGTERM,syscall!=openat,src.proto!=UDP,user!=nobody-of-that-name'
out_matches '^ENOENT'
run 2 "$OBJ/gadget_types.bpf.o" --filter 'error==ENOET'
err_has "'ENOET' is no value of 'error'"
err_has "did you mean 'ENOENT'"
run 2 "$OBJ/gadget_types.bpf.o" --filter 'path~(lib'
err_has "'(lib' is no regular expression"

# Accounts may have any name: in JSON it is a string of JSON.
printf 'o"d\\d\001:x:0:0::/:\n' >"$TMP/passwd"
mount --bind "$TMP/passwd" /etc/passwd
run 0 "$OBJ/gadget_types.bpf.o" --json
umount /etc/passwd
grep '"event"' "$TMP/out" | jq -e '.event.user == "o\"d\\d\u0001"' >/dev/null || fail "the name of an account breaks the JSON"

# Live: who it is comes first, what belongs to it is there for those who ask.
trigger() {
	while kill -0 $$ 2>/dev/null; do
		cat /nonexistent/bpfload 2>/dev/null || :
		sleep 0.05
	done
}
trigger & trigger_pid=$!
run 0 "$OBJ/gadget_opens.bpf.o" --filter 'comm==cat,error==ENOENT' --count 2
out_matches '^TIMESTAMP +COMM +PID +TID +ERROR +FD$'
out_matches '^[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6} cat +[0-9]+ +[0-9]+ +ENOENT +-1$'
run 0 "$OBJ/gadget_opens.bpf.o" --filter 'proc.comm==cat,error_raw>0' --count 2 --json
jq -es 'all(.[]; .event | .proc.comm == "cat" and .error == "ENOENT" and .error_raw == 2 and .proc.creds.user == "root" and
	(.timestamp | test("^20[0-9-]+T[0-9:.]+Z$")) and (.timestamp_raw | type) == "number")' "$TMP/out" >/dev/null || fail "live JSON"
run 0 "$OBJ/gadget_opens.bpf.o" --filter 'comm==cat,error==ENOENT' --count 1 --columns proc.creds.user,pid,timestamp_raw
out_matches '^root +[0-9]+ +[0-9]+$'
kill "$trigger_pid"
wait "$trigger_pid" 2>/dev/null || :

run 2 "$OBJ/gadget_types.bpf.o" --sort error
err_has '--sort: there is no table to sort'

# ---- parameters, metadata ----

run 0 spec "$OBJ/gadget_opens.bpf.o"
out_has "  parameter only_failed: --param only_failed=..."
out_has "  events 'opens': struct event through map 'events'"
out_matches '^  purpose = "who opens what"$'
run 0 spec "$OBJ/gadget_opens.bpf.o" --param only_pid=77 --json
jq -e '.metadata.purpose == "who opens what" and any(.markers[]; .kind == "param" and .variable == "only_pid") and
	any(.variables[]; .name == "only_pid" and .value == 77)' "$TMP/out" >/dev/null || fail "spec --json"
run 0 "$OBJ/gadget_opens.bpf.o" --help
out_matches '^  --param only_failed=VALUE +\(false\)$'
run 2 "$OBJ/gadget_opens.bpf.o" --param only=1
err_has "--param: the object has no parameter 'only'"
err_has "it has 'only_pid', 'only_failed'; --set sets any variable"
trigger & trigger_pid=$!
run 0 "$OBJ/gadget_opens.bpf.o" --param only_failed=true --count 5
! grep -v '^TIMESTAMP' "$TMP/out" | grep -q ' 0 *[0-9]*$' || fail "only_failed=true shows files that were opened"

# ---- a map that is a table ----

run 0 "$OBJ/gadget_tables.bpf.o" --count 1 --interval 300ms --filter comm==cat
out_matches '^COMM +USER +OPENS +NAMES +LAST_ERROR$'
out_matches '^cat +root +[0-9]+ +[0-9.]+[KMi]*B +ENOENT$'
[ "$(grep -c . "$TMP/out")" -eq 2 ] || fail "a heading and the row that the filter lets through"
run 0 "$OBJ/gadget_tables.bpf.o" --count 2 --interval 200ms --sort comm --columns comm,opens,mntns_id
sed '/^$/,$d; 1d' "$TMP/out" | awk '{ print $1 }' >"$TMP/names"
LC_ALL=C sort -c "$TMP/names" || fail "--sort comm does not sort"
[ "$(grep -c '^COMM  *OPENS  *MNTNS_ID$' "$TMP/out")" -eq 2 ] || fail "two rounds have two headings"
run 0 "$OBJ/gadget_tables.bpf.o" --count 1 --interval 300ms --filter 'comm~^cat$' --sort=-opens --max-entries 1 --json
jq -e '.type == "row" and .table == "opens" and .row.comm == "cat" and .row.user == "root" and .row.uid == 0 and
	.row.names_raw == 100 * .row.opens and .row.last_error == "ENOENT"' "$TMP/out" >/dev/null || fail "row JSON"
run 0 "$OBJ/gadget_tables.bpf.o" --top counts:opens --duration 300ms --filter comm==cat
out_matches '^cat +root +[0-9]+ '
kill "$trigger_pid"
wait "$trigger_pid" 2>/dev/null || :
run 2 "$OBJ/gadget_tables.bpf.o" --count 1 --interval 100ms --sort open
err_has "map 'counts' has no field 'open' to sort by"
err_has "did you mean 'opens'"

# ---- iterators whose output is a table ----

run 0 "$OBJ/gadget_iters.bpf.o"
grep -v '^fill' "$TMP/out" | sed 's/ *$//' >"$TMP/table"
cmp "$TMP/table" tests/cli/golden/gadget_iters.txt || fail "the table is not tests/cli/golden/gadget_iters.txt: $(cat "$TMP/table")"
err_has 'attached list_squares: iter bpf_map_elem of squares'
run 0 "$OBJ/gadget_iters.bpf.o" --sort=kind,-number --filter 'took_raw>0' --columns kind,number --rows 3
[ "$(sed -n '/^KIND/,$p' "$TMP/out" | tr -s ' \n' ' ')" = "KIND NUMBER cube 2 cube 1 square 2 1 more " ] || fail "sorted and filtered: $(cat "$TMP/out")"
run 0 "$OBJ/gadget_iters.bpf.o" --json --filter 'number==2,kind==cube'
tail -n 1 "$TMP/out" | jq -e '.type == "row" and .table == "powers" and .row == {number: 2, kind: "cube", took_raw: 8000, took: "8.00us"}' >/dev/null ||
	fail "iterator JSON: $(cat "$TMP/out")"
run 0 "$OBJ/gadget_iters.bpf.o" --interval 50ms --count 2
[ "$(grep -c '^NUMBER' "$TMP/out")" -eq 2 ] || fail "each interval has its table"

# ---- where a program goes ----

if [ "$(uname -r | awk -F. '{ print ($1 > 4 || $1 == 4 && $2 >= 20) }')" -eq 1 ]; then
	run 0 "$OBJ/gadget_sockets.bpf.o" --duration 10ms
	err_has 'attached look: sk_msg on map sockets'
fi

# ---- stacks ----

# A process that lives while its stack is read.
while :; do
	: </etc/passwd
	sleep 0.02
done & trigger_pid=$!
run 0 "$OBJ/gadget_stacks.bpf.o" --filter "pid==$trigger_pid" --count 2
err_has 'stacks: where (by its type), caller_raw.stack_id (by its type)'
out_matches '^COMM +PID +WHERE +CALLER$'
out_matches '^    [a-z_0-9.]+\+0x[0-9a-f]+$'
out_matches '^    .*\[.*/[^/]+\]$'
run 0 "$OBJ/gadget_stacks.bpf.o" --filter "pid==$trigger_pid" --count 1 --json
jq -e ".event.caller_raw.pid_level0 == $trigger_pid and (.stacks.where | length > 1) and (.event.where | startswith(\"stack \"))" "$TMP/out" >/dev/null ||
	fail "JSON of stacks: $(cat "$TMP/out")"
kill "$trigger_pid"
wait "$trigger_pid" 2>/dev/null || :
