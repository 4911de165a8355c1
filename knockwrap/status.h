/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exit codes, as knockwrap(8) lists them. What a function returns that has an enum status for its result: 0 is well. */
#ifndef KNOCKWRAP_STATUS_H
#define KNOCKWRAP_STATUS_H

enum status {
	STATUS_OK = 0,
	STATUS_REFUSED = 1,	 /* no grant, or the client had gone already */
	STATUS_USAGE = 2,	 /* options */
	STATUS_DESCRIPTOR = 3,	 /* what we were given is no connection of a client */
	STATUS_GRANTS = 4,	 /* the grants can't be read or believed */
	STATUS_SYSTEM = 5,	 /* descriptors, directory or privileges could not be set up */
	STATUS_CANNOT_RUN = 126, /* the server is there and can't be executed */
	STATUS_NOT_FOUND = 127,	 /* the server is not there */
};

/* What is wrong, for the administrator: one line without a newline. */
struct fault {
	char text[256];
};

/* Fills fault and returns status. */
enum status fault_set(struct fault *fault, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
