/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/core_solve: the answers to all CO-RE records of an image.
 *
 * In: the records that the instructions of selected programs carry. Out: one answer per different
 * question (type, access string, kind), however many records ask it and however many instructions
 * carry them.
 *
 *   gather    every record in use becomes a query, sorted, so that equal ones are neighbours
 *   look up   the names of all local types at once: one pass over the kernel's (core_names.c)
 *   solve     type by type: candidates of that name, then each query against each candidate
 *
 * So the work is the kernel's types once, plus the records; never one times the other.
 *
 * Several types of one name are normal in a kernel (drivers like to call things "ring"). Those that
 * can answer a query at all must give equal answers, otherwise nobody knows which one the running
 * code will meet, and that is an error (CORE-06). One could take the type that has most of what the
 * object asks for; but a program may ask for what it can do without, and then read another struct
 * than the one it meant, without a word.
 */
#include "image/core_match.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "image/extern.h"
#include "image/image.h"
#include "image/modules.h"

#define NO_QUERY UINT32_MAX
#define CANDIDATES_SHOWN_MAX 8u

/* A type of the kernel, or of one of its modules. */
struct candidate {
	const struct bpfl_btf *btf;
	uint32_t id;
};

struct solving {
	const struct bpfl_spec *spec;
	const struct bpfl_image *image;
	const struct bpfl_log *log;
	struct bpfl_target *target;
	const struct bpfl_btf *kernel; /* NULL: no query needs it */
	struct bpfl_core_solver *solver;
	BPFL_VEC(struct candidate) room; /* for the candidates of one group after the other */
};

/* The queries on one local type, and what the kernel has under its name. */
struct group {
	struct bpfl_core_query *queries;
	size_t nr_queries;
	struct candidate *candidates; /* in the room of `solving` */
	size_t nr_candidates;
};

void bpfl_core_solver_deinit(struct bpfl_core_solver *solver)
{
	free(solver->queries);
	free(solver->query_of_core);
	solver->queries = NULL;
	solver->query_of_core = NULL;
	solver->nr_queries = 0;
}

static int query_fail(const struct solving *solving, const struct bpfl_core_query *query,
		      int result, struct bpfl_error *err)
{
	bpfl_core_prefix(solving->spec, solving->image, query->user, query->core_idx, err);
	return result;
}

/* ---- gather ---- */

static int query_compare(const void *a, const void *b)
{
	const struct bpfl_core_query *x = a, *y = b;

	if (x->type_id != y->type_id) {
		return x->type_id < y->type_id ? -1 : 1;
	}
	if (x->kind != y->kind) {
		return x->kind < y->kind ? -1 : 1;
	}
	int order = strcmp(x->access, y->access);
	if (order != 0) {
		return order;
	}
	return x->core_idx < y->core_idx ? -1 : x->core_idx > y->core_idx;
}

static bool queries_equal(const struct bpfl_core_query *x, const struct bpfl_core_query *y)
{
	return x->type_id == y->type_id && x->kind == y->kind && strcmp(x->access, y->access) == 0;
}

/* Marks the records in use, with the first instruction that uses each. */
static void records_mark(struct solving *solving)
{
	const struct bpfl_image *image = solving->image;
	struct bpfl_core_solver *solver = solving->solver;

	for (uint32_t p = 0; p < image->nr_progs; p++) {
		for (uint32_t i = 0; i < image->progs[p].nr_insts; i++) {
			int32_t core_idx = image->progs[p].insts[i].core_idx;

			if (core_idx == BPFL_NO_IDX ||
			    solver->query_of_core[core_idx] != NO_QUERY) {
				continue;
			}
			const struct bpfl_core *core = &solving->spec->cores.items[core_idx];
			struct bpfl_core_query *query = &solver->queries[solver->nr_queries];

			solver->query_of_core[core_idx] = (uint32_t)solver->nr_queries++;
			memset(query, 0, sizeof(*query));
			query->type_id = core->type_id;
			query->kind = core->kind;
			query->access = core->access;
			query->core_idx = (uint32_t)core_idx;
			query->user.prog = p;
			query->user.insn_idx = i;
		}
	}
}

/* Sorts, and keeps one of those that ask the same. */
static void queries_merge(struct bpfl_core_solver *solver)
{
	size_t nr_kept = 0;

	/* Compilers number types as they meet them, so mostly there is nothing to sort; qsort() takes memory. */
	for (size_t i = 1; i < solver->nr_queries; i++) {
		if (query_compare(&solver->queries[i - 1], &solver->queries[i]) > 0) {
			qsort(solver->queries, solver->nr_queries, sizeof(*solver->queries), query_compare);
			break;
		}
	}
	for (size_t i = 0; i < solver->nr_queries; i++) {
		struct bpfl_core_query *query = &solver->queries[i];

		if (nr_kept == 0 || !queries_equal(query, &solver->queries[nr_kept - 1])) {
			solver->queries[nr_kept++] = *query;
		}
		solver->query_of_core[query->core_idx] = (uint32_t)(nr_kept - 1);
	}
	solver->nr_queries = nr_kept;
}

static int gather(struct solving *solving, struct bpfl_error *err)
{
	struct bpfl_core_solver *solver = solving->solver;
	size_t nr_cores = solving->spec->cores.nr;

	if (nr_cores == 0) {
		return 0;
	}
	solver->query_of_core = malloc(nr_cores * sizeof(*solver->query_of_core));
	solver->queries = malloc(nr_cores * sizeof(*solver->queries));
	if (!solver->query_of_core || !solver->queries) {
		return bpfl_error_nomem(err);
	}
	memset(solver->query_of_core, 0xff, nr_cores * sizeof(*solver->query_of_core));
	records_mark(solving);
	if (solver->nr_queries > 0) {
		queries_merge(solver);
	}
	return 0;
}

/* ---- look up ---- */

static bool query_needs_target(const struct bpfl_core_query *query)
{
	return query->kind != BPFL_CORE_TYPE_ID_LOCAL;
}

/* What can be a candidate for a local type (CORE-03). */
static uint32_t kinds_of_candidates(enum bpfl_btf_kind kind)
{
	return kind == BPFL_KIND_ENUM || kind == BPFL_KIND_ENUM64 ?
		       BPFL_BTF_KIND_BIT(BPFL_KIND_ENUM) | BPFL_BTF_KIND_BIT(BPFL_KIND_ENUM64) :
		       BPFL_BTF_KIND_BIT(kind);
}

static int names_prepare(struct solving *solving, struct bpfl_error *err)
{
	const struct bpfl_core_solver *solver = solving->solver;
	struct bpfl_extern_names names = { .items = NULL };
	uint32_t last_type_id = 0;

	if (!BPFL_VEC_RESERVE(&names, solver->nr_queries)) {
		return bpfl_error_nomem(err);
	}
	for (size_t i = 0; i < solver->nr_queries; i++) {
		const struct bpfl_core_query *query = &solver->queries[i];

		if (!query_needs_target(query) || query->type_id == last_type_id) {
			continue;
		}
		last_type_id = query->type_id;
		struct bpfl_core_name *name = BPFL_VEC_PUSH(&names);
		if (!name) {
			bpfl_extern_names_deinit(&names);
			return bpfl_error_nomem(err);
		}
		name->text = bpfl_btf_name(solving->spec->btf, query->type_id);
		name->size = bpfl_core_name_size(name->text, strlen(name->text));
		name->kinds = kinds_of_candidates(bpfl_btf_kind(bpfl_btf_type(solving->spec->btf, query->type_id)));
	}
	if (names.nr == 0) {
		bpfl_extern_names_deinit(&names);
		return 0;
	}
	/* Externs and attach targets come next and need names too: asked for now, they cost no pass of their own. */
	size_t nr_types = names.nr;
	int result = bpfl_extern_names_collect(solving->image, &names, err);
	if (result == 0) {
		result = bpfl_attach_names_collect(solving->image, &names, err);
	}
	if (result == 0 && names.nr > nr_types) {
		result = bpfl_core_names_prepare(solving->target, names.items, names.nr, err);
	} else if (result == 0) {
		result = bpfl_core_names_prepare_kinds(solving->target, names.items, names.nr,
						       BPFL_BTF_KINDS_DATA, err);
	}
	if (result == 0) {
		result = bpfl_target_btf(solving->target, &solving->kernel, err);
	}
	/* CORE-04: only what the kernel itself has no type of. */
	if (result == 0) {
		result = bpfl_core_names_in_modules(solving->target, names.items, nr_types, err);
	}
	bpfl_extern_names_deinit(&names);
	return result;
}

static int candidates_find(struct solving *solving, struct group *group, struct bpfl_error *err)
{
	uint32_t type_id = group->queries[0].type_id;
	const struct bpfl_btf_type *local = bpfl_btf_type(solving->spec->btf, type_id);
	const char *name = bpfl_btf_name(solving->spec->btf, type_id);
	size_t nr_ids, size = bpfl_core_name_size(name, strlen(name));
	const uint32_t *ids = bpfl_core_names_get(solving->target, name, size, &nr_ids);

	if (nr_ids == 0) {
		return 0;
	}
	/* nr stays 0: only the room counts, and the first group that needs more makes it. */
	if (!BPFL_VEC_RESERVE(&solving->room, nr_ids)) {
		return bpfl_error_nomem(err);
	}
	group->candidates = solving->room.items;
	for (size_t i = 0; i < nr_ids; i++) {
		uint32_t module = bpfl_core_names_module(solving->target, name, size, i);

		/* The kernel's own come first. Modules may have been asked because of another kind of type. */
		if (module != 0 && group->nr_candidates > 0 && group->candidates[0].btf == solving->kernel) {
			break;
		}
		const struct bpfl_btf *btf = bpfl_target_btf_of(solving->target, module);
		const struct bpfl_btf_type *type = bpfl_btf_type(btf, ids[i]);

		if (type && bpfl_core_kinds_compatible(bpfl_btf_kind(local), bpfl_btf_kind(type))) {
			group->candidates[group->nr_candidates++] = (struct candidate){ btf, ids[i] };
		}
	}
	return 0;
}

/* ---- solve ---- */

static int compare_error(uint32_t candidate, struct bpfl_error *err)
{
	return bpfl_error_set(err, BPFL_ERR_OBJECT, E2BIG,
			      "comparing with type %" PRIu32
			      " of the kernel takes too long: types are nested too deeply",
			      candidate);
}

/* What one candidate answered, beside the answer itself. */
struct found {
	struct bpfl_core_answer answer;
	uint64_t bit_off;
};

static int ambiguity_error(const struct group *group,
			   const struct bpfl_core_path *local, const struct found *first,
			   const struct found *other, struct bpfl_error *err)
{
	struct bpfl_buf text = BPFL_BUF_INIT;
	bool places_differ = first->bit_off != other->bit_off &&
			     first->answer.now.value == other->answer.now.value;
	int result;

	bpfl_core_path_text(local, &text);
	const char *name = text.data ? text.data : "it";
	if (places_differ) {
		result = bpfl_error_set(err, BPFL_ERR_OBJECT, EINVAL,
					"%s is ambiguous: it lies at bit %" PRIu64
					" of the kernel's type %" PRIu32 " and at bit %" PRIu64
					" of type %" PRIu32,
					name, first->bit_off, first->answer.target_id,
					other->bit_off, other->answer.target_id);
	} else {
		result = bpfl_error_set(err, BPFL_ERR_OBJECT, EINVAL,
					"%s is ambiguous: the kernel's types %" PRIu32
					" and %" PRIu32 " give %" PRIu64 " and %" PRIu64,
					name, first->answer.target_id, other->answer.target_id,
					first->answer.now.value, other->answer.now.value);
	}
	bpfl_buf_deinit(&text);
	bpfl_error_why(err, "%zu types of the kernel have that name:",
		       group->nr_candidates);
	for (size_t c = 0; c < group->nr_candidates && c < CANDIDATES_SHOWN_MAX; c++) {
		const struct bpfl_btf_type *type = bpfl_btf_type(group->candidates[c].btf,
								 group->candidates[c].id);
		struct bpfl_buf line = BPFL_BUF_INIT;

		bpfl_core_type_text(group->candidates[c].btf, group->candidates[c].id, &line);
		bpfl_error_why(err, "  type %" PRIu32 ": %s, %" PRIu32 " members",
			       group->candidates[c].id, line.data ? line.data : "?",
			       bpfl_btf_vlen(type));
		bpfl_buf_deinit(&line);
	}
	bpfl_error_fix(
		err,
		"get at the field by way of a type that has a name of its own, or leave the program out: --skip PROG");
	return result;
}

static void candidate_log(const struct solving *solving, const struct bpfl_core_path *local,
			  uint32_t candidate, bool matches, const struct bpfl_core_value *value,
			  const struct bpfl_core_miss *miss)
{
	struct bpfl_buf text = BPFL_BUF_INIT;

	if (!solving->log || !solving->log->fn) {
		return;
	}
	bpfl_core_path_text(local, &text);
	bpfl_buf_printf(&text, ", %s: kernel type %" PRIu32 " ",
			bpfl_core_kind_name((uint32_t)local->kind), candidate);
	if (matches) {
		bpfl_buf_printf(&text, "gives %" PRIu64, value->value);
	} else {
		bpfl_buf_text(&text, "does not fit: ");
		bpfl_core_miss_text(local, miss, &text);
	}
	if (bpfl_buf_ok(&text)) {
		bpfl_log_line(solving->log, BPFL_LOG_DEBUG, "CO-RE: %s", text.data);
	}
	bpfl_buf_deinit(&text);
}

/* One query against one candidate: 1 and an answer when it fits (which may be poison), 0 and the
 * reason when it does not. */
static int candidate_try(struct solving *solving, const struct bpfl_core_path *local,
			 struct candidate candidate, struct found *ret_found, struct bpfl_error *err)
{
	struct bpfl_core_path path;
	struct bpfl_core_answer *answer = &ret_found->answer;
	int result = bpfl_core_path_match(local, candidate.btf, candidate.id, &path, &answer->miss);

	if (result < 0) {
		return compare_error(candidate.id, err);
	}
	if (result > 0) {
		answer->target = candidate.btf;
		answer->target_id = candidate.id;
		answer->poison = bpfl_core_value_get(&path, solving->spec->big_endian, &answer->now,
						     &answer->miss) < 0;
		ret_found->bit_off = path.bit_off;
	}
	candidate_log(solving, local, candidate.id, result > 0 && !answer->poison, &answer->now,
		      &answer->miss);
	return result;
}

/* The miss that got farthest explains most. */
static bool miss_is_better(const struct bpfl_core_miss *miss, const struct bpfl_core_miss *best)
{
	return best->reason == BPFL_CORE_MISS_TYPE || miss->step > best->step;
}

static int candidates_ask(struct solving *solving, const struct group *group,
			  struct bpfl_core_query *query, const struct bpfl_core_path *local,
			  struct bpfl_error *err)
{
	struct bpfl_core_answer *answer = &query->answer;
	struct bpfl_core_miss best_miss = { .btf = solving->kernel, .reason = BPFL_CORE_MISS_TYPE };
	struct found first = { .answer = *answer };
	bool any = false;

	for (size_t c = 0; c < group->nr_candidates; c++) {
		struct found next = { .answer = { .local = answer->local } };
		int result = candidate_try(solving, local, group->candidates[c], &next, err);

		if (result < 0) {
			return result;
		}
		if (result == 0) {
			if (miss_is_better(&next.answer.miss, &best_miss)) {
				best_miss = next.answer.miss;
			}
		} else if (!any) {
			first = next;
			any = true;
		} else if (next.bit_off != first.bit_off ||
			   next.answer.poison != first.answer.poison ||
			   next.answer.now.value != first.answer.now.value) {
			return ambiguity_error(group, local, &first, &next, err);
		}
	}
	if (any) {
		*answer = first.answer;
	} else {
		answer->miss = best_miss;
		answer->poison = bpfl_core_value_missing(local->kind, &answer->now) < 0;
	}
	return 0;
}

static int query_solve(struct solving *solving, const struct group *group,
		       struct bpfl_core_query *query, struct bpfl_error *err)
{
	struct bpfl_core_path local;
	struct bpfl_core_answer *answer = &query->answer;
	const struct bpfl_btf *btf = solving->spec->btf;
	int result = bpfl_core_path_parse(btf, query->type_id, query->kind, query->access, &local,
					  err);

	if (result < 0) {
		return result;
	}
	if (bpfl_core_value_get(&local, solving->spec->big_endian, &answer->local, &answer->miss) <
	    0) {
		struct bpfl_buf text = BPFL_BUF_INIT;

		bpfl_core_miss_text(&local, &answer->miss, &text);
		result = bpfl_error_set(err, BPFL_ERR_OBJECT, EINVAL, "the object's own %s",
					text.data ? text.data : "type");
		bpfl_buf_deinit(&text);
		return result;
	}
	if (!query_needs_target(query)) {
		answer->now = answer->local;
		return 0;
	}
	return candidates_ask(solving, group, query, &local, err);
}

static int group_solve(struct solving *solving, struct group *group, struct bpfl_error *err)
{
	int result = solving->kernel ? candidates_find(solving, group, err) : 0;

	for (size_t i = 0; i < group->nr_queries && result == 0; i++) {
		result = query_solve(solving, group, &group->queries[i], err);
		if (result < 0) {
			query_fail(solving, &group->queries[i], result, err);
		}
	}
	return result;
}

/* What is wrong with a record shows without a kernel, and is said before one is looked for. */
static int records_check(const struct solving *solving, struct bpfl_error *err)
{
	const struct bpfl_core_solver *solver = solving->solver;
	struct bpfl_core_path path;

	if (solver->nr_queries > 0 && !solving->spec->btf) {
		int result = bpfl_error_set(err, BPFL_ERR_OBJECT, EINVAL, "the object has no BTF");

		return query_fail(solving, &solver->queries[0], result, err);
	}
	for (size_t i = 0; i < solver->nr_queries; i++) {
		const struct bpfl_core_query *query = &solver->queries[i];
		int result = bpfl_core_path_parse(solving->spec->btf, query->type_id, query->kind,
						  query->access, &path, err);

		if (result == 0 && query_needs_target(query) &&
		    bpfl_btf_name(solving->spec->btf, query->type_id)[0] == '\0') {
			result = bpfl_error_set(
				err, BPFL_ERR_OBJECT, EOPNOTSUPP,
				"a type without a name cannot be found in the kernel");
		}
		if (result < 0) {
			return query_fail(solving, query, result, err);
		}
	}
	return 0;
}

int bpfl_core_solve(const struct bpfl_spec *spec, struct bpfl_target *target,
		    const struct bpfl_image *image, const struct bpfl_log *log,
		    struct bpfl_core_solver *ret_solver, struct bpfl_error *err)
{
	struct bpfl_core_solver solver = { NULL, 0, NULL };
	struct solving solving = {
		.spec = spec, .image = image, .log = log, .target = target, .solver = &solver
	};
	int result = gather(&solving, err);

	if (result == 0) {
		result = records_check(&solving, err);
	}
	if (result == 0) {
		result = names_prepare(&solving, err);
	}
	for (size_t first = 0, next; first < solver.nr_queries && result == 0; first = next) {
		struct group group = { .queries = &solver.queries[first] };

		for (next = first + 1; next < solver.nr_queries; next++) {
			if (solver.queries[next].type_id != solver.queries[first].type_id) {
				break;
			}
		}
		group.nr_queries = next - first;
		result = group_solve(&solving, &group, err);
	}
	free(solving.room.items);
	if (result < 0) {
		bpfl_core_solver_deinit(&solver);
		return result;
	}
	*ret_solver = solver;
	return 0;
}
