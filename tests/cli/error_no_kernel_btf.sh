# SPDX-License-Identifier: BSD-2-Clause
#
# E7: without the kernel's BTF, an object that needs it is refused with the files that were tried; hello does not care.

. "$LIB"

mount -t tmpfs none /sys/kernel/btf
run 6 "$OBJ/tp_btf.bpf.o" --attach none --duration 200ms
error_complete
err_has "[E7]"
err_has "/sys/kernel/btf/vmlinux"
err_has "--btf"
run 0 "$OBJ/hello.bpf.o" --duration 200ms
