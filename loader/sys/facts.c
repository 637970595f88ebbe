/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/facts: answers about the running system. See sys/facts.h.
 *
 * Nearly everything is read from a file of /proc or /sys through sys/file.h, so a test (or a container) can put
 * other facts in their place. What cannot be read is "unknown", never an error: these facts explain errors,
 * they must not add any.
 */
#include "sys/facts.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/text.h"
#include "sys/enter.h"
#include "sys/file.h"

#define SMALL_FILE_SIZE 65536
/* More than any kernel is built for (NR_CPUS is at most 8192 upstream); a bound for what follows from the number. */
#define NR_CPUS_MAX 65536

/* ---- version ---- */

/* "6.1.90-1..." -> version code; 0 when text does not begin with two numbers. */
static uint32_t version_at(const char *text)
{
	unsigned a, b, c = 0;

	if (sscanf(text, "%3u.%3u.%5u", &a, &b, &c) < 2)
		return 0;
	return BPFL_KERNEL_VERSION(a, b, c);
}

/* The text behind the last space. */
static const char *last_word(const char *text)
{
	const char *space = strrchr(text, ' ');

	return space ? space + 1 : text;
}

uint32_t bpfl_facts_parse_version(const char *release, const char *version, const char *signature)
{
	static const char debian[] = "Debian ";
	uint32_t code = signature ? version_at(last_word(signature)) : 0;
	const char *at;

	/* Ubuntu: "Ubuntu 5.15.0-91.101-generic 5.15.131", where uname -r says 5.15.0. */
	if (code)
		return code;
	/* Debian: "#1 SMP PREEMPT_DYNAMIC Debian 6.1.90-1 (2024-05-03)", where uname -r says 6.1.0. */
	for (at = strstr(version, debian); at; at = strstr(at + 1, debian)) {
		code = version_at(at + sizeof(debian) - 1);
		if (code)
			return code;
	}
	return version_at(release);
}

static bool read_text(const char *path, struct bpfl_buf *ret_text)
{
	struct bpfl_buf text = BPFL_BUF_INIT;

	if (bpfl_file_read_virtual(AT_FDCWD, path, SMALL_FILE_SIZE, &text) < 0)
		return false;
	while (text.size > 0 && isspace((unsigned char)text.data[text.size - 1]))
		text.data[--text.size] = 0;
	*ret_text = text;
	return true;
}

uint32_t bpfl_facts_kernel_version(void)
{
	struct bpfl_buf signature = BPFL_BUF_INIT;
	struct utsname names;
	uint32_t code;

	if (bpfl_enter_uname(&names) < 0)
		return 0;
	read_text("/proc/version_signature", &signature);
	code = bpfl_facts_parse_version(names.release, names.version, signature.data);
	bpfl_buf_deinit(&signature);
	return code;
}

char *bpfl_facts_kernel_release(char *out, size_t out_size)
{
	struct utsname names;

	snprintf(out, out_size, "%s", bpfl_enter_uname(&names) < 0 ? "" : names.release);
	return out;
}

/* ---- pages and CPUs ---- */

unsigned bpfl_facts_page_size(void)
{
	long size = sysconf(_SC_PAGESIZE); /* from the auxiliary vector: no system call */

	return size > 0 ? (unsigned)size : 4096;
}

/* One number of a CPU list; moves *text behind it. */
static int cpu_number(const char **text, unsigned *ret)
{
	unsigned value = 0;

	if (!isdigit((unsigned char)**text))
		return -EINVAL;
	for (; isdigit((unsigned char)**text); (*text)++) {
		value = value * 10 + (unsigned)(**text - '0');
		if (value >= NR_CPUS_MAX)
			return -EINVAL;
	}
	*ret = value;
	return 0;
}

int bpfl_facts_parse_cpu_list(const char *text, unsigned *ret_nr_cpus, unsigned *ret_nr_slots)
{
	unsigned nr_cpus = 0, nr_slots = 0;

	/* The kernel prints ranges in rising order; anything else would count a CPU twice. */
	for (;;) {
		unsigned first, last;

		if (cpu_number(&text, &first) < 0)
			return -EINVAL;
		last = first;
		if (*text == '-') {
			text++;
			if (cpu_number(&text, &last) < 0)
				return -EINVAL;
		}
		if (first < nr_slots || last < first)
			return -EINVAL;
		nr_cpus += last - first + 1;
		nr_slots = last + 1;
		if (*text != ',')
			break;
		text++;
	}
	if (*text == '\n')
		text++;
	if (*text)
		return -EINVAL;
	*ret_nr_cpus = nr_cpus;
	*ret_nr_slots = nr_slots;
	return 0;
}

static int read_cpus(unsigned *ret_nr_cpus, unsigned *ret_nr_slots)
{
	struct bpfl_buf text = BPFL_BUF_INIT;
	int ret = bpfl_file_read_virtual(AT_FDCWD, BPFL_POSSIBLE_CPUS_PATH, SMALL_FILE_SIZE, &text);

	if (ret >= 0)
		ret = bpfl_facts_parse_cpu_list(text.data, ret_nr_cpus, ret_nr_slots);
	bpfl_buf_deinit(&text);
	return ret;
}

/* Without /sys: what libc believes. It counts the CPUs that this process may run on, so there may be more. */
static void guess_cpus(unsigned *ret_nr_cpus, unsigned *ret_nr_slots)
{
	long configured = sysconf(_SC_NPROCESSORS_CONF);

	*ret_nr_cpus = *ret_nr_slots = configured > 0 ? (unsigned)configured : 1;
}

int bpfl_facts_count_possible_cpus(unsigned *ret_nr_cpus)
{
	unsigned nr_slots;

	return read_cpus(ret_nr_cpus, &nr_slots);
}

unsigned bpfl_facts_possible_cpus(void)
{
	unsigned nr_cpus, nr_slots;

	if (read_cpus(&nr_cpus, &nr_slots) < 0)
		guess_cpus(&nr_cpus, &nr_slots);
	return nr_cpus;
}

unsigned bpfl_facts_cpu_slots(void)
{
	unsigned nr_cpus, nr_slots;

	if (read_cpus(&nr_cpus, &nr_slots) < 0)
		guess_cpus(&nr_cpus, &nr_slots);
	return nr_slots;
}

/* ---- what this process may do ---- */

/* The value of a line "Name:<blanks>value" of /proc/self/status as a number in base. */
static bool status_number(const char *name, int base, uint64_t *ret_value)
{
	struct bpfl_buf text = BPFL_BUF_INIT;
	size_t name_size = strlen(name);
	bool found = false;

	if (!read_text("/proc/self/status", &text))
		return false;
	for (const char *line = text.data; line && !found;) {
		const char *end = strchr(line, '\n');

		if (strncmp(line, name, name_size) == 0 && line[name_size] == ':') {
			const char *value = line + name_size + 1 + strspn(line + name_size + 1, " \t");
			char *rest;

			*ret_value = strtoull(value, &rest, base);
			found = rest != value;
		}
		line = end ? end + 1 : NULL;
	}
	bpfl_buf_deinit(&text);
	return found;
}

bool bpfl_facts_capabilities(uint64_t *ret_effective)
{
	return status_number("CapEff", 16, ret_effective);
}

bool bpfl_facts_has_cap(unsigned cap)
{
	uint64_t effective;

	return cap < 64 && bpfl_facts_capabilities(&effective) && (effective >> cap & 1);
}

int bpfl_facts_seccomp(void)
{
	uint64_t mode;

	return status_number("Seccomp", 10, &mode) && mode <= 2 ? (int)mode : -1;
}

int bpfl_facts_process_start(int pid, unsigned long long *ret_start)
{
	struct bpfl_buf text = BPFL_BUF_INIT;
	char path[64];
	const char *at;
	int ret;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	ret = bpfl_file_read_virtual(AT_FDCWD, path, SMALL_FILE_SIZE, &text);
	if (ret < 0)
		return ret;
	/* The name in parentheses may contain anything; behind it come fields 3, 4, ... and the start is field 22. */
	at = strrchr(text.data, ')');
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (!at || sscanf(at, " %llu", ret_start) != 1)
		ret = -EINVAL;
	bpfl_buf_deinit(&text);
	return ret;
}

char *bpfl_facts_lockdown(char *out, size_t out_size)
{
	struct bpfl_buf text = BPFL_BUF_INIT;
	const char *open;

	/* "none [integrity] confidentiality"; the file is there when securityfs is mounted (5.4). */
	snprintf(out, out_size, "%s", "");
	if (!read_text("/sys/kernel/security/lockdown", &text))
		return out;
	open = strchr(text.data, '[');
	if (open)
		snprintf(out, out_size, "%.*s", (int)strcspn(open + 1, "]"), open + 1);
	bpfl_buf_deinit(&text);
	return out;
}

long bpfl_facts_sysctl(const char *name)
{
	struct bpfl_buf text = BPFL_BUF_INIT;
	char path[256];
	int64_t value = -1;

	if (snprintf(path, sizeof(path), "/proc/sys/%s", name) >= (int)sizeof(path))
		return -1;
	if (!read_text(path, &text))
		return -1;
	if (bpfl_text_to_s64(text.data, &value) < 0 || value > INT32_MAX || value < INT32_MIN)
		value = -1;
	bpfl_buf_deinit(&text);
	return (long)value;
}

uint64_t bpfl_facts_memlock_limit(void)
{
	static const char name[] = "Max locked memory";
	struct bpfl_buf text = BPFL_BUF_INIT;
	uint64_t limit = UINT64_MAX;
	const char *line;

	/* "Max locked memory         8388608              8388608              bytes" */
	if (!read_text("/proc/self/limits", &text))
		return limit;
	line = strstr(text.data, name);
	if (line) {
		line += sizeof(name) - 1;
		line += strspn(line, " ");
		if (isdigit((unsigned char)*line))
			limit = strtoull(line, NULL, 10);
	}
	bpfl_buf_deinit(&text);
	return limit;
}
