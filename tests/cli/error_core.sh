# SPDX-License-Identifier: BSD-2-Clause
#
# E17, E18: what no kernel has, used without asking. The verifier complains about an instruction that cannot be; the error says what was meant, in
# which line, and in whose types, whatever log was asked for and however this kernel words it.

. "$LIB"

kernel=$(uname -r | cut -d. -f1,2 | sed 's/[^0-9.].*//')
line="\\(([^ ]*/)?refused_core\\.bpf\\.c:[1-9][0-9]*\\)"
for level in 0 1 2 4; do
	refused() { # PROGRAM WHAT
		run 6 "$OBJ/refused_core.bpf.o" --only "$1" --log-level "$level" --verifier-log "$TMP/log" --duration 10ms
		error_complete
		err_matches "program '$1': this kernel's $2 $line \\[E17\\]"
	}
	for prog in by_offset by_load; do
		refused $prog "struct task_struct has no field no_kernel_has_this"
		err_matches "struct task_struct has no field 'no_kernel_has_this' $line in the BTF of kernel $kernel"
	done
	refused by_enum "enum bpf_func_id has no value BPF_FUNC_no_kernel_has_this"
	run 6 "$OBJ/refused_core.bpf.o" --only by_call --log-level "$level" --duration 10ms
	err_matches "this kernel has no function 'bpf_no_kernel_has_this' for BPF programs $line \\[E18\\]"
done

# Known beforehand.
run 1 check "$OBJ/refused_core.bpf.o"
out_matches '^refused_core.bpf.o .* lacks 4 *$'
out_matches "absent +kfunc +program 'by_call': bpf_no_kernel_has_this: .*a path leads to a call of it"
out_matches "missing +relocation .*struct task_struct has no field 'no_kernel_has_this'"
