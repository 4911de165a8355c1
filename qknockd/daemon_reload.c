/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the configuration names, and how another configuration takes its place. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "libcore/keyword.h"
#include "qknockd/accounts.h"
#include "qknockd/daemon_state.h"

/* --- captures --- */

static void on_capture_started(void *arg, int feed)
{
	struct daemon *d = arg;

	for (size_t i = 0; i < captures_count(d->captures); i++)
		if (captures_channel(d->captures, i) >= 0)
			daemon_watch(d, captures_channel(d->captures, i), EPOLLIN);
	daemon_tell(d, PRIVOP_FEED, 0, feed);
}

int daemon_open_captures(struct daemon *d, const struct config *config, struct captures **out)
{
	struct captures_owner owner = {.message = daemon_take_message,
				       .started = on_capture_started,
				       .arg = d,
				       .log = d->log,
				       .ids = &d->capture_ids,
				       .expected = d->expected};
	int rc;

	if (d->expected != NULL)
		expected_set_ports(d->expected, config->shape.port_first, config->shape.port_last);
	rc = captures_new(config, &owner, out);
	for (size_t i = 0; rc == 0 && i < captures_count(*out); i++)
		if (captures_channel(*out, i) >= 0)
			rc = daemon_watch(d, captures_channel(*out, i), EPOLLIN);
	return rc;
}

static bool same_capture(const struct config *a, const struct config *b)
{
	size_t i = 0;

	while (a->interfaces[i] != NULL && b->interfaces[i] != NULL && strcmp(a->interfaces[i], b->interfaces[i]) == 0)
		i++;
	return a->interfaces[i] == NULL && b->interfaces[i] == NULL && a->shape.port_first == b->shape.port_first &&
	       a->shape.port_last == b->shape.port_last;
}

/* The new ones are open. What the old ones have received is part of knocks under way: they pass it on and end. */
static void replace_captures(struct daemon *d)
{
	captures_free(d->leaving);
	d->leaving = d->captures;
	d->captures = d->next_captures;
	d->next_captures = NULL;
	for (size_t i = 0; i < captures_count(d->captures); i++)
		if (captures_feed(d->captures, i) >= 0)
			daemon_tell(d, PRIVOP_FEED, 0, captures_feed(d->captures, i));
	captures_dismiss(d->leaving);
}

/* --- reload --- */

/* What is open cannot move while others hold it; say so rather than pretend. */
static void warn_if_moved(const struct daemon *d, const char *what, const char *old, const char *new)
{
	if (strcmp(old, new) != 0)
		log_line(d->log, LOG_LEVEL_WARNING, "%s changes from %s to %s at the next start only", what, old, new);
}

void daemon_forget_next(struct daemon *d)
{
	if (d->next == NULL)
		return;
	if (d->expected != NULL)
		expected_set_ports(d->expected, d->config->shape.port_first, d->config->shape.port_last);
	captures_free(d->next_captures);
	d->next_captures = NULL;
	config_free(d->next);
	d->next = NULL;
}

/* Sealed, so that it cannot change between two looks at it. */
static int seal_text(const char *text, size_t len)
{
	int fd = memfd_create("qknock.conf", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -1;
	if (write(fd, text, len) == (ssize_t)len &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0)
		return fd;
	close(fd);
	return -1;
}

/* The first half: is the new file good, and can what it names be opened? */
int daemon_prepare_reload(struct daemon *d, struct privop_reply *reply, int *fd)
{
	char *text;
	size_t len;
	int rc = keyword_read(d->path, d->log, &text, &len);

	notify_manager("RELOADING=1");
	daemon_forget_next(d);
	if (rc == 0)
		rc = config_parse(d->path, text, len, d->log, &d->next);
	if (rc == 0 && !same_capture(d->config, d->next))
		rc = daemon_open_captures(d, d->next, &d->next_captures);
	if (rc == 0) {
		*fd = seal_text(text, len);
		rc = *fd < 0 ? QK_ERR_IO : 0;
	}
	free(text);
	if (rc != 0) {
		daemon_forget_next(d);
		notify_manager(DAEMON_READY);
		log_line(d->log, LOG_LEVEL_ERROR, "reload failed, the old configuration stays: %s", error_text(rc));
		return rc;
	}
	d->next_adapter = accounts_adapter(d->next, d->log);
	reply->adapter = d->next_adapter;
	reply->generation = d->generation + 1;
	return 0;
}

/* The second: the verifier has understood the same text. */
int daemon_commit_reload(struct daemon *d)
{
	if (d->next == NULL)
		return QK_ERR_DENIED;
	config_free(d->old);
	d->old = d->config;
	d->config = d->next;
	d->next = NULL;
	d->adapter = d->next_adapter;
	d->generation++;
	warn_if_moved(d, "store", d->store, d->config->store);
	warn_if_moved(d, "control", d->old->control, d->config->control);
	warn_if_moved(d, "kernel_filter", d->old->kernel_filter ? "true" : "false",
		      d->config->kernel_filter ? "true" : "false");
	warn_if_moved(d, "user", d->old->user, d->config->user);
	warn_if_moved(d, "capture_user", d->old->capture_user, d->config->capture_user);
	if (logger_open(d->logger, d->config->log_target, d->config->log_level) != 0)
		log_line(d->log, LOG_LEVEL_ERROR, "log %s: %s", d->config->log_target, strerror(errno));
	hooks_set_timeout(d->hooks, d->config->hook_timeout_s);
	if (d->next_captures != NULL)
		replace_captures(d);
	return 0;
}

int daemon_end_reload(struct daemon *d, uint64_t error)
{
	if (error != 0)
		log_line(d->log, LOG_LEVEL_ERROR, "reload is incomplete: %s",
			 error_text(error < 1000 ? -(int)error : QK_ERR_CONTROL));
	else
		log_line(d->log, LOG_LEVEL_NOTICE, "configuration %s loaded again", d->path);
	notify_manager(DAEMON_READY);
	config_free(d->old);
	d->old = NULL;
	return 0;
}
