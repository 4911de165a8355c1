/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qknock(1): the table of commands, and what has to happen before any of them reads a byte. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "qknock/client.h"
#include "qknock/completer.h"
#include "qknock/privilege.h"
#include "qknock/say.h"
#include "qknock/vectors.h"

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int run_vectors(struct client *client, int argc, char **argv)
{
	static char name[] = "vectors";

	(void)client;
	argv[0] = name;
	return vectors_command(argc, argv);
}

static const struct command vectors = {
    .name = "vectors",
    .summary = "check a file of test vectors of the protocol",
    .usage = "Usage: qknock vectors [--json] FILE\n\n"
	     "Recomputes every case of FILE (- is standard input) and prints what differs.\n"
	     "Exits 0 when all match, 1 when one differs, 2 when the file is malformed.\n",
    .run = run_vectors,
};

static const struct command *const commands[] = {
    &enroll_command, &profiles_command, &request_command, &knock_command, &connect_command, &exec_command, &vectors,
};

static void print_help(FILE *out)
{
	fputs("Usage: qknock COMMAND [ARGUMENTS]\n\n"
	      "Opens a service that answers only those who knocked.\n\nCommands:\n",
	      out);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
	fputs("\n  qknock COMMAND --help   what a command takes\n"
	      "  qknock --version        which version this is\n\nSee qknock(1).\n",
	      out);
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

static bool needs_raw_sockets(const char *name)
{
	const struct command *command = find_command(name);

	return command != NULL && command->raw_sockets;
}

static int run(struct client *client, int argc, char **argv)
{
	const struct command *command = argc > 1 ? find_command(argv[1]) : NULL;
	char name[32];

	if (argc > 1 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)) {
		puts("qknock " PACKAGE_VERSION);
		return CLIENT_OK;
	}
	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		print_help(stdout);
		return CLIENT_OK;
	}
	if (argc > 1 && strcmp(argv[1], "complete") == 0)
		return completer_run(commands, COMMANDS, argv + 2, (size_t)argc - 2);
	if (command == NULL) {
		if (argc > 1)
			say_error("there is no command '%s'", argv[1]);
		print_help(stderr);
		return CLIENT_USAGE;
	}
	if (argc > 2 && strcmp(argv[2], "--help") == 0) {
		fputs(command->usage, stdout);
		return CLIENT_OK;
	}
	snprintf(name, sizeof(name), "qknock %s", command->name); /* getopt_long(3) begins its messages with it */
	argv[1] = name;
	return command->run(client, argc - 1, argv + 1);
}

/* Where one is closed, the next socket would take its place, and be taken for standard input or output. */
static void open_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	struct client client = {.raw_v4 = -1, .raw_v6 = -1};

	open_standard_descriptors();
	if (argc > 1 && needs_raw_sockets(argv[1]))
		privilege_open_raw(&client);
	if (privilege_drop() != 0) {
		say_error("cannot give up the privileges it was started with");
		return CLIENT_FAILED;
	}

	int status = run(&client, argc, argv);

	if (client.raw_v4 >= 0)
		close(client.raw_v4);
	if (client.raw_v6 >= 0)
		close(client.raw_v6);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		say_error("cannot write to standard output");
		return status != CLIENT_OK ? status : CLIENT_FAILED;
	}
	return status;
}
