# SPDX-License-Identifier: BSD-2-Clause
#
# Events as people see them: letter by letter in a pipe and in terminals of 80 and 200 columns, with values that are wider than their columns,
# letters of other alphabets, control characters and bytes that are no text; the heading again when it has left the screen; the matrix
# of check, and ls.

. "$LIB"

golden=$(dirname "$LIB")/golden

# same GOLDEN FILE
same() {
	[ -z "${WRITE_GOLDEN:-}" ] || cp "$2" "$golden/$1"
	diff -u "$golden/$1" "$2" || fail "not as in tests/cli/golden/$1"
}

# pipe GOLDEN ARGS...: what comes out of a pipe
pipe() {
	want=$1
	shift
	"$BPFLOAD" "$OBJ/event_kinds.bpf.o" -q --count 6 "$@" 2>"$TMP/err" | grep -v 'returned 0' >"$TMP/out"
	same "$want" "$TMP/out"
	! grep -q "$(printf '\033')" "$TMP/out" || fail "an escape sequence got through"
	! grep -q ' $' "$TMP/out" || fail "blanks at the end of a line"
}
pipe events.txt
pipe events_columns.txt --columns delta,mood,comm,path
pipe events_forms.txt --columns delta,mac,total,path --fmt mac=mac --fmt total=hex --filter 'delta<0 || mood==BAD'
pipe events.json --json
jq -es 'length == 6 and all(.v == 1 and .type == "event" and .map == "events") and .[2].event.balance < 0 and
	.[3].event.path == "tab\there, \u001b[31mred\u001b[0m, back\\slash \"quoted\"" and .[4].event.comm == "žluťoučký"' \
	"$TMP/out" >"$TMP/jq" || fail "jq reads something else"
# The largest numbers digit by digit, which jq would round.
out_has '"balance":-9223372036854775808,'
out_has '"total":18446744073709551615,'

# terminal COLUMNS ROWS COMMAND: what stands on the screen and what has left it, when the command has ended.
terminal() {
	socket=$TMP/tmux.$1.$2
	{ echo "$3"; echo "echo END"; } >"$TMP/screen.sh"
	tmux -u -S "$socket" -f /dev/null new-session -d -x "$1" -y "$2" "sh $TMP/screen.sh; sleep 60"
	eventually sh -c "tmux -S '$socket' capture-pane -p | grep -q '^END'" || fail "the command did not end in the terminal"
	tmux -S "$socket" capture-pane -p -S - | sed -e 's/[[:space:]]*$//' -e '/^END/,$d' -e '/returned 0$/d' >"$TMP/screen"
	tmux -S "$socket" kill-server
}
if command -v tmux >/dev/null; then
	LC_ALL=C.UTF-8
	export LC_ALL
	run_events="'$BPFLOAD' '$OBJ/event_kinds.bpf.o' -q --count 6"
	terminal 200 24 "$run_events"
	same events.txt "$TMP/screen"
	terminal 80 24 "$run_events --columns delta,mood,comm,path"
	same events_80.txt "$TMP/screen"
	# Six lines: the heading is there again before the fifth event.
	terminal 80 6 "$run_events --columns delta,comm"
	same events_heading.txt "$TMP/screen"

	for columns in 80 200; do
		terminal $columns 24 "'$BPFLOAD' check '$OBJ/hello.bpf.o' '$OBJ/globals.bpf.o'"
		same check_matrix.txt "$TMP/screen"
		"$BPFLOAD" check "$OBJ/hello.bpf.o" "$OBJ/globals.bpf.o" >"$TMP/out"
		same check_matrix.txt "$TMP/out"
	done
fi
