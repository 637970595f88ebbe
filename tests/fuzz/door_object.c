/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A BPF object, all the way: tables, spec, image, check, the fake kernel, and the text of each stage. Whatever
 * does not end the way is taken on.
 */
#include "doors.h"

#include <stdlib.h>
#include "btfc.h"
#include "bpfload/check.h"
#include "bpfload/decode.h"
#include "bpfload/event.h"
#include "elf/elf.h"
#include "image/image.h"
#include "kern/object.h"

/* What CO-RE and externs of the compiled programs look for. */
static const char kernel_types[] =
	"struct list_head { struct list_head *next; struct list_head *prev; };"
	"struct cred { u32 uid; };"
	"struct task_struct { u64 state; s32 pid; s32 tgid; struct task_struct *real_parent; struct cred *cred; char comm[16];"
	" u32 exit_code; };"
	"struct file { u32 f_flags; }; struct pt_regs { u64 di; u64 si; u64 ax; };"
	"enum bpf_prog_type { BPF_PROG_TYPE_UNSPEC, BPF_PROG_TYPE_SOCKET_FILTER };"
	"enum bpf_map_type { BPF_MAP_TYPE_UNSPEC, BPF_MAP_TYPE_HASH };"
	"struct sk_buff { u32 len; }; struct xdp_md { u32 data; };"
	"func do_unlinkat(s32, struct file *) s32; func bpf_task_release(struct task_struct *) void;"
	"var s32 runqueues;";

static struct bpfl_target *target_new(void)
{
	struct bpfl_target_opts opts = {
		.size = sizeof(opts), .kernel_version = 0x060c00, .nr_possible_cpus = 4, .page_size = 4096
	};
	struct bpfl_target *target = NULL;

	if (bpfl_target_create(&opts, &target, NULL) < 0)
		return NULL;
	target->btf = fuzz_types(kernel_types);
	return target;
}

static void show_spec(const struct bpfl_spec *spec)
{
	char *text = NULL;

	for (int format = BPFL_FORMAT_TEXT; format <= BPFL_FORMAT_JSON; format++) {
		if (bpfl_spec_text(spec, (enum bpfl_format)format, &text, NULL) == 0)
			free(text);
		text = NULL;
	}
}

static void show_image(const struct bpfl_image *image)
{
	char *text = NULL;

	for (int format = BPFL_FORMAT_TEXT; format <= BPFL_FORMAT_JSON; format++) {
		if (bpfl_image_text(image, (enum bpfl_format)format, &text, NULL) == 0)
			free(text);
		text = NULL;
	}
}

static void check(const struct bpfl_spec *spec, struct bpfl_target *target)
{
	struct bpfl_check *result = NULL;
	char *text = NULL;

	if (bpfl_check_run(spec, target, NULL, &result, NULL) < 0)
		return;
	if (bpfl_check_text(result, BPFL_FORMAT_JSON, true, "fuzz.bpf.o", "fuzz", &text, NULL) == 0)
		free(text);
	bpfl_check_destroy(result);
}

static void load(const struct bpfl_spec *spec, const struct bpfl_image *image, struct bpfl_target *target)
{
	struct bpfl_object *object = NULL;
	char *text = NULL;

	if (bpfl_object_load(image, target, NULL, &object, NULL) < 0)
		return;
	for (size_t i = 0; i < spec->maps.nr && i < 8; i++) {
		/* Made of arrays: what would take long to make is no fault of the reader. */
		if (image->maps[i].max_entries > 1024)
			continue;
		if (bpfl_object_map_text(object, spec->maps.items[i].name, BPFL_FORMAT_TEXT, &text, NULL) == 0)
			free(text);
		text = NULL;
	}
	bpfl_object_close(object);
}

static bool is_small(const struct bpfl_image *image)
{
	for (size_t i = 0; i < image->spec->maps.nr; i++) {
		if ((uint64_t)image->maps[i].max_entries * image->maps[i].value_size > 1 << 20)
			return false;
	}
	return true;
}

void fuzz_object(const uint8_t *bytes, size_t size)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_spec *spec = NULL;
	struct bpfl_target *target;
	struct bpfl_image *image = NULL;
	struct bpfl_decoder *decoder = NULL;

	if (bpfl_spec_read_memory(bytes, size, NULL, &spec, &err) == 0) {
		show_spec(spec);
		target = target_new();
		if (target)
			check(spec, target);
		if (target && bpfl_image_build(spec, target, NULL, &image, &err) == 0) {
			show_image(image);
			if (is_small(image))
				load(spec, image, target);
		}
		if (bpfl_decoder_create(spec, NULL, &decoder, &err) == 0)
			bpfl_decoder_destroy(decoder);
		bpfl_image_destroy(image);
		bpfl_target_destroy(target);
		bpfl_spec_destroy(spec);
	}
	bpfl_error_clear(&err);
}
