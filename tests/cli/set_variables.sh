# SPDX-License-Identifier: BSD-2-Clause
#
# --set reaches variables of every type (the program copies what it sees into .bss), and refuses what does not fit.

. "$LIB"

obj="$OBJ/settings.bpf.o"
start "$obj" --set port=0x1F90 --set verbose=true --set offset=-128 --set mask=18446744073709551615 \
	--set level=LEVEL_HIGH --set name=lo --set 'ports[2]=443' --set 'grid[1][2]=7' --set target_pid=self \
	--set filter.first.uid=1000 --set 'filter.others[1].nice=-5' --set filter.level=LEVEL_LOW --set filter.comm=bash \
	--json --interval 200ms --dump .bss
/bin/true
seen() { tail -n 1 "$TMP/out" | jq -e --argjson pid "$PID" '.variable == "seen" and (.value |
	.runs > 0 and .port == 8080 and .verbose == 1 and .offset == -128 and .mask == 18446744073709551615 and .level == 9 and
	.ports_sum == 1 + 2 + 443 + 4 and .corner == 7 and .target_pid == $pid and .name0 == 108 and
	.filter.first.uid == 1000 and .filter.others[1].nice == -5 and .filter.others[0].nice == 0 and
	.filter.level == "LEVEL_LOW" and .filter.comm == "bash")'; }
eventually seen || fail "the program saw something else: $(tail -n 1 "$TMP/out")"
stop

# refused EXPRESSION TEXT
refused() {
	run 2 "$obj" --attach none --duration 100ms --set "$1"
	err_has "$2"
}
refused nosuch=1 "nosuch"
refused prot=1 "'port'"
refused port=65536 "65536"
refused port=-1 "-1"
refused offset=128 "128"
refused verbose=2 "2"
refused level=LEVEL_HGIH "did you mean 'LEVEL_HIGH'"
refused 'ports[4]=1' "4"
refused 'ports[-1]=1' "-1"
refused filter.nosuch=1 "nosuch"
refused filter.frist.uid=1 "did you mean 'first'?"
refused 'filter={first={uib=1}}' "did you mean 'uid'?"
refused port.x=1 "x"
refused name=a-name-that-is-too-long "16"
refused port= "port"
refused port=12abc "12abc"
refused port "="
refused =1 "="
