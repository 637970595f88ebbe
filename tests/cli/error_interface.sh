# SPDX-License-Identifier: BSD-2-Clause
#
# E27: an interface that is not there; the ones that are.

. "$LIB"

run 7 "$OBJ/xdp_count.bpf.o" --attach xdp:lq
error_complete
err_has "[E27]"
err_has "lo"
