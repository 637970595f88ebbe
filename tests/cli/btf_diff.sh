# SPDX-License-Identifier: BSD-2-Clause
#
# btf diff: what changed, in words and as JSON, and the exit codes of diff(1).

. "$LIB"

# compile NAME: C from stdin -> $TMP/NAME.o
compile() {
	{
		cat
		echo 'struct event *event; enum mode *mode;'
	} >"$TMP/$1.c"
	clang -target bpf -g -O2 -c "$TMP/$1.c" -o "$TMP/$1.o"
}

compile old <<'C'
struct event { int pid; char comm[8]; struct { long a; } in; unsigned flag : 1; };
enum mode { OFF, ON };
struct gone { int x; } *gone;
C
compile new <<'C'
struct event { int pid; int tid; char comm[16]; struct { long a; } in; unsigned flag : 2; };
enum mode { OFF, AUTO, ON };
struct fresh { int x; } *fresh;
C

run 0 btf diff "$TMP/old.o" "$TMP/old.o"
[ ! -s "$TMP/out" ] || fail "a file differs from itself"
run 0 btf diff /sys/kernel/btf/vmlinux /sys/kernel/btf/vmlinux
run 1 btf diff "$TMP/old.o" "$TMP/new.o"
out_has "~ struct event size 32 -> 40"
out_has "  + tid at 4, size 4, type int"
out_has "  ~ comm at 4 -> 8, size 8 -> 16, type char [8] -> char [16]"
out_has "  ~ in.a at 16 -> 24"
out_has "  ~ flag at 24.0 -> 32.0, size 1 bit -> 2 bits"
out_has "  ~ ON = 1 -> 2"
out_has "  + AUTO = 1"
out_has "- struct gone, size 4"
out_has "+ struct fresh, size 4"
run 1 btf diff --json "$TMP/old.o" "$TMP/new.o"
jq -es 'map(select(.name == "event" and .change == "changed"))[0] | .size == [32, 40] and
	(.members | map(select(.name == "comm"))[0].bit_off == [32, 64])' "$TMP/out" >"$TMP/jq" || fail "JSON"

run 2 btf diff "$TMP/old.o"
run 2 btf diff "$TMP/old.o" "$TMP/nosuch"
run 2 btf diff "$TMP/old.o" "$TMP/old.c"
run 2 btf diff --format c "$TMP/old.o" "$TMP/new.o"
code=0
"$BPFLOAD" btf diff "$TMP/old.o" "$TMP/new.o" >/dev/full 2>"$TMP/err" || code=$?
[ "$code" -eq 2 ] || fail "exit code $code with a full disk"
