/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process that stays root, among its own files daemon*.c: what it holds. */
#ifndef QKNOCKD_DAEMON_STATE_H
#define QKNOCKD_DAEMON_STATE_H

#include <signal.h>

#include "libcore/clock.h"
#include "libcore/error.h"
#include "qknockd/captures.h"
#include "qknockd/child.h"
#include "qknockd/control_socket.h"
#include "qknockd/daemon.h"
#include "qknockd/expected.h"
#include "qknockd/hooks.h"
#include "qknockd/news.h"
#include "qknockd/notify.h"
#include "qknockd/performer.h"
#include "qknockd/privop.h"
#include "qknockd/sandbox.h"

#define DAEMON_READY "READY=1\nSTATUS=Waiting for knocks."

struct daemon {
	const char *path;
	struct config *config;
	struct config *old;  /* during a reload: what the hooks of grants that end now are in */
	struct config *next; /* found good, and not yet agreed upon */
	struct captures *next_captures;
	uint32_t generation;
	char *store; /* where it was at the start */
	struct logger *logger;
	const struct log *log;
	char boot_id[CLOCK_BOOT_ID_SIZE];
	struct sandbox_ids verifier_ids, capture_ids;
	uid_t adapter, next_adapter;
	struct control_socket *control;
	struct hooks *hooks;
	struct performer *performer;
	struct news *news;
	struct expected_set *expected; /* NULL without filters of the kernel's; plain_reason says why */
	char plain_reason[96];
	struct captures *captures;
	struct captures *leaving; /* those of the configuration before, until they have ended */
	struct child verifier, checker;
	struct address *addresses;
	size_t address_count;
	bool ready;   /* the verifier has said so */
	bool running; /* what ends is started again */
	bool reload_wanted;
	uint32_t restarts, pause_s;
	uint64_t verifier_begun_ns, verifier_next_ns, checker_next_ns;
	sigset_t old_mask;
	int epoll_fd, signal_fd, timer_fd;
	int store_lock;
	uint64_t started_ns;
	uint64_t watchdog_ns, watchdog_next_ns;
	bool said_no_landlock;
	bool news_left;
	bool stop;
};

/* Of all these errors are logged by themselves or by the caller; the names say what is done. */

int daemon_watch(const struct daemon *d, int fd, uint32_t what); /* adds it, or changes what for */
void daemon_tell(struct daemon *d, enum privop_news what, uint64_t value, int fd);
void daemon_flush_news(struct daemon *d); /* what the verifier's socket did not take goes when it is writable again */

/* daemon_reload.c: what the configuration names, and another configuration. */
int daemon_open_captures(struct daemon *d, const struct config *config, struct captures **out);
int daemon_prepare_reload(struct daemon *d, struct privop_reply *reply, int *fd); /* is the new file good? */
int daemon_commit_reload(struct daemon *d); /* the verifier has understood the same text */
int daemon_end_reload(struct daemon *d, uint64_t error);
void daemon_forget_next(struct daemon *d); /* it was not agreed upon */

/* daemon_children.c: the other processes, and what they ask for. */
int daemon_take_message(void *d, struct child *child); /* a captures_message */
void daemon_on_channel(struct daemon *d, struct child *child);
int daemon_start_verifier(struct daemon *d);
void daemon_reap(struct daemon *d); /* and starts again what is due */

#endif
