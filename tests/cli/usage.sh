# SPDX-License-Identifier: BSD-2-Clause
#
# Wrong words: exit code 2, what is wrong, and what was probably meant. Help and version go to stdout.

. "$LIB"

run 2
run 0 --help
out_has "--attach"
out_has "exit codes"
run 0 --version
out_matches '^bpfload [0-9]+\.[0-9]+\.[0-9]+$'
run 0 help
run 0 run --help
out_has "--ready-fd"
run 2 imgae
err_has "image"
run 2 "$OBJ/hello.bpf.o" --atach x
err_has "--attach"
run 2 "$OBJ/hello.bpf.o" --attach
run 2 "$OBJ/hello.bpf.o" -Z
run 2 "$OBJ/hello.bpf.o" "$OBJ/hello.bpf.o"
run 2 "$OBJ/hello.bpf.o" --duration 5x
run 2 "$OBJ/hello.bpf.o" --duration 0
run 2 "$OBJ/hello.bpf.o" --count none
run 2 "$OBJ/hello.bpf.o" --interval 1s
err_has "--dump"
run 2 "$OBJ/hello.bpf.o" --dump nosuch
run 2 "$OBJ/hello.bpf.o" --attach none --attach xdp:lo
run 2 "$OBJ/hello.bpf.o" --attach 'tracepoint/syscalls/../../x'
run 2 "$OBJ/hello.bpf.o" --attach 'xdp:lo:junk'

# What only run does is refused by name elsewhere, not ignored.
for option in "--interval 1s" "--ready-fd 2" "--duration 1s" "--dump x" "--count 1" --raw --no-printk --strict "--log-level 1"; do
	for command in elf spec image; do
		# shellcheck disable=SC2086
		run 2 $command "$OBJ/hello.bpf.o" $option
		err_has "bpfload $command has no option '${option%% *}'"
		err_has "bpfload run"
	done
done
run 2 elf "$OBJ/hello.bpf.o" --set a=1
err_has "has no option '--set'"
run 2 spec "$OBJ/hello.bpf.o" --btf /sys/kernel/btf/vmlinux
err_has "has no option '--btf'"
run 2 "$OBJ/hello.bpf.o" --pin /sys/fs/bpf/x
err_has "bpfload load"
run 0 elf --help
out_lacks "--interval"

# A named file has to be BTF, even for an object that does without.
run 3 image "$OBJ/hello.bpf.o" --btf /etc/passwd
err_has "/etc/passwd: BTF"
run 3 "$OBJ/hello.bpf.o" --btf /etc/passwd --attach none --duration 100ms
err_has "/etc/passwd: BTF"

# An address in initialised data is said once.
run 3 "$OBJ/data_pointer.bpf.o"
[ "$(grep -c "holds the address of 'target'" "$TMP/err")" -eq 1 ] || fail "not once"
