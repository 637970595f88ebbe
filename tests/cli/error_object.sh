# SPDX-License-Identifier: BSD-2-Clause
#
# E8, E28, E29: each wrong kind of file has its own text and advice.

. "$LIB"

# name, file, exit code, text
check() {
	run "$2" "$1" --attach none --duration 100ms
	err_has "$3"
	error_complete
	grep '^error: ' "$TMP/err" | sed "s|$1||" >>"$TMP/texts"
}
# E8: maps without BTF.
objcopy_bpf=$(command -v llvm-objcopy || command -v llvm-objcopy-14)
"$objcopy_bpf" --remove-section=.BTF --remove-section=.rel.BTF --remove-section=.BTF.ext --remove-section=.rel.BTF.ext "$OBJ/xdp_count.bpf.o" "$TMP/nobtf.o"
check "$TMP/nobtf.o" 3 "[E8]"
err_has "clang -g"
# E28
: >"$TMP/empty.o"
check "$TMP/empty.o" 3 "empty"
echo 'this is no object file, it is text that goes on for a while, longer than an ELF header is' >"$TMP/text.o"
check "$TMP/text.o" 3 "ELF"
printf 'BC\300\336aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' >"$TMP/bitcode.o"
check "$TMP/bitcode.o" 3 "bitcode"
echo 'int x;' | cc -x c -c -o "$TMP/host.o" -
check "$TMP/host.o" 3 "target bpf"
check /bin/true 3 "linked"
mkdir "$TMP/dir.o"
check "$TMP/dir.o" 3 "directory"
mkfifo "$TMP/fifo.o"
check "$TMP/fifo.o" 3 "FIFO"
check /dev/zero 3 "device"
"$objcopy_bpf" --strip-all-gnu "$OBJ/hello.bpf.o" "$TMP/stripped.o" 2>/dev/null || "$objcopy_bpf" --strip-all "$OBJ/hello.bpf.o" "$TMP/stripped.o"
check "$TMP/stripped.o" 3 "strip"
# E29
clang -g -O2 -target bpfeb -Iinclude -isystem "/usr/include/$(cc -print-multiarch)" -c bpf/hello.bpf.c -o "$TMP/foreign.o"
check "$TMP/foreign.o" 3 "[E29]"
err_has "endian"
# ... but it can be looked at.
run 0 elf "$TMP/foreign.o"
run 0 spec "$TMP/foreign.o"
out_has "hello"
run 0 image "$TMP/foreign.o"
out_has "bpf_trace_printk"
[ "$(sort "$TMP/texts" | uniq -d | wc -l)" -eq 0 ] || fail "two conditions share a text: $(sort "$TMP/texts" | uniq -d)"
run 1 "$TMP/nosuch.o" --attach none
err_has "nosuch.o"
