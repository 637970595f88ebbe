# SPDX-License-Identifier: BSD-2-Clause
#
# load --pin --update: the new version takes the links of the old one without a gap; if one of them cannot be exchanged, all stay as they were.

. "$LIB"

# version N NAME...: an object whose programs add N to a counter that versions share, or belong to another kind with NAME:SECTION.
version() {
	step=$1 file=$2
	shift 2
	{
		printf '#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\nchar LICENSE[] SEC("license") = "GPL";\n'
		printf 'struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, int); __type(value, long);\n'
		printf '__uint(pinning, LIBBPF_PIN_BY_NAME); } sum SEC(".maps");\n'
		for prog in "$@"; do
			printf 'SEC("%s") int %s(void *ctx) { int zero = 0; long *value = bpf_map_lookup_elem(&sum, &zero);\n' "${prog#*:}" "${prog%%:*}"
			printf 'if (value) __sync_fetch_and_add(value, %s); return 2; }\n' "$step"
		done
	} >"$TMP/$file.bpf.c"
	clang -g -O2 -target bpf -Iinclude -isystem "/usr/include/$(cc -print-multiarch)" -c "$TMP/$file.bpf.c" -o "$TMP/$file.bpf.o"
}

version 1 old count:xdp
version 100 new count:xdp
version 100 other another:xdp
version 1 probe count:xdp on_exec:tp/syscalls/sys_enter_execve
version 100 probe_new count:xdp on_exec:tp/syscalls/sys_enter_execve

cat >"$TMP/inner.sh" <<'INNER'
. "$LIB"
mount -t bpf bpf /sys/fs/bpf
ip link set lo up
dir=/sys/fs/bpf/own/xdp
sum() { "$BPFLOAD" map dump /sys/fs/bpf/sum | sed -n 's/^sum\[0\] = //p'; }
# To a socket that is there: no answers of ICMP.
packet() { perl -MSocket -e 'my $to = pack_sockaddr_in(9, inet_aton("127.0.0.1")); socket(my $r, PF_INET, SOCK_DGRAM, 0); bind($r, $to) or die; socket(my $s, PF_INET, SOCK_DGRAM, 0); send($s, "x", 0, $to) for 1 .. 10;'; }
# adds N: ten packets add ten times N.
adds() {
	before=$(sum)
	packet
	eventually sh -c "[ \"\$('$BPFLOAD' map dump /sys/fs/bpf/sum | sed -n 's/^sum.0. = //p')\" -eq $((before + 10 * $1)) ]" ||
		fail "ten packets add $(($(sum) - before)), not 10 times $1"
}
# The pinned links with their programs.
holds() { "$BPFLOAD" ls link --json | grep "$dir/" | sed 's/.*"id":\([0-9]*\),.*"prog_id":\([0-9]*\).*/\1 \2/' | sort; }
link_id() { "$BPFLOAD" ls link --json | sed -n "s|.*\"id\":\([0-9]*\),.*\"$dir/links/count\".*|\1|p"; }

run 7 load "$TMP/new.bpf.o" --pin $dir --update
err_has "'$dir': no such file"
err_has "without --update"
[ ! -e $dir ] && [ ! -e $dir-new ] || fail "something was made"

run 0 load "$TMP/old.bpf.o" --pin $dir --attach xdp:lo,mode=skb
adds 1
id=$(link_id)
[ -n "$id" ] || fail "no link in the list"

# A directory in use is refused before anything is attached.
run 7 load "$TMP/new.bpf.o" --pin $dir --attach xdp:lo,mode=skb
err_has "--update"
! grep -q attached "$TMP/err" || fail "it was attached first"
adds 1

run 2 load "$TMP/new.bpf.o" --pin $dir --update --attach xdp:lo
err_has "--update and --attach"
run 7 load "$TMP/other.bpf.o" --pin $dir --update
err_has "no program of this object takes the place of '$dir/links/count'"
adds 1
[ ! -e $dir-new ] || fail "left: $dir-new"

run 0 load "$TMP/new.bpf.o" --pin $dir/ --update
err_has "in the place of what was there"
adds 100
[ "$(link_id)" = "$id" ] || fail "it is another link: $id, now $(link_id)"
[ "$(find $dir -type f | sort | tr '\n' ' ')" = "$dir/links/count $dir/maps/sum $dir/progs/count " ] || fail "pins: $(find $dir)"
[ ! -e $dir-new ] || fail "left: $dir-new"
[ "$("$BPFLOAD" ls prog --json | grep -c "own/xdp")" -eq 1 ] || fail "the old program is still there: $("$BPFLOAD" ls prog)"

# Without CAP_SYS_ADMIN the old programs are known by their pins.
setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin "$BPFLOAD" load "$TMP/old.bpf.o" --pin $dir --update 2>"$TMP/err" || fail "needs CAP_SYS_ADMIN"
adds 1
run 0 load "$TMP/new.bpf.o" --pin $dir --update

# What another run left beside it is not touched.
mkdir -p $dir-new/links
run 7 load "$TMP/old.bpf.o" --pin $dir --update
err_has "'$dir-new' is not empty"
err_has "bpfload unload $dir-new, then again"
adds 100
rmdir $dir-new/links $dir-new
run 0 unload $dir
adds 0

# A tracepoint's link cannot be exchanged: neither is, whichever comes first.
xdp="--attach count=xdp:lo,mode=skb" exec="--attach on_exec=tp/syscalls/sys_enter_execve"
for order in "$xdp $exec" "$exec $xdp"; do
	run 0 load "$TMP/probe.bpf.o" --pin $dir $order
	holds >"$TMP/before"
	[ "$(wc -l <"$TMP/before")" -eq 2 ] || fail "links: $(cat "$TMP/before")"
	run 1 load "$TMP/probe_new.bpf.o" --pin $dir --update
	err_has "putting 'on_exec' in the place of"
	err_has "nothing was changed; bpfload unload $dir"
	holds | cmp "$TMP/before" - || fail "the programs of the links are not what they were"
	[ ! -e $dir-new ] || fail "left: $dir-new"
	run 0 unload $dir
done
[ "$(ls /sys/fs/bpf | grep -v debug)" = sum ] || fail "left: $(find /sys/fs/bpf)"
INNER
unshare -n -m --propagation private sh -eu "$TMP/inner.sh"
