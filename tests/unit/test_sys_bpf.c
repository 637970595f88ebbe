/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/bpf: attributes as the kernel gets them, and answers as callers get them.
 *
 * The layouts are the kernel's: offsets are written down here a second time, from the ABI.
 */
#include "sys/bpf.h"

#include <errno.h>
#include "fake_sys.h"
#include "harness.h"
#include "sys/insn.h"

START_TEST(the_layouts_are_the_kernels)
{
	ck_assert_uint_eq(offsetof(struct bpfl_attr_map_create, btf_fd), 48);
	ck_assert_uint_eq(offsetof(struct bpfl_attr_map_create, map_extra), 64);
	ck_assert_uint_eq(offsetof(struct bpfl_attr_map_create, map_token_fd), 76);
	ck_assert_uint_eq(offsetof(struct bpfl_attr_map_elem, key), 8);
	ck_assert_uint_eq(offsetof(struct bpfl_attr_prog_load, log_buf), 32);
	ck_assert_uint_eq(offsetof(struct bpfl_attr_prog_load, prog_name), 48);
	ck_assert_uint_eq(offsetof(struct bpfl_attr_prog_load, expected_attach_type), 68);
	ck_assert_uint_eq(offsetof(struct bpfl_attr_prog_load, func_info), 80);
	ck_assert_uint_eq(offsetof(struct bpfl_attr_prog_load, line_info), 96);
	ck_assert_uint_eq(offsetof(struct bpfl_attr_prog_load, attach_btf_id), 108);
	ck_assert_uint_eq(offsetof(struct bpfl_attr_prog_load, fd_array), 120);
	ck_assert_uint_eq(offsetof(struct bpfl_attr_prog_load, log_true_size), 140);
	ck_assert_uint_eq(offsetof(struct bpfl_attr_prog_load, fd_array_cnt), 148);
	ck_assert_uint_eq(offsetof(struct bpfl_attr_btf_load, log_level), 24);
	ck_assert_uint_eq(offsetof(struct bpfl_attr_btf_load, log_true_size), 28);
	ck_assert_uint_eq(offsetof(struct bpfl_attr_link_create, target_btf_id), 16);
	ck_assert_uint_eq(offsetof(struct bpfl_attr_link_create, tracing.cookie), 24);
	ck_assert_uint_eq(offsetof(struct bpfl_attr_link_create, kprobe_multi.cookies), 40);
	ck_assert_uint_eq(offsetof(struct bpfl_attr_link_create, uprobe_multi.pid), 56);
	ck_assert_uint_eq(offsetof(struct bpfl_attr_link_create, mprog.expected_revision), 24);
	ck_assert_uint_eq(offsetof(struct bpfl_attr_stream_read, pad), 20);
	ck_assert_uint_eq(sizeof(struct bpfl_attr_stream_read), 24);
	ck_assert_uint_eq(offsetof(struct bpfl_attr_raw_tracepoint, cookie), 16);
	ck_assert_uint_eq(offsetof(struct bpfl_attr_prog_attach, expected_revision), 24);
	ck_assert_uint_eq(offsetof(struct bpfl_prog_info, name), 64);
	ck_assert_uint_eq(offsetof(struct bpfl_prog_info, btf_id), 128);
	ck_assert_uint_eq(offsetof(struct bpfl_prog_info, nr_line_info), 148);
	ck_assert_uint_eq(offsetof(struct bpfl_prog_info, run_time_ns), 192);
	ck_assert_uint_eq(offsetof(struct bpfl_prog_info, attach_btf_id), 224);
	ck_assert_uint_eq(offsetof(struct bpfl_map_info, btf_id), 64);
	ck_assert_uint_eq(offsetof(struct bpfl_map_info, map_extra), 80);
	ck_assert_uint_eq(offsetof(struct bpfl_perf_attr, config1), 56);
	ck_assert_uint_eq(offsetof(struct bpfl_perf_attr, clockid), 92);
}
END_TEST

START_TEST(an_attribute_ends_behind_its_last_used_byte)
{
	struct bpfl_attr_map_create map = { .map_type = 2, .key_size = 4 };
	struct bpfl_attr_id id = { 0 };
	struct bpfl_attr_bind_map bind = { .prog_fd = 5, .map_fd = 6, .flags = 1 };

	ck_assert_uint_eq(bpfl_bpf_attr_size(BPFL_CMD_MAP_CREATE, &map, sizeof(map)), 8);
	map.map_name[15] = 'x';
	ck_assert_uint_eq(bpfl_bpf_attr_size(BPFL_CMD_MAP_CREATE, &map, sizeof(map)), 48);
	map.map_token_fd = 3;
	ck_assert_uint_eq(bpfl_bpf_attr_size(BPFL_CMD_MAP_CREATE, &map, sizeof(map)), sizeof(map));
	/* rounding does not reach behind the struct */
	ck_assert_uint_eq(bpfl_bpf_attr_size(BPFL_CMD_PROG_BIND_MAP, &bind, sizeof(bind)), sizeof(bind));
	/* the kernel writes next_id even after id 0 */
	ck_assert_uint_eq(bpfl_bpf_attr_size(BPFL_CMD_PROG_GET_NEXT_ID, &id, sizeof(id)), 8);
	ck_assert_uint_eq(bpfl_bpf_attr_size(BPFL_CMD_PROG_GET_FD_BY_ID, &id, sizeof(id)), 0);
}
END_TEST

START_TEST(a_log_leaves_room_for_its_true_size)
{
	struct bpfl_attr_prog_load prog = { .prog_type = 6, .insn_cnt = 2 };
	struct bpfl_attr_btf_load btf = { .btf = 1, .btf_size = 24 };

	ck_assert_uint_eq(bpfl_bpf_attr_size(BPFL_CMD_PROG_LOAD, &prog, sizeof(prog)), 8);
	prog.log_buf = 1;
	ck_assert_uint_eq(bpfl_bpf_attr_size(BPFL_CMD_PROG_LOAD, &prog, sizeof(prog)), 144);
	ck_assert_uint_eq(bpfl_bpf_attr_size(BPFL_CMD_BTF_LOAD, &btf, sizeof(btf)), 24);
	btf.log_buf = 1;
	ck_assert_uint_eq(bpfl_bpf_attr_size(BPFL_CMD_BTF_LOAD, &btf, sizeof(btf)), 32);
}
END_TEST

static int make_map(uint32_t type, uint32_t max_entries)
{
	struct bpfl_attr_map_create attr = { .map_type = type, .key_size = 4, .value_size = 8,
					     .max_entries = max_entries, .map_name = "m" };
	int fd = bpfl_sys_map_create(&attr);

	ck_assert_int_ge(fd, FAKE_SYS_FIRST_FD);
	return fd;
}

START_TEST(map_elements_are_written_read_walked_and_deleted)
{
	int fd = make_map(1, 2); /* a hash */
	uint32_t key = 7, next = 0;
	uint64_t value = 70, got = 0;

	ck_assert_int_eq(bpfl_sys_map_next_key(fd, NULL, &next), -ENOENT);
	ck_assert_int_eq(bpfl_sys_map_update(fd, &key, &value, 2), -ENOENT);
	ck_assert_int_eq(bpfl_sys_map_update(fd, &key, &value, 0), 0);
	ck_assert_int_eq(bpfl_sys_map_update(fd, &key, &value, 1), -EEXIST);
	key = 8;
	value = 80;
	ck_assert_int_eq(bpfl_sys_map_update(fd, &key, &value, 0), 0);
	key = 9;
	ck_assert_int_eq(bpfl_sys_map_update(fd, &key, &value, 0), -E2BIG);
	ck_assert_int_eq(bpfl_sys_map_lookup(fd, &key, &got, 0), -ENOENT);
	ck_assert_int_eq(bpfl_sys_map_next_key(fd, NULL, &next), 0);
	ck_assert_uint_eq(next, 7);
	ck_assert_int_eq(bpfl_sys_map_next_key(fd, &next, &next), 0);
	ck_assert_uint_eq(next, 8);
	ck_assert_int_eq(bpfl_sys_map_lookup(fd, &next, &got, 0), 0);
	ck_assert_uint_eq(got, 80);
	ck_assert_int_eq(bpfl_sys_map_next_key(fd, &next, &next), -ENOENT);
	ck_assert_int_eq(bpfl_sys_map_delete(fd, &next), 0);
	ck_assert_int_eq(bpfl_sys_map_delete(fd, &next), -ENOENT);
	ck_assert_int_eq(bpfl_sys_map_freeze(fd), 0);
	ck_assert_int_eq(bpfl_sys_map_update(fd, &key, &value, 0), -EPERM);
	bpfl_enter_close(fd);
}
END_TEST

START_TEST(array_elements_are_always_there)
{
	int fd = make_map(6, 2); /* a per-CPU array */
	uint32_t key = 1, next;
	uint64_t values[FAKE_SYS_NR_CPUS] = { 1, 2, 3, 4 }, got[FAKE_SYS_NR_CPUS];

	ck_assert_int_eq(bpfl_sys_map_lookup(fd, &key, got, 0), 0);
	ck_assert_uint_eq(got[3], 0);
	ck_assert_int_eq(bpfl_sys_map_update(fd, &key, values, 0), 0);
	ck_assert_int_eq(bpfl_sys_map_lookup(fd, &key, got, 0), 0);
	ck_assert_mem_eq(got, values, sizeof(values));
	ck_assert_int_eq(bpfl_sys_map_next_key(fd, NULL, &next), 0);
	ck_assert_int_eq(bpfl_sys_map_next_key(fd, &next, &next), 0);
	ck_assert_uint_eq(next, 1);
	ck_assert_int_eq(bpfl_sys_map_next_key(fd, &next, &next), -ENOENT);
	ck_assert_int_eq(bpfl_sys_map_delete(fd, &key), -EINVAL);
	bpfl_enter_close(fd);
}
END_TEST

/* "r1 = map; r0 = 0; exit" */
static int load_program(int map_fd, char *log, uint32_t log_size, uint32_t *ret_log_size)
{
	struct bpfl_insn insns[] = {
		bpfl_insn_make(BPFL_CODE_LD_IMM64, 1, BPFL_PSEUDO_MAP_FD, 0, map_fd),
		bpfl_insn_make(0, 0, 0, 0, 0),
		bpfl_insn_make(BPFL_CODE_MOV64_K, 0, 0, 0, 0),
		bpfl_insn_make(BPFL_CODE_EXIT, 0, 0, 0, 0),
	};
	struct bpfl_attr_prog_load attr = { .prog_type = 6, .insn_cnt = 4, .prog_name = "p" };
	int ret;

	attr.insns = BPFL_PTR(insns);
	attr.license = BPFL_PTR("GPL");
	attr.log_buf = BPFL_PTR(log);
	attr.log_size = log_size;
	attr.log_level = log ? 1 : 0;
	ret = bpfl_sys_prog_load(&attr);
	*ret_log_size = attr.log_true_size;
	return ret;
}

START_TEST(programs_links_pins_and_ids_hang_together)
{
	struct bpfl_attr_link_create link = { .attach_type = 37 };
	struct bpfl_prog_info info = { 0 };
	uint32_t id = 0, log_size = 0, info_size = sizeof(info);
	int map_fd = make_map(2, 1), prog_fd, link_fd, fd;
	char log[64];

	ck_assert_int_eq(load_program(map_fd + 1, NULL, 0, &log_size), -EBADF);
	prog_fd = load_program(map_fd, log, sizeof(log), &log_size);
	ck_assert_int_ge(prog_fd, 0);
	ck_assert_str_eq(log, "processed 4 insns\n");
	ck_assert_uint_eq(log_size, strlen(log) + 1);
	link.prog_fd = (uint32_t)prog_fd;
	link_fd = bpfl_sys_link_create(&link);
	ck_assert_int_ge(link_fd, 0);
	ck_assert_int_eq(bpfl_sys_prog_bind_map(prog_fd, map_fd), 0);

	ck_assert_int_eq(bpfl_sys_obj_info(prog_fd, &info, &info_size), 0);
	ck_assert_uint_eq(info.xlated_prog_len, 32);
	ck_assert_str_eq(info.name, "p");
	ck_assert_int_eq(bpfl_sys_next_id(BPFL_CMD_PROG_GET_NEXT_ID, 0, &id), 0);
	ck_assert_uint_eq(id, info.id);
	ck_assert_int_eq(bpfl_sys_next_id(BPFL_CMD_PROG_GET_NEXT_ID, id, &id), -ENOENT);
	ck_assert_int_eq(bpfl_sys_obj_pin(prog_fd, "/sys/fs/bpf/p"), 0);
	ck_assert_int_eq(bpfl_sys_obj_pin(map_fd, "/sys/fs/bpf/p"), -EEXIST);
	bpfl_enter_close(prog_fd);
	bpfl_enter_close(link_fd);
	fd = bpfl_sys_obj_get("/sys/fs/bpf/p", 0);
	ck_assert_int_ge(fd, 0);
	bpfl_enter_close(fd);
	fd = bpfl_sys_fd_by_id(BPFL_CMD_PROG_GET_FD_BY_ID, id);
	ck_assert_int_ge(fd, 0);
	bpfl_enter_close(fd);
	ck_assert_int_eq(bpfl_enter_unlinkat(-1, "/sys/fs/bpf/p", 0), 0);
	ck_assert_int_eq(bpfl_sys_fd_by_id(BPFL_CMD_PROG_GET_FD_BY_ID, id), -ENOENT);
	/* results are written on success only */
	info_size = 5;
	ck_assert_int_eq(bpfl_sys_obj_info(prog_fd, &info, &info_size), -EBADF);
	ck_assert_uint_eq(info_size, 5);
	ck_assert_int_eq(bpfl_sys_next_id(BPFL_CMD_MAP_GET_NEXT_ID, 4000, &info_size), -ENOENT);
	ck_assert_uint_eq(info_size, 5);
	bpfl_enter_close(map_fd);
	ck_assert_str_eq(fake_sys_trace(),
			 "MAP_CREATE PROG_LOAD PROG_LOAD LINK_CREATE PROG_BIND_MAP "
			 "OBJ_GET_INFO_BY_FD bpf bpf OBJ_PIN OBJ_PIN OBJ_GET bpf unlinkat bpf "
			 "OBJ_GET_INFO_BY_FD bpf");
}
END_TEST

START_TEST(a_kernel_that_knows_less_refuses_more)
{
	struct bpfl_attr_map_create attr = { .map_type = 2, .key_size = 4, .value_size = 4, .max_entries = 1 };

	fake_sys_limit_attr(BPFL_CMD_MAP_CREATE, 28); /* 4.14: no names */
	attr.map_name[0] = 'm';
	ck_assert_int_eq(bpfl_sys_map_create(&attr), -E2BIG);
	attr.map_name[0] = 0;
	bpfl_enter_close(bpfl_sys_map_create(&attr));
	ck_assert_uint_eq(fake_sys_count_bpf(BPFL_CMD_MAP_CREATE), 2);
	ck_assert_uint_eq(fake_sys_nth_bpf(BPFL_CMD_MAP_CREATE, 0)->attr_size, 32);
	ck_assert_uint_eq(fake_sys_nth_bpf(BPFL_CMD_MAP_CREATE, 1)->attr_size, 16);
	ck_assert_ptr_null(fake_sys_nth_bpf(BPFL_CMD_MAP_CREATE, 2));
}
END_TEST

START_TEST(the_nth_call_fails_and_only_that_one)
{
	uint32_t key = 0;
	uint64_t value = 0;
	int fd;

	fake_sys_fail_nth(2, EINTR);
	fd = make_map(2, 1);
	ck_assert(!fake_sys_failed());
	ck_assert_int_eq(bpfl_sys_map_update(fd, &key, &value, 0), -EINTR);
	ck_assert(fake_sys_failed());
	ck_assert_int_eq(bpfl_sys_map_update(fd, &key, &value, 0), 0);
	fake_sys_fail_bpf(BPFL_CMD_MAP_LOOKUP_ELEM, 0, EPERM);
	ck_assert_int_eq(bpfl_sys_map_lookup(fd, &key, &value, 0), -EPERM);
	ck_assert_int_eq(bpfl_sys_map_lookup(fd, &key, &value, 0), -EPERM);
	ck_assert_int_eq(fake_sys_nth_bpf(BPFL_CMD_MAP_LOOKUP_ELEM, 1)->result, -EPERM);
	bpfl_enter_close(fd);
}
END_TEST

static int answer(void *ctx, void *attr, size_t attr_size)
{
	(void)attr;
	*(size_t *)ctx = attr_size;
	return -ENOTSUP;
}

START_TEST(a_handler_takes_a_command_over)
{
	struct bpfl_attr_raw_tracepoint attr;
	size_t attr_size = 0;

	fake_sys_on_bpf(BPFL_CMD_RAW_TRACEPOINT_OPEN, answer, &attr_size);
	ck_assert_int_eq(bpfl_sys_raw_tracepoint_open("sched_switch", 5, 9), -ENOTSUP);
	ck_assert_uint_eq(attr_size, sizeof(attr));
	memcpy(&attr, fake_sys_nth_bpf(BPFL_CMD_RAW_TRACEPOINT_OPEN, 0)->attr, sizeof(attr));
	ck_assert_uint_eq(attr.prog_fd, 5);
	ck_assert_uint_eq(attr.cookie, 9);
	ck_assert_str_eq((const char *)(uintptr_t)attr.name, "sched_switch");
}
END_TEST

START_TEST(netlink_requests_are_acknowledged)
{
	uint8_t request[36] = { 36, 0, 0, 0, 19, 0, 5, 0, 0x11, 0x22, 0x33, 0x44 }, reply[256];
	int fd = bpfl_enter_socket(16, 3, 0), error = 1;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bpfl_enter_sendto(fd, request, sizeof(request), NULL, 0), sizeof(request));
	ck_assert_int_eq(bpfl_enter_recv(fd, reply, sizeof(reply), 0), 36);
	memcpy(&error, reply + 16, 4);
	ck_assert_int_eq(error, 0);
	ck_assert_mem_eq(reply + 8, request + 8, 4);
	fake_sys_netlink_error(EBUSY, "taken");
	ck_assert_int_eq(bpfl_enter_recv(fd, reply, sizeof(reply), 0), 48);
	memcpy(&error, reply + 16, 4);
	ck_assert_int_eq(error, -EBUSY);
	ck_assert_str_eq((char *)reply + 40, "taken");
	fake_sys_reply("0123456789abcdef", 16);
	ck_assert_int_eq(bpfl_enter_recv(fd, reply, sizeof(reply), 0), 16);
	ck_assert_mem_eq(reply + 8, request + 8, 4);
	bpfl_enter_close(fd);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		the_layouts_are_the_kernels,
		an_attribute_ends_behind_its_last_used_byte,
		a_log_leaves_room_for_its_true_size,
		map_elements_are_written_read_walked_and_deleted,
		array_elements_are_always_there,
		programs_links_pins_and_ids_hang_together,
		a_kernel_that_knows_less_refuses_more,
		the_nth_call_fails_and_only_that_one,
		a_handler_takes_a_command_over,
		netlink_requests_are_acknowledged,
	};

	return bpfl_test_main(BPFL_TEST_SUITE("bpf", tests));
}
