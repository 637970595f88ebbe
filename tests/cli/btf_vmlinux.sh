# SPDX-License-Identifier: BSD-2-Clause
#
# The header of the running kernel compiles for BPF with every clang here, and every type in it has the size, and every member the
# place, that the kernel's BTF says.

. "$LIB"

"$BPFLOAD" btf dump >"$TMP/vmlinux.h"
"$BPFLOAD" btf dump --format raw >"$TMP/raw"
"$BPFLOAD" btf dump /sys/kernel/btf/vmlinux | cmp - "$TMP/vmlinux.h" || fail "the running kernel's BTF by its path is another"
cp /sys/kernel/btf/vmlinux "$TMP/copy"
"$BPFLOAD" btf dump "$TMP/copy" | cmp - "$TMP/vmlinux.h" || fail "a copy, which is checked, gives another header"

awk -f tests/cli/btf_layout.awk "$TMP/raw" >"$TMP/layout.h"
[ "$(grep -c sizeof "$TMP/layout.h")" -gt 5000 ] || fail "fewer sizes than a kernel has"
[ "$(grep -c offsetof "$TMP/layout.h")" -gt 20000 ] || fail "fewer members than a kernel has"
echo '#include HEADER
#include "layout.h"' >"$TMP/layout.c"

# compile CLANG HEADER OPTIONS...
compile() {
	compiler=$1
	header=$2
	shift 2
	"$compiler" -target bpf -g -O2 -Wall -Werror -DHEADER="\"$header\"" -I"$TMP" "$@" -c "$TMP/layout.c" -o "$TMP/layout.o" >"$TMP/out" 2>&1
}

newest=
for compiler in clang-14 clang clang-19; do
	command -v "$compiler" >"$TMP/which" || continue
	newest=$compiler
	compile "$compiler" vmlinux.h || fail "$compiler"
	compile "$compiler" vmlinux.h -DBPF_NO_PRESERVE_ACCESS_INDEX -DBPF_NO_KFUNC_PROTOTYPES || fail "$compiler without attributes"
done
[ -n "$newest" ] || fail "no clang"

# bool, true and false are keywords of C23.
compile "$newest" vmlinux.h -std=gnu2x || fail "$newest -std=gnu2x"

# The assertions notice what they are for.
for what in '/ __attribute__((packed))/s/ __attribute__((packed))//' '/char __pad_/d' '/long long: 64;/d'; do
	sed "$what" "$TMP/vmlinux.h" >"$TMP/wrong.h"
	! cmp -s "$TMP/wrong.h" "$TMP/vmlinux.h" || fail "'$what' changes nothing"
	! compile "$newest" wrong.h || fail "'$what' was not noticed"
	grep -q 'static assertion failed\|static_assert failed' "$TMP/out" || fail "'$what': another error"
done
