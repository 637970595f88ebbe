# SPDX-License-Identifier: BSD-2-Clause
#
# On the running kernel the verdict of check agrees with what loading then does, for every object of bpf/ and every object that
# is carved out of Debian's packages.
#
# Beyond what a check can know, and so allowed to fail although it said "fits": what the verifier thinks of the program's own
# logic or license (exit code 4, in programs of bpf/ that are there to be refused), and policy: some kernels refuse fentry and
# fexit with EPERM (exit code 5).

. "$LIB"

# Objects with pinned maps want one; it is this test's own.
mount -t bpf bpf /sys/fs/bpf

carved=$(dirname "$OBJ")/carved
[ -s "$carved/MANIFEST" ] || sh scripts/carve-objects "$carved" >/dev/null || fail "no objects out of packages"

fits=0 lacks=0 refused=0 policy=0 attached=0 nowhere=0

# attach NAME OBJECT OPTIONS...: programs that the kernel's own hooks take (tracepoints, raw tracepoints, kprobes) are attached too.
attach() {
	jq -e '[.items[] | select(.kind == "program type").name] - ["tracepoint", "raw_tracepoint", "kprobe"] == []' "$TMP/json" >/dev/null ||
		return 0
	name=$1 verdict=$(jq -r .verdict "$TMP/json")
	shift
	code=0
	timeout 30 unshare -n "$BPFLOAD" "$@" --no-printk --duration 10ms >"$TMP/out" 2>"$TMP/err" || code=$?
	case $verdict,$code in
	fits,0) attached=$((attached + 1)) ;;
	fits,2 | lacks,2) ;; # a section that does not say where
	lacks,[67]) nowhere=$((nowhere + 1)) ;;
	*) fail "$name: check says $verdict, attaching ends with $code: $(grep -m 1 error "$TMP/err")" ;;
	esac
}

# disagree OBJECT CHECK LOAD-CODE
disagree() {
	fail "$1: check says $2, loading ends with $3: $(grep -m 1 error "$TMP/err")"
}

for object in "$OBJ"/*.bpf.o "$carved"/*.bpf.o; do
	name=$(basename "$object" .bpf.o)
	code=0
	"$BPFLOAD" check "$object" --json >"$TMP/json" 2>"$TMP/check.err" || code=$?
	# Sizes that the object leaves open are given to both; those of stack traces have no default either.
	{
		jq -r '.items[] | select(.kind == "map size") | .text' "$TMP/json" | grep -oE -e '--map [^ ]+=N' | sed 's/=N$/=16/'
		"$BPFLOAD" spec "$object" --json 2>"$TMP/spec.err" |
			jq -r '.maps[]? | select(.type == "stack_trace" and .value_size == 0) | "--map \(.name).value_size=1016"'
	} >"$TMP/options"
	# the options are words
	# shellcheck disable=SC2046
	set -- $(cat "$TMP/options")
	[ $# -eq 0 ] || "$BPFLOAD" check "$object" "$@" --json >"$TMP/json" 2>"$TMP/check.err" || code=$?
	load=0
	timeout 30 "$BPFLOAD" "$object" "$@" --attach none --no-printk --duration 10ms >"$TMP/out" 2>"$TMP/err" || load=$?
	[ -s "$TMP/json" ] && loads=$(jq -r .loads "$TMP/json") || loads=error

	case $loads,$load in
	fits,0)
		fits=$((fits + 1))
		attach "$name" "$object" "$@" ;;
	fits,2)
		# What an extension replaces is named on the command line only, and needed to load it.
		grep -qF '[E10]' "$TMP/err" || disagree "$name" "$loads" "$load"
		nowhere=$((nowhere + 1)) ;;
	fits,4)
		case $name in
		refused_*) refused=$((refused + 1)) ;;
		# The interface that it is loaded for is named on the command line only.
		xdp_metadata) grep -qF 'device-bound' "$TMP/err" || disagree "$name" "$loads" "$load" ;;
		*) disagree "$name" "$loads" "$load" ;;
		esac ;;
	fits,5)
		jq -e '.items[] | select(.kind == "program type" and (.name == "tracing" or .name == "lsm"))' "$TMP/json" >/dev/null ||
			disagree "$name" "$loads" "$load"
		policy=$((policy + 1)) ;;
	lacks,[467])
		[ "$code" -eq 1 ] || fail "$name lacks something, and check exits with $code"
		lacks=$((lacks + 1)) ;;
	error,*)
		[ "$code" -eq "$load" ] || disagree "$name" "error $code" "$load"
		refused=$((refused + 1)) ;;
	*)
		disagree "$name" "$loads" "$load" ;;
	esac
done
echo "fits and loads: $fits; lacks and does not load: $lacks; refused for itself: $refused; refused by policy: $policy;" \
	"attached: $attached, had nowhere to attach: $nowhere"
[ "$attached" -ge 30 ] || fail "only $attached objects were attached"
[ "$nowhere" -ge 1 ] || fail "nothing lacks a hook: a test that cannot fail"
[ "$fits" -ge 60 ] || fail "only $fits objects load"
[ "$lacks" -ge 1 ] || fail "nothing lacks anything: a test that cannot fail"
[ "$refused" -ge 3 ] || fail "the refused objects are missing"

# A hook that is not there: noticed before attaching tries.
run 1 check "$OBJ/refused_tracepoint.bpf.o"
out_matches '^refused_tracepoint.bpf.o .* lacks 1 *$'
out_matches 'absent +attach +program .count_runs.: tracepoint/syscalls/sys_enter_execv: the kernel has no such system call'
run 7 "$OBJ/refused_tracepoint.bpf.o"

# None of it needs root.
chmod 755 "$TMP"
cp "$OBJ/core_guard.bpf.o" "$BPFLOAD" "$TMP"
chmod 644 "$TMP/core_guard.bpf.o"
setpriv --reuid=65534 --regid=65534 --clear-groups "$TMP/bpfload" check "$TMP/core_guard.bpf.o" >"$TMP/out" 2>"$TMP/err" ||
	fail "check as nobody"
out_matches '^core_guard.bpf.o .* fits *$'
