# SPDX-License-Identifier: BSD-2-Clause
#
# USDT: arguments of all sizes and in all kinds of places, several places for one probe, semaphores, and more places than the map in
# the object has room for.

. "$LIB"

cc -O2 -Wall -Werror -o "$TMP/target" tests/cli/usdt_target.c
value() { sed -n "s/^$1 = //p" "$TMP/out"; }
# runs PID FILE: the process has begun with the file. Until then it is still the shell that is about to execute it.
runs() { sed 1q "/proc/$1/maps" | grep -qF -e "$2"; }

[ "$("$TMP/target" 2)" = 0 ] || fail "the semaphore is not 0 while nobody listens"
start "$OBJ/usdt.bpf.o" --no-printk --attach "on_tick=usdt/$TMP/target:demo:tick,cookie=77" --attach "on_wide=usdt/$TMP/target:demo:wide" \
	--attach "on_any=usdt.s/$TMP/target:demo:t*" --dump .bss
[ "$("$TMP/target" 20)" = 2 ] || fail "the semaphore does not count the two listeners"
stop INT
err_has "demo:tick, 2 sites"
[ "$("$TMP/target" 2)" = 0 ] || fail "the semaphore is not 0 again"
[ "$(value nr_ticks)" -eq 20 ] || fail "not every tick was seen: $(value nr_ticks)"
[ "$(value nr_any)" -eq 20 ] || fail "the pattern missed some: $(value nr_any)"
[ "$(value tick_sum)" -eq 190 ] || fail "the first argument is wrong: $(value tick_sum)"
[ "$(value tick_constant)" -eq -7 ] || fail "the constant is wrong: $(value tick_constant)"
[ "$(value tick_cookie)" -eq 77 ] || fail "the user's cookie is wrong: $(value tick_cookie)"
[ "$(value tick_nr_args)" -eq 3 ] || fail "tick has not 3 arguments"
[ "$(value tick_text)" = '"tock"' ] || fail "the text is wrong: $(value tick_text)"
[ "$(value wide_nr_args)" -eq 12 ] || fail "wide has not 12 arguments"
[ "$(value wide_err)" -eq 0 ] || fail "an argument could not be read: $(value wide_err)"
value wide | grep -qE '^\[-1,254,-2,65533,-3,4294967292,100,19,9,102,[0-9]+,103\]$' || fail "wide arguments are wrong: $(value wide)"
[ "$(value wide_sizes)" = "[1,1,2,2,4,4,8,8,8,8,8,8]" ] || fail "sizes are wrong: $(value wide_sizes)"

# Base and index register; a floating-point argument is told, and does not keep the others from being read.
if [ "$(uname -m)" = x86_64 ]; then
	start "$OBJ/usdt.bpf.o" --no-printk --only on_wide --attach "on_wide=usdt/$TMP/target:demo:indexed" --dump .bss
	"$TMP/target" 3 >/dev/null
	stop INT
	err_has "1 of its arguments cannot be read"
	value wide | grep -q '^\[1003,1002,0,5,' || fail "indexed arguments are wrong: $(value wide)"
fi

# 1000 places, each with another constant: the map of 256 grows before it is created.
cat >"$TMP/many.c" <<'C'
#include "usdt_note.h"
#define ONE(n) __asm__ volatile(USDT_NOTE("many", "place", "0", "-4@%0 8@%1") : : "i"(n), "i"(0));
#define TEN(n) ONE(n) ONE(n + 1) ONE(n + 2) ONE(n + 3) ONE(n + 4) ONE(n + 5) ONE(n + 6) ONE(n + 7) ONE(n + 8) ONE(n + 9)
#define HUNDRED(n) TEN(n) TEN(n + 10) TEN(n + 20) TEN(n + 30) TEN(n + 40) TEN(n + 50) TEN(n + 60) TEN(n + 70) TEN(n + 80) TEN(n + 90)
int main(void)
{
	HUNDRED(0) HUNDRED(100) HUNDRED(200) HUNDRED(300) HUNDRED(400) HUNDRED(500) HUNDRED(600) HUNDRED(700) HUNDRED(800) HUNDRED(900)
	return 0;
}
C
cc -O1 -Itests/lib -o "$TMP/many" "$TMP/many.c"
start "$OBJ/usdt.bpf.o" --no-printk --only on_tick --attach "on_tick=usdt/$TMP/many:many:place" --dump .bss
"$TMP/many"
stop INT
err_has "1000 sites"
[ "$(value nr_ticks)" -eq 1000 ] || fail "not every place was hit: $(value nr_ticks)"
[ "$(value tick_sum)" -eq 499500 ] || fail "constants are wrong: $(value tick_sum)"

# pid=: one of two processes.
"$TMP/target" >/dev/null &
one=$!
"$TMP/target" >/dev/null &
two=$!
eventually runs "$one" "$TMP/target" || fail "the program does not run"
start "$OBJ/usdt.bpf.o" --no-printk --only on_any --attach "on_any=usdt/exe:demo:wide,pid=$one" --interval 100ms --dump .bss
eventually grep -q '^nr_any = [3-9]' "$TMP/out" || fail "the process was not seen"
kill -s STOP "$one"
sleep 0.3
before=$(value nr_any | tail -n 1)
sleep 0.5
[ "$(value nr_any | tail -n 1)" = "$before" ] || fail "the other process was counted"
stop INT
kill "$one" "$two"
kill -s CONT "$one"

# The semaphore of a living process, also when nobody is left to count it down: the kernel does.
"$TMP/target" >/dev/null &
one=$!
eventually runs "$one" "$TMP/target" || fail "the program does not run"
address=$((0x$(sed -n '1s/-.*//p' "/proc/$one/maps") + 0x$(nm "$TMP/target" | sed -n 's/ . demo_tick_semaphore$//p')))
semaphore() { dd if="/proc/$one/mem" bs=2 count=1 iflag=skip_bytes skip="$address" 2>/dev/null | od -An -tu2 | tr -d ' '; }
semaphore_is() { [ "$(semaphore)" = "$1" ]; }
eventually semaphore_is 0 || fail "the semaphore is $(semaphore) while nobody listens"
start "$OBJ/usdt.bpf.o" --no-printk --only on_any --attach "on_any=usdt/$TMP/target:demo:tick"
[ "$(semaphore)" -ge 1 ] || fail "the semaphore is $(semaphore), with a listener"
kill -9 "$PID"
wait "$PID" || :
PID=
eventually semaphore_is 0 || fail "the semaphore is $(semaphore) after a kill"
kill "$one"

# What is not there.
run 7 "$OBJ/usdt.bpf.o" --only on_any --attach "on_any=usdt/$TMP/target:demo:tik"
error_complete
err_has "'demo:tick'"
run 7 "$OBJ/usdt.bpf.o" --only on_any --attach "on_any=usdt/bash:demo:tick"
error_complete
err_has "no probes at all"

# "*": all files that have the probe, here two copies, one of them deleted since, one in a mount namespace of its own, one in a chroot
# there: its path begins at the root of the namespace, and is not to be found in its root directory.
# Nobody else on this machine has probes of this name.
sed -e "s/\"demo\"/\"demo$$\"/" -e 's|"../lib/|"|' tests/cli/usdt_target.c >"$TMP/named.c"
cc -O2 -Wall -Werror -Itests/lib -o "$TMP/target" "$TMP/named.c"
cp "$TMP/target" "$TMP/copy"
"$TMP/target" >/dev/null &
one=$!
"$TMP/copy" >/dev/null &
two=$!
mkdir "$TMP/box"
unshare -m sh -c "mount -t tmpfs box '$TMP/box' && cp '$TMP/target' '$TMP/box/boxed' && exec '$TMP/box/boxed'" >/dev/null &
three=$!
cc -O2 -static -Itests/lib -o "$TMP/static" "$TMP/named.c"
mkdir "$TMP/jail"
unshare -m sh -c "mount -t tmpfs jail '$TMP/jail' && cp '$TMP/static' '$TMP/jail/jailed' && exec chroot '$TMP/jail' /jailed" >/dev/null &
five=$!
sleep 1000 & four=$!
eventually runs "$one" "$TMP/target" || fail "the program does not run"
eventually runs "$two" "$TMP/copy" || fail "the copy does not run"
eventually runs "$three" /boxed || fail "the program in the box does not run"
eventually runs "$five" /jailed || fail "the program in the jail does not run"
rm "$TMP/copy"
start "$OBJ/usdt.bpf.o" --no-printk --only on_any --attach "on_any=usdt/*:demo$$:wide" -v --interval 100ms --dump .bss
eventually sh -c '[ "$(sed -n "s/^nr_any = //p" "$TMP/out" | tail -n 1)" -ge 20 ]' || fail "the probes did not fire"
stop INT
err_has "usdt *:demo$$:wide in 4 files, 4 sites"
err_has "usdt $TMP/target:demo$$:wide"
err_has "usdt /proc/$two/map_files/"
err_matches "usdt /proc/$three/(root$TMP/box/boxed|map_files/[^:]*):demo$$:wide" # the latter when all of this is in a chroot
err_has "usdt /proc/$five/map_files/"
# Each alone: 40 hits a second are ten of each, so count them one by one.
for pid in "$one" "$two" "$three" "$five"; do
	start "$OBJ/usdt.bpf.o" --no-printk --only on_any --attach "on_any=usdt/*:demo$$:wide,pid=$pid" --interval 100ms --dump .bss
	eventually sh -c '[ "$(sed -n "s/^nr_any = //p" "$TMP/out" | tail -n 1)" -ge 3 ]' || fail "process $pid was not seen"
	stop INT
	err_has "in 1 file, 1 site"
done
run 7 "$OBJ/usdt.bpf.o" --only on_any --attach "on_any=usdt/*:demo$$:wode,pid=$one"
error_complete
err_has "no file has a USDT probe 'demo$$:wode'"
err_has "'demo$$:wide'"
run 7 "$OBJ/usdt.bpf.o" --only on_any --attach "on_any=usdt/*:demo$$:wide,pid=$four"
error_complete
run 7 "$OBJ/usdt.bpf.o" --only on_any --attach "on_any=usdt/*:demo$$:wide,pid=999999999"
error_complete
kill -9 "$one" "$two" "$three" "$four" "$five"
