# SPDX-License-Identifier: BSD-2-Clause
#
# Storage maps: an element hangs on a task, a file, a cgroup, a socket, and these are its keys, in words.

. "$LIB"

mount -t bpf bpf /sys/fs/bpf
pins=/sys/fs/bpf

# says TEXT ARGS...: prints exactly that.
says() {
	text=$1
	shift
	run 0 map "$@"
	[ "$(cat "$TMP/out")" = "$text" ] || fail "bpfload map $*: not: $text"
}
for kind in task inode cgrp sk; do
	run 0 map create $pins/$kind --type ${kind}_storage --key int --value 'struct {u64 n; char name[8];}' --name cli_$kind
done

# Two tasks: each has its own.
sleep 60 & other=$!
run 0 map set cli_task pid:$$ '{n=5,name=shell}'
run 0 map set cli_task pid:$other '{n=6}'
says "cli_task[pid:$$] = {n=5,name=\"shell\"}" get cli_task pid:$$
says "{\"v\":1,\"type\":\"map\",\"map\":\"cli_task\",\"key\":\"pid:$other\",\"value\":{\"n\":6,\"name\":\"\"}}" get cli_task pid:$other --json
run 0 map del cli_task pid:$$
run 7 map get cli_task pid:$$
err_has 'no such element'
run 7 map set cli_task pid:$$ '{n=1}' --exist
says "cli_task[pid:$other] = {n=6,name=\"\"}" get cli_task pid:$other
kill $other
wait $other || :
run 7 map get cli_task pid:$other
err_has "process 'pid:$other'"
run 0 map set cli_task self '{n=1}' # gone with the process
run 2 map get cli_task 12
err_has 'write pid:17 or self'
run 0 map dump cli_task
out_has 'found through each task only'

# Files: the file, not its name.
echo >"$TMP/file"
ln "$TMP/file" "$TMP/name"
run 0 map set cli_inode "$TMP/file" '{n=7,name=f}'
says "cli_inode[$TMP/name] = {n=7,name=\"f\"}" get cli_inode "$TMP/name"
run 7 map get cli_inode "$TMP"
run 7 map get cli_inode "$TMP/nothing"
err_has "file '$TMP/nothing'"

# Sockets of another process, and of this one.
perl -MSocket -e '
	$^F = 100; # what is opened stays open in children
	socket(my $s, PF_INET, SOCK_DGRAM, 0) or die;
	my ($map, $fd) = ("$ENV{BPFLOAD} map", fileno($s));
	system("$map set cli_sk pid:$$/fd:$fd \"{n=8}\" && $map get cli_sk pid:$$/fd:$fd && $map get cli_sk fd:$fd");
	print "$$ $fd\n"' >"$TMP/sockets"
read -r pid fd <<EOF2
$(tail -n 1 "$TMP/sockets")
EOF2
[ "$(head -n 2 "$TMP/sockets")" = "cli_sk[pid:$pid/fd:$fd] = {n=8,name=\"\"}
cli_sk[fd:$fd] = {n=8,name=\"\"}" ] || fail "sockets: $(cat "$TMP/sockets")"
# The same words are values where a map holds sockets.
run 0 map create $pins/socks --type sockmap --key-size 4 --value-size 8 --max-entries 2 --name cli_socks
perl -MSocket -e '
	$^F = 100;
	socket(my $s, PF_INET, SOCK_STREAM, 0) or die;
	listen($s, 1) or die;
	socket(my $u, PF_INET, SOCK_STREAM, 0) or die;
	my ($map, $fd, $other) = ("$ENV{BPFLOAD} map", fileno($s), fileno($u));
	system("$map set cli_socks 1 pid:$$/fd:$fd && $map dump cli_socks");
	system("$map set cli_socks 0 pid:$$/fd:$other");' >"$TMP/sockets" 2>"$TMP/err"
grep -qxE 'cli_socks\[1\] = [1-9][0-9]*' "$TMP/sockets" || fail "no socket in the map: $(cat "$TMP/sockets")"
err_has 'a TCP socket that listens'
run 2 map set cli_socks 1 7
err_has "'7' names no socket"
run 7 map set cli_socks 1 pid:$$/fd:77
run 0 map create $pins/perf --type perf_event_array --key-size 4 --value-size 4 --max-entries 2 --name cli_perf
run 2 map set cli_perf 1 7
err_has 'perf events'

run 7 map get cli_sk fd:0 </dev/null
err_has "'fd:0' is not a socket"
run 2 map get cli_sk 0

# Cgroups.
root=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)
[ -n "$root" ] || { echo "skip: no cgroup2 is mounted: its storage is not tried"; exit 0; }
cgroup=$root/bpfload-owners-$$
mkdir "$cgroup"
trap 'rmdir "$cgroup"' EXIT
run 0 map set cli_cgrp "$cgroup" '{n=9,name=cg}'
says "cli_cgrp[$cgroup] = {n=9,name=\"cg\"}" get cli_cgrp "$cgroup"
run 7 map get cli_cgrp "$root"
run 7 map get cli_cgrp /etc
err_has "'/etc' is not a directory of cgroup2"
