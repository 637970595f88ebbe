# SPDX-License-Identifier: BSD-2-Clause
#
# A global function with the program's context for an argument, in two types of programs at once: kernels before 6.8 do not know its tag
# (5.10 refuses the program then).

. "$LIB"

run 0 "$OBJ/arg_ctx.bpf.o" --attach auto --attach on_packet=xdp:lo --dump .bss --no-events -- sh -c '/bin/true; exit 0'
value=$(sed -n 's/^sent = //p' "$TMP/out")
[ "${value:-0}" -ge 1 ] || fail "sent = $value"
err_lacks "function and line records"
