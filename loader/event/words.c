/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/words.c: numbers -> names. See words.h; system calls have a file of their own, which a script writes.
 *
 * Tables by number where numbers are small. The macros are those of the C library, so that an architecture's
 * own numbering (s390x, arm64 and x86-64 differ in flags of open(2), others in errors and signals) is the right
 * one: events come from the machine they are read on.
 */
#include "event/words.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "sys/file.h"

#define ACCOUNTS_SIZE_MAX (4u << 20) /* bytes of the file */
#define NR(table) (sizeof(table) / sizeof((table)[0]))
#define NAME(number) [number] = #number

/* ---- tables ---- */

const char *bpfl_errno_word(uint64_t number)
{
	static const char *const names[] = {
		NAME(EPERM), NAME(ENOENT), NAME(ESRCH), NAME(EINTR), NAME(EIO), NAME(ENXIO), NAME(E2BIG), NAME(ENOEXEC),
		NAME(EBADF), NAME(ECHILD), NAME(EAGAIN), NAME(ENOMEM), NAME(EACCES), NAME(EFAULT), NAME(ENOTBLK), NAME(EBUSY),
		NAME(EEXIST), NAME(EXDEV), NAME(ENODEV), NAME(ENOTDIR), NAME(EISDIR), NAME(EINVAL), NAME(ENFILE), NAME(EMFILE),
		NAME(ENOTTY), NAME(ETXTBSY), NAME(EFBIG), NAME(ENOSPC), NAME(ESPIPE), NAME(EROFS), NAME(EMLINK), NAME(EPIPE),
		NAME(EDOM), NAME(ERANGE), NAME(EDEADLK), NAME(ENAMETOOLONG), NAME(ENOLCK), NAME(ENOSYS), NAME(ENOTEMPTY),
		NAME(ELOOP), NAME(ENOMSG), NAME(EIDRM), NAME(ECHRNG), NAME(EL2NSYNC), NAME(EL3HLT), NAME(EL3RST), NAME(ELNRNG),
		NAME(EUNATCH), NAME(ENOCSI), NAME(EL2HLT), NAME(EBADE), NAME(EBADR), NAME(EXFULL), NAME(ENOANO), NAME(EBADRQC),
		NAME(EBADSLT), NAME(EBFONT), NAME(ENOSTR), NAME(ENODATA), NAME(ETIME), NAME(ENOSR), NAME(ENONET), NAME(ENOPKG),
		NAME(EREMOTE), NAME(ENOLINK), NAME(EADV), NAME(ESRMNT), NAME(ECOMM), NAME(EPROTO), NAME(EMULTIHOP), NAME(EDOTDOT),
		NAME(EBADMSG), NAME(EOVERFLOW), NAME(ENOTUNIQ), NAME(EBADFD), NAME(EREMCHG), NAME(ELIBACC), NAME(ELIBBAD),
		NAME(ELIBSCN), NAME(ELIBMAX), NAME(ELIBEXEC), NAME(EILSEQ), NAME(ERESTART), NAME(ESTRPIPE), NAME(EUSERS),
		NAME(ENOTSOCK), NAME(EDESTADDRREQ), NAME(EMSGSIZE), NAME(EPROTOTYPE), NAME(ENOPROTOOPT), NAME(EPROTONOSUPPORT),
		NAME(ESOCKTNOSUPPORT), NAME(EOPNOTSUPP), NAME(EPFNOSUPPORT), NAME(EAFNOSUPPORT), NAME(EADDRINUSE),
		NAME(EADDRNOTAVAIL), NAME(ENETDOWN), NAME(ENETUNREACH), NAME(ENETRESET), NAME(ECONNABORTED), NAME(ECONNRESET),
		NAME(ENOBUFS), NAME(EISCONN), NAME(ENOTCONN), NAME(ESHUTDOWN), NAME(ETOOMANYREFS), NAME(ETIMEDOUT),
		NAME(ECONNREFUSED), NAME(EHOSTDOWN), NAME(EHOSTUNREACH), NAME(EALREADY), NAME(EINPROGRESS), NAME(ESTALE),
		NAME(EUCLEAN), NAME(ENOTNAM), NAME(ENAVAIL), NAME(EISNAM), NAME(EREMOTEIO), NAME(EDQUOT), NAME(ENOMEDIUM),
		NAME(EMEDIUMTYPE), NAME(ECANCELED), NAME(ENOKEY), NAME(EKEYEXPIRED), NAME(EKEYREVOKED), NAME(EKEYREJECTED),
		NAME(EOWNERDEAD), NAME(ENOTRECOVERABLE), NAME(ERFKILL), NAME(EHWPOISON),
		/* What a kernel's function returns and no program ever sees: a probe does. */
		[512] = "ERESTARTSYS", [513] = "ERESTARTNOINTR", [514] = "ERESTARTNOHAND", [515] = "ENOIOCTLCMD",
		[516] = "ERESTART_RESTARTBLOCK", [517] = "EPROBE_DEFER", [524] = "ENOTSUPP", [529] = "EIOCBQUEUED",
	};

	return number < NR(names) ? names[number] : NULL;
}

const char *bpfl_signal_name(uint64_t number)
{
	static const char *const names[] = {
		NAME(SIGHUP), NAME(SIGINT), NAME(SIGQUIT), NAME(SIGILL), NAME(SIGTRAP), NAME(SIGABRT), NAME(SIGBUS),
		NAME(SIGFPE), NAME(SIGKILL), NAME(SIGUSR1), NAME(SIGSEGV), NAME(SIGUSR2), NAME(SIGPIPE), NAME(SIGALRM),
		NAME(SIGTERM), NAME(SIGCHLD), NAME(SIGCONT), NAME(SIGSTOP), NAME(SIGTSTP), NAME(SIGTTIN), NAME(SIGTTOU),
		NAME(SIGURG), NAME(SIGXCPU), NAME(SIGXFSZ), NAME(SIGVTALRM), NAME(SIGPROF), NAME(SIGWINCH), NAME(SIGIO),
		NAME(SIGPWR), NAME(SIGSYS),
	};

	return number < NR(names) ? names[number] : NULL;
}

const char *bpfl_protocol_name(uint64_t number)
{
	static const char *const names[] = {
		[IPPROTO_ICMP] = "ICMP", [IPPROTO_IGMP] = "IGMP", [IPPROTO_IPIP] = "IPIP", [IPPROTO_TCP] = "TCP",
		[IPPROTO_UDP] = "UDP", [IPPROTO_DCCP] = "DCCP", [IPPROTO_IPV6] = "IPV6", [IPPROTO_GRE] = "GRE",
		[IPPROTO_ESP] = "ESP", [IPPROTO_AH] = "AH", [IPPROTO_ICMPV6] = "ICMPV6", [IPPROTO_SCTP] = "SCTP",
		[IPPROTO_UDPLITE] = "UDPLITE", [IPPROTO_RAW] = "RAW",
	};

	return number < NR(names) ? names[number] : NULL;
}

/* ---- files ---- */

void bpfl_put_file_mode(struct bpfl_buf *out, uint64_t mode)
{
	static const struct { mode_t type; char letter; } types[] = {
		{ S_IFREG, '-' }, { S_IFDIR, 'd' }, { S_IFLNK, 'l' }, { S_IFCHR, 'c' },
		{ S_IFBLK, 'b' }, { S_IFIFO, 'p' }, { S_IFSOCK, 's' },
	};
	char text[10] = { '-', '-', '-', '-', '-', '-', '-', '-', '-', '-' };

	for (size_t i = 0; i < NR(types); i++) {
		if ((mode & S_IFMT) == types[i].type)
			text[0] = types[i].letter;
	}
	for (int bit = 0; bit < 9; bit++) {
		if (mode & (0400u >> bit))
			text[1 + bit] = "rwx"[bit % 3];
	}
	if (mode & S_ISUID)
		text[3] = mode & 0100 ? 's' : 'S';
	if (mode & S_ISGID)
		text[6] = mode & 0010 ? 's' : 'S';
	if (mode & S_ISVTX)
		text[9] = mode & 0001 ? 't' : 'T';
	bpfl_buf_append(out, text, sizeof(text));
}

/* The kernel sets it by itself for programs of 64 bits, for which the C library says 0. */
#if defined(__aarch64__) || defined(__arm__)
#define LARGEFILE 0400000
#elif defined(__powerpc__)
#define LARGEFILE 0200000
#else
#define LARGEFILE 0100000
#endif

void bpfl_put_open_flags(struct bpfl_buf *out, uint64_t flags)
{
	static const char *const ways[] = { "O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE" };
	/* Flags of several bits before those that they contain. */
	static const struct { uint32_t bits; const char *name; } rows[] = {
		{ O_CREAT, "O_CREAT" }, { O_EXCL, "O_EXCL" }, { O_NOCTTY, "O_NOCTTY" }, { O_TRUNC, "O_TRUNC" },
		{ O_APPEND, "O_APPEND" }, { O_NONBLOCK, "O_NONBLOCK" }, { O_SYNC, "O_SYNC" }, { O_DSYNC, "O_DSYNC" },
		{ O_ASYNC, "O_ASYNC" }, { O_DIRECT, "O_DIRECT" }, { LARGEFILE, "O_LARGEFILE" }, { O_TMPFILE, "O_TMPFILE" },
		{ O_DIRECTORY, "O_DIRECTORY" }, { O_NOFOLLOW, "O_NOFOLLOW" }, { O_NOATIME, "O_NOATIME" },
		{ O_CLOEXEC, "O_CLOEXEC" }, { O_PATH, "O_PATH" },
	};

	bpfl_buf_text(out, ways[flags & O_ACCMODE]);
	flags &= ~(uint64_t)O_ACCMODE;
	for (size_t i = 0; i < NR(rows) && flags; i++) {
		if ((flags & rows[i].bits) != rows[i].bits)
			continue;
		bpfl_buf_char(out, '|');
		bpfl_buf_text(out, rows[i].name);
		flags &= ~(uint64_t)rows[i].bits;
	}
	if (flags)
		bpfl_buf_printf(out, "|0x%llx", (unsigned long long)flags);
}

/* ---- users and groups ---- */

static int compare_accounts(const void *a, const void *b)
{
	const struct bpfl_account *left = a, *right = b;

	if (left->id != right->id)
		return left->id < right->id ? -1 : 1;
	return left->line < right->line ? -1 : left->line > right->line;
}

/* "root:x:0:..." : NAME, anything, ID. Lines of another form are left out. */
static void add_account(struct bpfl_accounts *accounts, const char *line, size_t size)
{
	const char *end = line + size, *second = memchr(line, ':', size);
	const char *third = second ? memchr(second + 1, ':', (size_t)(end - second - 1)) : NULL;
	struct bpfl_account *account;
	uint64_t id = 0;
	const char *at;

	if (!third || second == line)
		return;
	for (at = third + 1; at < end && *at >= '0' && *at <= '9' && id <= UINT32_MAX; at++)
		id = id * 10 + (uint64_t)(*at - '0');
	if (at == third + 1 || (at < end && *at != ':') || id > UINT32_MAX)
		return;
	account = BPFL_VEC_PUSH(&accounts->items);
	if (!account)
		return;
	account->id = (uint32_t)id;
	account->line = (uint32_t)accounts->items.nr;
	account->name = bpfl_strndup(line, (size_t)(second - line));
	if (!account->name)
		accounts->items.nr--;
}

static void read_accounts(struct bpfl_accounts *accounts, const char *path)
{
	struct bpfl_buf file = BPFL_BUF_INIT;
	struct bpfl_error err = BPFL_ERROR_INIT;

	accounts->is_read = true;
	if (bpfl_file_read(path, ACCOUNTS_SIZE_MAX, &file, &err) == 0) {
		for (size_t at = 0, len; at < file.size; at += len + 1) {
			const char *newline = memchr(file.data + at, '\n', file.size - at);

			len = newline ? (size_t)(newline - file.data) - at : file.size - at;
			add_account(accounts, file.data + at, len);
		}
	}
	if (accounts->items.nr > 1)
		qsort(accounts->items.items, accounts->items.nr, sizeof(*accounts->items.items), compare_accounts);
	bpfl_error_clear(&err);
	bpfl_buf_deinit(&file);
}

const char *bpfl_account_name(struct bpfl_accounts *accounts, const char *path, uint32_t id)
{
	size_t low = 0, high;

	if (!accounts->is_read)
		read_accounts(accounts, path);
	high = accounts->items.nr;
	while (low < high) { /* the first of those with this id, as in the file */
		size_t middle = low + (high - low) / 2;

		if (accounts->items.items[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < accounts->items.nr && accounts->items.items[low].id == id ? accounts->items.items[low].name : NULL;
}

void bpfl_accounts_deinit(struct bpfl_accounts *accounts)
{
	for (size_t i = 0; i < accounts->items.nr; i++)
		free(accounts->items.items[i].name);
	free(accounts->items.items);
	*accounts = (struct bpfl_accounts){ 0 };
}
