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
