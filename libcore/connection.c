/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "libcore/connection.h"

#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcore/error.h"

static uint16_t port_of(const struct sockaddr_storage *ss)
{
	if (ss->ss_family == AF_INET)
		return ntohs(((const struct sockaddr_in *)ss)->sin_port);
	return ntohs(((const struct sockaddr_in6 *)ss)->sin6_port);
}

static bool leads_to(int fd, const struct address *client, uint16_t port)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct address peer;

	if (getpeername(fd, (struct sockaddr *)&ss, &len) != 0 ||
	    address_from_sockaddr(&peer, (struct sockaddr *)&ss, len) != 0)
		return false;
	return address_equal(&peer, client) && (port == 0 || port_of(&ss) == port);
}

/* 0 when it has none. */
static uint64_t number_of(int fd)
{
	uint64_t number = 0;
	socklen_t len = sizeof(number);

	return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &number, &len) == 0 && len == sizeof(number) ? number : 0;
}

int connection_find(const struct address *client, uint16_t port, uint64_t *number)
{
	int fd = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	bool ambiguous = false;

	*number = 0;
	if (stream == NULL) {
		if (fd >= 0)
			close(fd);
		return QK_ERR_IO;
	}
	while (!ambiguous && (entry = readdir(stream)) != NULL) {
		int candidate = atoi(entry->d_name); /* "." and ".." give 0, which is looked at twice */

		if (leads_to(candidate, client, port)) {
			uint64_t found = number_of(candidate);

			ambiguous = found == 0 || (*number != 0 && *number != found);
			*number = found;
		}
	}
	closedir(stream);
	if (ambiguous)
		*number = 0;
	return *number != 0 ? 0 : QK_ERR_NOT_FOUND;
}
