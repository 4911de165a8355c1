/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * capture_tool listen INTERFACE...		prints each knock, until SIGTERM; then the counters
 * capture_tool send INTERFACE KIND WORD	one frame, or for a tun device one packet, of the kind named in the
 * table capture_tool flood INTERFACE SECONDS RATE	strangers' SYNs at the knock ports, RATE a second
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "qknockd/capture.h"
#include "tests/unit/packets.h"

static const struct knock_shape shape = KNOCK_SHAPE_DEFAULT;

__attribute__((format(printf, 1, 2), noreturn)) static void die(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fprintf(stderr, ": %s\n", strerror(errno));
	exit(1);
}

/* --- listen --- */

static void print_log(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	printf("log %s %s\n", log_level_name(level), line);
}

static void print_knock(void *arg, const struct frame_knock *knock)
{
	char text[ADDRESS_TEXT_SIZE];
	struct timespec now;

	(void)arg;
	address_format(&knock->source, text);
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (knock->source.b[12] == 192) /* a stranger of the flood */
		return;
	printf("knock %s %s %u %08x at %lld.%09ld\n", knock->carrier == FRAME_SYN ? "syn" : "udp", text, knock->port,
	       knock->word, (long long)now.tv_sec, now.tv_nsec);
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static void print_counters(const struct capture *capture)
{
	struct capture_counters c;
	struct rusage usage;

	capture_counters(capture, &c);
	getrusage(RUSAGE_SELF, &usage);
	printf("counters seen=%" PRIu64 " other=%" PRIu64 " malformed=%" PRIu64 " dropped=%" PRIu64 "\n", c.seen,
	       c.other, c.malformed, c.dropped);
	printf("cpu user=%ld.%06ld system=%ld.%06ld\n", (long)usage.ru_utime.tv_sec, (long)usage.ru_utime.tv_usec,
	       (long)usage.ru_stime.tv_sec, (long)usage.ru_stime.tv_usec);
}

/* With -k the kernel's filter of expected packets, of which none is known: it passes all that could be knocks. */
static const struct expected_programs *open_programs(const char *option, const struct log *log)
{
	struct expected_set *set;

	if (strcmp(option, "-k") != 0)
		return NULL;
	if (expected_open(1, log, &set) != 0)
		die("no filter");
	expected_set_ports(set, shape.port_first, shape.port_last);
	return expected_get_programs(set);
}

static int listen_on(char **interfaces)
{
	struct log log = {print_log, NULL, LOG_LEVEL_DEBUG};
	const struct expected_programs *programs = open_programs(interfaces[0], &log);
	struct capture *capture;
	int signals = open_signals(), epoll = epoll_create1(EPOLL_CLOEXEC), n;
	struct epoll_event event = {.events = EPOLLIN}, events[2];
	time_t last = time(NULL);
	bool stop = false;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (capture_open(interfaces + (programs != NULL), &shape, programs, &log, &capture) != 0)
		return 1;
	event.data.fd = signals;
	epoll_ctl(epoll, EPOLL_CTL_ADD, signals, &event);
	event.data.fd = capture_fd(capture);
	epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event);
	puts("ready");
	while (!stop) {
		n = epoll_wait(epoll, events, 2, 200);
		for (int i = 0; i < n; i++) {
			stop |= events[i].data.fd == signals;
			if (events[i].data.fd != signals)
				capture_dispatch(capture, print_knock, NULL);
		}
		/* A daemon ticks once a second; the test is not that patient. */
		if (n == 0 || time(NULL) != last)
			capture_tick(capture);
		last = time(NULL);
	}
	capture_tick(capture);
	print_counters(capture);
	capture_close(capture);
	return 0;
}

/* --- send --- */

struct kind {
	const char *name;
	int v6;
	size_t udp;	      /* payload, 0: SYN */
	unsigned tags[2];     /* outermost first */
	size_t options;	      /* of IPv4 */
	unsigned extension;   /* of IPv6; 0 is hop-by-hop, 255 none */
	unsigned flags, port; /* of TCP; 0: those of a knock */
	unsigned cut;	      /* bytes that the sender leaves off */
};

#define NO 255

static const struct kind kinds[] = {
    {"syn4", 0, 0, {0, 0}, 0, NO, 0, 0, 0},
    {"syn6", 1, 0, {0, 0}, 0, NO, 0, 0, 0},
    {"udp4", 0, 20, {0, 0}, 0, NO, 0, 0, 0},
    {"udp6", 1, 36, {0, 0}, 0, NO, 0, 0, 0},
    {"options", 0, 0, {0, 0}, 12, NO, 0, 0, 0},
    {"vlan4", 0, 0, {0x8100, 0}, 0, NO, 0, 0, 0},
    {"vlan6", 1, 9, {0x8100, 0}, 0, NO, 0, 0, 0},
    {"svlan", 0, 0, {0x88a8, 0}, 0, NO, 0, 0, 0},
    {"oldqinq", 0, 0, {0x9100, 0}, 0, NO, 0, 0, 0},
    {"qinq4", 0, 0, {0x88a8, 0x8100}, 0, NO, 0, 0, 0},
    {"qinq6", 1, 4, {0x8100, 0x8100}, 0, NO, 0, 0, 0},
    {"qinq-options", 0, 5, {0x8100, 0x8100}, 8, NO, 0, 0, 0},
    {"oldqinq2", 0, 4, {0x9100, 0x8100}, 0, NO, 0, 0, 0},
    {"hopbyhop", 1, 0, {0, 0}, 0, 0, 0, 0, 0},
    {"routing", 1, 4, {0, 0}, 0, 43, 0, 0, 0},
    {"atomic", 1, 0, {0, 0}, 0, 44, 0, 0, 0},
    {"auth", 1, 0, {0, 0}, 0, 51, 0, 0, 0},
    {"destination", 1, 0, {0, 0}, 0, 60, 0, 0, 0},
    {"qinq-destination", 1, 0, {0x8100, 0x8100}, 0, 60, 0, 0, 0},
    {"ecn", 0, 0, {0, 0}, 0, NO, 0xc2, 0, 0},
    {"ack", 0, 0, {0, 0}, 0, NO, 0x10, 0, 0},
    {"synack", 1, 0, {0, 0}, 0, NO, 0x12, 0, 0},
    {"otherport", 0, 0, {0, 0}, 0, NO, 0, 80, 0},
    {"qinq-ack", 0, 0, {0x8100, 0x8100}, 0, NO, 0x10, 0, 0},
    {"long", 0, 37, {0, 0}, 0, NO, 0, 0, 0},
    {"truncated", 0, 0, {0, 0}, 0, NO, 0, 0, 4},
};

static const struct kind *find_kind(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	errno = EINVAL;
	die("%s", name);
}

static void build(struct frame *f, const struct kind *k, int link_type, uint32_t word)
{
	unsigned type = k->v6 ? 0x86dd : 0x0800, protocol = k->udp != 0 ? 17 : 6;

	frame_link(f, link_type, k->tags[0] != 0 ? k->tags[0] : type);
	if (k->tags[0] != 0)
		frame_vlan(f, k->tags[1] != 0 ? k->tags[1] : type);
	if (k->tags[1] != 0)
		frame_vlan(f, type);
	if (link_type == DLT_EN10MB)
		memcpy(f->b, "\xff\xff\xff\xff\xff\xff\x02\0\0\0\0\x01", 12);
	if (!k->v6)
		frame_ipv4(f, protocol, k->options);
	else
		frame_ipv6(f, k->extension != NO ? k->extension : protocol);
	if (k->v6 && k->extension != NO)
		frame_extension(f, k->extension, protocol, 8);
	if (k->udp != 0)
		frame_udp(f, k->udp);
	else
		frame_tcp(f, k->flags != 0 ? k->flags : 2, 20);
	if (k->port != 0)
		frame_u16(f, f->transport + 2, k->port);
	frame_u16(f, f->transport + (k->udp != 0 ? 8 : 4), word >> 16);
	frame_u16(f, f->transport + (k->udp != 0 ? 10 : 6), word & 0xffff);
	frame_close(f);
	f->n -= k->cut;
}

static int open_tun(const char *name)
{
	struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	strncpy(request.ifr_name, name, sizeof(request.ifr_name) - 1);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request) != 0)
		die("%s", name);
	return fd;
}

static int open_ethernet(const char *name)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(name)};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0 || to.sll_ifindex == 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		die("%s", name);
	return fd;
}

static int send_one(const char *interface, const char *kind, const char *word)
{
	bool tun = strncmp(interface, "tun", 3) == 0;
	int fd = tun ? open_tun(interface) : open_ethernet(interface);
	struct frame f;

	build(&f, find_kind(kind), tun ? DLT_RAW : DLT_EN10MB, (uint32_t)strtoul(word, NULL, 16));
	if (write(fd, f.b, f.n) != (ssize_t)f.n)
		die("write to %s", interface);
	close(fd);
	return 0;
}

static int flood(const char *interface, double seconds, unsigned rate)
{
	struct timespec start, now;
	int fd = open_ethernet(interface);
	struct frame f;
	unsigned sent = 0;
	double elapsed;

	build(&f, find_kind("syn4"), DLT_EN10MB, 0);
	f.b[f.ip + 12] = 192;
	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		clock_gettime(CLOCK_MONOTONIC, &now);
		elapsed = (double)(now.tv_sec - start.tv_sec) + (double)(now.tv_nsec - start.tv_nsec) / 1e9;
		for (; sent < elapsed * rate; sent++) {
			frame_u16(&f, f.transport + 4, sent >> 16);
			frame_u16(&f, f.transport + 6, sent & 0xffff);
			if (write(fd, f.b, f.n) < 0 && errno != ENOBUFS)
				die("write to %s", interface);
		}
		usleep(50);
	} while (elapsed < seconds);
	printf("sent %u\n", sent);
	close(fd);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc >= 3 && strcmp(argv[1], "listen") == 0)
		return listen_on(argv + 2);
	if (argc == 5 && strcmp(argv[1], "send") == 0)
		return send_one(argv[2], argv[3], argv[4]);
	if (argc == 5 && strcmp(argv[1], "flood") == 0)
		return flood(argv[2], strtod(argv[3], NULL), (unsigned)strtoul(argv[4], NULL, 10));
	fputs(
	    "usage: capture_tool listen [-k] INTERFACE... | send INTERFACE KIND WORD | flood INTERFACE SECONDS RATE\n",
	    stderr);
	return 2;
}
