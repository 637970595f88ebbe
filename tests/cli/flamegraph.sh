# SPDX-License-Identifier: BSD-2-Clause
#
# A flame graph in a browser: Chromium opens it as it is and takes a picture of it, then a copy with a few lines behind its
# own script, which click, type and press keys as a person would, and write down what the page did.

. "$LIB"

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || fail "no Chromium here: scripts/setup test installs it"

# browse FILE OPTIONS...: in a home of its own, without a network
browse() {
	file=$1
	shift
	rm -rf "$TMP/home"
	mkdir "$TMP/home"
	HOME="$TMP/home" timeout -k 5 120 unshare -n "$browser" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --disable-quic \
		--no-first-run --disable-background-networking --disable-component-update --disable-sync --hide-scrollbars \
		--user-data-dir="$TMP/home/data" "$@" "file://$file" 2>"$TMP/browser"
}

cc -O0 -fno-omit-frame-pointer -D_GNU_SOURCE -o "$TMP/busy" tests/cli/busy.c
run 0 "$OBJ/profile.bpf.o" --attach profile:hz:499 --set only_pid=child --flamegraph "$TMP/p.svg" --folded samples -- "$TMP/busy" 500
total=$(awk '{ n += $NF } END { print n }' "$TMP/out")
inner=$(awk '/;middle;innermost/ { n += $NF } END { print n }' "$TMP/out")

# As a picture.
browse "$TMP/p.svg" --window-size=1200,600 --screenshot="$TMP/p.png" >"$TMP/out" || fail "no screenshot"
head -c 8 "$TMP/p.png" | od -An -tx1 | grep -q '89 50 4e 47' || fail "the screenshot is no PNG"
# An XML error shows as a page that says so.
browse "$TMP/p.svg" --dump-dom >"$TMP/out" || fail "not opened"
out_lacks "parsererror"
out_has '<input xmlns="http://www.w3.org/1999/xhtml" id="search"'

# drive SVG SCRIPT: what the script gives, which runs inside of the page, as lines of $TMP/out
drive() {
	sed '$d' "$1" >"$TMP/driven.svg"
	cat >>"$TMP/driven.svg" <<-DRIVER
	<text id="result"></text>
	<script><![CDATA[
	(function () {
	var lines = [], shown = function (f) { return !f.classList.contains('off'); };
	var all = Array.from(document.querySelectorAll('.f'));
	var name = function (f) { return f.querySelector('title').textContent; };
	var find = function (word) { return all.filter(function (f) { return name(f).indexOf(word + ' (') === 0; }); };
	var width = function (f) { return Math.round(+f.querySelector('rect').getAttribute('width')); };
	var click = function (f) { f.dispatchEvent(new MouseEvent('click', { bubbles: true })); };
	var key = function (k, ctrl) { return window.dispatchEvent(new KeyboardEvent('keydown', { key: k, ctrlKey: ctrl, cancelable: true })); };
	var box = document.getElementById('search');
	var type = function (text) { box.value = text; box.dispatchEvent(new Event('input')); };
	var matched = function () { return document.getElementById('matched').textContent; };
	var matches = function () { return document.querySelectorAll('.match').length; };
	var say = function (what, value) { lines.push(what + ' = ' + value); };
	try {
	$2
	} catch (e) { say('exception', e); }
	document.getElementById('result').textContent = lines.join('\\n');
	})();
	]]></script>
	</svg>
	DRIVER
	browse "$TMP/driven.svg" --dump-dom >"$TMP/dom" || fail "not opened"
	sed -n '/<text id="result">/,/<\/text>/p' "$TMP/dom" | sed -e 's/.*<text id="result">//' -e 's/<\/text>.*//' \
		-e 's/&lt;/</g' -e 's/&gt;/>/g' -e 's/&amp;/\&/g' >"$TMP/out"
	out_lacks "exception"
}

drive "$TMP/p.svg" "
var inner = find('innermost')[0], outer = find('outer')[0], root = find('all')[0], reset = document.getElementById('reset');
say('frames', all.length);
say('root', width(root));
say('reset is hidden', !shown(reset));
click(outer);
say('zoomed', width(outer));
say('below it', width(root));
say('root is dim', root.classList.contains('outer'));
say('reset', shown(reset));
say('text', outer.querySelector('text').textContent);
click(reset);
say('back', outer.classList.contains('outer') || !shown(outer) ? 'no' : 'yes');
click(inner);
key('Escape', false);
say('reset by a key', !shown(reset));
say('taken from the browser', !key('f', true));
say('focus', document.activeElement === box);
type('innermost');
say('matches', matches() > 0);
say('matched', matched());
type('^(main|outer)\$');
say('pattern', matches() === find('main').length + find('outer').length);
type('no such frame');
say('none', matches() + ' ' + matched());
type('(');
say('half a pattern', matches());
key('Escape', false);
say('cleared', matches() + matched());
inner.dispatchEvent(new MouseEvent('mouseover', { bubbles: true }));
say('details', document.getElementById('details').textContent);
"
percent() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f%%", 100 * a / b }'; }
for line in 'root = 1180' 'reset is hidden = true' 'zoomed = 1180' 'below it = 1180' 'root is dim = true' 'reset = true' 'text = outer' 'back = yes' \
	'reset by a key = true' 'taken from the browser = true' 'focus = true' 'matches = true' "matched = matched: $(percent "$inner" "$total")" \
	'pattern = true' 'none = 0 matched: 0.00%' 'cleared = 0'; do
	grep -qxF "$line" "$TMP/out" || fail "the page did not: $line"
done
out_matches "^details = innermost \([0-9]+ samples, [0-9.]+%\)$"

# Names that XML and HTML would misread (the one of the unit test): shown as they are.
drive "$PWD/tests/unit/golden/flame.svg" "
type('t&>::f');
say('odd names', matches() + ' ' + matched());
say('text', find('std::map<int, T&>::find(\"x\")')[0].querySelector('text').textContent);
var widths = function () { return find('outer').concat(find('main'), find('sh'), find('busy')).map(function (f) { return shown(f) ? width(f) : '-'; }).join(' '); };
say('widths', widths());
click(find('outer')[0]);
say('in outer', widths() + ' ' + (100 * +find('middle')[0].dataset.n / +find('outer')[0].dataset.n).toFixed(0) + ' ' + Math.round(width(find('middle')[0]) / 11.8));
click(find('busy')[0]);
say('in busy', widths());
click(find('all')[0]);
say('in all', widths());
click(find('\\u00e9t\\u00e9')[0]);
say('zoomed', find('\\u00e9t\\u00e9')[0].querySelector('text').textContent);
"
out_has 'odd names = 1 matched: 22.56%'
out_has 'text = std::map<int, T&>::find("x")'
out_has 'zoomed = été'
out_has 'widths = 843 1109 71 71 1109'
out_has 'in outer = 1180 1180 - - 1180 79 79'
out_has 'in busy = 897 1180 - - 1180'
out_has 'in all = 843 1109 71 71 1109'
