/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf/bits: integers of any width at any bit.
 *
 * Little-endian machines number bits from the lowest of the first byte, big-endian ones from the highest: that
 * is how C compilers lay out bit-fields and what BTF means by a bit offset. A plain integer is the case of
 * whole bytes. The byte order is a parameter so that both are tested on one machine.
 */
#ifndef BPFL_BTF_BITS_H
#define BPFL_BTF_BITS_H

#include <stdbool.h>
#include <stdint.h>

#define BPFL_BTF_BIG_ENDIAN (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)

struct bpfl_btf_bits { /* up to 128 bits, unsigned */
	uint64_t lo, hi;
};

/* bytes must reach to bit bit_off + bit_size. */
static inline struct bpfl_btf_bits bpfl_btf_bits_load(const uint8_t *bytes, uint64_t bit_off, uint32_t bit_size,
						      bool big_endian)
{
	struct bpfl_btf_bits value = { 0, 0 };

	for (uint32_t i = 0; i < bit_size; i++) { /* from the highest bit to the lowest */
		uint64_t at = big_endian ? bit_off + i : bit_off + bit_size - 1 - i;
		unsigned shift = big_endian ? 7 - at % 8 : at % 8;

		value.hi = value.hi << 1 | value.lo >> 63;
		value.lo = value.lo << 1 | ((uint32_t)bytes[at / 8] >> shift & 1u);
	}
	return value;
}

static inline void bpfl_btf_bits_store(uint8_t *bytes, uint64_t bit_off, uint32_t bit_size, bool big_endian,
				       struct bpfl_btf_bits value)
{
	for (uint32_t i = 0; i < bit_size; i++) { /* from the lowest bit to the highest */
		uint64_t at = big_endian ? bit_off + bit_size - 1 - i : bit_off + i;
		uint8_t mask = (uint8_t)(1u << (big_endian ? 7 - at % 8 : at % 8));

		bytes[at / 8] = (uint8_t)(value.lo & 1 ? bytes[at / 8] | mask : bytes[at / 8] & ~mask);
		value.lo = value.lo >> 1 | value.hi << 63;
		value.hi >>= 1;
	}
}

/* The lowest bit_size bits as a signed number. */
static inline int64_t bpfl_btf_bits_signed(uint64_t value, uint32_t bit_size)
{
	uint64_t sign = bit_size > 0 && bit_size < 64 ? 1ull << (bit_size - 1) : 0;

	return (int64_t)((value ^ sign) - sign);
}

#endif
