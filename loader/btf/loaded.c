/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf/loaded.c: BTF by number (BTF_GET_NEXT_ID and BTF_GET_FD_BY_ID, Linux 5.4 and 4.18).
 *
 * A module's BTF continues the kernel's: its ids and name offsets begin where those end. It is as trustworthy
 * as the kernel, and is opened the same way: the outline is checked and nothing is copied twice. What another
 * process loaded has passed the kernel's checks too, but whoever asks for it wants a few names of it, and gets
 * it checked in full.
 */
#include "btf/loaded.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "btf/own.h"
#include "sys/bpf.h"
#include "sys/enter.h"

static int info_get(int fd, struct bpfl_btf_loaded *ret)
{
	struct bpfl_btf_info info = { 0 };
	uint32_t info_size = sizeof(info);
	char name[sizeof(ret->name)] = "";
	int result;

	info.name = BPFL_PTR(name);
	info.name_len = sizeof(name);
	result = bpfl_sys_obj_info(fd, &info, &info_size);
	/* Before 5.11 there are neither names nor modules, and asking for a name is E2BIG. */
	if (result == -E2BIG) {
		info = (struct bpfl_btf_info){ 0 };
		info_size = offsetof(struct bpfl_btf_info, name);
		result = bpfl_sys_obj_info(fd, &info, &info_size);
	}
	/* ENOSPC: a longer name; it was cut and all else is there. */
	if (result < 0 && result != -ENOSPC)
		return result;
	ret->id = info.id;
	ret->is_kernel = info.kernel_btf != 0;
	ret->size_bytes = info.btf_size;
	memcpy(ret->name, name, sizeof(name));
	ret->name[sizeof(name) - 1] = '\0';
	return 0;
}

int bpfl_btf_loaded_get(uint32_t id, struct bpfl_btf_loaded *ret_loaded)
{
	int fd = bpfl_sys_fd_by_id(BPFL_CMD_BTF_GET_FD_BY_ID, id);
	int result = fd < 0 ? fd : info_get(fd, ret_loaded);

	bpfl_enter_close(fd);
	if (result == 0)
		ret_loaded->id = id;
	return result;
}

int bpfl_btf_loaded_next(uint32_t start_id, struct bpfl_btf_loaded *ret_loaded)
{
	uint32_t id = start_id;
	int result = bpfl_sys_next_id(BPFL_CMD_BTF_GET_NEXT_ID, id, &id);

	while (result == 0) {
		result = bpfl_btf_loaded_get(id, ret_loaded);
		if (result != -ENOENT) /* else it went away between the two calls: take the next */
			break;
		result = bpfl_sys_next_id(BPFL_CMD_BTF_GET_NEXT_ID, id, &id);
	}
	return result;
}

static int bytes_get(const struct bpfl_btf_loaded *loaded, uint8_t *bytes)
{
	struct bpfl_btf_info info = { .btf = BPFL_PTR(bytes), .btf_size = loaded->size_bytes };
	uint32_t info_size = sizeof(info);
	int fd = bpfl_sys_fd_by_id(BPFL_CMD_BTF_GET_FD_BY_ID, loaded->id);
	int result = fd < 0 ? fd : bpfl_sys_obj_info(fd, &info, &info_size);

	bpfl_enter_close(fd);
	if (result >= 0 && info.btf_size != loaded->size_bytes)
		return -ESTALE; /* another one got the number */
	return result < 0 ? result : 0;
}

int bpfl_btf_loaded_read(const struct bpfl_btf_loaded *loaded, const struct bpfl_btf *base, struct bpfl_btf **ret_btf,
			 struct bpfl_error *err)
{
	uint8_t *bytes = malloc((size_t)loaded->size_bytes + 1);
	int result;

	if (!bytes)
		return bpfl_error_nomem(err);
	result = bytes_get(loaded, bytes);
	if (result < 0)
		bpfl_error_set(err, result == -EPERM ? BPFL_ERR_PERMISSION : BPFL_ERR_SYSTEM, -result,
			       "reading BTF %u%s%s: %s", loaded->id, loaded->name[0] ? " of module " : "",
			       BPFL_ESC(loaded->name), bpfl_errno_text(-result));
	else if (loaded->is_kernel)
		result = bpfl_btf_open(bytes, loaded->size_bytes, true, BPFL_BTF_STEP_SPARSE, base, ret_btf, err);
	else
		result = bpfl_btf_read(bytes, loaded->size_bytes, base, ret_btf, err);
	free(bytes);
	return result;
}
