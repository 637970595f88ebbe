/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps at run time: of a loaded object, or of anybody, by id, name or pinned path.
 *
 *     struct bpfl_map *map;
 *     bpfl_map_open_pinned("/sys/fs/bpf/counts", &map, &err);
 *     bpfl_map_set_text(map, "{pid=1,comm=bash}", "7", NULL, &err);    (words, by the map's own types)
 *     bpfl_map_lookup(map, &key, sizeof(key), &value, sizeof(value), 0, &err);         (bytes)
 *     bpfl_map_each(map, 0, fn, ctx, &err);
 *     bpfl_map_close(map);
 *
 * Bytes are in this machine's byte order. A value of a per-CPU map is an array with an element for each
 * possible CPU, each of which begins at a multiple of 8 bytes; struct bpfl_map_facts has the size of the whole.
 * Functions that take bytes take their sizes too, and refuse others than the map's: the kernel reads and writes
 * as many as the map says, whatever the caller's memory has.
 *
 * Threads: a map may be used by several threads at the same time; closing it ends that.
 * Needs: CAP_BPF for what a process of its own may do; CAP_SYS_ADMIN to find maps by id or name.
 */
#ifndef BPFLOAD_MAP_H
#define BPFLOAD_MAP_H

#include "btf.h"
#include "event.h"
#include "table.h"

#ifdef __cplusplus
extern "C" {
#endif

struct bpfl_map;
struct bpfl_stacks; /* stack.h */

/* ---- opening ---- */

/*
 * All of these: the result is to be given to bpfl_map_close(). Types for text come from the object, or from the
 * kernel when it has any (Linux 4.18): missing types are no error, see bpfl_map_facts.
 * Return: 0; -ENOENT (kind TARGET, near names in fix) when there is no such map; -EINVAL (kind TARGET) for a
 *         pinned thing that is no map;
 *	PERMISSION.
 */
BPFL_API int bpfl_map_open_id(uint32_t id, struct bpfl_map **ret_map, struct bpfl_error *err);
/*
 * The kernel keeps 15 bytes of a name, so only those are compared.
 * Return: as above; -EEXIST (kind USAGE) when several maps have it: their ids are in why.
 */
BPFL_API int bpfl_map_open_name(const char *name, struct bpfl_map **ret_map, struct bpfl_error *err);
/* Read-only when that is all the file allows. Return: as above. */
BPFL_API int bpfl_map_open_pinned(const char *path, struct bpfl_map **ret_map, struct bpfl_error *err);
/*
 * A map of an object: the object and its spec must outlive the result.
 * Return: 0; -ENOENT (kind USAGE): no such map, or not loaded; -ENOMEM.
 */
BPFL_API int bpfl_map_open_object(const struct bpfl_object *object, const char *name, struct bpfl_map **ret_map,
				  struct bpfl_error *err);
/*
 * Makes a new map, which is gone when it is closed unless something else holds it (a pin, a program).
 * @def: of bpfl_spec_add_map(); name may be NULL, max_entries 0. Flags without which the kernel refuses a type
 * (BPF_F_NO_PREALLOC of tries and of
 *	storage) are added. Kernels before 4.15 keep no names.
 * @key_type, @value_type: C types in words ("u32", "struct {u64 packets; u64 bytes;}") that the kernel keeps
 * with the map, or NULL. They
 *	give the sizes where def has 0.
 * Raises RLIMIT_MEMLOCK when a kernel before 5.11 refuses for want of it.
 * Return: 0; -EINVAL (kind USAGE) for words that are no type; what the kernel says to the numbers; PERMISSION.
 */
BPFL_API int bpfl_map_create(const struct bpfl_map_def *def, const char *key_type, const char *value_type,
			     struct bpfl_map **ret_map, struct bpfl_error *err);
/* NULL is fine. */
BPFL_API void bpfl_map_close(struct bpfl_map *map);

/* Of the map; text is borrowed from it. */
struct bpfl_map_facts {
	const char *name; /* of an object's map the whole, else at most 15 bytes */
	const char *type_name; /* "hash"; "?" for a type that this version does not know */
	uint32_t id; /* 0: this kernel gives none (before 4.13) */
	uint32_t type;
	uint32_t key_size; /* bytes; 0 for queues, stacks and Bloom filters */
	uint32_t value_size; /* bytes, for one CPU */
	uint32_t max_entries;
	uint32_t flags;
	unsigned nr_cpus; /* of per-CPU maps: how many values an element has; else 0 */
	size_t value_bytes; /* what lookup writes and update reads: of per-CPU maps all CPUs' values */
	const char *why_untyped; /* why there are no types for text; NULL: there are */
};
/* What is known of it without asking the kernel again. */
BPFL_API void bpfl_map_get_facts(const struct bpfl_map *map, struct bpfl_map_facts *ret_facts);
/* Return: its file descriptor, owned by the map, or by the object that it is of. */
BPFL_API int bpfl_map_fd(const struct bpfl_map *map);

/* Return: the type number for "hash", "percpu_array", ...; 0: no such type. */
BPFL_API uint32_t bpfl_map_type_find(const char *type_name);

/* ---- one element ---- */

enum bpfl_map_flag {
	BPFL_MAP_ANY = 0,
	BPFL_MAP_NOEXIST = 1, /* update: only when the key is not there */
	BPFL_MAP_EXIST = 2,   /* update: only when it is; of a full queue or stack: throw the oldest away */
	BPFL_MAP_LOCK = 4,    /* lookup, update: under the value's struct bpf_spin_lock (Linux 5.1) */
	BPFL_MAP_CPU = 8,     /* lookup, update of per-CPU maps: one CPU's value; see BPFL_MAP_OF_CPU() */
	BPFL_MAP_ALL_CPUS = 16, /* update of per-CPU maps: one value for all CPUs */
};
/*
 * The flags that mean one CPU. With them or BPFL_MAP_ALL_CPUS the size of a value is facts.value_size. A new
 * element of a hash is zero on the other CPUs. Before Linux 7.0, and for LRU hashes and per-CPU storage of
 * cgroups, writing one CPU's value is reading, changing and writing all of them: what programs write on other
 * CPUs meanwhile is lost.
 */
#define BPFL_MAP_OF_CPU(cpu) ((uint64_t)BPFL_MAP_CPU | (uint64_t)(cpu) << 32)

/*
 * All of these: key_size and value_size must be the map's (facts: key_size, value_bytes; of one CPU
 * value_size), else -EINVAL (kind USAGE). key is NULL for maps without keys: there lookup looks at the next
 * element of a queue or stack and asks a Bloom filter for the value that it is given, update puts one in.
 * Return: 0; -ENOENT, -EEXIST (kind TARGET): the element is not there, or is; -E2BIG: the map is full or the
 *         index too large; -EPERM: frozen, read-only, or no permission; as the kernel says.
 *
 * Program arrays and maps of maps are written with a descriptor (see bpfl_map_fd()) and read as an id.
 */
BPFL_API int bpfl_map_lookup(const struct bpfl_map *map, const void *key, size_t key_size, void *ret_value,
			     size_t value_size, uint64_t flags, struct bpfl_error *err);
BPFL_API int bpfl_map_update(const struct bpfl_map *map, const void *key, size_t key_size, const void *value,
			     size_t value_size, uint64_t flags, struct bpfl_error *err);
BPFL_API int bpfl_map_delete(const struct bpfl_map *map, const void *key, size_t key_size, struct bpfl_error *err);
/*
 * Lookup and delete in one: of a queue or stack (key NULL) the next element. Where the kernel has no such call
 * for the type (hashes before 5.14) it is two calls, and what a program writes between them is lost. Return: as above.
 */
BPFL_API int bpfl_map_take(const struct bpfl_map *map, const void *key, size_t key_size, void *ret_value,
			   size_t value_size, struct bpfl_error *err);
/*
 * The key behind another one; key NULL: the first. When key is gone the kernel begins again: prefer bpfl_map_each().
 * Return: as above; -ENOENT at the end, without a text.
 */
BPFL_API int bpfl_map_next_key(const struct bpfl_map *map, const void *key, void *ret_key, size_t key_size,
			       struct bpfl_error *err);
/*
 * No system call can write it any more; programs can (Linux 5.2).
 * Return: 0; -EBUSY when it is mapped for writing; -EPERM or -EBUSY when it is frozen already; as the kernel says.
 */
BPFL_API int bpfl_map_freeze(const struct bpfl_map *map, struct bpfl_error *err);
/*
 * Gives it a name in a mounted bpffs, where it stays.
 * Return: 0; -EEXIST when the path is taken; as the kernel says.
 */
BPFL_API int bpfl_map_pin(const struct bpfl_map *map, const char *path, struct bpfl_error *err);

/* ---- memory ---- */

/*
 * A map's memory in this process. Elements of an array lie one behind the other, in the order of their
 * indexes; an arena is what its programs make of it.
 */
struct bpfl_map_memory {
	void *bytes;
	size_t size_bytes;   /* that may be touched: all elements, or all pages of the arena */
	size_t stride_bytes; /* from one element to the next, a multiple of 8; of an arena 0 */
	bool is_writable;    /* false: writing ends the process with SIGSEGV */
};

enum bpfl_memory_flag {
	BPFL_MEMORY_READ_ONLY = 1, /* map it for reading only; a map that is mapped for writing cannot be frozen */
};

/*
 * Maps an array with BPF_F_MMAPABLE (Linux 5.5; .data, .bss and .rodata of objects mostly have it) or an arena
 * (6.9), so that it is read and written without system calls, while programs run. Use atomic loads and stores
 * (of 1, 2, 4 or 8 bytes) for what both sides change. What is frozen, or was created with BPF_F_RDONLY_PROG, is
 * mapped for reading.
 *
 * An arena has one address for all, so pointers in it are right on both sides. That of an object which this
 * process loaded is lent: it is the object's own mapping, always writable, and ends with the object. Any other
 * arena needs a known address (map_extra).
 *
 * @flags: enum bpfl_memory_flag.
 * @ret_memory: to be given to bpfl_map_memory_close(). Unless it is lent, it holds the map and may outlive map,
 * object and programs.
 * Return: 0; -EOPNOTSUPP (kind USAGE): the map is of another type, or without the flag; -EEXIST: something lies
 *         at the arena's address; -EBUSY,
 *	-EINVAL: the arena has an address that this process does not know; -ENOMEM; as the kernel says.
 */
BPFL_API int bpfl_map_memory_open(const struct bpfl_map *map, unsigned flags, struct bpfl_map_memory **ret_memory,
				  struct bpfl_error *err);
/*
 * The same for a variable of a loaded object, in .data, .bss, .rodata or an arena: a pointer to it.
 * @size: bytes; must be the variable's.
 * @ret_memory: of the whole section; the pointer is valid until it is closed.
 * @ret_var: the variable, in memory->bytes.
 * Return: as above, and as bpfl_object_var_get(). A section of static variables only has no such memory.
 */
BPFL_API int bpfl_object_var_memory(const struct bpfl_object *object, const char *name, size_t size, unsigned flags,
				    struct bpfl_map_memory **ret_memory, void **ret_var, struct bpfl_error *err);
/* NULL is fine. */
BPFL_API void bpfl_map_memory_close(struct bpfl_map_memory *memory);

/* ---- many elements ---- */

enum bpfl_each_flag {
	BPFL_EACH_TAKE = 1, /* delete what is shown; not of arrays */
};

/* One element: valid during the call. It may be deleted. Return 0 to go on; a negative value stops and is returned. */
typedef int (*bpfl_map_each_fn)(void *ctx, const void *key, const void *value);

/*
 * Shows every element once, in batches where the kernel has them (Linux 5.6), else one by one. Elements that
 * come or go meanwhile may be missed; those that stay are shown. A value with a lock is read under it. Queues
 * and stacks: the next element only.
 * Return: 0; 1 when the map changed faster than it could be read, so that elements may be missing; what fn
 *         returned; -errno.
 */
BPFL_API int bpfl_map_each(const struct bpfl_map *map, unsigned flags, bpfl_map_each_fn fn, void *ctx,
			   struct bpfl_error *err);

/*
 * Writes or deletes nr elements; keys and values stand one behind the other. One system call, or one for each
 * where the kernel has no batches for the map or for the flags.
 * @ret_nr: how many were done, also after a failure. May be NULL.
 * Return: 0, or as for one element.
 */
BPFL_API int bpfl_map_update_batch(const struct bpfl_map *map, const void *keys, const void *values, size_t nr,
				   uint64_t flags, size_t *ret_nr, struct bpfl_error *err);
BPFL_API int bpfl_map_delete_batch(const struct bpfl_map *map, const void *keys, size_t nr, size_t *ret_nr,
				   struct bpfl_error *err);

/* ---- words ---- */

/*
 * Keys and values in words: by type "{pid=1,comm=bash}", "LEVEL_HIGH", "12"; plain numbers for 1, 2, 4 and 8
 * bytes without a type; "hex:01 02 ff" always; of a trie also "10.0.0.0/8". Values of program arrays and maps
 * of maps are "id 7" or a pinned path, those of cgroup arrays a path. Keys of storage maps are their owners:
 * "pid:17" or "self" (a task), the path of a file or of a cgroup's directory, "pid:17/fd:3" or "fd:3" (a
 * socket). Of a map that holds variables (.data, .bss) the key may be a variable: "my_pid", "cfg.port".
 * Locks, timers, list heads, pointers to kernel objects and the like are left out: they are the kernel's, which
 * shows zeroes. A value with a struct bpf_spin_lock is read and written under it (Linux 5.1).
 */
struct bpfl_map_words {
	size_t size; /* sizeof(struct bpfl_map_words) */
	enum bpfl_format format;
	uint64_t flags; /* enum bpfl_map_flag */
	bool sum;	/* text of per-CPU values: one value, their sum */
	bool one_cpu;	/* per-CPU values: only of this CPU (writing keeps the others') */
	unsigned cpu;
	/*
	 * text of maps with stacks: these make names of them, below each element (JSON: member "stacks");
	 * NULL: ids stay numbers
	 */
	struct bpfl_stacks *stacks;
	const char *time_json; /* as in struct bpfl_view_opts */
};

/*
 * The whole map, piece by piece as it is read, however large it is: whole elements in each call.
 * @opts: may be NULL.
 * @write: called with ctx; a negative value ends it.
 * Return: 0; what write returned; or as bpfl_map_each().
 */
BPFL_API int bpfl_map_write(const struct bpfl_map *map, const struct bpfl_map_words *opts, bpfl_write_fn write,
			    void *ctx, struct bpfl_error *err);
/*
 * The whole map in one text, as bpfl_object_map_text(); what is beyond 64 MiB is left out, and a last line says so.
 * @opts: may be NULL.
 * @ret_text: malloc'ed; free() it.
 * Return: 0, or as bpfl_map_each().
 */
BPFL_API int bpfl_map_text(const struct bpfl_map *map, const struct bpfl_map_words *opts, char **ret_text,
			   struct bpfl_error *err);
/*
 * One element.
 * @key: NULL for maps without keys; of a Bloom filter the value that it is asked for.
 * @ret_text: malloc'ed; free() it.
 * Return: 0; -ENOENT (kind TARGET) for a value that is not there; -EINVAL, -ERANGE (kind USAGE) for words that
 *         do not fit.
 */
BPFL_API int bpfl_map_get_text(const struct bpfl_map *map, const char *key, const struct bpfl_map_words *opts,
			       char **ret_text, struct bpfl_error *err);
/*
 * Compares a value with words: numbers, enumerators and bool by their numbers, character arrays as text. Values of
 * several CPUs are added up. The words are looked at first: -ENOENT of kind TARGET means that they fit.
 * @key: as above.
 * @member: of the element's value, "calls", "in.x[2]", "[2]"; "": the value itself, or the variable that key names.
 * @ret_order: less than, equal to or greater than 0, as the value is compared with the words.
 * Return: 0; -ENOENT (kind TARGET) for an element that is not there; -EINVAL, -ERANGE, -ENOENT (kind USAGE) for words
 *         that do not fit; -ENOMEM.
 */
BPFL_API int bpfl_map_compare_text(const struct bpfl_map *map, const char *key, const char *member, const char *text,
				   int *ret_order, struct bpfl_error *err);
BPFL_API int bpfl_map_set_text(const struct bpfl_map *map, const char *key, const char *value,
			       const struct bpfl_map_words *opts, struct bpfl_error *err);
/*
 * Deletes one element. Without a key the next one of a queue or stack is taken out.
 * @ret_text: the text of what was taken out, else ""; malloc'ed; free() it. May be NULL.
 * Return: as above.
 */
BPFL_API int bpfl_map_del_text(const struct bpfl_map *map, const char *key, const struct bpfl_map_words *opts,
			       char **ret_text, struct bpfl_error *err);

/* ---- user ring buffers: records in words, Linux 6.1 ---- */

struct bpfl_feeder;

/*
 * @map: a user ring buffer; must outlive the feeder.
 * @type: the C type of its records in words ("u32", "struct message"); NULL: what the object says, __type(value, ...).
 * Return: 0; -EINVAL (kind USAGE) for another map, or words that are no type; as bpfl_user_ringbuf_open().
 */
BPFL_API int bpfl_feeder_open(const struct bpfl_map *map, const char *type, struct bpfl_feeder **ret_feeder,
			      struct bpfl_error *err);
/* NULL is fine. */
BPFL_API void bpfl_feeder_close(struct bpfl_feeder *feeder);
/*
 * Puts in one record: "{number=7}", {"number":7}, a plain value, or "hex:01 02" of any length.
 * @timeout_ms: how long to wait for room; < 0: without limit; 0: not at all.
 * Return: 0; -EINVAL, -ERANGE, -ENOENT (kind USAGE) for words that do not fit the type; -ENOSPC (kind TARGET)
 *         when there was no
 *	room; -E2BIG for a record larger than the buffer.
 */
BPFL_API int bpfl_feeder_put(struct bpfl_feeder *feeder, const char *words, int timeout_ms, struct bpfl_error *err);

/* ---- views ---- */

/*
 * Histograms: of an array of numbers (the slots are its elements), of values that hold an array of numbers (one
 * histogram for each element), of a hash whose key has a member "slot" or "bucket" (one for each value of the
 * other members).
 * Return: 0; -EINVAL, -ENOENT (kind USAGE) when the map does not have that shape; as bpfl_map_each().
 *         malloc'ed; free() it.
 */
BPFL_API int bpfl_map_hist_text(const struct bpfl_map *map, const struct bpfl_view_opts *opts, char **ret_text,
				struct bpfl_error *err);
/*
 * The largest elements as a table with a heading.
 * @ret_text: malloc'ed; free() it.
 * Return: as bpfl_map_hist_text().
 */
BPFL_API int bpfl_map_top_text(const struct bpfl_map *map, const struct bpfl_view_opts *opts, char **ret_text,
			       struct bpfl_error *err);
/*
 * The elements as an object describes its tables (BPFL_MARKER_MAPITER): all of them, the largest first unless
 * opts->sort says otherwise; a map of histograms as histograms.
 * @name: of the table, in JSON.
 * @ret_text: malloc'ed; free() it.
 * Return: as bpfl_map_hist_text().
 */
BPFL_API int bpfl_map_table_text(const struct bpfl_map *map, const char *name, const struct bpfl_view_opts *opts,
				 char **ret_text, struct bpfl_error *err);

#ifdef __cplusplus
}
#endif

#endif
