/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/checker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcore/error.h"
#include "qknockd/hasher.h"
#include "qknockd/privop.h"

#define NICENESS 10 /* a burst of requests yields to the knocks */

struct order {
	const struct sandbox_ids *ids;
	struct expected_set *expected;
	int fd;
};

static int run(void *arg, const struct child_self *self)
{
	const struct order *order = arg;
	struct privop_request ready = {.op = PRIVOP_READY};
	int rc;

	/* Memory that the kernel's filter goes by. */
	if (order->expected != NULL)
		expected_leave(order->expected);
	if (nice(NICENESS) < 0)
		errno = 0; /* it works all the same */
	rc = sandbox_become(order->ids, self->parent);
	if (rc == 0)
		rc = sandbox_files(NULL, NULL);
	if (rc == QK_ERR_NOT_FOUND) {
		ready.value = PRIVOP_NO_LANDLOCK;
		rc = 0;
	}
	if (rc == 0)
		rc = sandbox_calls(SANDBOX_HASHER);
	if (rc != 0) {
		log_line(&self->log, LOG_LEVEL_ERROR, "pass-codes: cannot give up privileges: %s", strerror(errno));
		return EXIT_FAILURE;
	}
	if (privop_send(self->fd, &ready, sizeof(ready), -1, 0) != 0)
		return EXIT_FAILURE;
	hasher_serve(order->fd);
	return EXIT_SUCCESS;
}

int checker_start(struct child *child, const struct sandbox_ids *ids, struct expected_set *expected,
		  const struct log *log, int *fd)
{
	struct order order = {.ids = ids, .expected = expected};
	int fds[2], keep[2], rc;

	*fd = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0)
		return QK_ERR_IO;
	order.fd = keep[0] = fds[1];
	rc = child_start(child, run, &order, keep, 1, log);
	close(fds[1]);
	if (rc == 0)
		*fd = fds[0];
	else
		close(fds[0]);
	return rc;
}
