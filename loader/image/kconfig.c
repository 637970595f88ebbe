/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/kconfig: values of "extern int CONFIG_HZ __kconfig;".
 *
 * In: the kernel's configuration as text (kconfig_file.c). Out: bytes of the .kconfig map, which is
 * read-only for programs, so that the verifier takes the values as constants and drops the branches
 * that they rule out.
 *
 * Names beginning with LINUX_ are no configuration: their values are made here from what is known
 * of the kernel.
 *
 * A line "# CONFIG_X is not set" is the same as no line. That is an error for a strong extern,
 * which many do not expect (G-21); the error says so and what to write instead.
 */
#include "image/extern.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cursor.h"
#include "base/hash.h"
#include "base/text.h"
#include "sys/facts.h"

/* What a kconfig extern may be declared as. */
enum sort { SORT_NONE, SORT_BOOL, SORT_TRISTATE, SORT_CHAR, SORT_INT, SORT_CHARS };
struct declared {
	enum sort sort;
	uint32_t size; /* bytes */
	bool is_signed;
};

struct filling {
	const struct bpfl_spec *spec;
	struct bpfl_target *target;
	const struct bpfl_log *log;
	const bool *used;
	uint8_t *data;
	size_t data_size;
	char **texts;           /* per extern: set means it has a value */
	bool *absent;           /* per extern: it is weak and got 0 */
	bool *unset;            /* per extern: a source says that it is not set; for options_fill() */
	char source[BPFL_KCONFIG_SOURCE_SIZE]; /* where the values were found; "" nowhere */
};

/* ---- types ---- */

static bool is_power_of_two_up_to_8(uint32_t size)
{
	return size == 1 || size == 2 || size == 4 || size == 8;
}

static struct declared declared_of(const struct bpfl_btf *btf, uint32_t type_id)
{
	const struct bpfl_btf_type *type = bpfl_btf_skip_modifiers(btf, type_id, NULL);
	struct declared declared = { SORT_NONE, type->size, false };

	switch (bpfl_btf_kind(type)) {
	case BPFL_KIND_INT:
		declared.is_signed = bpfl_btf_int_encoding(type) & BPFL_INT_SIGNED;
		if (bpfl_btf_int_encoding(type) & BPFL_INT_BOOL) {
			declared.sort = type->size == 1 ? SORT_BOOL : SORT_NONE;
		} else if (type->size == 1) {
			declared.sort = SORT_CHAR;
		} else if (is_power_of_two_up_to_8(type->size)) {
			declared.sort = SORT_INT;
		}
		break;
	case BPFL_KIND_ENUM:
		if (type->size == 4 &&
		    strcmp(bpfl_btf_string(btf, type->name_off), "libbpf_tristate") == 0) {
			declared.sort = SORT_TRISTATE;
		}
		break;
	case BPFL_KIND_ARRAY: {
		const struct bpfl_btf_array *array = bpfl_btf_array(type);

		if (array->nr_elems > 0 && declared_of(btf, array->type).sort == SORT_CHAR) {
			declared.sort = SORT_CHARS;
			declared.size = array->nr_elems;
		}
		break;
	}
	default:
		break;
	}
	return declared;
}

/* ---- values ---- */

static bool number_fits(const struct declared *declared, uint64_t number, bool negative)
{
	unsigned bits = declared->size * 8;

	if (declared->is_signed) {
		int64_t value = (int64_t)number;

		if (negative != (value < 0) && number != 0) {
			return false;
		}
		return bits == 64 ||
		       (value >= -((int64_t)1 << (bits - 1)) && value < (int64_t)1 << (bits - 1));
	}
	return !negative && (bits == 64 || number >> bits == 0);
}

static void number_store(uint8_t *at, uint32_t size, uint64_t number)
{
	uint8_t u8 = (uint8_t)number;
	uint16_t u16 = (uint16_t)number;
	uint32_t u32 = (uint32_t)number;

	switch (size) {
	case 1:
		memcpy(at, &u8, 1);
		break;
	case 2:
		memcpy(at, &u16, 2);
		break;
	case 4:
		memcpy(at, &u32, 4);
		break;
	default:
		memcpy(at, &number, 8);
		break;
	}
}

static int number_set(uint8_t *at, const struct declared *declared, uint64_t number, bool negative,
		      struct bpfl_error *err)
{
	bool is_number = declared->sort == SORT_INT || declared->sort == SORT_CHAR;
	bool is_truth = declared->sort == SORT_BOOL && number <= 1 && !negative;

	if (!is_number && !is_truth) {
		return bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, EINVAL,
				      "a number does not fit its declared type");
	}
	if (is_number && !number_fits(declared, number, negative)) {
		return bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, ERANGE,
				      "the number does not fit %" PRIu32 " bytes, %s",
				      declared->size, declared->is_signed ? "signed" : "unsigned");
	}
	number_store(at, declared->size, number);
	return 0;
}

/* y, m and n: for tristates in the numbers of enum libbpf_tristate. */
static int letter_set(uint8_t *at, const struct declared *declared, char letter,
		      struct bpfl_error *err)
{
	static const struct {
		char letter;
		uint8_t tristate;
	} letters[] = { { 'n', 0 }, { 'y', 1 }, { 'm', 2 } };

	switch (declared->sort) {
	case SORT_CHAR:
		*at = (uint8_t)letter;
		return 0;
	case SORT_BOOL:
		if (letter == 'm') {
			return bpfl_error_set(
				err, BPFL_ERR_UNSUPPORTED, EINVAL,
				"'m' (module) does not fit a bool: declare it enum libbpf_tristate");
		}
		*at = letter == 'y';
		return 0;
	case SORT_TRISTATE:
		for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
			if (letters[i].letter == letter) {
				number_store(at, 4, letters[i].tristate);
			}
		}
		return 0;
	default:
		return bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, EINVAL,
				      "'%c' needs a bool, char or enum libbpf_tristate", letter);
	}
}

/* value begins with a quote. Longer strings are cut; there is always room for the NUL. */
static int string_set(struct filling *fill, const char *name, uint8_t *at,
		      const struct declared *declared, const char *value, size_t value_size,
		      struct bpfl_error *err)
{
	if (declared->sort != SORT_CHARS) {
		return bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, EINVAL,
				      "a string needs an array of char");
	}
	if (value_size < 2 || value[value_size - 1] != '"') {
		return bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, EINVAL,
				      "a string without its closing quote");
	}
	size_t size = value_size - 2;
	if (size >= declared->size) {
		bpfl_log_line(fill->log, BPFL_LOG_WARN,
			      "extern '%s': a string of %zu bytes is cut to %" PRIu32,
			      BPFL_ESC(name), size, declared->size - 1);
		size = declared->size - 1;
	}
	memcpy(at, value + 1, size);
	at[size] = 0;
	return 0;
}

static int text_set(struct filling *fill, const char *name, uint8_t *at,
		    const struct declared *declared, const char *value, size_t value_size,
		    struct bpfl_error *err)
{
	char number_text[32];
	uint64_t number = 0;
	int64_t signed_number = 0;

	if (value_size == 1 && strchr("ymn", value[0])) {
		return letter_set(at, declared, value[0], err);
	}
	if (value_size > 0 && value[0] == '"') {
		return string_set(fill, name, at, declared, value, value_size, err);
	}
	if (value_size == 0 || value_size >= sizeof(number_text)) {
		return bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, EINVAL,
				      "neither y, m, n, a string nor a number");
	}
	memcpy(number_text, value, value_size);
	number_text[value_size] = '\0';
	if (bpfl_text_to_u64(number_text, &number) == 0) {
		return number_set(at, declared, number, false, err);
	}
	if (bpfl_text_to_s64(number_text, &signed_number) == 0) {
		return number_set(at, declared, (uint64_t)signed_number, signed_number < 0, err);
	}
	return bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, EINVAL,
			      "neither y, m, n, a string nor a number");
}

/* The place of an extern in the map, or NULL with an error when its type cannot take a
 * configuration value. */
static uint8_t *extern_place(struct filling *fill, uint32_t extern_idx,
			     struct declared *ret_declared, struct bpfl_error *err)
{
	const struct bpfl_extern *ext = &fill->spec->externs.items[extern_idx];
	char type_text[BPFL_ESC_SIZE];

	*ret_declared = declared_of(fill->spec->btf, ext->type_id);
	if (ret_declared->sort == SORT_NONE) {
		bpfl_error_set(
			err, BPFL_ERR_OBJECT, EINVAL,
			"its type is '%s', but a kconfig value is a bool, char, integer, enum libbpf_tristate or array of char",
			bpfl_btf_type_text(fill->spec->btf, ext->type_id, type_text,
					   sizeof(type_text)));
		return NULL;
	}
	if (!bpfl_in_range(ext->byte_off, ret_declared->size, fill->data_size)) {
		bpfl_error_set(err, BPFL_ERR_OBJECT, EINVAL,
			       "its place, byte %" PRIu32 ", lies outside the map of %zu bytes",
			       ext->byte_off, fill->data_size);
		return NULL;
	}
	return fill->data + ext->byte_off;
}

/* Remembers in words what an extern became: this also marks it as found. */
static int text_keep(struct filling *fill, uint32_t extern_idx, const char *value, int value_size,
		     const char *source, struct bpfl_error *err)
{
	struct bpfl_buf text = BPFL_BUF_INIT;

	bpfl_buf_printf(&text, "%s = %.*s (%s)",
			BPFL_ESC(fill->spec->externs.items[extern_idx].name), value_size, value,
			source);
	if (!bpfl_buf_ok(&text)) {
		bpfl_buf_deinit(&text);
		return bpfl_error_nomem(err);
	}
	free(fill->texts[extern_idx]);
	fill->texts[extern_idx] = bpfl_buf_take(&text);
	return 0;
}

static void extern_prefix(const struct filling *fill, uint32_t extern_idx, struct bpfl_error *err)
{
	bpfl_error_prefix(err, "extern '%s'", BPFL_ESC(fill->spec->externs.items[extern_idx].name));
}

/* ---- configuration ---- */

static int option_set(struct filling *fill, uint32_t extern_idx, const char *value,
		      size_t value_size, struct bpfl_error *err)
{
	struct declared declared;
	char shown[BPFL_ESC_SIZE];
	uint8_t *at = extern_place(fill, extern_idx, &declared, err);
	int result = at ? text_set(fill, fill->spec->externs.items[extern_idx].name, at, &declared,
				   value, value_size, err)
			: -EINVAL;

	bpfl_text_escape(shown, sizeof(shown), value, value_size);
	if (result < 0) {
		bpfl_error_why(err, "its value in %s is %s", fill->source, shown);
		extern_prefix(fill, extern_idx, err);
		return result;
	}
	return text_keep(fill, extern_idx, shown, (int)strlen(shown), fill->source, err);
}

#define NOT_SET " is not set"

/* "# CONFIG_X is not set": moves *at to the name. */
static bool unset_name(const char **at, const char *stop)
{
	size_t size = (size_t)(stop - *at), tail = strlen(NOT_SET);

	if (size < 2 + tail || memcmp(*at, "# ", 2) != 0 || memcmp(stop - tail, NOT_SET, tail) != 0) {
		return false;
	}
	*at += 2;
	return true;
}

static int config_scan(struct filling *fill, const struct bpfl_buf *text,
		       const struct bpfl_hash *wanted, struct bpfl_error *err)
{
	const char *at = text->data, *end = text->data + text->size;
	int result = 0;

	while (at < end && result == 0) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		stop = stop ? stop : end;
		const char *equals = memchr(at, '=', (size_t)(stop - at));
		uint32_t idx;

		if (unset_name(&at, stop) &&
		    bpfl_hash_get(wanted, at, (size_t)(stop - at) - strlen(NOT_SET), &idx) == 0) {
			fill->unset[idx] = true;
		} else if (equals && bpfl_hash_get(wanted, at, (size_t)(equals - at), &idx) == 0 &&
			   !fill->texts[idx] && !fill->unset[idx]) {
			result = option_set(fill, idx, equals + 1, (size_t)(stop - equals - 1),
					    err);
		}
		at = stop < end ? stop + 1 : end;
	}
	return result;
}

static bool is_option(const struct filling *fill, size_t extern_idx)
{
	const struct bpfl_extern *ext = &fill->spec->externs.items[extern_idx];

	return ext->kind == BPFL_EXTERN_KCONFIG && fill->used[extern_idx] &&
	       bpfl_text_has_prefix(ext->name, "CONFIG_");
}

/* Whether an option is still without a value; only_strong: one that must have one. */
static bool any_is_open(const struct filling *fill, bool only_strong)
{
	for (size_t i = 0; i < fill->spec->externs.nr; i++) {
		if (is_option(fill, i) && !fill->texts[i] && !fill->unset[i] &&
		    !(only_strong && fill->spec->externs.items[i].weak)) {
			return true;
		}
	}
	return false;
}

/*
 * What the user named comes first, and for the running kernel need not say everything: the rest is as the
 * kernel was built (EXT-04).
 */
static int sources_scan(struct filling *fill, const struct bpfl_hash *wanted, struct bpfl_error *err)
{
	const char *named = fill->target->kconfig_path;
	struct bpfl_buf text = BPFL_BUF_INIT;
	int result = 0;

	if (named) {
		result = bpfl_kconfig_read_named(named, fill->source, &text, err);
		if (result == 0) {
			result = config_scan(fill, &text, wanted, err);
		}
		bpfl_buf_deinit(&text);
		if (result < 0 || !fill->target->running || !any_is_open(fill, false)) {
			return result;
		}
		text = (struct bpfl_buf)BPFL_BUF_INIT;
	}
	result = bpfl_kconfig_read(fill->target, fill->source, &text, err);
	if (result == 0) {
		result = config_scan(fill, &text, wanted, err);
	} else if (named || !any_is_open(fill, true)) {
		bpfl_error_clear(err); /* nobody insists, or missing_check() says it of one */
		result = 0;
	}
	bpfl_buf_deinit(&text);
	return result;
}

static int options_fill(struct filling *fill, struct bpfl_error *err)
{
	struct bpfl_hash wanted = BPFL_HASH_INIT;
	int result = 0;

	for (size_t i = 0; i < fill->spec->externs.nr && result == 0; i++) {
		const struct bpfl_extern *ext = &fill->spec->externs.items[i];

		if (is_option(fill, i) &&
		    bpfl_hash_put(&wanted, ext->name, strlen(ext->name), (uint32_t)i) == -ENOMEM) {
			result = bpfl_error_nomem(err);
		}
	}
	fill->unset = calloc(fill->spec->externs.nr + 1, sizeof(*fill->unset));
	if (!fill->unset) {
		result = bpfl_error_nomem(err);
	}
	if (result == 0 && wanted.nr_used > 0) {
		result = sources_scan(fill, &wanted, err);
	}
	free(fill->unset);
	fill->unset = NULL;
	bpfl_hash_deinit(&wanted);
	return result;
}

/* ---- LINUX_... ---- */

static int64_t virtual_kernel_version(struct bpfl_target *target)
{
	uint32_t version = bpfl_target_kernel_version(target);

	return version ? (int64_t)version : -1;
}

/*
 * Cookies for tracing programs came with 5.15, and distributions took them into older kernels:
 * there the kernel's own list of helper numbers knows.
 */
static int64_t virtual_has_bpf_cookie(struct bpfl_target *target)
{
	static const struct bpfl_core_name list = { "bpf_func_id", 11, 0 };
	const struct bpfl_btf *btf;
	size_t nr_ids;

	if (bpfl_target_kernel_version(target) >= BPFL_KERNEL_VERSION(5, 15, 0)) {
		return 1;
	}
	if (bpfl_core_names_prepare(target, &list, 1, NULL) < 0 ||
	    bpfl_target_btf(target, &btf, NULL) < 0) {
		return 0;
	}
	const uint32_t *ids = bpfl_core_names_get(target, list.text, list.size, &nr_ids);
	for (size_t i = 0; i < nr_ids; i++) {
		const struct bpfl_btf_type *type = bpfl_btf_type(btf, ids[i]);

		for (uint32_t k = 0;
		     type && bpfl_btf_kind(type) == BPFL_KIND_ENUM && k < bpfl_btf_vlen(type);
		     k++) {
			if (strcmp(bpfl_btf_string(btf, bpfl_btf_enums(type)[k].name_off),
				   "BPF_FUNC_get_attach_cookie") == 0) {
				return 1;
			}
		}
	}
	return 0;
}

const struct bpfl_core_name *bpfl_kconfig_wrapper_names(size_t *ret_nr)
{
	static const struct bpfl_core_name names[] = {
		{ "__x64_sys_bpf", 13, 0 }, { "__arm64_sys_bpf", 15, 0 }, { "__s390x_sys_bpf", 15, 0 }, { "__riscv_sys_bpf", 15, 0 }
	};

	*ret_nr = sizeof(names) / sizeof(names[0]);
	return names;
}

/* Of a kernel of which only the types are known: such functions have the architecture in their names. */
static bool has_wrapper_function(struct bpfl_target *target)
{
	size_t nr_names, nr_ids = 0;
	const struct bpfl_core_name *names = bpfl_kconfig_wrapper_names(&nr_names);

	if (bpfl_core_names_prepare(target, names, nr_names, NULL) < 0) {
		return false;
	}
	for (size_t i = 0; i < nr_names && nr_ids == 0; i++) {
		bpfl_core_names_get(target, names[i].text, names[i].size, &nr_ids);
	}
	return nr_ids > 0;
}

/* Since when system calls are entered through a function that takes only pt_regs
 * (ARCH_HAS_SYSCALL_WRAPPER), by architecture (G-75). */
static int64_t virtual_has_syscall_wrapper(struct bpfl_target *target)
{
#if defined(__x86_64__) || defined(__s390x__)
	uint32_t since = BPFL_KERNEL_VERSION(4, 17, 0);
#elif defined(__aarch64__)
	uint32_t since = BPFL_KERNEL_VERSION(4, 19, 0);
#elif defined(__riscv)
	uint32_t since = BPFL_KERNEL_VERSION(6, 6, 0);
#elif defined(__powerpc64__)
	uint32_t since = BPFL_KERNEL_VERSION(6, 2, 0);
#else
	uint32_t since = UINT32_MAX;
#endif
	uint32_t version = bpfl_target_kernel_version(target);

	return version > 0 ? version >= since : has_wrapper_function(target);
}

/* Values that are no configuration. A negative one is not known. */
static const struct {
	const char *name;
	int64_t (*value)(struct bpfl_target *target);
} virtuals[] = {
	{ "LINUX_KERNEL_VERSION", virtual_kernel_version },
	{ "LINUX_HAS_BPF_COOKIE", virtual_has_bpf_cookie },
	{ "LINUX_HAS_SYSCALL_WRAPPER", virtual_has_syscall_wrapper },
};

static int virtual_fill(struct filling *fill, uint32_t extern_idx, struct bpfl_error *err)
{
	const char *name = fill->spec->externs.items[extern_idx].name;
	struct declared declared;
	char shown[24];

	for (size_t i = 0; i < sizeof(virtuals) / sizeof(virtuals[0]); i++) {
		if (strcmp(virtuals[i].name, name) != 0) {
			continue;
		}
		int64_t value = virtuals[i].value(fill->target);
		if (value < 0) {
			return 0;
		}
		uint8_t *at = extern_place(fill, extern_idx, &declared, err);
		int result = at ? number_set(at, &declared, (uint64_t)value, false, err) : -EINVAL;
		if (result < 0) {
			extern_prefix(fill, extern_idx, err);
			return result;
		}
		snprintf(shown, sizeof(shown), "%" PRId64, value);
		return text_keep(fill, extern_idx, shown, (int)strlen(shown),
				 bpfl_target_kernel_version(fill->target) > 0 ? "the kernel's version" :
									    "the kernel's types", err);
	}
	return 0;
}

/* ---- all of them ---- */

static int missing_check(struct filling *fill, uint32_t extern_idx, struct bpfl_error *err)
{
	const struct bpfl_extern *ext = &fill->spec->externs.items[extern_idx];
	struct declared declared;

	if (!extern_place(fill, extern_idx, &declared, err)) {
		extern_prefix(fill, extern_idx, err);
		return -EINVAL;
	}
	if (ext->weak) {
		fill->absent[extern_idx] = true;
		return text_keep(fill, extern_idx, "0", 1, "not set, and weak", err);
	}
	int result = bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, ESRCH,
				    "extern '%s' has no value in this kernel", BPFL_ESC(ext->name));
	if (fill->source[0] != '\0') {
		bpfl_error_why(err, "'%s' is not set in %s", BPFL_ESC(ext->name), fill->source);
	}
	bpfl_error_fix(err, "declare it weak to get 0 instead: extern ... %s __kconfig __weak;",
		       BPFL_ESC(ext->name));
	bpfl_error_fix(err, "or name another configuration: --kconfig FILE");
	return result;
}

int bpfl_kconfig_fill(const struct bpfl_spec *spec, struct bpfl_target *target, const bool *used,
		      uint8_t *data, size_t data_size, const struct bpfl_log *log, char **texts,
		      bool *absent, struct bpfl_error *err)
{
	struct filling fill = { spec, target, log, used, data, data_size, texts, absent, NULL, "" };
	int result = options_fill(&fill, err);

	for (uint32_t i = 0; i < spec->externs.nr && result == 0; i++) {
		if (spec->externs.items[i].kind != BPFL_EXTERN_KCONFIG || !used[i] || texts[i]) {
			continue;
		}
		result = virtual_fill(&fill, i, err);
		if (result == 0 && !texts[i]) {
			result = missing_check(&fill, i, err);
		}
	}
	return result;
}
