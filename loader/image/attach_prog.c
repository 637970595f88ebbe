/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/attach_prog: programs whose target is a function of another program that is loaded already (TRC-08).
 *
 * SEC("freplace/FUNC") takes the place of a global function (Linux 5.6): the hook of a dispatcher, or a
 * function with a default. fentry and fexit with prog= see its calls (5.6, fsession 7.2). Either is verified
 * against that function's prototype, so what PROG_LOAD wants is the function's id in the BTF of the other
 * program, and the other program. The section names the function; the program comes from the attach spec, by
 * number or by pin, because no object can know it.
 *
 * The number that is found here is of the running system: a described target has no loaded programs, and leaves
 * it open.
 */
#include "image/attach_prog.h"

#include <errno.h>
#include "base/text.h"
#include "btf/loaded.h"
#include "image/passes.h"
#include "sys/bpf.h"
#include "sys/enter.h"

int bpfl_attach_prog_open(const struct bpfl_prog *prog, struct bpfl_error *err)
{
	const char *ref = prog->attach_prog;
	uint64_t id = 0;
	bool by_id = bpfl_text_has_prefix(ref, "id ") && bpfl_text_to_u64(ref + 3, &id) == 0 && id > 0 &&
		     id <= UINT32_MAX;
	int fd;

	if (!by_id && ref[0] != '/') {
		bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "'%s' names no loaded program", BPFL_ESC(ref));
		bpfl_error_fix(err, "write 'id N' (bpfload ls prog lists the numbers) or the path of a pinned program "
				    "(/sys/fs/bpf/...)");
		return -EINVAL;
	}
	fd = by_id ? bpfl_sys_fd_by_id(BPFL_CMD_PROG_GET_FD_BY_ID, (uint32_t)id) : bpfl_sys_obj_get(ref, 0);
	if (fd >= 0)
		return fd;
	if (fd == -ENOENT) {
		bpfl_error_set(err, BPFL_ERR_TARGET, ENOENT,
			       by_id ? "no program has '%s'" : "no program is pinned at '%s'", BPFL_ESC(ref));
		bpfl_error_catalogue(err, 27);
		bpfl_error_why(err, "the program whose function is the target must be loaded already");
		bpfl_error_fix(err, "bpfload ls prog (or bpftool prog) lists the programs with their numbers");
		return fd;
	}
	bpfl_error_set(err, fd == -EPERM || fd == -EACCES ? BPFL_ERR_PERMISSION : BPFL_ERR_TARGET, -fd,
		       "opening the program '%s' whose function is the target: %s", BPFL_ESC(ref), bpfl_errno_text(-fd));
	if (fd == -EPERM)
		bpfl_error_fix(err, "by number it takes CAP_SYS_ADMIN, by a pin CAP_BPF and the right to read it");
	return fd;
}

static int func_missing(const struct bpfl_prog *prog, const struct bpfl_btf *btf, struct bpfl_error *err)
{
	struct bpfl_near near;
	char names[512];

	bpfl_near_init(&near, prog->attach_target);
	for (uint32_t id = 1; id < bpfl_btf_nr_types(btf); id++) {
		if (bpfl_btf_kind(bpfl_btf_type(btf, id)) == BPFL_KIND_FUNC)
			bpfl_near_offer(&near, bpfl_btf_name(btf, id));
	}
	bpfl_error_set(err, BPFL_ERR_TARGET, ENOENT, "program '%s' has no function '%s'", BPFL_ESC(prog->attach_prog),
		       BPFL_ESC(prog->attach_target));
	bpfl_error_catalogue(err, 24);
	if (near.nr > 0)
		bpfl_error_fix(err, "did you mean %s?", bpfl_near_text(&near, names, sizeof(names)));
	return -ENOENT;
}

/* The types of a loaded program. */
static int btf_of(int prog_fd, const struct bpfl_prog *prog, struct bpfl_btf **ret_btf, struct bpfl_error *err)
{
	struct bpfl_prog_info info = { 0 };
	struct bpfl_btf_loaded loaded;
	uint32_t info_size = sizeof(info);
	int result = bpfl_sys_obj_info(prog_fd, &info, &info_size);

	if (result == 0 && info.btf_id == 0) {
		bpfl_error_set(err, BPFL_ERR_TARGET, ENODATA, "program '%s' was loaded without types",
			       BPFL_ESC(prog->attach_prog));
		bpfl_error_why(err, "only a program with BTF (compiled with -g) says where its functions are");
		return -ENODATA;
	}
	if (result == 0)
		result = bpfl_btf_loaded_get(info.btf_id, &loaded);
	if (result < 0)
		return bpfl_error_set(err, result == -EPERM ? BPFL_ERR_PERMISSION : BPFL_ERR_SYSTEM, -result,
				      "reading the types of program '%s': %s", BPFL_ESC(prog->attach_prog), bpfl_errno_text(-result));
	return bpfl_btf_loaded_read(&loaded, NULL, ret_btf, err);
}

static int prog_resolve(const struct bpfl_prog *prog, struct bpfl_image_prog *image_prog, struct bpfl_error *err)
{
	struct bpfl_btf *btf = NULL;
	int fd = bpfl_attach_prog_open(prog, err);
	int result = fd < 0 ? fd : btf_of(fd, prog, &btf, err);

	if (result == 0) {
		image_prog->attach_btf_id = bpfl_btf_find(btf, BPFL_KIND_FUNC, prog->attach_target, 1);
		if (image_prog->attach_btf_id == 0)
			result = func_missing(prog, btf, err);
	}
	bpfl_btf_destroy(btf);
	bpfl_enter_close(fd);
	return result;
}

int bpfl_image_attach_progs(struct bpfl_image *image, struct bpfl_target *target, struct bpfl_error *err)
{
	for (size_t i = 0; i < image->nr_progs && target->running; i++) {
		const struct bpfl_prog *prog = &image->spec->progs.items[image->progs[i].prog_idx];
		int result;

		if (!prog->hit.row || (prog->hit.row->hook != BPFL_HOOK_FREPLACE && !prog->attach_prog))
			continue;
		if (!prog->attach_prog || !prog->attach_target || !prog->attach_target[0])
			return bpfl_spec_target_error(image->spec, image->progs[i].prog_idx, err);
		result = prog_resolve(prog, &image->progs[i], err);
		if (result < 0) {
			bpfl_error_prefix(err, "program '%s'", BPFL_ESC(prog->name));
			return result;
		}
	}
	return 0;
}
