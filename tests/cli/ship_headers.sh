# SPDX-License-Identifier: BSD-2-Clause
# The headers in include/bpf compile for every machine that they know, with every clang here, and say
# what is wrong where they cannot.
. "$LIB"

sh scripts/gen-helper-defs --check include/bpf/bpf_helper_defs.h
sed 's/^BPF_HELPER(12, /BPF_HELPER(13, /' include/bpf/bpf_helper_defs.h >"$TMP/wrong.h"
if sh scripts/gen-helper-defs --check "$TMP/wrong.h" >"$TMP/out" 2>"$TMP/err"; then
	fail "a wrong helper number was not noticed"
fi

cat >"$TMP/all.bpf.c" <<'PROGRAM'
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>

struct cred { const int uid; } __attribute__((preserve_access_index));
struct task_struct {
	int pid;
	struct task_struct *real_parent;
	const struct cred *const cred;
	char comm[16];
	unsigned flag : 1;
	int signed_bits : 5;
} __attribute__((preserve_access_index));
enum number { ONE = 1, BIG = 0x7fffffff };
extern void kernel_function(void) __weak __ksym;

long out;

SEC("kprobe/f") int BPF_KPROBE(entry, struct task_struct *t, int number, char *text)
{
	char name[16], line[32];
	unsigned long address;

	if (t == NULL)
		return 0;
	out += BPF_CORE_READ(t, pid) + BPF_CORE_READ(t, real_parent, cred, uid) + BPF_CORE_READ(t, comm[2]);
	out += BPF_CORE_READ(t, real_parent, real_parent, real_parent, real_parent, real_parent,
			     real_parent, real_parent, real_parent, pid);
	BPF_CORE_READ_INTO(&number, t, pid);
	BPF_CORE_READ_STR_INTO(&name, t, real_parent, comm);
	BPF_PROBE_READ_USER_STR_INTO(&name, t, comm);
	out += BPF_CORE_READ_BITFIELD_PROBED(t, flag) + BPF_CORE_READ_BITFIELD(t, signed_bits);
	BPF_CORE_WRITE_BITFIELD(t, signed_bits, -3);
	out += bpf_core_field_exists(t->pid) + bpf_core_field_size(struct task_struct, comm);
	out += bpf_core_type_exists(struct cred) + bpf_core_type_size(struct cred) + bpf_core_type_id_kernel(struct cred);
	out += bpf_core_enum_value(enum number, BIG) + bpf_core_enum_value_exists(enum number, ONE);
	out += bpf_core_cast(t, struct task_struct)->pid + (bpf_ksym_exists(kernel_function) ? 1 : 0);
	BPF_KPROBE_READ_RET_IP(address, ctx);
	out += address + PT_REGS_PARM4(ctx) + PT_REGS_PARM4_SYSCALL(ctx) + PT_REGS_SP_CORE(ctx) + PT_REGS_IP(ctx);
	bpf_printk("none");
	bpf_printk("%d %s %p %d", number, text, t, (short)-1);
	BPF_SNPRINTF(line, sizeof(line), "%d %s", number, "text");
	switch (number) {
	case bpf_htons(22): out += bpf_ntohl((__u32)out);
	}
	return 0;
}
SEC("kretprobe/f") int BPF_KRETPROBE(leave, long result) { out += result; return 0; }
SEC("kretprobe/f") int BPF_KRETPROBE(leave_blind) { return 0; }
SEC("uprobe") int BPF_UPROBE(user, int a) { out += a; return 0; }
SEC("ksyscall/write") int BPF_KSYSCALL(write, int fd, const void *from, __u64 n, int x) { out += n + fd + x; return 0; }
SEC("tp_btf/x") int BPF_PROG(typed, struct task_struct *t, int i, _Bool b) { out += i + b; return 0; }
SEC("raw_tp/x") int loops(void *ctx)
{
	int i, j, *p;

	bpf_for(i, 0, 3) bpf_for(j, 0, 4) out += j;
	bpf_for_each(num, p, 0, 4) out += *p;
	bpf_repeat(4) out++;
	return 0;
}
PROGRAM

multiarch=/usr/include/$(uname -m)-linux-gnu
compile() {	# CLANG TARGET SOURCE FLAGS...
	clang=$1 target=$2 source=$3
	shift 3
	"$clang" -g -O2 -Wall -Wextra -Wshadow -Wno-unused-parameter -Werror -target "$target" "$@" \
		-Iinclude -isystem "$multiarch" -c "$source" -o "$TMP/all.o" 2>"$TMP/err"
}

for clang in clang clang-19; do
	command -v "$clang" >/dev/null || fail "no $clang (scripts/setup test installs it)"
	for arch in x86 arm64 arm riscv s390 powerpc loongarch mips sparc; do
		for target in bpfel bpfeb; do
			compile "$clang" $target "$TMP/all.bpf.c" -D__TARGET_ARCH_$arch || fail "$clang $target $arch"
		done
	done
	# a register that the machine has not; no machine at all
	echo '#include <linux/bpf.h>
	#include <bpf/bpf_tracing.h>
	long f(void *ctx) { return PT_REGS_PARM7(ctx); }' >"$TMP/seven.bpf.c"
	! compile "$clang" bpf "$TMP/seven.bpf.c" -D__TARGET_ARCH_x86 || fail "x86 has no seventh argument"
	err_has x86_passes_only_six_arguments_in_registers
	! compile "$clang" bpf "$TMP/seven.bpf.c" || fail "compiled for no machine"
	err_has compile_with_D__TARGET_ARCH
	sh scripts/build-bpf -c "$clang" "$TMP/objects" || fail "bpf/ does not compile with $clang"
done
