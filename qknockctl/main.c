/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qknockctl(8): the administrator's command. One table of commands is its whole grammar. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "qknockctl/completer.h"
#include "qknockctl/ctl.h"

#define TAKES(option) (1u << (option))
#define USER_OPTIONS                                                                                                   \
	(TAKES(CTL_P) | TAKES(CTL_Q) | TAKES(CTL_SERVICES) | TAKES(CTL_LOGINS) | TAKES(CTL_WIDTHS) |                   \
	 TAKES(CTL_NUMBERS) | TAKES(CTL_NO_PASS_CODE))

static const struct command {
	const char *name; /* one word, or two with a blank */
	int min, max;	  /* arguments */
	unsigned options; /* TAKES(...) */
	int (*run)(struct ctl *ctl, int argc, char **argv);
	const char *usage; /* what follows the name */
	const char *help;
} commands[] = {
    {"user add", 1, 1, USER_OPTIONS, user_add,
     "NAME [--p P --q Q] [--services A,B] [--logins A,B] [--widths 0,8,64] [--numbers N,N] [--no-pass-code]",
     "register a user"},
    {"user set", 1, 1, USER_OPTIONS | TAKES(CTL_ALL_SERVICES), user_set,
     "NAME [--p P --q Q] [--services A,B|--all-services] [--logins A,B] [--widths 0,8,64] [--numbers N,N] "
     "[--no-pass-code]",
     "change a user"},
    {"user passwd", 1, 1, 0, user_passwd, "NAME", "set the pass-code"},
    {"user enable", 1, 1, 0, user_enable, "NAME", "let the user in again"},
    {"user unlock", 1, 1, 0, user_unlock, "NAME", "answer requests by SMS again after wrong pass-codes"},
    {"user disable", 1, 1, 0, user_disable, "NAME", "keep the user out, end key and grants"},
    {"user delete", 1, 1, 0, user_delete, "NAME", "remove the user, end key and grants"},
    {"user list", 0, 0, 0, user_list, "", "all users"},
    {"user show", 1, 1, 0, user_show, "NAME", "one user"},
    {"profile", 1, 1, TAKES(CTL_QR) | TAKES(CTL_URI), key_profile, "USER [--qr|--uri]",
     "print what the user's client imports"},
    {"issue", 1, 2, TAKES(CTL_R) | TAKES(CTL_COUNT), key_issue, "USER ADDRESS [--r R] | USER --count N",
     "print a one-time key line for the address, or a sheet of N keys for any"},
    {"sheet list", 0, 0, 0, sheet_list, "", "sheets of keys, and how many each has left"},
    {"sheet revoke", 1, 1, 0, sheet_revoke, "USER", "void the user's sheet"},
    {"sms test", 2, 64, 0, sms_test, "USER ADDRESS [-- COMMAND...]", "what would a request by SMS be answered?"},
    {"pending", 0, 0, 0, key_pending, "", "one-time keys that wait for their knock"},
    {"grants", 0, 0, 0, grants_list, "", "what is open, for whom, for how long"},
    {"revoke", 0, 0, TAKES(CTL_SERVICE) | TAKES(CTL_ADDRESS) | TAKES(CTL_ALL), grants_revoke,
     "[--service S] [--address A] | --all", "end grants before their time"},
    {"status", 0, 0, 0, daemon_status, "", "counters of the daemon"},
    {"metrics", 0, 0, TAKES(CTL_OUTPUT), daemon_metrics, "[--output FILE]", "the counters for Prometheus"},
    {"reload", 0, 0, 0, daemon_reload, "", "have the daemon read its configuration again"},
    {"kernel load", 0, 64, TAKES(CTL_TABLE), kernel_load, "[NAME...] [--table T]",
     "make the kernel table and its pins"},
    {"kernel unload", 0, 0, TAKES(CTL_TABLE) | TAKES(CTL_FORCE), kernel_unload, "[--table T] [--force]", "remove them"},
    {"kernel show", 0, 0, TAKES(CTL_TABLE), kernel_show, "[--table T]", "what of them there is"},
    {"pam-check", 0, 1, 0, pam_check, "[SERVICE|FILE]", "does a PAM service refuse who has not knocked?"},
};
#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

#define OPTION_BASE 256 /* long options of commands are OPTION_BASE + enum ctl_option */
#define OPTION_JSON (OPTION_BASE + CTL_OPTION_COUNT)

static const struct option long_options[] = {
    {"config", required_argument, NULL, 'c'},
    {"socket", required_argument, NULL, 's'},
    {"json", no_argument, NULL, OPTION_JSON},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {"p", required_argument, NULL, OPTION_BASE + CTL_P},
    {"q", required_argument, NULL, OPTION_BASE + CTL_Q},
    {"services", required_argument, NULL, OPTION_BASE + CTL_SERVICES},
    {"all-services", no_argument, NULL, OPTION_BASE + CTL_ALL_SERVICES},
    {"logins", required_argument, NULL, OPTION_BASE + CTL_LOGINS},
    {"widths", required_argument, NULL, OPTION_BASE + CTL_WIDTHS},
    {"numbers", required_argument, NULL, OPTION_BASE + CTL_NUMBERS},
    {"no-pass-code", no_argument, NULL, OPTION_BASE + CTL_NO_PASS_CODE},
    {"r", required_argument, NULL, OPTION_BASE + CTL_R},
    {"count", required_argument, NULL, OPTION_BASE + CTL_COUNT},
    {"service", required_argument, NULL, OPTION_BASE + CTL_SERVICE},
    {"address", required_argument, NULL, OPTION_BASE + CTL_ADDRESS},
    {"all", no_argument, NULL, OPTION_BASE + CTL_ALL},
    {"table", required_argument, NULL, OPTION_BASE + CTL_TABLE},
    {"force", no_argument, NULL, OPTION_BASE + CTL_FORCE},
    {"output", required_argument, NULL, OPTION_BASE + CTL_OUTPUT},
    {"qr", no_argument, NULL, OPTION_BASE + CTL_QR},
    {"uri", no_argument, NULL, OPTION_BASE + CTL_URI},
    {NULL, 0, NULL, 0},
};

static void print_help(void)
{
	puts("Usage: qknockctl [OPTION...] COMMAND [ARGUMENT...]\n\nCommands:");
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		printf("  %s%s%s\n        %s\n", commands[i].name, commands[i].usage[0] != '\0' ? " " : "",
		       commands[i].usage, commands[i].help);
	printf("\nOptions:\n"
	       "  -c, --config FILE   configuration instead of %s\n"
	       "  -s, --socket PATH   control socket instead of the configuration's\n"
	       "      --json          print JSON\n"
	       "  -h, --help          print this\n"
	       "  -V, --version       print the version\n\n"
	       "Pass-codes are read from the terminal, or as one line from standard input; never from an argument.\n",
	       CONFIG_FILE_DEFAULT);
}

/* Which command do the words begin with? Takes its words away. */
static const struct command *find_command(int *argc, char ***argv)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		const char *blank = strchr(commands[i].name, ' ');
		size_t len = blank != NULL ? (size_t)(blank - commands[i].name) : strlen(commands[i].name);
		int words = blank != NULL ? 2 : 1;

		if (*argc < words || strncmp((*argv)[0], commands[i].name, len) != 0 || (*argv)[0][len] != '\0')
			continue;
		if (blank != NULL && strcmp((*argv)[1], blank + 1) != 0)
			continue;
		*argc -= words;
		*argv += words;
		return &commands[i];
	}
	return NULL;
}

static int say_usage(const struct command *command)
{
	if (command != NULL)
		fprintf(stderr, "Usage: qknockctl %s%s%s\n", command->name, command->usage[0] != '\0' ? " " : "",
			command->usage);
	else
		fputs("Try \"qknockctl --help\".\n", stderr);
	return CTL_USAGE;
}

static const char *option_name(int value)
{
	for (const struct option *o = long_options; o->name != NULL; o++)
		if (o->val == value)
			return o->name;
	return "";
}

static int run_command(struct ctl *ctl, int argc, char **argv)
{
	const struct command *command;

	if (argc == 0) {
		ctl_error("which command?");
		return say_usage(NULL);
	}
	command = find_command(&argc, &argv);
	if (command == NULL) {
		ctl_error("unknown command \"%s%s%s\"", argv[0], argc > 1 ? " " : "", argc > 1 ? argv[1] : "");
		return say_usage(NULL);
	}
	ctl->command = command->name;
	for (int i = 0; i < CTL_OPTION_COUNT; i++) {
		if (ctl->options[i] != NULL && (command->options & TAKES(i)) == 0) {
			ctl_error("%s takes no --%s", command->name, option_name(OPTION_BASE + i));
			return say_usage(command);
		}
	}
	if (argc < command->min || argc > command->max) {
		ctl_error("%s: %s", command->name,
			  argc < command->min ? "an argument is missing" : "too many arguments");
		return say_usage(command);
	}
	return command->run(ctl, argc, argv);
}

/* Returns -1 to go on, or the exit code. */
static int parse_options(struct ctl *ctl, int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "c:s:hV", long_options, NULL)) != -1) {
		if (c == 'c') {
			ctl->config_path = optarg;
		} else if (c == 's') {
			ctl->socket_path = optarg;
		} else if (c == OPTION_JSON) {
			ctl->json = true;
		} else if (c == 'h') {
			print_help();
			return CTL_OK;
		} else if (c == 'V') {
			puts("qknockctl " PACKAGE_VERSION);
			return CTL_OK;
		} else if (c >= OPTION_BASE) {
			ctl->options[c - OPTION_BASE] = optarg != NULL ? optarg : "";
		} else {
			return say_usage(NULL);
		}
	}
	return -1;
}

/* For shells; see completer.h. */
static int complete_words(char *const *words, size_t count)
{
	struct complete_command table[COMMAND_COUNT];

	for (size_t i = 0; i < COMMAND_COUNT; i++)
		table[i] = (struct complete_command){
		    .name = commands[i].name, .summary = commands[i].help, .signature = commands[i].usage};
	return completer_run(table, COMMAND_COUNT, words, count);
}

int main(int argc, char **argv)
{
	struct ctl ctl = {.json = false};

	if (argc > 1 && strcmp(argv[1], "complete") == 0)
		return ctl_finish(complete_words(argv + 2, (size_t)argc - 2));

	int code = parse_options(&ctl, argc, argv);

	/* Pass-codes and one-time keys go through this memory: no core dump. */
	prctl(PR_SET_DUMPABLE, 0);
	if (code < 0)
		code = run_command(&ctl, argc - optind, argv + optind);
	config_free(ctl.config);
	return ctl_finish(code);
}
