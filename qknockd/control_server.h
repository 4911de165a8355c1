/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control socket: SO_PEERCRED decides who may speak, one table of verbs decides what is done. */
#ifndef QKNOCKD_CONTROL_SERVER_H
#define QKNOCKD_CONTROL_SERVER_H

#include <stdint.h>
#include <sys/types.h>

#include "libcore/control.h"
#include "libcore/log.h"
#include "qknockd/engine.h"

struct control_server;

/* What the verbs reach beyond the engine. reload and capture counters are the daemon's own. */
struct control_actions {
	struct engine *engine;
	int (*reload)(void *arg);				 /* as SIGHUP; 0 or CONFIG */
	void (*status)(void *arg, struct control_message *item); /* adds the daemon's own fields */
	void *arg;
};

/* Makes the socket (mode 0660, group gid unless (gid_t)-1), and its directory (0750) if that alone is missing;
 * replaces a dead socket, refuses to replace one that answers or a file that is none. actions is copied, log
 * borrowed. Peers that may do anything are uid 0 and the daemon's own. Errors, logged: IO, EXISTS; NOMEM. */
int control_server_open(const char *path, gid_t group, const struct control_actions *actions, const struct log *log,
			struct control_server **out);
void control_server_close(struct control_server *server); /* unlinks the socket, if it still is this one */

int control_server_fd(const struct control_server *server); /* for epoll */

/* Accepts, and answers at most one request of each client. Never blocks: a client that does not take its
 * answer is dropped, so is one that says nothing for CONTROL_IDLE_S, and the most idle one for a new one when
 * there are CONTROL_CLIENTS_MAX. */
#define CONTROL_CLIENTS_MAX 16
#define CONTROL_IDLE_S 20
void control_server_dispatch(struct control_server *server);

/* Drops those who are idle at this time of CLOCK_BOOTTIME; dispatch does it by itself. */
void control_server_sweep(struct control_server *server, uint64_t now_ns);

#endif
