# SPDX-License-Identifier: BSD-2-Clause
#
# Histograms and tables letter by letter, in a pipe and in terminals of 80 and 200 columns, and that a terminal shows one block, not several.

. "$LIB"

golden=$(dirname "$LIB")/golden
mount -t bpf bpf /sys/fs/bpf
pins=/sys/fs/bpf

# Who may open the pin, but not look which programs there are: all that needs no stack ids is shown.
run 0 map create $pins/mine --type hash --key u32 --value u64 --max-entries 4
run 0 map set $pins/mine 1 5
for view in --top --hist --json; do
	setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin "$BPFLOAD" map dump $pins/mine $view >"$TMP/out" 2>"$TMP/err" || fail "$view needs CAP_SYS_ADMIN"
	out_has 5
done

# same GOLDEN FILE
same() {
	[ -z "${WRITE_GOLDEN:-}" ] || cp "$2" "$golden/$1"
	diff -u "$golden/$1" "$2" || fail "not as in tests/cli/golden/$1"
}

run 0 map create $pins/slots --type array --key u32 --value u64 --max-entries 27 --name cli_slots
for pair in 0:3 1:17 2:120 5:64 10:8 11:250 26:1; do
	run 0 map set $pins/slots "${pair%:*}" "${pair#*:}"
done
run 0 map create $pins/disks --type hash --key 'struct {u32 dev; enum {READ, WRITE} op;}' --value 'struct {u32 slots[8]; char name[8];}' \
	--max-entries 8 --name cli_disks
run 0 map set $pins/disks '{dev=8,op=READ}' '{slots=[0,0,5,9],name=sda}'
run 0 map set $pins/disks '{dev=8,op=WRITE}' '{slots=[0,1,20,9,0,0,0,3],name=sda}'
run 0 map create $pins/procs --type percpu_hash --key 'struct {u32 pid; char comm[16];}' --value 'struct {u64 calls; u64 bytes; char last[64];}' \
	--max-entries 64 --name cli_procs
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
	run 0 map set $pins/procs "{pid=$i,comm=task-$i}" "{calls=0}"
	run 0 map set $pins/procs "{pid=$i,comm=task-$i}" --cpu 0 \
		"{calls=$((i * i)),bytes=$((1000 - i)),last=\"/a/name/that/is/wider/than/many/screens/are/number-$i\"}"
done

run 0 map dump cli_slots --hist=unit=us
same hist_log2.txt "$TMP/out"
run 0 map dump cli_slots --hist=linear=10:unit=ms
same hist_linear.txt "$TMP/out"
run 0 map dump cli_slots --hist --json
same hist.json "$TMP/out"
run 0 map dump cli_disks --hist
same hist_keyed.txt "$TMP/out"
run 0 map dump cli_procs --top --sum
same top.txt "$TMP/out"
run 0 map dump cli_procs --top=bytes --sum --rows 3 --json
same top.json "$TMP/out"
run 2 map dump cli_procs --top=byte
err_has "did you mean 'bytes'?"
run 2 map dump cli_procs --hist
run 2 map dump cli_procs --hist --top
run 0 map dump cli_procs --top --sum --fmt pid=hex
out_matches '^0x1e  task-30 '
run 2 map dump cli_procs --top --fmt pdi=hex
err_has "did you mean 'pid'"
run 2 map dump cli_procs --fmt pid=hex # elements can be read again: they have no other forms
err_has 'written by their types'

# In a pipe: blocks with an empty line between them, and no escape sequences.
run 0 map watch cli_slots --hist=unit=us --interval 50ms --count 2
{ cat "$golden/hist_log2.txt"; echo; cat "$golden/hist_log2.txt"; } | diff - "$TMP/out" || fail "not two blocks"

run 0 map watch cli_slots --hist --interval 50ms --count 2 --timestamps
[ "$(grep -cE '^[0-9:]{8}\.[0-9]{6}$' "$TMP/out")" -eq 2 ] || fail "not a time above each block"
run 0 map watch cli_procs --top --interval 50ms --count 1 --timestamps --json
jq -es 'length > 0 and all(.[]; .time | startswith("20"))' "$TMP/out" >"$TMP/jq" || fail "not a time in each line"
run 2 map watch cli_procs --timestamps=never
run 2 map dump cli_procs --timestamps

# terminal COLUMNS GOLDEN ARGS...: what stands on a screen of 24 lines after several rounds, when the command has ended.
terminal() {
	columns=$1
	want=$2
	socket=$TMP/tmux.$want # of its own: a server that ends does not disturb the next
	shift 2
	{ echo "'$BPFLOAD' map watch $* --interval 100ms --count 5; echo END"; } >"$TMP/screen.sh"
	tmux -S "$socket" -f /dev/null new-session -d -x "$columns" -y 24 "sh $TMP/screen.sh; sleep 60"
	eventually sh -c "tmux -S '$socket' capture-pane -p | grep -q '^END'" || fail "the command did not end in the terminal"
	tmux -S "$socket" capture-pane -p -S - | sed -e 's/[[:space:]]*$//' -e '/^END/,$d' >"$TMP/screen"
	tmux -S "$socket" kill-server
	same "$want" "$TMP/screen"
}
if command -v tmux >/dev/null; then
	terminal 80 hist_80.txt cli_slots --hist=unit=us
	terminal 200 hist_200.txt cli_slots --hist=unit=us
	terminal 80 top_80.txt cli_procs --top --sum
	terminal 200 top_200.txt cli_procs --top --sum
	terminal 80 dump_80.txt cli_slots
fi
