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
run 2 "$OBJ/gadget_types.bpf.o" --filter 'path~(lib'
err_has "'(lib' is no regular expression"

# Live: who it is comes first, what belongs to it is there for those who ask.
trigger() {
	while :; do
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
