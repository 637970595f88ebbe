/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/holder.c: looks through /proc/PID/fdinfo for a program. See attach/holder.h.
 *
 * The kernel says in each BPF descriptor's fdinfo which program it is or belongs to ("prog_id:", Linux 4.13;
 * links since 5.8). Reading all of /proc takes a while, so it happens only when an attach is refused because
 * somebody was first.
 */
#include "attach/holder.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include "base/text.h"
#include "sys/bpf.h"
#include "sys/enter.h"
#include "sys/file.h"

#define FDINFO_SIZE_MAX 65536
#define NR_HOLDERS_MAX 3

struct search {
	char wanted[32]; /* "\nprog_id:\t17\n" */
	char pid[16];	 /* being looked through */
	bool found;	 /* in that process */
	unsigned nr_found;
	struct bpfl_buf names;
};

static int look_at_fd(void *ctx, const char *name)
{
	struct bpfl_buf text = BPFL_BUF_INIT;
	struct search *search = ctx;
	char path[64];

	if (snprintf(path, sizeof(path), "/proc/%s/fdinfo/%s", search->pid, name) < (int)sizeof(path) &&
	    bpfl_file_read_virtual(AT_FDCWD, path, FDINFO_SIZE_MAX, &text) == 0)
		search->found = strstr(text.data, search->wanted) != NULL;
	bpfl_buf_deinit(&text);
	return search->found;
}

static int look_at_process(void *ctx, const char *name)
{
	struct bpfl_buf comm = BPFL_BUF_INIT;
	struct search *search = ctx;
	char path[64];

	if (!isdigit((unsigned char)name[0]) || strlen(name) >= sizeof(search->pid))
		return 0;
	snprintf(search->pid, sizeof(search->pid), "%s", name);
	search->found = false;
	snprintf(path, sizeof(path), "/proc/%s/fdinfo", search->pid);
	bpfl_enter_list_dir(AT_FDCWD, path, look_at_fd, search);
	if (!search->found)
		return 0;
	snprintf(path, sizeof(path), "/proc/%s/comm", search->pid);
	if (bpfl_file_read_virtual(AT_FDCWD, path, FDINFO_SIZE_MAX, &comm) == 0)
		comm.data[strcspn(comm.data, "\n")] = '\0';
	bpfl_buf_printf(&search->names, "%s%s (pid %s)", search->names.size ? ", " : "",
			BPFL_ESC(comm.data ? comm.data : "?"), search->pid);
	bpfl_buf_deinit(&comm);
	return ++search->nr_found == NR_HOLDERS_MAX;
}

uint32_t bpfl_holder_prog_id(int prog_fd)
{
	struct bpfl_prog_info info = { 0 };
	uint32_t info_size = sizeof(info);

	return bpfl_sys_obj_info(prog_fd, &info, &info_size) < 0 ? 0 : info.id;
}

static void read_name(uint32_t prog_id, char ret_name[BPFL_OBJ_NAME_SIZE + 1])
{
	struct bpfl_prog_info info = { 0 };
	uint32_t info_size = sizeof(info);
	int fd = bpfl_sys_fd_by_id(BPFL_CMD_PROG_GET_FD_BY_ID, prog_id);

	if (fd >= 0)
		bpfl_sys_obj_info(fd, &info, &info_size);
	bpfl_enter_close(fd);
	snprintf(ret_name, BPFL_OBJ_NAME_SIZE + 1, "%.*s", BPFL_OBJ_NAME_SIZE, info.name);
}

void bpfl_holder_why(struct bpfl_error *err, uint32_t prog_id, const char *how)
{
	struct search search = { .names = BPFL_BUF_INIT };
	char name[BPFL_OBJ_NAME_SIZE + 1];

	if (!err)
		return;
	snprintf(search.wanted, sizeof(search.wanted), "\nprog_id:\t%u\n", prog_id);
	read_name(prog_id, name);
	bpfl_enter_list_dir(AT_FDCWD, "/proc", look_at_process, &search);
	bpfl_error_why(err, "program id %u%s%s%s is attached%s%s%s", prog_id, name[0] ? " '" : "", BPFL_ESC(name),
		       name[0] ? "'" : "", how, search.names.size ? ", held by " : "",
		       search.names.size ? search.names.data : "");
	bpfl_buf_deinit(&search.names);
}
