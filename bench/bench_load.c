/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the verifier takes when there is much of everything: pending keys, users, live grants. Start-up, memory and how
 * long single steps last, side by side with ratios to the smallest size; "each" is the share of one item. The store and
 * the grants directory are in memory (/dev/shm), so that it is the program which is measured: a disk adds the time of a
 * commit to each step that is marked with *. Times are the processor's. Each size runs in a process of its own.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/median.h"
#include "bench/load_store.h"
#include "libcore/error.h"
#include "libcore/sequence.h"
#include "qknockd/engine.h"
#include "qknockd/expected.h"
#include "qknockd/hooks.h"

#define SIZES 3
#define ROWS_MAX 24
#define STEPS 200      /* samples of what can be repeated */
#define FREE_USERS 600 /* without a key */
#define LIFE_S 3600

struct row {
	char name[48];
	const char *unit;
	double value[SIZES];
};

/* Shared with the processes that measure. */
struct report {
	struct row row[ROWS_MAX];
	size_t rows;
	int size; /* which one is measured */
	bool failed;
};

static struct report *report;

static void die(const char *what, int rc)
{
	fprintf(stderr, "bench_load: %s: %s\n", what, error_text(rc));
	report->failed = true;
	exit(1);
}

static void must(const char *what, int rc)
{
	if (rc != 0)
		die(what, rc);
}

static void put(const char *name, const char *unit, double value)
{
	struct row *row = report->row;

	while (row < report->row + report->rows && strcmp(row->name, name) != 0)
		row++;
	if (row == report->row + report->rows)
		report->rows++;
	snprintf(row->name, sizeof(row->name), "%s", name);
	row->unit = unit;
	row->value[report->size] = value;
}

/* Of processor time: others on the machine shall not count. */
static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static double resident_mb(void)
{
	double pages = 0, resident = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (f == NULL || fscanf(f, "%lf %lf", &pages, &resident) != 2)
		die("/proc/self/statm", QK_ERR_IO);
	fclose(f);
	return resident * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

/* What the kernel counts for the maps that this process has open. */
static double maps_mb(void)
{
	double bytes = 0, one;
	char path[64], line[128];

	for (int fd = 3; fd < 64; fd++) {
		FILE *f;

		snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
		f = fopen(path, "re");
		while (f != NULL && fgets(line, sizeof(line), f) != NULL)
			if (sscanf(line, "memlock: %lf", &one) == 1)
				bytes += one;
		if (f != NULL)
			fclose(f);
	}
	return bytes / 1e6;
}

/* --- a verifier without network --- */

struct verifier {
	struct load_store files;
	char server_id[8];
	struct config_service services[3];
	struct config config, same, other; /* with a service more */
	struct store *store;
	struct hooks *hooks;
	struct granter *granter;
	struct engine *engine;
};

static void configure(struct verifier *v)
{
	strcpy(v->server_id, "gw");
	v->services[0] = (struct config_service){.service = {"ssh", SERVICE_TCP, 22}, .grant_s = LIFE_S};
	v->services[1] = (struct config_service){.service = {"http", SERVICE_TCP, 80}, .grant_s = LIFE_S};
	v->services[2] = (struct config_service){.service = {"imap", SERVICE_TCP, 143}, .grant_s = LIFE_S};
	v->config = (struct config){.server_id = v->server_id,
				    .shape = KNOCK_SHAPE_DEFAULT,
				    .widths = {0, 8, 64},
				    .width_count = 3,
				    .validity_s = LIFE_S,
				    .hook_timeout_s = 10,
				    .services = v->services,
				    .service_count = 2,
				    .grants_dir = v->files.grants};
	v->same = v->other = v->config;
	v->other.service_count = 3;
}

static void start(struct verifier *v)
{
	double begin = now_us();

	must("store", store_open(v->files.store, NULL, &v->store));
	must("hooks", hooks_new(NULL, &v->hooks));
	must("granter", granter_new(v->store, v->hooks, NULL, &v->granter));
	must("grants", granter_start(v->granter, &v->config));
	must("engine", engine_new(&v->config, v->store, v->granter, NULL, &v->engine));
	put("start-up", "ms", (now_us() - begin) / 1e3);
}

static void stop(struct verifier *v)
{
	engine_free(v->engine);
	granter_free(v->granter);
	hooks_free(v->hooks);
	store_close(v->store);
}

/* --- steps --- */

static struct address client_of(unsigned number)
{
	struct address a;

	address_from_v4(&a, (const uint8_t[]){100, 64, (uint8_t)(number >> 8), (uint8_t)number});
	return a;
}

static void knock(struct verifier *v, const char *user, const struct address *client, const struct otp *otp,
		  double *last_us)
{
	struct sequence_packet packets[KNOCK_COUNT_MAX];
	struct store_user record;
	struct sequence_input in = {.server_id = v->server_id,
				    .user = user,
				    .otp = otp,
				    .service = &v->services[0].service,
				    .client = *client,
				    .shape = v->config.shape};

	must("user", engine_user_get(v->engine, user, &record));
	in.n_mod = record.p * record.q;
	must("derive", sequence_derive(&in, packets));
	for (unsigned i = 0; i < in.shape.count; i++) {
		struct frame_knock packet = {packets[i].source, packets[i].port, packets[i].word, FRAME_SYN};
		double begin = now_us();

		engine_packets(v->engine, &packet, 1);
		*last_us = now_us() - begin;
	}
}

/* Keys for users who have none, and their knocks. */
static void measure_keys(struct verifier *v, unsigned first)
{
	double issue[STEPS], open[STEPS];
	struct engine_counters counters;
	char user[USER_ID_MAX + 1];
	struct otp otp;

	for (unsigned i = 0; i < STEPS; i++) {
		struct address client = client_of(i);
		double begin;

		load_user_name(first + i, user);
		begin = now_us();
		must("issue", engine_issue(v->engine, user, &client, NULL, &otp));
		issue[i] = now_us() - begin;
		knock(v, user, &client, &otp, &open[i]);
	}
	engine_counters(v->engine, &counters);
	if (counters.grants != STEPS)
		die("knocks that opened", QK_ERR_MISMATCH);
	put("a key is issued *", "us", median(issue, STEPS));
	put("a knock's last packet opens *", "us", median(open, STEPS));
}

static int note_name(void *arg, const struct engine_pending *pending)
{
	memcpy(arg, pending->user, sizeof(pending->user));
	return 0;
}

static void measure_listing(struct verifier *v)
{
	char after[USER_ID_MAX + 1] = "", last[USER_ID_MAX + 1];
	double begin = now_us();
	unsigned pages = 0;

	do {
		memcpy(last, after, sizeof(last));
		must("list", engine_pending_each(v->engine, last, 50, note_name, after));
		pages++;
	} while (strcmp(after, last) != 0);
	put("a page of 50 is listed", "us", (now_us() - begin) / pages);
}

static void measure_reload(struct verifier *v)
{
	double begin = now_us();

	must("reload", engine_reload(v->engine, &v->same));
	put("reload, nothing changed", "ms", (now_us() - begin) / 1e3);
	begin = now_us();
	must("reload", engine_reload(v->engine, &v->other));
	put("reload, a service more", "ms", (now_us() - begin) / 1e3);
	begin = now_us();
	must("reload", engine_reload(v->engine, &v->config));
	put("reload, it is gone again", "ms", (now_us() - begin) / 1e3);
}

static void measure_filter(struct verifier *v)
{
	struct expected_set *set;
	double begin = now_us();
	int rc = expected_open(EXPECTED_MAX, NULL, &set);

	if (rc != 0) {
		printf("the kernel's filter is not measured: %s\n", strerror(errno));
		return;
	}
	engine_expect(v->engine, set);
	put("the kernel is told", "ms", (now_us() - begin) / 1e3);
	put("packets it knows", "", (double)expected_count(set));
	put("its map", "MB", maps_mb());
}

/* --- pending keys, users, grants --- */

static void pending_keys(unsigned count)
{
	struct verifier v = {0};
	double before;

	load_store_make(&v.files, count + FREE_USERS, count, 0);
	configure(&v);
	before = resident_mb();
	start(&v);
	put("memory", "MB", resident_mb() - before);
	measure_listing(&v);
	measure_filter(&v);
	measure_reload(&v);
	measure_keys(&v, count);
	stop(&v);
	load_store_remove(&v.files);
}

static int count_user(void *arg, const struct store_user *user)
{
	(void)user;
	++*(unsigned *)arg;
	return 0;
}

static void measure_user_page(struct verifier *v, const char *name, const char *after)
{
	double page[STEPS];
	unsigned seen = 0;

	for (unsigned i = 0; i < STEPS; i++) {
		double begin = now_us();

		must("list", engine_user_each(v->engine, after, 50, count_user, &seen));
		page[i] = now_us() - begin;
	}
	put(name, "us", median(page, STEPS));
}

static void users(unsigned count)
{
	struct verifier v = {0};
	char middle[USER_ID_MAX + 1];
	double before;

	load_store_make(&v.files, count + FREE_USERS, 0, 0);
	configure(&v);
	before = resident_mb();
	start(&v);
	put("memory", "MB", resident_mb() - before);
	measure_user_page(&v, "first page of 50 is listed", "");
	load_user_name(count / 2, middle);
	measure_user_page(&v, "page in the middle", middle);
	measure_keys(&v, count);
	stop(&v);
	load_store_remove(&v.files);
}

static int stop_at_50(void *arg, const struct store_grant *grant)
{
	(void)grant;
	return ++*(unsigned *)arg % 50 == 0;
}

static void measure_grants(struct verifier *v)
{
	double page[STEPS], revoke[STEPS], tick[STEPS];
	unsigned seen = 0;

	for (unsigned i = 0; i < STEPS; i++) {
		struct address client = client_of(i);
		double begin = now_us();

		granter_each(v->granter, NULL, stop_at_50, &seen);
		page[i] = now_us() - begin;
		begin = now_us();
		granter_tick(v->granter);
		tick[i] = now_us() - begin;
		begin = now_us();
		granter_revoke(v->granter, "ssh", &client);
		revoke[i] = now_us() - begin;
	}
	put("a page of 50 is listed", "us", median(page, STEPS));
	put("a second passes", "us", median(tick, STEPS));
	put("a grant is revoked *", "us", median(revoke, STEPS));
}

static void live_grants(unsigned count)
{
	struct verifier v = {0};
	double before, begin;

	load_store_make(&v.files, FREE_USERS, 0, count);
	configure(&v);
	before = resident_mb();
	start(&v);
	put("start-up, all files to be written", "ms", report->row[0].value[report->size]);
	put("memory", "MB", resident_mb() - before);
	stop(&v);
	start(&v);
	begin = now_us();
	must("reload", granter_reload(v.granter, &v.other));
	put("reload", "ms", (now_us() - begin) / 1e3);
	measure_keys(&v, 0);
	measure_grants(&v);
	stop(&v);
	load_store_remove(&v.files);
}

/* --- the table --- */

static void print_report(const char *title, const unsigned counts[static SIZES])
{
	printf("%-34s", title);
	for (int i = 0; i < SIZES; i++)
		printf(" %12u", counts[i]);
	printf("    ratios to the first\n");
	for (size_t r = 0; r < report->rows; r++) {
		const struct row *row = &report->row[r];

		printf("%-34s", row->name);
		for (int i = 0; i < SIZES; i++)
			printf(row->unit[0] == '\0' ? " %12.0f   " : " %10.2f %-2s", row->value[i], row->unit);
		for (int i = 1; i < SIZES; i++)
			printf(" %8.2f", row->value[0] > 0 ? row->value[i] / row->value[0] : NAN);
		putchar('\n');
	}
	putchar('\n');
}

static void run(const char *title, const unsigned counts[static SIZES], void (*body)(unsigned count))
{
	memset(report, 0, sizeof(*report));
	for (report->size = 0; report->size < SIZES && !report->failed; report->size++) {
		pid_t pid;
		int status;

		fflush(stdout);
		pid = fork();
		if (pid == 0) {
			body(counts[report->size]);
			exit(0);
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
			report->failed = true;
	}
	if (report->failed)
		exit(1);
	print_report(title, counts);
}

int main(void)
{
	static const unsigned keys[SIZES] = {1, 1000, 100000}, many[SIZES] = {1, 1000, 1000000};

	report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (report == MAP_FAILED)
		return 1;
	puts("store and grants in memory; * includes a commit, which a disk makes longer; medians of 200 where it says "
	     "us");
	run("pending keys (2 services, 2 widths)", keys, pending_keys);
	run("users", many, users);
	run("live grants", keys, live_grants);
	return 0;
}
