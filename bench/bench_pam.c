/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Microseconds per check of pam_knock, beside pam_access and pam_faillock, the modules of Linux-PAM that decide by a
 * file: bench_pam MODULE PAM_LOOP SECURITY-DIRECTORY. Each is an application of libpam whose stack calls the module
 * through pam_loop, so that libpam's own time is in none of the figures. They are asked by turns in one run, so that
 * whatever else the machine does meets all of them; medians over the turns. Grants lie on tmpfs, as in /run.
 */
#include <ftw.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <security/pam_appl.h>

#include "bench/median.h"
#include "libcore/grantdir.h"

#define TURNS 201
#define CALLS 10 /* of a turn: pam_modutil_getpwnam slows down with each one on the same handle */
#define MANY 100000
#define CLIENT "203.0.113.7"
#define STRANGER "198.51.100.8"

struct subject {
	const char *name;
	const char *rhost;
	int result;
	const char *module; /* %m: pam_knock, %s: the directory of Linux-PAM's own */
	const char *hook;
	const char *arguments; /* %b: base */
	double us[TURNS];
	double median;
};

#define KNOCK(name, rhost, result, arguments)                                                                          \
	{                                                                                                              \
		"pam_knock, " name, rhost, result, "%m", "pam_sm_acct_mgmt", "service=bench " arguments, {0}, 0        \
	}

/* pam_access finds the client's network in its first line; pam_faillock asks whether there were failures. */
static struct subject subjects[] = {
    {"pam_access: passed",
     CLIENT,
     PAM_SUCCESS,
     "%s/pam_access.so",
     "pam_sm_acct_mgmt",
     "nodefgroup accessfile=%b/access.conf",
     {0},
     0},
    {"pam_access: refused, logged",
     STRANGER,
     PAM_PERM_DENIED,
     "%s/pam_access.so",
     "pam_sm_acct_mgmt",
     "nodefgroup accessfile=%b/access.conf",
     {0},
     0},
    {"pam_faillock preauth: passed",
     CLIENT,
     PAM_SUCCESS,
     "%s/pam_faillock.so",
     "pam_sm_authenticate",
     "preauth dir=%b",
     {0},
     0},
    KNOCK("1 grant: passed", CLIENT, PAM_SUCCESS, "grants=%b/one quiet"),
    KNOCK("100,000 grants: passed", CLIENT, PAM_SUCCESS, "grants=%b/many quiet"),
    KNOCK("100,000 grants: refused", STRANGER, PAM_PERM_DENIED, "grants=%b/many quiet"),
    KNOCK("1 grant: refused, logged", STRANGER, PAM_PERM_DENIED, "grants=%b/one"),
    KNOCK("1 grant: passed, logged", CLIENT, PAM_SUCCESS, "grants=%b/one"),
};
#define SUBJECTS (sizeof(subjects) / sizeof(subjects[0]))
enum { ACCESS, ACCESS_REFUSED, FAILLOCK, KNOCK, KNOCK_MANY, KNOCK_MANY_REFUSED, KNOCK_REFUSED, KNOCK_LOGGED };

static char base[PATH_MAX / 2]; /* stacks, grants and the files of the others */

static void give_up(const char *what)
{
	fprintf(stderr, "bench_pam: %s\n", what);
	exit(1);
}

/* --- what they read --- */

static void write_text(const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", base, name);
	file = fopen(path, "we");
	if (file == NULL || fputs(text, file) == EOF || fclose(file) != 0)
		give_up(path);
}

/* Puts a path in the place of %m, %s or %b. */
static void fill_in(char *out, size_t size, const char *text, const char *path)
{
	const char *percent = strchr(text, '%');

	if (percent == NULL)
		snprintf(out, size, "%s", text);
	else
		snprintf(out, size, "%.*s%s%s", (int)(percent - text), text, path, percent + 2);
}

static void write_stack(const struct subject *s, const char *service, const char *knock, const char *loop,
			const char *security)
{
	char module[2 * PATH_MAX], arguments[PATH_MAX], text[5 * PATH_MAX];

	fill_in(module, sizeof(module), s->module, s->module[1] == 'm' ? knock : security);
	fill_in(arguments, sizeof(arguments), s->arguments, base);
	snprintf(text, sizeof(text), "account required %s %s %s %d %d %s\n", loop, module, s->hook, CALLS, s->result,
		 arguments);
	write_text(service, text);
}

/* The client's grant, and those of others. */
static void write_grants(const char *name, unsigned count)
{
	struct grant g = {.user = "daemon", .service = "bench"};
	char path[PATH_MAX];
	struct grantdir *dir;

	snprintf(path, sizeof(path), "%s/%s", base, name);
	if (grantdir_open(path, (gid_t)-1, &dir) != 0 || clock_boot_id(g.boot_id) != 0)
		give_up(path);
	g.granted_ns = clock_boot_ns();
	g.expires_ns = g.granted_ns + 3600 * CLOCK_NS_PER_S;
	for (g.id = 1; g.id <= count; g.id++) {
		const uint8_t other[4] = {10, (uint8_t)(g.id >> 16), (uint8_t)(g.id >> 8), (uint8_t)g.id};

		if (g.id < count)
			address_from_v4(&g.client, other);
		else
			address_parse(&g.client, CLIENT);
		if (grantdir_write(dir, &g) != 0)
			give_up("cannot write grants");
	}
	grantdir_close(dir);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static void clean_up(void)
{
	nftw(base, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* --- measuring --- */

static int no_talk(int count, const struct pam_message **messages, struct pam_response **responses, void *arg)
{
	(void)count;
	(void)messages;
	(void)responses;
	(void)arg;
	return PAM_CONV_ERR;
}

static double measure(const struct subject *s, const char *service)
{
	static const struct pam_conv conv = {no_talk, NULL};
	pam_handle_t *pamh;
	const char *ns;
	double us;

	if (pam_start_confdir(service, "daemon", &conv, base, &pamh) != PAM_SUCCESS ||
	    pam_set_item(pamh, PAM_RHOST, s->rhost) != PAM_SUCCESS)
		give_up(s->name);
	if (pam_acct_mgmt(pamh, 0) != PAM_SUCCESS || (ns = pam_getenv(pamh, "PAM_LOOP_NS")) == NULL)
		give_up(s->name);
	us = atof(ns) / 1e3;
	pam_end(pamh, PAM_SUCCESS);
	return us;
}

static double ratio(int a, int b)
{
	return subjects[a].median / subjects[b].median;
}

static void print(void)
{
	printf("one check, microseconds, median of %d turns of %d\n", TURNS, CALLS);
	for (size_t i = 0; i < SUBJECTS; i++)
		printf("  %-40s %7.1f\n", subjects[i].name, subjects[i].median);
	printf("  ratio to pam_access, passed %.2f, refused %.2f; to pam_faillock %.2f; of 100,000 grants to 1 %.2f\n",
	       ratio(KNOCK, ACCESS), ratio(KNOCK_REFUSED, ACCESS_REFUSED), ratio(KNOCK, FAILLOCK),
	       ratio(KNOCK_MANY, KNOCK));
	printf("  aim: not slower than pam_access: %s\n",
	       ratio(KNOCK, ACCESS) <= 1 && ratio(KNOCK_REFUSED, ACCESS_REFUSED) <= 1 ? "met" : "missed");
	/* pam_access and pam_faillock write no line for a pass; pam_knock does unless told otherwise. */
	printf("  the line for a pass adds %.1f%s\n", subjects[KNOCK_LOGGED].median - subjects[KNOCK].median,
	       access("/dev/log", F_OK) != 0 ? " (no /dev/log here: nobody takes it)" : "");
}

int main(int argc, char **argv)
{
	char knock[PATH_MAX], loop[PATH_MAX], service[SUBJECTS][16];

	if (argc != 4 || realpath(argv[1], knock) == NULL || realpath(argv[2], loop) == NULL)
		give_up("usage: bench_pam MODULE PAM_LOOP SECURITY-DIRECTORY");
	strcpy(base, "/dev/shm/qknock-bench-pam.XXXXXX");
	if (mkdtemp(base) == NULL)
		give_up(base);
	atexit(clean_up);
	write_text("other", "");
	/* The quickest that it can be: names of users or groups would have it ask the host's name services. */
	write_text("access.conf", "+ : ALL : 203.0.113.0/24\n- : ALL : ALL\n");
	write_grants("one", 1);
	write_grants("many", MANY);
	for (size_t i = 0; i < SUBJECTS; i++) {
		snprintf(service[i], sizeof(service[i]), "bench%zu", i);
		write_stack(&subjects[i], service[i], knock, loop, argv[3]);
	}
	for (int turn = 0; turn < TURNS; turn++)
		for (size_t i = 0; i < SUBJECTS; i++)
			subjects[i].us[turn] = measure(&subjects[i], service[i]);
	for (size_t i = 0; i < SUBJECTS; i++)
		subjects[i].median = median(subjects[i].us, TURNS);
	print();
	return 0;
}
