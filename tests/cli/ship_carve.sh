# SPDX-License-Identifier: BSD-2-Clause
# scripts/carve-objects finds objects inside other files, byte for byte, and nothing that only looks like one.
. "$LIB"

pack=$TMP/root/usr/bin
mkdir -p "$pack" "$TMP/root/DEBIAN" "$TMP/cache"
cat >"$TMP/root/DEBIAN/control" <<-'CONTROL'
	Package: carve-me
	Version: 1.2-3
	Architecture: all
	Maintainer: nobody <nobody@localhost>
	Description: a package for a test
CONTROL

hello=$OBJ/hello.bpf.o
count=$OBJ/xdp_count.bpf.o
size=$(wc -c <"$hello")
# two objects at odd places, the second of them twice
{ printf 'x%.0s' $(seq 77); cat "$hello"; printf 'some text'; cat "$count" "$count"; printf end; } >"$pack/tool"
cp "$hello" "$pack/single.o"			# the same bytes again, as a file of its own
head -c $((size - 1)) "$hello" >"$pack/cut-short"	# its section table is not all there
head -c 64 "$hello" >"$pack/header-only"
cp "$BPFLOAD" "$pack/native"			# an ELF file, but not of BPF
ln -s tool "$pack/second-name"
dpkg-deb -b "$TMP/root" "$TMP/cache/carve-me_1.2-3_all.deb" >/dev/null

sh scripts/carve-objects -c "$TMP/cache" "$TMP/got" carve-me >"$TMP/out" 2>"$TMP/err" || fail "carve-objects failed"
out_has '2 objects'
cmp "$TMP/got/carve-me-single.bpf.o" "$hello"
cmp "$TMP/got/carve-me-tool.bpf.o" "$count"
[ "$(find "$TMP/got" -name '*.bpf.o' | wc -l)" -eq 2 ] || fail "more objects than were packed"
[ "$(wc -l <"$TMP/got/MANIFEST")" -eq 4 ] || fail "the manifest should name four places"
grep -qxF "$(printf 'carve-me\t1.2-3\t/usr/bin/tool\t77\t%s\tcarve-me-single.bpf.o' "$size")" "$TMP/got/MANIFEST" ||
	fail "the manifest lacks the object at byte 77"

# Without network, without the package: says which package and where it looked. What was there before is not touched.
if unshare -n sh scripts/carve-objects -c "$TMP/nothing" "$TMP/got2" carve-me >"$TMP/out" 2>"$TMP/err"; then
	fail "carved a package that is nowhere"
fi
err_has 'package carve-me is not in'
err_has 'fix: put carve-me_*.deb into'
