# SPDX-License-Identifier: BSD-2-Clause
#
# The programs that ask the kernel's types, configuration, symbols and functions load, run, and see the truth.

. "$LIB"

# counts OBJECT COUNTER: runs it until the counter has moved; what it dumped is in $TMP/out.
counts() {
	start "$OBJ/$1.bpf.o" --dump .bss --interval 200ms
	/bin/true
	eventually sh -c "/bin/true; grep -qE '(^|[{,])runs ?= ?[1-9]' '$TMP/out'" || fail "$1: nothing counted"
	stop
}

for object in core_fields core_guard core_widths core_bits core_arrays core_types core_enums core_matches \
	extern_kconfig extern_ksym extern_kfunc; do
	counts "$object"
	case $object in
	core_fields) out_matches '^last_pid_namespace = [1-9]' ;;
	core_guard) out_matches '^nonsense = 0$' ;;
	core_types) out_matches 'task_exists=1,task_size=[0-9]{4}.*other_exists=0,other_size=0,other_id_in_kernel=0' ;;
	core_enums) out_matches '^helper_number = 208$' ;;
	extern_kfunc) out_matches '^has_none = 0$' ;;
	extern_ksym) out_matches '^nothing = 0$' ;;
	esac
done
