# SPDX-License-Identifier: BSD-2-Clause
#
# check and image against kernels that are not running here: Debian's 6.1 and 6.12 for amd64, 6.12 for arm64 and for s390x, which is
# big-endian. Their BTF comes out of Debian's packages, once (scripts/kernel-btf).

. "$LIB"

build=$(dirname "$OBJ")
kernels=$build/kernels
carved=$build/carved
sh scripts/kernel-btf "$kernels" >"$TMP/log" 2>&1 || fail "no kernels: $(cat "$TMP/log")"
[ -s "$carved/MANIFEST" ] || sh scripts/carve-objects "$carved" >/dev/null || fail "no objects out of packages"

k61=$kernels/6.1-amd64.btf k612=$kernels/6.12-amd64.btf karm=$kernels/6.12-arm64.btf ks390=$kernels/6.12-s390x.btf

# A second run downloads nothing and changes nothing.
before=$(ls -l --time-style=full-iso "$kernels"/*.btf)
mkdir "$TMP/bin"
printf '#!/bin/sh\nexit 1\n' >"$TMP/bin/apt-get"
chmod +x "$TMP/bin/apt-get"
PATH=$TMP/bin:$PATH sh scripts/kernel-btf "$kernels" >"$TMP/log" 2>&1 || fail "kernel-btf needs the network although all is there"
[ "$before" = "$(ls -l --time-style=full-iso "$kernels"/*.btf)" ] || fail "kernel-btf made its files again"

# verdict KERNEL OBJECT: one word
verdict() {
	"$BPFLOAD" check "$2" --btf "$1" --json 2>"$TMP/err" | jq -r .verdict
}

# expect KERNEL OBJECT VERDICT
expect() {
	got=$(verdict "$1" "$2")
	[ "$got" = "$3" ] || fail "$(basename "$2") on $(basename "$1"): $got, not $3"
}

# ---- real differences between real kernels ----

# kernel functions for RCU came with 6.2
expect "$k61" "$OBJ/extern_kfunc.bpf.o" lacks
expect "$k612" "$OBJ/extern_kfunc.bpf.o" fits
# struct inet_sock lost its bit-field freebind in 6.6; struct pt_regs has other registers on other machines
expect "$k61" "$carved/libbpf-tools-bindsnoop.bpf.o" fits
expect "$k612" "$carved/libbpf-tools-bindsnoop.bpf.o" lacks
expect "$k612" "$carved/libbpf-tools-filelife.bpf.o" fits
expect "$karm" "$carved/libbpf-tools-filelife.bpf.o" lacks
expect "$ks390" "$carved/libbpf-tools-filelife.bpf.o" lacks
# program types of 6.4 and later
expect "$k61" "$OBJ/types_recent.bpf.o" lacks
# plain programs fit everywhere
for kernel in "$k61" "$k612" "$karm" "$ks390"; do
	expect "$kernel" "$OBJ/core_fields.bpf.o" fits
	expect "$kernel" "$OBJ/hello.bpf.o" fits
	expect "$kernel" "$OBJ/core_guard.bpf.o" fits
done

# the table, and what is missing, with its place in the source
run 1 check "$OBJ/core_fields.bpf.o" "$carved/libbpf-tools-bindsnoop.bpf.o" --btf "$k61" --btf "$k612"
out_matches '^object +since +capabilities +6.1-amd64 +6.12-amd64'
out_matches '^core_fields.bpf.o +5.5 .* fits +fits *$'
out_matches '^libbpf-tools-bindsnoop.bpf.o .* fits +lacks 2 *$'
out_matches "missing +relocation +program 'ipv4_bind_exit', .*struct inet_sock has no field 'freebind' \(.*bindsnoop.bpf.c:88\)"
# every kernel fits: success
run 0 check "$OBJ/core_fields.bpf.o" --btf "$k61" --btf "$karm"

# ---- every kind of change occurs ----

for kernel in "$k61" "$k612" "$karm" "$ks390"; do
	"$BPFLOAD" check "$OBJ"/core_*.bpf.o "$carved"/*.bpf.o --btf "$kernel" --json >"$TMP/json" 2>"$TMP/err" || true
	jq -s -e '[.[].relocations] | [map(.ok), map(.moved), map(.resized), map(.missing), map(.guarded)] | map(add) | all(. > 0)' \
		"$TMP/json" >/dev/null || fail "$(basename "$kernel"): not all of ok, moved, resized, missing, guarded occur"
	# a relocation names both places, and a missing one a reason
	jq -s -e '[.[].items[] | select(.kind == "relocation")] | all(.local != "" and .text != "") and
		(map(select(.status == "moved" or .status == "resized")) | all(.kernel != null and .source != ""))' \
		"$TMP/json" >/dev/null || fail "$(basename "$kernel"): a relocation without its places"
done

# ---- the numbers are those of the kernel's types, in either byte order ----

for kernel in "$k61" "$k612" "$karm" "$ks390"; do
	offset=$("$BPFLOAD" btf find task_struct "$kernel" | sed -n 's|.*[^a-z_]pid;.*/\* *\([0-9]*\):.*|\1|p' | head -n 1)
	[ "$offset" -gt 100 ] || fail "$(basename "$kernel"): no place of task_struct.pid"
	run 0 image "$OBJ/core_fields.bpf.o" --btf "$kernel"
	out_has "struct task_struct.pid (0:1): byte 8 -> $offset"
	grep -E "struct task_struct.pid" "$TMP/out" >"$TMP/offset.$(basename "$kernel")"
done
cmp -s "$TMP/offset.6.1-amd64.btf" "$TMP/offset.6.12-s390x.btf" && fail "two kernels with one layout: a test that cannot fail"

# A big-endian object on the big-endian kernel: bit-fields are cut out from the other end.
"${CLANG:-clang}" -g -O2 -target bpfeb -D__TARGET_ARCH_s390 -I include -isystem "/usr/include/$(uname -m)-linux-gnu" \
	-c bpf/core_bits.bpf.c -o "$TMP/core_bits-be.bpf.o" || fail "clang"
run 0 check "$TMP/core_bits-be.bpf.o" --btf "$ks390" -v
out_matches '^core_bits-be.bpf.o .* fits *$'
out_matches 'moved +relocation .*left shift'
run 0 image "$TMP/core_bits-be.bpf.o" --btf "$ks390"

# ---- a configuration makes more known ----

run 0 check "$OBJ/extern_kconfig.bpf.o" --btf "$k61" --kconfig "$kernels/6.1-amd64.config" -v
out_matches 'present +kconfig +LINUX_KERNEL_VERSION = 39[0-9]+'
run 0 check "$OBJ/extern_kconfig.bpf.o" --btf "$k61"
out_matches ' unsure [0-9]+ *$'
out_matches 'unknown +kconfig +CONFIG_HZ: the described kernel comes without a configuration'
run 1 check "$OBJ/extern_kconfig.bpf.o" --btf "$k61" --strict
run 2 check "$OBJ/hello.bpf.o" --btf "$k61" --kconfig a --kconfig b
err_has "2 configurations for 1 kernels"

# Whether system calls have wrappers shows in the names of functions.
run 0 check "$OBJ/ksyscall.bpf.o" --btf "$k61" -v
out_matches 'present +kconfig +LINUX_HAS_SYSCALL_WRAPPER = 1'

# ---- what cannot be checked ----

run 3 check "$OBJ/refused_section.bpf.o" "$OBJ/hello.bpf.o" --btf "$k61"
err_has "does not say what type of program it is"
out_matches '^refused_section.bpf.o .* error *$'
out_matches '^hello.bpf.o .* fits *$'
run 2 check
run 2 check --bft x
err_has "did you mean '--btf'"
run 1 check "$OBJ/core_fields.bpf.o" --btf /nonexistent
err_has "/nonexistent"
run 3 check "$OBJ/core_fields.bpf.o" --btf "$OBJ/../../Makefile"
