# SPDX-License-Identifier: BSD-2-Clause
#
# A program that asks the driver about each packet is loaded for the interface where it is attached.

. "$LIB"

version=$(uname -r | awk -F. '{ print $1 * 1000 + $2 }')
if [ "$version" -lt 6003 ]; then
	echo "skip: xdp_metadata: a test of the command that needs Linux 6.3"
	exit 0
fi
[ -n "${INSIDE-}" ] || { INSIDE=1 unshare -n sh -eu "$0"; exit $?; }
program=$OBJ/xdp_metadata.bpf.o
ip link set lo up
ip link add here type veth peer name there
ip link set here up

run 4 "$program" --attach none --duration 10ms
err_has "metadata kfuncs require device-bound program"
err_has "--attach PROG=xdp:IF"
run 7 "$program" --attach xdp:lo --duration 10ms
err_has "this driver has none"
error_complete

start "$program" --attach xdp:here --dump .bss
err_has "attached ask_driver: xdp on here (native mode)"
ip link set there up # both ends now look for routers
sleep 2
stop
packets=$(sed -n 's/^packets = //p' "$TMP/out")
[ "${packets:-0}" -ge 1 ] || fail "no packet came"
[ "$(sed -n 's/^hashed = //p' "$TMP/out")" = "$packets" ] || fail "the driver did not answer for each packet: $(cat "$TMP/out")"
