/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/cmd_stage.c: elf, spec, image: make one stage, print it, stop. None of them needs root.
 */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int spec_stage(const struct options *options, enum bpfl_format format, struct out *out, char **ret_text,
		      struct bpfl_error *err)
{
	struct bpfl_spec_opts opts = { .size = sizeof(opts), .log = out_log(out) };
	struct bpfl_spec *spec = NULL;
	int ret = bpfl_spec_read(options->file, &opts, &spec, err);

	if (ret == 0)
		ret = edits_apply(options, spec, err);
	if (ret == 0)
		ret = bpfl_spec_text(spec, format, ret_text, err);
	bpfl_spec_destroy(spec);
	return ret;
}

/* What --attach says about programs before they are loaded: types, targets, and which of those with a '?' are meant. */
static int attaches_prepare(const struct options *options, struct bpfl_spec *spec, struct bpfl_error *err)
{
	int ret = 0;

	for (size_t i = 0; i < options->attach.nr && ret == 0; i++) {
		const char *text = options->attach.items[i];
		struct bpfl_attach *attach = NULL;
		struct bpfl_prog_view view;
		size_t prog_idx;

		if (strcmp(text, "none") == 0 || strcmp(text, "auto") == 0)
			continue;
		ret = bpfl_attach_parse(text, &attach, err);
		if (ret == 0)
			ret = bpfl_attach_select(attach, spec, &prog_idx, err);
		if (ret == 0)
			ret = bpfl_attach_prepare(attach, spec, prog_idx, err);
		if (ret == 0 && bpfl_spec_prog_view(spec, prog_idx, &view) == 0 && !view.selected)
			ret = bpfl_spec_prog_select(spec, view.name, true, err);
		bpfl_attach_destroy(attach);
	}
	return ret;
}

static int image_stage(const struct options *options, enum bpfl_format format, struct out *out, char **ret_text,
		       struct bpfl_error *err)
{
	struct bpfl_spec_opts opts = { .size = sizeof(opts), .log = out_log(out) };
	struct bpfl_target_opts target_opts = { .size = sizeof(target_opts), .btf_path = options->btf_path,
						.kconfig_path = options->kconfig_path };
	struct bpfl_spec *spec = NULL;
	struct bpfl_target *target = NULL;
	struct bpfl_image *image = NULL;
	int ret = bpfl_spec_read(options->file, &opts, &spec, err);

	if (ret == 0)
		ret = edits_apply(options, spec, err);
	if (ret == 0)
		ret = attaches_prepare(options, spec, err);
	if (ret == 0)
		ret = bpfl_target_running(&target_opts, &target, err);
	if (ret == 0)
		ret = bpfl_image_build(spec, target, &opts.log, &image, err);
	if (ret == 0)
		ret = bpfl_image_text(image, format, ret_text, err);
	bpfl_image_destroy(image);
	bpfl_target_destroy(target);
	bpfl_spec_destroy(spec);
	return ret;
}

static int stage_make(enum option_set stage, const struct options *options, struct out *out, char **ret_text,
		      struct bpfl_error *err)
{
	enum bpfl_format format = options->json ? BPFL_FORMAT_JSON : BPFL_FORMAT_TEXT;

	switch (stage) {
	case OPTIONS_ELF: return bpfl_elf_text(options->file, format, ret_text, err);
	case OPTIONS_SPEC: return spec_stage(options, format, out, ret_text, err);
	default: return image_stage(options, format, out, ret_text, err);
	}
}

static int stage_run(enum option_set stage, int argc, char **argv)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct options options;
	struct out out;
	char *text = NULL;
	int code = EXIT_OK;
	int ret;

	out_init(&out);
	ret = options_parse(&options, stage, argc, argv, &err);
	out.json = options.json;
	out.verbosity = options.verbosity;
	if (ret == 0 && options.help) {
		printf("usage: bpfload %s FILE [options]\n", argv[0]);
		options_help(stage);
		code = out_help_end();
		goto done;
	}
	if (ret == 0)
		ret = stage_make(stage, &options, &out, &text, &err);
	if (ret == 0)
		ret = out_end(&out, out_text(&out, text));
	if (ret < 0)
		code = out_error(&out, &err);
done:
	free(text);
	options_deinit(&options);
	bpfl_error_clear(&err);
	return code;
}

int cmd_elf(int argc, char **argv)
{
	return stage_run(OPTIONS_ELF, argc, argv);
}

int cmd_spec(int argc, char **argv)
{
	return stage_run(OPTIONS_SPEC, argc, argv);
}

int cmd_image(int argc, char **argv)
{
	return stage_run(OPTIONS_IMAGE, argc, argv);
}
