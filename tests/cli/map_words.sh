# SPDX-License-Identifier: BSD-2-Clause
#
# bpfload map: elements of any map in words, by the types that the kernel keeps with it; wrong words are errors that name the near one.

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

# A hash with types in words: what is shown can be written.
run 0 map create $pins/limits --type hash --key 'struct {u32 pid; char comm[16];}' --value 'struct {u64 n; enum {LOW, HIGH} level;}' \
	--max-entries 8 --name cli_limits
says '' dump $pins/limits # empty
run 0 map set $pins/limits '{pid=1,comm=bash}' '{n=3,level=HIGH}'
run 0 map set name cli_limits '{pid=2,comm="a b"}' '{n=5}'
says 'cli_limits[{pid=1,comm="bash"}] = {n=3,level=HIGH}' get cli_limits '{pid=1,comm=bash}'
run 0 map dump cli_limits --json
[ "$(jq -c 'select(.v == 1 and .type == "map" and .map == "cli_limits") | [.key.pid, .key.comm, .value.n]' "$TMP/out" | sort)" = \
	'[1,"bash",3]
[2,"a b",5]' ] || fail "not the elements"
run 7 map set cli_limits '{pid=1,comm=bash}' '{n=9}' --noexist
err_has 'there already'
run 7 map set cli_limits '{pid=9}' '{n=9}' --exist
run 0 map del cli_limits '{pid=2,comm="a b"}'
run 7 map del cli_limits '{pid=2,comm="a b"}'
err_has 'no such element'
run 7 map get cli_limits '{pid=2}'
run 2 map get cli_limits '{pid=1,com=bash}'
err_has "did you mean 'comm'?"
run 2 map set cli_limits '{pid=1}' '{level=HIHG}'
run 2 map set cli_limits '{pid=1}'
run 2 map get cli_limits '{pid=1}' 2 3
run 0 map dump cli_limits
[ "$(wc -l <"$TMP/out")" -eq 1 ] || fail "not one element"

# Names that are wrong.
run 7 map dump cli_limit
err_has "did you mean 'cli_limits'?"
run 7 map dump id 4294967290
run 7 map dump $pins/nothing
err_has 'nothing is pinned there'
run 2 map dump id x
run 2 map dmup cli_limits
err_has "did you mean 'bpfload map dump'?"
run 2 map
run 2 map dump
run 2 map create $pins/x --type hsah
run 2 map create $pins/x
run 7 map create $pins/limits --type array --key u32 --value u32 --max-entries 1
err_has 'something is there already'
run 6 map create "$TMP/x" --type array --key u32 --value u32 --max-entries 1
err_has '[E22]'

# Two of a name.
run 0 map create $pins/twin --type array --key u32 --value u32 --max-entries 1 --name cli_limits
run 2 map dump cli_limits
err_has '2 maps are called'
err_matches 'their ids: [0-9]+, [0-9]+'
rm $pins/twin

# What is the kernel's in a value is not shown; what lies under a lock is read and written under it.
run 0 map create $pins/locked --type hash --key u32 --value 'struct {struct bpf_spin_lock {u32 val;} lock; u32 n;}' --max-entries 4 --name cli_locked
run 0 map set cli_locked 1 '{n=5}'
says 'cli_locked[1] = {n=5}' get cli_locked 1
says '{"v":1,"type":"map","map":"cli_locked","key":1,"value":{"n":5}}' dump cli_locked --json
says 'KEY  N
  1  5' dump cli_locked --top
rm $pins/locked

# Numbers that the kernel refuses are named; a Bloom filter is asked.
run 1 map create $pins/x --type hash --key u32 --value u32
err_has '--max-entries N'
run 1 map create $pins/x --type array --key u64 --value u32 --max-entries 1
err_has 'must have 4 bytes'
run 1 map create $pins/x --type ringbuf --max-entries 5000
err_has 'power of two'
if [ "$(uname -r | awk -F. '{ print $1 * 1000 + $2 }')" -lt 5016 ]; then
	echo "skip: map_words: Bloom filters came with Linux 5.16"
else
	run 0 map create $pins/bloom --type bloom_filter --value u32 --max-entries 100 --name cli_bloom
	run 0 map set cli_bloom 5
	says 'cli_bloom = 5' get cli_bloom 5
	run 7 map get cli_bloom 6
	rm $pins/bloom
fi

# Per CPU.
cpus=$(nproc --all)
run 0 map create $pins/hits --type percpu_array --key u32 --value s64 --max-entries 2 --name cli_hits
run 0 map set cli_hits 1 7
run 2 map set cli_hits 1 -3
err_has "a negative number comes after '--'"
run 0 map set cli_hits 1 --cpu 0 -- -3
run 0 map get cli_hits 1
[ "$(wc -l <"$TMP/out")" -ge "$cpus" ] || fail "not a line for each CPU"
out_has 'cli_hits[1] cpu 0 = -3'
says "cli_hits[1] cpu 0 = -3" get cli_hits 1 --cpu 0
says "cli_hits[1] = $(($("$BPFLOAD" map get cli_hits 1 | wc -l) * 7 - 10))" get cli_hits 1 --sum
run 0 map set cli_hits 1 4 --cpu all
says "cli_hits[1] cpu 0 = 4" get cli_hits 1 --cpu 0
run 0 map set cli_hits 1 --cpu 0 -- -3
run 0 map set cli_hits 0 5 --cpu 0
says "cli_hits[0] = 5" get cli_hits 0 --sum
says 'cli_hits[0] cpu 0 = 5
cli_hits[1] cpu 0 = -3' dump cli_hits --cpu 0
says '{"v":1,"type":"map","map":"cli_hits","key":0,"cpu":0,"value":5}
{"v":1,"type":"map","map":"cli_hits","key":1,"cpu":0,"value":-3}' watch cli_hits --cpu 0 --count 1 --json
run 2 map dump cli_hits --cpu 100000
run 2 map dump cli_hits --cpu 0 --top
err_has 'of all CPUs'
run 2 map get cli_hits 1 --cpu 0 --sum
run 2 map del cli_hits 1 --cpu 0 # what an action does not look at is refused, not ignored
err_has "bpfload map del has no option '--cpu'"
run 2 map get cli_hits 1 --interval 1s
run 2 map get cli_hits 1 --cpu 100000
run 2 map get cli_hits 1 --cpu al
run 2 map del cli_hits 1
run 7 map get cli_hits 2

# Queues: put in, look, take out.
run 0 map create $pins/jobs --type queue --value u32 --max-entries 2 --name cli_jobs
run 0 map set $pins/jobs 5
run 0 map set $pins/jobs 6
run 7 map set $pins/jobs 7
run 0 map set $pins/jobs 7 --exist
says 'cli_jobs = 6' get $pins/jobs
says 'cli_jobs = 6' del $pins/jobs
says 'cli_jobs = 7' del $pins/jobs
run 7 map del $pins/jobs
err_has 'is empty'

# A map of maps: its elements are maps, written by their paths or ids and shown as ids.
run 2 map create $pins/outer --type array_of_maps --key u32 --max-entries 2
err_has 'fix:   --inner MAP names it'
run 7 map create $pins/outer --type array_of_maps --key u32 --max-entries 2 --inner $pins/nothing
run 0 map create $pins/outer --type hash_of_maps --key u32 --max-entries 2 --inner $pins/jobs
run 0 map set $pins/outer 7 $pins/jobs
run 0 map get $pins/outer 7
out_matches '^outer\[7\] = map id [0-9]+$'
run 1 map set $pins/outer 8 $pins/hits
rm $pins/outer

# A trie, bytes, a second path, a frozen map.
run 0 map create $pins/cli_nets --type lpm_trie --key-size 8 --value-size 3 --max-entries 5
mv $pins/cli_nets $pins/nets # the name is that of the file
run 0 map set $pins/nets 10.0.0.0/8 'hex:01 02 03'
says 'cli_nets[10.0.0.0/8] = 01 02 03' dump $pins/nets
run 0 map pin $pins/nets $pins/again
run 0 map set $pins/again 10.0.0.0/8 'hex:00 00 00'
says 'cli_nets[10.0.0.0/8] = 00 00 00' dump $pins/nets
run 0 map freeze $pins/nets
run 5 map set $pins/nets 10.0.0.0/8 'hex:00 00 01'
err_matches 'not permitted \(EPERM\)$'
err_has 'frozen'
run 2 map get $pins/nets 10.0.0.0/33
err_has "'10.0.0.0/33' has no length of 0 to 32 bits"
run 2 map get $pins/nets 10.0.0.1
err_has 'fix:   10.0.0.1/32 is this address alone'

# Watching: now, and each interval.
run 0 map watch cli_limits --interval 50ms --count 3
[ "$(grep -c 'level=HIGH' "$TMP/out")" -eq 3 ] || fail "not three rounds"
