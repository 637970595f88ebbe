# SPDX-License-Identifier: BSD-2-Clause
#
# btf min: with the part of a kernel's BTF that an object needs, its image is the same as with the whole, for every object of the tree,
# on the running kernel and on a big-endian one.

. "$LIB"

build=$(dirname "$OBJ")
kernels=$build/kernels
carved=$build/carved
sh scripts/kernel-btf "$kernels" >"$TMP/log" 2>&1 || fail "no kernels: $(cat "$TMP/log")"
[ -s "$carved/MANIFEST" ] || sh scripts/carve-objects "$carved" >/dev/null || fail "no objects out of packages"

# image OBJECT BTF: into $TMP/image.*, with the file's name left out; the exit code
image() {
	code=0
	"$BPFLOAD" image "$1" --btf "$2" >"$TMP/image.out" 2>"$TMP/image.err" || code=$?
	{
		echo "exit code $code"
		cat "$TMP/image.out" "$TMP/image.err"
	} | sed "s|$2|BTF|g"
}

same=0 with_core=0
for kernel in /sys/kernel/btf/vmlinux "$kernels/6.12-s390x.btf"; do
	for object in "$OBJ"/*.bpf.o "$carved"/*.bpf.o; do
		name="$(basename "$object") on $(basename "$kernel")"
		image "$object" "$kernel" >"$TMP/whole"
		if ! "$BPFLOAD" btf min "$object" --btf "$kernel" -o "$TMP/min.btf" >"$TMP/out" 2>"$TMP/err"; then
			grep -q '^exit code 0$' "$TMP/whole" && fail "$name: no small BTF"
			continue
		fi
		image "$object" "$TMP/min.btf" >"$TMP/part"
		# Near names are looked for in what is there.
		grep -v '^fix:' "$TMP/whole" >"$TMP/whole.image"
		grep -v '^fix:' "$TMP/part" >"$TMP/part.image"
		cmp -s "$TMP/whole.image" "$TMP/part.image" || {
			diff "$TMP/whole.image" "$TMP/part.image" | head -n 5
			fail "$name: not the same image"
		}
		same=$((same + 1))
		! grep -q ' -> ' "$TMP/whole" || with_core=$((with_core + 1))
	done
done
# The file is in the byte order of its kernel.
[ "$(od -An -N2 -tx1 "$TMP/min.btf" | tr -d ' ')" = "$(od -An -N2 -tx1 "$kernels/6.12-s390x.btf" | tr -d ' ')" ] ||
	fail "the types of a big-endian kernel are not big-endian"

echo "$same images are the same, $with_core of them with relocations"
[ "$with_core" -ge 80 ] || fail "only $with_core images with relocations"

# Several objects share one file; with ids of the kernel it is large, without it is small.
run 0 btf min "$OBJ"/core_fields.bpf.o "$OBJ"/core_enums.bpf.o "$carved"/libbpf-tools-opensnoop.bpf.o -o "$TMP/three.btf" -v
err_matches '^.*three.btf: [0-9]+ bytes$'
[ "$(wc -c <"$TMP/three.btf")" -lt 4000 ] || fail "three objects need $(wc -c <"$TMP/three.btf") bytes"
for object in "$OBJ"/core_fields.bpf.o "$OBJ"/core_enums.bpf.o "$carved"/libbpf-tools-opensnoop.bpf.o; do
	image "$object" /sys/kernel/btf/vmlinux >"$TMP/whole"
	image "$object" "$TMP/three.btf" >"$TMP/part"
	cmp -s "$TMP/whole" "$TMP/part" || fail "$object: not the same with a shared file"
done
# A program runs with it, and reads what it should: this shell's child is the last that executed something.
start "$OBJ/core_fields.bpf.o" --btf "$TMP/three.btf" --interval 100ms --dump .bss
eventually sh -c '/bin/true; grep -qE "^runs = [1-9]" "$TMP/out"' || fail "the program does not count"
grep -qE '^last_pid = [1-9]' "$TMP/out" || fail "no pid"
stop INT
run 0 btf dump "$TMP/three.btf"
out_has "struct task_struct {"

# What was not asked for is not there.
image "$OBJ/core_types.bpf.o" "$TMP/three.btf" >"$TMP/part"
image "$OBJ/core_types.bpf.o" /sys/kernel/btf/vmlinux >"$TMP/whole"
cmp -s "$TMP/whole" "$TMP/part" && fail "the file holds what nobody asked for"

run 2 btf min "$OBJ/hello.bpf.o"
err_has "where to?"
run 2 btf min -o "$TMP/x"
run 1 btf min "$OBJ/hello.bpf.o" -o /nonexistent/x
[ ! -e "$TMP/x" ] || fail "a file in spite of an error"

# To a pipe; and what is no regular file stays what it is.
run 0 btf min "$OBJ/core_fields.bpf.o" -o "$TMP/file.btf"
"$BPFLOAD" btf min "$OBJ/core_fields.bpf.o" -o - | cmp - "$TMP/file.btf" || fail "to stdout: not the same bytes"
mkfifo "$TMP/fifo"
cat "$TMP/fifo" >"$TMP/through" &
run 0 btf min "$OBJ/core_fields.bpf.o" -o "$TMP/fifo"
wait
[ -p "$TMP/fifo" ] || fail "a file took the place of a pipe"
cmp "$TMP/through" "$TMP/file.btf" || fail "through a pipe: not the same bytes"
echo old >"$TMP/behind"
ln -s behind "$TMP/link"
(umask 027 && "$BPFLOAD" btf min "$OBJ/core_fields.bpf.o" -o "$TMP/link" && "$BPFLOAD" btf min "$OBJ/core_fields.bpf.o" -o "$TMP/mode") || fail "with umask"
[ -L "$TMP/link" ] || fail "a file took the place of a link"
cmp "$TMP/behind" "$TMP/file.btf" || fail "through a link: not the same bytes"
[ "$(stat -c %a "$TMP/mode")" = 640 ] || fail "mode $(stat -c %a "$TMP/mode")"
mkdir "$TMP/dir"
run 1 btf min "$OBJ/core_fields.bpf.o" -o "$TMP/dir"
"$BPFLOAD" btf min "$OBJ/core_fields.bpf.o" -o - >/dev/full 2>"$TMP/err" && fail "a full disk is no error"
err_has "No space left"
[ -z "$(find "$TMP" -name '*.btf.*' -o -name 'mode.*')" ] || fail "part of a file is left"
