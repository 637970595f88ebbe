/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Links: a program attached to a hook. Closing a link detaches the program.
 *
 * An attach spec is text: a section name ("tracepoint/syscalls/sys_enter_execve"), or a section name with the
 * place behind a colon where the name alone says nothing ("xdp:lo"), then options ("xdp:lo,mode=skb"). `PROG=`
 * in front names the program. bpftrace's spelling ("tracepoint:syscalls:sys_enter_execve") is understood too.
 * docs/attach.md has the grammar.
 */
#ifndef BPFLOAD_LINK_H
#define BPFLOAD_LINK_H

#include "btf.h"
#include "object.h"

#ifdef __cplusplus
extern "C" {
#endif

struct bpfl_attach; /* a parsed attach spec */
struct bpfl_link;

/*
 * Parses text strictly: trailing junk is an error that names its column.
 * @ret_attach: to be given to bpfl_attach_destroy().
 * Return: 0, or -EINVAL (kind USAGE; near names in fix).
 */
BPFL_API int bpfl_attach_parse(const char *text, struct bpfl_attach **ret_attach, struct bpfl_error *err);
/* NULL is fine. Links that were made with it stay. */
BPFL_API void bpfl_attach_destroy(struct bpfl_attach *attach);

/*
 * Narrows a spec to one process (as its option pid= does), when its kind can be narrowed so and it does not say
 * a process itself: probes in user space, perf events, iterators over tasks.
 * @pid: above 0.
 * Return: 1 when the spec has a process now, 0 when its kind has none, or -ENOMEM.
 */
BPFL_API int bpfl_attach_default_pid(struct bpfl_attach *attach, int pid, struct bpfl_error *err);

/*
 * Finds the program that an attach spec means: the one it names; else the only program; else the one whose
 * section equals the spec; else the only one of a compatible type.
 * @ret_prog_idx: its index in the spec.
 * Return: 0; -ENOENT no such program; -EINVAL none or several fit (both kind USAGE, candidates listed).
 */
BPFL_API int bpfl_attach_select(const struct bpfl_attach *attach, const struct bpfl_spec *spec, size_t *ret_prog_idx,
				struct bpfl_error *err);

/*
 * Prepares a spec for an attach: a program without a known type gets the type that the attach spec implies, and targets
 * that are fixed at load time (tp_btf/...) are taken over; kinds of hooks that need more of the object (USDT:
 * room in a map) see to it. Call before bpfl_image_build(), also for specs of bpfl_attach_from_section(). Does
 * nothing for most.
 * @prog_idx: index in the spec.
 * Return: 0; -EINVAL (kind USAGE) when the program's type is another one; what a kind of hook finds missing
 *         (TARGET, UNSUPPORTED).
 */
BPFL_API int bpfl_attach_prepare(const struct bpfl_attach *attach, struct bpfl_spec *spec, size_t prog_idx,
				 struct bpfl_error *err);

/*
 * Checks, before anything is loaded, that the target exists (tracepoint directory, network interface, ...).
 * Cheap; needs no privileges.
 * Return: 0, also when it cannot be known; -ENOENT and the like with near names (kind TARGET); -EOPNOTSUPP for
 *         what cannot be attached by itself (USAGE) or by this library (UNSUPPORTED).
 */
BPFL_API int bpfl_attach_check(const struct bpfl_attach *attach, const struct bpfl_spec *spec, size_t prog_idx,
			       struct bpfl_error *err);

/*
 * The attach spec that a program's own section stands for.
 * @ret_attach: to be given to bpfl_attach_destroy(); NULL for programs that are only loaded (others refer to
 * them: "xdp/devmap").
 * Return: 0; -EINVAL (kind USAGE, E10) when the section is incomplete, with the option to add.
 */
BPFL_API int bpfl_attach_from_section(const struct bpfl_spec *spec, size_t prog_idx, struct bpfl_attach **ret_attach,
				      struct bpfl_error *err);

/*
 * Attaches a loaded program.
 * @object: must outlive the link.
 * @prog_idx: index in the object's spec.
 * @attach: read only; need not outlive the link.
 * @log: may be NULL; told of fallbacks.
 * @ret_link: to be given to bpfl_link_close(), which detaches.
 * Return: 0, or -errno: TARGET (missing, busy), PERMISSION, UNSUPPORTED.
 * Needs: CAP_PERFMON for tracing, CAP_NET_ADMIN for networking programs (CAP_SYS_ADMIN before Linux 5.8);
 *        tracepoints also tracefs. docs/attach.md has the kernel version of each kind of hook.
 */
BPFL_API int bpfl_link_attach(struct bpfl_object *object, size_t prog_idx, const struct bpfl_attach *attach,
			      const struct bpfl_log *log, struct bpfl_link **ret_link, struct bpfl_error *err);
/*
 * Registers a struct_ops variable (bpfl_map_view.is_struct_ops) of a loaded object with the kernel; closing the
 * link unregisters it. Of section ".struct_ops.link": by a kernel link (Linux 6.4), which goes with the
 * process. Of ".struct_ops" (5.6): it stays when the process is killed.
 * @object: must outlive the link.
 * @map: the variable's name.
 * @log: may be NULL.
 * @ret_link: to be given to bpfl_link_close().
 * Return: 0, or -errno: TARGET (-EEXIST: the name is taken), USAGE (-ENOENT), PERMISSION, UNSUPPORTED.
 * Needs: Linux 5.6; CAP_BPF, and what the interface asks for (CAP_NET_ADMIN for TCP congestion control).
 */
BPFL_API int bpfl_link_attach_map(struct bpfl_object *object, const char *map, const struct bpfl_log *log,
				  struct bpfl_link **ret_link, struct bpfl_error *err);
/* Detaches and frees. Does not fail; NULL is fine. Perf events take their time: bpfl_links_detach(). */
BPFL_API void bpfl_link_close(struct bpfl_link *link);

/*
 * Takes out of the kernel what users of this library left there when they were killed and what does not go away
 * by itself: filters of tc, in this network namespace. Only what carries the mark of a process that is
 * certainly gone. Attaching by tc does it too; call it at the start of a program that shall clean up after its
 * last run.
 * @log: may be NULL; told what was removed.
 * Needs: CAP_NET_ADMIN; without it nothing is removed, silently.
 */
BPFL_API void bpfl_link_sweep(const struct bpfl_log *log);

/*
 * Detaches many links in the time of one: when it returns, no program of theirs runs any more. The links stay,
 * to be closed with bpfl_link_close(), which then only lets go of perf events (44 ms each, one after the other
 * in the kernel). Programs that were put on their events by ioctl (before Linux 5.15) go with the events: all
 * soon, but this call returns when the events are closed.
 * @links: NULL entries are skipped.
 * @nr_threads: how many threads may wait side by side, this one included; 0 and 1 start none. They have ended
 * when it returns.
 * Return: how many perf events are left.
 */
BPFL_API size_t bpfl_links_detach(struct bpfl_link *const *links, size_t nr_links, unsigned nr_threads);

/*
 * For a process that wants to go at once: descriptors of a link whose closing may be left to another process.
 * The library starts none by itself.
 *
 *     nr = bpfl_link_slow_fds(link, fds, max)       of every link, one list
 *     fork()                                        or fds sent to a process that is there already
 *       in the child: close all but fds, tell the parent, wait until the parent has closed its own;
 *                     bpfl_slow_fds_close(fds, nr, 64, begun_fd); _exit(0)
 *     bpfl_link_close(link)                         of every link: takes no time while the child has the fds
 *     wait for begun_fd to be closed                programs are off, or as good as: see below
 *
 * @link: NULL gives 0.
 * @ret_fds: filled with at most max descriptors; they belong to the link, as before. NULL only with max 0.
 * Return: how many there are; 0: closing it here is quick, or must be seen to the end here.
 */
BPFL_API size_t bpfl_link_slow_fds(const struct bpfl_link *link, int *ret_fds, size_t max);
/*
 * Closes such descriptors in the process that has the last of them. The kernel takes a program off when the
 * closing begins, then waits.
 * @nr_threads: how many may wait side by side, this one included; 64 at most. They have ended when it returns.
 * @begun_fd: the end of a pipe, closed when every descriptor has a thread that is about to close it; -1: nobody
 *         waits for it. A thread may still have to wait for a CPU then: on a loaded machine the last program
 *         has been seen to run for part of a second more.
 */
BPFL_API void bpfl_slow_fds_close(const int *fds, size_t nr_fds, unsigned nr_threads, int begun_fd);

/*
 * Puts another program into the place of the one that a link holds, in one step (Linux 5.7): xdp, tcx, netkit,
 * cgroups, sk_lookup, flow_dissector, iterators, sockmaps.
 * @object: has the new program, of the same type; must outlive the link from now on.
 * @expected_prog_fd: only if the link holds this program; -1: whichever it holds.
 * Return: 0; or -errno and the old program stays: TARGET (it holds another), UNSUPPORTED or SYSTEM (-EINVAL:
 *         not for this kind).
 */
BPFL_API int bpfl_link_update(struct bpfl_link *link, const struct bpfl_object *object, size_t prog_idx,
			      int expected_prog_fd, struct bpfl_error *err);

/*
 * The same for a struct_ops variable that is registered by a link (.struct_ops.link, Linux 6.4), where its
 * interface can be updated (TCP congestion controls: of the same name; sched_ext not).
 * @object: has the new variable, loaded; must outlive the link from now on.
 * @map: the new variable, in .struct_ops.link.
 * @expected_map_fd: only if the link holds this one; -1: whichever.
 * Return: 0; or -errno and the old one stays: USAGE (-ENOENT), UNSUPPORTED, TARGET, SYSTEM.
 */
BPFL_API int bpfl_link_update_map(struct bpfl_link *link, const struct bpfl_object *object, const char *map,
				  int expected_map_fd, struct bpfl_error *err);

/*
 * What is attached where, and by which mechanism.
 * Return: "count_packets: xdp on lo (native)", owned by the link.
 */
BPFL_API const char *bpfl_link_text(const struct bpfl_link *link);
/*
 * Return: the link's file descriptor, owned by the link; -ENOENT for mechanisms that have none (netlink).
 */
BPFL_API int bpfl_link_fd(const struct bpfl_link *link);

/*
 * Some programs wait for nothing: an iterator walks when it is read, a program of section "syscall" runs when
 * it is told to.
 * Return: true for the links of those: they do something in bpfl_link_read() only.
 */
BPFL_API bool bpfl_link_is_on_demand(const struct bpfl_link *link);
/*
 * Runs the program of such a link and hands over what it says: the text of an iterator as it is, or "PROG
 * returned N". Each call begins anew.
 * @format: BPFL_FORMAT_JSON makes an object of each line.
 * @write: takes the text in pieces, valid during the call.
 * Return: 0, -errno, or what write() returned; -EOPNOTSUPP (kind USAGE) for other links.
 * Needs: iterators nothing more (Linux 5.8); programs of section "syscall" CAP_BPF (Linux 5.14).
 */
BPFL_API int bpfl_link_read(struct bpfl_link *link, enum bpfl_format format, bpfl_write_fn write, void *ctx,
			    struct bpfl_error *err);

#ifdef __cplusplus
}
#endif

#endif
