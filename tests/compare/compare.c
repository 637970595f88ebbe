/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * compare: the same program through libbpf and through bpfload, and what the kernel then says about it.
 *
 * For every program of every object given: load it alone (with the maps that the loader creates for it) with each
 * loader, ask the kernel for the translated instructions, the maps that it holds, and the numbers of func_info
 * and line_info records, and compare. What may differ between two loads of one program is made equal first: map
 * ids become map names, and addresses of JITed functions become zero.
 *
 * Output: one line per object with counts, one line per difference. A difference that stands in the list of
 * expected ones (tests/compare/expected: "OBJECT PROGRAM REASON...") is shown with its reason and is no
 * failure. Both loaders live in this one process.
 *
 * usage: compare EXPECTED OBJECT...
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bpfload.h"

#define MAX_MAPS 64

struct map_facts {
	char name[16];
	unsigned type, key_size, value_size, max_entries, flags;
	unsigned long long extra;
	bool has_key_type, has_value_type;
	unsigned id;
};

struct prog_facts {
	int err; /* 0, or why it was not loaded */
	enum bpfl_error_kind kind; /* ours only */
	struct bpf_insn *insns;
	unsigned nr_insns;
	unsigned nr_func_info, nr_line_info;
	struct map_facts maps[MAX_MAPS];
	unsigned nr_maps;
	char why[256];
};

struct tally {
	unsigned equal, both_refused, expected, unexpected;
};

static const char *expected_path;

static void facts_free(struct prog_facts *facts)
{
	free(facts->insns);
	memset(facts, 0, sizeof(*facts));
}

static int map_read(unsigned id, struct map_facts *map)
{
	struct bpf_map_info info = { 0 };
	unsigned size = sizeof(info);
	int fd = bpf_map_get_fd_by_id(id);

	if (fd < 0)
		return -errno;
	if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0) {
		close(fd);
		return -errno;
	}
	close(fd);
	memcpy(map->name, info.name, sizeof(map->name));
	map->type = info.type;
	map->key_size = info.key_size;
	map->value_size = info.value_size;
	map->max_entries = info.max_entries;
	map->flags = info.map_flags;
	map->extra = info.map_extra;
	map->has_key_type = info.btf_key_type_id != 0;
	map->has_value_type = info.btf_value_type_id != 0;
	map->id = id;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct map_facts *)a)->name, ((const struct map_facts *)b)->name);
}

static int prog_read(int fd, struct prog_facts *facts)
{
	struct bpf_prog_info info = { 0 };
	unsigned ids[MAX_MAPS];
	unsigned size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
		return -errno;
	facts->nr_insns = info.xlated_prog_len / 8;
	facts->insns = calloc(facts->nr_insns ? facts->nr_insns : 1, 8);
	facts->nr_func_info = info.nr_func_info;
	facts->nr_line_info = info.nr_line_info;
	memset(&info, 0, sizeof(info));
	info.xlated_prog_len = facts->nr_insns * 8;
	info.xlated_prog_insns = (__u64)(unsigned long)facts->insns;
	info.nr_map_ids = MAX_MAPS;
	info.map_ids = (__u64)(unsigned long)ids;
	size = sizeof(info);
	if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
		return -errno;
	for (unsigned i = 0; i < info.nr_map_ids && i < MAX_MAPS; i++) {
		int ret = map_read(ids[i], &facts->maps[facts->nr_maps]);

		if (ret < 0)
			return ret;
		facts->nr_maps++;
	}
	qsort(facts->maps, facts->nr_maps, sizeof(facts->maps[0]), by_name);
	return 0;
}

/* Position in the sorted list of maps: the same on both sides for the same name. */
static int map_position(const struct prog_facts *facts, unsigned id)
{
	for (unsigned i = 0; i < facts->nr_maps; i++) {
		if (facts->maps[i].id == id)
			return (int)i;
	}
	return -1;
}

static unsigned name_hash(const struct prog_facts *facts, unsigned id)
{
	int position = map_position(facts, id);
	unsigned hash = 5381;

	for (const char *c = position < 0 ? "?" : facts->maps[position].name; *c; c++)
		hash = hash * 33 + (unsigned char)*c;
	return hash;
}

static void insns_normalise(struct prog_facts *facts)
{
	for (unsigned i = 0; i < facts->nr_insns; i++) {
		struct bpf_insn *insn = &facts->insns[i];

		if (insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == BPF_PSEUDO_CALL)
			insn->imm = 0; /* distance to a JITed function */
		if (insn->code != (BPF_LD | BPF_IMM | BPF_DW) || i + 1 >= facts->nr_insns)
			continue;
		if (insn->src_reg == BPF_PSEUDO_MAP_FD || insn->src_reg == BPF_PSEUDO_MAP_VALUE)
			insn->imm = (int)name_hash(facts, (unsigned)insn->imm);
		if (insn->src_reg == BPF_PSEUDO_FUNC)
			insn->imm = insn[1].imm = 0;
		i++;
	}
}

/*
 * Numbers that an object leaves to its own user-space half (set there before loading) are set here alike for both
 * loaders: without them nobody could load it.
 */
#define OPEN_ENTRIES 64
#define STACK_VALUE_SIZE (127 * 8)

static bool has_entries(unsigned type)
{
	switch (type) {
	case BPF_MAP_TYPE_PERF_EVENT_ARRAY: /* the loader's to fill */
	case BPF_MAP_TYPE_SK_STORAGE:
	case BPF_MAP_TYPE_INODE_STORAGE:
	case BPF_MAP_TYPE_TASK_STORAGE:
	case BPF_MAP_TYPE_CGROUP_STORAGE:
	case 32: /* CGRP_STORAGE */
		return false;
	default:
		return true;
	}
}

static void libbpf_maps_fill(struct bpf_object *object)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object) {
		if (bpf_map__max_entries(map) == 0 && has_entries(bpf_map__type(map)))
			bpf_map__set_max_entries(map, OPEN_ENTRIES);
		if (bpf_map__type(map) == BPF_MAP_TYPE_STACK_TRACE && bpf_map__value_size(map) == 0)
			bpf_map__set_value_size(map, STACK_VALUE_SIZE);
	}
}

static int bpfload_maps_fill(struct bpfl_spec *spec, struct bpfl_error *err)
{
	struct bpfl_map_view view;
	int ret = 0;

	for (size_t i = 0; ret == 0 && bpfl_spec_map_view(spec, i, &view) == 0; i++) {
		if (view.max_entries == 0 && has_entries(view.type))
			ret = bpfl_spec_map_set(spec, view.name, "max_entries", OPEN_ENTRIES, err);
		if (ret == 0 && view.type == BPF_MAP_TYPE_STACK_TRACE && view.value_size == 0)
			ret = bpfl_spec_map_set(spec, view.name, "value_size", STACK_VALUE_SIZE, err);
	}
	return ret;
}

/* A program is loaded alone, but the kernel wants the functions of a struct_ops together. */
static bool goes_along(const char *name, const char *section, const char *wanted, bool wanted_is_struct_ops)
{
	return strcmp(name, wanted) == 0 || (wanted_is_struct_ops && strncmp(section, "struct_ops", 10) == 0);
}

static void load_libbpf(const char *path, const char *prog_name, struct prog_facts *facts)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	struct bpf_program *prog, *wanted = NULL;

	if (!object) {
		facts->err = -errno;
		snprintf(facts->why, sizeof(facts->why), "open");
		return;
	}
	wanted = bpf_object__find_program_by_name(object, prog_name);
	bool struct_ops = wanted && strncmp(bpf_program__section_name(wanted), "struct_ops", 10) == 0;

	bpf_object__for_each_program(prog, object)
		bpf_program__set_autoload(prog, goes_along(bpf_program__name(prog), bpf_program__section_name(prog),
							   prog_name, struct_ops));
	libbpf_maps_fill(object);
	facts->err = wanted ? bpf_object__load(object) : -ENOENT;
	if (facts->err == 0)
		facts->err = prog_read(bpf_program__fd(wanted), facts);
	bpf_object__close(object);
}

static void load_bpfload(const char *path, const char *prog_name, struct prog_facts *facts)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_spec *spec = NULL;
	struct bpfl_target *target = NULL;
	struct bpfl_image *image = NULL;
	struct bpfl_object *object = NULL;
	struct bpfl_prog_view view;
	bool struct_ops = false;
	int ret = bpfl_spec_read(path, NULL, &spec, &err);

	for (size_t i = 0; ret == 0 && bpfl_spec_prog_view(spec, i, &view) == 0; i++)
		struct_ops = struct_ops ||
			     (strcmp(view.name, prog_name) == 0 && strncmp(view.section, "struct_ops", 10) == 0);
	if (ret == 0)
		ret = bpfload_maps_fill(spec, &err);
	for (size_t i = 0; ret == 0 && bpfl_spec_prog_view(spec, i, &view) == 0; i++)
		ret = bpfl_spec_prog_select(spec, view.name,
					    goes_along(view.name, view.section, prog_name, struct_ops), &err);
	if (ret == 0)
		ret = bpfl_target_running(NULL, &target, &err);
	if (ret == 0)
		ret = bpfl_image_build(spec, target, NULL, &image, &err);
	if (ret == 0)
		ret = bpfl_object_load(image, target, NULL, &object, &err);
	if (ret == 0)
		ret = prog_read(bpfl_object_prog_fd(object, prog_name), facts);
	facts->err = ret;
	facts->kind = err.kind;
	snprintf(facts->why, sizeof(facts->why), "%.250s", err.message);
	bpfl_object_close(object);
	bpfl_image_destroy(image);
	bpfl_target_destroy(target);
	bpfl_spec_destroy(spec);
	bpfl_error_clear(&err);
}

/* Empty text when the maps agree. libbpf binds .rodata maps to programs that do not refer to them; we do not. */
static void maps_compare(const struct prog_facts *theirs, const struct prog_facts *ours, char *text, size_t size)
{
	unsigned o = 0;

	text[0] = '\0';
	for (unsigned t = 0; t < theirs->nr_maps; t++) {
		const struct map_facts *a = &theirs->maps[t], *b = &ours->maps[o];

		if (o < ours->nr_maps && strcmp(a->name, b->name) == 0) {
			if (a->type != b->type || a->key_size != b->key_size || a->value_size != b->value_size ||
			    a->max_entries != b->max_entries || a->flags != b->flags || a->extra != b->extra ||
			    a->has_key_type != b->has_key_type || a->has_value_type != b->has_value_type)
				snprintf(text, size,
					 "map %s: type %u key %u value %u entries %u flags 0x%x btf %d%d, ours "
					 "type %u key %u value %u entries %u flags 0x%x btf %d%d",
					 a->name, a->type, a->key_size, a->value_size, a->max_entries, a->flags,
					 a->has_key_type, a->has_value_type, b->type, b->key_size, b->value_size,
					 b->max_entries, b->flags, b->has_key_type, b->has_value_type);
			o++;
		} else if (!strstr(a->name, ".rodata")) {
			snprintf(text, size, "map %s is missing in ours", a->name);
		}
	}
	if (!text[0] && o < ours->nr_maps)
		snprintf(text, size, "map %s is only in ours", ours->maps[o].name);
}

static void insns_compare(const struct prog_facts *theirs, const struct prog_facts *ours, char *text, size_t size)
{
	text[0] = '\0';
	if (theirs->nr_insns != ours->nr_insns) {
		snprintf(text, size, "%u instructions, ours %u", theirs->nr_insns, ours->nr_insns);
		return;
	}
	for (unsigned i = 0; i < theirs->nr_insns; i++) {
		const struct bpf_insn *a = &theirs->insns[i], *b = &ours->insns[i];

		if (memcmp(a, b, sizeof(*a)) != 0) {
			snprintf(text, size,
				 "instruction %u: %02x dst %u src %u off %d imm %d, ours %02x dst %u src %u off %d imm "
				 "%d",
				 i, a->code, a->dst_reg, a->src_reg, a->off, a->imm, b->code, b->dst_reg, b->src_reg,
				 b->off, b->imm);
			return;
		}
	}
}

static void prog_compare(const struct prog_facts *theirs, const struct prog_facts *ours, char *text, size_t size)
{
	if (theirs->err != ours->err && (theirs->err == 0 || ours->err == 0)) {
		snprintf(text, size, "libbpf %s (%d), ours %s (%d) %s", theirs->err ? "refuses" : "loads", theirs->err,
			 ours->err ? "refuses" : "loads", ours->err, ours->why);
		return;
	}
	/* What both refuse has to be the kernel's no, not a shortcoming that we share with nobody. */
	if (ours->err && ours->kind != BPFL_ERR_PERMISSION && ours->kind != BPFL_ERR_UNSUPPORTED &&
	    ours->kind != BPFL_ERR_VERIFIER && ours->kind != BPFL_ERR_TARGET) {
		snprintf(text, size, "libbpf refuses (%d), ours for a reason of its own: %s", theirs->err, ours->why);
		return;
	}
	maps_compare(theirs, ours, text, size);
	if (!text[0])
		insns_compare(theirs, ours, text, size);
	if (!text[0] && (theirs->nr_func_info != ours->nr_func_info || theirs->nr_line_info != ours->nr_line_info))
		snprintf(text, size, "%u func_info and %u line_info records, ours %u and %u", theirs->nr_func_info,
			 theirs->nr_line_info, ours->nr_func_info, ours->nr_line_info);
}

/* The reason that the list gives for a difference, or NULL. '*' as program stands for all of an object. */
static bool expected_reason(const char *object, const char *prog, char *reason, size_t size)
{
	char line[512], o[128], p[128];
	FILE *file = fopen(expected_path, "re");
	bool found = false;
	int used;

	while (file && !found && fgets(line, sizeof(line), file)) {
		if (line[0] == '#' || sscanf(line, "%127s %127s %n", o, p, &used) < 2)
			continue;
		found = strcmp(o, object) == 0 && (strcmp(p, prog) == 0 || strcmp(p, "*") == 0);
		if (found) {
			line[strcspn(line, "\n")] = '\0';
			snprintf(reason, size, "%s", line + used);
		}
	}
	if (file)
		fclose(file);
	return found;
}

static void program_run(const char *path, const char *object_name, const char *prog_name, struct tally *tally)
{
	struct prog_facts theirs = { 0 }, ours = { 0 };
	char text[600], reason[256];

	load_libbpf(path, prog_name, &theirs);
	load_bpfload(path, prog_name, &ours);
	insns_normalise(&theirs);
	insns_normalise(&ours);
	prog_compare(&theirs, &ours, text, sizeof(text));
	if (text[0] && expected_reason(object_name, prog_name, reason, sizeof(reason))) {
		printf("  %s %s: %s [expected: %s]\n", object_name, prog_name, text, reason);
		tally->expected++;
	} else if (text[0]) {
		printf("  %s %s: DIFFERS: %s\n", object_name, prog_name, text);
		tally->unexpected++;
	} else if (theirs.err) {
		if (getenv("COMPARE_VERBOSE"))
			printf("  %s %s: both refuse: %d / %s\n", object_name, prog_name, theirs.err, ours.why);
		tally->both_refused++;
	} else {
		tally->equal++;
	}
	facts_free(&theirs);
	facts_free(&ours);
}

/* Each object in a process of its own: a crash is one object's failure. */
static int object_run(const char *path, struct tally *tally)
{
	const char *object_name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_prog_view view;
	struct bpfl_spec *spec;

	if (bpfl_spec_read(path, NULL, &spec, &err) < 0) {
		struct bpf_object *object = bpf_object__open_file(path, NULL);
		char reason[256];

		if (!object) {
			tally->both_refused++;
		} else if (expected_reason(object_name, "*", reason, sizeof(reason))) {
			tally->expected++;
		} else {
			printf("  %s: DIFFERS: libbpf opens it, ours refuses: %s\n", object_name, err.message);
			tally->unexpected++;
		}
		bpf_object__close(object);
		return 0;
	}
	for (size_t i = 0; bpfl_spec_prog_view(spec, i, &view) == 0; i++)
		program_run(path, object_name, view.name, tally);
	bpfl_spec_destroy(spec);
	return 0;
}

static void object_fork(const char *path, struct tally *total)
{
	struct tally tally = { 0 };
	int pipe_fds[2];
	int status;
	pid_t pid;

	fflush(stdout);
	if (pipe(pipe_fds) < 0 || (pid = fork()) < 0) {
		perror("compare");
		exit(2);
	}
	if (pid == 0) {
		object_run(path, &tally);
		fflush(stdout);
		_exit(write(pipe_fds[1], &tally, sizeof(tally)) == (ssize_t)sizeof(tally) ? 0 : 1);
	}
	close(pipe_fds[1]);
	if (read(pipe_fds[0], &tally, sizeof(tally)) != (ssize_t)sizeof(tally))
		memset(&tally, 0, sizeof(tally));
	close(pipe_fds[0]);
	waitpid(pid, &status, 0);
	if (status != 0) {
		printf("  %s: DIFFERS: the comparing process died (status 0x%x)\n", path, status);
		tally.unexpected++;
	}
	total->equal += tally.equal;
	total->both_refused += tally.both_refused;
	total->expected += tally.expected;
	total->unexpected += tally.unexpected;
}

int main(int argc, char **argv)
{
	struct tally total = { 0 };

	if (argc < 3) {
		fprintf(stderr, "usage: compare EXPECTED OBJECT...\n");
		return 2;
	}
	expected_path = argv[1];
	libbpf_set_print(NULL);
	for (int i = 2; i < argc; i++)
		object_fork(argv[i], &total);
	printf("compare: %d objects: %u programs equal, %u refused by both, %u expected differences, %u unexpected\n",
	       argc - 2, total.equal, total.both_refused, total.expected, total.unexpected);
	printf("%u passed, %u failed\n", total.equal + total.expected, total.unexpected);
	return total.unexpected == 0 && total.equal > 0 ? 0 : 1;
}
