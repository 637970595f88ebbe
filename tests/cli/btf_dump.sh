# SPDX-License-Identifier: BSD-2-Clause
#
# btf dump and btf find: formats, files, words that are wrong, and readers that leave.

. "$LIB"

run 0 btf dump "$OBJ/globals.bpf.o"
out_has "struct stats {"
out_has "#ifndef __VMLINUX_H__"
run 0 btf dump "$OBJ/globals.bpf.o" --format raw
out_matches "^\[[0-9]+\] STRUCT 'stats' size=16 vlen=2$"
run 0 btf dump --format json "$OBJ/globals.bpf.o"
jq -e '.types[] | select(.kind == "STRUCT" and .name == "stats") | .members | length == 2' "$TMP/out" >"$TMP/jq" || fail "no JSON"
run 0 btf dump
"$BPFLOAD" btf dump --json | jq -e '[.types[] | select(.kind == "STRUCT" and .name == "task_struct")] | length == 1' >"$TMP/jq" ||
	fail "the kernel as JSON"

run 0 btf find stats "$OBJ/globals.bpf.o"
out_has "struct stats {"
out_has "	__u64 total;	/* 8: 8 */"
out_matches '^/\* [0-9]+: struct, 16 bytes \*/$'
out_matches '^/\* [0-9]+: var, 16 bytes \*/$'
run 0 btf find 'task_str?ct'
out_matches '^	pid_t pid;	/\* [0-9]+: 4 \*/$'
run 0 btf find stats "$OBJ/globals.bpf.o" --json
jq -e '.types | length == 2' "$TMP/out" >"$TMP/jq" || fail "find --json"
run 2 btf find statz "$OBJ/globals.bpf.o"
err_has "'stats'"

run 0 btf --help
out_has "--format"
run 0 --help
out_has "btf"
run 2 btf
run 2 btf dmup
err_has "btf dump"
run 2 btf dump --format yaml
run 2 btf dump --fromat c
err_has "--format"
run 2 btf dump a b
run 2 btf find
run 2 btf dump --base "$OBJ/globals.bpf.o"
run 1 btf dump "$TMP/nosuch"
echo "no BTF at all, but long enough for a header" >"$TMP/text"
run 3 btf dump "$TMP/text"
err_has "magic"
run 3 btf dump "$BPFLOAD" # ELF without .BTF
err_has ".BTF"

# Nobody needs root for this.
chmod 755 "$TMP"
cp "$BPFLOAD" "$TMP/bpfload"
setpriv --reuid=65534 --regid=65534 --clear-groups "$TMP/bpfload" btf dump >"$TMP/out" || fail "as nobody"

code=0
"$BPFLOAD" btf dump >/dev/full 2>"$TMP/err" || code=$?
[ "$code" -eq 1 ] || fail "exit code $code with a full disk"
err_has "stdout"
{ "$BPFLOAD" btf dump 2>"$TMP/err" || echo "$?" >"$TMP/code"; } | head -n 1 >"$TMP/out"
[ ! -e "$TMP/code" ] || fail "exit code $(cat "$TMP/code") when the reader leaves"
[ ! -s "$TMP/err" ] || fail "a reader that leaves is no error"
