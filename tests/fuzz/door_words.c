/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What people write on the command line, and scripts put there from elsewhere.
 */
#include "doors.h"

#include <stdlib.h>
#include "bpfload/link.h"
#include "bpfload/text.h"
#include "btf/cdecl.h"
#include "btf/value.h"
#include "btfc.h"
#include "event/layout.h"

void fuzz_attach(const uint8_t *bytes, size_t size)
{
	struct fuzz_words words = fuzz_words_of(bytes, size);
	const char *text = fuzz_word(&words);
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_attach *attach = NULL;
	uint64_t value;

	if (bpfl_attach_parse(text, &attach, &err) == 0)
		bpfl_attach_destroy(attach);
	bpfl_text_to_u64(text, &value);
	bpfl_text_to_ns(text, &value);
	bpfl_text_fit(text, size, value % 100);
	bpfl_error_clear(&err);
	fuzz_words_free(&words);
}

void fuzz_cdecl(const uint8_t *bytes, size_t size)
{
	struct bpfl_btf *known = fuzz_types("struct task { u32 pid; struct task *next; }; typedef u64 stamp; enum e { A, B = 7 };");
	struct fuzz_words words = fuzz_words_of(bytes, size);
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_layout layout;
	struct bpfl_btf *btf = NULL;
	uint32_t id;

	if (bpfl_cdecl_read(known, fuzz_word(&words), &btf, &id, &err) == 0) {
		if (bpfl_layout_init(&layout, btf, id) == 0)
			bpfl_layout_deinit(&layout);
		bpfl_btf_destroy(btf);
	}
	bpfl_btf_destroy(known);
	bpfl_error_clear(&err);
	fuzz_words_free(&words);
}

static const char config_types[] =
	"enum mode { FAST, SLOW = 9 }; struct inner { s8 a; u16 bits : 5; s64 c[3]; };"
	"struct cfg { u32 pid; char comm[8]; struct inner in[2]; enum mode mode; bool on; float f; double d; u64 wait_ns;"
	" union { u32 v4; u8 bytes[4]; }; struct cfg *next; };";

/* Words: a path below a variable, and what is to be stored there. */
void fuzz_value(const uint8_t *bytes, size_t size)
{
	struct bpfl_btf *btf = fuzz_types(config_types);
	struct fuzz_words words = fuzz_words_of(bytes, size);
	const char *path = fuzz_word(&words), *text = fuzz_word(&words);
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_btf_place place;
	uint32_t id = btfc_id(btf, "struct cfg"), value_size;
	uint8_t *value;
	struct bpfl_buf out = BPFL_BUF_INIT;

	if (bpfl_btf_size(btf, id, &value_size) < 0)
		abort();
	value = calloc(1, value_size);
	if (!value)
		abort();
	if (bpfl_btf_place_find(btf, id, path, &place, &err) == 0)
		bpfl_btf_place_set(btf, &place, "wait_ns", text, value, value_size, &err);
	bpfl_btf_value_text(btf, id, value, value_size, &out);
	bpfl_buf_deinit(&out);
	free(value);
	bpfl_btf_destroy(btf);
	bpfl_error_clear(&err);
	fuzz_words_free(&words);
}
