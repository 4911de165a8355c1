/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <linux/if_packet.h>
#include <pcap/pcap.h>

#include "libcore/clock.h"
#include "libcore/error.h"
#include "qknockd/filter.h"

/* Link header with two tags, the longest IPv4 header and a TCP header are 102 bytes; the rest is room for IPv6
 * extension headers. Small slots make a long ring. */
#define SNAP_LENGTH 256
#define BUFFER_SIZE (4 * 1024 * 1024) /* some 10,000 packets */
#define DISPATCH_MAX 1024	      /* packets of one interface at a time, some 0.2 ms of work */

/*
 * Immediate mode hands a packet over within 0.1 ms, but wakes the daemon for each one: more than a microsecond a
 * packet, ten times what the packet itself costs. So that a flood does not get this for a present, above PACE_RATE the
 * daemon looks once a millisecond, which keeps the last packet of a knock well under the 2 ms that are the aim.
 * The ring's own time-out would do for neither: the kernel rounds it up to its tick, 4 ms where HZ is 250.
 */
#define PACE_NS UINT64_C(1000000)
#define PACE_WINDOW_NS (10 * PACE_NS)
#define PACE_PACKETS 100 /* within a window: 10,000 packets a second */

#define ANY "any"

enum link_state { LINK_CLOSED, LINK_DOWN, LINK_UP };

struct capture_link {
	struct capture *capture;
	char *name;
	pcap_t *pcap; /* NULL while closed */
	enum link_state state;
	bool reported; /* why it is closed was logged */
	bool plain;    /* the filter is the classic one */
	int type;
	unsigned index; /* 0: any */
	uint32_t drops; /* ps_drop as last read; it wraps around */
};

struct capture {
	const struct log *log;
	const struct expected_programs *programs;
	struct knock_shape shape;
	struct capture_counters counters;
	struct capture_link *links;
	size_t link_count;
	int epoll_fd;
	int timer_fd;
	bool sealed;
	bool paced;
	bool busy; /* in the last window */
	uint64_t window_start;
	unsigned window_packets;
	void (*each)(void *arg, const struct frame_knock *knock); /* of the dispatch that runs */
	void *arg;
};

static bool link_is_any(const struct capture_link *l)
{
	return strcmp(l->name, ANY) == 0;
}

static void link_read_drops(struct capture_link *l)
{
	struct pcap_stat stat;

	if (pcap_stats(l->pcap, &stat) != 0)
		return;
	l->capture->counters.dropped += (uint32_t)(stat.ps_drop - l->drops);
	l->drops = stat.ps_drop;
}

static void link_close(struct capture_link *l)
{
	if (l->pcap == NULL)
		return;
	link_read_drops(l);
	if (l->capture->sealed)
		epoll_ctl(l->capture->epoll_fd, EPOLL_CTL_DEL, pcap_fileno(l->pcap), NULL);
	else
		pcap_close(l->pcap); /* and with its last descriptor it leaves the epoll set */
	l->pcap = NULL;
	l->state = LINK_CLOSED;
}

/* One line, until the interface was open again. */
static int link_report(struct capture_link *l, const char *why)
{
	if (!l->reported)
		log_line(l->capture->log, LOG_LEVEL_WARNING, "capture: cannot listen interface=%s: %s",
			 l->name, why);
	l->reported = true;
	return QK_ERR_IO;
}

static void link_lost(struct capture_link *l, const char *why)
{
	log_line(l->capture->log, LOG_LEVEL_WARNING, "capture: lost, looking for it again interface=%s: %s", l->name,
		 why);
	l->reported = true;
	link_close(l);
}

/* Settings that only exist before activation. Each fails for a handle that is active alone. */
static void link_configure(pcap_t *pcap)
{
	pcap_set_snaplen(pcap, SNAP_LENGTH);
	pcap_set_promisc(pcap, 0);
	pcap_set_immediate_mode(pcap, 1);
	pcap_set_buffer_size(pcap, BUFFER_SIZE);
}

/* What this host sends is no knock at it. The socket option spares the kernel the filter for it; libpcap's direction
 * is what counts where there is no such option (before Linux 4.20), and for packets already in the ring. */
static void link_inbound(pcap_t *pcap)
{
	int on = 1;

	setsockopt(pcap_fileno(pcap), SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on));
	pcap_setdirection(pcap, PCAP_D_IN);
}

/* The programs of the expected packets take the place of the classic filter, if they can. */
static void link_attach(struct capture_link *l, pcap_t *pcap)
{
	int rc = QK_ERR_NOT_FOUND;

	if (l->capture->programs != NULL)
		rc = filter_attach(pcap, l->capture->programs);
	if (rc == QK_ERR_KERNEL)
		log_line(l->capture->log, LOG_LEVEL_WARNING,
			 "capture: the filter of expected packets is refused interface=%s: %s", l->name,
			 strerror(errno));
	l->plain = rc != 0;
}

/* Packets that came between activation and filter stay in the ring; libpcap filters those by itself. */
static int link_filter(struct capture_link *l, pcap_t *pcap)
{
	struct bpf_program program;
	int rc = filter_compile(pcap, &l->capture->shape, &program);

	if (rc != 0)
		return rc;
	rc = pcap_setfilter(pcap, &program);
	pcap_freecode(&program);
	if (rc != 0)
		return QK_ERR_IO;
	link_attach(l, pcap);
	return 0;
}

static int link_watch(const struct capture_link *l, pcap_t *pcap, int operation)
{
	/* Errors, that is an interface going down, are told in any case. */
	struct epoll_event event = {.events = l->capture->paced ? 0 : EPOLLIN};

	return epoll_ctl(l->capture->epoll_fd, operation, pcap_fileno(pcap), &event) == 0 ? 0 : QK_ERR_IO;
}

static const char *activation_error(pcap_t *pcap, int rc)
{
	const char *detail = pcap_geterr(pcap);

	return rc == PCAP_ERROR && detail[0] != '\0' ? detail : pcap_statustostr(rc);
}

static int link_open(struct capture_link *l)
{
	char reason[PCAP_ERRBUF_SIZE] = "";
	unsigned index = link_is_any(l) ? 0 : if_nametoindex(l->name);
	pcap_t *pcap;
	int rc;

	if (index == 0 && !link_is_any(l))
		return link_report(l, "no such interface");
	pcap = pcap_create(l->name, reason);
	if (pcap == NULL)
		return link_report(l, reason);
	link_configure(pcap);
	rc = pcap_activate(pcap);
	if (rc < 0) {
		link_report(l, activation_error(pcap, rc));
		goto fail;
	}
	l->type = pcap_datalink(pcap);
	if (!frame_link_supported(l->type)) {
		link_report(l, "its link type is not supported");
		goto fail;
	}
	fcntl(pcap_fileno(pcap), F_SETFD, FD_CLOEXEC);
	link_inbound(pcap);
	if (link_filter(l, pcap) != 0) {
		link_report(l, pcap_geterr(pcap));
		goto fail;
	}
	if (pcap_setnonblock(pcap, 1, reason) != 0 || link_watch(l, pcap, EPOLL_CTL_ADD) != 0) {
		link_report(l, reason[0] != '\0' ? reason : strerror(errno));
		goto fail;
	}
	l->pcap = pcap; /* transferred */
	l->index = index;
	l->drops = 0;
	l->state = LINK_UP;
	l->reported = false;
	log_line(l->capture->log, LOG_LEVEL_INFO, "capture: listening interface=%s link=%s filter=%s", l->name,
		 pcap_datalink_val_to_name(l->type), l->plain ? "plain" : "kernel");
	return 0;
fail:
	pcap_close(pcap);
	return QK_ERR_IO;
}

/* By the handle's own socket: a sealed capture can make no other. */
static unsigned link_index_now(const struct capture_link *l)
{
	struct ifreq request = {.ifr_flags = 0};

	strncpy(request.ifr_name, l->name, sizeof(request.ifr_name) - 1);
	return ioctl(pcap_fileno(l->pcap), SIOCGIFINDEX, &request) == 0 ? (unsigned)request.ifr_ifindex : 0;
}

static bool link_is_up(const struct capture_link *l)
{
	struct ifreq request = {.ifr_flags = 0};

	if (link_is_any(l))
		return true;
	strncpy(request.ifr_name, l->name, sizeof(request.ifr_name) - 1);
	return ioctl(pcap_fileno(l->pcap), SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP) != 0;
}

/* An interface that went down keeps its socket, which works again once it is up. One that was removed or renamed,
 * even if another has its name by now, does not have the index any more. */
static void link_check(struct capture_link *l)
{
	enum link_state state;

	if (!link_is_any(l) && link_index_now(l) != l->index) {
		link_lost(l, "it was removed or renamed");
		return;
	}
	link_read_drops(l);
	state = link_is_up(l) ? LINK_UP : LINK_DOWN;
	if (state != l->state)
		log_line(l->capture->log, LOG_LEVEL_WARNING, "capture: interface is %s interface=%s",
			 state == LINK_UP ? "up again" : "down", l->name);
	l->state = state;
}

static void on_frame(u_char *user, const struct pcap_pkthdr *header, const u_char *data)
{
	struct capture_link *l = (struct capture_link *)(void *)user;
	struct capture *c = l->capture;
	struct frame_knock knock;

	c->counters.seen++;
	switch (frame_parse(l->type, data, header->caplen, header->len, &c->shape, &knock)) {
	case FRAME_KNOCK:
		c->each(c->arg, &knock);
		break;
	case FRAME_OTHER:
		c->counters.other++;
		break;
	case FRAME_MALFORMED:
		c->counters.malformed++;
		break;
	}
}

static void set_paced(struct capture *c, bool paced)
{
	struct itimerspec spec = {{0, 0}, {0, 0}};

	if (c->paced == paced)
		return;
	c->paced = paced;
	if (paced)
		spec.it_value.tv_nsec = spec.it_interval.tv_nsec = (long)PACE_NS;
	timerfd_settime(c->timer_fd, 0, &spec, NULL);
	for (size_t i = 0; i < c->link_count; i++)
		if (c->links[i].pcap != NULL && link_watch(&c->links[i], c->links[i].pcap, EPOLL_CTL_MOD) != 0)
			link_lost(&c->links[i], strerror(errno));
}

static void clear_timer(struct capture *c)
{
	uint64_t expirations;

	/* One read takes all of them; none there is no fault. */
	if (read(c->timer_fd, &expirations, sizeof(expirations)) < 0)
		return;
}

/* Decides how to wait for the next packets; not for a timer while there are more already. */
static void pace(struct capture *c, unsigned handled, bool more)
{
	uint64_t now = clock_boot_ns();

	c->window_packets += handled;
	if (now - c->window_start >= PACE_WINDOW_NS) {
		c->busy = c->window_packets > PACE_PACKETS;
		c->window_packets = 0;
		c->window_start = now;
	}
	if (c->paced)
		clear_timer(c);
	set_paced(c, c->busy && !more);
}

void capture_dispatch(struct capture *capture, void (*each)(void *arg, const struct frame_knock *knock), void *arg)
{
	unsigned handled = 0;
	bool more = false;

	capture->each = each;
	capture->arg = arg;
	for (size_t i = 0; i < capture->link_count; i++) {
		struct capture_link *l = &capture->links[i];
		int n;

		if (l->pcap == NULL)
			continue;
		n = pcap_dispatch(l->pcap, DISPATCH_MAX, on_frame, (u_char *)l);
		if (n < 0)
			link_lost(l, pcap_geterr(l->pcap));
		else
			handled += (unsigned)n;
		more |= n == DISPATCH_MAX;
	}
	pace(capture, handled, more);
}

void capture_tick(struct capture *capture)
{
	for (size_t i = 0; i < capture->link_count; i++) {
		struct capture_link *l = &capture->links[i];

		if (l->pcap != NULL)
			link_check(l);
		if (l->pcap == NULL && !capture->sealed)
			link_open(l);
	}
}

void capture_seal(struct capture *capture)
{
	capture->sealed = true;
}

bool capture_is_open(const struct capture *capture)
{
	for (size_t i = 0; i < capture->link_count; i++)
		if (capture->links[i].pcap != NULL)
			return true;
	return false;
}

int capture_fd(const struct capture *capture)
{
	return capture->epoll_fd;
}

void capture_counters(const struct capture *capture, struct capture_counters *out)
{
	*out = capture->counters;
	for (size_t i = 0; i < capture->link_count; i++)
		out->plain += capture->links[i].pcap != NULL && capture->links[i].plain;
}

static int open_descriptors(struct capture *c)
{
	struct epoll_event event = {.events = EPOLLIN};

	c->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	c->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (c->epoll_fd < 0 || c->timer_fd < 0 || epoll_ctl(c->epoll_fd, EPOLL_CTL_ADD, c->timer_fd, &event) != 0) {
		log_line(c->log, LOG_LEVEL_ERROR, "capture: %s", strerror(errno));
		return QK_ERR_IO;
	}
	return 0;
}

static int add_links(struct capture *c, char *const *interfaces)
{
	size_t count = 0;

	while (interfaces[count] != NULL)
		count++;
	c->links = calloc(count, sizeof(*c->links));
	if (c->links == NULL)
		return QK_ERR_NOMEM;
	for (; c->link_count < count; c->link_count++) {
		c->links[c->link_count].capture = c;
		c->links[c->link_count].name = strdup(interfaces[c->link_count]);
		if (c->links[c->link_count].name == NULL)
			return QK_ERR_NOMEM;
	}
	return 0;
}

int capture_open(char *const *interfaces, const struct knock_shape *shape, const struct expected_programs *programs,
		 const struct log *log, struct capture **out)
{
	struct capture *c = calloc(1, sizeof(*c));
	size_t opened = 0;
	int rc;

	*out = NULL;
	if (c == NULL)
		return QK_ERR_NOMEM;
	c->log = log;
	c->shape = *shape;
	c->programs = programs;
	c->epoll_fd = c->timer_fd = -1;
	rc = add_links(c, interfaces);
	if (rc == 0)
		rc = open_descriptors(c);
	for (size_t i = 0; rc == 0 && i < c->link_count; i++)
		opened += link_open(&c->links[i]) == 0;
	if (rc == 0 && opened == 0)
		rc = QK_ERR_IO;
	if (rc != 0) {
		capture_close(c);
		return rc;
	}
	*out = c;
	return 0;
}

void capture_close(struct capture *capture)
{
	if (capture == NULL)
		return;
	for (size_t i = 0; i < capture->link_count; i++) {
		link_close(&capture->links[i]);
		free(capture->links[i].name);
	}
	free(capture->links);
	if (capture->timer_fd >= 0)
		close(capture->timer_fd);
	if (capture->epoll_fd >= 0)
		close(capture->epoll_fd);
	free(capture);
}
