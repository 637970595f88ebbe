# SPDX-License-Identifier: BSD-2-Clause
#
# kernel BTF -> C -> clang -> BTF -> diff: the types come back as they were, bit-fields and all. What may differ is said below.

. "$LIB"

compiler=clang
for name in clang-14 clang-19; do
	command -v "$name" >"$TMP/which" && compiler=$name
done
"$BPFLOAD" btf dump --no-kfuncs >"$TMP/vmlinux.h"
{
	echo '#define BPF_NO_PRESERVE_ACCESS_INDEX'
	echo '#include "vmlinux.h"'
	# A pointer to each, or the compiler would leave out what is not used.
	sed -n 's/^\(\(struct\|union\|enum\) [A-Za-z0-9_]*\) {$/\1/p' "$TMP/vmlinux.h" | awk '{ print $0 " *v" NR ";" }'
	sed -n 's/^\(typedef .*[ *]\|} \|} __attribute__((.*)) \)\([A-Za-z0-9_]*\);$/\2/p' "$TMP/vmlinux.h" | awk '{ print $0 " *t" NR ";" }'
} >"$TMP/all.c"
"$compiler" -target bpf -g -O2 -I"$TMP" -c "$TMP/all.c" -o "$TMP/all.o" || fail "$compiler"
code=0
"$BPFLOAD" btf diff /sys/kernel/btf/vmlinux "$TMP/all.o" >"$TMP/diff" || code=$?
[ "$code" -eq 1 ] || fail "btf diff: exit code $code"
grep -v '^[-+] \(func\|var\) ' "$TMP/diff" >"$TMP/types" || true
[ "$(grep -c '__pad_' "$TMP/types")" -gt 10 ] || fail "nothing was compared"

# Padding is new. Types and enumerators with "___2" behind their names are new, and so gone by their old names; all else is an error.
grep -E '^  [-+~] ' "$TMP/types" | grep -vE '^  \+ [A-Za-z0-9_.]*__pad_[0-9]+ at ' >"$TMP/items" || true
grep -vE '^  ~ .*[a-z0-9] type .*___[0-9]|^  [-+] [A-Za-z0-9_]+ = ' "$TMP/items" >"$TMP/out" || true
[ ! -s "$TMP/out" ] || fail "members differ"
grep -E '^  ~ .*(, | at | size )' "$TMP/items" | grep -vE '^  ~ [^ ]+ type ' >"$TMP/out" || true
[ ! -s "$TMP/out" ] || fail "places differ"
grep -E '^~ (struct|union|enum|typedef) [^ ]+ (size|kind) ' "$TMP/types" >"$TMP/out" || true
[ ! -s "$TMP/out" ] || fail "sizes differ"
renamed=$(grep -cE '^(struct|union|enum) [A-Za-z0-9_]*___[0-9]+ \{' "$TMP/vmlinux.h" || true)
grep -E '^- (struct|union|enum) ' "$TMP/types" >"$TMP/out" || true
[ "$(wc -l <"$TMP/out")" -le "$renamed" ] || fail "more types are gone than have another name ($renamed)"
