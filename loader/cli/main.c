/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/main.c: which command is meant.
 *
 * `bpfload FILE` is short for `bpfload run FILE`: a first word that is no command must be a file, or an option of run.
 */
#include "cli.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int cmd_help(int argc, char **argv);
static int cmd_version(int argc, char **argv);

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
	{ "run", cmd_run, "load an object, attach its programs, show what they say (the word may be left out)" },
	{ "load", cmd_load, "load and attach, pin all of it, and leave it running (bpfload load --help)" },
	{ "unload", cmd_unload, "remove what load has pinned, and so detach it" },
	{ "ls", cmd_ls, "list programs, maps and links in the kernel, who holds them and where they are pinned" },
	{ "trace", cmd_trace, "show what all programs print with bpf_printk (bpfload trace --help)" },
	{ "test", cmd_test, "run one program with your input, attached to nothing (bpfload test --help)" },
	{ "elf", cmd_elf, "print an object's sections, symbols and relocations" },
	{ "spec", cmd_spec, "print what an object declares: programs, maps, variables" },
	{ "image", cmd_image, "print the instructions as this kernel would get them (no root needed)" },
	{ "btf", cmd_btf, "types of a kernel or an object: dump as C, find by name, compare (bpfload btf --help)" },
	{ "map", cmd_map, "look at and change any map: dump, get, set, del, watch, ... (bpfload map --help)" },
	{ "events", cmd_events, "show what programs that are loaded already send through a buffer (bpfload events --help)" },
	{ "export", cmd_export, "serve maps that are loaded as Prometheus metrics (bpfload export --help)" },
	{ "check", cmd_check, "tell whether objects will load on other kernels, and what is missing (bpfload check --help)" },
	{ "help", cmd_help, "this text" },
	{ "version", cmd_version, "the version" },
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < NR_COMMANDS; i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

static int cmd_help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("usage: bpfload [run] FILE [options]\n"
	       "       bpfload load FILE --pin DIR [options]\n"
	       "       bpfload unload DIR\n"
	       "       bpfload ls [prog|map|link|btf] [--json]\n"
	       "       bpfload trace [--once] [--json]\n"
	       "       bpfload test FILE PROG [--data-in F] [--ctx-in F] [--repeat N]\n"
	       "       bpfload elf|spec|image FILE [options]\n"
	       "       bpfload map dump|get|set|del|watch|... MAP\n"
	       "       bpfload events MAP [--json]\n"
	       "       bpfload export prom:[ADDR:]PORT MAP...\n"
	       "       bpfload btf dump|find|diff|min ...\n\n"
	       "Loads BPF objects, attaches their programs and shows what they say.\n\n"
	       "commands:\n");
	for (size_t i = 0; i < NR_COMMANDS; i++)
		printf("  %-10s %s\n", commands[i].name, commands[i].help);
	printf("\noptions:\n");
	options_help(OPTIONS_RUN);
	printf("\nattach specs: a section name, then where the name alone does not say:\n"
	       "  tracepoint/syscalls/sys_enter_execve   raw_tp/sched_switch   xdp:lo,mode=skb\n"
	       "  count=xdp:lo                           the program is named before '='\n\n"
	       "exit codes: 0 done (also after Ctrl-C), 1 other failure, 2 usage, 3 not a valid object,\n"
	       "  4 rejected by the verifier, 5 permission, 6 missing in this kernel, 7 target missing or busy,\n"
	       "  8 warnings with --strict; with -- CMD that of the command (127 not found, 126 not executable)\n\n"
	       "examples:\n"
	       "  bpfload hello.bpf.o --attach tracepoint/syscalls/sys_enter_execve\n"
	       "  bpfload minimal.bpf.o --set my_pid=self\n"
	       "  bpfload xdp_count.bpf.o --attach xdp:lo --interval 1s --dump pkt_count\n"
	       "  bpfload execsnoop.bpf.o --filter 'ret==0 && comm~^ssh' --json\n"
	       "  bpfload image hello.bpf.o\n");
	return out_help_end();
}

static int cmd_version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("bpfload %s\n", bpfl_version());
	return out_help_end();
}

static int unknown_word(const char *word)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	const char *names[NR_COMMANDS];
	const char *near;
	struct out out = { 0 };

	for (size_t i = 0; i < NR_COMMANDS; i++)
		names[i] = commands[i].name;
	near = bpfl_text_nearest(word, names, NR_COMMANDS);
	out_usage(&err, "'%.200s' is neither a command nor a file", word);
	if (near)
		snprintf(err.fix, sizeof(err.fix), "did you mean 'bpfload %s'? bpfload --help lists the commands",
			 near);
	else
		snprintf(err.fix, sizeof(err.fix), "give an object file, or see bpfload --help");
	return out_error(&out, &err);
}

int main(int argc, char **argv)
{
	const struct command *command;

	if (argc < 2) {
		fprintf(stderr, "usage: bpfload FILE [--attach SPEC] [options]; bpfload --help says more\n");
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return cmd_help(argc, argv);
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
		return cmd_version(argc, argv);
	command = command_find(argv[1]);
	if (command)
		return command->run(argc - 1, argv + 1);
	if (argv[1][0] != '-' && access(argv[1], F_OK) != 0 && !strpbrk(argv[1], "/."))
		return unknown_word(argv[1]);
	return cmd_run(argc, argv);
}
