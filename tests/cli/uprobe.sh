# SPDX-License-Identifier: BSD-2-Clause
#
# Probes in user space: what people type into bash, functions of a library by name and by pattern, and what is said about targets that
# are not there.

. "$LIB"

# The seed: each line that bash reads, with nothing but --attach.
start "$OBJ/bashreadline.bpf.o" --attach uretprobe/bash:readline
printf 'echo of a line\nexit\n' | bash --norc -i >/dev/null 2>&1 || true
eventually grep -q ' echo of a line *$' "$TMP/out" || fail "the line was not seen"
stop INT
err_has "attached printret: uretprobe /"

# A library by name; entry, return and a sleepable program, by the sections alone.
start "$OBJ/uprobe.bpf.o" --dump .bss
id root >/dev/null
id root >/dev/null
stop INT
value() { sed -n "s/^$1 = //p" "$TMP/out"; }
[ "$(value nr_calls)" -ge 2 ] || fail "calls were not counted"
[ "$(value nr_calls)" -eq "$(value nr_returns)" ] || fail "not every call returned"
[ "$(value nr_calls)" -eq "$(value nr_sleepable)" ] || fail "the sleepable program missed calls"

# All that fit a pattern, by one link; a session runs twice a call.
start "$OBJ/uprobe_multi.bpf.o" --attach 'calls=uprobe.multi/libc.so.6:getpw*,cookie=7' \
	--attach 'uretprobe.multi/libc.so.6:getpw*' --attach 'session=uprobe.session/libc.so.6:getpw*' --dump .bss
id root >/dev/null
stop INT
[ "$(value nr_calls)" -ge 1 ] || fail "calls were not counted"
[ "$(value nr_calls)" -eq "$(value nr_returns)" ] || fail "not every call returned"
[ "$(value nr_entries)" -eq "$(value nr_exits)" ] || fail "the session's halves differ"
[ "$(value nr_entries)" -eq "$(value nr_calls)" ] || fail "the session missed calls"
[ "$(value last_cookie)" -eq 7 ] || fail "the cookie did not arrive"
err_matches 'attached calls: uprobe.multi .*libc.so.6:getpw\*, [0-9]+ functions'

# strlen is an indirect function: the probe is on what works, not on what chooses.
start "$OBJ/uprobe.bpf.o" --only enter --attach enter=uprobe/libc.so.6:strlen --dump .bss
id root >/dev/null
stop INT
[ "$(value nr_calls)" -gt 20 ] || fail "strlen was hardly called: $(value nr_calls)"

# What is not there is told before anything is loaded.
not_there() {
	run 7 "$OBJ/uprobe.bpf.o" --only enter --attach "enter=$1"
	error_complete
	err_has '[E23]'
	err_has "$2"
}
not_there uprobe/libc.so.6:getpwnamm "'getpwnam'"
not_there uprobe/libcc.so.6:getpwnam "'libc.so.6'"
not_there uprobe/no-such-program:main "looked in"
not_there uprobe//etc/passwd:main "not an ELF file"
not_there uprobe//etc:main "directory"
not_there uprobe/bash:0x1 "no code at 0x1"
run 7 "$OBJ/uprobe.bpf.o" --only enter --attach enter=uprobe/bash:main,pid=999999999
error_complete
err_has "no process 999999999 [E27]"
run 2 "$OBJ/uprobe.bpf.o" --only leave --attach leave=uretprobe/bash:main+4
err_has "a return probe has no offset"

# A stripped binary says that it is one; an offset works all the same.
cat >"$TMP/p.c" <<'C'
__attribute__((noinline)) static int secret(int x) { __asm__ volatile("" : "+r"(x)); return x; }
int main(void) { return secret(0); }
C
cc -O1 -o "$TMP/p" "$TMP/p.c"
start "$OBJ/uprobe.bpf.o" --only enter --attach "enter=uprobe/$TMP/p:secret" --dump .bss
"$TMP/p"
stop INT
[ "$(value nr_calls)" -eq 1 ] || fail "a static function was not probed"
offset=$(readelf -sW "$TMP/p" | awk '$8 == "secret" { print "0x" $2 }')
objcopy --only-keep-debug "$TMP/p" "$TMP/p.debug"
strip -s "$TMP/p"
not_there "uprobe/$TMP/p:secret" "stripped"
err_has "debug symbols"
start "$OBJ/uprobe.bpf.o" --only enter --attach "enter=uprobe/$TMP/p:$offset" --dump .bss
"$TMP/p"
stop INT
[ "$(value nr_calls)" -eq 1 ] || fail "an offset was not probed"
# With its debug file beside it the name works again.
(cd "$TMP" && objcopy --add-gnu-debuglink=p.debug p)
start "$OBJ/uprobe.bpf.o" --only enter --attach "enter=uprobe/$TMP/p:secret" --dump .bss
"$TMP/p"
stop INT
[ "$(value nr_calls)" -eq 1 ] || fail "the debug file was not used"

# The few symbols that Fedora leaves in a stripped binary, packed (.gnu_debugdata). A debug file beside it goes first: there is none now.
cc -O1 -o "$TMP/packed" "$TMP/p.c"
objcopy -S --keep-symbol=secret "$TMP/packed" "$TMP/mini"
objcopy --only-keep-debug "$TMP/mini" "$TMP/mini.debug"
objcopy -S --keep-symbol=secret "$TMP/mini.debug"
xz --keep "$TMP/mini.debug"
strip -s "$TMP/packed"
not_there "uprobe/$TMP/packed:secret" "stripped"
objcopy --add-section ".gnu_debugdata=$TMP/mini.debug.xz" "$TMP/packed"
start "$OBJ/uprobe.bpf.o" --only enter --attach "enter=uprobe/$TMP/packed:secret" --dump .bss
"$TMP/packed"
stop INT
[ "$(value nr_calls)" -eq 1 ] || fail "the packed symbols were not used"
not_there "uprobe/$TMP/packed:secrets" "did you mean 'secret'"
err_has "debug file (.gnu_debugdata)"
# Damaged: as good as none.
head -c 200 "$TMP/mini.debug.xz" >"$TMP/cut.xz"
objcopy --update-section ".gnu_debugdata=$TMP/cut.xz" "$TMP/packed"
not_there "uprobe/$TMP/packed:secret" "stripped"
