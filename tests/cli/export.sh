# SPDX-License-Identifier: BSD-2-Clause
#
# Maps as metrics: what is on the page, letter by letter where it must be; that nothing else is; how the server answers, and that nobody can
# hold it up.

. "$LIB"

here=$(dirname "$LIB")
mount -t bpf bpf /sys/fs/bpf

# port: of the run that start() started, once it is said.
port() { sed -n 's|^metrics at http://[^ ]*:\([0-9]*\)/metrics$|\1|p' "$TMP/err"; }
page() { curl -sf -m 10 "http://127.0.0.1:$(port)/metrics" >"$TMP/page" || fail "no page"; }
check() {
	perl "$here/prom_check.pl" <"$TMP/page" || { cat "$TMP/page"; fail "the page is not of the format"; }
}
has() { grep -qxF -e "$1" "$TMP/page" || { cat "$TMP/page"; fail "the page lacks: $1"; }; }
lacks() { ! grep -qE -e "$1" "$TMP/page" || { cat "$TMP/page"; fail "the page has: $1"; }; }
value() { sed -n "s/^$1 //p" "$TMP/page"; }

# A program that counts: counters, gauges, a histogram, variables, by the names of their types.
cp "$(command -v dd)" "$TMP/writer"
start "$OBJ/metrics.bpf.o" --export prom:0
"$TMP/writer" if=/dev/zero of=/dev/null bs=1000 count=300 2>/dev/null
page
check
[ "$(value 'bpf_writes_bytes_total{comm="writer",outcome="COMPLETE"}')" -ge 300000 ] || fail "300000 bytes were not counted"
has '# TYPE bpf_writes_bytes_total counter'
has '# TYPE bpf_writes_last_result gauge'
has '# TYPE bpf_writes_last_pid untyped'
has '# TYPE bpf_write_size histogram'
has '# TYPE bpf_last_failure gauge'
has '# TYPE bpfload_lost_events_total counter'
first=$(value 'bpf_write_size_bucket{le="1023"}')
below=$(value 'bpf_write_size_bucket{le="511"}')
[ $((first - below)) -ge 300 ] || fail "300 writes of 1000 bytes are not in their slot"
[ "$(value bpf_write_size_sum)" -ge 300000 ] || fail "the histogram's own sum is not used"
lacks '^bpf_(LICENSE|NR_SLOTS)'
# It moves.
"$TMP/writer" if=/dev/zero of=/dev/null bs=1000 count=300 2>/dev/null
page
[ "$(value 'bpf_writes_bytes_total{comm="writer",outcome="COMPLETE"}')" -ge 600000 ] || fail "the second page is the first"
if command -v promtool >/dev/null; then
	promtool check metrics <"$TMP/page" || fail "promtool does not like the page"
	sed -n '/^```yaml/,/^```$/p' docs/export.md | sed -e '/^```/d' -e '/^# bpfload.rules/,$d' >"$TMP/prometheus.yml"
	promtool check config "$TMP/prometheus.yml" || fail "the configuration in docs/export.md is wrong"
fi
# Run counts are there while the kernel counts.
lacks '^bpfload_program_runs_total'

# ---- the server ----

url=http://127.0.0.1:$(port)
status() { curl -s -m 10 -o "$TMP/body" -w '%{http_code}' "$@"; }
raw() { perl "$here/http_raw.pl" "$(port)" "$1" >"$TMP/raw" || fail "the connection was not closed: $1"; }
is() { head -n 1 "$TMP/raw" | grep -q "^HTTP/1.1 $1 " || { cat "$TMP/raw"; fail "not $1"; }; }

[ "$(status "$url/metrics")" = 200 ] && [ "$(status "$url/")" = 200 ] || fail "not 200"
grep -q /metrics "$TMP/body" || fail "/ does not say where"
[ "$(status "$url/metrics?x=1")" = 200 ] || fail "a query is no other page"
[ "$(status "$url/metric")" = 404 ] && [ "$(status "$url/metrics/")" = 404 ] || fail "not 404"
[ "$(status -X POST "$url/metrics")" = 405 ] && [ "$(status -X DELETE "$url/metrics")" = 405 ] || fail "not 405"
curl -s -m 10 -X PUT -D - -o "$TMP/body" "$url/metrics" | grep -q '^Allow: GET, HEAD' || fail "405 does not say what is allowed"
[ "$(status -d x=1 -X GET "$url/metrics")" = 413 ] || fail "a request with a body is not refused"
curl -s -m 10 -D "$TMP/head" -o "$TMP/body" "$url/metrics"
grep -q '^Content-Type: text/plain; version=0.0.4; charset=utf-8' "$TMP/head" || fail "wrong type: $(cat "$TMP/head")"
[ "$(sed -n 's/^Content-Length: \([0-9]*\).*/\1/p' "$TMP/head")" -eq "$(wc -c <"$TMP/body")" ] || fail "wrong length"
curl -s -m 10 -I "$url/" >"$TMP/head"
grep -q '^Content-Length: [1-9]' "$TMP/head" || fail "HEAD has no length"
# Two pages over one connection.
[ "$(curl -s -m 10 -o "$TMP/body" -o "$TMP/body" -w '%{num_connects}\n' "$url/metrics" "$url/metrics" | paste -sd' ')" = "1 0" ] ||
	fail "the connection is not kept"
raw 'GET / HTTP/1.1\r\nHost: x\r\n\r\nHEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\nGET /none HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
[ "$(grep -c '^HTTP/1.1 200' "$TMP/raw")" -eq 2 ] && [ "$(grep -c '^HTTP/1.1 404' "$TMP/raw")" -eq 1 ] || fail "three requests in a row"
[ "$(grep -c '^# TYPE' "$TMP/raw")" -eq 0 ] || fail "HEAD has a body"
raw 'GET / HTTP/1.0\r\n\r\n' && is 200
raw 'GET /\nHost: x\n\n' && is 400
raw 'GET / HTTP/1.1\r\n\r\n' && is 400
raw 'GET / HTTP/2.0\r\nHost: x\r\n\r\n' && is 505
raw 'nonsense\r\n\r\n' && is 400
raw 'GET / HTTP/1.1\r\nHost: x\r\nbad header : y\r\n\r\n' && is 400
raw 'GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n' && is 400
raw 'GET /x{9000} HTTP/1.1\r\nHost: x\r\n\r\n' && is 431
raw 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nGET /\r\n0\r\n\r\n' && is 413
[ "$(grep -c '^HTTP' "$TMP/raw")" -eq 1 ] || fail "a body was taken for a request"

# Many connections that send nothing do not keep anybody out.
perl -MIO::Socket::INET -e 'my @s = map { IO::Socket::INET->new(PeerAddr => "127.0.0.1:$ARGV[0]") or die } 1 .. 100; $s[$_]->syswrite("GET /") for 0 .. 49;
	print "open\n"; STDOUT->flush; sleep 30' "$(port)" >"$TMP/open" & idle=$!
eventually grep -q open "$TMP/open" || fail "no hundred connections"
page
kill "$idle"
# One that sends a byte now and then is closed, while others are served.
code=0
perl -MIO::Socket::INET -e '$SIG{PIPE} = sub { exit 7 }; $SIG{ALRM} = sub { exit 9 }; alarm 30;
	my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$ARGV[0]"); while (1) { $s->syswrite("x") or exit 7; select undef, undef, undef, 0.2 }' \
	"$(port)" & slow=$!
page
wait "$slow" || code=$?
[ "$code" -eq 7 ] || fail "a slow request was not closed: $code"
page
stop

# ---- whose maps, and how they look ----

# Names that need escapes, keys that look alike, negative numbers, unions of what a map can hold.
run 0 map create /sys/fs/bpf/odd --type hash --key 'struct {char name[8]; u32 le; enum {READ, WRITE} op;}' \
	--value 'struct {s32 balance; u64 huge; char text[8]; u16 parts[2];}' --max-entries 8 --name odd_names
run 0 map set /sys/fs/bpf/odd '{name="a\"b\\c",le=1,op=WRITE}' '{balance=-5,huge=18446744073709551615,parts=[3,4]}'
run 0 map set /sys/fs/bpf/odd 'hex:41 0a 42 00 00 00 00 00 02 00 00 00 00 00 00 00' '{balance=7}'
run 0 map set /sys/fs/bpf/odd 'hex:ff c3 a9 01 00 00 00 00 03 00 00 00 00 00 00 00' '{balance=1}'
run 0 map set /sys/fs/bpf/odd 'hex:78 00 01 00 00 00 00 00 04 00 00 00 00 00 00 00' '{balance=-20}'
run 0 map set /sys/fs/bpf/odd 'hex:78 00 02 00 00 00 00 00 04 00 00 00 00 00 00 00' '{balance=15}'
run 0 export prom /sys/fs/bpf/odd
cp "$TMP/out" "$TMP/page"
check
has 'bpf_odd_names_balance{name="a\"b\\c",le_2="1",op="WRITE"} -5'
has 'bpf_odd_names_balance{name="A\nB",le_2="2",op="READ"} 7'
has "bpf_odd_names_balance{name=\"\\\\xff$(printf '\303\251')\\\\x01\",le_2=\"3\",op=\"READ\"} 1"
has 'bpf_odd_names_balance{name="x",le_2="4",op="READ"} -5'
has 'bpf_odd_names_huge{name="a\"b\\c",le_2="1",op="WRITE"} 18446744073709551615'
has 'bpf_odd_names_parts{name="a\"b\\c",le_2="1",op="WRITE",index="1"} 4'
lacks 'text'
run 0 export prom,counter=odd_names.huge,gauge=odd_names.balance,prefix=acme name odd_names
cp "$TMP/out" "$TMP/page"
check
has '# TYPE acme_odd_names_huge_total counter'
has '# TYPE acme_odd_names_balance gauge'

# Per CPU: the sum, or each; histograms that are told to be.
run 0 map create /sys/fs/bpf/cpus --type percpu_array --key u32 --value u32 --max-entries 2 --name each_cpu
run 0 map set /sys/fs/bpf/cpus 1 --cpu 0 4
run 0 map set /sys/fs/bpf/cpus 1 --cpu 1 5
run 0 export prom each_cpu
cp "$TMP/out" "$TMP/page"
check
has 'bpf_each_cpu{key="1"} 9'
run 0 export prom,cpu each_cpu
cp "$TMP/out" "$TMP/page"
check
has 'bpf_each_cpu{key="1",cpu="1"} 5'
# The key of a trie of addresses is one label.
run 0 map create /sys/fs/bpf/nets --type lpm_trie --key 'struct {u32 prefixlen; u32 addr;}' --value u64 --max-entries 2 --name some_nets
run 0 map set /sys/fs/bpf/nets 10.0.0.0/8 7
run 0 export prom some_nets
out_has 'bpf_some_nets{key="10.0.0.0/8"} 7'

run 0 map create /sys/fs/bpf/slots --type array --key u32 --value u64 --max-entries 4 --name my.slots
for pair in 0:3 1:17 2:120 3:64; do
	run 0 map set /sys/fs/bpf/slots "${pair%:*}" "${pair#*:}"
done
run 0 export prom,hist=my.slots /sys/fs/bpf/slots
cp "$TMP/out" "$TMP/page"
check
has 'bpf_my_slots_bucket{le="1"} 3'
has 'bpf_my_slots_bucket{le="7"} 140'
lacks 'le="15"'
has 'bpf_my_slots_bucket{le="+Inf"} 204'
has 'bpf_my_slots_sum 1542'
run 0 export prom,limit=2 /sys/fs/bpf/slots
cp "$TMP/out" "$TMP/page"
check
[ "$(grep -c '^bpf_my_slots{' "$TMP/page")" -eq 2 ] || fail "not two elements"
has 'bpfload_export_incomplete{map="my.slots"} 1'
run 0 export prom,hist=my.slots:linear=10 /sys/fs/bpf/slots
cp "$TMP/out" "$TMP/page"
check
has 'bpf_my_slots_bucket{le="9"} 3'

# What `load --pin` left: its directory; it is served over IPv6 too.
run 0 load "$OBJ/metrics.bpf.o" --pin /sys/fs/bpf/loaded
start export prom:[::1]:0 /sys/fs/bpf/loaded
"$TMP/writer" if=/dev/zero of=/dev/null bs=1000 count=10 2>/dev/null
curl -sf -m 10 -g "http://[::1]:$(port)/metrics" >"$TMP/page" || fail "no page over IPv6"
check
has '# TYPE bpf_writes_bytes_total counter'
has '# TYPE bpf_last_failure gauge'
stop TERM
run 0 unload /sys/fs/bpf/loaded

# ---- what is wrong is said, before anything is loaded ----

run 2 "$OBJ/metrics.bpf.o" --export 9435
err_has "prom:9435"
run 2 "$OBJ/metrics.bpf.o" --export prom
run 2 "$OBJ/metrics.bpf.o" --export prom:70000
run 2 "$OBJ/metrics.bpf.o" --export prom:example.org:1
err_has "'example.org' is not an IP address"
run 7 "$OBJ/metrics.bpf.o" --export prom:192.0.2.1:0
err_has "not an address of this machine"
run 2 "$OBJ/metrics.bpf.o" --export prom:0,map=writes
err_has "did you mean 'maps'?"
run 2 "$OBJ/metrics.bpf.o" --export prom:0,maps=writers
err_has "no map 'writers'"
run 2 "$OBJ/metrics.bpf.o" --export prom:0,counter=writes.byte
err_has "'writes.byte' is neither a map nor a variable"
run 2 export prom,prefix=9a odd_names
run 7 export prom:0 no_such_map
run 2 export prom
start "$OBJ/metrics.bpf.o" --export prom:0,maps=writes
page
lacks write_size
lacks last_failure
code=0
"$BPFLOAD" "$OBJ/metrics.bpf.o" --export "prom:$(port)" 2>"$TMP/err2" || code=$?
[ "$code" -eq 7 ] && grep -q 'another process listens there' "$TMP/err2" || fail "a port that is taken: $code, $(cat "$TMP/err2")"
stop
run 0 "$OBJ/hello.bpf.o" --export prom:0 --duration 100ms
err_has "holds a number"
