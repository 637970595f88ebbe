/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake_state: calls are recorded here, rules that make them fail are kept, files and answers are scripted. See
 * fake_sys.h for what tests call and fake_state.h for what fake_sys.c calls. All of it is one struct, zeroed
 * between tests.
 */
#include "fake_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fake_bpf.h"

struct fake_state fake;

void fake_sys_reset(void)
{
	for (size_t i = 0; i < fake.nr_files; i++) {
		free(fake.files[i].text);
		free(fake.files[i].written);
	}
	for (size_t i = 0; i < FAKE_NR_REAL_FDS; i++)
		free(fake.real_paths[i]);
	free(fake.reply);
	/* Calls are cleared when they are recorded. */
	memset(&fake.nr_calls, 0, sizeof(fake) - offsetof(struct fake_state, nr_calls));
	fake_bpf_reset();
	fake_sys_file("/sys/devices/system/cpu/possible", "0-3\n");
	fake_sys_interface("lo", 1);
}

/* ---- recording and failing ---- */

static bool rule_hits(struct fake_rule *rule, const struct fake_call *call)
{
	if (rule->name ? strcmp(rule->name, call->name) != 0 : rule->cmd != call->cmd)
		return false;
	if (rule->always)
		return true;
	return rule->left && --rule->left == 0;
}

struct fake_call *fake_begin(const char *name, int cmd, int fd, const char *path)
{
	struct fake_call *call = &fake.calls[fake.nr_calls];

	if (fake.nr_calls++ == FAKE_NR_CALLS) {
		fprintf(stderr, "fake_sys: more than %d calls\n", FAKE_NR_CALLS);
		abort();
	}
	memset(call, 0, sizeof(*call));
	call->name = name;
	call->cmd = cmd;
	call->fd = fd;
	if (path)
		snprintf(call->path, sizeof(call->path), "%s", path);
	for (size_t i = 0; i < fake.nr_rules; i++) {
		if (rule_hits(&fake.rules[i], call)) {
			fake.failed = true;
			call->result = -fake.rules[i].errnum;
		}
	}
	if (fake.fail_left && --fake.fail_left == 0) {
		fake.failed = true;
		call->result = -fake.fail_errnum;
	}
	return call;
}

long fake_end(struct fake_call *call, long result)
{
	call->result = result;
	return result;
}

void fake_keep_bytes(struct fake_call *call, const void *bytes, size_t size)
{
	call->attr_size = size;
	memcpy(call->attr, bytes, size < sizeof(call->attr) ? size : sizeof(call->attr));
}

size_t fake_sys_nr_calls(void)
{
	return fake.nr_calls;
}

const struct fake_call *fake_sys_call(size_t idx)
{
	return idx < fake.nr_calls ? &fake.calls[idx] : NULL;
}

/* The nth call with that name and, when cmd >= 0, that command; counts them in *ret_nr. */
static const struct fake_call *find_call(const char *name, int cmd, size_t nth, size_t *ret_nr)
{
	const struct fake_call *found = NULL;
	size_t nr = 0;

	for (size_t i = 0; i < fake.nr_calls; i++) {
		const struct fake_call *call = &fake.calls[i];

		if (strcmp(call->name, name) != 0 || (cmd >= 0 && call->cmd != cmd))
			continue;
		if (nr++ == nth)
			found = call;
	}
	*ret_nr = nr;
	return found;
}

size_t fake_sys_count(const char *name)
{
	size_t nr;

	find_call(name, -1, 0, &nr);
	return nr;
}

size_t fake_sys_count_bpf(int cmd)
{
	size_t nr;

	find_call("bpf", cmd, 0, &nr);
	return nr;
}

const struct fake_call *fake_sys_nth(const char *name, size_t nth)
{
	size_t nr;

	return find_call(name, -1, nth, &nr);
}

const struct fake_call *fake_sys_nth_bpf(int cmd, size_t nth)
{
	size_t nr;

	return find_call("bpf", cmd, nth, &nr);
}

static const char *const cmd_names[FAKE_NR_CMDS] = {
	[BPFL_CMD_MAP_CREATE] = "MAP_CREATE",
	[BPFL_CMD_MAP_LOOKUP_ELEM] = "MAP_LOOKUP_ELEM",
	[BPFL_CMD_MAP_UPDATE_ELEM] = "MAP_UPDATE_ELEM",
	[BPFL_CMD_MAP_DELETE_ELEM] = "MAP_DELETE_ELEM",
	[BPFL_CMD_MAP_GET_NEXT_KEY] = "MAP_GET_NEXT_KEY",
	[BPFL_CMD_PROG_LOAD] = "PROG_LOAD",
	[BPFL_CMD_OBJ_PIN] = "OBJ_PIN",
	[BPFL_CMD_OBJ_GET] = "OBJ_GET",
	[BPFL_CMD_PROG_ATTACH] = "PROG_ATTACH",
	[BPFL_CMD_PROG_DETACH] = "PROG_DETACH",
	[BPFL_CMD_OBJ_GET_INFO_BY_FD] = "OBJ_GET_INFO_BY_FD",
	[BPFL_CMD_RAW_TRACEPOINT_OPEN] = "RAW_TRACEPOINT_OPEN",
	[BPFL_CMD_BTF_LOAD] = "BTF_LOAD",
	[BPFL_CMD_MAP_FREEZE] = "MAP_FREEZE",
	[BPFL_CMD_LINK_CREATE] = "LINK_CREATE",
	[BPFL_CMD_LINK_DETACH] = "LINK_DETACH",
	[BPFL_CMD_LINK_UPDATE] = "LINK_UPDATE",
	[BPFL_CMD_ITER_CREATE] = "ITER_CREATE",
	[BPFL_CMD_PROG_BIND_MAP] = "PROG_BIND_MAP",
	[BPFL_CMD_PROG_STREAM_READ] = "PROG_STREAM_READ",
};

static const char *const file_calls[] = { "openat",      "close", "read",   "fstat",
					  "statfs_type", "mmap",  "munmap", "list_dir" };

const char *fake_sys_trace(void)
{
	size_t used = 0;

	fake.trace[0] = 0;
	for (size_t i = 0; i < fake.nr_calls; i++) {
		const struct fake_call *call = &fake.calls[i];
		const char *name = call->name;
		bool shown = true;
		int size;

		for (size_t j = 0; j < sizeof(file_calls) / sizeof(file_calls[0]); j++)
			shown = shown && strcmp(name, file_calls[j]) != 0;
		if (!shown)
			continue;
		if (call->cmd >= 0 && call->cmd < FAKE_NR_CMDS && cmd_names[call->cmd])
			name = cmd_names[call->cmd];
		size = snprintf(fake.trace + used, sizeof(fake.trace) - used, "%s%s", used ? " " : "", name);
		if (size < 0 || (size_t)size >= sizeof(fake.trace) - used)
			break;
		used += (size_t)size;
	}
	return fake.trace;
}

unsigned fake_sys_nr_open_fds(void)
{
	unsigned nr = fake_bpf_nr_open();

	for (size_t i = 0; i < FAKE_NR_REAL_FDS; i++)
		nr += fake.real_paths[i] != NULL;
	return nr;
}

void fake_sys_fail_nth(unsigned nth, int errnum)
{
	fake.fail_left = nth;
	fake.fail_errnum = errnum;
}

bool fake_sys_failed(void)
{
	return fake.failed;
}

static void rule_add(struct fake_rule rule)
{
	if (fake.nr_rules == FAKE_NR_RULES)
		abort();
	fake.rules[fake.nr_rules++] = rule;
}

void fake_sys_fail_bpf(int cmd, unsigned nth, int errnum)
{
	rule_add((struct fake_rule){ .cmd = cmd, .left = nth, .always = nth == 0, .errnum = errnum });
}

void fake_sys_fail_call(const char *name, unsigned nth, int errnum)
{
	rule_add((struct fake_rule){ .name = name, .cmd = -1, .left = nth, .always = nth == 0, .errnum = errnum });
}

void fake_sys_limit_attr(int cmd, size_t attr_size)
{
	fake.cmds[cmd].attr_limit = attr_size;
}

void fake_sys_on_bpf(int cmd, fake_bpf_fn fn, void *ctx)
{
	fake.cmds[cmd].fn = fn;
	fake.cmds[cmd].ctx = ctx;
}

/* ---- scripted files ---- */

struct fake_file *fake_file_find(const char *path)
{
	for (size_t i = 0; i < fake.nr_files; i++) {
		if (strcmp(fake.files[i].path, path) == 0)
			return &fake.files[i];
	}
	return NULL;
}

const char *fake_below(const char *path, const char *dir, size_t *ret_size)
{
	size_t size = strlen(dir);

	if (strncmp(path, dir, size) != 0 || path[size] != '/')
		return NULL;
	*ret_size = strcspn(path + size + 1, "/");
	return path + size + 1;
}

bool fake_is_parent(const char *dir)
{
	size_t size;

	for (size_t i = 0; i < fake.nr_files; i++) {
		if (fake_below(fake.files[i].path, dir, &size))
			return true;
	}
	return false;
}

struct fake_file *fake_file_script(const char *path, enum fake_file_kind kind, const char *text, int errnum)
{
	struct fake_file *file = fake_file_find(path);

	if (!file) {
		if (fake.nr_files == FAKE_NR_FILES || strlen(path) >= FAKE_PATH_SIZE)
			abort();
		file = &fake.files[fake.nr_files++];
	}
	free(file->text);
	free(file->written);
	memset(file, 0, sizeof(*file));
	strcpy(file->path, path);
	file->kind = kind;
	file->text = strdup(text);
	file->size = strlen(text);
	file->written = strdup("");
	file->errnum = errnum;
	return file;
}

void fake_sys_file(const char *path, const char *text)
{
	fake_file_script(path, FAKE_FILE_TEXT, text, 0);
}

void fake_sys_file_bytes(const char *path, const void *bytes, size_t size)
{
	struct fake_file *file = fake_file_script(path, FAKE_FILE_TEXT, "", 0);

	free(file->text);
	file->text = malloc(size + 1);
	if (!file->text)
		abort();
	memcpy(file->text, bytes, size);
	file->text[size] = '\0';
	file->size = size;
}

void fake_sys_pipe(const char *path, const char *text)
{
	fake_file_script(path, FAKE_FILE_PIPE, text, 0);
}

void fake_sys_file_error(const char *path, int errnum)
{
	fake_file_script(path, FAKE_FILE_ERROR, "", errnum);
}

const char *fake_sys_written(const char *path)
{
	struct fake_file *file = fake_file_find(path);

	return file ? file->written : NULL;
}

void fake_sys_fs_type(const char *path, long fs_type)
{
	size_t i = fake.nr_fs_types++ % FAKE_NR_FS_TYPES;

	snprintf(fake.fs_types[i].path, FAKE_PATH_SIZE, "%s", path);
	fake.fs_types[i].fs_type = fs_type;
}

void fake_sys_interface(const char *name, unsigned ifindex)
{
	size_t i = fake.nr_interfaces++ % FAKE_NR_INTERFACES;

	snprintf(fake.interfaces[i].name, IF_NAMESIZE, "%s", name);
	fake.interfaces[i].ifindex = ifindex;
}

void fake_sys_reply(const void *bytes, size_t size)
{
	free(fake.reply);
	fake.reply = malloc(size);
	if (!fake.reply)
		abort();
	memcpy(fake.reply, bytes, size);
	fake.reply_size = size;
}

void fake_sys_netlink_error(int errnum, const char *extack)
{
	fake.netlink_errnum = errnum;
	snprintf(fake.netlink_extack, sizeof(fake.netlink_extack), "%s", extack ? extack : "");
}

void fake_sys_readable(int fd, bool readable)
{
	struct fake_fd *entry = fake_bpf_fd(fd);

	if (!entry)
		abort();
	entry->readable = readable;
}
