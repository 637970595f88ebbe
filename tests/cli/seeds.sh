# SPDX-License-Identifier: BSD-2-Clause
#
# Every command of bpf/README.md runs: the object loads, attaches, and shows something. What this kernel cannot do is told from its own files
# beforehand, and then the command must fail with the error that says so: there is no skip.

. "$LIB"

# have.WHAT exists in $TMP for what this kernel has.
if [ -e /sys/bus/event_source/devices/kprobe ]; then : >"$TMP/have.kprobe"; fi
if grep -q ' runqueues$' /proc/kallsyms; then : >"$TMP/have.kallsyms_all"; fi

sed -n 's/^| \([a-z_0-9]*\) | .* | `\([a-z_0-9]*\.bpf\.o[^`]*\)` | .*|$/\2/p' bpf/README.md >"$TMP/commands"
[ "$(wc -l <"$TMP/commands")" -ge 40 ] || fail "only $(wc -l <"$TMP/commands") commands found in bpf/README.md"
grep -q 'SEC("kprobe\|SEC("k[a-z]*syscall' bpf/*.bpf.c || fail "the kprobe programs have another look now"

cat >"$TMP/inner.sh" <<'INNER'
. "$LIB"

version=$(uname -r | awk -F. '{ print $1 * 1000 + $2 }')

# expectation OBJECT: "EXIT-CODE TEXT", the text being what stderr must have.
expectation() {
	source=bpf/$1.bpf.c
	case $1 in
	data_pointer) echo "3 holds the address" ;;
	# No file says whether a kernel refuses these by policy: the loader does, and then every time.
	fentry | lsm)
		if "$BPFLOAD" "$OBJ/$1.bpf.o" --attach none --duration 1ms 2>&1 | grep -q 'programs by policy'; then
			echo "5 programs by policy"
		else
			echo "0"
		fi
		;;
	# No file says it either, but a version does.
	fentry_multi)
		if [ "$version" -lt 7002 ]; then echo "6 this kernel has no fentry.multi"; else echo "0"; fi
		;;
	xdp_metadata)
		if [ "$version" -lt 6003 ]; then echo "6 bpf_xdp_metadata_rx"; else echo "0"; fi
		;;
	percpu)
		if [ "$version" -lt 7003 ]; then echo "4 which came with Linux 7.3"; else echo "0"; fi
		;;
	jump_table)
		if [ "$version" -lt 6019 ]; then echo "6 insn_array came with Linux 6.19"; else echo "0"; fi
		;;
	extern_var) [ -e "$TMP/have.kallsyms_all" ] && echo "0" || echo "[46] runqueues" ;;
	*)
		if grep -q 'SEC("kprobe\|SEC("kretprobe\|SEC("k[a-z]*syscall' "$source" && [ ! -e "$TMP/have.kprobe" ]; then
			echo "6 this kernel has no kprobe"
		else
			echo "0"
		fi
		;;
	esac
}

ip link set lo up
ip link add veth0 type veth peer name veth1 # xdp_metadata
ip link set veth0 up
ip link set veth1 up
mount -t bpf bpf /sys/fs/bpf
# The cgroup that commands call "demo".
demo=bpfload-seeds-$$
demo_dir=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)/$demo
mkdir "$demo_dir"
# The program with built-in probes.
cc -o "$TMP/usdt_target" tests/cli/usdt_target.c
"$TMP/usdt_target" >"$TMP/usdt_target.out" & usdt_pid=$!
# The one that looks like Go's.
cc -o "$TMP/go_target" tests/cli/go_target.c
( while :; do /bin/true; sleep 0.1; done ) & trigger=$!
trap 'kill $trigger $usdt_pid; wait; rmdir "$demo_dir"' EXIT

failed=0
while read -r command; do
	object=${command%%.bpf.o*}
	want=$(expectation "$object")
	command=$(echo "$command" | sed -e "s/:demo /:$demo /g" -e "s|/tmp/\([a-z]*_target\)|$TMP/\1|g" -e "s|/tmp/\([a-z]*[.]svg\)|$TMP/\1|g")
	code=0
	sh -c "exec \"\$BPFLOAD\" \"\$OBJ\"/$command --duration 1200ms" >"$TMP/out" 2>"$TMP/err" </dev/null || code=$?
	text=${want#* }
	[ "$text" != "$want" ] || text=
	case $code in
	${want%% *}) grep -qF -e "$text" "$TMP/err" || { echo "FAIL: $command: stderr lacks '$text'"; failed=1; } ;;
	*)
		echo "FAIL: $command: exit code $code, not ${want%% *}"
		head -n 20 "$TMP/err" | sed 's/^/    /'
		failed=1
		;;
	esac
	case $want$command in
	*--dump\ connects*) ;; # nobody is in that cgroup
	0*--dump*) [ -s "$TMP/out" ] || { echo "FAIL: $command: prints nothing"; failed=1; } ;;
	esac
done <"$TMP/commands"
exit $failed
INNER
unshare -n sh -eu "$TMP/inner.sh"
