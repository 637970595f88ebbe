# SPDX-License-Identifier: BSD-2-Clause
#
# make install puts everything in place, and a program can be built with pkg-config, in C and in C++.

. "$LIB"

make -s install DESTDIR="$TMP/root" PREFIX=/usr >"$TMP/out" 2>"$TMP/err" || fail "make install"
made=$(make -s BUILD="$TMP/build" "$TMP/build/loader/base/hash.o")
[ -z "$made" ] || fail "make -s says $made"
for file in bin/bpfload lib/libbpfload.a lib/libbpfload.so include/bpfload.h share/man/man8/bpfload.8 include/bpfload/bpf/bpf_helpers.h; do
	[ -e "$TMP/root/usr/$file" ] || fail "usr/$file is missing"
done
cat >"$TMP/use.c" <<'SOURCE'
#include <bpfload.h>
#include <stdio.h>
int main(int argc, char **argv)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_spec *spec;

	if (argc < 2 || bpfl_spec_read(argv[1], NULL, &spec, &err) < 0) {
		printf("%s\n", err.message);
		return 1;
	}
	printf("%d programs\n", (int)bpfl_spec_nr_progs(spec));
	bpfl_spec_destroy(spec);
	return 0;
}
SOURCE
inc="-I$TMP/root/usr/include"
cc $inc -o "$TMP/use-shared" "$TMP/use.c" -L"$TMP/root/usr/lib" -lbpfload
LD_LIBRARY_PATH="$TMP/root/usr/lib" "$TMP/use-shared" "$OBJ/hello.bpf.o" | grep -qx '1 programs' || fail "shared"
cc $inc -o "$TMP/use-static" "$TMP/use.c" "$TMP/root/usr/lib/libbpfload.a" -lelf -lz
"$TMP/use-static" "$OBJ/hello.bpf.o" | grep -qx '1 programs' || fail "static"
c++ -x c++ -std=c++11 -Wall -Wextra -Werror $inc -o "$TMP/use-cxx" "$TMP/use.c" -L"$TMP/root/usr/lib" -lbpfload
LD_LIBRARY_PATH="$TMP/root/usr/lib" "$TMP/use-cxx" "$OBJ/hello.bpf.o" | grep -qx '1 programs' || fail "C++"
sed -n 's/^Version: //p' "$TMP/root/usr/lib/pkgconfig/libbpfload.pc" | grep -qx '[0-9.]*' || fail "pkg-config version"
# What libelf itself needs for a static link differs between systems, and only its own .pc file knows.
mkdir "$TMP/bin"
printf '#!/bin/sh\necho "-lelf -lz -lzstd "\n' >"$TMP/bin/pkg-config"
chmod +x "$TMP/bin/pkg-config"
PATH="$TMP/bin:$PATH" make -s install DESTDIR="$TMP/root" PREFIX=/usr
grep -q '^Libs.private: -lelf -lz -lzstd' "$TMP/root/usr/lib/pkgconfig/libbpfload.pc" || fail "zstd is lost"
printf '#!/bin/sh\nexit 1\n' >"$TMP/bin/pkg-config"
PATH="$TMP/bin:$PATH" make -s install DESTDIR="$TMP/root" PREFIX=/usr
grep -q '^Libs.private: -lelf -lz$' "$TMP/root/usr/lib/pkgconfig/libbpfload.pc" || fail "without pkg-config"
make -s uninstall DESTDIR="$TMP/root" PREFIX=/usr
[ -z "$(find "$TMP/root" -type f)" ] || fail "uninstall leaves $(find "$TMP/root" -type f)"
