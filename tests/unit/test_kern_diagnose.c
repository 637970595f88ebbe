/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/diagnose: facts -> cause. The facts are files of /proc and /sys that the fake system serves.
 *
 * And the sweep: every system call of a whole load fails once, with each of the errors that a kernel gives;
 * there must be words for it, and nothing may be left open.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "fake_sys.h"
#include "harness.h"
#include "kern/load.h"
#include "kerngen.h"

#define ALL_CAPS "000001ffffffffff"

static struct bpfl_target *target;
static struct bpfl_error err;

/* A system on which nothing forbids anything. */
static void system_make(const char *caps, int seccomp)
{
	static char status[128];

	snprintf(status, sizeof(status), "Name:\ttest\nCapEff:\t%s\nSeccomp:\t%d\n", caps, seccomp);
	fake_sys_file("/proc/self/status", status);
	fake_sys_file("/proc/self/uid_map", "         0          0 4294967295\n");
	fake_sys_file("/proc/self/limits",
		      "Limit                     Soft Limit           Hard Limit           Units     \n"
		      "Max locked memory         unlimited            unlimited            bytes     \n");
	fake_sys_file("/proc/sys/kernel/unprivileged_bpf_disabled", "2\n");
	fake_sys_file("/proc/sys/kernel/perf_event_paranoid", "2\n");
	fake_sys_file("/sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
}

static void diagnose(enum bpfl_wanted wanted, unsigned type, int errnum, uint32_t version)
{
	struct bpfl_target_opts opts = { .size = sizeof(opts), .kernel_version = version };

	CHECK_OK(bpfl_target_create(&opts, &target, &err), err);
	bpfl_error_set(&err, BPFL_ERR_SYSTEM, errnum, "it failed");
	bpfl_diagnose_refusal(&err, wanted, type, errnum, target);
	bpfl_target_destroy(target);
}

#define LINUX(major, minor) BPFL_KERNEL_VERSION(major, minor, 0)

START_TEST(e1_no_capability_at_all)
{
	system_make("0000000000000000", 0);
	diagnose(BPFL_WANTED_MAP, BPFL_MAP_TYPE_HASH, EPERM, LINUX(6, 1));
	ck_assert_int_eq(err.kind, BPFL_ERR_PERMISSION);
	ck_assert_int_eq(err.catalogue_id, 1);
	CHECK_HAS(err.why, "needs CAP_BPF (have: none)");
	CHECK_HAS(err.why, "kernel.unprivileged_bpf_disabled is 2");
	CHECK_HAS(err.fix, "sudo");
	CHECK_HAS(err.fix, "setcap cap_bpf+ep");
	CHECK_HAS_NOT(err.fix, "ulimit");
}
END_TEST

START_TEST(e1_before_cap_bpf_there_was_cap_sys_admin)
{
	system_make("0000000000000000", 0);
	diagnose(BPFL_WANTED_PROG, BPFL_PROG_KPROBE, EPERM, LINUX(5, 7));
	ck_assert_int_eq(err.catalogue_id, 1);
	CHECK_HAS(err.why, "needs CAP_SYS_ADMIN (have: none)");
}
END_TEST

START_TEST(e1_root_of_a_user_namespace)
{
	system_make(ALL_CAPS, 0);
	fake_sys_file("/proc/self/uid_map", "         0       1000          1\n");
	diagnose(BPFL_WANTED_MAP, BPFL_MAP_TYPE_HASH, EPERM, LINUX(6, 1));
	ck_assert_int_eq(err.catalogue_id, 1);
	CHECK_HAS(err.why, "only inside a user namespace");
}
END_TEST

START_TEST(e2_tracing_needs_cap_perfmon)
{
	system_make("0000008000000000", 0); /* CAP_BPF */
	diagnose(BPFL_WANTED_PROG, BPFL_PROG_TRACEPOINT, EPERM, LINUX(6, 1));
	ck_assert_int_eq(err.kind, BPFL_ERR_PERMISSION);
	ck_assert_int_eq(err.catalogue_id, 2);
	CHECK_HAS(err.why, "loading this program needs CAP_PERFMON (have: CAP_BPF)");
	CHECK_HAS(err.fix, "setcap cap_perfmon,cap_bpf+ep");
}
END_TEST

START_TEST(e2_networking_needs_cap_net_admin)
{
	system_make("0000008000000000", 0);
	diagnose(BPFL_WANTED_PROG, BPFL_PROG_XDP, EPERM, LINUX(6, 1));
	ck_assert_int_eq(err.catalogue_id, 2);
	CHECK_HAS(err.why, "needs CAP_NET_ADMIN (have: CAP_BPF)");
}
END_TEST

START_TEST(e3_memlock_only_on_kernels_that_charge_it)
{
	system_make(ALL_CAPS, 0);
	fake_sys_file("/proc/self/limits",
		      "Max locked memory         65536                65536                bytes     \n");
	diagnose(BPFL_WANTED_MAP, BPFL_MAP_TYPE_HASH, EPERM, LINUX(5, 10));
	ck_assert_int_eq(err.catalogue_id, 3);
	CHECK_HAS(err.why, "RLIMIT_MEMLOCK, which is 65536 bytes");
	CHECK_HAS(err.fix, "ulimit -l unlimited");

	diagnose(BPFL_WANTED_MAP, BPFL_MAP_TYPE_HASH, EPERM, LINUX(5, 11));
	CHECK_HAS_NOT(err.fix, "ulimit");
	CHECK_HAS_NOT(err.why, "MEMLOCK");
	ck_assert_int_ne(err.catalogue_id, 3);

	system_make(ALL_CAPS, 0); /* unlimited */
	diagnose(BPFL_WANTED_MAP, BPFL_MAP_TYPE_HASH, EPERM, LINUX(5, 10));
	CHECK_HAS_NOT(err.fix, "ulimit");
}
END_TEST

START_TEST(e4_perf_event_paranoid)
{
	system_make("0000008000000000", 0);
	fake_sys_file("/proc/sys/kernel/perf_event_paranoid", "3\n");
	diagnose(BPFL_WANTED_PERF_EVENT, 0, EACCES, LINUX(6, 1));
	ck_assert_int_eq(err.catalogue_id, 4);
	CHECK_HAS(err.why, "kernel.perf_event_paranoid is 3");
	CHECK_HAS(err.fix, "CAP_PERFMON");
}
END_TEST

/* CAP_BPF and CAP_PERFMON were enough from 5.8 on, until uprobes of perf became the administrator's again. */
START_TEST(a_uprobe_in_spite_of_perfmon)
{
	system_make("000000c000000000", 0);
	diagnose(BPFL_WANTED_UPROBE, 0, EACCES, LINUX(6, 18));
	ck_assert_int_eq(err.catalogue_id, 1);
	CHECK_HAS(err.why, "needs CAP_SYS_ADMIN");
	CHECK_HAS(err.fix, "cap_sys_admin+ep");
	CHECK_HAS(err.fix, "uprobe.multi");
	system_make("0000008000000000", 0);
	fake_sys_file("/proc/sys/kernel/perf_event_paranoid", "2\n");
	diagnose(BPFL_WANTED_UPROBE, 0, EACCES, LINUX(6, 1));
	ck_assert_int_eq(err.catalogue_id, 4);
}
END_TEST

START_TEST(e5_seccomp)
{
	system_make(ALL_CAPS, 2);
	diagnose(BPFL_WANTED_MAP, BPFL_MAP_TYPE_HASH, EPERM, LINUX(6, 1));
	ck_assert_int_eq(err.catalogue_id, 5);
	CHECK_HAS(err.why, "Seccomp: 2");
	CHECK_HAS(err.fix, "--cap-add BPF");
}
END_TEST

START_TEST(e6_lockdown)
{
	system_make(ALL_CAPS, 0);
	fake_sys_file("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
	diagnose(BPFL_WANTED_PROG, BPFL_PROG_TRACING, EPERM, LINUX(6, 1));
	ck_assert_int_eq(err.catalogue_id, 6);
	CHECK_HAS(err.why, "[integrity]");
}
END_TEST

START_TEST(without_a_cause_none_is_claimed)
{
	system_make(ALL_CAPS, 0);
	fake_sys_file_error("/sys/kernel/security/lockdown", ENOENT);
	diagnose(BPFL_WANTED_PROG, BPFL_PROG_LSM, EPERM, LINUX(6, 1));
	ck_assert_int_eq(err.kind, BPFL_ERR_PERMISSION);
	ck_assert_int_eq(err.catalogue_id, 0);
	CHECK_HAS(err.why, "capabilities are not the cause");
	CHECK_HAS(err.why, "lockdown could not be read");
	CHECK_HAS(err.why, "lsm programs");
	CHECK_HAS_NOT(err.fix, "ulimit");
	/* The same without an error to fill. */
	bpfl_diagnose_refusal(NULL, BPFL_WANTED_PROG, BPFL_PROG_LSM, EPERM, NULL);
}
END_TEST

START_TEST(unreadable_facts_are_no_facts)
{
	static const char *const files[] = { "/proc/self/status",
					     "/proc/self/uid_map",
					     "/proc/self/limits",
					     "/proc/self/cgroup",
					     "/proc/sys/kernel/unprivileged_bpf_disabled",
					     "/proc/sys/kernel/perf_event_paranoid",
					     "/sys/kernel/security/lockdown" };
	static const int errnums[] = { EPERM,  EACCES, ENOMEM,     E2BIG, EINVAL, EMFILE,
				       ENFILE, ENOSYS, EOPNOTSUPP, 524,   EIO };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		fake_sys_file_error(files[i], EACCES);
	for (size_t i = 0; i < sizeof(errnums) / sizeof(errnums[0]); i++) {
		for (int wanted = BPFL_WANTED_MAP; wanted <= BPFL_WANTED_TRACEFS; wanted++) {
			for (unsigned type = 0; type < 64; type++) {
				diagnose((enum bpfl_wanted)wanted, type, errnums[i], LINUX(5, 5));
				ck_assert_str_eq(err.message, "it failed");
				ck_assert_int_ne(err.catalogue_id, 1);
				ck_assert_int_ne(err.catalogue_id, 2);
				CHECK_HAS_NOT(err.fix, "ulimit -l");
			}
		}
	}
	bpfl_error_clear(&err);
}
END_TEST

/* ---- the sweep ---- */

/* An object with everything that loading knows: types, a constant, inner maps, a program array, metadata. */
static void object_make(struct kerngen *gen)
{
	struct bpfl_map_spec *map;
	uint32_t int_id, first;

	int_id = btfgen_int(&gen->btf, "int", 4, BPFL_INT_SIGNED);
	kerngen_btf(gen);
	map = specgen_map(gen->spec, ".rodata", BPFL_MAP_RODATA, BPFL_MAP_TYPE_ARRAY, 4, 4, 1);
	map->data[0] = 1;
	specgen_var(gen->spec, "bpf_metadata_x", 0, 0, 4, 0);
	map = specgen_map(gen->spec, "inner", BPFL_MAP_BTF, BPFL_MAP_TYPE_HASH, 4, 4, 2);
	map->key_type_id = map->value_type_id = int_id;
	map = specgen_map(gen->spec, "outer", BPFL_MAP_BTF, BPFL_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 1);
	map->inner = calloc(1, sizeof(*map->inner));
	*map->inner = (struct bpfl_map_spec){ .name = strdup("outer.inner"),
					      .type = BPFL_MAP_TYPE_HASH,
					      .key_size = 4,
					      .value_size = 4,
					      .max_entries = 2,
					      .has_max_entries = true };
	specgen_slot(gen->spec, 2, 0, false, 1);
	specgen_map(gen->spec, "jumps", BPFL_MAP_BTF, BPFL_MAP_TYPE_PROG_ARRAY, 4, 4, 1);
	first = kerngen_user(gen, "a", "kprobe/x", 0);
	kerngen_user(gen, "b", "kprobe/x", 2);
	kerngen_user(gen, "c", "kprobe/x", 3);
	specgen_slot(gen->spec, 3, 0, true, first);
}

static void sweep(int errnum, uint32_t version)
{
	struct kerngen gen;
	unsigned nth, nr_failed = 0;

	kerngen_init(&gen, version);
	object_make(&gen);
	for (nth = 1; nth < 200; nth++) {
		int ret;

		/* What a target learns from a made-up refusal must not help the next round. */
		memset(gen.target->features, 0, sizeof(gen.target->features));
		CHECK_OK(bpfl_image_build(gen.spec, gen.target, NULL, &gen.image, &gen.err), gen.err);
		fake_sys_fail_nth(nth, errnum);
		ret = bpfl_object_load(gen.image, gen.target, &gen.opts, &gen.object, &gen.err);
		if (!fake_sys_failed()) {
			CHECK_OK(ret, gen.err);
			break;
		}
		if (ret < 0) {
			nr_failed++;
			ck_assert_ptr_null(gen.object);
			ck_assert_int_ne(gen.err.kind, BPFL_ERR_NONE);
			ck_assert_int_eq(ret, -gen.err.errnum);
			CHECK_HAS(gen.err.message, "test.bpf.o: ");
			ck_assert_uint_gt(strlen(gen.err.message), 30);
		} else {
			bpfl_object_close(gen.object); /* a fallback helped */
			gen.object = NULL;
		}
		ck_assert_msg(fake_sys_nr_open_fds() == 0, "call %u failing with %d leaves %u descriptors", nth, errnum,
			      fake_sys_nr_open_fds());
		bpfl_image_destroy(gen.image);
		gen.image = NULL;
		fake_sys_reset(); /* its tables keep what was closed */
	}
	ck_assert_uint_lt(nth, 200);
	/* 1 BTF, 5 maps, 1 update, 1 freeze, 1 slot, 3 programs (2 bound), 1 slot. */
	ck_assert_uint_ge(nth, 15);
	if (errnum == EMFILE || errnum == ENOMEM)
		ck_assert_uint_ge(nr_failed, 11);
	kerngen_deinit(&gen);
}

static const int sweep_errnums[] = { EPERM, ENOMEM, EINVAL, EMFILE, E2BIG, EACCES, EAGAIN, EBUSY, ENOSPC, 524 };

START_TEST(any_call_may_fail)
{
	sweep(sweep_errnums[_i], LINUX(6, 12));
	fake_sys_reset();
	sweep(sweep_errnums[_i], LINUX(4, 14));
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		e1_no_capability_at_all,
		e1_before_cap_bpf_there_was_cap_sys_admin,
		e1_root_of_a_user_namespace,
		e2_tracing_needs_cap_perfmon,
		e2_networking_needs_cap_net_admin,
		e3_memlock_only_on_kernels_that_charge_it,
		e4_perf_event_paranoid, a_uprobe_in_spite_of_perfmon,
		e5_seccomp,
		e6_lockdown,
		without_a_cause_none_is_claimed,
		unreadable_facts_are_no_facts,
	};
	Suite *suite = BPFL_TEST_SUITE("kern_diagnose", tests);
	TCase *table = tcase_create("sweep");

	tcase_add_loop_test(table, any_call_may_fail, 0, (int)(sizeof(sweep_errnums) / sizeof(sweep_errnums[0])));
	suite_add_tcase(suite, table);
	return bpfl_test_main(suite);
}
