# SPDX-License-Identifier: BSD-2-Clause
#
# elf, spec and image print their stage, as text and as JSON, without root.

. "$LIB"

chmod 755 "$TMP"
cp "$OBJ"/hello.bpf.o "$OBJ"/globals.bpf.o "$TMP"
cp "$BPFLOAD" "$TMP/bpfload"
chmod 644 "$TMP"/*.o
for stage in elf spec image; do
	for object in hello globals; do
		setpriv --reuid=65534 --regid=65534 --clear-groups "$TMP/bpfload" "$stage" "$TMP/$object.bpf.o" >"$TMP/out" 2>"$TMP/err" ||
			fail "$stage $object as nobody"
		[ -s "$TMP/out" ] || fail "$stage $object prints nothing"
		setpriv --reuid=65534 --regid=65534 --clear-groups "$TMP/bpfload" "$stage" --json "$TMP/$object.bpf.o" >"$TMP/out" ||
			fail "$stage --json $object"
		jq -e . "$TMP/out" >"$TMP/jq" || fail "$stage --json $object is not JSON"
	done
done
run 0 elf "$OBJ/hello.bpf.o"
out_has "tracepoint/syscalls/sys_enter_execve"
run 0 spec "$OBJ/hello.bpf.o"
out_has "hello"
out_has ".rodata"
run 0 image "$OBJ/hello.bpf.o"
out_has "bpf_trace_printk"
out_has "exit"
# --attach gives a program its type here too, as the error says.
run 3 image "$OBJ/refused_section.bpf.o"
err_has "--attach count_packets=xdp:IF"
run 0 image "$OBJ/refused_section.bpf.o" --attach count_packets=xdp:lo
out_has "program 'count_packets': xdp"
run 2 image "$OBJ/hello.bpf.o" --attach nonsense
