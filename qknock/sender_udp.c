/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Carrier udp: datagrams of the word and 0 to 32 random bytes, each packet from a socket of its own. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcore/crypto.h"
#include "libcore/error.h"
#include "qknock/say.h"
#include "qknock/secret.h"
#include "qknock/sender.h"

#define WORD_SIZE 4
#define PADDING_MAX 32

struct sender_udp {
	struct sender base;
	const struct plan *plan;
	int fds[PLAN_PACKETS_MAX];
};

static int send_packet(struct sender *base, unsigned i)
{
	struct sender_udp *s = (struct sender_udp *)base;
	const struct peer *peer = s->plan->peer;
	uint32_t word = htonl(s->plan->packets[i].word);
	struct sockaddr_storage to = peer->sa;
	uint8_t bytes[WORD_SIZE + PADDING_MAX];
	uint64_t padding;
	int rc = crypto_random_below(PADDING_MAX + 1, &padding);

	if (rc == 0)
		rc = crypto_random(bytes + WORD_SIZE, PADDING_MAX);
	if (rc != 0)
		return rc;
	memcpy(bytes, &word, WORD_SIZE);
	peer_set_port(&to, s->plan->packets[i].port);
	if (sendto(s->fds[i], bytes, WORD_SIZE + padding, 0, (struct sockaddr *)&to, peer->sa_len) < 0)
		rc = QK_ERR_IO;
	int saved = errno;
	crypto_wipe(bytes, sizeof(bytes));
	crypto_wipe(&word, sizeof(word));
	errno = saved;
	return rc;
}

static void free_sender(struct sender *base)
{
	struct sender_udp *s = (struct sender_udp *)base;

	for (unsigned i = 0; i < PLAN_PACKETS_MAX; i++)
		if (s->fds[i] >= 0)
			close(s->fds[i]);
	secret_free(s, sizeof(*s));
}

static void explain_bind(const struct plan *plan, const struct address *source)
{
	char text[ADDRESS_TEXT_SIZE];
	int error = errno;

	address_format(source, text);
	if (error == EADDRNOTAVAIL && plan->width != 0)
		say_error("cannot send from %s: it is not this host's address; use --no-hop or --carrier syn", text);
	else
		say_error("cannot send from %s: %s", text, strerror(error));
}

/* Not connected: a server that answers with ICMP "port unreachable" would make the next send on it fail. */
static int open_socket(const struct plan *plan, unsigned i, int *fd)
{
	const struct address *source = plan_source(plan, i);

	*fd = socket(plan->peer->sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (*fd < 0) {
		say_error("socket: %s", strerror(errno));
		return QK_ERR_IO;
	}
	if (peer_bind(plan->peer, source, *fd) != 0) {
		explain_bind(plan, source);
		return QK_ERR_ADDRESS;
	}
	return 0;
}

int sender_udp_new(const struct plan *plan, struct sender **out)
{
	struct sender_udp *s = secret_alloc(sizeof(*s));
	int rc = 0;

	*out = NULL;
	if (s == NULL) {
		say_error("%s", error_text(QK_ERR_NOMEM));
		return QK_ERR_NOMEM;
	}
	s->base = (struct sender){.send = send_packet, .free = free_sender};
	s->plan = plan;
	memset(s->fds, 0xff, sizeof(s->fds)); /* -1 */
	for (unsigned i = 0; rc == 0 && i < plan->count; i++)
		rc = open_socket(plan, i, &s->fds[i]);
	if (rc != 0)
		free_sender(&s->base);
	else
		*out = &s->base;
	return rc;
}
