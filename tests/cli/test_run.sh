# SPDX-License-Identifier: BSD-2-Clause
#
# bpfload test: a packet goes through a program, attached to nothing: what it returns, what comes out, how often it ran.

. "$LIB"

OBJECT="$OBJ/tc_drop_http.bpf.o"
TYPE=tc_egress=tc

# packet PORT: Ethernet, IPv4 and TCP, to this port (four octal digits for each of its two bytes).
packet() {
	printf '\002\000\000\000\000\001\002\000\000\000\000\002\010\000'
	printf '\105\000\000\050\000\000\000\000\100\006\000\000\177\000\000\001\177\000\000\001'
	printf "\\060\\071$1\\000\\000\\000\\000\\000\\000\\000\\000\\120\\002\\000\\000\\000\\000\\000\\000"
}
packet '\000\120' >"$TMP/http"
packet '\000\026' >"$TMP/ssh"
[ "$(wc -c <"$TMP/http")" -eq 54 ] || fail "the packet is not as meant"

run 0 test "$OBJECT" tc_egress --type "$TYPE" --data-in "$TMP/http" --data-out "$TMP/after"
out_matches '^tc_egress returned 2, data 54 bytes, [0-9]+ ns a run \(1\)$'
cmp "$TMP/http" "$TMP/after" || fail "the packet came out changed"
run 0 test "$OBJECT" tc_egress --type "$TYPE" --data-in "$TMP/ssh"
out_has "tc_egress returned 0, "

# JSON; many runs.
run 0 test "$OBJECT" tc_egress --type "$TYPE" --data-in "$TMP/http" --repeat 1000 --json
jq -e '.v == 1 and .type == "test" and .program == "tc_egress" and .retval == 2 and .data_size == 54 and .runs == 1000' "$TMP/out" >"$TMP/jq" ||
	fail "not as documented"

# XDP without a context argument; a context that says where the data begins is taken, one that is too long for the data is not.
run 0 test "$OBJ/xdp_count.bpf.o" count_packets --data-in "$TMP/ssh" --repeat 3
out_has "count_packets returned 2, data 54 bytes"
printf '\000\000\000\000\066\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000' >"$TMP/ctx"
run 0 test "$OBJ/xdp_count.bpf.o" count_packets --data-in "$TMP/ssh" --ctx-in "$TMP/ctx"
run 0 test "$OBJ/xdp_count.bpf.o" count_packets --data-in "$TMP/ssh" --ctx-in "$TMP/ctx" --ctx-out "$TMP/ctx-after"
cmp "$TMP/ctx" "$TMP/ctx-after" || fail "the context came out changed"
head -c 32 /dev/zero >"$TMP/zeroes"
run 0 test "$OBJ/syscall.bpf.o" answer --ctx-in "$TMP/zeroes" --ctx-out "$TMP/ctx-after"
out_has "answer returned 42"
[ "$(od -An -v -t u1 "$TMP/ctx-after" | tr -d '\n')" = "$({ head -c 8 /dev/zero; printf '\001'; head -c 23 /dev/zero; } | od -An -v -t u1 | tr -d '\n')" ] ||
	fail "the program wrote 1 into its context"
run 2 test "$OBJ/syscall.bpf.o" answer --ctx-out "$TMP/ctx-after"
head -c 4 "$TMP/ctx" >"$TMP/short"
printf '\377\377' >>"$TMP/short"
run 2 test "$OBJ/xdp_count.bpf.o" count_packets --data-in "$TMP/ssh" --ctx-in "$TMP/short"
err_has "context of 6 bytes"

# Input through a pipe, for one of the two.
run 0 test "$OBJECT" tc_egress --type "$TYPE" --data-in - <"$TMP/http"
out_has "tc_egress returned 2, data 54 bytes"
run 0 test "$OBJ/syscall.bpf.o" answer --ctx-in - <"$TMP/zeroes"
out_has "answer returned 42"
run 2 test "$OBJECT" tc_egress --type "$TYPE" --data-in - --ctx-in -
err_has "not both"

# Output through a pipe: the bytes alone are on stdout.
run 0 test "$OBJECT" tc_egress --type "$TYPE" --data-in "$TMP/http" --data-out -
cmp "$TMP/http" "$TMP/out" || fail "not the packet"
err_has "tc_egress returned 2, data 54 bytes"
run 0 test "$OBJ/syscall.bpf.o" answer --ctx-in "$TMP/zeroes" --ctx-out - --json
cmp "$TMP/ctx-after" "$TMP/out" || fail "not the context"
err_has '"retval":42'
# A reader that has gone has seen enough.
{ sleep 0.2; "$BPFLOAD" test "$OBJECT" tc_egress --type "$TYPE" --data-in "$TMP/http" --data-out - 2>"$TMP/err" || echo "code $?" >"$TMP/code"; } | :
[ ! -e "$TMP/code" ] || fail "$(cat "$TMP/code" "$TMP/err")"
run 2 test "$OBJ/syscall.bpf.o" answer --data-in "$TMP/http" --data-out - --ctx-in "$TMP/zeroes" --ctx-out -
err_has "not both"

# What it cannot do is said.
head -c 100000 /dev/zero >"$TMP/large"
run 2 test "$OBJ/xdp_count.bpf.o" count_packets --data-in "$TMP/large"
err_has "it was given 100000 bytes of data"
run 2 test "$OBJ/xdp_count.bpf.o" count_packets
err_has "it was given no data"
run 2 test "$OBJ/xdp_count.bpf.o" count_packet
err_has "count_packets"
run 6 test "$OBJ/minimal.bpf.o" handle_tp
err_has "cannot run programs of this type"
run 1 test "$OBJ/xdp_count.bpf.o" count_packets --data-in "$TMP/none"
err_has "No such file"
run 2 test "$OBJ/xdp_count.bpf.o"
err_has "the name of a program"
