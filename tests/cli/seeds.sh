# SPDX-License-Identifier: BSD-2-Clause
#
# Every command of bpf/README.md runs: the object loads, attaches, and shows something.

. "$LIB"


sed -n 's/^| \([a-z_0-9]*\) | .* | `\([a-z_0-9]*\.bpf\.o[^`]*\)` | .*|$/\2/p' bpf/README.md >"$TMP/commands"
[ "$(wc -l <"$TMP/commands")" -ge 40 ] || fail "only $(wc -l <"$TMP/commands") commands found in bpf/README.md"
cat >"$TMP/inner.sh" <<'INNER'
. "$LIB"
ip link set lo up
mount -t bpf bpf /sys/fs/bpf
# The cgroup that commands call "demo".
demo=bpfload-seeds-$$
demo_dir=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)/$demo
mkdir "$demo_dir"
trap 'rmdir "$demo_dir"' EXIT
failed=0
while read -r command; do
	command=$(echo "$command" | sed "s/:demo /:$demo /g")
	case $command in
	data_pointer*) want=3 ;;
	*) want=0 ;;
	esac
	code=0
	( while :; do /bin/true; sleep 0.1; done ) & trigger=$!
	sh -c "exec \"\$BPFLOAD\" \"\$OBJ\"/$command --duration 1200ms" >"$TMP/out" 2>"$TMP/err" </dev/null || code=$?
	kill "$trigger"
	wait "$trigger" 2>/dev/null || true
	if [ "$code" -ne "$want" ]; then
		echo "FAIL: $command: exit code $code, not $want"
		sed 's/^/    /' "$TMP/err"
		failed=1
	fi
	case $command in
	*--dump\ connects*) ;; # nobody is in that cgroup
	*--dump*) [ -s "$TMP/out" ] || { echo "FAIL: $command: prints nothing"; failed=1; } ;;
	esac
done <"$TMP/commands"
exit $failed
INNER
unshare -n sh -eu "$TMP/inner.sh"
