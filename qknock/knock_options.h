/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command lines of the commands that knock: "qknock knock", "qknock connect", "qknock exec". */
#ifndef QKNOCK_KNOCK_OPTIONS_H
#define QKNOCK_KNOCK_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "qknock/keyline.h"

#define KNOCK_REPEAT_MAX 10
#define KNOCK_GAP_MAX 10000 /* milliseconds */

/* Two sets: a packet that is lost once in a hundred spoils one knock in nine when sent once, and one in eight
 * hundred when sent twice. */
#define KNOCK_REPEAT_DEFAULT 2
#define KNOCK_GAP_DEFAULT 4

#define KNOCK_TIMEOUT_MAX 3600 /* seconds */
#define KNOCK_TIMEOUT_DEFAULT 10

enum knock_verb { KNOCK_VERB_KNOCK, KNOCK_VERB_CONNECT, KNOCK_VERB_EXEC };

enum knock_carrier { KNOCK_CARRIER_AUTO, KNOCK_CARRIER_SYN, KNOCK_CARRIER_UDP };

struct knock_options {
	enum knock_verb verb;
	const char *service;  /* connect: NULL when PORT has to tell */
	const char *target;   /* connect: HOST */
	uint16_t port;	      /* connect: PORT */
	char *const *command; /* exec: ends with NULL */
	const char *profile;  /* NULL: the only one */
	const char *host;     /* NULL: the profile's */
	const char *address;  /* NULL: the local one */
	uint16_t width;	      /* HOPS_AUTO, or 0: no hopping */
	enum knock_carrier carrier;
	unsigned repeat;
	unsigned gap_ms; /* mean */
	struct keyline_source key;
	bool ignore_age;
	bool dry_run;
	bool show_words;
	bool json;
	bool explain; /* say which address, width and carrier were chosen, and why */
	bool always_knock;
	bool fdpass;
	bool no_wait;
	unsigned timeout_s; /* for the port to open */
};

extern const char knock_usage[], connect_usage[], exec_usage[];

/* All strings are argv's. CLIENT_OK, CLIENT_USAGE after saying why, or -1 when help was printed. */
int knock_options_parse(struct knock_options *out, enum knock_verb verb, int argc, char **argv);

#endif
