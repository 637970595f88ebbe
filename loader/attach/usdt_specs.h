/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/usdt_specs: the map in which a program finds where the arguments of a probe are.
 *
 * The programs' side (bpf/usdt.bpf.h, here and in libbpf) declares the array __bpf_usdt_specs. An element
 * describes the arguments of a site, and the number of the element is the site's cookie. What an element looks
 * like has changed over the years, so its layout is taken from the object's own BTF, by the names of the members.
 */
#ifndef BPFL_ATTACH_USDT_SPECS_H
#define BPFL_ATTACH_USDT_SPECS_H

#include "attach/link.h"
#include "elf/usdt.h"
#include "spec/spec.h"

#define BPFL_USDT_SPECS_MAP "__bpf_usdt_specs"
#define BPFL_USDT_IPS_MAP "__bpf_usdt_ip_to_spec_id"

struct bpfl_usdt_field {
	uint32_t bit_off, bit_size; /* size 0: this object has no such member */
};

struct bpfl_usdt_layout {
	uint32_t size_bytes; /* of an element */
	uint32_t args_bit_off, arg_bits, nr_args;
	struct bpfl_usdt_field cookie, nr_args_used; /* of the element */
	struct bpfl_usdt_field value, kind, reg_off, is_signed, shift, idx_reg_off, scale_shift; /* of an argument */
};

/* The layout in this object. -ENOENT, without an error: it has no such map (the program asks for no arguments). */
int bpfl_usdt_layout_read(const struct bpfl_spec *spec, struct bpfl_usdt_layout *ret_layout, struct bpfl_error *err);

/*
 * Writes an element: size_bytes of the layout. Arguments that this object cannot read become UNKNOWN.
 * Returns how many are.
 */
unsigned bpfl_usdt_element(const struct bpfl_usdt_layout *layout, const struct bpfl_usdt_arg *args, unsigned nr_args,
			   uint64_t cookie, uint8_t *out);

/* Makes room for nr more elements before the map is created. */
int bpfl_usdt_specs_reserve(struct bpfl_spec *spec, size_t nr, struct bpfl_error *err);

/* A free element of the live map, not below from: its number, or -ENOSPC, -ENOMEM. */
int bpfl_usdt_slot_take(struct bpfl_object *object, uint32_t from);
void bpfl_usdt_slot_give(struct bpfl_object *object, uint32_t slot);

#endif
