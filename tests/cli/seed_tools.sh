# SPDX-License-Identifier: BSD-2-Clause
#
# The tools that people come for, with the columns that they know: each by its line in bpf/README.md, unchanged, and with values that this test
# made and counted itself.

. "$LIB"

# tool NAME [MORE...]: starts the command of that page.
tool() {
	line=$(sed -n "s/^| $1 | .* | \`\($1\.bpf\.o[^\`]*\)\` | [^|]* |\$/\1/p" bpf/README.md)
	[ -n "$line" ] || fail "bpf/README.md has no command for $1"
	shift
	# The page's words hold no blanks of their own.
	# shellcheck disable=SC2086
	start "$OBJ"/$line "$@"
}

# has PATTERN...: a line of output for each, soon
has() {
	for pattern in "$@"; do
		eventually grep -qE -e "$pattern" "$TMP/out" || fail "no line like: $pattern"
	done
}

# execsnoop: PID PPID COMM RET ARGS, of what works and of what does not.
tool execsnoop
cat >"$TMP/runs.sh" <<'SH'
/bin/echo one 'two words' >/dev/null &
echo $! >"$TMP/child"
wait
SH
sh -c 'echo $$ >"$TMP/parent"; . "$TMP/runs.sh"'
perl -e 'exec { "/no/such/program" } "no-such-program", "argument"' 2>/dev/null || :
has '^PID +PPID +COMM +RET +ARGS$' "^$(cat "$TMP/child") +$(cat "$TMP/parent") +echo +0 +/bin/echo one two words\$" \
	"^[0-9]+ +[0-9]+ +perl +-2 +no-such-program argument\$"
stop
run 0 "$OBJ/execsnoop.bpf.o" --duration 1ms --filter 'pid==0'
[ "$(cat "$TMP/out")" = 'PID     PPID    COMM             RET     ARGS' ] || fail "the heading has changed"

# bashreadline: TIME PID COMMAND.
tool bashreadline
printf 'echo of a line\nexit\n' | sh -c 'echo $$ >"$TMP/bash"; exec bash --norc -i' >/dev/null 2>&1 || :
has '^TIME +PID +COMMAND *$' "^[0-9:.]+ +$(cat "$TMP/bash") +echo of a line *\$" "^[0-9:.]+ +$(cat "$TMP/bash") +exit *\$"
stop

# Opened files: a number each second, and it has grown by what was opened at least.
tool open_calls --count 3
has '^called\[0\] = \{times=[0-9]+\}$'
perl -e 'for (1 .. 1000) { open(my $f, "<", "/dev/null") or die }'
wait "$PID" || fail "ended with $?"
PID=
[ "$(wc -l <"$TMP/out")" -eq 3 ] || fail "three seconds, but not three lines"
first=$(sed -n '1s/.*times=\([0-9]*\)}/\1/p' "$TMP/out") last=$(sed -n '3s/.*times=\([0-9]*\)}/\1/p' "$TMP/out")
[ "$((last - first))" -ge 1000 ] || fail "1000 files were opened, counted: $first, then $last"

# Disks: as many requests in the histogram as this test made, and the sum in the heading is that of the bars.
requests() { awk '{ n += $4 + $8 + $15 } END { print n + 0 }' /proc/diskstats; }
before=$(requests)
dd if=/dev/zero of="$TMP/file" bs=4k count=64 oflag=direct,dsync 2>/dev/null || :
if [ "$(requests)" -ge $((before + 64)) ]; then
	tool biolatency --count 2
	dd if=/dev/zero of="$TMP/file" bs=4k count=64 oflag=direct,dsync 2>/dev/null
	wait "$PID" || fail "ended with $?"
	PID=
	awk '
		/^usecs: [0-9]+ in all, us$/ { said = $2; counted = 0; headings++; next }
		/^\[[0-9]+[KMG]?, [0-9]+[KMG]?\) +[0-9]+ \|#* *\|$/ { sub(/^.*\) +/, ""); counted += $1; next }
		/./ { print "what is this: " $0; wrong = 1; exit 1 }
		END { if (!wrong && (headings != 2 || said < 64 || said != counted)) { print headings " headings, " said " in all, " counted " in bars"; exit 1 } }
	' "$TMP/out" || fail "not the histogram of 64 requests"
else
	echo "no disk is behind $TMP: biolatency is not tried"
fi

# The counter of packets, in a network of its own: 20 are sent, nothing else is on the way.
cat >"$TMP/inner.sh" <<'INNER'
. "$LIB"
ip link set lo up
line=$(sed -n 's/^| xdp_count | .* | `\(xdp_count\.bpf\.o[^`]*\)` | [^|]* |$/\1/p' bpf/README.md)
# shellcheck disable=SC2086
start "$OBJ"/$line --count 3
eventually grep -q '^pkt_count\[0\] = 0$' "$TMP/out" || fail "no zero at first"
perl -MSocket -e 'socket(my $s, PF_INET, SOCK_DGRAM, 0); send($s, "x", 0, pack_sockaddr_in(9, inet_aton("127.0.0.1"))) for 1 .. 20;'
wait "$PID" || fail "ended with $?"
PID=
[ "$(wc -l <"$TMP/out")" -eq 3 ] || fail "three seconds, but not three lines"
# Each brings an answer by ICMP, as far as the kernel lets them.
tail -n 1 "$TMP/out" | grep -qE '^pkt_count\[0\] = (2[0-9]|3[0-9]|40)$' || fail "20 packets, counted otherwise"
INNER
unshare -n sh -eu "$TMP/inner.sh"
