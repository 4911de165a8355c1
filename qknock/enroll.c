/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "qknock enroll": imports a profile. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libcore/error.h"
#include "libcore/profile_uri.h"
#include "qknock/client.h"
#include "qknock/profile_show.h"
#include "qknock/profile_store.h"
#include "qknock/say.h"

static const char usage[] =
    "Usage: qknock enroll [OPTIONS] [FILE|-|URI]\n\n"
    "Imports the profile that 'qknockctl profile USER' printed on the server: its text or its qknock: URI, from FILE\n"
    "or standard input, or the URI as an argument.\n"
    "A profile holds no secret but N, which alone opens nothing.\n\n"
    "  -n, --name NAME   what to call it here; by default the server's id\n"
    "  -r, --replace     replace a profile of that name\n"
    "  -q, --quiet       do not show what was imported\n"
    "  -h, --help\n";

struct enroll_options {
	const char *file; /* or a URI; NULL: standard input */
	const char *name;
	bool replace;
};

/* CLIENT_OK to go on, else the exit code; -1 after --help. */
static int parse_options(struct enroll_options *options, int argc, char **argv)
{
	static const struct option longs[] = {{"name", required_argument, NULL, 'n'},
					      {"replace", no_argument, NULL, 'r'},
					      {"quiet", no_argument, NULL, 'q'},
					      {"help", no_argument, NULL, 'h'},
					      {0}};
	int c;

	while ((c = getopt_long(argc, argv, "n:rqh", longs, NULL)) != -1) {
		switch (c) {
		case 'n':
			options->name = optarg;
			break;
		case 'r':
			options->replace = true;
			break;
		case 'q':
			say_set_level(SAY_QUIET);
			break;
		case 'h':
			fputs(usage, stdout);
			return -1;
		default:
			return CLIENT_USAGE;
		}
	}
	if (argc - optind > 1) {
		say_error("enroll takes one file or URI");
		return CLIENT_USAGE;
	}
	if (optind < argc && strcmp(argv[optind], "-") != 0)
		options->file = argv[optind];
	if (options->name != NULL && !profile_name_valid(options->name)) {
		say_error("a profile's name must be 1 to %d of A-Z a-z 0-9 . _ - and not start with a dot",
			  PROFILE_NAME_MAX);
		return CLIENT_USAGE;
	}
	return CLIENT_OK;
}

static int read_profile(const char *file, struct profile *profile)
{
	int fd = STDIN_FILENO, rc;

	if (file == NULL) {
		if (isatty(STDIN_FILENO) && say_get_level() > SAY_QUIET)
			fputs("Paste the profile, then press Ctrl-D on a line of its own:\n", stderr);
		return profile_read(fd, "standard input", profile);
	}
	if (profile_uri_begins(file, strlen(file)))
		return profile_take(file, strlen(file), "argument", profile);
	fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		say_error("%s: %s", file, strerror(errno));
		return QK_ERR_IO;
	}
	rc = profile_read(fd, file, profile);
	close(fd);
	return rc;
}

static int run_enroll(struct client *client, int argc, char **argv)
{
	struct enroll_options options = {0};
	struct profile profile;
	int rc = parse_options(&options, argc, argv);

	(void)client;
	if (rc != CLIENT_OK)
		return rc < 0 ? CLIENT_OK : rc;
	rc = read_profile(options.file, &profile);
	if (rc != 0)
		return rc == QK_ERR_IO ? CLIENT_FAILED : CLIENT_PROFILE;
	if (options.name == NULL)
		options.name = profile.server_id;
	if (!profile_name_valid(options.name)) {
		say_error("the server id %s cannot be a file's name; give the profile one with --name", options.name);
		return CLIENT_USAGE;
	}
	rc = profile_store_save(options.name, &profile, options.replace);
	if (rc != 0)
		return rc == QK_ERR_EXISTS ? CLIENT_PROFILE : CLIENT_FAILED;
	if (say_get_level() > SAY_QUIET) {
		printf("Imported profile %s\n", options.name);
		profile_show(&profile);
	}
	return CLIENT_OK;
}

const struct command enroll_command = {
    .name = "enroll", .summary = "import the profile of a server", .usage = usage, .run = run_enroll};
