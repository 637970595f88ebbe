/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/diagnose.c: why the kernel said no.
 *
 * bpf(2) answers EPERM for seven different reasons and EINVAL for a hundred. The number alone is
 * useless, and guesses ("try ulimit -l") send people the wrong way. So after a refusal, and only
 * then, facts about this process and this system are read, and the first cause that they prove is
 * told. What they do not prove is not claimed.
 */
#include "kern/object.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include "base/text.h"
#include "image/since.h"
#include "sys/facts.h"
#include "sys/file.h"

#define NR(table) (sizeof(table) / sizeof((table)[0]))
#define CAP_BIT(cap) BPFL_CAP_BIT(cap)
#define ENOTSUPP_KERNEL 524 /* meant to stay inside the kernel, but bpf(2) returns it */

struct refusal {
	enum bpfl_wanted wanted;
	unsigned type;
	int errnum;
	uint32_t version;
	bool caps_known;
	uint64_t caps;
};

static uint64_t caps_needed(const struct refusal *refusal)
{
	switch (refusal->wanted) {
	case BPFL_WANTED_TRACEFS:
		return 0; /* a matter of the files' owner and mode */
	case BPFL_WANTED_PERF_EVENT:
		return CAP_BIT(BPFL_CAP_PERFMON);
	case BPFL_WANTED_UPROBE:
		return CAP_BIT(BPFL_CAP_SYS_ADMIN);
	case BPFL_WANTED_MAP:
		return bpfl_map_type_caps(refusal->type, refusal->version);
	case BPFL_WANTED_FREEZE:
	case BPFL_WANTED_BTF:
		return bpfl_map_type_caps(BPFL_MAP_TYPE_UNSPEC, refusal->version);
	default:
		return bpfl_prog_type_caps(refusal->type, refusal->version);
	}
}

static const char *wanted_text(const struct refusal *refusal)
{
	static const char *const texts[] = {
		[BPFL_WANTED_MAP] = "creating this map",
		[BPFL_WANTED_FREEZE] = "freezing this map",
		[BPFL_WANTED_BTF] = "loading BTF",
		[BPFL_WANTED_PROG] = "loading this program",
		[BPFL_WANTED_PERF_EVENT] = "opening a perf event",
		[BPFL_WANTED_LINK] = "attaching this program",
		[BPFL_WANTED_TRACEFS] = "using tracefs",
		[BPFL_WANTED_UPROBE] = "a uprobe on a perf event (since Linux 6.16, and fixes of July 2025 for older ones)",
	};

	return texts[refusal->wanted];
}

static bool in_user_namespace(void)
{
	struct bpfl_buf text = BPFL_BUF_INIT;
	unsigned long first = 0, parent = 0, nr = UINT32_MAX;
	bool inside = false;

	/* The first user namespace maps all of 0..2^32-2 onto itself. */
	if (bpfl_file_read_virtual(AT_FDCWD, "/proc/self/uid_map", 4096, &text) == 0 && text.data &&
	    sscanf(text.data, "%lu %lu %lu", &first, &parent, &nr) == 3)
		inside = first != 0 || parent != 0 || nr != UINT32_MAX;
	bpfl_buf_deinit(&text);
	return inside;
}

/* ---- causes of EPERM and EACCES: each looks whether it is the one ---- */

/* E1, E2 */
static bool cause_capabilities(const struct refusal *refusal, struct bpfl_error *err)
{
	uint64_t missing = caps_needed(refusal) & ~refusal->caps;
	char have[128], need[128], file[128];
	long unprivileged;

	/* bpf(2) takes CAP_SYS_ADMIN for any of them. */
	if (!refusal->caps_known || missing == 0 || (refusal->caps & CAP_BIT(BPFL_CAP_SYS_ADMIN)))
		return false;
	if (refusal->wanted == BPFL_WANTED_PERF_EVENT &&
	    bpfl_facts_sysctl("kernel/perf_event_paranoid") >= 2)
		return false; /* E4 has more to say */
	bpfl_error_catalogue(
		err, missing & (CAP_BIT(BPFL_CAP_BPF) | CAP_BIT(BPFL_CAP_SYS_ADMIN)) ? 1 : 2);
	bpfl_error_why(err, "%s needs %s (have: %s)", wanted_text(refusal),
		       bpfl_caps_text(missing, " and ", false, need, sizeof(need)),
		       bpfl_caps_text(refusal->caps, ", ", false, have, sizeof(have)));
	unprivileged = bpfl_facts_sysctl("kernel/unprivileged_bpf_disabled");
	if (unprivileged >= 0 && err->catalogue_id == 1 && refusal->wanted != BPFL_WANTED_UPROBE)
		bpfl_error_why(err, "kernel.unprivileged_bpf_disabled is %ld", unprivileged);
	bpfl_error_fix(
		err,
		"run as root (sudo), or give the command what it needs: setcap %s+ep FILE%s; in a container: --cap-add with the same names",
		bpfl_caps_text(caps_needed(refusal), ",", true, file, sizeof(file)),
		refusal->wanted == BPFL_WANTED_MAP || refusal->wanted == BPFL_WANTED_BTF
			? " (tracing programs also need cap_perfmon, networking programs cap_net_admin)"
			: "");
	if (refusal->wanted == BPFL_WANTED_UPROBE)
		bpfl_error_fix(err, "or take section uprobe.multi (Linux 6.6), for which CAP_BPF and CAP_PERFMON are "
				    "enough");
	return true;
}

/* E4 */
static bool cause_perf_paranoid(const struct refusal *refusal, struct bpfl_error *err)
{
	long paranoid;

	if (refusal->wanted != BPFL_WANTED_PERF_EVENT)
		return false;
	paranoid = bpfl_facts_sysctl("kernel/perf_event_paranoid");
	if (paranoid < 0 ||
	    (refusal->caps & (CAP_BIT(BPFL_CAP_PERFMON) | CAP_BIT(BPFL_CAP_SYS_ADMIN))))
		return false;
	bpfl_error_catalogue(err, 4);
	bpfl_error_why(err, "kernel.perf_event_paranoid is %ld and CAP_PERFMON is missing",
		       paranoid);
	bpfl_error_fix(
		err,
		"run as root, or with CAP_PERFMON (where the kernel is patched to know level 3 or 4, as Debian's and Ubuntu's are: CAP_SYS_ADMIN, or sysctl kernel.perf_event_paranoid=2)");
	return true;
}

/*
 * E3. Since 5.11 memory of BPF is charged to the memory cgroup and this limit means nothing: then
 * it is never named.
 */
static bool cause_memlock(const struct refusal *refusal, struct bpfl_error *err)
{
	uint64_t limit;

	if (refusal->version == 0 || refusal->version >= BPFL_KERNEL_VERSION(5, 11, 0) ||
	    (refusal->wanted != BPFL_WANTED_MAP && refusal->wanted != BPFL_WANTED_PROG))
		return false;
	limit = bpfl_facts_memlock_limit();
	if (limit == UINT64_MAX)
		return false;
	bpfl_error_catalogue(err, 3);
	bpfl_error_why(err,
		       "Linux %u.%u charges BPF memory to RLIMIT_MEMLOCK, which is %llu bytes here",
		       BPFL_VERSION_ARGS(refusal->version), (unsigned long long)limit);
	bpfl_error_fix(
		err,
		"raise the limit before starting: ulimit -l unlimited (raising it from inside needs CAP_SYS_RESOURCE)");
	return true;
}

/* E5 */
static bool cause_seccomp(const struct refusal *refusal, struct bpfl_error *err)
{
	if (bpfl_facts_seccomp() != 2)
		return false;
	bpfl_error_catalogue(err, 5);
	bpfl_error_why(
		err,
		"a seccomp filter is active in this process (Seccomp: 2 in /proc/self/status), and %s is what such filters forbid",
		wanted_text(refusal));
	bpfl_error_fix(
		err,
		"in a container: --cap-add BPF (Docker 23 opens its filter with it), or --security-opt seccomp=FILE with bpf and perf_event_open allowed");
	return true;
}

/*
 * E6. Integrity mode of Linux itself takes one helper away and refuses nothing else; kernels with
 * patches refuse more. So there it is told as what is known, not as the proven cause.
 */
static bool cause_lockdown(const struct refusal *refusal, struct bpfl_error *err)
{
	char mode[32];

	(void)refusal;
	bpfl_facts_lockdown(mode, sizeof(mode));
	if (mode[0] == '\0' || strcmp(mode, "none") == 0)
		return false;
	bpfl_error_catalogue(err, 6);
	bpfl_error_why(err, "the kernel is locked down: /sys/kernel/security/lockdown says [%s]%s",
		       mode,
		       strcmp(mode, "confidentiality") == 0
			       ? ", which forbids reading kernel memory and perf events"
			       : "; nothing else that can be read forbids this");
	bpfl_error_fix(
		err,
		"boot without lockdown=%s (Secure Boot may switch it on); it cannot be lowered while the system runs",
		mode);
	return true;
}

/*
 * A capability counts in the user namespace that owns the thing, and BPF belongs to the first one.
 */
static bool cause_user_namespace(const struct refusal *refusal, struct bpfl_error *err)
{
	if (!in_user_namespace())
		return false;
	bpfl_error_catalogue(err, 1);
	bpfl_error_why(
		err,
		"this process is root only inside a user namespace, and %s needs capabilities outside of it",
		wanted_text(refusal));
	bpfl_error_fix(err, "run outside of the user namespace (rootless containers are one)");
	return true;
}

/* G-80: everything that can be read allows it. */
static void cause_unknown(const struct refusal *refusal, struct bpfl_error *err)
{
	char have[128], mode[32];
	bool needs_trampoline =
		refusal->wanted == BPFL_WANTED_PROG &&
		(refusal->type == BPFL_PROG_TRACING || refusal->type == BPFL_PROG_LSM ||
		 refusal->type == BPFL_PROG_EXT);

	if (needs_trampoline)
		bpfl_error_why(
			err,
			"the kernel gave no reason (the verifier's log is empty); some kernels refuse %s programs by policy or for want of trampolines",
			bpfl_prog_type_name(refusal->type));
	if (refusal->caps_known)
		bpfl_error_why(err, "capabilities are not the cause (have: %s)",
			       bpfl_caps_text(refusal->caps, ", ", false, have, sizeof(have)));
	if (bpfl_facts_lockdown(mode, sizeof(mode))[0] == '\0')
		bpfl_error_why(
			err,
			"lockdown could be; /sys/kernel/security/lockdown could not be read (is securityfs mounted?)");
	if (needs_trampoline)
		bpfl_error_fix(
			err,
			"a kprobe or tracepoint may do the same; the kernel's own log (dmesg) may name who refused");
	else
		bpfl_error_fix(
			err,
			"look for a security module's refusal in the kernel's log (dmesg) or the audit log");
}

static void diagnose_permission(const struct refusal *refusal, struct bpfl_error *err)
{
	static bool (*const causes[])(const struct refusal *, struct bpfl_error *) = {
		cause_capabilities,   cause_perf_paranoid, cause_memlock,
		cause_user_namespace, cause_seccomp,       cause_lockdown,
	};

	err->kind = BPFL_ERR_PERMISSION;
	for (size_t i = 0; i < NR(causes); i++) {
		if (causes[i](refusal, err))
			return;
	}
	cause_unknown(refusal, err);
}

/* ---- everything else ---- */

/* The memory cgroup's limit, which BPF memory is charged to since 5.11. 0: none or unknown. */
static uint64_t memory_cgroup_limit(char *path, size_t path_size)
{
	struct bpfl_buf text = BPFL_BUF_INIT;
	const char *line;
	uint64_t limit = 0;

	if (bpfl_file_read_virtual(AT_FDCWD, "/proc/self/cgroup", 65536, &text) == 0 && text.data &&
	    (line = strstr(text.data, "0::"))) {
		int size = (int)strcspn(line + 3, "\n");

		snprintf(path, path_size, "/sys/fs/cgroup%.*s/memory.max", size, line + 3);
		if (bpfl_file_read_u64(AT_FDCWD, path, &limit) != 0)
			limit = 0; /* "max" is no number */
	}
	bpfl_buf_deinit(&text);
	return limit;
}

/* E33 */
static void diagnose_memory(const struct refusal *refusal, struct bpfl_error *err)
{
	char path[512];
	uint64_t limit = memory_cgroup_limit(path, sizeof(path));

	if (refusal->wanted == BPFL_WANTED_MAP)
		bpfl_error_catalogue(err, 33);
	if (limit > 0)
		bpfl_error_why(err, "the memory cgroup allows %llu bytes (%s)",
			       (unsigned long long)limit, BPFL_ESC(path));
	if (refusal->wanted == BPFL_WANTED_MAP)
		bpfl_error_fix(err, "make the map smaller (--map NAME.max_entries=N)%s",
			       limit > 0 ? " or raise the cgroup's limit" : "");
}

static void diagnose_descriptors(const struct refusal *refusal, struct bpfl_error *err)
{
	bpfl_error_why(err, "%s takes a file descriptor, and %s has none left",
		       wanted_text(refusal),
		       refusal->errnum == EMFILE ? "this process" : "the system");
	bpfl_error_fix(err, refusal->errnum == EMFILE
				    ? "raise the limit before starting: ulimit -n 65536"
				    : "raise fs.file-max, or end processes that hold many files");
}

/*
 * E16 and its like for programs: the kernel is too old for the type, or does not know the number at
 * all.
 */
static void diagnose_form(const struct refusal *refusal, struct bpfl_error *err)
{
	const char *what = refusal->wanted == BPFL_WANTED_MAP ? "map" : "program";
	const char *name = NULL;
	uint32_t since = 0;

	if (refusal->wanted == BPFL_WANTED_MAP) {
		name = bpfl_map_type_name(refusal->type);
		since = bpfl_map_type_since(refusal->type);
	} else if (refusal->wanted == BPFL_WANTED_PROG) {
		name = bpfl_prog_type_name(refusal->type);
		since = bpfl_prog_type_since(refusal->type);
	} else {
		return;
	}
	if (!name || since == 0) {
		bpfl_error_why(
			err,
			"%s type %u is newer than this loader, and this kernel may not know it either",
			what, refusal->type);
	} else if (refusal->version != 0 && refusal->version < since) {
		err->kind = BPFL_ERR_UNSUPPORTED;
		bpfl_error_catalogue(err, 16);
		bpfl_error_why(err, "%s type %s came with Linux %u.%u, this is Linux %u.%u", what,
			       name, BPFL_VERSION_ARGS(since), BPFL_VERSION_ARGS(refusal->version));
		bpfl_error_fix(err, "use a newer kernel, or another %s type", what);
	} else if (refusal->errnum == EOPNOTSUPP || refusal->errnum == ENOTSUPP_KERNEL) {
		err->kind = BPFL_ERR_UNSUPPORTED;
		bpfl_error_catalogue(err, 16);
		bpfl_error_why(
			err,
			"this kernel is new enough for %s type %s (Linux %u.%u), so it was built without it or lacks it on this machine",
			what, name, BPFL_VERSION_ARGS(since));
	} else if (refusal->errnum == EINVAL) {
		bpfl_error_why(
			err, "%s type %s is known since Linux %u.%u%s", what, name,
			BPFL_VERSION_ARGS(since),
			refusal->wanted == BPFL_WANTED_MAP
				? ", so it is one of the map's numbers, or the kernel was built without the type"
				: ", but the kernel may have been built without it");
	}
}

void bpfl_diagnose_refusal(struct bpfl_error *err, enum bpfl_wanted wanted, unsigned type,
			   int errnum, struct bpfl_target *target)
{
	struct refusal refusal = { .wanted = wanted,
				   .type = type,
				   .errnum = errnum < 0 ? -errnum : errnum };

	if (!err)
		return;
	refusal.version = bpfl_target_kernel_version(target);
	switch (refusal.errnum) {
	case EPERM:
	case EACCES:
		refusal.caps_known = bpfl_facts_capabilities(&refusal.caps);
		/* Only a refusal in spite of this capability shows the newer rule. */
		if (wanted == BPFL_WANTED_UPROBE && !(refusal.caps & CAP_BIT(BPFL_CAP_PERFMON)))
			refusal.wanted = BPFL_WANTED_PERF_EVENT;
		diagnose_permission(&refusal, err);
		break;
	case ENOMEM:
		diagnose_memory(&refusal, err);
		break;
	case EMFILE:
	case ENFILE:
		diagnose_descriptors(&refusal, err);
		break;
	case ENOSYS:
		err->kind = BPFL_ERR_UNSUPPORTED;
		bpfl_error_why(
			err,
			"this kernel has no such system call (CONFIG_BPF_SYSCALL, CONFIG_PERF_EVENTS), or a sandbox hides it");
		break;
	case E2BIG:
		if (wanted == BPFL_WANTED_MAP)
			diagnose_memory(&refusal, err);
		break;
	default:
		diagnose_form(&refusal, err);
		break;
	}
}
