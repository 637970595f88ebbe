# SPDX-License-Identifier: BSD-2-Clause
#
# What CO-RE and externs become, in the words of `image`; the same for a kernel given by its BTF.

. "$LIB"

image() {
	run 0 image "$OBJ/$1.bpf.o"
}

image core_fields
out_matches 'CO-RE: struct task_struct\.pid \(0:1\): byte 8 -> [0-9]+$'
out_matches 'CO-RE: struct pid_namespace\.ns\.inum \(0:0:0\): byte 0 -> [0-9]+$'
cp "$TMP/out" "$TMP/running"
run 0 image --btf /sys/kernel/btf/vmlinux "$OBJ/core_fields.bpf.o"
cmp "$TMP/running" "$TMP/out" || fail "the running kernel's BTF given as a file changes the image"

image core_guard
out_matches "no_kernel_ever_had_this \(0:0\): exists 1 -> 0 \(struct task_struct has no field 'no_kernel_ever_had_this'\)"
out_matches "CO-RE \(poisoned\): struct task_struct has no field 'no_kernel_ever_had_this' \([^ ]*core_guard\.bpf\.c:[0-9]+\) in the BTF of kernel [0-9]"
out_has "call unknown#195896080"

image core_widths
out_matches 'start_time \(0:0\): byte 0 -> [0-9]+, 4 -> 8 bytes'
out_has "it has another size there"

image core_bits
out_matches 'in_execve \(0:0\): left shift 63 -> [0-9]+'
image core_arrays
out_has "comm is 'char[16]', which has no element 31"
image core_types
out_matches 'struct task_struct \(0\): size 4 -> [0-9]{4}'
out_has "struct no_kernel_has_this (0): kernel type id 6 -> 0 (there is no struct no_kernel_has_this)"
image core_enums
out_matches 'value 1 -> 208$'
out_has "enum bpf_func_id has no enumerator 'BPF_FUNC_no_such_helper'"

image extern_kconfig
out_matches 'CONFIG_HZ = [0-9]+ \('
image extern_kfunc
out_matches 'extern: bpf_rcu_read_lock: kernel BTF id [0-9]+'
out_matches 'call bpf_no_kernel_has_this#200200000[0-9]'
image extern_ksym
out_matches 'extern: _stext: address 0xf[0-9a-f]+'
run 0 image --only on_exec "$OBJ/extern_var.bpf.o"
out_matches 'extern: runqueues: kernel BTF id [0-9]+'
