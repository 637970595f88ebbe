# SPDX-License-Identifier: BSD-2-Clause
#
# What is said about attach specs that are wrong: the error names the fault (and its column, where it is in the words), and the fix is the right
# one. A line is: exit code, object, spec, a part of the error, a part of why or fix.

. "$LIB"

ip link set lo up 2>/dev/null || :
failed=0
nr=0
while IFS='	' read -r code object spec message help; do
	case $code in '' | '#'*) continue ;; esac
	nr=$((nr + 1))
	got=0
	"$BPFLOAD" "$OBJ/$object.bpf.o" --attach "$spec" --duration 1ms >"$TMP/out" 2>"$TMP/err" </dev/null || got=$?
	if [ "$got" -ne "$code" ]; then
		echo "FAIL: $object --attach '$spec': exit code $got, not $code"
	elif ! grep -F -e "$message" "$TMP/err" | grep -q '^error: '; then
		echo "FAIL: $object --attach '$spec': the error lacks: $message"
	elif ! sed -n '/^why: /,$p; /^fix: /,$p' "$TMP/err" | grep -qF -e "$help"; then
		echo "FAIL: $object --attach '$spec': why and fix lack: $help"
	else
		continue
	fi
	sed 's/^/    /' "$TMP/err"
	failed=1
done <<'TABLE'
# names of hooks
2	hello	traceponit/syscalls/sys_enter_execve	column 1: 'traceponit' is no kind of hook	'tracepoint'
2	raw_tp	rawtp/sys_enter	column 1: 'rawtp' is no kind of hook	'raw_tp'
2	cgroup_skb	cgroup_skb/egres:self	column 1: 'cgroup_skb' is no kind of hook	did you mean 'cgroup_skb/egress'
2	cgroup_skb	cgroup/connect:self	column 1: 'cgroup' is no kind of hook	'cgroup/connect4'
2	tc_drop_http	tc/egres:lo	column 3: '/egres:lo' does not belong behind 'tc'	did you mean 'tc/egress'
2	xdp_count	xdp/devmp:lo	column 4: '/devmp:lo' does not belong behind 'xdp'	'xdp/devmap'
2	xdp_count	xdp/lo	column 4: '/lo' does not belong behind 'xdp'	write xdp:IF
# programs
2	hello	hullo=tracepoint/syscalls/sys_enter_execve	there is no program 'hullo'	did you mean 'hello'
2	hello	kprobe/do_sys_openat2	is of type tracepoint, not what 'kprobe' takes	--type hello=kprobe
2	cgroup_skb	cgroup/skb:self	several programs fit	name the program
2	types_net	lirc_mode2:/dev/lirc9	no program fits	takes lirc_mode2 programs
2	struct_ops	struct_ops/x	several programs fit	struct_ops:VARIABLE
2	struct_ops	struct_ops:count_opps	no struct_ops variable 'count_opps'	did you mean 'count_ops'
2	struct_ops	struct_ops:nothing_like_it	no struct_ops variable	struct_ops variables: count_ops
# tracepoints
7	hello	tracepoint/syscalls/sys_enter_execv	there is no tracepoint 'syscalls/sys_enter_execv' [E20]	'syscalls/sys_enter_execve'
7	hello	tracepoint/syscals/sys_enter_execve	there is no tracepoint	'syscalls/sys_enter_execve'
7	hello	tracepoint/sched/sys_enter_execve	there is no tracepoint	did you mean 'syscalls/sys_enter_execve'?
2	hello	tracepoint/sys_enter_execve	column 12: expected CATEGORY/NAME	shows the category
2	hello	tracepoint/syscalls/sys_enter_*	column 31: '*' does not belong	given several times
2	hello	tracepoint:syscalls:sys_enter_execve:x	column 37: ':x' does not belong	write tracepoint/CATEGORY/NAME
2	hello	tracepoint/syscalls/sys_enter_execve junk	column 37: ' junk' does not belong	write tracepoint/CATEGORY/NAME
2	hello	tracepoint/syscalls/sys_enter_execve|	column 38: expected CATEGORY/NAME, not ''	write tracepoint/CATEGORY/NAME
2	hello	tracepoint/syscalls/sys_enter_execve,cooki=1	column 37: ',cooki=1' does not belong	did you mean 'cookie'
7	hello	tracepoint/syscalls/nope|syscalls/nope2	there is no tracepoint 'syscalls/nope'	not there either: syscalls/nope2
7	raw_tp	raw_tp/sched_process_exce	there is no raw tracepoint 'sched_process_exce'	'sched_process_exec'
2	raw_tp	raw_tp/syscalls/sys_enter_execve	column 16: '/sys_enter_execve' does not belong	have no category
7	tp_btf	tp_btf/sched_process_exce	'sched_process_exce' is not in the kernel's BTF [E24]	'sched_process_exec'
7	tp_btf	tp_btf/nomodule:sched_process_exec	there is no module 'nomodule' with BTF	modprobe nomodule
# places in lists and maps
2	xdp_elsewhere	count_on_cpu=xdp/cpumap	'xdp/cpumap' is not attached by itself	KEY QUEUE_SIZE,prog=
2	xdp_elsewhere	count_on_device=xdp/devmap	'xdp/devmap' is not attached by itself	KEY IF,prog=
2	tcx_count	count_in=tcx/ingress:lo,before=id	option 'before' is all, the id of a program, or link:ID, not 'id'	bpfload ls link
2	tcx_count	count_in=tcx/ingress:lo,after=link:	option 'after' is all	bpfload ls link
2	tcx_count	count_in=tcx/ingress:lo,before=all,after=all	before= and after= are both given	give one of them
# functions of the kernel
7	fentry	fentry/do_unlinkatt	'do_unlinkatt' is not in the kernel's BTF	'do_unlinkat'
2	fentry	fentry/do_unlink*	column 17: '*' does not belong	kprobe.multi/PATTERN
2	fentry	fentry/do_unlinkat+4	column 19: '+4' does not belong	kprobe/FUNCTION+OFFSET
7	lsm	lsm/file_opne	LSM hook 'file_opne' is not in	'file_open'
7	lsm	lsm/bpf_lsm_file_open	LSM hook 'bpf_lsm_file_open' is not in	lsm/file_open
2	kprobe_clone	kprobe/vfs_*	column 12: '*' does not belong	kprobe.multi/PATTERN
2	kprobe_clone	kprobe/vfs_read+	column 8: expected [MODULE:]FUNCTION[+OFFSET]	write kprobe/FUNCTION
7	freplace	freplace/verdict:id 999999	no program has 'id 999999' [E27]	bpfload ls prog
7	freplace	freplace/verdict:/sys/fs/bpf/none	no program is pinned at '/sys/fs/bpf/none' [E27]	bpfload ls prog
2	freplace	freplace/verdict:id	'id' names no loaded program	write 'id N'
2	freplace	freplace/verdict	column 17: 'freplace/verdict' does not say where	write freplace/verdict:
# iterators
7	iter	iter/taks	iterator 'taks' is not in the kernel's BTF	'task'
7	iter	iter/task,pid=99999999	there is no process 99999999 [E27]	ps -e
2	iter	iter/task,tid=0	above 0	give one of
2	iter	iter/task,pid=1,map=x	a map, a cgroup or a task	give one of
2	iter	iter/task,order=pre	order= is of cgroups	cgroup=PATH
2	iter_map	report=iter/bpf_map_elem:squars	has no map 'squars' that is loaded	did you mean 'squares'
7	iter_map	report=iter/bpf_map_elem:/sys/fs/bpf/no-such-map	map '/sys/fs/bpf/no-such-map': opening the pin	bpfload ls map
7	iter	iter/cgroup,cgroup=/no/such	cgroup '/no/such'	directory of cgroup2
# network
7	xdp_count	xdp:l0	there is no network interface 'l0' [E27]	did you mean 'lo'
7	xdp_count	xdp:lo,mod=skb	there is no network interface 'lo,mod=skb'	did you mean 'mode'
7	xdp_count	xdp:nothing_near	there is no network interface	ip netns exec
2	xdp_count	xdp:lo:eth0	column 7: ':eth0' does not belong	write xdp:IF
2	netfilter	netfilter:ip/inpt	column 14: 'inpt' does not belong	write netfilter:
7	socket_filter	socket:fd=77	descriptor 77 is not a socket	start bpfload with it
7	sk_lookup	sk_lookup:nons	there is no network namespace 'nons'	ip netns lists
7	sk_lookup	sk_lookup:pid:99999999	there is no network namespace 'pid:99999999'	/proc/99999999/ns/net
7	sockredir	redirect=sk_msg:sock_ops_mapp	has no map of sockets 'sock_ops_mapp'	did you mean 'sock_ops_map'
7	cgroup_skb	cgroup_skb/egress:/no/such	there is no cgroup '/no/such'	mkdir
7	cgroup_skb	cgroup_skb/egress:/tmp	is not a directory of cgroup2	cgroup2 is mounted at
7	cgroup_skb	cgroup_skb/egress:pid:99999999	there is no process 99999999	/proc/99999999/cgroup
2	netfilter	netfilter:ip/input:-500:defrag	contradict each other	a priority above
2	tcx_count	tcx/ingress:lo,before=1,after=2	before= and after= are both given	give one of them
7	sockredir	redirect=sk_msg:/sys/fs/bpf/no-such-map	no map can be opened at '/sys/fs/bpf/no-such-map'	bpfload ls map
# perf events
7	profile	perf_event:cpu-clok	there is no perf event 'cpu-clok'	did you mean 'cpu-clock'
2	profile	perf_event:cpu-clock,freq=0	freq=0 would never run	above 0
2	profile	perf_event:cpu-clock,freq=9,period=5	exclude each other	give one of them
7	profile	profile:hz:99,cpu=4095	there is no CPU 4095 [E27]	the highest number here
7	profile	profile:hz:99,pid=99999999	there is no process 99999999 [E27]	ps -e
# user space
7	uprobe	enter=uprobe/bassh:main	there is no program 'bassh' [E23]	'bash'
7	uprobe	enter=uprobe//bin/bassh:main	/bin/bassh: cannot open	names like it in '/bin': 'bash'
7	uprobe	enter=uprobe//no/dir/bash:main	/no/dir/bash: cannot open	there is no directory '/no/dir'
7	uprobe	enter=uprobe/libcc.so.6:main	there is no library 'libcc.so.6'	'libc.so.6'
7	uprobe	enter=uprobe/bash:readlin	has no function 'readlin'	'readline'
7	uprobe	enter=uprobe/bash:read*	has no function 'read*'	uprobe.multi/PATH:PATTERN
2	uprobe	enter=uprobe/bash	column 14: expected PATH:FUNCTION[+OFFSET]	write uprobe/PATH:FUNCTION
7	uprobe	enter=uprobe/libc.so.6:memcpy@GLIBC_9.9	has no function 'memcpy@GLIBC_9.9'	'memcpy@
7	uprobe_multi	calls=uprobe.multi/libc.so.6:zqzq*	has no function that fits 'zqzq*'	looked at .dynsym
2	usdt	on_any=usdt/bash:libc.so.6:demo	'demo' is not PROVIDER:NAME	usdt/PATH:PROVIDER:NAME
2	usdt	on_any=usdt/bash:x	column 13: expected PATH:PROVIDER:NAME	write usdt/PATH:PROVIDER:NAME
TABLE
[ "$nr" -ge 70 ] || fail "only $nr specs were tried"
exit $failed
