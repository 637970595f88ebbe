# SPDX-License-Identifier: BSD-2-Clause
#
# E9, E10: unknown and incomplete sections name the option to add.

. "$LIB"

run 3 "$OBJ/refused_section.bpf.o" --duration 100ms
error_complete
err_has "[E9]"
err_has "--type"
run 2 "$OBJ/xdp_count.bpf.o" --duration 100ms
error_complete
err_has "[E10]"
err_has "--attach count_packets=xdp:"
run 2 "$OBJ/refused_no_target.bpf.o" --duration 100ms
error_complete
err_has "[E10]"
# The sections that resemble a type are taken, with a warning.
run 0 "$OBJ/section_names.bpf.o" --attach none --duration 100ms
err_has "warning:"
# A type from the command line.
run 0 "$OBJ/xdp_count.bpf.o" --type count_packets=socket --attach none --duration 100ms
