/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elf/lzma.c: LZMA2.
 *
 * The input is a row of chunks, each with its sizes: bytes as they are, or LZMA. LZMA knows single bytes and
 * copies of what came before, by distance and length; the last four distances have short names. Each decision
 * is a bit with a probability that adapts, and a range coder packs such bits. What has come out is the
 * dictionary, so it is kept in one piece and copies read from it.
 *
 * The input is untrusted: a chunk cannot read past its end nor write past its size, and a distance must lie
 * within what came out since the dictionary was reset. Running out of input makes zeros, and is told at the end
 * of the chunk.
 */
#include "elf/lzma.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define NR_STATES 12u
#define NR_POS_STATES 16u
#define FIRST_COPY_STATE 7u /* states below: the last thing was a byte */
#define LEN_MIN 2u
#define NR_LITERAL_PROBS (0x300u << 4) /* lc + lp is at most 4 */
#define PROB_HALF 1024u
#define PROB_BITS 11
#define ADAPT_SHIFT 5
#define RANGE_MIN (1u << 24)

struct lengths {
	uint16_t above_low, above_mid;
	uint16_t low[NR_POS_STATES][8], mid[NR_POS_STATES][8], high[256];
};

/* All that adapts. Nothing but probabilities, so that they can be set in one go. */
struct probs {
	uint16_t is_copy[NR_STATES][NR_POS_STATES], is_rep0_long[NR_STATES][NR_POS_STATES];
	uint16_t is_rep[NR_STATES], is_rep_above0[NR_STATES], is_rep_above1[NR_STATES], is_rep_above2[NR_STATES];
	uint16_t dist_slot[4][64], dist_special[115], dist_align[16];
	struct lengths match_len, rep_len;
	uint16_t literal[NR_LITERAL_PROBS];
};

struct decoder {
	const uint8_t *in, *in_end; /* of the chunk */
	bool starved;
	uint32_t range, code;
	uint8_t *out; /* of all chunks */
	size_t out_pos, out_end; /* out_end: of the chunk */
	size_t dict_start;
	unsigned lc, lp, pb;
	bool has_props, has_dict;
	unsigned state;
	uint32_t reps[4];
	struct probs probs;
};

static void reset_state(struct decoder *decoder)
{
	uint16_t *probs = (uint16_t *)(void *)&decoder->probs;

	for (size_t i = 0; i < sizeof(decoder->probs) / sizeof(*probs); i++)
		probs[i] = PROB_HALF;
	decoder->state = 0;
	memset(decoder->reps, 0, sizeof(decoder->reps));
}

/* ---- bits ---- */

static void normalize(struct decoder *decoder)
{
	if (decoder->range >= RANGE_MIN)
		return;
	decoder->range <<= 8;
	decoder->code <<= 8;
	if (decoder->in < decoder->in_end)
		decoder->code |= *decoder->in++;
	else
		decoder->starved = true;
}

static unsigned take_bit(struct decoder *decoder, uint16_t *prob)
{
	uint32_t bound = (decoder->range >> PROB_BITS) * *prob;
	unsigned bit = decoder->code >= bound;

	if (bit) {
		decoder->range -= bound;
		decoder->code -= bound;
		*prob = (uint16_t)(*prob - (*prob >> ADAPT_SHIFT));
	} else {
		decoder->range = bound;
		*prob = (uint16_t)(*prob + (((1u << PROB_BITS) - *prob) >> ADAPT_SHIFT));
	}
	normalize(decoder);
	return bit;
}

/* A number of nr_bits, the highest bit first: a tree of 1 << nr_bits probabilities, whose root is 1. */
static unsigned take_tree(struct decoder *decoder, uint16_t *probs, unsigned nr_bits)
{
	unsigned at = 1;

	for (unsigned i = 0; i < nr_bits; i++)
		at = at << 1 | take_bit(decoder, &probs[at]);
	return at - (1u << nr_bits);
}

/* The same, the lowest bit first. */
static unsigned take_tree_reversed(struct decoder *decoder, uint16_t *probs, unsigned nr_bits)
{
	unsigned at = 1, value = 0;

	for (unsigned i = 0; i < nr_bits; i++) {
		unsigned bit = take_bit(decoder, &probs[at]);

		at = at << 1 | bit;
		value |= bit << i;
	}
	return value;
}

/* Bits that are as likely 0 as 1. */
static uint32_t take_plain(struct decoder *decoder, unsigned nr_bits)
{
	uint32_t value = 0;

	while (nr_bits-- > 0) {
		unsigned bit;

		decoder->range >>= 1;
		bit = decoder->code >= decoder->range;
		if (bit)
			decoder->code -= decoder->range;
		value = value << 1 | bit;
		normalize(decoder);
	}
	return value;
}

/* ---- bytes and copies ---- */

/* Bytes that came out since the dictionary began. */
static size_t position(const struct decoder *decoder)
{
	return decoder->out_pos - decoder->dict_start;
}

static void take_literal(struct decoder *decoder)
{
	size_t pos = position(decoder);
	unsigned before = pos > 0 ? decoder->out[decoder->out_pos - 1] : 0;
	unsigned context = (unsigned)((pos & ((1u << decoder->lp) - 1)) << decoder->lc) + (before >> (8 - decoder->lc));
	uint16_t *probs = &decoder->probs.literal[0x300u * context];
	unsigned symbol = 1;

	if (decoder->state >= FIRST_COPY_STATE && decoder->reps[0] < pos) {
		/*
		 * The byte that a copy would have brought is a hint: this one differs from it, at the bit
		 * where they part.
		 */
		unsigned hint = decoder->out[decoder->out_pos - decoder->reps[0] - 1];

		while (symbol < 0x100) {
			unsigned hint_bit = hint >> 7 & 1,
				 bit = take_bit(decoder, &probs[((1 + hint_bit) << 8) + symbol]);

			hint <<= 1;
			symbol = symbol << 1 | bit;
			if (bit != hint_bit)
				break;
		}
	}
	while (symbol < 0x100)
		symbol = symbol << 1 | take_bit(decoder, &probs[symbol]);
	decoder->out[decoder->out_pos++] = (uint8_t)symbol;
	decoder->state = decoder->state < 4 ? 0 : decoder->state < 10 ? decoder->state - 3 : decoder->state - 6;
}

static unsigned take_length(struct decoder *decoder, struct lengths *lengths, unsigned pos_state)
{
	if (!take_bit(decoder, &lengths->above_low))
		return take_tree(decoder, lengths->low[pos_state], 3);
	if (!take_bit(decoder, &lengths->above_mid))
		return 8 + take_tree(decoder, lengths->mid[pos_state], 3);
	return 16 + take_tree(decoder, lengths->high, 8);
}

/*
 * A distance less 1. Short ones have their own number, of longer ones it says how many bits follow, and the
 * upper two of them.
 */
static uint32_t take_distance(struct decoder *decoder, unsigned len)
{
	unsigned slot = take_tree(decoder, decoder->probs.dist_slot[len < 3 ? len : 3], 6), nr_bits = (slot >> 1) - 1;
	uint32_t distance;

	if (slot < 4)
		return slot;
	distance = (2 | (slot & 1)) << nr_bits;
	if (slot < 14)
		return distance + take_tree_reversed(decoder, decoder->probs.dist_special + distance - slot, nr_bits);
	distance += take_plain(decoder, nr_bits - 4) << 4;
	return distance + take_tree_reversed(decoder, decoder->probs.dist_align, 4);
}

/* Which of the last distances is meant; it becomes the last one. True when a single byte is meant. */
static bool take_rep(struct decoder *decoder, unsigned pos_state)
{
	struct probs *probs = &decoder->probs;
	unsigned which = 0, state = decoder->state;
	uint32_t distance;

	if (!take_bit(decoder, &probs->is_rep_above0[state])) {
		if (!take_bit(decoder, &probs->is_rep0_long[state][pos_state]))
			return true;
	} else {
		which = 1;
		if (take_bit(decoder, &probs->is_rep_above1[state]))
			which = 2 + take_bit(decoder, &probs->is_rep_above2[state]);
	}
	distance = decoder->reps[which];
	memmove(decoder->reps + 1, decoder->reps, which * sizeof(decoder->reps[0]));
	decoder->reps[0] = distance;
	return false;
}

static int copy(struct decoder *decoder, size_t len)
{
	uint8_t *to = decoder->out + decoder->out_pos;
	const uint8_t *from;

	if (decoder->reps[0] >= position(decoder) || len > decoder->out_end - decoder->out_pos)
		return -EINVAL;
	from = to - decoder->reps[0] - 1;
	for (size_t i = 0; i < len; i++) /* may overlap: a run */
		to[i] = from[i];
	decoder->out_pos += len;
	return 0;
}

static int take_copy(struct decoder *decoder, unsigned pos_state)
{
	bool after_byte = decoder->state < FIRST_COPY_STATE;
	unsigned len;

	if (take_bit(decoder, &decoder->probs.is_rep[decoder->state])) {
		if (take_rep(decoder, pos_state)) {
			decoder->state = after_byte ? 9 : 11;
			return copy(decoder, 1);
		}
		len = take_length(decoder, &decoder->probs.rep_len, pos_state);
		decoder->state = after_byte ? 8 : 11;
	} else {
		memmove(decoder->reps + 1, decoder->reps, 3 * sizeof(decoder->reps[0]));
		len = take_length(decoder, &decoder->probs.match_len, pos_state);
		decoder->reps[0] = take_distance(decoder, len);
		decoder->state = after_byte ? 7 : 10;
	}
	return copy(decoder, len + LEN_MIN);
}

/* A chunk of LZMA: in, in_end and out_end are set. */
static int unpack_chunk(struct decoder *decoder)
{
	int ret = 0;

	if (decoder->in_end - decoder->in < 5 || decoder->in[0] != 0)
		return -EINVAL;
	decoder->range = UINT32_MAX;
	decoder->code = (uint32_t)decoder->in[1] << 24 | (uint32_t)decoder->in[2] << 16 |
			(uint32_t)decoder->in[3] << 8 | decoder->in[4];
	decoder->in += 5;
	decoder->starved = false;
	while (ret == 0 && decoder->out_pos < decoder->out_end && !decoder->starved) {
		unsigned pos_state = (unsigned)(position(decoder) & ((1u << decoder->pb) - 1));

		if (take_bit(decoder, &decoder->probs.is_copy[decoder->state][pos_state]))
			ret = take_copy(decoder, pos_state);
		else
			take_literal(decoder);
	}
	if (ret == 0 && (decoder->starved || decoder->in != decoder->in_end || decoder->code != 0))
		ret = -EINVAL;
	return ret;
}

/* ---- chunks ---- */

static int set_props(struct decoder *decoder, unsigned props)
{
	decoder->lc = props % 9;
	decoder->lp = props / 9 % 5;
	decoder->pb = props / 45;
	decoder->has_props = true;
	return props < 225 && decoder->lc + decoder->lp <= 4 ? 0 : -EINVAL;
}

/*
 * Room for a chunk of size bytes. The buffer may move, so distances are offsets and nothing points into it
 * between chunks.
 */
static int make_room(struct decoder *decoder, size_t size, size_t size_max, struct bpfl_buf *out)
{
	size_t old = out->size;

	if (size > size_max - old)
		return -EFBIG;
	for (size_t left = size; left > 0;) {
		static const char zeros[4096];
		size_t piece = left < sizeof(zeros) ? left : sizeof(zeros);

		bpfl_buf_append(out, zeros, piece);
		left -= piece;
	}
	if (!bpfl_buf_ok(out))
		return -ENOMEM;
	decoder->out = (uint8_t *)out->data;
	decoder->out_pos = old;
	decoder->out_end = old + size;
	return 0;
}

/*
 * What the control byte of an LZMA chunk resets: 1 the state, 2 new properties too, 3 the dictionary too.
 * Moves *at behind a byte of properties.
 */
static int reset(struct decoder *decoder, unsigned what, const uint8_t **at, size_t out_pos)
{
	if (what == 3) {
		decoder->dict_start = out_pos;
		decoder->has_dict = true;
	}
	if (what >= 2 && set_props(decoder, *(*at)++) < 0)
		return -EINVAL;
	if (what >= 1)
		reset_state(decoder);
	return decoder->has_dict && decoder->has_props ? 0 : -EINVAL;
}

/*
 * One chunk at *at; *at behind it. control 1, 2: bytes as they are, 1 with a new dictionary; from 0x80 on:
 * LZMA, with five bits of its size. Sizes are big-endian and less 1.
 */
static int take_chunk(struct decoder *decoder, const uint8_t **at, const uint8_t *end, size_t size_max,
		      struct bpfl_buf *out)
{
	unsigned control = **at;
	const uint8_t *pos = *at + 1;
	size_t header_size = control < 0x80 ? 2 : control >= 0xc0 ? 5 : 4, out_size, in_size;
	int ret;

	if ((control > 2 && control < 0x80) || (size_t)(end - pos) < header_size)
		return -EINVAL;
	out_size = ((size_t)pos[0] << 8 | pos[1]) + 1 + (control >= 0x80 ? (size_t)(control & 0x1f) << 16 : 0);
	in_size = control < 0x80 ? out_size : ((size_t)pos[2] << 8 | pos[3]) + 1;
	pos += control < 0x80 ? 2 : 4;
	ret = control < 0x80 ? 0 : reset(decoder, control >> 5 & 3, &pos, out->size);
	if (control == 1) {
		decoder->dict_start = out->size;
		decoder->has_dict = true;
	}
	if (ret < 0 || !decoder->has_dict || (size_t)(end - pos) < in_size)
		return -EINVAL;
	ret = make_room(decoder, out_size, size_max, out);
	if (ret < 0)
		return ret;
	decoder->in = pos;
	decoder->in_end = pos + in_size;
	*at = pos + in_size;
	if (control >= 0x80)
		return unpack_chunk(decoder);
	memcpy(decoder->out + decoder->out_pos, pos, out_size);
	return 0;
}

int bpfl_lzma2_unpack(const uint8_t *bytes, size_t size, size_t size_max, struct bpfl_buf *out, size_t *ret_used)
{
	const uint8_t *at = bytes, *end = bytes + size;
	struct decoder *decoder = calloc(1, sizeof(*decoder));
	int ret = decoder ? 0 : -ENOMEM;

	while (ret == 0) {
		if (at == end) {
			ret = -EINVAL;
		} else if (*at == 0) {
			*ret_used = (size_t)(at + 1 - bytes);
			break;
		} else {
			ret = take_chunk(decoder, &at, end, size_max, out);
		}
	}
	free(decoder);
	return ret;
}
