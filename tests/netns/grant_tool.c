/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of those who read grants do to the directory without a daemon:
 *
 *     grant_tool write DIR SERVICE USER ADDRESS SECONDS [single-use] [login=NAME]     prints the new grant's id
 *     grant_tool remove DIR SERVICE ADDRESS ID                                        as the daemon at its end
 *     grant_tool fill DIR SERVICE COUNT                                               10.0.0.0 and on
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "libcore/error.h"
#include "libcore/grantdir.h"

static void give_up(const char *what, int rc)
{
	fprintf(stderr, "grant_tool: %s: %s%s%s\n", what, error_text(rc), rc == QK_ERR_IO ? ": " : "",
		rc == QK_ERR_IO ? strerror(errno) : "");
	exit(1);
}

static struct grantdir *open_dir(const char *path)
{
	struct grantdir *dir;
	int rc = grantdir_open(path, (gid_t)-1, &dir);

	if (rc != 0)
		give_up(path, rc);
	return dir;
}

/* A grant that begins now. */
static struct grant make_grant(const char *service, const char *user, const char *address, unsigned seconds)
{
	struct grant g = {0};

	snprintf(g.service, sizeof(g.service), "%s", service);
	snprintf(g.user, sizeof(g.user), "%s", user);
	if (address_parse(&g.client, address) != 0)
		give_up(address, QK_ERR_ADDRESS);
	if (getrandom(&g.id, sizeof(g.id), 0) != sizeof(g.id) || clock_boot_id(g.boot_id) != 0)
		give_up("id", QK_ERR_IO);
	g.granted_ns = clock_boot_ns();
	g.expires_ns = g.granted_ns + seconds * CLOCK_NS_PER_S;
	return g;
}

static void write_grant(struct grantdir *dir, const struct grant *g)
{
	int rc = grantdir_write(dir, g);

	if (rc != 0)
		give_up("write", rc);
}

static void write_one(char **argv)
{
	struct grantdir *dir = open_dir(argv[0]);
	struct grant g = make_grant(argv[1], argv[2], argv[3], (unsigned)atoi(argv[4]));

	for (argv += 5; *argv != NULL; argv++) {
		if (strcmp(*argv, "single-use") == 0)
			g.single_use = true;
		else if (strncmp(*argv, "login=", 6) == 0)
			snprintf(g.logins, sizeof(g.logins), "%s", *argv + 6);
		else
			give_up(*argv, QK_ERR_GRANT_FORMAT);
	}
	write_grant(dir, &g);
	printf("%016" PRIx64 "\n", g.id);
	grantdir_close(dir);
}

static void remove_one(char **argv)
{
	struct grantdir *dir = open_dir(argv[0]);
	struct grant g = make_grant(argv[1], "nobody", argv[2], 1);
	int rc;

	g.id = strtoull(argv[3], NULL, 16);
	rc = grantdir_remove(dir, &g);
	if (rc != 0)
		give_up("remove", rc);
	grantdir_close(dir);
}

static void fill(char **argv)
{
	struct grantdir *dir = open_dir(argv[0]);
	struct grant g = make_grant(argv[1], "nobody", "10.0.0.0", 3600);
	unsigned count = (unsigned)atoi(argv[2]);

	for (unsigned i = 0; i < count; i++) {
		g.id++;
		g.client.b[13] = (uint8_t)(i >> 16);
		g.client.b[14] = (uint8_t)(i >> 8);
		g.client.b[15] = (uint8_t)i;
		write_grant(dir, &g);
	}
	grantdir_close(dir);
}

int main(int argc, char **argv)
{
	if (argc >= 7 && strcmp(argv[1], "write") == 0)
		write_one(argv + 2);
	else if (argc == 6 && strcmp(argv[1], "remove") == 0)
		remove_one(argv + 2);
	else if (argc == 5 && strcmp(argv[1], "fill") == 0)
		fill(argv + 2);
	else
		give_up("arguments", QK_ERR_GRANT_FORMAT);
	return 0;
}
