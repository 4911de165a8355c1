/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of qknockctl share: one invocation, its exit codes, its messages. */
#ifndef QKNOCKCTL_CTL_H
#define QKNOCKCTL_CTL_H

#include <stdbool.h>

#include "libcore/config.h"

enum ctl_exit {
	CTL_OK = 0,
	CTL_REFUSED = 1,     /* refused, not found, or failed on this side */
	CTL_USAGE = 2,	     /* the command line, or the configuration file */
	CTL_UNREACHABLE = 3, /* no daemon answers */
};

/* Options of commands; a command's row says which ones it takes. */
enum ctl_option {
	CTL_P,
	CTL_Q,
	CTL_SERVICES,
	CTL_ALL_SERVICES,
	CTL_LOGINS,
	CTL_WIDTHS,
	CTL_NUMBERS,
	CTL_NO_PASS_CODE,
	CTL_R,
	CTL_COUNT,
	CTL_SERVICE,
	CTL_ADDRESS,
	CTL_ALL,
	CTL_TABLE,
	CTL_FORCE,
	CTL_OUTPUT,
	CTL_QR,
	CTL_URI,
	CTL_OPTION_COUNT
};

struct ctl {
	const char *config_path; /* NULL: not given */
	const char *socket_path; /* NULL: not given */
	bool json;
	const char *options[CTL_OPTION_COUNT]; /* NULL: not given; "" for those without argument */
	const char *command;		       /* "user add", for messages */
	struct config *config;		       /* NULL until ctl_config */
};

/* Each command: arguments as given, argc of them, already known to be as many as the command takes.
 * Returns a code of enum ctl_exit; whatever is wrong was said. */
int user_add(struct ctl *ctl, int argc, char **argv);
int user_set(struct ctl *ctl, int argc, char **argv);
int user_passwd(struct ctl *ctl, int argc, char **argv);
int user_enable(struct ctl *ctl, int argc, char **argv);
int user_unlock(struct ctl *ctl, int argc, char **argv);
int user_disable(struct ctl *ctl, int argc, char **argv);
int user_delete(struct ctl *ctl, int argc, char **argv);
int user_list(struct ctl *ctl, int argc, char **argv);
int user_show(struct ctl *ctl, int argc, char **argv);
int key_profile(struct ctl *ctl, int argc, char **argv);
int key_issue(struct ctl *ctl, int argc, char **argv);
int key_pending(struct ctl *ctl, int argc, char **argv);
int sheet_list(struct ctl *ctl, int argc, char **argv);
int sheet_revoke(struct ctl *ctl, int argc, char **argv);
int grants_list(struct ctl *ctl, int argc, char **argv);
int grants_revoke(struct ctl *ctl, int argc, char **argv);
int sms_test(struct ctl *ctl, int argc, char **argv);
int daemon_status(struct ctl *ctl, int argc, char **argv);
int daemon_metrics(struct ctl *ctl, int argc, char **argv);
int daemon_reload(struct ctl *ctl, int argc, char **argv);
int kernel_load(struct ctl *ctl, int argc, char **argv);
int kernel_unload(struct ctl *ctl, int argc, char **argv);
int kernel_show(struct ctl *ctl, int argc, char **argv);
int pam_check(struct ctl *ctl, int argc, char **argv);

/* "qknockctl: " and one line, on standard error. */
void ctl_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Reads the configuration file: the one of -c, else the default one. Returns OK, or USAGE with the reason said;
 * with optional set and no -c, a default file that does not exist is OK and leaves ctl->config NULL. */
int ctl_config(struct ctl *ctl, bool optional);

/* Flushes standard output; a result that could not be written is no success. */
int ctl_finish(int code);

#endif
