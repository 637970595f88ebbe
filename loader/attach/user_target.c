/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/user_target.c: see attach/user_target.h.
 *
 * PATH ends at the first colon; when the name of a library and one colon follow, that library of the program is
 * meant ("nginx:libssl.so.3:SSL_read").
 * What follows may contain anything, for names of functions do: "std::vector<int>::at",
 * "main.(*T).f", "operator+". So "+OFFSET" is one only when a number and nothing else follows the last '+'.
 */
#include "attach/user_target.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "attach/binary.h"
#include "attach/library.h"
#include "base/text.h"

int bpfl_user_target_pid(const struct bpfl_attach *attach, int *ret_pid, struct bpfl_error *err)
{
	const char *text = bpfl_attach_option(attach, "pid");
	int64_t pid = -1;

	if (text && (bpfl_text_to_s64(text, &pid) < 0 || pid < 1 || pid > INT32_MAX)) {
		bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "pid=%s is no process", BPFL_ESC(text));
		bpfl_error_fix(err, "without pid= the probe is in all processes");
		return -EINVAL;
	}
	*ret_pid = (int)pid;
	return 0;
}

/* PROGRAM:LIBRARY:REST: the library instead of the program. */
static int take_library(struct bpfl_user_target *target, struct bpfl_error *err)
{
	size_t len = bpfl_library_prefix(target->rest);
	char *name = len > 0 ? bpfl_strndup(target->rest, len) : NULL, *path = NULL;
	struct bpfl_user_elf *library = NULL;
	int ret;

	if (len == 0)
		return 0;
	if (!name)
		return bpfl_error_nomem(err);
	/* A process says itself which file it has mapped. */
	ret = target->pid > 0 ? bpfl_binary_find(name, target->pid, &path, err)
			      : bpfl_library_of(target->elf, name, &path, err);
	if (ret == 0)
		ret = bpfl_user_open(path, &library, err);
	if (ret == 0) {
		bpfl_user_close(target->elf);
		target->elf = library;
		target->rest += len + 1;
	}
	free(path);
	free(name);
	return ret;
}

int bpfl_user_target_open(const struct bpfl_attach *attach, struct bpfl_user_target *ret_target, struct bpfl_error *err)
{
	const char *colon = strchr(attach->target, ':');
	struct bpfl_user_target target = { .pid = -1 };
	char *name, *path = NULL;
	int ret;

	if (!colon)
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "'%s' is not PATH:%s", BPFL_ESC(attach->target),
				      "FUNCTION");
	ret = bpfl_user_target_pid(attach, &target.pid, err);
	if (ret < 0)
		return ret;
	name = bpfl_strndup(attach->target, (size_t)(colon - attach->target));
	if (!name)
		return bpfl_error_nomem(err);
	ret = bpfl_binary_find(name, target.pid > 0 ? target.pid : 0, &path, err);
	free(name);
	if (ret == 0)
		ret = bpfl_user_open(path, &target.elf, err);
	if (ret == -ENOENT && path)
		bpfl_binary_near(path, err);
	free(path);
	if (ret < 0)
		return ret;
	target.rest = colon + 1;
	ret = take_library(&target, err);
	if (ret < 0) {
		bpfl_user_close(target.elf);
		return ret;
	}
	*ret_target = target;
	return 0;
}

void bpfl_user_target_close(struct bpfl_user_target *target)
{
	bpfl_user_close(target->elf);
	target->elf = NULL;
}

/* ---- the place ---- */

/* Cuts "+0x10" off the name. 0 and no change when there is none. */
static uint64_t cut_offset(char *name)
{
	char *plus = strrchr(name, '+');
	uint64_t offset;

	if (!plus || plus == name || !isdigit((unsigned char)plus[1]) || bpfl_text_to_u64(plus + 1, &offset) < 0)
		return 0;
	*plus = '\0';
	return offset;
}

/* Something runs there: the kernel takes any offset of a file and never fires. */
static int check_code(const struct bpfl_user_elf *elf, uint64_t file_off, struct bpfl_error *err)
{
	const struct bpfl_user_segment *segment = bpfl_user_segment_at(elf, file_off);

	if (segment && (segment->flags & BPFL_PF_X))
		return 0;
	bpfl_error_set(err, BPFL_ERR_TARGET, EINVAL, "'%s': there is no code at 0x%" PRIx64, BPFL_ESC(elf->path),
		       file_off);
	bpfl_error_catalogue(err, 23);
	bpfl_error_why(err, "%s", !segment ? "no part of the file that is loaded is there"
					   : "that part of the file is loaded as data");
	bpfl_error_fix(err,
		       "an offset counts bytes of the file, not addresses: objdump -h -F, or readelf -lW, show both");
	return -EINVAL;
}

static int check_size(const struct bpfl_user_func *func, const char *name, uint64_t offset, struct bpfl_error *err)
{
	if (func->size == 0 || offset < func->size)
		return 0;
	bpfl_error_set(err, BPFL_ERR_TARGET, EINVAL,
		       "function '%s' has %" PRIu64 " bytes, and +0x%" PRIx64 " is behind them", BPFL_ESC(name),
		       func->size, offset);
	bpfl_error_catalogue(err, 23);
	bpfl_error_why(err, "the size is that of its symbol");
	bpfl_error_fix(err, "a place outside of a function is written PATH:0xOFFSET");
	return -EINVAL;
}

int bpfl_user_target_check_return(const struct bpfl_user_target *target, const char *function, struct bpfl_error *err)
{
	/* C functions that Go calls have no package in their names, and a C stack. */
	if (!bpfl_user_is_go(target->elf) || !strchr(function, '.'))
		return 0;
	bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, EOPNOTSUPP, "a return probe on '%s' would crash the program",
		       BPFL_ESC(function));
	bpfl_error_catalogue(err, 23);
	bpfl_error_why(err,
		       "'%s' is a Go program: Go moves stacks and checks the return addresses on them, which a return "
		       "probe replaces",
		       BPFL_ESC(target->elf->path));
	bpfl_error_fix(err, "put uprobes on its RET instructions: uprobe/PATH:%s+0xOFFSET (objdump -d shows them)",
		       BPFL_ESC(function));
	return -EOPNOTSUPP;
}

static int place_of_function(const struct bpfl_user_target *target, bool is_return, char *name, uint64_t offset,
			     uint64_t *ret_file_off, struct bpfl_error *err)
{
	struct bpfl_user_func func;
	int ret;

	offset += cut_offset(name);
	if (is_return && offset != 0) {
		bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "a return probe has no offset: it stands on a function");
		bpfl_error_why(err, "it replaces the return address, which is where it is at the function's first "
				    "instruction only");
		bpfl_error_fix(err, "without +0x%" PRIx64, offset);
		return -EINVAL;
	}
	ret = is_return ? bpfl_user_target_check_return(target, name, err) : 0;
	if (ret == 0)
		ret = bpfl_user_find(target->elf, name, &func, err);
	if (ret == 0 && func.is_ifunc)
		ret = bpfl_user_ifunc_resolve(target->elf, target->pid > 0 ? target->pid : 0, name, &func, err);
	if (ret == 0)
		ret = check_size(&func, name, offset, err);
	if (ret == 0)
		*ret_file_off = func.file_off + offset;
	return ret;
}

int bpfl_user_target_place(const struct bpfl_user_target *target, const struct bpfl_attach *attach,
			   uint64_t *ret_file_off, struct bpfl_error *err)
{
	uint64_t offset = bpfl_attach_option_u64(attach, "offset"), file_off = 0;
	char *name;
	int ret;

	if (isdigit((unsigned char)target->rest[0])) {
		if (bpfl_text_to_u64(target->rest, &file_off) < 0)
			return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "'%s' begins like an offset, and is none",
					      BPFL_ESC(target->rest));
		file_off += offset;
	} else {
		name = bpfl_strdup(target->rest);
		ret = name ? place_of_function(target, attach->is_return, name, offset, &file_off, err)
			   : bpfl_error_nomem(err);
		free(name);
		if (ret < 0)
			return ret;
	}
	ret = check_code(target->elf, file_off, err);
	if (ret == 0)
		*ret_file_off = file_off;
	return ret;
}
