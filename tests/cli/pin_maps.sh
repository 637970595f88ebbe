# SPDX-License-Identifier: BSD-2-Clause
#
# A map that is pinned by name: shared between runs, compared, refused where there is no bpffs.

. "$LIB"

pinned="$OBJ/map_pinned.bpf.o"
mount -t tmpfs none /sys/fs/bpf # hides a bpffs that may be there

# E22, and nothing is mounted by us.
run 6 "$pinned" --duration 100ms
err_has "[E22]"
err_has "'/sys/fs/bpf/shared_runs' is in no BPF file system"
err_has "mount -t bpf bpf /sys/fs/bpf"
error_complete
[ -z "$(ls /sys/fs/bpf)" ] || fail "something was made: $(ls /sys/fs/bpf)"
run 6 "$pinned" --duration 100ms --pin-root "$TMP/x/y"
[ ! -e "$TMP/x" ] || fail "directories outside a bpffs"

# On request the map is its own.
run 0 "$pinned" --duration 100ms --no-pin
err_has "warning: map 'shared_runs' is not pinned: nobody shares it"
run 8 "$pinned" --duration 100ms --no-pin --strict

# Shared: the second run goes on counting where the first stopped.
mount -t bpf bpf /sys/fs/bpf
start "$pinned" --dump shared_runs
for _ in 1 2 3; do /bin/true; done
stop
first=$(sed -n 's/^shared_runs\[0\] = //p' "$TMP/out")
[ "$first" -ge 3 ] || fail "counted $first"
run 0 "$pinned" --attach none --duration 50ms --dump shared_runs -v
[ "$(sed -n 's/^shared_runs\[0\] = //p' "$TMP/out")" -ge "$first" ] || fail "it began anew"
err_has "map 'shared_runs': the one pinned as /sys/fs/bpf/shared_runs"

# Another kind of map: both sides of every difference, and nothing is loaded.
run 7 "$pinned" --duration 50ms --map shared_runs.max_entries=7 --map shared_runs.flags=4
err_has "[E31]"
err_matches '^ *max_entries +7 +1$'
err_matches '^ *flags +0x4 +0x0$'
err_lacks "key_size"
err_has "--map shared_runs.max_entries=1 --map shared_runs.flags=0"
error_complete

# What is pinned there is a program.
rm /sys/fs/bpf/shared_runs
run 0 load "$pinned" --no-pin --attach none --pin /sys/fs/bpf/d
mv /sys/fs/bpf/d/progs/count_runs /sys/fs/bpf/shared_runs
run 7 "$pinned" --duration 50ms
err_has "is no map but a prog"
mv /sys/fs/bpf/shared_runs /sys/fs/bpf/d/progs/count_runs
run 0 unload /sys/fs/bpf/d

# A map that exists in the place of the object's: what runs counts there. Its own size counts, also where the object leaves it open.
run 0 map create /sys/fs/bpf/other --type hash --key u32 --value u64 --max-entries 100
start "$OBJ/map_open.bpf.o" --map starts=/sys/fs/bpf/other
for _ in 1 2 3; do /bin/true; done
stop
run 0 map dump /sys/fs/bpf/other
[ "$(grep -c ' = ' "$TMP/out")" -ge 3 ] || fail "nothing was counted in the other map"
run 0 "$OBJ/map_open.bpf.o" --map starts=/sys/fs/bpf/other --attach none --duration 50ms --dump starts
[ "$(grep -c '^starts\[' "$TMP/out")" -ge 3 ] || fail "its contents are gone"
run 7 "$OBJ/xdp_count.bpf.o" --map pkt_count=/sys/fs/bpf/other --attach none --duration 50ms
err_has "[E31]"
err_has "'/sys/fs/bpf/other', which is to take its place, is another kind of map"
err_matches '^ *type +array +hash$'
error_complete
run 7 "$OBJ/map_open.bpf.o" --map starts=id:4294967295 --duration 50ms
err_has "map 'starts'"
run 2 "$OBJ/map_open.bpf.o" --map starts=7 --duration 50ms
err_has "NAME=PATH"
run 2 "$OBJ/map_open.bpf.o" --map starts.inner=/sys/fs/bpf/other --duration 50ms
err_has "map 'starts' holds no maps"
rm /sys/fs/bpf/other

# Another place; directories are made one by one, for their owner alone.
run 0 "$pinned" --attach none --duration 50ms --pin-root /sys/fs/bpf/a/b/
[ -e /sys/fs/bpf/a/b/shared_runs ] || fail "not in the other place"
[ "$(stat -c %a /sys/fs/bpf/a /sys/fs/bpf/a/b | tr '\n' ' ')" = "700 700 " ] || fail "modes: $(stat -c %a /sys/fs/bpf/a)"
[ ! -e /sys/fs/bpf/shared_runs ] || fail "also in the usual place"

# A run that fails takes back what it made, and not what it found.
unshare -n sh -eu <<'INNER'
ip link set lo up
code=0
"$BPFLOAD" load "$OBJ/map_pinned.bpf.o" --pin /tmp --pin-root /sys/fs/bpf/c 2>"$TMP/err" || code=$?
[ "$code" -eq 6 ] || { echo "FAIL: exit code $code"; cat "$TMP/err"; exit 1; }
[ ! -e /sys/fs/bpf/c ] || { echo "FAIL: a pin of a failed load is left"; exit 1; }
code=0
"$BPFLOAD" load "$OBJ/map_pinned.bpf.o" --pin /tmp --pin-root /sys/fs/bpf/a/b 2>"$TMP/err" || code=$?
[ -e /sys/fs/bpf/a/b/shared_runs ] || { echo "FAIL: a pin of others was removed"; exit 1; }
INNER
