/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "knockwrap/peer.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcore/decimal.h"

#define PASSED_FD 3	       /* the first that systemd passes */
#define DATAGRAMS_DRAINED 1024 /* at most */

static int option_of(int fd, int option)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, option, &value, &len) == 0 ? value : -1;
}

/*
 * A launcher sees the sender of the first datagram only; all others would be served by the server that this one
 * started. Those that wait are thrown away: left there they would have the super-server start us again at once.
 */
static enum status refuse_datagrams(int fd, struct fault *fault)
{
	char byte;

	for (int i = 0; i < DATAGRAMS_DRAINED && recv(fd, &byte, sizeof(byte), MSG_DONTWAIT) >= 0; i++)
		;
	return fault_set(fault, STATUS_DESCRIPTOR,
			 "descriptor %d is a datagram socket: a launcher can't guard it, iptables' \"-m knock\" can",
			 fd);
}

static const char *kind_of(int fd, mode_t mode)
{
	if (S_ISFIFO(mode))
		return "a pipe";
	if (isatty(fd) == 1)
		return "a terminal";
	return S_ISCHR(mode) ? "a device" : "a file";
}

static enum status check_kind(int fd, struct fault *fault)
{
	struct stat st;
	int domain;

	if (fstat(fd, &st) != 0)
		return fault_set(fault, STATUS_DESCRIPTOR,
				 "descriptor %d is not open: a super-server has to start this", fd);
	if (!S_ISSOCK(st.st_mode))
		return fault_set(fault, STATUS_DESCRIPTOR,
				 "descriptor %d is %s, not a client's connection: a super-server has to start this", fd,
				 kind_of(fd, st.st_mode));
	domain = option_of(fd, SO_DOMAIN);
	if (domain != AF_INET && domain != AF_INET6)
		return fault_set(fault, STATUS_DESCRIPTOR, "descriptor %d is a socket without IPv4 or IPv6 address",
				 fd);
	if (option_of(fd, SO_TYPE) == SOCK_DGRAM)
		return refuse_datagrams(fd, fault);
	if (option_of(fd, SO_TYPE) != SOCK_STREAM)
		return fault_set(fault, STATUS_DESCRIPTOR, "descriptor %d is not a stream socket", fd);
	if (option_of(fd, SO_ACCEPTCONN) != 0)
		return fault_set(
		    fault, STATUS_DESCRIPTOR,
		    "descriptor %d is a listening socket: want \"nowait\", \"wait = no\" or \"Accept=yes\"", fd);
	return STATUS_OK;
}

static uint16_t port_of(const struct sockaddr_storage *ss)
{
	if (ss->ss_family == AF_INET)
		return ntohs(((const struct sockaddr_in *)ss)->sin_port);
	return ntohs(((const struct sockaddr_in6 *)ss)->sin6_port);
}

enum status peer_of(int fd, struct peer *out, struct fault *fault)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	enum status status = check_kind(fd, fault);

	memset(out, 0, sizeof(*out));
	out->fd = -1;
	if (status != STATUS_OK)
		return status;
	out->fd = fd;
	if (getpeername(fd, (struct sockaddr *)&ss, &len) != 0)
		return fault_set(fault, STATUS_REFUSED, "the client has gone: %s", strerror(errno));
	if (address_from_sockaddr(&out->address, (struct sockaddr *)&ss, len) != 0)
		return fault_set(fault, STATUS_REFUSED, "the client has no address");
	out->port = port_of(&ss);
	return STATUS_OK;
}

/* systemd's way of passing descriptors, meant for this process. */
static bool is_passed(void)
{
	const char *text = getenv("LISTEN_PID");
	uint64_t pid;

	return text != NULL && decimal_parse(text, strlen(text), INT32_MAX, &pid) && (pid_t)pid == getpid();
}

enum status peer_find(struct peer *out, struct fault *fault)
{
	const char *count = getenv("LISTEN_FDS");

	memset(out, 0, sizeof(*out));
	out->fd = -1;
	if (!is_passed())
		return peer_of(STDIN_FILENO, out, fault);
	if (count == NULL || strcmp(count, "1") != 0)
		return fault_set(fault, STATUS_DESCRIPTOR, "LISTEN_FDS is not 1: want \"Accept=yes\"");
	return peer_of(PASSED_FD, out, fault);
}
