# SPDX-License-Identifier: BSD-2-Clause
#
# The configurations of log daemons in docs/export.md, as they stand there but for the paths: an event that this test makes comes out at the
# other end, whole and chosen by its members. A daemon that is not installed is unpacked, not installed, because that would start it.

. "$LIB"

daemon=
trap '[ -z "$daemon" ] || kill "$daemon" 2>/dev/null || true; [ -z "$PID" ] || kill -9 "$PID" 2>/dev/null || true' EXIT

# block FIRST_LINE: the configuration in docs/export.md that begins with this line, with places of our own
block() {
	awk -v first="$1" '$0 == "```" { shown = 0 } $0 == first { shown = 1 } shown' docs/export.md |
		sed -e "s|/var/log/bpf|$TMP|g" -e "s|/usr/local/bin/bpfload|$BPFLOAD|g" -e "s|/usr/local/lib/bpf|$OBJ|g" >"$TMP/block"
	[ -s "$TMP/block" ] || fail "docs/export.md has no configuration that begins with $1"
}

# there PROGRAM PACKAGE...: whether it can be run, as $program
there() {
	LD_LIBRARY_PATH=
	name=$1 program=$(command -v "$1") && return
	shift
	debs=$(dirname "$OBJ")/debs/$name root=$TMP/root
	if [ ! -d "$debs" ]; then
		mkdir "$TMP/debs"
		(cd "$TMP/debs" && timeout 60 apt-get download -q "$@") >"$TMP/apt" 2>&1 || {
			echo "skip: log-pipeline-$name: it is not installed and cannot be downloaded"
			rm -r "$TMP/debs"
			return 1
		}
		mkdir -p "$(dirname "$debs")"
		mv "$TMP/debs" "$debs"
	fi
	for package in "$debs"/*.deb; do
		dpkg -x "$package" "$root"
	done
	LD_LIBRARY_PATH=$(echo "$root"/usr/lib/*-linux-gnu):$root/usr/lib/syslog-ng
	program=$root/usr/sbin/$name
	if env LD_LIBRARY_PATH="$LD_LIBRARY_PATH" ldd "$program" | grep -q 'not found'; then
		echo "skip: log-pipeline-$name: it is not installed, and libraries that it needs are missing"
		return 1
	fi
}

# arrived WORD: an execution of this name, which is made until one is seen, has been written
arrived() {
	tries=50
	until grep -q "\"args\":\"$1 argument\"" "$TMP/failed.json" 2>/dev/null; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return 1
		perl -e 'exec { "/no/such/program" } $ARGV[0], "argument"' "$1" 2>/dev/null || :
		sleep 0.2
	done
	jq -es --arg args "$1 argument" 'all(.[]; .type == "event" and .event.ret != 0) and any(.[]; .event.args == $args and .event.ret == -2 and
		(.time | startswith("20")))' "$TMP/failed.json" >/dev/null || fail "not the events that were asked for"
}

quit() {
	kill "$daemon"
	wait "$daemon" || true
	daemon=
}

# rsyslog reads a file, which is rotated meanwhile.
if there rsyslogd rsyslog libestr0 libfastjson4 liblognorm5; then
	block '# /etc/rsyslog.d/30-bpf.conf'
	{ echo "global(workDirectory=\"$TMP\")" && cat "$TMP/block"; } >"$TMP/rsyslog.conf"
	modules=
	[ -z "${LD_LIBRARY_PATH:-}" ] || modules="-M $(echo "$root"/usr/lib/*-linux-gnu/rsyslog)"
	# shellcheck disable=SC2086
	env ${LD_LIBRARY_PATH:+LD_LIBRARY_PATH="$LD_LIBRARY_PATH"} "$program" -n -f "$TMP/rsyslog.conf" -i "$TMP/rsyslog.pid" $modules >"$TMP/daemon" 2>&1 &
	daemon=$!
	start "$OBJ/execsnoop.bpf.o" --json --timestamps -o "$TMP/execs.json"
	arrived before-rotation || { cat "$TMP/daemon"; fail "nothing came out of rsyslog"; }
	: >"$TMP/execs.json"
	arrived after-rotation || fail "nothing came out of rsyslog after the file was rotated"
	stop
	# A line of 40 KB, and one that is none of ours.
	{ echo 'not JSON' && jq -nc '{v: 1, type: "event", event: {ret: -7, args: ("x" * 40000)}}'; } >>"$TMP/execs.json"
	whole() { jq -es 'any(.[]; .event.args == ("x" * 40000))' "$TMP/failed.json"; }
	eventually whole || fail "a long line did not come out"
	! grep -q 'not JSON' "$TMP/failed.json" || fail "a line that is no JSON was taken for an event"
	quit
	rm "$TMP/failed.json"
fi

# syslog-ng starts it, starts it again, and ends it.
if there syslog-ng syslog-ng-core libivykis0 libnet1 libwrap0; then
	block '# /etc/syslog-ng/conf.d/bpf.conf'
	{ echo '@version: 3.38' && cat "$TMP/block"; } >"$TMP/syslog-ng.conf"
	modules=
	[ -z "${LD_LIBRARY_PATH:-}" ] || modules="--module-path=$(echo "$root"/usr/lib/syslog-ng/[0-9]*)"
	# shellcheck disable=SC2086
	env ${LD_LIBRARY_PATH:+LD_LIBRARY_PATH="$LD_LIBRARY_PATH"} "$program" -F -f "$TMP/syslog-ng.conf" --no-caps -R "$TMP/persist" -p "$TMP/pid" \
		-c "$TMP/ctl" $modules >"$TMP/daemon" 2>&1 &
	daemon=$!
	arrived first-run || { cat "$TMP/daemon"; fail "nothing came out of syslog-ng"; }
	loader=$(ps -o pid=,comm= --ppid "$daemon" | awk '$2 == "bpfload" { print $1 }')
	kill "$loader"
	arrived second-run || fail "it was not started again"
	loader=$(ps -o pid=,comm= --ppid "$daemon" | awk '$2 == "bpfload" { print $1 }')
	quit
	gone() { ! kill -0 "$loader" 2>/dev/null; }
	eventually gone || fail "bpfload was left behind"
fi

# The journal, one of our own.
if [ -x /lib/systemd/systemd-journald ] && [ -s /etc/machine-id ]; then
	mount -t tmpfs tmpfs /run
	mkdir -p /run/systemd/journald.conf.d /run/log
	printf '[Journal]\nStorage=volatile\nReadKMsg=no\nAudit=no\nForwardToSyslog=no\n' >/run/systemd/journald.conf.d/test.conf
	/lib/systemd/systemd-journald >"$TMP/daemon" 2>&1 &
	daemon=$!
	eventually test -S /run/systemd/journal/stdout || {
		echo "skip: log-pipeline-journald: it does not begin here: $(head -n 1 "$TMP/daemon")"
		exit 0
	}
	{ "$BPFLOAD" "$OBJ/execsnoop.bpf.o" --json -- sh -c 'exec /bin/echo into the journal >&2' | systemd-cat -t bpf-execs; } 2>"$TMP/err"
	written() {
		journalctl -q -t bpf-execs -o cat --no-pager 2>/dev/null |
			jq -es 'any(.[]; .type == "event" and .event.args == "/bin/echo into the journal" and .event.ret == 0)'
	}
	eventually written || fail "the journal does not have the event"
	quit
else
	echo "skip: log-pipeline-journald: there is no systemd-journald, or this machine has no id"
fi
