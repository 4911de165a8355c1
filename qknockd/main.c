/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qknockd(8): the verifier. Options, going into the background, exit codes. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcore/error.h"
#include "qknockd/accounts.h"
#include "qknockd/daemon.h"

enum { EXIT_FAULT = 1, EXIT_USAGE = 2 };

struct options {
	const char *config;
	const char *pid_file;
	bool foreground;
	bool test;
};

static const char help[] =
    "Usage: qknockd [-c FILE] [-p FILE] [-f | -t]\n"
    "Verifies knocks and opens services to those who knocked.\n\n"
    "  -c, --config FILE    configuration [" CONFIG_FILE_DEFAULT "]\n"
    "  -f, --foreground     stay in the foreground\n"
    "  -t, --test           check the configuration and exit\n"
    "  -p, --pid-file FILE  write the process id there\n"
    "  -h, --help           this text\n"
    "  -V, --version        the version\n\n"
    "Exit codes: 0 stopped by a signal, or the configuration is good; 1 fault, the log says which;\n"
    "2 wrong use. See qknockd(8) and qknock.conf(5).\n";

static int parse(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {{"config", required_argument, NULL, 'c'},
					      {"foreground", no_argument, NULL, 'f'},
					      {"test", no_argument, NULL, 't'},
					      {"pid-file", required_argument, NULL, 'p'},
					      {"help", no_argument, NULL, 'h'},
					      {"version", no_argument, NULL, 'V'},
					      {NULL, 0, NULL, 0}};
	int c;

	*o = (struct options){.config = CONFIG_FILE_DEFAULT};
	while ((c = getopt_long(argc, argv, "c:ftp:hV", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			o->config = optarg;
			break;
		case 'f':
			o->foreground = true;
			break;
		case 't':
			o->test = true;
			break;
		case 'p':
			o->pid_file = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			exit(EXIT_SUCCESS);
		case 'V':
			puts("qknockd " PACKAGE_VERSION);
			exit(EXIT_SUCCESS);
		default:
			return QK_ERR_CONFIG;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "qknockd: unexpected argument \"%s\"; see qknockd --help\n", argv[optind]);
		return QK_ERR_CONFIG;
	}
	return 0;
}

/* Reloads run in whatever directory the daemon is in by then, so the path is made absolute. */
static int absolute(const char *path, char **out)
{
	*out = realpath(path, NULL);
	if (*out != NULL)
		return 0;
	fprintf(stderr, "qknockd: %s: %s\n", path, strerror(errno));
	return QK_ERR_IO;
}

/* The parent waits for the child's one byte, so that its exit code tells whether the daemon came up.
 * Returns the descriptor to report on. */
static int go_background(void)
{
	int fds[2];
	char byte;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) != 0 || (pid = fork()) < 0) {
		perror("qknockd");
		exit(EXIT_FAULT);
	}
	if (pid > 0) {
		close(fds[1]);
		_exit(read(fds[0], &byte, 1) == 1 ? EXIT_SUCCESS : EXIT_FAULT);
	}
	close(fds[0]);
	setsid();
	if (chdir("/") != 0)
		perror("qknockd: /");
	return fds[1];
}

/* So that no file that is opened later gets the number of one of these, and a line of the log with it. */
static int open_standard(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	closefrom(STDERR_FILENO + 1); /* nor does a caller's file stay open for as long as the daemon runs */
	return fd < 0 ? QK_ERR_IO : 0;
}

/* Only once all is open: what goes wrong before is said on the terminal. */
static void report_ready(int fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		_exit(EXIT_FAULT);
	for (int i = 0; i <= STDERR_FILENO; i++)
		dup2(null, i);
	close(null);
	if (write(fd, "", 1) != 1)
		_exit(EXIT_FAULT);
	close(fd);
}

static int open_log(const struct options *o, const struct config *config, struct logger *logger)
{
	if (!o->foreground && strcmp(config->log_target, "stderr") == 0) {
		fputs("qknockd: log = stderr leads nowhere in the background: add -f\n", stderr);
		return QK_ERR_CONFIG;
	}
	if (logger_open(logger, config->log_target, config->log_level) == 0)
		return 0;
	fprintf(stderr, "qknockd: log %s: %s\n", config->log_target, strerror(errno));
	return QK_ERR_IO;
}

static int write_pid(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	int ok = fd >= 0 && dprintf(fd, "%d\n", (int)getpid()) > 0;

	if (fd >= 0)
		close(fd);
	return ok ? 0 : QK_ERR_IO;
}

static int serve(const struct options *o, const char *path, struct config *config, struct logger *logger)
{
	struct daemon *daemon;
	int ready = o->foreground ? -1 : go_background();
	int rc;

	logger_starting(logger, true);
	rc = daemon_open(path, config, logger, &daemon);
	if (rc != 0)
		return rc;
	if (o->pid_file != NULL && (rc = write_pid(o->pid_file)) != 0) {
		log_line(logger_log(logger), LOG_LEVEL_ERROR, "can't start: %s: %s", o->pid_file, strerror(errno));
		goto out;
	}
	logger_starting(logger, false);
	if (ready >= 0)
		report_ready(ready);
	rc = daemon_run(daemon);
	if (o->pid_file != NULL)
		unlink(o->pid_file);
out:
	daemon_close(daemon);
	return rc;
}

/* Says what the configuration names and is not there, or not yet: a file may be good and written for another host. */
static void warn_of_missing(const struct config *config, const struct log *log)
{
	struct sandbox_ids verifier, capture;
	gid_t gid;

	accounts_processes(config, log, &verifier, &capture);
	accounts_group(config, log, &gid);
	accounts_adapter(config, log);
	for (size_t i = 0; config->interfaces[i] != NULL; i++)
		if (strcmp(config->interfaces[i], "any") != 0 && if_nametoindex(config->interfaces[i]) == 0)
			log_line(log, LOG_LEVEL_WARNING, "interfaces: there is no %s now", config->interfaces[i]);
}

int main(int argc, char **argv)
{
	struct options o;
	struct logger *logger;
	struct config *config = NULL;
	char *path = NULL;
	int rc;

	if (open_standard() != 0)
		return EXIT_FAULT;
	if (parse(argc, argv, &o) != 0)
		return EXIT_USAGE;
	/* Keys are in this memory: no core dump, no debugger of another user. */
	prctl(PR_SET_DUMPABLE, 0);
	umask(027);
	logger = logger_new();
	if (logger == NULL || absolute(o.config, &path) != 0) {
		rc = QK_ERR_IO;
		goto out;
	}
	rc = config_load(path, logger_log(logger), &config);
	if (rc != 0 || o.test) {
		if (rc == 0) {
			warn_of_missing(config, logger_log(logger));
			printf("%s: good\n", path);
		}
		config_free(config);
		goto out;
	}
	rc = open_log(&o, config, logger);
	if (rc != 0) {
		config_free(config);
		goto out;
	}
	rc = serve(&o, path, config, logger);
out:
	logger_free(logger);
	free(path);
	return rc == 0 ? EXIT_SUCCESS : EXIT_FAULT;
}
