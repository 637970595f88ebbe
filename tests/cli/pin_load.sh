# SPDX-License-Identifier: BSD-2-Clause
#
# load --pin: the process ends, the program runs on; unload ends it and leaves nothing.

. "$LIB"

mount -t bpf bpf /sys/fs/bpf
dir=/sys/fs/bpf/own/hello
execs="$OBJ/globals.bpf.o"

run 2 load "$execs"
err_has "--pin DIR"
run 6 load "$execs" --pin "$TMP/d"
err_has "[E22]"

for bad in /sys/fs/bpf/a.b /sys/fs/bpf/a.b/c /sys/fs/bpf/c/a.b; do
	run 2 load "$execs" --pin $bad
	err_has "a bpffs takes no dots in names"
done
[ -z "$(ls /sys/fs/bpf | grep -v debug)" ] || fail "left: $(find /sys/fs/bpf)"

# It counts after the process has gone.
run 0 load "$OBJ/map_pinned.bpf.o" --pin $dir
err_has "attached count_runs: tracepoint syscalls/sys_enter_execve"
err_has "pinned in $dir"
for pin in links/count_runs progs/count_runs maps/shared_runs; do
	[ -e $dir/$pin ] || fail "$pin is missing: $(find $dir)"
done
value() { "$BPFLOAD" "$OBJ/map_pinned.bpf.o" --attach none --duration 20ms --dump shared_runs 2>/dev/null | sed -n 's/^shared_runs\[0\] = //p'; }
before=$(value)
for _ in 1 2 3 4 5; do /bin/true; done
after=$(value)
[ "$after" -ge $((before + 5)) ] || fail "it does not run: $before, $after"

# The directory is taken.
run 7 load "$OBJ/hello.bpf.o" --pin $dir --attach none
err_has "'$dir' is not empty"

# unload takes only what load has made.
run 7 unload /sys/fs/bpf/own
err_has "is no directory of 'bpfload load --pin'"
run 7 unload /sys/fs/bpf/nothing
mkdir $dir/other
run 7 unload $dir
err_has "'other' in it"
[ -e $dir/links/count_runs ] || fail "something was removed"
rmdir $dir/other

run 0 unload $dir
err_has "(3 pins)"
[ ! -e /sys/fs/bpf/own ] || fail "left: $(find /sys/fs/bpf/own)"
before=$(value)
for _ in 1 2 3 4 5; do /bin/true; done
after=$(value)
# value() itself starts processes; a program that still ran would have seen the five too.
[ "$after" -eq "$before" ] || fail "it still runs: $before, $after"
[ -e /sys/fs/bpf/shared_runs ] || fail "a map that is shared by name went with the directory"

# Data sections have the object's name, dots become underscores.
run 0 load "$execs" --pin $dir --attach none
for map in globals_bss globals_data globals_rodata _data_stats; do
	[ -e $dir/maps/$map ] || fail "$map is missing: $(ls $dir/maps)"
done
run 0 unload $dir

# What lies above goes with the last of them, if it was made for them.
mkdir /sys/fs/bpf/theirs
for name in own/a/b own/c theirs/d; do
	run 0 load "$OBJ/hello.bpf.o" --pin /sys/fs/bpf/$name --attach none
done
run 0 unload /sys/fs/bpf/own/a/b /sys/fs/bpf/theirs/d/
[ ! -e /sys/fs/bpf/own/a ] && [ -e /sys/fs/bpf/own/c/progs ] || fail "not this: $(find /sys/fs/bpf)"
[ -d /sys/fs/bpf/theirs ] && [ ! -e /sys/fs/bpf/theirs/d ] || fail "a directory of somebody else's has gone"
run 0 unload /sys/fs/bpf/own/c
[ ! -e /sys/fs/bpf/own ] || fail "left: $(find /sys/fs/bpf/own)"

# A signal while it loads: all of it and success, or nothing and no success.
for delay in 0 1 2 3 4 5 6 7 8 9 10 12 14 16 18 20 25 30 35 40; do
	"$BPFLOAD" load "$OBJ/subprogs.bpf.o" --pin $dir --quiet 2>"$TMP/err" & loading=$!
	sleep "$(printf '0.%03d' $delay)"
	kill -TERM $loading 2>/dev/null || true
	code=0
	wait $loading || code=$?
	pins=$(find $dir -type f 2>/dev/null | wc -l)
	case $code,$pins in
	0,5) run 0 unload $dir ;;
	0,* | *,[1-9]*) fail "exit code $code with $pins pins" ;;
	esac
done
