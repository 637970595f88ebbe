/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/cmd_test.c: `bpfload test FILE PROG`: runs one program with the input in files, attached to nothing, and
 * tells what it returned.
 *
 * Only this program is loaded, with all maps; --only loads others too, such as those that it calls through a
 * program array.
 */
#include "cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX (1u << 20)

struct test_options {
	struct options common; /* edits_apply() reads them */
	const char *data_in, *data_out, *ctx_in, *ctx_out;
	uint64_t repeat;
};

struct test {
	struct test_options options;
	struct out out;
	void *data, *ctx;
	struct bpfl_test_opts input;
	struct bpfl_spec *spec;
	struct bpfl_target *target;
	struct bpfl_image *image;
	struct bpfl_object *object;
	struct bpfl_test_result result;
};

#define FIELD(member) offsetof(struct test_options, member)

static const struct option_row rows[] = {
	{ "data-in", 0, VALUE_TEXT, FIELD(data_in), "FILE", "the packet that it is given, as bytes; - is stdin" },
	{ "data-out", 0, VALUE_TEXT, FIELD(data_out), "FILE", "write the packet there as it is afterwards; - is stdout" },
	{ "ctx-in", 0, VALUE_TEXT, FIELD(ctx_in), "FILE", "the context that it is given (struct xdp_md, ...), as bytes" },
	{ "ctx-out", 0, VALUE_TEXT, FIELD(ctx_out), "FILE", "write the context there as it is afterwards, likewise" },
	{ "repeat", 0, VALUE_U64, FIELD(repeat), "N", "run it N times, for the time of one" },
	{ "set", 's', VALUE_WORDS, FIELD(common.set), "VAR=VALUE", "set a global variable before loading" },
	{ "map", 0, VALUE_WORDS, FIELD(common.map), "NAME.FIELD=N", "change a map before loading" },
	{ "type", 0, VALUE_WORDS, FIELD(common.type), "PROG=TYPE", "load a program as this type" },
	{ "only", 0, VALUE_LIST, FIELD(common.only), "P,Q", "load these programs too" },
	{ "json", 'j', VALUE_FLAG, FIELD(common.json), NULL, "a JSON object" },
	OPTION_ROWS_END(FIELD(common.verbosity), FIELD(common.help)),
};

static const struct option_table table = { rows, sizeof(rows) / sizeof(rows[0]), "bpfload test --help" };

static bool is_dash(const char *path)
{
	return path && strcmp(path, "-") == 0;
}

static int input_read(const char *option, const char *path, void **ret_data, size_t *ret_size, struct bpfl_error *err)
{
	FILE *file;
	int ret = 0;

	if (!path)
		return 0;
	errno = 0;
	file = is_dash(path) ? stdin : fopen(path, "re");
	*ret_data = malloc(INPUT_MAX + 1);
	if (file && *ret_data)
		*ret_size = fread(*ret_data, 1, INPUT_MAX + 1, file);
	if (!file || !*ret_data || ferror(file))
		ret = out_errno(err, errno, "--%s: '%.300s'", option, path);
	else if (*ret_size > INPUT_MAX)
		ret = out_usage(err, "--%s: '%.300s' has more than 1 MiB", option, path);
	if (file && file != stdin)
		fclose(file);
	return ret;
}

static int load(struct test *test, const char *prog, struct bpfl_error *err)
{
	struct bpfl_log log = out_log(&test->out);
	struct bpfl_spec_opts spec_opts = { .size = sizeof(spec_opts), .log = log };
	struct bpfl_load_opts load_opts = { .size = sizeof(load_opts), .log = log, .no_pin = true };
	struct bpfl_prog_view view;
	int ret = bpfl_spec_read(test->options.common.file, &spec_opts, &test->spec, err);

	for (size_t i = 0; ret == 0 && bpfl_spec_prog_view(test->spec, i, &view) == 0; i++)
		ret = bpfl_spec_prog_select(test->spec, view.name, false, err);
	if (ret == 0)
		ret = edits_apply(&test->options.common, test->spec, err);
	if (ret == 0)
		ret = bpfl_spec_prog_select(test->spec, prog, true, err);
	if (ret == 0)
		ret = bpfl_target_running(NULL, &test->target, err);
	if (ret == 0)
		ret = bpfl_image_build(test->spec, test->target, &log, &test->image, err);
	return ret < 0 ? ret : bpfl_object_load(test->image, test->target, &load_opts, &test->object, err);
}

static int test_run(struct test *test, const char *prog, struct bpfl_error *err)
{
	const struct test_options *options = &test->options;
	char *text = NULL;
	int ret;

	if (options->repeat > INT32_MAX)
		return out_usage(err, "--repeat: at most %d", INT32_MAX);
	if (options->data_out && !options->data_in)
		return out_usage(err, "--data-out needs --data-in");
	if (options->ctx_out && !options->ctx_in)
		return out_usage(err, "--ctx-out needs --ctx-in");
	if (is_dash(options->data_in) && is_dash(options->ctx_in))
		return out_usage(err, "stdin can be the data or the context, not both");
	if (is_dash(options->data_out) && is_dash(options->ctx_out))
		return out_usage(err, "stdout can be the data or the context, not both");
	ret = input_read("data-in", options->data_in, &test->data, &test->input.data_size, err);
	if (ret == 0)
		ret = input_read("ctx-in", options->ctx_in, &test->ctx, &test->input.ctx_size, err);
	if (ret == 0)
		ret = load(test, prog, err);
	if (ret < 0)
		return ret;
	test->input.size = sizeof(test->input);
	test->input.data = test->data;
	test->input.ctx = test->ctx;
	test->input.wants_ctx = options->ctx_out != NULL;
	test->input.repeat = (uint32_t)options->repeat;
	ret = bpfl_object_test(test->object, prog, &test->input, &test->result, err);
	if (ret == 0 && options->data_out)
		ret = file_write("data-out", options->data_out, test->result.data, test->result.data_size, err);
	if (ret == 0 && options->ctx_out)
		ret = file_write("ctx-out", options->ctx_out, test->result.ctx, test->result.ctx_size, err);
	if (ret == 0)
		ret = bpfl_test_result_text(&test->result, prog,
					    options->common.json ? BPFL_FORMAT_JSON : BPFL_FORMAT_TEXT, &text, err);
	if (ret < 0)
		return ret;
	if (is_dash(options->data_out) || is_dash(options->ctx_out))
		fputs(text, stderr); /* stdout has the bytes */
	else
		ret = out_end(&test->out, out_text(&test->out, text));
	free(text);
	return ret;
}

static void test_deinit(struct test *test)
{
	bpfl_test_result_deinit(&test->result);
	bpfl_object_close(test->object);
	bpfl_image_destroy(test->image);
	bpfl_target_destroy(test->target);
	bpfl_spec_destroy(test->spec);
	options_deinit(&test->options.common);
	free(test->data);
	free(test->ctx);
}

int cmd_test(int argc, char **argv)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct test test;
	int operand = argc, code = EXIT_OK, ret;

	memset(&test, 0, sizeof(test));
	out_init(&test.out);
	ret = option_table_parse(&table, &test.options, argc, argv, &operand, &err);
	test.out.json = test.options.common.json;
	test.out.verbosity = test.options.common.verbosity;
	if (ret == 0 && test.options.common.help) {
		printf("usage: bpfload test FILE PROG [options]\n");
		option_table_help(&table);
		code = out_help_end();
	} else if (ret == 0 && operand + 2 != argc) {
		ret = out_usage(&err, "test takes an object file and the name of a program: bpfload test FILE PROG");
	} else if (ret == 0) {
		test.options.common.file = argv[operand];
		ret = test_run(&test, argv[operand + 1], &err);
	}
	if (ret < 0)
		code = out_error(&test.out, &err);
	test_deinit(&test);
	bpfl_error_clear(&err);
	return code;
}
