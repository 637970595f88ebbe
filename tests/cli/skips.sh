# SPDX-License-Identifier: BSD-2-Clause
#
# What scripts/check-kernels lets a test leave out: named features on kernels older than the table's version, and nothing on newer ones.

. "$LIB"

sed -n '/^unfit_skips()/,/^}/p' scripts/check-kernels >"$TMP/unfit"
[ -s "$TMP/unfit" ] || fail "no unfit_skips in scripts/check-kernels"
. "$TMP/unfit"

cat >"$TMP/result" <<'RESULT'
skip: perf_link: links for perf events: here since Linux 5.15, this is 5.10
skip: uprobe_multi: uprobe.multi: here since Linux 6.6, this is 5.10
skip: tracing_multi: fentry.multi and its siblings: here since Linux 7.2, this is 6.12
skip: arena: arenas: not on this architecture
skip: long_log: a verifier log: takes minutes in a machine without KVM
skip: old: a feature that this kernel has: here since Linux 5.15, this is 6.1
skip: same: the very version: here since Linux 6.12, this is 6.12
skip: minor: not a decimal fraction: here since Linux 6.2, this is 6.12
skip: vague: this kernel looks different
ok   hello
RESULT
unfit_skips "$TMP/result" >"$TMP/out"
for name in old same minor vague; do
	out_has "left out without right: $name: "
done
[ "$(wc -l <"$TMP/out")" -eq 4 ] || fail "four of them, not: $(cat "$TMP/out")"
