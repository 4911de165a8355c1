/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "qknock vectors FILE": recomputes every case of a file in the format of tests/vectors/vectors.json, the
 * conformance check for other implementations of the protocol.
 */
#ifndef QKNOCK_VECTORS_H
#define QKNOCK_VECTORS_H

#include <stdbool.h>
#include <stdio.h>

/* What vectors_command and vectors_check return. */
enum vectors_result {
	VECTORS_MATCH = 0,
	VECTORS_MISMATCH = 1,
	VECTORS_MALFORMED = 2, /* unreadable or not of the format; nothing was compared */
};

/* "vectors [--json] FILE", FILE "-" for standard input; argv[0] is "vectors". Returns the exit status. */
int vectors_command(int argc, char **argv);

/* Checks the JSON text that in holds. name is what messages call it. Mismatches and a summary go to out, as JSON if
 * asked; the first fault of a malformed file goes to err. */
enum vectors_result vectors_check(const char *name, FILE *in, bool json, FILE *out, FILE *err);

#endif
