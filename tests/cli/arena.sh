# SPDX-License-Identifier: BSD-2-Clause
#
# Variables in an arena: set before loading, shown while the program runs. An object of a compiler that knows no address spaces (before clang 19)
# has an arena without variables, which is said.

. "$LIB"

object=$OBJ/arena.bpf.o
if command -v clang-19 >/dev/null; then
	object=$TMP/arena.bpf.o
	clang-19 -g -O2 -target bpf -Wall -Werror -Iinclude -isystem "/usr/include/$(cc -print-multiarch)" -c bpf/arena.bpf.c -o "$object"
fi
run 0 "$object" --dump arena
out_has "grow returned 0"
if ! "$BPFLOAD" spec "$object" | grep -q 'runs  *arena'; then
	out_has "memory without elements"
	exit 0
fi
out_has "runs = 1001"
out_has "sum = 1001"
run 0 "$object" --set runs=4 --interval 100ms --count 3 --dump arena
out_has "runs = 7"
out_has "sum = 18"
run 0 "$object" --map arena.map_extra=0x100000000000 --dump arena
out_has "first = 0x1000000"
run 2 "$object" --map arena.max_entries=0
err_has "--map arena.max_entries=N"
