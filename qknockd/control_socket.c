/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/control_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcore/control.h"
#include "libcore/error.h"

#define BACKLOG 16
#define PATIENCE 5
#define PATIENCE_MS 300

struct control_socket {
	int fd;
	dev_t dev; /* of its file */
	ino_t ino;
	char *path;
};

/* Removes what a dead daemon left. */
static int remove_dead(struct control_socket *s, const struct sockaddr_un *sun)
{
	struct stat st;
	int fd, err = QK_ERR_IO;

	if (lstat(s->path, &st) != 0)
		return QK_ERR_IO;
	if (!S_ISSOCK(st.st_mode)) {
		errno = EEXIST;
		return QK_ERR_IO;
	}
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return QK_ERR_IO;
	if (connect(fd, (const struct sockaddr *)sun, sizeof(*sun)) == 0 || errno == EAGAIN)
		err = QK_ERR_EXISTS;
	else if (errno == ECONNREFUSED)
		err = unlink(s->path) == 0 ? 0 : QK_ERR_IO;
	close(fd);
	return err;
}

static int bind_socket(struct control_socket *s, gid_t group, const struct sockaddr_un *sun)
{
	const struct sockaddr *address = (const struct sockaddr *)sun;
	struct stat st;
	int err;

	s->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* The file gets the socket's mode: closed to others from its first moment. */
	if (s->fd < 0 || fchmod(s->fd, 0600) != 0)
		return QK_ERR_IO;
	if (bind(s->fd, address, sizeof(*sun)) != 0) {
		err = errno == EADDRINUSE ? remove_dead(s, sun) : QK_ERR_IO;
		if (err != 0)
			return err;
		if (bind(s->fd, address, sizeof(*sun)) != 0)
			return QK_ERR_IO;
	}
	if (lstat(s->path, &st) != 0)
		return QK_ERR_IO;
	s->dev = st.st_dev;
	s->ino = st.st_ino;
	if (group != (gid_t)-1 && lchown(s->path, (uid_t)-1, group) != 0)
		return QK_ERR_IO;
	return chmod(s->path, 0660) != 0 || listen(s->fd, BACKLOG) != 0 ? QK_ERR_IO : 0;
}

/* The processes of a daemon that was killed may take a moment to follow it. */
static int bind_patiently(struct control_socket *s, gid_t group, const struct sockaddr_un *sun)
{
	int err = bind_socket(s, group, sun);

	for (int i = 0; i < PATIENCE && err == QK_ERR_EXISTS; i++) {
		close(s->fd);
		poll(NULL, 0, PATIENCE_MS);
		err = bind_socket(s, group, sun);
	}
	return err;
}

/* Two daemons that start at once: the lock on the directory keeps the second one from taking the socket of the
 * first, bound but not yet listening, for a dead one. */
static int open_socket(struct control_socket *s, gid_t group)
{
	struct sockaddr_un sun;
	char directory[sizeof(sun.sun_path)];
	const char *name;
	int fd, err;

	if (control_address(s->path, &sun) != 0)
		return QK_ERR_IO;
	name = dirname(memcpy(directory, sun.sun_path, sizeof(directory)));
	if (mkdir(name, 0700) == 0) {
		if ((group != (gid_t)-1 && chown(name, (uid_t)-1, group) != 0) || chmod(name, 0750) != 0)
			return QK_ERR_IO;
	} else if (errno != EEXIST) {
		return QK_ERR_IO;
	}
	fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return QK_ERR_IO;
	err = flock(fd, LOCK_EX) == 0 ? bind_patiently(s, group, &sun) : QK_ERR_IO;
	close(fd);
	return err;
}

int control_socket_open(const char *path, gid_t group, const struct log *log, struct control_socket **out)
{
	struct control_socket *s = calloc(1, sizeof(*s));
	int err;

	*out = NULL;
	if (s == NULL)
		return QK_ERR_NOMEM;
	s->fd = -1;
	s->path = strdup(path);
	err = s->path == NULL ? QK_ERR_NOMEM : open_socket(s, group);
	if (err != 0) {
		log_line(log, LOG_LEVEL_ERROR, "control socket cannot be opened: %s path=%s",
			 err == QK_ERR_EXISTS ? "another daemon answers there" : strerror(errno), path);
		control_socket_close(s);
		return err;
	}
	*out = s;
	return 0;
}

void control_socket_close(struct control_socket *s)
{
	struct stat st;

	if (s == NULL)
		return;
	if (s->ino != 0 && lstat(s->path, &st) == 0 && st.st_dev == s->dev && st.st_ino == s->ino)
		unlink(s->path);
	if (s->fd >= 0)
		close(s->fd);
	free(s->path);
	free(s);
}

int control_socket_fd(const struct control_socket *s)
{
	return s->fd;
}
