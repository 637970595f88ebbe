# SPDX-License-Identifier: BSD-2-Clause
#
# scripts/vm-run: what a command prints and how it ends comes out; what happens to the machine has exit statuses of its own.

. "$LIB"

for tool in qemu-system-x86_64 cpio depmod; do
	command -v "$tool" >/dev/null || {
		echo "skip: vm_run: no $tool here (scripts/setup kernels installs it)"
		exit 0
	}
done
sh scripts/fetch-kernel amd64/6.1 >"$TMP/log" 2>&1 && sh scripts/fetch-kernel -l amd64 >>"$TMP/log" 2>&1 || {
	echo "skip: vm_run: the kernel amd64/6.1 cannot be downloaded: $(tail -n 1 "$TMP/log")"
	exit 0
}

# vm STATUS ARGS...: $TMP/out, $TMP/err
vm() {
	wanted=$1 code=0
	shift
	sh scripts/vm-run "$@" >"$TMP/out" 2>"$TMP/err" || code=$?
	[ "$code" -eq "$wanted" ] || fail "vm-run $*: status $code, not $wanted"
}

# The command's own words, all of them and nothing else; a file of ours; its status.
mkdir "$TMP/guest"
echo 'hello from the host' >"$TMP/guest/file"
vm 7 -d "$TMP/guest" 6.1 -- sh -c 'cat file; echo "it'\''s $BPFLOAD_VM"; echo "BUG: not the kernel'\''s" >&2; exit 7'
sed '/^$/d' "$TMP/out" >"$TMP/words"
printf '%s\n' 'hello from the host' "it's amd64/6.1" "BUG: not the kernel's" | cmp -s - "$TMP/words" || fail "the command's output: $(cat "$TMP/out")"
[ ! -s "$TMP/err" ] || fail "vm-run complains: $(cat "$TMP/err")"

# 121: no machine to begin with
vm 121 9.9 -- true
err_has "no kernel amd64/9.9 in scripts/kernels.txt"
vm 121 -a vax 6.1 -- true
err_has "no machine 'vax'"
# 122: the command ended well, the kernel did not
vm 122 6.1 -- sh -c 'echo "BUG: sleeping function called from a test" >/dev/kmsg; echo done'
out_matches '^done$'
err_has "amd64/6.1: the kernel complained:"
err_has "BUG: sleeping function called from a test"
# 123: a panic. What was printed before is there.
vm 123 6.1 -- sh -c 'echo before; echo c >/proc/sysrq-trigger; sleep 100; echo after'
out_matches '^before$'
! grep -q '^after$' "$TMP/out" || fail "the machine went on after a panic"
err_has "the machine stopped before the command ended"
err_has "Kernel panic - not syncing: sysrq triggered crash"
# 124: too long
vm 124 -t 8 6.1 -- sh -c 'echo before; sleep 100'
err_has "stopped after 8 seconds"
