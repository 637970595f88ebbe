# SPDX-License-Identifier: BSD-2-Clause
#
# scripts/kernel-btf finds the BTF of a kernel image in every form of compression that kernels use, between other bytes, and of either
# byte order; and says so when there is none.

. "$LIB"

btf=/sys/kernel/btf/vmlinux
cat "$btf" >"$TMP/whole"
{
	head -c 4321 /dev/urandom
	cat "$btf"
	head -c 999 /dev/urandom
} >"$TMP/kernel"

# image PACKER...: what a boot loader gets
image() {
	head -c 12345 /bin/sh
	"$@" <"$TMP/kernel"
	printf '\037\213\010 not really gzip'
	head -c 777 /bin/sh
}

for packer in "xz -c --check=crc32" "gzip -c -1" "zstd -c -1" "lz4 -c -1" "lz4 -c -l" cat; do
	# the packer is a command with its options
	# shellcheck disable=SC2086
	image $packer >"$TMP/image"
	rm -f "$TMP/out.btf"
	sh scripts/kernel-btf -x "$TMP/image" "$TMP/out.btf" >"$TMP/log" 2>&1 || fail "$packer: $(cat "$TMP/log")"
	cmp "$TMP/whole" "$TMP/out.btf" || fail "$packer: not the BTF that went in"
done

head -c 100000 /bin/sh >"$TMP/image"
rm -f "$TMP/out.btf"
! sh scripts/kernel-btf -x "$TMP/image" "$TMP/out.btf" >"$TMP/log" 2>&1 || fail "BTF in /bin/sh"
grep -q 'no BTF in' "$TMP/log" || fail "no reason: $(cat "$TMP/log")"
[ ! -e "$TMP/out.btf" ] || fail "a file without BTF"
! sh scripts/kernel-btf "$TMP/dir" amd64 >"$TMP/log" 2>&1 || fail "amd64 is no kernel"
grep -q 'is not ARCH/VERSION' "$TMP/log" || fail "no reason: $(cat "$TMP/log")"
