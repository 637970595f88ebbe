/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/vlog.c: what a verifier log says.
 *
 * A log is a protocol of the verifier's walk, up to megabytes long:
 *
 *     ; return *v; @ nullchk.bpf.c:9                  source line (file and line since Linux 6.9)
 *     7: (61) r0 = *(u32 *)(r0 +0)                    instruction, then perhaps the state: "; R0=..."
 *     R0 invalid mem access 'map_value_or_null'       why the walk ended
 *     processed 7 insns (limit 1000000) ...           statistics
 *
 * Everything that is not an instruction, a source line, a state or statistics is a message, and the
 * last messages are the reason. Linux 7.3 puts a report behind that: "Verification failed:
 * CATEGORY", then paragraphs "Reason:", "At:", "Suggestion:"; the old lines are still there above
 * it, so both are read.
 */
#include "kern/vlog.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"

#define NR(table) (sizeof(table) / sizeof((table)[0]))
/*
 * A reason may take two or three lines: "invalid access to map value, ..." and "R0 min value is
 * outside ...".
 */
#define REASON_LINES_MAX 3

struct line {
	const char *text;
	size_t size;
};

/* What else the verifier writes while it walks. Globs over a whole line. */
static const char *const noise[] = {
	"processed * insns*",
	"verification time *",
	"stack depth *",
	"max_states_per_insn *",
	"func#* @*",
	"from * to *:*",
	"caller:*",
	"callee:*",
	"to caller at *",
	"returning from callee:*",
	"frame?:*",
	"R?=*",
	"R?_*=*",
	"R10*=*",
	" *",
	"mark_precise:*",
	"last_idx *",
	"regs=*",
	"parent *",
	"propagating *",
	"cur state:*",
	"old state:*",
	"Func#* is *",
	"Func#* is safe *",
	"Validating *",
	"arg#* reference type(*",
	"func '*' arg* has btf_id *",
	"Live regs before insn:*",
	"* is safe for any args that match its prototype",
};

static bool line_next(const char **text, struct line *ret)
{
	if (**text == '\0')
		return false;
	ret->text = *text;
	ret->size = strcspn(*text, "\n");
	*text += ret->size + ((*text)[ret->size] == '\n');
	return true;
}

static void line_copy(char *out, size_t out_size, const char *text, size_t size)
{
	bpfl_text_escape(out, out_size, text, size);
}

static bool line_has_prefix(const struct line *line, const char *prefix)
{
	size_t size = strlen(prefix);

	return line->size >= size && memcmp(line->text, prefix, size) == 0;
}

/* "7: (61) r0 = *(u32 *)(r0 +0)        ; R0=..." */
static bool insn_line_read(const struct line *line, struct bpfl_vlog *vlog)
{
	size_t digits = 0;

	while (digits < line->size && isdigit((unsigned char)line->text[digits]))
		digits++;
	if (digits == 0 || digits > 9 || digits + 2 >= line->size ||
	    memcmp(line->text + digits, ": ", 2) != 0)
		return false;
	/* "7: R1=ctx()" is a state; both kinds of line are taken care of here. */
	if (line->text[digits + 2] == '(') {
		const char *insn = line->text + digits + 2;
		size_t size = line->size - digits - 2;
		const char *state = memmem(insn, size, " ; ", 3);

		if (state)
			size = (size_t)(state - insn);
		while (size > 0 && insn[size - 1] == ' ')
			size--;
		vlog->insn_idx = (int32_t)strtol(line->text, NULL, 10);
		line_copy(vlog->insn, sizeof(vlog->insn), insn, size);
	}
	return true;
}

/* "; return *v; @ nullchk.bpf.c:9" */
static bool source_line_read(const struct line *line, struct bpfl_vlog *vlog)
{
	const char *at = NULL;
	size_t text_size;

	if (!line_has_prefix(line, ";"))
		return false;
	for (size_t i = 1; i + 3 < line->size; i++) {
		if (memcmp(line->text + i, " @ ", 3) == 0)
			at = line->text + i;
	}
	text_size = (at ? (size_t)(at - line->text) : line->size) - 1;
	if (at) {
		const char *end = line->text + line->size;
		const char *colon = memrchr(at, ':', (size_t)(end - at));
		unsigned long number = colon ? strtoul(colon + 1, NULL, 10) : 0;

		/*
		 * Line 0 stands for code that the compiler made up: the line before it says more.
		 */
		if (number == 0 || number > UINT32_MAX)
			return true;
		line_copy(vlog->file, sizeof(vlog->file), at + 3, (size_t)(colon - at) - 3);
		vlog->line = (uint32_t)number;
	} else {
		vlog->file[0] = '\0';
		vlog->line = 0;
	}
	line_copy(vlog->source, sizeof(vlog->source), line->text + (line->size > 1 ? 2 : 1),
		  text_size > 0 ? text_size - 1 : 0);
	return true;
}

static bool line_is_noise(const struct line *line)
{
	char text[160]; /* the globs look at the beginning */
	size_t size = line->size < sizeof(text) - 1 ? line->size : sizeof(text) - 1;

	if (line->size == 0)
		return true;
	memcpy(text, line->text, size);
	text[size] = '\0';
	for (size_t i = 0; i < NR(noise); i++) {
		if (bpfl_text_glob(noise[i], text))
			return true;
	}
	return false;
}

/*
 * The last state of the register that the reason names:
 * "R0=map_value_or_null(id=1,map=m,ks=4,vs=4)".
 */
static void register_find(const char *log, size_t log_size, struct bpfl_vlog *vlog)
{
	const char *found = NULL;
	char name[4];
	size_t size = 0;
	int depth = 0;

	if (vlog->reason[0] != 'R' || !isdigit((unsigned char)vlog->reason[1]))
		return;
	name[0] = 'R';
	name[1] = vlog->reason[1];
	name[2] = isdigit((unsigned char)vlog->reason[2]) ? vlog->reason[2] : '\0';
	name[3] = '\0';
	size_t name_size = strlen(name);
	for (const char *p = log; (p = memmem(p, log_size - (size_t)(p - log), name, name_size));
	     p++) {
		/* "R0=", or "R0_w=" of kernels before 6.8: "w" for written, "r" for read. */
		const char *equals = p + name_size;

		if (*equals == '_')
			equals += 1 + strspn(equals + 1, "rwD");
		if ((p == log || p[-1] == ' ' || p[-1] == '\n') && *equals == '=')
			found = p;
	}
	if (!found)
		return;
	while (found[size] && found[size] != '\n' && (depth > 0 || found[size] != ' ')) {
		depth += (found[size] == '(') - (found[size] == ')');
		size++;
	}
	line_copy(vlog->reg, sizeof(vlog->reg), found, size);
}

/* The lines of the walk. text_size ends it before the report of Linux 7.3. */
static void walk_read(const char *log, size_t log_size, struct bpfl_vlog *vlog)
{
	struct line reasons[REASON_LINES_MAX], line;
	struct bpfl_vlog place = *vlog; /* runs ahead; vlog keeps what stood before the reason */
	const char *text = log;
	size_t nr_reasons = 0;
	bool in_reason = false;

	while (text < log + log_size && line_next(&text, &line)) {
		if (insn_line_read(&line, &place) || source_line_read(&line, &place)) {
			in_reason = false;
			continue;
		}
		if (line_is_noise(&line))
			continue;
		if (!in_reason)
			nr_reasons = 0;
		in_reason = true;
		if (nr_reasons < REASON_LINES_MAX)
			reasons[nr_reasons++] = line;
		else
			reasons[REASON_LINES_MAX - 1] = line;
		*vlog = place;
	}
	if (nr_reasons == 0)
		*vlog = place;

	size_t used = 0;
	for (size_t i = 0; i < nr_reasons && used + 3 < sizeof(vlog->reason); i++) {
		if (i > 0) {
			memcpy(vlog->reason + used, "; ", 2);
			used += 2;
		}
		line_copy(vlog->reason + used, sizeof(vlog->reason) - used, reasons[i].text,
			  reasons[i].size);
		used += strlen(vlog->reason + used);
	}
	register_find(log, log_size, vlog);
}

/* The indented lines behind a heading of the report, joined by spaces. */
static void paragraph_read(const char *report, const char *heading, char *out, size_t out_size)
{
	const char *text = strstr(report, heading);
	struct line line;
	size_t used = 0;

	out[0] = '\0';
	if (!text || !line_next(&text, &line))
		return;
	line_next(&text, &line); /* strstr() found the newline in front of the heading */
	while (used + 2 < out_size && line_next(&text, &line) && line.size > 0 &&
	       line.text[0] == ' ') {
		size_t indent = 0;

		while (indent < line.size && line.text[indent] == ' ')
			indent++;
		if (used > 0)
			out[used++] = ' ';
		line_copy(out + used, out_size - used, line.text + indent, line.size - indent);
		used += strlen(out + used);
	}
}

/*
 * A number behind "insn " in a text, or -1: "unreachable insn 1", "infinite loop detected at insn
 * 2".
 */
static int32_t insn_in_text(const char *text)
{
	for (const char *p = text; (p = strstr(p, "insn ")); p++) {
		if (isdigit((unsigned char)p[5]))
			return (int32_t)strtol(p + 5, NULL, 10);
	}
	return -1;
}

void bpfl_vlog_read(const char *log, struct bpfl_vlog *ret_vlog)
{
	struct bpfl_vlog vlog = { .insn_idx = -1 };
	const char *report = strstr(log, "Verification failed: ");
	size_t walk_size = report ? (size_t)(report - log) : strlen(log);
	int32_t insn_idx;

	walk_read(log, walk_size, &vlog);
	if (report) {
		char at[64];

		line_copy(vlog.category, sizeof(vlog.category), report + 21,
			  strcspn(report + 21, "\n"));
		paragraph_read(report, "\nReason:", vlog.explanation, sizeof(vlog.explanation));
		paragraph_read(report, "\nSuggestion:", vlog.suggestion, sizeof(vlog.suggestion));
		paragraph_read(report, "\nAt:", at, sizeof(at));
		insn_idx = insn_in_text(at);
		if (insn_idx >= 0)
			vlog.insn_idx = insn_idx;
		if (vlog.reason[0] == '\0')
			memcpy(vlog.reason, vlog.category, sizeof(vlog.category));
	}
	insn_idx = insn_in_text(vlog.reason);
	if (insn_idx >= 0 && insn_idx != vlog.insn_idx) {
		/* The walk's last instruction is not the one that is spoken of. */
		vlog.insn_idx = insn_idx;
		vlog.insn[0] = vlog.source[0] = vlog.file[0] = '\0';
		vlog.line = 0;
	}
	vlog.cut = strstr(log, "\nprocessed ") == NULL && strncmp(log, "processed ", 10) != 0;
	*ret_vlog = vlog;
}
