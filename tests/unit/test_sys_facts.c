/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/facts: what is read from which file, and what is said when it cannot be read.
 */
#include "sys/facts.h"

#include <errno.h>
#include "fake_sys.h"
#include "harness.h"

START_TEST(the_version_is_the_real_one)
{
	/* mainline */
	ck_assert_uint_eq(bpfl_facts_parse_version("6.18.5", "#1 SMP PREEMPT_DYNAMIC", NULL),
			  BPFL_KERNEL_VERSION(6, 18, 5));
	ck_assert_uint_eq(bpfl_facts_parse_version("5.4.0-rc3+", "#1", NULL), BPFL_KERNEL_VERSION(5, 4, 0));
	ck_assert_uint_eq(bpfl_facts_parse_version("6.1", "#1", NULL), BPFL_KERNEL_VERSION(6, 1, 0));
	/* Debian keeps 6.1.0 in uname -r for all of 6.1.x */
	ck_assert_uint_eq(bpfl_facts_parse_version("6.1.0-21-amd64",
						   "#1 SMP PREEMPT_DYNAMIC Debian 6.1.90-1 (2024-05-03)", NULL),
			  BPFL_KERNEL_VERSION(6, 1, 90));
	ck_assert_uint_eq(bpfl_facts_parse_version("6.1.0", "#1 SMP Debian GNU", NULL), BPFL_KERNEL_VERSION(6, 1, 0));
	/* so does Ubuntu */
	ck_assert_uint_eq(bpfl_facts_parse_version("5.15.0-91-generic", "#101-Ubuntu SMP",
						   "Ubuntu 5.15.0-91.101-generic 5.15.131"),
			  BPFL_KERNEL_VERSION(5, 15, 131));
	ck_assert_uint_eq(bpfl_facts_parse_version("5.15.7", "#1", "nonsense"), BPFL_KERNEL_VERSION(5, 15, 7));
	/* the third number saturates */
	ck_assert_uint_eq(bpfl_facts_parse_version("4.14.336", "#1", NULL), 0x040eff);
	ck_assert_uint_eq(bpfl_facts_parse_version("strange", "#1", NULL), 0);
}
END_TEST

START_TEST(the_running_kernel_has_a_version_and_a_release)
{
	char release[64];

	ck_assert_uint_gt(bpfl_facts_kernel_version(), BPFL_KERNEL_VERSION(3, 0, 0));
	ck_assert_ptr_eq(bpfl_facts_kernel_release(release, sizeof(release)), release);
	ck_assert_int_ne(release[0], 0);
	fake_sys_file("/proc/version_signature", "Ubuntu 5.15.0-91.101-generic 5.15.131\n");
	ck_assert_uint_eq(bpfl_facts_kernel_version(), BPFL_KERNEL_VERSION(5, 15, 131));
	fake_sys_fail_call("uname", 0, ENOSYS);
	ck_assert_uint_eq(bpfl_facts_kernel_version(), 0);
	ck_assert_str_eq(bpfl_facts_kernel_release(release, sizeof(release)), "");
}
END_TEST

static const struct {
	const char *text;
	int ret;
	unsigned nr_cpus, nr_slots;
} cpu_lists[] = {
	{ "0", 0, 1, 1 },	 { "0-3\n", 0, 4, 4 },	     { "0-3,5", 0, 5, 6 },   { "2,4-7\n", 0, 5, 8 },
	{ "0-65535", 0, 65536, 65536 }, { "", -EINVAL, 0, 0 },     { "\n", -EINVAL, 0, 0 }, { "a", -EINVAL, 0, 0 },
	{ "0-", -EINVAL, 0, 0 }, { "3-1", -EINVAL, 0, 0 },   { "0,", -EINVAL, 0, 0 },  { "0-3,2", -EINVAL, 0, 0 },
	{ "-1", -EINVAL, 0, 0 }, { "0 1", -EINVAL, 0, 0 },   { "0\n1", -EINVAL, 0, 0 }, { "0-65536", -EINVAL, 0, 0 },
	{ "99999999999999999999", -EINVAL, 0, 0 },
};
#define NR_CPU_LISTS (sizeof(cpu_lists) / sizeof(cpu_lists[0]))

START_TEST(a_cpu_list_is_parsed)
{
	unsigned nr_cpus = 0, nr_slots = 0;

	ck_assert_int_eq(bpfl_facts_parse_cpu_list(cpu_lists[_i].text, &nr_cpus, &nr_slots), cpu_lists[_i].ret);
	ck_assert_uint_eq(nr_cpus, cpu_lists[_i].nr_cpus);
	ck_assert_uint_eq(nr_slots, cpu_lists[_i].nr_slots);
}
END_TEST

START_TEST(possible_cpus_are_counted_and_slots_reach_the_last)
{
	unsigned nr = 0;

	ck_assert_uint_eq(bpfl_facts_possible_cpus(), FAKE_SYS_NR_CPUS);
	fake_sys_file("/sys/devices/system/cpu/possible", "0-1,8-9\n");
	ck_assert_uint_eq(bpfl_facts_possible_cpus(), 4);
	ck_assert_uint_eq(bpfl_facts_cpu_slots(), 10);
	fake_sys_file_error("/sys/devices/system/cpu/possible", ENOENT);
	ck_assert_uint_ge(bpfl_facts_possible_cpus(), 1);
	ck_assert_int_eq(bpfl_facts_count_possible_cpus(&nr), -ENOENT); /* no guess */
	fake_sys_file("/sys/devices/system/cpu/possible", "garbage");
	ck_assert_uint_ge(bpfl_facts_cpu_slots(), 1);
}
END_TEST

START_TEST(the_page_size_is_a_power_of_two)
{
	unsigned size = bpfl_facts_page_size();

	ck_assert_uint_ge(size, 4096);
	ck_assert_uint_eq(size & (size - 1), 0);
}
END_TEST

START_TEST(capabilities_and_seccomp_come_from_status)
{
	uint64_t effective = 0;

	fake_sys_file("/proc/self/status",
		      "Name:\tx\nCapInh:\tffffffffffffffff\nCapEff:\t0000008000001000\nSeccomp:\t2\n"
		      "Seccomp_filters:\t1\n");
	ck_assert(bpfl_facts_capabilities(&effective));
	ck_assert_uint_eq(effective, 0x8000001000);
	ck_assert(bpfl_facts_has_cap(BPFL_CAP_BPF));
	ck_assert(bpfl_facts_has_cap(BPFL_CAP_NET_ADMIN));
	ck_assert(!bpfl_facts_has_cap(BPFL_CAP_PERFMON));
	ck_assert(!bpfl_facts_has_cap(64));
	ck_assert_int_eq(bpfl_facts_seccomp(), 2);
}
END_TEST

START_TEST(unknown_is_not_an_answer)
{
	uint64_t effective = 7;
	char lockdown[32];

	fake_sys_file("/proc/self/status", "Name:\tx\nCapEff:\tnone\n");
	ck_assert(!bpfl_facts_capabilities(&effective));
	ck_assert(!bpfl_facts_has_cap(BPFL_CAP_BPF));
	ck_assert_int_eq(bpfl_facts_seccomp(), -1);
	fake_sys_file_error("/proc/self/status", ENOENT);
	ck_assert(!bpfl_facts_capabilities(&effective));
	ck_assert_int_eq(bpfl_facts_seccomp(), -1);
	fake_sys_file_error("/sys/kernel/security/lockdown", ENOENT);
	ck_assert_str_eq(bpfl_facts_lockdown(lockdown, sizeof(lockdown)), "");
	fake_sys_file_error("/proc/self/limits", EACCES);
	ck_assert_uint_eq(bpfl_facts_memlock_limit(), UINT64_MAX);
	ck_assert_int_eq(bpfl_facts_sysctl("kernel/no_such_thing"), -1);
}
END_TEST

START_TEST(lockdown_is_the_bracketed_word)
{
	char lockdown[32], tiny[4];

	fake_sys_file("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
	ck_assert_str_eq(bpfl_facts_lockdown(lockdown, sizeof(lockdown)), "integrity");
	ck_assert_str_eq(bpfl_facts_lockdown(tiny, sizeof(tiny)), "int");
	fake_sys_file("/sys/kernel/security/lockdown", "none integrity");
	ck_assert_str_eq(bpfl_facts_lockdown(lockdown, sizeof(lockdown)), "");
}
END_TEST

START_TEST(sysctls_are_numbers)
{
	fake_sys_file("/proc/sys/kernel/unprivileged_bpf_disabled", "2\n");
	fake_sys_file("/proc/sys/kernel/perf_event_paranoid", "-1\n");
	fake_sys_file("/proc/sys/kernel/hostname", "box\n");
	ck_assert_int_eq(bpfl_facts_sysctl("kernel/unprivileged_bpf_disabled"), 2);
	ck_assert_int_eq(bpfl_facts_sysctl("kernel/perf_event_paranoid"), -1);
	ck_assert_int_eq(bpfl_facts_sysctl("kernel/hostname"), -1);
}
END_TEST

START_TEST(the_memlock_limit_is_the_soft_one)
{
	fake_sys_file("/proc/self/limits",
		      "Limit                     Soft Limit           Hard Limit           Units     \n"
		      "Max processes             1                    2                    processes \n"
		      "Max locked memory         65536                8388608              bytes     \n");
	ck_assert_uint_eq(bpfl_facts_memlock_limit(), 65536);
	fake_sys_file("/proc/self/limits",
		      "Max locked memory         unlimited            unlimited            bytes\n");
	ck_assert_uint_eq(bpfl_facts_memlock_limit(), UINT64_MAX);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		the_version_is_the_real_one,
		the_running_kernel_has_a_version_and_a_release,
		possible_cpus_are_counted_and_slots_reach_the_last,
		the_page_size_is_a_power_of_two,
		capabilities_and_seccomp_come_from_status,
		unknown_is_not_an_answer,
		lockdown_is_the_bracketed_word,
		sysctls_are_numbers,
		the_memlock_limit_is_the_soft_one,
	};
	Suite *suite = BPFL_TEST_SUITE("facts", tests);

	bpfl_test_add_loop(suite, "cpu lists", a_cpu_list_is_parsed, NR_CPU_LISTS);
	return bpfl_test_main(suite);
}
