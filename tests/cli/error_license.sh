# SPDX-License-Identifier: BSD-2-Clause
#
# E14: a GPL-only helper and another licence.

. "$LIB"

run 4 "$OBJ/refused_license.bpf.o" --duration 100ms
error_complete
err_has "[E14]"
err_has "bpf_trace_printk"
err_has "Proprietary"
err_has "GPL"
