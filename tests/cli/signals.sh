# SPDX-License-Identifier: BSD-2-Clause
#
# INT, TERM and HUP detach and end with 0.

. "$LIB"

for signal in INT TERM HUP; do
	start "$OBJ/raw_tp.bpf.o"
	stop "$signal"
done
