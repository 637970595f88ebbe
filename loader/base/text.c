/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/text.c: escaping, strict number parsing, globs, and near names for "did you mean".
 */
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* One character as it may be shown: itself, or an escape of up to four characters. */
static size_t escape_char(char out[5], unsigned char c)
{
	if (c == '\n' || c == '\t') {
		out[0] = '\\';
		out[1] = c == '\n' ? 'n' : 't';
		out[2] = '\0';
		return 2;
	}
	if (c < 0x20 || c >= 0x7f) {
		snprintf(out, 5, "\\x%02x", c);
		return 4;
	}
	out[0] = (char)c;
	out[1] = '\0';
	return 1;
}

char *bpfl_text_escape(char *out, size_t out_size, const char *text, size_t text_size)
{
	size_t used = 0;

	if (out_size < 8) {
		if (out_size > 0)
			out[0] = '\0';
		return out;
	}
	if (!text)
		text = "";
	for (size_t i = 0; i < text_size && text[i]; i++) {
		char one[5];
		size_t len = escape_char(one, (unsigned char)text[i]);

		if (used + len + 4 > out_size) { /* keep room for "..." and NUL */
			memcpy(out + used, "...", 3);
			used += 3;
			break;
		}
		memcpy(out + used, one, len);
		used += len;
	}
	out[used] = '\0';
	return out;
}

int bpfl_text_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return BPFL_NO_DIGIT;
}

int bpfl_text_to_u128(const char *text, uint64_t *ret_lo, uint64_t *ret_hi)
{
	uint32_t limbs[4] = { 0 }; /* the lowest 32 bits first */
	unsigned base = 10;

	if (text[0] == '0' && text[1]) {
		if (text[1] == 'x' || text[1] == 'X' || text[1] == 'b' || text[1] == 'B') {
			base = (text[1] == 'x' || text[1] == 'X') ? 16 : 2;
			text += 2;
		} else {
			base = 8;
			text += 1;
		}
	}
	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		int digit = bpfl_text_digit(*text);
		uint64_t carry = (uint64_t)digit;

		if (digit >= (int)base)
			return -EINVAL;
		for (size_t i = 0; i < 4; i++) {
			carry += (uint64_t)limbs[i] * base;
			limbs[i] = (uint32_t)carry;
			carry >>= 32;
		}
		if (carry != 0)
			return -ERANGE;
	}
	*ret_lo = (uint64_t)limbs[1] << 32 | limbs[0];
	*ret_hi = (uint64_t)limbs[3] << 32 | limbs[2];
	return 0;
}

int bpfl_text_to_u64(const char *text, uint64_t *ret_value)
{
	uint64_t value = 0, above = 0;
	int ret = bpfl_text_to_u128(text, &value, &above);

	if (ret < 0 || above != 0)
		return ret < 0 ? ret : -ERANGE;
	*ret_value = value;
	return 0;
}

int bpfl_text_to_s64(const char *text, int64_t *ret_value)
{
	bool negative = text[0] == '-';
	uint64_t value;
	int ret = bpfl_text_to_u64(text + (negative || text[0] == '+' ? 1 : 0), &value);

	if (ret < 0)
		return ret;
	if (value > (uint64_t)INT64_MAX + (negative ? 1 : 0))
		return -ERANGE;
	*ret_value = negative ? (int64_t)(0 - value) : (int64_t)value;
	return 0;
}

int bpfl_text_to_ns(const char *text, uint64_t *ret_ns)
{
	static const struct {
		const char *suffix;
		uint64_t ns;
	} units[] = {
		{ "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 },
		{ "m", 60000000000 }, { "h", 3600000000000 }, { "", 1000000000 },
	};
	size_t digits = strspn(text, "0123456789");
	char number[24];
	uint64_t value;

	if (digits == 0)
		return -EINVAL;
	if (digits >= sizeof(number))
		return -ERANGE;
	/* "010s" is ten seconds, not eight: skip leading zeroes before the number parser sees an octal. */
	while (digits > 1 && text[0] == '0') {
		text++;
		digits--;
	}
	memcpy(number, text, digits);
	number[digits] = '\0';
	if (bpfl_text_to_u64(number, &value) < 0)
		return -ERANGE;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(text + digits, units[i].suffix) == 0) {
			if (__builtin_mul_overflow(value, units[i].ns, &value))
				return -ERANGE;
			*ret_ns = value;
			return 0;
		}
	}
	return -EINVAL;
}

bool bpfl_text_has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool bpfl_text_glob(const char *pattern, const char *text)
{
	const char *star = NULL, *retry = NULL;

	/* Remember the last '*' and where it may take one character more: linear in practice, no recursion. */
	while (*text) {
		if (*pattern == '*') {
			star = pattern++;
			retry = text;
		} else if (*pattern == '?' || *pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star + 1;
			text = ++retry;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

#define DISTANCE_MAX_LEN 95

unsigned bpfl_text_distance(const char *a, const char *b, unsigned limit)
{
	size_t a_len = strlen(a), b_len = strlen(b);
	unsigned row[DISTANCE_MAX_LEN + 1];

	if (a_len > DISTANCE_MAX_LEN || b_len > DISTANCE_MAX_LEN)
		return limit;
	if ((a_len > b_len ? a_len - b_len : b_len - a_len) >= limit)
		return limit;
	for (size_t j = 0; j <= b_len; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= a_len; i++) {
		unsigned diagonal = row[0], best = (unsigned)i;

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b_len; j++) {
			unsigned change = diagonal + (a[i - 1] != b[j - 1]);
			unsigned step = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;

			diagonal = row[j];
			row[j] = change < step ? change : step;
			if (row[j] < best)
				best = row[j];
		}
		if (best >= limit)
			return limit;
	}
	return row[b_len] < limit ? row[b_len] : limit;
}

void bpfl_near_init(struct bpfl_near *near, const char *wanted)
{
	memset(near, 0, sizeof(*near));
	near->wanted = wanted;
}

/* Small numbers are near. A name that contains the other counts as near however long it is. */
static unsigned near_distance(const char *wanted, const char *candidate, unsigned limit)
{
	unsigned distance = bpfl_text_distance(wanted, candidate, limit);

	if (distance >= limit && strlen(wanted) >= 4 && strstr(candidate, wanted))
		return limit - 1;
	return distance;
}

void bpfl_near_offer(struct bpfl_near *near, const char *candidate)
{
	unsigned limit = (unsigned)(strlen(near->wanted) / 3 + 2);
	unsigned distance, pos;

	if (limit > 8)
		limit = 8;
	if (strlen(candidate) >= sizeof(near->hits[0].name))
		return;
	distance = near_distance(near->wanted, candidate, limit);
	if (distance >= limit)
		return;
	for (unsigned i = 0; i < near->nr; i++) {
		if (strcmp(near->hits[i].name, candidate) == 0)
			return;
	}
	for (pos = near->nr; pos > 0 && near->hits[pos - 1].distance > distance; pos--)
		;
	if (pos == BPFL_NEAR_MAX)
		return;
	if (near->nr < BPFL_NEAR_MAX)
		near->nr++;
	memmove(&near->hits[pos + 1], &near->hits[pos], (near->nr - 1 - pos) * sizeof(near->hits[0]));
	near->hits[pos].distance = distance;
	strcpy(near->hits[pos].name, candidate);
}

char *bpfl_near_text(const struct bpfl_near *near, char *out, size_t out_size)
{
	size_t used = 0;

	if (out_size > 0)
		out[0] = '\0';
	for (unsigned i = 0; i < near->nr && used < out_size; i++) {
		const char *joint = i == 0 ? "" : i + 1 == near->nr ? " or " : ", ";
		int len = snprintf(out + used, out_size - used, "%s'%s'", joint, BPFL_ESC(near->hits[i].name));

		used += len > 0 ? (size_t)len : 0;
	}
	return out;
}

const char *bpfl_text_nearest(const char *word, const char *const *candidates, size_t nr_candidates)
{
	struct bpfl_near near;

	bpfl_near_init(&near, word);
	for (size_t i = 0; i < nr_candidates; i++)
		bpfl_near_offer(&near, candidates[i]);
	for (size_t i = 0; near.nr > 0 && i < nr_candidates; i++) {
		if (strcmp(candidates[i], near.hits[0].name) == 0)
			return candidates[i];
	}
	return NULL;
}

size_t bpfl_text_utf8_len(const unsigned char *text, size_t left)
{
	size_t len = text[0] < 0x80 ? 1 : text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2;

	if (len == 1)
		return 1;
	if (text[0] < 0xc2 || text[0] > 0xf4 || len > left)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] > 0x9f) ||
	    (text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] > 0x8f))
		return 0;
	return len;
}
