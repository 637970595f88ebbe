/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bpfload: load BPF objects without libbpf.
 *
 *     bytes -> elf -> spec -> image -> object -> link -> events
 *
 * The whole way, without error handling:
 *
 *     struct bpfl_error err = BPFL_ERROR_INIT;
 *     struct bpfl_spec *spec;      bpfl_spec_read("hello.bpf.o", NULL, &spec, &err);
 *     struct bpfl_target *target;  bpfl_target_running(NULL, &target, &err);
 *     struct bpfl_image *image;    bpfl_image_build(spec, target, NULL, &image, &err);
 *     struct bpfl_object *object;  bpfl_object_load(image, target, NULL, &object, &err);
 *     struct bpfl_attach *attach;  bpfl_attach_from_section(spec, 0, &attach, &err);
 *     struct bpfl_link *link;      bpfl_link_attach(object, 0, attach, NULL, &link, &err);
 *     ...
 *     bpfl_link_close(link);
 *     bpfl_attach_destroy(attach);
 *     bpfl_object_close(object);
 *     bpfl_image_destroy(image);
 *     bpfl_target_destroy(target);
 *     bpfl_spec_destroy(spec);
 */
#ifndef BPFLOAD_H
#define BPFLOAD_H

#include "bpfload/error.h"
#include "bpfload/text.h"
#include "bpfload/spec.h"
#include "bpfload/target.h"
#include "bpfload/image.h"
#include "bpfload/object.h"
#include "bpfload/test.h"
#include "bpfload/link.h"
#include "bpfload/pin.h"
#include "bpfload/event.h"
#include "bpfload/inspect.h"
#include "bpfload/ring.h"
#include "bpfload/decode.h"
#include "bpfload/table.h"
#include "bpfload/map.h"
#include "bpfload/metrics.h"
#include "bpfload/stack.h"
#include "bpfload/btf.h"
#include "bpfload/check.h"

#endif
