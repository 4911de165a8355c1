/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands of qknock(1) share: their table's entries, their exit codes, what main.c gives them. */
#ifndef QKNOCK_CLIENT_H
#define QKNOCK_CLIENT_H

#include <stdbool.h>

/* Exit codes, as qknock(1) lists them. */
enum client_exit {
	CLIENT_OK = 0,
	CLIENT_FAILED = 1,    /* something else failed: memory, a library, a file that can't be written */
	CLIENT_USAGE = 2,     /* the command line is wrong */
	CLIENT_PROFILE = 3,   /* no such profile, a malformed one, or nothing in it by that name */
	CLIENT_KEY = 4,	      /* no key line, or not one that fits the profile */
	CLIENT_STALE = 5,     /* the one-time key has expired */
	CLIENT_PRIVILEGE = 6, /* raw sockets were refused */
	CLIENT_SEND = 7,      /* no way to the server, or not every packet could be sent */
	CLIENT_CLOSED = 8,    /* the port did not open in time */
	CLIENT_BROKEN = 9,    /* the connection broke */
};

/* What exec adds to its own exit codes, to tell them from the command's; these two are env(1)'s. */
#define CLIENT_EXEC_BASE 200
#define CLIENT_EXEC_CANNOT 126
#define CLIENT_EXEC_NOT_FOUND 127

/* Raw sockets, opened before anything else was read and before privileges were dropped. */
struct client {
	int raw_v4;    /* -1: not open */
	int raw_v6;    /* -1: not open */
	int raw_errno; /* why one is not open; 0 if both are, or if none was asked for */
};

struct command {
	const char *name;
	const char *summary;					  /* for the list of commands */
	const char *usage;					  /* all of --help */
	bool raw_sockets;					  /* may need them */
	int (*run)(struct client *client, int argc, char **argv); /* argv[0]: "qknock NAME"; returns the exit code */
};

extern const struct command enroll_command;
extern const struct command profiles_command;
extern const struct command request_command;
extern const struct command knock_command;
extern const struct command connect_command;
extern const struct command exec_command;

#endif
