/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pages of metrics from maps of the fake kernel: names, labels, sums over CPUs, and what happens when a map
 * cannot be read.
 */
#include "harness.h"

#include <errno.h>
#include <stdlib.h>
#include "bpfload/metrics.h"
#include "event/metrics.h"
#include "fake_sys.h"
#include "kern/map_handle.h"

static struct bpfl_error err = BPFL_ERROR_INIT;
static struct bpfl_metrics *metrics;

/* A map in hand, without types. */
static struct bpfl_map *map_make(const char *name, uint32_t type, uint32_t key_size, uint32_t value_size,
				 uint32_t max_entries)
{
	struct bpfl_map_def def = { .size = sizeof(def),
				    .name = name,
				    .type = type,
				    .key_size = key_size,
				    .value_size = value_size,
				    .max_entries = max_entries };
	struct bpfl_map *map = NULL;

	CHECK_OK(bpfl_map_create(&def, NULL, NULL, &map, &err), err);
	return map;
}

static void page_has(const char *want)
{
	char *text = NULL;

	CHECK_OK(bpfl_metrics_text(metrics, &text, &err), err);
	CHECK_HAS(text, want);
	free(text);
}

static void label_is(const char *value, size_t size, const char *want)
{
	struct bpfl_buf labels = BPFL_BUF_INIT;

	bpfl_metric_put_label(&labels, "a", value, size);
	ck_assert_str_eq(labels.data, want);
	bpfl_buf_deinit(&labels);
}

START_TEST(labels_are_escaped)
{
	label_is("", 0, "a=\"\"");
	label_is("a\"b\\c\nd", 7, "a=\"a\\\"b\\\\c\\nd\"");
	label_is("\x01\x7f", 2, "a=\"\\\\x01\\\\x7f\"");
	label_is("caf\xc3\xa9 \xff", 7, "a=\"caf\xc3\xa9 \\\\xff\"");
	label_is("\xc3", 1, "a=\"\\\\xc3\"");	      /* cut in the middle */
	label_is("\xed\xa0\x80", 3, "a=\"\\\\xed\\\\xa0\\\\x80\""); /* a surrogate */
}
END_TEST

START_TEST(values_of_all_cpus_are_added_or_shown)
{
	struct bpfl_metrics_opts opts = { .size = sizeof(opts), .per_cpu = true };
	uint64_t values[4] = { 10, 11, 12, 13 };
	struct bpfl_map *map = map_make("hits", BPFL_MAP_TYPE_PERCPU_ARRAY, 4, 4, 1);

	CHECK_OK(bpfl_map_update(map, &(uint32_t){ 0 }, 4, values, sizeof(values), 0, &err), err);
	CHECK_OK(bpfl_metrics_create(NULL, &metrics, &err), err);
	ck_assert_int_eq(bpfl_metrics_add_map(metrics, map, &err), 1);
	page_has("# TYPE bpf_hits untyped\nbpf_hits 46\n");
	bpfl_metrics_destroy(metrics);
	CHECK_OK(bpfl_metrics_create(&opts, &metrics, &err), err);
	ck_assert_int_eq(bpfl_metrics_add_map(metrics, map, &err), 1);
	page_has("bpf_hits{cpu=\"0\"} 10\nbpf_hits{cpu=\"1\"} 11\nbpf_hits{cpu=\"2\"} 12\nbpf_hits{cpu=\"3\"} 13\n");
	bpfl_metrics_destroy(metrics);
	bpfl_map_close(map);
}
END_TEST

START_TEST(names_that_come_out_alike_get_a_number)
{
	const char *counters[] = { "a.b", "c" };
	struct bpfl_metrics_opts opts = { .size = sizeof(opts),
					  .prefix = "x",
					  .told = { [BPFL_METRIC_COUNTER] = counters },
					  .nr_told = { [BPFL_METRIC_COUNTER] = 2 } };
	struct bpfl_map *first = map_make("a.b", BPFL_MAP_TYPE_ARRAY, 4, 8, 1),
			*second = map_make("a_b", BPFL_MAP_TYPE_ARRAY, 4, 8, 1),
			*third = map_make("a-b", BPFL_MAP_TYPE_ARRAY, 4, 8, 1);

	CHECK_OK(bpfl_metrics_create(&opts, &metrics, &err), err);
	ck_assert_int_eq(bpfl_metrics_add_map(metrics, first, &err), 1);
	ck_assert_int_eq(bpfl_metrics_add_map(metrics, second, &err), 1);
	ck_assert_int_eq(bpfl_metrics_add_map(metrics, third, &err), 1);
	ck_assert_str_eq(bpfl_metrics_unused(metrics), "c");
	page_has("# TYPE x_a_b_total counter\nx_a_b_total 0\n");
	page_has("# TYPE x_a_b untyped\nx_a_b 0\n");
	page_has("# TYPE x_a_b_2 untyped\nx_a_b_2 0\n");
	bpfl_metrics_destroy(metrics);
	bpfl_map_close(first);
	bpfl_map_close(second);
	bpfl_map_close(third);
}
END_TEST

START_TEST(numbers_of_the_caller_stand_together)
{
	CHECK_OK(bpfl_metrics_create(NULL, &metrics, &err), err);
	CHECK_OK(bpfl_metrics_put(metrics, "lost_total", BPFL_METRIC_COUNTER, "a\\b\nc", "map", "rb", 1, &err), err);
	CHECK_OK(bpfl_metrics_put(metrics, "info", BPFL_METRIC_GAUGE, "i", NULL, NULL, 1, &err), err);
	CHECK_OK(bpfl_metrics_put(metrics, "lost_total", BPFL_METRIC_COUNTER, "ignored", "map", "pb", 2, &err), err);
	CHECK_OK(bpfl_metrics_put(metrics, "lost_total", BPFL_METRIC_COUNTER, "ignored", "map", "rb", 7, &err), err);
	page_has("# HELP lost_total a\\\\b\\nc\n# TYPE lost_total counter\nlost_total{map=\"rb\"} "
		 "7\nlost_total{map=\"pb\"} 2\n# HELP info i\n");
	CHECK_FAILS(bpfl_metrics_put(metrics, "9x", BPFL_METRIC_GAUGE, "", NULL, NULL, 1, &err), err, BPFL_ERR_USAGE,
		    EINVAL, "'9x'");
	bpfl_metrics_destroy(metrics);
}
END_TEST

START_TEST(a_map_that_cannot_be_read_is_said)
{
	struct bpfl_map *map = map_make("m", BPFL_MAP_TYPE_ARRAY, 4, 4, 10);

	CHECK_OK(bpfl_metrics_create(NULL, &metrics, &err), err);
	ck_assert_int_eq(bpfl_metrics_add_map(metrics, map, &err), 1);
	page_has("bpfload_export_incomplete{map=\"m\"} 0\n");
	fake_sys_fail_bpf(BPFL_CMD_MAP_LOOKUP_BATCH, 0, EINVAL);
	fake_sys_fail_bpf(BPFL_CMD_MAP_LOOKUP_ELEM, 0, EPERM);
	page_has("bpfload_export_incomplete{map=\"m\"} 1\n");
	bpfl_metrics_destroy(metrics);
	bpfl_map_close(map);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		labels_are_escaped,
		values_of_all_cpus_are_added_or_shown,
		names_that_come_out_alike_get_a_number,
		numbers_of_the_caller_stand_together,
		a_map_that_cannot_be_read_is_said,
	};
	return bpfl_test_main(BPFL_TEST_SUITE("event metrics", tests));
}
