/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the helper does with grants that it was asked to write: needs root and a bpf file system, else it says so (77).
 */
#include "tests/unit/unit.h"

#include "libcore/error.h"
#include "qknockd/performer.h"
#include "qknockd/place.h"
#include "tests/unit/bpffs.h"
#include "tests/unit/grants.h"
#include "xt_knock/bpfsys.h"

#define SKIP 77

static char lines[4096];
static struct config *config;
static struct hooks *hooks;
static struct performer *performer;
static struct privop_context context;

static void collect(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	(void)level;
	strncat(lines, line, sizeof(lines) - strlen(lines) - 2);
	strcat(lines, "\n");
}

static const struct log logger = {collect, NULL, LOG_LEVEL_DEBUG};

static void no_start(void *arg, uint64_t job)
{
	(void)arg;
	(void)job;
}

static int set_up(void **state)
{
	char text[256];
	int len;

	if (set_up_base(state) != 0)
		return -1;
	lines[0] = '\0';
	len = snprintf(text, sizeof(text), "server_id = gw\ntable = unit\ngrants_dir = %s\nservice ssh { port = 22 }\n",
		       grants);
	context = (struct privop_context){.generation = 1};
	if (config_parse("TEST", text, (size_t)len, NULL, &config) != 0 || hooks_new(&logger, &hooks) != 0 ||
	    performer_new(hooks, no_start, NULL, &logger, &performer) != 0)
		return -1;
	context.config = config;
	return 0;
}

static int tear_down(void **state)
{
	performer_free(performer);
	hooks_free(hooks);
	config_free(config);
	return tear_down_base(state);
}

static struct privop_reply ask(enum privop op, uint32_t place, const struct grant *g)
{
	struct privop_request request = {.op = op, .place = place};
	struct privop_reply reply = {.rc = 0};
	struct store_grant grant = {.expires_wall_s = 0};

	if (g != NULL) {
		grant.grant = *g;
		privop_pack(&grant, &request.grant);
	}
	performer_do(performer, &context, &request, &reply);
	return reply;
}

static void open_place(uint32_t place)
{
	assert_int_equal(ask(PRIVOP_PLACE_SET, place, NULL).rc, 0);
	assert_int_equal(ask(PRIVOP_PLACE_OPEN, place, NULL).rc, 0);
}

static bool has_file(const struct grant *g)
{
	struct grant found;

	return grant_find(grants, g->service, &g->client, 0, &found) == 0 && found.id == g->id;
}

static bool has_entry(const struct grant *g)
{
	struct knock_key key = {.service = ""};
	struct knock_value value;
	int fd, rc;

	assert_int_equal(knockmap_open_existing("unit", &fd), 0);
	memcpy(key.service, g->service, sizeof(g->service));
	memcpy(key.address, g->client.b, sizeof(key.address));
	rc = bpfsys_map_lookup(fd, &key, &value);
	close(fd);
	return rc == 0 && value.id == g->id;
}

static void test_both_with_one_request(void **state)
{
	struct grant g = live_grant(1, "ssh", "192.0.2.1");
	struct privop_reply reply;

	(void)state;
	open_place(PRIVOP_DIRECTORY);
	open_place(PRIVOP_TABLE_PLACE);
	reply = ask(PRIVOP_PLACE_PUT_BOTH, 0, &g);
	assert_int_equal(reply.rc, 0);
	assert_int_equal(reply.put[PRIVOP_DIRECTORY], 0);
	assert_int_equal(reply.put[PRIVOP_TABLE_PLACE], 0);
	assert_true(has_file(&g));
	assert_true(has_entry(&g));
}

/* Neither half keeps the other one from being done. */
static void test_each_half_fails_alone(void **state)
{
	struct grant first = live_grant(2, "ssh", "192.0.2.2"), second = live_grant(3, "ssh", "192.0.2.3");
	struct privop_reply reply;

	(void)state;
	open_place(PRIVOP_DIRECTORY);
	open_place(PRIVOP_TABLE_PLACE);
	assert_int_equal(chmod(grants, 0777), 0);
	reply = ask(PRIVOP_PLACE_PUT_BOTH, 0, &first);
	assert_int_equal(reply.put[PRIVOP_DIRECTORY], QK_ERR_GRANT_DIR);
	assert_int_equal(reply.put[PRIVOP_TABLE_PLACE], 0);
	assert_true(has_entry(&first));
	assert_int_equal(chmod(grants, 0750), 0);
	assert_false(has_file(&first));
	assert_non_null(strstr(lines, "grants directory"));
	ask(PRIVOP_PLACE_CLOSE, PRIVOP_TABLE_PLACE, NULL);
	reply = ask(PRIVOP_PLACE_PUT_BOTH, 0, &second);
	assert_int_equal(reply.put[PRIVOP_DIRECTORY], 0);
	assert_int_equal(reply.put[PRIVOP_TABLE_PLACE], QK_ERR_DENIED);
	assert_true(has_file(&second));
	assert_false(has_entry(&second));
}

static int put(struct place *place, uint64_t id, const char *client)
{
	struct grant g = live_grant(id, "ssh", client);

	return place_put(place, &g, 0);
}

static int put_used(struct place *place, uint64_t id, const char *client)
{
	struct grant g = live_grant(id, "ssh", client);

	return place_put(place, &g, 1);
}

static int end(struct place *place, uint64_t id, const char *client, const char *service)
{
	struct grant g = live_grant(id, service, client);

	return place_remove(place, &g);
}

static struct place *open_directory(size_t max)
{
	struct place *place;

	assert_int_equal(place_new_directory(max, &logger, &place), 0);
	assert_int_equal(place_set(place, grants, NULL), 0);
	assert_int_equal(place_open(place), 0);
	return place;
}

static unsigned count_of(const char *text)
{
	unsigned count = 0;

	for (const char *at = lines; (at = strstr(at, text)) != NULL; at++)
		count++;
	return count;
}

/* Whatever is said to be removed: only a file that is gone makes room. */
static void test_no_more_files_than(void **state)
{
	struct place *place = open_directory(2);

	(void)state;
	assert_int_equal(put(place, 1, "192.0.2.1"), 0);
	assert_int_equal(put(place, 1, "192.0.2.1"), 0);
	assert_int_equal(put_used(place, 2, "192.0.2.1"), 0);
	assert_int_equal(put(place, 3, "192.0.2.3"), QK_ERR_FULL);
	assert_int_equal(put_used(place, 4, "192.0.2.1"), QK_ERR_FULL);
	assert_false(exists(grants, "ssh/192.0.2.3"));
	assert_int_equal(end(place, 1, "192.0.2.1", "web"), 0);
	assert_int_equal(end(place, 1, "192.0.2.9", "ssh"), 0);
	assert_int_equal(end(place, 9, "192.0.2.1", "ssh"), 0);
	assert_int_equal(put(place, 3, "192.0.2.3"), QK_ERR_FULL);
	assert_int_equal(count_of("no room for more grants"), 1);
	assert_int_equal(end(place, 1, "192.0.2.1", "ssh"), 0);
	assert_int_equal(put(place, 3, "192.0.2.3"), 0);
	place_free(place);
}

static int take_one(void *arg, const struct grant *g, uint64_t used)
{
	unsigned *count = arg;

	(void)g;
	(void)used;
	(*count)++;
	return 0;
}

/* What another process had written counts too, and closing forgets nothing. */
static void test_files_that_were_there_count(void **state)
{
	struct place *place = open_directory(2);
	unsigned count = 0;

	(void)state;
	assert_int_equal(put(place, 1, "192.0.2.1"), 0);
	assert_int_equal(put(place, 2, "192.0.2.2"), 0);
	place_free(place);
	place = open_directory(2);
	assert_int_equal(place_walk(place, take_one, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(place_set(place, grants, NULL), 0);
	assert_int_equal(place_open(place), 0);
	assert_int_equal(put(place, 3, "192.0.2.3"), QK_ERR_FULL);
	place_free(place);
}

/* One that could not be written takes no room. */
static void test_a_failed_write_takes_no_room(void **state)
{
	struct place *place = open_directory(1);

	(void)state;
	assert_int_equal(chmod(grants, 0777), 0);
	assert_int_equal(put(place, 1, "192.0.2.1"), QK_ERR_GRANT_DIR);
	assert_int_equal(chmod(grants, 0750), 0);
	assert_int_equal(put(place, 2, "192.0.2.2"), 0);
	place_free(place);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_both_with_one_request),	     TEST(test_each_half_fails_alone),
	    TEST(test_no_more_files_than),	     TEST(test_files_that_were_there_count),
	    TEST(test_a_failed_write_takes_no_room),
	};
	int fd, rc = bpffs_own() ? knockmap_open("unit", &fd) : QK_ERR_BPFFS;

	if (rc != 0) {
		printf("no kernel table here: %s\n", error_text(rc));
		return SKIP;
	}
	close(fd);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
