/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The match program in the kernel, given packets that no network would deliver (BPF_PROG_TEST_RUN).
 * Needs root; without it this program says so (77).
 */
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libcore/address.h"
#include "libcore/clock.h"
#include "libcore/error.h"
#include "tests/unit/bpfrun.h"
#include "xt_knock/bpfsys.h"
#include "xt_knock/knock_bpf.h"
#include "xt_knock/knockprog.h"

#define SKIP 77
#define CLIENT4 "192.0.2.7"
#define CLIENT6 "2001:db8::7"
#define SYN 0x02
#define RST 0x04
#define ACK 0x10
#define FIN 0x01
#define ETHERNET 14

struct packet {
	uint8_t b[256];
	size_t len;
	size_t next; /* where the number of the next header goes */
};

static int map_fd;

static void start_v4(struct packet *p, const char *source, uint8_t protocol, size_t options)
{
	memset(p, 0, sizeof(*p));
	p->b[12] = 0x08;
	p->b[ETHERNET] = (uint8_t)(0x45 + options / 4);
	p->b[ETHERNET + 8] = 64;
	p->b[ETHERNET + 9] = protocol;
	assert_int_equal(inet_pton(AF_INET, source, p->b + ETHERNET + 12), 1);
	memset(p->b + ETHERNET + 20, 1, options);
	p->len = ETHERNET + 20 + options;
}

static void start_v6(struct packet *p, const char *source)
{
	memset(p, 0, sizeof(*p));
	p->b[12] = 0x86;
	p->b[13] = 0xdd;
	p->b[ETHERNET] = 0x60;
	assert_int_equal(inet_pton(AF_INET6, source, p->b + ETHERNET + 8), 1);
	p->next = ETHERNET + 6;
	p->len = ETHERNET + 40;
}

/* units: what the length field says. */
static void add_extension(struct packet *p, uint8_t number, uint8_t units, size_t len)
{
	p->b[p->next] = number;
	p->next = p->len;
	p->b[p->len + 1] = units;
	p->len += len;
}

static void add_transport(struct packet *p, uint8_t protocol, uint16_t source, uint8_t flags)
{
	if (p->next != 0)
		p->b[p->next] = protocol;
	p->b[p->len] = (uint8_t)(source >> 8);
	p->b[p->len + 1] = (uint8_t)source;
	p->b[p->len + 3] = 22;
	p->b[p->len + 13] = flags;
	p->len += protocol == 6 ? 20 : 8;
}

static struct packet tcp4(uint16_t source, uint8_t flags)
{
	struct packet p;

	start_v4(&p, CLIENT4, 6, 0);
	add_transport(&p, 6, source, flags);
	return p;
}

static int load(uint32_t flags, uint32_t max_age_s)
{
	struct knockoptions options;
	int fd;

	knockoptions_init(&options);
	strcpy(options.service, "ssh");
	options.flags = flags;
	options.max_age_s = max_age_s;
	assert_int_equal(knockprog_load(&options, map_fd, 0, false, &fd), 0);
	return fd;
}

static int run(int fd, const struct packet *p)
{
	int64_t rc = bpf_run(fd, p->b, p->len);

	assert_true(rc >= 0);
	return (int)rc;
}

static void put(const char *service, const char *client, int64_t age_s, int64_t left_s, uint32_t flags)
{
	uint64_t now = clock_boot_ns();
	struct knock_key key = {0};
	struct knock_value value = {.id = 1, .flags = flags};
	struct address address;

	strcpy(key.service, service);
	assert_int_equal(address_parse(&address, client), 0);
	memcpy(key.address, address.b, sizeof(key.address));
	value.granted_ns = now - (uint64_t)(age_s * (int64_t)CLOCK_NS_PER_S);
	value.expires_ns = now + (uint64_t)(left_s * (int64_t)CLOCK_NS_PER_S);
	assert_int_equal(bpfsys_map_update(map_fd, &key, &value), 0);
}

static int make_map(void **state)
{
	(void)state;
	map_fd = bpfsys_map_create("unit", sizeof(struct knock_key), sizeof(struct knock_value), 16);
	return map_fd < 0;
}

static int close_map(void **state)
{
	(void)state;
	return close(map_fd);
}

static void test_service_and_address_decide(void **state)
{
	int fd = load(0, 0);
	struct packet p = tcp4(1000, SYN);

	(void)state;
	assert_int_equal(run(fd, &p), 0);
	put("sshd", CLIENT4, 0, 100, 0);
	put("ss", CLIENT4, 0, 100, 0);
	put("ssh", "192.0.2.8", 0, 100, 0);
	put("ssh", CLIENT6, 0, 100, 0);
	assert_int_equal(run(fd, &p), 0);
	put("ssh", CLIENT4, 0, 100, 0);
	assert_int_equal(run(fd, &p), 1);
	start_v6(&p, "2001:db8::8");
	assert_int_equal(run(fd, &p), 0);
	start_v6(&p, CLIENT6);
	assert_int_equal(run(fd, &p), 1);
	close(fd);
}

static void test_invert_is_the_opposite(void **state)
{
	int fd = load(KNOCKOPTIONS_INVERT, 0);
	struct packet p = tcp4(1000, SYN);

	(void)state;
	assert_int_equal(run(fd, &p), 1);
	put("ssh", CLIENT4, 0, 100, 0);
	assert_int_equal(run(fd, &p), 0);
	p.b[ETHERNET] = 0x35; /* no version of IP */
	assert_int_equal(run(fd, &p), 1);
	close(fd);
}

static void test_time_decides(void **state)
{
	int plain = load(0, 0), aged = load(0, 10);
	struct packet p = tcp4(1000, SYN);

	(void)state;
	put("ssh", CLIENT4, 100, 0, 0);
	assert_int_equal(run(plain, &p), 0);
	put("ssh", CLIENT4, 100, 5, 0);
	assert_int_equal(run(plain, &p), 1);
	assert_int_equal(run(aged, &p), 0);
	put("ssh", CLIENT4, 11, 100, 0);
	assert_int_equal(run(aged, &p), 0);
	put("ssh", CLIENT4, 9, 100, 0);
	assert_int_equal(run(aged, &p), 1);
	put("ssh", CLIENT4, -5, 100, 0); /* granted in the future: another boot's */
	assert_int_equal(run(plain, &p), 0);
	assert_int_equal(run(aged, &p), 0);
	close(plain);
	close(aged);
}

static void test_a_mapped_address_is_no_ipv4_client(void **state)
{
	int fd = load(0, 0);
	struct packet p;

	(void)state;
	put("ssh", CLIENT4, 0, 100, 0);
	start_v6(&p, "::ffff:" CLIENT4);
	add_transport(&p, 6, 1000, SYN);
	assert_int_equal(run(fd, &p), 0);
	close(fd);
}

static void test_malformed_headers_match_nothing(void **state)
{
	int fd = load(0, 0);
	struct packet p = tcp4(1000, SYN);

	(void)state;
	put("ssh", CLIENT4, 0, 100, 0);
	p.b[ETHERNET] = 0x44; /* header of 16 bytes */
	assert_int_equal(run(fd, &p), 0);
	p.b[ETHERNET] = 0x55;
	assert_int_equal(run(fd, &p), 0);
	start_v6(&p, CLIENT6);
	put("ssh", CLIENT6, 0, 100, 0);
	p.b[13] = 0xb5; /* newer kernels refuse to run short packets that they take for IPv6 */
	assert_int_equal(run(fd, &p), 1);
	p.len -= 1;
	assert_int_equal(run(fd, &p), 0);
	close(fd);
}

static void test_only_a_syn_claims(void **state)
{
	static const uint8_t others[] = {0, ACK, RST, FIN, SYN | ACK, SYN | RST, SYN | FIN, FIN | ACK};
	int fd = load(KNOCKOPTIONS_SINGLE_USE, 0);
	struct packet p;

	(void)state;
	put("ssh", CLIENT4, 0, 100, 0);
	for (size_t i = 0; i < sizeof(others); i++) {
		p = tcp4(2000, others[i]);
		assert_int_equal(run(fd, &p), 0);
	}
	p = tcp4(1000, SYN | 0xc0); /* with ECN */
	assert_int_equal(run(fd, &p), 1);
	assert_int_equal(run(fd, &p), 1);
	for (size_t i = 0; i < sizeof(others); i++) {
		p = tcp4(1000, others[i]);
		assert_int_equal(run(fd, &p), 1);
	}
	p = tcp4(1001, SYN);
	assert_int_equal(run(fd, &p), 0);
	p.b[ETHERNET + 20] = 1000 >> 8;
	p.b[ETHERNET + 21] = 1000 & 0xff;
	p.b[ETHERNET + 23] = 23; /* same source port, other destination port */
	assert_int_equal(run(fd, &p), 0);
	close(fd);
}

static void test_claim_names_the_connection(void **state)
{
	int fd = load(KNOCKOPTIONS_SINGLE_USE, 0);
	struct knock_key key = {.service = "ssh"};
	struct knock_value value;
	struct address address;
	struct packet p;

	(void)state;
	put("ssh", CLIENT4, 0, 100, 0);
	start_v4(&p, CLIENT4, 17, 8);
	add_transport(&p, 17, 54321, 0);
	assert_int_equal(run(fd, &p), 1);
	assert_int_equal(address_parse(&address, CLIENT4), 0);
	memcpy(key.address, address.b, sizeof(key.address));
	assert_int_equal(bpfsys_map_lookup(map_fd, &key, &value), 0);
	assert_int_equal(value.used, KNOCK_USED(17, 54321, 22));
	p = tcp4(54321, SYN);
	assert_int_equal(run(fd, &p), 0);
	close(fd);
}

static void test_flag_of_the_grant_suffices(void **state)
{
	int fd = load(0, 0);
	struct packet p = tcp4(1000, SYN);

	(void)state;
	put("ssh", CLIENT4, 0, 100, KNOCK_GRANT_SINGLE_USE);
	assert_int_equal(run(fd, &p), 1);
	p = tcp4(1001, SYN);
	assert_int_equal(run(fd, &p), 0);
	close(fd);
}

#define ROUNDS 5000
#define START_NS 20000

/* Two processors, each with a connection of its own: they start each round at the same nanosecond, nearly. */
struct rival {
	int fd;
	struct packet packet;
	pthread_barrier_t *barrier;
	const uint64_t *start_ns;
	unsigned won;
};

static void *compete(void *arg)
{
	struct rival *r = arg;

	for (unsigned i = 0; i < ROUNDS; i++) {
		pthread_barrier_wait(r->barrier);
		while (clock_boot_ns() < *r->start_ns)
			;
		r->won += (unsigned)run(r->fd, &r->packet);
		pthread_barrier_wait(r->barrier);
	}
	return NULL;
}

static void test_one_of_two_processors_wins(void **state)
{
	int fd = load(KNOCKOPTIONS_SINGLE_USE, 0);
	pthread_barrier_t barrier;
	struct rival rivals[2];
	uint64_t start_ns = 0;
	pthread_t threads[2];

	(void)state;
	assert_int_equal(pthread_barrier_init(&barrier, NULL, 3), 0);
	for (unsigned i = 0; i < 2; i++) {
		rivals[i] = (struct rival){fd, tcp4((uint16_t)(1000 + i), SYN), &barrier, &start_ns, 0};
		assert_int_equal(pthread_create(&threads[i], NULL, compete, &rivals[i]), 0);
	}
	for (unsigned i = 0; i < ROUNDS; i++) {
		put("ssh", CLIENT4, 0, 100, 0);
		start_ns = clock_boot_ns() + START_NS;
		pthread_barrier_wait(&barrier);
		pthread_barrier_wait(&barrier);
	}
	for (unsigned i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&barrier);
	assert_int_equal(rivals[0].won + rivals[1].won, ROUNDS);
	close(fd);
}

/* Expired or too old: not granted, and not used up by the attempt either. */
static void test_the_dead_are_not_claimed(void **state)
{
	int aged = load(KNOCKOPTIONS_SINGLE_USE, 10), plain = load(KNOCKOPTIONS_SINGLE_USE, 0);
	struct packet p = tcp4(1000, SYN);

	(void)state;
	put("ssh", CLIENT4, 11, 100, 0);
	assert_int_equal(run(aged, &p), 0);
	p = tcp4(1001, SYN);
	assert_int_equal(run(plain, &p), 1);
	close(aged);
	close(plain);
}

static void test_what_has_no_ports_claims_nothing(void **state)
{
	int once = load(KNOCKOPTIONS_SINGLE_USE, 0), any = load(0, 0);
	struct packet p;

	(void)state;
	put("ssh", CLIENT4, 0, 100, 0);
	p = tcp4(1000, SYN);
	p.b[ETHERNET + 7] = 1; /* later fragment */
	assert_int_equal(run(once, &p), 0);
	assert_int_equal(run(any, &p), 1);
	p = tcp4(1000, SYN);
	p.b[ETHERNET + 6] = 0x10;
	assert_int_equal(run(once, &p), 0);
	start_v4(&p, CLIENT4, 1, 0);
	add_transport(&p, 17, 1000, 0);
	assert_int_equal(run(once, &p), 0);
	assert_int_equal(run(any, &p), 1);
	p = tcp4(1000, SYN);
	p.len -= 20 - 13; /* cut before the flags */
	assert_int_equal(run(once, &p), 0);
	p = tcp4(1000, SYN);
	p.b[ETHERNET + 6] = 0x60; /* first fragment, and DF */
	assert_int_equal(run(once, &p), 1);
	close(once);
	close(any);
}

static void expect_v6(int fd, const struct packet *p, int expected)
{
	put("ssh", CLIENT6, 0, 100, 0);
	assert_int_equal(run(fd, p), expected);
}

static void test_extension_headers_are_walked(void **state)
{
	int fd = load(KNOCKOPTIONS_SINGLE_USE, 0);
	struct packet p;

	(void)state;
	start_v6(&p, CLIENT6);
	add_extension(&p, 0, 0, 8);   /* hop by hop */
	add_extension(&p, 60, 1, 16); /* destination */
	add_extension(&p, 43, 2, 24); /* routing */
	add_extension(&p, 51, 4, 24); /* authentication counts otherwise */
	add_extension(&p, 44, 0, 8);  /* fragment */
	p.b[p.len - 5] = 1;	      /* the first of several */
	add_extension(&p, 135, 0, 8); /* mobility */
	add_transport(&p, 6, 1000, SYN);
	expect_v6(fd, &p, 1);
	p.b[p.len - 20 - 8 - 5] = 9; /* a later fragment */
	expect_v6(fd, &p, 0);
	p.b[p.len - 20 - 8 - 5] = 1;
	p.b[p.len - 20 - 8 - 6] = 1;
	expect_v6(fd, &p, 0);
	close(fd);
}

static void test_extension_headers_end_somewhere(void **state)
{
	int fd = load(KNOCKOPTIONS_SINGLE_USE, 0);
	struct packet p;

	(void)state;
	for (unsigned count = 7; count <= 9; count++) {
		start_v6(&p, CLIENT6);
		for (unsigned i = 0; i < count; i++)
			add_extension(&p, 60, 0, 8);
		add_transport(&p, 17, 1000, 0);
		expect_v6(fd, &p, count <= 8);
	}
	start_v6(&p, CLIENT6);
	add_extension(&p, 60, 255, 8); /* longer than the packet */
	add_transport(&p, 17, 1000, 0);
	expect_v6(fd, &p, 0);
	start_v6(&p, CLIENT6);
	add_extension(&p, 59, 0, 8); /* no next header */
	add_transport(&p, 17, 1000, 0);
	expect_v6(fd, &p, 0);
	start_v6(&p, CLIENT6);
	expect_v6(fd, &p, 0);
	close(fd);
}

static void test_names_tell_what_programs_are(void **state)
{
	struct knockprog_info info;
	struct knockoptions options;
	struct bpf_map_info map;
	int fd = load(0, 0);
	int other;
	static const struct bpf_insn nothing[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K}, {.code = BPF_JMP | BPF_EXIT}};

	(void)state;
	assert_int_equal(bpfsys_map_info(map_fd, &map), 0);
	assert_int_equal(knockprog_describe(fd, &info), 0);
	assert_int_equal(info.map_id, map.id);
	assert_int_equal(info.identity, 0);
	assert_true(info.is_current);
	assert_false(info.is_kept);
	close(fd);
	knockoptions_init(&options);
	strcpy(options.service, "ssh");
	assert_int_equal(knockprog_load(&options, map_fd, 0xfedcba98, true, &fd), 0);
	assert_int_equal(knockprog_describe(fd, &info), 0);
	assert_int_equal(info.identity, 0xfedcba98);
	assert_true(info.is_kept);
	close(fd);
	other = bpfsys_prog_load("kna0000fedcba9", nothing, 2);
	assert_true(other >= 0);
	assert_int_equal(knockprog_describe(other, &info), QK_ERR_NOT_FOUND);
	close(other);
}

#define match_test(f) cmocka_unit_test_setup_teardown(f, make_map, close_map)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    match_test(test_service_and_address_decide),
	    match_test(test_invert_is_the_opposite),
	    match_test(test_time_decides),
	    match_test(test_a_mapped_address_is_no_ipv4_client),
	    match_test(test_malformed_headers_match_nothing),
	    match_test(test_only_a_syn_claims),
	    match_test(test_claim_names_the_connection),
	    match_test(test_flag_of_the_grant_suffices),
	    match_test(test_one_of_two_processors_wins),
	    match_test(test_the_dead_are_not_claimed),
	    match_test(test_what_has_no_ports_claims_nothing),
	    match_test(test_extension_headers_are_walked),
	    match_test(test_extension_headers_end_somewhere),
	    match_test(test_names_tell_what_programs_are),
	};

	if (make_map(NULL) != 0) {
		fprintf(stderr, "the match program was not tested: loading it needs root\n");
		return SKIP;
	}
	close(map_fd);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
