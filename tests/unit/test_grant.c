/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include <pthread.h>
#include <sys/wait.h>

#include "libcore/error.h"
#include "libcore/grant.h"
#include "tests/unit/grants.h"

#define BOOT "5f0c6c1e-0d3a-4c55-8a8f-0123456789ab"

static const char sample[] = "qknock-grant 1\n"
			     "id 0123456789abcdef\n"
			     "user alice\n"
			     "service ssh\n"
			     "address 203.0.113.7\n"
			     "granted 123456789012\n"
			     "expires 153456789012\n"
			     "boot " BOOT "\n"
			     "single-use yes\n";

static struct address address_of(const char *text)
{
	struct address a;

	assert_int_equal(address_parse(&a, text), 0);
	return a;
}

static void path_of(char path[256], const char *service, const char *name)
{
	snprintf(path, 256, "%s/%s/%s", grants, service, name);
}

/* Puts g where readers look, as the writer would, under the name of its client. */
static void put(const struct grant *g)
{
	char text[GRANT_TEXT_SIZE], temporary[256], path[256], client[ADDRESS_TEXT_SIZE];
	int len = grant_format(g, text, sizeof(text));

	assert_true(len > 0);
	mkdir(grants, 0750);
	path_of(path, g->service, "");
	mkdir(path, 0750);
	path_of(temporary, g->service, ".tmp");
	write_file(temporary, text, (size_t)len);
	address_format(&g->client, client);
	path_of(path, g->service, client);
	assert_int_equal(rename(temporary, path), 0);
}

static void test_text_round_trips(void **state)
{
	char text[GRANT_TEXT_SIZE];
	struct grant g;

	(void)state;
	assert_int_equal(grant_parse(&g, sample, strlen(sample)), 0);
	assert_true(g.id == UINT64_C(0x0123456789abcdef));
	assert_string_equal(g.user, "alice");
	assert_string_equal(g.service, "ssh");
	assert_true(g.granted_ns == 123456789012 && g.expires_ns == 153456789012);
	assert_string_equal(g.boot_id, BOOT);
	assert_true(g.single_use);
	assert_int_equal(grant_format(&g, text, sizeof(text)), (int)strlen(sample));
	assert_string_equal(text, sample);
	assert_int_equal(grant_format(&g, text, strlen(sample) + 1), (int)strlen(sample));
	assert_int_equal(grant_format(&g, text, strlen(sample)), QK_ERR_SPACE);
}

static void test_logins_are_a_line_of_their_own(void **state)
{
	static const char *const bad[] = {" root", "root ", "root  backup", "-rf",
					  "a:b",   "a/b",   "root\tbackup", "r\x80t"};
	char text[GRANT_TEXT_SIZE];
	struct grant g, back;
	int len;

	(void)state;
	assert_int_equal(grant_parse(&g, sample, strlen(sample)), 0);
	snprintf(g.logins, sizeof(g.logins), "root EXAMPLE\\\\adm.smith www-data");
	len = grant_format(&g, text, sizeof(text));
	assert_true(len > 0 && strstr(text, "user alice\nlogins root EXAMPLE\\\\adm.smith www-data\nservice") != NULL);
	assert_int_equal(grant_parse(&back, text, (size_t)len), 0);
	assert_memory_equal(&back, &g, sizeof(g));
	assert_true(grant_is_for(&g, "alice") && grant_is_for(&g, "www-data"));
	assert_false(grant_is_for(&g, "www") || grant_is_for(&g, "") || grant_is_for(&g, "data"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(g.logins, sizeof(g.logins), "%s", bad[i]);
		assert_int_equal(grant_format(&g, text, sizeof(text)), QK_ERR_GRANT_FORMAT);
	}
}

static void test_longest_text_fits(void **state)
{
	struct grant g = {.id = UINT64_MAX, .granted_ns = UINT64_MAX - 1, .expires_ns = UINT64_MAX};
	char text[GRANT_TEXT_SIZE];
	struct grant back;
	int len;

	(void)state;
	memset(g.user, 'u', USER_ID_MAX);
	memset(g.logins, 'l', LOGINS_SIZE - 1);
	for (size_t i = 60; i < LOGINS_SIZE - 1; i += 61)
		g.logins[i] = ' ';
	memset(g.service, 's', SERVICE_NAME_MAX);
	memset(g.client.b, 0xff, sizeof(g.client.b));
	strcpy(g.boot_id, BOOT);
	len = grant_format(&g, text, sizeof(text));
	assert_true(len > 0);
	assert_int_equal(grant_parse(&back, text, (size_t)len), 0);
	assert_memory_equal(&back, &g, sizeof(g));
}

static void expect_malformed(const char *text, size_t len)
{
	static const struct grant zero;
	struct grant g;

	memset(&g, 0xff, sizeof(g));
	assert_int_equal(grant_parse(&g, text, len), QK_ERR_GRANT_FORMAT);
	assert_memory_equal(&g, &zero, sizeof(g));
}

/* Every prefix, and every single byte changed to one that is close by or special. */
static void test_any_other_text_is_malformed(void **state)
{
	static const char others[] = {'\0', '\n', ' ', '-', 'A', '/', (char)0xff};
	char text[sizeof(sample) + 1];
	size_t len = strlen(sample);

	(void)state;
	for (size_t i = 0; i < len; i++)
		expect_malformed(sample, i);
	for (size_t i = 0; i < len; i++) {
		for (size_t k = 0; k < sizeof(others); k++) {
			memcpy(text, sample, sizeof(sample));
			if (text[i] == others[k])
				continue;
			text[i] = others[k];
			if (others[k] == '-' && i >= strlen("qknock-grant 1\nid 0123456789abcdef\nuser ") + 1 &&
			    i < (size_t)(strstr(sample, "\naddress") - sample))
				continue; /* a user or service of that name may well be */
			expect_malformed(text, len);
		}
	}
	memcpy(text, sample, sizeof(sample));
	expect_malformed(text, len + 1); /* the NUL */
	text[len] = '\n';
	expect_malformed(text, len + 1);
}

static void replace(char *out, size_t size, const char *from, const char *to)
{
	const char *at = strstr(sample, from);

	assert_non_null(at);
	snprintf(out, size, "%.*s%s%s", (int)(at - sample), sample, to, at + strlen(from));
}

static void test_values_out_of_range_are_malformed(void **state)
{
	static const char *const cases[][2] = {
	    {"0123456789abcdef", "0000000000000000"},
	    {"0123456789abcdef", "123456789abcdef"},
	    {"0123456789abcdef", "00123456789abcdef"},
	    {"0123456789abcdef", "0123456789ABCDEF"},
	    {"0123456789abcdef", "ffffffffffffffffff"},
	    {"alice", "9alice"},
	    {"alice", "alice "},
	    {"alice", "abcdefghijklmnopqrstuvwxyzabcdefg"},
	    {"ssh", ""},
	    {"ssh", "../ssh"},
	    {"ssh", "abcdefghijklmnop"},
	    {"203.0.113.7", "203.0.113.07"},
	    {"203.0.113.7", "::ffff:203.0.113.7"},
	    {"203.0.113.7", "2001:DB8::1"},
	    {"203.0.113.7", "example.net"},
	    {"123456789012", "0123456789012"},
	    {"123456789012", "-1"},
	    {"123456789012", "+123456789012"},
	    {"granted 123456789012", "granted 153456789012"},
	    {"153456789012", "99999999999999999999999999"},
	    {"single-use yes", "single-use YES"},
	    {"single-use yes", "single-use maybe"},
	    {"single-use yes\n", "single-use yes\nsingle-use yes\n"},
	    {"grant 1", "grant 2"},
	    {"user alice\nservice ssh\n", "service ssh\nuser alice\n"},
	    {"\n", "\r\n"},
	};
	char text[GRANT_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		replace(text, sizeof(text), cases[i][0], cases[i][1]);
		expect_malformed(text, strlen(text));
	}
	replace(text, sizeof(text), "203.0.113.7", "2001:db8::1");
	struct grant g;
	assert_int_equal(grant_parse(&g, text, strlen(text)), 0);
}

static void test_formatting_refuses_what_parsing_would(void **state)
{
	char text[GRANT_TEXT_SIZE];
	struct grant good, g;

	(void)state;
	assert_int_equal(grant_parse(&good, sample, strlen(sample)), 0);
	g = good;
	g.id = 0;
	assert_int_equal(grant_format(&g, text, sizeof(text)), QK_ERR_GRANT_FORMAT);
	g = good;
	strcpy(g.user, "a\nb");
	assert_int_equal(grant_format(&g, text, sizeof(text)), QK_ERR_GRANT_FORMAT);
	g = good;
	strcpy(g.service, "a/b");
	assert_int_equal(grant_format(&g, text, sizeof(text)), QK_ERR_GRANT_FORMAT);
	g = good;
	g.expires_ns = g.granted_ns;
	assert_int_equal(grant_format(&g, text, sizeof(text)), QK_ERR_GRANT_FORMAT);
	g = good;
	g.boot_id[35] = '\0';
	assert_int_equal(grant_format(&g, text, sizeof(text)), QK_ERR_GRANT_FORMAT);
}

static void test_life_ends_to_the_nanosecond(void **state)
{
	const uint64_t s = CLOCK_NS_PER_S;
	struct grant g = {.granted_ns = 100 * s, .expires_ns = 130 * s, .boot_id = BOOT};

	(void)state;
	assert_int_equal(grant_check(&g, 100 * s, BOOT, 0), 0);
	assert_int_equal(grant_check(&g, 130 * s - 1, BOOT, 0), 0);
	assert_int_equal(grant_check(&g, 130 * s, BOOT, 0), QK_ERR_GRANT_EXPIRED);
	assert_int_equal(grant_check(&g, 100 * s - 1, BOOT, 0), QK_ERR_GRANT_EXPIRED);
	assert_int_equal(grant_check(&g, 110 * s, "", 0), QK_ERR_GRANT_EXPIRED);
	assert_int_equal(grant_check(&g, 110 * s, "6f0c6c1e-0d3a-4c55-8a8f-0123456789ab", 0), QK_ERR_GRANT_EXPIRED);
	assert_int_equal(grant_check(&g, 110 * s, BOOT, 10), 0);
	assert_int_equal(grant_check(&g, 110 * s + 1, BOOT, 10), QK_ERR_GRANT_AGE);
	assert_int_equal(grant_check(&g, 110 * s, BOOT, UINT32_MAX), 0);
	assert_int_equal(grant_check(&g, 130 * s, BOOT, 10), QK_ERR_GRANT_EXPIRED);
}

static int find(const char *service, const char *client, uint32_t max_age_s)
{
	static const struct grant zero;
	struct address a = address_of(client);
	struct grant g;
	int rc;

	memset(&g, 0xff, sizeof(g));
	rc = grant_find(grants, service, &a, max_age_s, &g);
	if (rc == 0)
		assert_true(address_equal(&g.client, &a) && strcmp(g.service, service) == 0);
	else
		assert_memory_equal(&g, &zero, sizeof(g));
	return rc;
}

static void test_find_gives_the_live_grant(void **state)
{
	struct grant g = live_grant(7, "ssh", "203.0.113.7");
	struct grant other = live_grant(8, "ssh", "2001:db8::1");

	(void)state;
	put(&g);
	put(&other);
	assert_int_equal(find("ssh", "203.0.113.7", 0), 0);
	assert_int_equal(find("ssh", "::ffff:203.0.113.7", 0), 0);
	assert_int_equal(find("ssh", "2001:db8::1", 0), 0);
	assert_int_equal(find("ssh", "203.0.113.8", 0), QK_ERR_GRANT_NONE);
	assert_int_equal(find("web", "203.0.113.7", 0), QK_ERR_GRANT_NONE);
	assert_int_equal(find("../ssh", "203.0.113.7", 0), QK_ERR_SERVICE_NAME);
	assert_int_equal(find("ssh", "203.0.113.7", 30), 0);
	g.granted_ns -= 30 * CLOCK_NS_PER_S;
	put(&g);
	assert_int_equal(find("ssh", "203.0.113.7", 30), QK_ERR_GRANT_AGE);
	g.expires_ns = clock_boot_ns();
	put(&g);
	assert_int_equal(find("ssh", "203.0.113.7", 0), QK_ERR_GRANT_EXPIRED);
	g.expires_ns = clock_boot_ns() + 60 * CLOCK_NS_PER_S;
	g.boot_id[0] = g.boot_id[0] == '0' ? '1' : '0';
	put(&g);
	assert_int_equal(find("ssh", "203.0.113.7", 0), QK_ERR_GRANT_EXPIRED);
}

static void test_unsafe_directories_are_refused(void **state)
{
	struct grant g = live_grant(7, "ssh", "203.0.113.7");
	char service[256], real[256];

	(void)state;
	assert_int_equal(find("ssh", "203.0.113.7", 0), QK_ERR_GRANT_DIR);
	put(&g);
	path_of(service, "ssh", "");
	service[strlen(service) - 1] = '\0';
	assert_int_equal(chmod(grants, 0770), 0);
	assert_int_equal(find("ssh", "203.0.113.7", 0), QK_ERR_GRANT_DIR);
	assert_int_equal(chmod(grants, 01757), 0);
	assert_int_equal(find("ssh", "203.0.113.7", 0), QK_ERR_GRANT_DIR);
	assert_int_equal(chmod(grants, 0750), 0);
	assert_int_equal(chmod(service, 0770), 0);
	assert_int_equal(find("ssh", "203.0.113.7", 0), QK_ERR_GRANT_DIR);
	assert_int_equal(chmod(service, 0750), 0);
	assert_int_equal(find("ssh", "203.0.113.7", 0), 0);

	snprintf(real, sizeof(real), "%s/real", base);
	assert_int_equal(rename(service, real), 0);
	assert_int_equal(symlink(real, service), 0);
	assert_int_equal(find("ssh", "203.0.113.7", 0), QK_ERR_GRANT_DIR);
	assert_int_equal(unlink(service), 0);
	write_file(service, "", 0);
	assert_int_equal(find("ssh", "203.0.113.7", 0), QK_ERR_GRANT_DIR);
	assert_int_equal(unlink(service), 0);
	assert_int_equal(rename(real, service), 0);

	assert_int_equal(rename(grants, real), 0);
	assert_int_equal(symlink(real, grants), 0);
	assert_int_equal(find("ssh", "203.0.113.7", 0), QK_ERR_GRANT_DIR);
	strcat(grants, "/");
	assert_int_equal(find("ssh", "203.0.113.7", 0), QK_ERR_GRANT_DIR);
}

static void test_a_stranger_s_directory_is_refused(void **state)
{
	struct grant g = live_grant(7, "ssh", "203.0.113.7");
	char path[256];

	(void)state;
	if (geteuid() != 0)
		skip(); /* only root can give files away */
	put(&g);
	path_of(path, "ssh", "203.0.113.7");
	assert_int_equal(chown(path, 65534, (gid_t)-1), 0);
	assert_int_equal(find("ssh", "203.0.113.7", 0), QK_ERR_GRANT_FORMAT);
	assert_int_equal(chown(path, 0, (gid_t)-1), 0);
	path_of(path, "ssh", "");
	assert_int_equal(chown(path, 65534, (gid_t)-1), 0);
	assert_int_equal(find("ssh", "203.0.113.7", 0), QK_ERR_GRANT_DIR);
	assert_int_equal(chown(path, 0, (gid_t)-1), 0);
	assert_int_equal(chown(grants, 65534, (gid_t)-1), 0);
	assert_int_equal(find("ssh", "203.0.113.7", 0), QK_ERR_GRANT_DIR);
	assert_int_equal(chown(grants, 0, (gid_t)-1), 0);
	assert_int_equal(find("ssh", "203.0.113.7", 0), 0);
}

static void test_unsafe_files_are_refused(void **state)
{
	struct grant g = live_grant(7, "ssh", "203.0.113.7");
	char path[256], other[256], big[4096];

	(void)state;
	put(&g);
	path_of(path, "ssh", "203.0.113.7");
	path_of(other, "ssh", "203.0.113.8");
	assert_int_equal(chmod(path, 0660), 0);
	assert_int_equal(find("ssh", "203.0.113.7", 0), QK_ERR_GRANT_FORMAT);
	assert_int_equal(chmod(path, 0640), 0);
	/* A grant for one address under the name of another. */
	assert_int_equal(link(path, other), 0);
	assert_int_equal(find("ssh", "203.0.113.8", 0), QK_ERR_GRANT_FORMAT);
	assert_int_equal(unlink(other), 0);
	assert_int_equal(rename(path, other), 0);
	assert_int_equal(symlink(other, path), 0);
	assert_int_equal(find("ssh", "203.0.113.7", 0), QK_ERR_GRANT_FORMAT);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0640), 0);
	assert_int_equal(find("ssh", "203.0.113.7", 0), QK_ERR_GRANT_FORMAT);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0750), 0);
	assert_int_equal(find("ssh", "203.0.113.7", 0), QK_ERR_GRANT_FORMAT);
	assert_int_equal(rmdir(path), 0);
	memset(big, '\n', sizeof(big));
	write_file(path, big, sizeof(big));
	assert_int_equal(find("ssh", "203.0.113.7", 0), QK_ERR_GRANT_FORMAT);
	write_file(path, "", 0);
	assert_int_equal(find("ssh", "203.0.113.7", 0), QK_ERR_GRANT_FORMAT);
}

/* A grant of another service, put into this one's directory. */
static void test_a_grant_of_another_service_is_refused(void **state)
{
	struct grant g = live_grant(7, "web", "203.0.113.7");
	struct grant mine = live_grant(8, "ssh", "203.0.113.9");
	char from[256], to[256];

	(void)state;
	put(&g);
	put(&mine);
	path_of(from, "web", "203.0.113.7");
	path_of(to, "ssh", "203.0.113.7");
	assert_int_equal(rename(from, to), 0);
	assert_int_equal(find("ssh", "203.0.113.7", 0), QK_ERR_GRANT_FORMAT);
}

static void test_a_claim_leaves_a_marker(void **state)
{
	struct grant g = live_grant(0xabc, "ssh", "203.0.113.7");
	struct grant got;
	char service[256];

	(void)state;
	path_of(service, "ssh", "");
	put(&g);
	assert_int_equal(grant_claim(grants, "ssh", &g.client, 0, &got), 0);
	assert_memory_equal(&got, &g, sizeof(g));
	assert_true(exists(service, ".used.0000000000000abc"));
	assert_false(exists(service, "203.0.113.7"));
	assert_int_equal(grant_claim(grants, "ssh", &g.client, 0, &got), QK_ERR_GRANT_NONE);
	assert_int_equal(find("ssh", "203.0.113.7", 0), QK_ERR_GRANT_NONE);
	/* The same grant written again is still used; a new one is not. */
	put(&g);
	assert_int_equal(grant_claim(grants, "ssh", &g.client, 0, &got), QK_ERR_GRANT_USED);
	g.id = 0xabd;
	put(&g);
	assert_int_equal(grant_claim(grants, "ssh", &g.client, 0, &got), 0);
	assert_true(got.id == 0xabd);
}

static void test_what_is_not_live_is_not_claimed(void **state)
{
	struct grant g = live_grant(7, "ssh", "203.0.113.7");
	struct grant got;
	char service[256];

	(void)state;
	path_of(service, "ssh", "");
	g.granted_ns -= 100 * CLOCK_NS_PER_S;
	put(&g);
	assert_int_equal(grant_claim(grants, "ssh", &g.client, 60, &got), QK_ERR_GRANT_AGE);
	assert_true(exists(service, "203.0.113.7"));
	g.expires_ns = clock_boot_ns();
	put(&g);
	assert_int_equal(grant_claim(grants, "ssh", &g.client, 0, &got), QK_ERR_GRANT_EXPIRED);
	assert_true(exists(service, "203.0.113.7"));
}

#define CLAIMERS 200

/* Children wait at a pipe, so that they claim at once; each exits with 0 if it won. */
static unsigned winners_of_parallel_claims(const struct address *client)
{
	unsigned winners = 0;
	int gate[2];
	int status;

	assert_int_equal(pipe(gate), 0);
	for (int i = 0; i < CLAIMERS; i++) {
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0) {
			struct grant got;
			char c;

			close(gate[1]);
			if (read(gate[0], &c, 1) != 0)
				_exit(2);
			int rc = grant_claim(grants, "ssh", client, 0, &got);
			_exit(rc == 0 ? 0 : rc == QK_ERR_GRANT_USED || rc == QK_ERR_GRANT_NONE ? 1 : 2);
		}
	}
	close(gate[0]);
	close(gate[1]);
	for (int i = 0; i < CLAIMERS; i++) {
		assert_true(wait(&status) > 0);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 2);
		winners += WEXITSTATUS(status) == 0;
	}
	return winners;
}

static void test_one_of_200_wins(void **state)
{
	struct grant g = live_grant(1, "ssh", "203.0.113.7");

	(void)state;
	for (g.id = 1; g.id <= 5; g.id++) {
		put(&g);
		assert_int_equal(winners_of_parallel_claims(&g.client), 1);
	}
}

struct claimer {
	pthread_t thread;
	struct address client;
	unsigned char *won; /* one element a grant id */
	bool *stop;
};

static void *claim_all_the_time(void *arg)
{
	struct claimer *claimer = arg;
	struct grant got;

	while (!__atomic_load_n(claimer->stop, __ATOMIC_ACQUIRE))
		if (grant_claim(grants, "ssh", &claimer->client, 0, &got) == 0)
			__atomic_fetch_add(&claimer->won[got.id], 1, __ATOMIC_RELAXED);
	return NULL;
}

#define REPLACEMENTS 3000

/* The writer replaces grants while others claim: whatever is taken is taken once, and its marker tells. */
static void test_claims_while_grants_are_replaced(void **state)
{
	static unsigned char won[REPLACEMENTS + 1];
	struct grant g = live_grant(1, "ssh", "203.0.113.7");
	struct claimer claimers[4];
	char service[256], marker[GRANT_MARKER_SIZE];
	unsigned taken = 0;
	bool stop = false;

	(void)state;
	memset(won, 0, sizeof(won));
	path_of(service, "ssh", "");
	put(&g);
	for (int i = 0; i < 4; i++) {
		claimers[i] = (struct claimer){.client = g.client, .won = won, .stop = &stop};
		assert_int_equal(pthread_create(&claimers[i].thread, NULL, claim_all_the_time, &claimers[i]), 0);
	}
	for (g.id = 2; g.id <= REPLACEMENTS; g.id++) {
		put(&g);
		if (g.id % 4 == 0)
			put(&g); /* the same once more */
	}
	usleep(20000);
	__atomic_store_n(&stop, true, __ATOMIC_RELEASE);
	for (int i = 0; i < 4; i++)
		pthread_join(claimers[i].thread, NULL);
	for (uint64_t id = 1; id <= REPLACEMENTS; id++) {
		grant_marker_name(id, marker);
		assert_in_range(won[id], 0, 1);
		assert_int_equal(won[id], exists(service, marker));
		taken += won[id];
	}
	assert_true(taken > 0);
}

int main(void)
{
#define WITH_BASE(test) cmocka_unit_test_setup_teardown(test, set_up_base, tear_down_base)
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_text_round_trips),
	    cmocka_unit_test(test_logins_are_a_line_of_their_own),
	    cmocka_unit_test(test_longest_text_fits),
	    cmocka_unit_test(test_any_other_text_is_malformed),
	    cmocka_unit_test(test_values_out_of_range_are_malformed),
	    cmocka_unit_test(test_formatting_refuses_what_parsing_would),
	    cmocka_unit_test(test_life_ends_to_the_nanosecond),
	    WITH_BASE(test_find_gives_the_live_grant),
	    WITH_BASE(test_unsafe_directories_are_refused),
	    WITH_BASE(test_a_stranger_s_directory_is_refused),
	    WITH_BASE(test_unsafe_files_are_refused),
	    WITH_BASE(test_a_grant_of_another_service_is_refused),
	    WITH_BASE(test_a_claim_leaves_a_marker),
	    WITH_BASE(test_what_is_not_live_is_not_claimed),
	    WITH_BASE(test_one_of_200_wins),
	    WITH_BASE(test_claims_while_grants_are_replaced),
	};

	cmocka_set_skip_filter(getenv("QKNOCK_TEST_LEAVE_OUT")); /* tests/valgrind.sh */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
