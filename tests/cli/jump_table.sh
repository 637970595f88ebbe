# SPDX-License-Identifier: BSD-2-Clause
#
# A jump table leads where it should: each of its three places is taken as often as the others, and no call comes back with anything
# else. A kernel that is too old is told as such.

. "$LIB"

value() { sed -n "s/^$1 = //p" "$TMP/out"; }

run 0 image "$OBJ/jump_table.bpf.o"
out_has "r0 = jump table 'places' (3 places)"
out_has "gotox r0"

release=$(uname -r | sed 's/^\([0-9]*\)\.\([0-9]*\).*/\1 \2/')
if [ "$(echo "$release" | awk '{ print $1 * 1000 + $2 }')" -lt 6019 ]; then
	run 6 "$OBJ/jump_table.bpf.o"
	error_complete
	err_has "[E16]"
	err_has "program 'take': jump table 'places': creating its map"
	err_has "map type insn_array came with Linux 6.19"
	err_has "-mcpu=v3"
	exit 0
fi
start "$OBJ/jump_table.bpf.o" --dump .bss
sleep 1
stop
[ "$(value wrong)" = 0 ] || fail "$(value wrong) calls came back wrong"
[ "$(value runs)" -ge 6 ] || fail "only $(value runs) runs"
value taken | tr -d '[]' | tr , '\n' >"$TMP/taken"
[ "$(wc -l <"$TMP/taken")" -eq 3 ] || fail "not three places: $(value taken)"
while read -r times; do
	# Programs on several CPUs may be between two counters.
	[ "$times" -ge $(($(value runs) / 3 - 8)) ] && [ "$times" -gt 0 ] || fail "not alike: $(value taken)"
done <"$TMP/taken"
