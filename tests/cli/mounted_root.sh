# SPDX-License-Identifier: BSD-2-Clause
#
# scripts/mounted-root: in a chroot whose / is a plain directory a command gets a root that is a mount point, its directory, its exit
# status, and leaves nothing behind. Elsewhere it just runs.

. "$LIB"

cp scripts/mounted-root "$TMP/script"
status() {
	code=0
	"$@" >"$TMP/out" 2>"$TMP/err" || code=$?
}

status sh "$TMP/script" sh -c 'readlink /proc/self/ns/mnt; exit 7'
[ "$code" -eq 7 ] || fail "exit code $code, not 7"
[ "$(cat "$TMP/out")" = "$(readlink /proc/self/ns/mnt)" ] || fail "a namespace that nobody needs"

# The programs of this system below a plain directory.
root=$TMP/root
mkdir -p "$root/work here" "$root/tmp" "$root/proc"
for dir in bin sbin usr lib lib64 etc; do
	if [ -L "/$dir" ]; then
		cp -P "/$dir" "$root/"
	elif [ -d "/$dir" ]; then
		mkdir "$root/$dir"
		mount --bind "/$dir" "$root/$dir"
	fi
done
mount -t proc proc "$root/proc"
cp "$TMP/script" "$root/script"
inside() { env -u TMPDIR chroot "$root" sh -c 'cd "/work here" && exec "$@"' sh "$@"; }

status inside unshare -m --propagation private true
[ "$code" -ne 0 ] || fail "this chroot has a mount point for its root: nothing is tested"
status inside sh /script unshare -m --propagation private sh -c 'pwd; mount -t tmpfs none /tmp; exit 7'
[ "$code" -eq 7 ] || fail "exit code $code, not 7"
out_has "/work here"
[ -z "$(ls -A "$root/tmp")" ] || fail "left behind: $(ls -A "$root/tmp")"
! grep -q " $root/tmp" /proc/self/mountinfo || fail "mounts were left behind"
