/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/core: what only the target's types can say: CO-RE relocations and externs.
 *
 * Both functions run after every selected program has been flattened into annotated instructions
 * (bpfl_image_prog.insts), and change those in place. The target is touched only when something
 * needs it: an object without CO-RE records and without externs never opens the kernel's BTF, its
 * configuration or kallsyms.
 */
#ifndef BPFL_IMAGE_CORE_H
#define BPFL_IMAGE_CORE_H

#include "base/error.h"
#include "image/image.h"
#include "image/target.h"
#include "spec/spec.h"

/*
 * Applies the CO-RE record of every instruction of the image's programs.
 * A relocation that the target cannot satisfy is no error: its instruction is poisoned, which is
 * harmless as long as the verifier does not reach it, and a bpfl_core_result of the program knows
 * what was missing. The answers stay with the image. Return: 0; -EINVAL (kind OBJECT) for a malformed record, a wrong
 * instruction or an ambiguous answer; -ENOENT (E7) when the target has no BTF and a record needs
 * it; -ENOMEM. Once per image.
 */
int bpfl_core_apply(const struct bpfl_spec *spec, struct bpfl_target *target,
		    struct bpfl_image *image, const struct bpfl_log *log, struct bpfl_error *err);

/*
 * What a result says, in words: "struct task_struct.pid (0:81): byte 2336 -> 2464". The spec and the
 * target of the image must still be there. Nothing is written for a result without words.
 */
void bpfl_core_result_text(const struct bpfl_image *image, const struct bpfl_image_prog *prog,
			   const struct bpfl_core_result *result, struct bpfl_buf *out);

/* The type of the object that an instruction names by number (bpf_core_type_id_local()); 0 for other results. */
uint32_t bpfl_core_result_local_id(const struct bpfl_core_result *result);
/* Gives such an instruction another number, which is not larger. */
void bpfl_core_renumber(struct bpfl_image_prog *prog, struct bpfl_core_result *result, uint32_t type_id);

/*
 * Resolves the externs that the image's programs refer to (BPFL_REF_EXTERN), and fills the values
 * of the .kconfig map (image->maps[i].own_data). Unresolved weak externs become 0, and calls of
 * them a poison that tells its number. Return: 0; -ESRCH (kind UNSUPPORTED) for a strong extern
 * that the target does not have; -EINVAL for one whose type or value does not fit; -EPERM when
 * kallsyms hides its addresses.
 */
int bpfl_extern_resolve(const struct bpfl_spec *spec, struct bpfl_target *target,
			struct bpfl_image *image, const struct bpfl_log *log,
			struct bpfl_error *err);

#endif
