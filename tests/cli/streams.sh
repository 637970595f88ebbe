# SPDX-License-Identifier: BSD-2-Clause
#
# A program's own stdout and stderr: every line that it printed arrives, once, on ours; in JSON with the program's name.

. "$LIB"

[ -x /bin/true ] || fail "no /bin/true"
value() { sed -n "s/^$1 = //p" "$TMP/out"; }
run_it() {
	start "$OBJ/stream.bpf.o" --dump .bss "$@"
	/bin/true
	/bin/true
	/bin/true
	/bin/true
	stop
}

run_it
if [ "$(value printed)" = 0 ] && [ "$(value refused)" = 0 ]; then
	echo "skip: streams: a test of the command that needs Linux 6.17"
	exit 0
fi
if [ "$(value printed)" = 0 ]; then
	# Such a kernel has no memory that can be had without locks, which the counter of the program shows.
	echo "skip: streams: this kernel refuses each text for want of memory ($(value refused) of them)"
	exit 0
fi
[ "$(value printed)" -ge 4 ] || fail "four programs were started"
[ "$(grep -cE '^process [0-9]+ starts$' "$TMP/out")" -eq "$(value printed)" ] || fail "not every line arrived"
# Odd processes complain: each line with the program's name, on stderr, and on stdout none.
odd=$(grep -cE '^process [0-9]*[13579] starts$' "$TMP/out" || :)
[ "$(grep -cE '^print: process [0-9]*[13579] is odd$' "$TMP/err" || :)" -eq "$odd" ] || fail "$odd complaints are missing"
out_lacks 'is odd'
err_lacks ' starts'

run_it --json
lines=$(sed -n 's/^{"v":1,"type":"stream","prog":"print","stream":"stdout","text":"\(.*\)"}$/\1/p' "$TMP/out" | sed 's/\\n/\n/g' | grep -c starts || :)
[ "$lines" -ge 4 ] || fail "not four lines in JSON"
