# SPDX-License-Identifier: BSD-2-Clause
#
# check against a kernel with modules that is not running here: Debian's 6.1, in which connection tracking is a module, with the types of
# vmlinux alone, with the file of the module, and with a directory of both.

. "$LIB"

kernel=$(sh scripts/fetch-kernel amd64/6.1 2>"$TMP/log") || fail "no kernel: $(cat "$TMP/log")"
module=$(find "$kernel/modules" -name 'nf_conntrack.ko*' | head -n 1)
case $module in
*.xz) xz -dc "$module" >"$TMP/nf_conntrack.ko" ;;
*.ko) cp "$module" "$TMP/nf_conntrack.ko" ;;
*) fail "no nf_conntrack.ko in $kernel" ;;
esac
sh scripts/kernel-btf -x "$kernel/vmlinuz" "$TMP/vmlinux" || fail "no BTF in $kernel/vmlinuz"
object=$OBJ/module_ct.bpf.o

# Not known, and said where it may be.
run 1 check "$object" --btf "$TMP/vmlinux"
out_matches '^module_ct.bpf.o .* lacks 1 *$'
out_matches "missing +relocation .*nf_conntrack_net"
out_matches "unknown +kfunc +bpf_ct_release: .*module 'nf_conntrack' may have it"

# The module's file, as the package has it.
run 0 check "$object" --btf "$TMP/vmlinux" --module "$TMP/nf_conntrack.ko" -v
out_matches '^module_ct.bpf.o .* fits *$'
out_matches "present +kfunc +bpf_ct_release: BTF id [0-9]+ of module 'nf_conntrack'"
grep -E 'nf_conntrack_net\.users6 .*byte 0 -> [1-9]' "$TMP/out" | head -n 1 >"$TMP/place"
[ -s "$TMP/place" ] || fail "no place of nf_conntrack_net.users6"
"$BPFLOAD" btf find nf_conntrack_net "$TMP/nf_conntrack.ko" --base "$TMP/vmlinux" >"$TMP/find" || fail "btf find"
place=$(sed 's/.*-> //' "$TMP/place")
grep -qE "[^_a-z]users6;.*/\\* *$place:" "$TMP/find" || fail "nf_conntrack_net.users6 is not at $place: $(grep users6 "$TMP/find")"

# A directory like /sys/kernel/btf: raw files, one for each module.
mkdir "$TMP/btf"
cp "$TMP/vmlinux" "$TMP/btf/vmlinux"
objcopy -O binary --only-section=.BTF --set-section-flags .BTF=alloc "$TMP/nf_conntrack.ko" "$TMP/btf/nf_conntrack"
run 0 check "$object" --btf "$TMP/btf" -v
out_matches '^module_ct.bpf.o .* fits *$'
out_matches "BTF id [0-9]+ of module 'nf_conntrack'"
run 0 image "$object" --btf "$TMP/btf"
out_matches "bpf_ct_release: BTF id [0-9]+ of module 'nf_conntrack'"
out_has "$(sed 's/.*: struct/struct/' "$TMP/place")"
# With all modules at hand what is in none of them is not there.
run 1 check "$OBJ/extern_kfunc.bpf.o" --btf "$TMP/btf"
out_matches '^extern_kfunc.bpf.o .* lacks 2 *$'

# A small BTF holds the types of modules as if they were the kernel's: the same offsets. Functions of modules it cannot name.
for modules in "--btf $TMP/btf" "--btf $TMP/vmlinux --module $TMP/nf_conntrack.ko"; do
	# shellcheck disable=SC2086
	run 0 btf min "$object" $modules -o "$TMP/min.btf"
	run 1 check "$object" --btf "$TMP/min.btf" -v
	out_has "$(sed 's/.*: struct/struct/' "$TMP/place")"
	out_matches " 0 missing "
	out_matches "absent +kfunc .*bpf_ct_release"
done

# Loading takes numbers from the kernel, not out of files.
run 2 "$object" --btf "$TMP/btf" --attach none --duration 10ms
err_has "types of a kernel module"

# The module of another kernel does not continue this one's types.
run 3 check "$object" --btf "$OBJ/../kernels/6.12-amd64.btf" --module "$TMP/nf_conntrack.ko"
run 2 check "$object" --module "$TMP/nf_conntrack.ko"
err_has "--module"
run 2 check "$object" --btf a --btf b --module "$TMP/nf_conntrack.ko"
