/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Many clients of a TCP service that echoes lines, and how each connection ended:
 *
 *     wrap_client ADDRESS PORT [count=N] [parallel=N] [rate=N] [ms=N] [from=ADDRESS] [abort] [mute]
 *
 * count connections (1) are opened, at most parallel (1) at once and rate in a second; each is waited for ms
 * milliseconds (2000). A client says a line, or nothing (mute), or resets the connection at once (abort). Prints
 *
 *     served=N reset=N closed=N silent=N gone=N failed=N bytes=N seconds=S
 *
 * served: the line came back. reset, closed, silent: it was refused with RST, FIN, or not at all. gone: by abort.
 * failed: no connection. bytes: that came on connections which were not served.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "libcore/address.h"
#include "libcore/clock.h"

#define LINE "knock knock, who is there?\n"
#define LINE_SIZE (sizeof(LINE) - 1)
#define PARALLEL_MAX 4096

enum ending { SERVED, RESET, CLOSED, SILENT, GONE, FAILED, ENDINGS };

static const char *const ending_names[ENDINGS] = {"served", "reset", "closed", "silent", "gone", "failed"};

struct client {
	uint64_t deadline_ns;
	bool connected;
	size_t got;
	bool is_echo; /* all that came is the line so far */
};

static struct sockaddr_storage server, source;
static socklen_t server_len, source_len;
static unsigned count = 1, parallel = 1, rate, wait_ms = 2000;
static bool abort_at_once, mute;

static unsigned long endings[ENDINGS], stray_bytes;
static struct client clients[PARALLEL_MAX];
static struct pollfd fds[PARALLEL_MAX];
static unsigned open_count;

static void give_up(const char *what)
{
	fprintf(stderr, "wrap_client: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void end_client(unsigned i, enum ending ending)
{
	endings[ending]++;
	if (ending != SERVED)
		stray_bytes += clients[i].got;
	close(fds[i].fd);
	open_count--;
	fds[i] = fds[open_count];
	clients[i] = clients[open_count];
}

static void start_client(void)
{
	unsigned i = open_count++;

	memset(&clients[i], 0, sizeof(clients[i]));
	clients[i].is_echo = true;
	clients[i].deadline_ns = clock_boot_ns() + wait_ms * UINT64_C(1000000);
	fds[i].fd = socket(server.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	fds[i].events = POLLOUT;
	fds[i].revents = 0;
	if (fds[i].fd < 0)
		give_up("socket");
	if (source_len != 0 && bind(fds[i].fd, (struct sockaddr *)&source, source_len) != 0)
		give_up("bind");
	if (connect(fds[i].fd, (struct sockaddr *)&server, server_len) != 0 && errno != EINPROGRESS)
		end_client(i, FAILED);
}

static void connected(unsigned i)
{
	const struct linger none = {1, 0};
	int error = 0;
	socklen_t len = sizeof(error);

	getsockopt(fds[i].fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error == ECONNRESET) {
		end_client(i, RESET);
	} else if (error != 0) {
		end_client(i, FAILED);
	} else if (abort_at_once) {
		setsockopt(fds[i].fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
		end_client(i, GONE);
	} else {
		clients[i].connected = true;
		fds[i].events = POLLIN;
		/* The error is told once: reading would find an orderly end after this. */
		if (!mute && send(fds[i].fd, LINE, LINE_SIZE, MSG_NOSIGNAL) < 0)
			end_client(i, errno == ECONNRESET || errno == EPIPE ? RESET : FAILED);
	}
}

static void readable(unsigned i)
{
	struct client *c = &clients[i];
	char buffer[4096];
	ssize_t n = recv(fds[i].fd, buffer, sizeof(buffer), 0);

	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			end_client(i, errno == ECONNRESET || errno == EPIPE ? RESET : FAILED);
		return;
	}
	if (n == 0) {
		end_client(i, CLOSED);
		return;
	}
	c->is_echo = c->is_echo && c->got + (size_t)n <= LINE_SIZE && memcmp(buffer, &LINE[c->got], (size_t)n) == 0;
	c->got += (size_t)n;
	if (c->is_echo && c->got == LINE_SIZE)
		end_client(i, SERVED);
}

static void look_at(unsigned i, uint64_t now_ns)
{
	if (fds[i].revents != 0 && !clients[i].connected)
		connected(i);
	else if (fds[i].revents != 0)
		readable(i);
	else if (now_ns >= clients[i].deadline_ns)
		end_client(i, clients[i].connected ? SILENT : FAILED);
}

static void run(uint64_t begin_ns)
{
	unsigned started = 0;

	while (started < count || open_count > 0) {
		uint64_t now_ns = clock_boot_ns();
		uint64_t due = rate == 0 ? count : 1 + (now_ns - begin_ns) * rate / CLOCK_NS_PER_S;

		while (started < count && started < due && open_count < parallel) {
			start_client();
			started++;
		}
		if (poll(fds, open_count, rate == 0 ? 20 : 1) < 0 && errno != EINTR)
			give_up("poll");
		now_ns = clock_boot_ns();
		/* From the end: an ended one's place is taken by the last. */
		for (unsigned i = open_count; i-- > 0;)
			look_at(i, now_ns);
	}
}

static socklen_t parse_address(const char *text, unsigned port, struct sockaddr_storage *ss)
{
	struct address a;

	errno = EINVAL;
	if (address_parse(&a, text) != 0)
		give_up(text);
	return address_to_sockaddr(&a, (uint16_t)port, ss);
}

static void parse_option(const char *arg)
{
	static const struct {
		const char *name;
		unsigned *value;
	} numbers[] = {{"count=", &count}, {"parallel=", &parallel}, {"rate=", &rate}, {"ms=", &wait_ms}};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		size_t len = strlen(numbers[i].name);

		if (strncmp(arg, numbers[i].name, len) == 0) {
			*numbers[i].value = (unsigned)atoi(arg + len);
			return;
		}
	}
	if (strncmp(arg, "from=", 5) == 0)
		source_len = parse_address(arg + 5, 0, &source);
	else if (strcmp(arg, "abort") == 0)
		abort_at_once = true;
	else if (strcmp(arg, "mute") == 0)
		mute = true;
	else
		give_up(arg);
}

int main(int argc, char **argv)
{
	struct rlimit limit = {PARALLEL_MAX + 64, PARALLEL_MAX + 64};
	uint64_t begin_ns;

	errno = EINVAL;
	if (argc < 3)
		give_up("ADDRESS PORT");
	server_len = parse_address(argv[1], (unsigned)atoi(argv[2]), &server);
	for (int i = 3; i < argc; i++)
		parse_option(argv[i]);
	if (parallel == 0 || parallel > PARALLEL_MAX)
		give_up("parallel");
	setrlimit(RLIMIT_NOFILE, &limit);
	begin_ns = clock_boot_ns();
	run(begin_ns);
	for (int i = 0; i < ENDINGS; i++)
		printf("%s=%lu ", ending_names[i], endings[i]);
	printf("bytes=%lu seconds=%.3f\n", stray_bytes, (double)(clock_boot_ns() - begin_ns) / 1e9);
	return 0;
}
