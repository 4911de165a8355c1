/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The server's configuration file, qknock.conf(5): one table of keywords in config.c is the whole grammar.
 * Read by qknockd and qknockctl.
 */
#ifndef LIBCORE_CONFIG_H
#define LIBCORE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcore/chain.h"
#include "libcore/log.h"
#include "libcore/name.h"
#include "libcore/service.h"

#define CONFIG_FILE_DEFAULT SYSCONFDIR "/qknock/qknock.conf"

/* A command as argument vector: NULL-terminated, argv[0] an absolute path. NULL: no hook. */
struct config_service {
	struct service service;
	uint32_t grant_s; /* life of a grant, seconds */
	bool single_use;
	char **open_hook;
	char **close_hook;
};

/* What requests for one-time keys by SMS may cost (protocol.md section 2). */
struct config_requests {
	char *adapter;		      /* user whose processes may hand in requests; NULL: root alone */
	char *country;		      /* code of national numbers; NULL: none is understood */
	uint32_t per_number_hour;     /* requests of one number within an hour */
	uint32_t per_user_hour;	      /* for one user */
	uint32_t back_off_max_s;      /* the longest wait of a number after wrong requests */
	uint32_t per_minute;	      /* of all together */
	uint32_t lock_after;	      /* wrong pass-codes in a row */
	bool allow_private_addresses; /* keys for clients in private networks */
};

struct config {
	char *server_id;
	char *host;	   /* what profiles tell clients; NULL if none */
	char **interfaces; /* NULL-terminated; {"any"} by default */
	bool kernel_filter; /* strangers' packets end in the kernel, where it allows that */
	struct knock_shape shape;
	uint16_t widths[CHAIN_WIDTHS_ALL];
	size_t width_count;
	uint32_t validity_s; /* life of a one-time key, seconds */
	uint32_t sheet_days; /* life of a sheet of keys */
	uint32_t hook_timeout_s;
	struct config_service *services;
	size_t service_count;
	char *store;
	char *control;
	char *grants_dir;
	char *user;	    /* whom the verifier becomes */
	char *capture_user; /* whom the processes become that read packets and check pass-codes */
	char *group;	    /* owner group of grants directory and control socket; NULL: root's */
	char *table;	    /* kernel table; NULL: no kernel map */
	char *sms_number;   /* where requests go, which profiles tell clients; NULL if none */
	struct config_requests requests;
	char *log_target; /* "syslog", "stderr" or an absolute path */
	enum log_level log_level;
};

/* Reads and checks a whole file. Every fault is one "FILE:LINE: value, what was expected" line to log.
 * Errors: CONFIG, IO, NOMEM; *out is then NULL. The caller frees. */
int config_load(const char *path, const struct log *log, struct config **out);
/* As above from len bytes of text; name stands for the file in messages. */
int config_parse(const char *name, const char *text, size_t len, const struct log *log, struct config **out);
void config_free(struct config *config);

/* NULL when there is no such service. */
const struct config_service *config_service(const struct config *config, const char *name);

#endif
