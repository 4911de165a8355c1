/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control socket: SO_PEERCRED decides who may speak, one table of verbs decides what is done. */
#ifndef QKNOCKD_CONTROL_SERVER_H
#define QKNOCKD_CONTROL_SERVER_H

#include <sys/types.h>

#include "libcore/control.h"
#include "libcore/log.h"
#include "qknockd/engine.h"

struct control_server;

/* What the verbs reach beyond the engine. reload and capture counters are the daemon's own. */
struct control_actions {
	struct engine *engine;
	int (*reload)(void *arg); /* as SIGHUP; 0 or CONFIG */
	void (*status)(void *arg, struct control_message *item); /* adds the daemon's own fields */
	void *arg;
};

/* Makes the socket (mode 0660, group gid unless (gid_t)-1), replacing a dead one, refusing to replace one that
 * answers. Root and members of nothing else may speak: peers are uid 0 or the daemon's own. Errors: IO, EXISTS. */
int control_server_open(const char *path, gid_t group, const struct control_actions *actions,
			const struct log *log, struct control_server **out);
void control_server_close(struct control_server *server); /* unlinks the socket */

int control_server_fd(const struct control_server *server); /* for epoll */
void control_server_dispatch(struct control_server *server);

#endif
