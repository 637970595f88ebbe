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

# A program's library, found as the dynamic linker finds it: DT_RUNPATH with $ORIGIN, through another library, DT_RPATH, by a link to the program.
mkdir -p "$TMP/app/bin" "$TMP/app/lib/deep" "$TMP/elsewhere"
library() { # DIRECTORY NAME VALUE FLAGS...: NAME_work() gives VALUE
	dir=$1 name=$2 number=$3
	shift 3
	echo "int ${name}_work(int x); __attribute__((noinline)) int ${name}_work(int x) { __asm__ volatile(\"\" : \"+r\"(x)); return x + $number; }" |
		cc -shared -fPIC -O1 -o "$dir/lib$name.so.1" -Wl,-soname,"lib$name.so.1" -x c - -x none "$@"
}
library "$TMP/app/lib/deep" deep 1
# shellcheck disable=SC2016
library "$TMP/app/lib" mid 2 -Wl,--no-as-needed,--enable-new-dtags,-rpath,'$ORIGIN/deep' "$TMP/app/lib/deep/libdeep.so.1"
library "$TMP/elsewhere" deep 3 # of the same name, and not meant
echo 'int mid_work(int x); int deep_work(int x); int main(void) { return mid_work(0) + deep_work(0) - 3; }' >"$TMP/app.c"
# shellcheck disable=SC2016
cc -O1 -o "$TMP/app/bin/app" "$TMP/app.c" -Wl,--enable-new-dtags,-rpath,'${ORIGIN}/../lib:$ORIGIN/../lib/deep' "$TMP/app/lib/libmid.so.1" \
	"$TMP/app/lib/deep/libdeep.so.1"
ln -s app/bin/app "$TMP/link"
"$TMP/link" || fail "the program does not find its libraries"
probed() { # SPEC COMMAND...
	start "$OBJ/uprobe.bpf.o" --only enter --attach "enter=uprobe/$1" --dump .bss
	shift
	"$@"
	stop INT
	[ "$(value nr_calls)" -eq 1 ] || fail "$*: counted $(value nr_calls) calls"
}
probed "$TMP/link:libmid.so.1:mid_work" "$TMP/link"
probed "$TMP/app/bin/app:libmid.so:mid_work" "$TMP/app/bin/app"
probed "$TMP/link:libdeep.so.1:deep_work" "$TMP/link"
err_has "/lib/deep/libdeep.so.1:deep_work"
# shellcheck disable=SC2016
cc -O1 -o "$TMP/app/bin/old" "$TMP/app.c" -Wl,--disable-new-dtags,-rpath,'$ORIGIN/../lib:'"$TMP/app/lib/deep" "$TMP/app/lib/libmid.so.1" \
	"$TMP/app/lib/deep/libdeep.so.1"
probed "$TMP/app/bin/old:libdeep.so.1:deep_work" "$TMP/app/bin/old"
# Not among its own, but among those of its library.
echo 'int mid_work(int x); int main(void) { return mid_work(0) - 2; }' >"$TMP/two.c"
# shellcheck disable=SC2016
cc -O1 -o "$TMP/app/bin/two" "$TMP/two.c" -Wl,--enable-new-dtags,-rpath,'$ORIGIN/../lib' "$TMP/app/lib/libmid.so.1" -Wl,-rpath-link,"$TMP/app/lib/deep"
start "$OBJ/uprobe.bpf.o" --only enter --attach "enter=uprobe/$TMP/app/bin/two:libdeep.so.1:deep_work" --dump .bss
stop INT
err_has "$TMP/app/bin/../lib/deep/libdeep.so.1:deep_work"
# bash's C library, by any version of its name; probes with a pattern, and USDT's words.
start "$OBJ/uprobe_multi.bpf.o" --only calls --attach "calls=uprobe.multi/bash:libc.so:getpw*"
stop INT
err_has "/libc.so.6:getpw*"
not_there "uprobe/$TMP/link:libmidd.so.1:mid_work" "uses no library 'libmidd.so.1'"
err_has "did you mean 'libmid.so.1'"
err_has "its libraries: libmid.so.1, "
not_there "uprobe/$TMP/link:libmid.so.1:mid_wrok" "'mid_work'"
run 7 "$OBJ/usdt.bpf.o" --only on_any --attach "on_any=usdt/bash:libc.so.6:demo:tick"
err_has "/libc.so.6' has no USDT probe 'demo:tick'"
# A process says itself where its libraries are.
cat >"$TMP/waits.c" <<'C'
#include <unistd.h>
int deep_work(int x);
int main(void) { for (;;) { deep_work(0); usleep(10000); } }
C
cc -O1 -o "$TMP/app/bin/waits" "$TMP/waits.c" "$TMP/app/lib/deep/libdeep.so.1"
LD_LIBRARY_PATH="$TMP/elsewhere" "$TMP/app/bin/waits" &
waits=$!
eventually grep -q libdeep "/proc/$waits/maps" || fail "no library in the process"
start "$OBJ/uprobe.bpf.o" --only enter --attach "enter=uprobe/libdeep.so.1:deep_work,pid=$waits" --interval 100ms --dump .bss
eventually grep -q '^nr_calls = [1-9]' "$TMP/out" || fail "the library of the process was not probed"
stop INT
err_has "$TMP/elsewhere/libdeep.so.1:deep_work in process $waits"
kill "$waits"

# A library of LD_LIBRARY_PATH, by its name and without its version; it comes before one of the system.
mkdir "$TMP/own"
libc=$(sed -n 's/.* \(\/[^ ]*libc\.so\.6\)$/\1/p' /proc/self/maps | head -n 1)
cp "$libc" "$TMP/own/libbpfload-own.so.1"
for name in libbpfload-own.so.1 libbpfload-own.so; do
	code=0
	LD_LIBRARY_PATH=/nowhere:$TMP/own "$BPFLOAD" "$OBJ/uprobe.bpf.o" --only enter --attach "enter=uprobe/$name:getpwnam" --duration 1ms \
		>"$TMP/out" 2>"$TMP/err" || code=$?
	[ "$code" -eq 0 ] || fail "$name in LD_LIBRARY_PATH: exit code $code: $(cat "$TMP/err")"
	err_has "$TMP/own/libbpfload-own.so.1"
done
run 7 "$OBJ/uprobe.bpf.o" --only enter --attach enter=uprobe/libbpfload-own.so:getpwnam --duration 1ms
err_has "there is no library 'libbpfload-own.so'"
LD_LIBRARY_PATH=/nowhere "$BPFLOAD" "$OBJ/uprobe.bpf.o" --only enter --attach enter=uprobe/libbpfload-own.so:getpwnam 2>"$TMP/err" && fail "found"
err_has "looked in /nowhere (LD_LIBRARY_PATH), /etc/ld.so.cache"
