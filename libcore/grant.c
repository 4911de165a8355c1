/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "libcore/grant.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcore/connection.h"
#include "libcore/error.h"

#define VALUE_SIZE LOGINS_SIZE /* the longest value of the file */
#define CLAIM_TRIES 8	       /* each needs the writer to replace the grant at just this moment */

static void close_keeping_errno(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
}

static bool is_boot_id(const char *id)
{
	for (size_t i = 0; i < CLOCK_BOOT_ID_SIZE - 1; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? id[i] != '-' : id[i] == '\0' || strchr("0123456789abcdef", id[i]) == NULL)
			return false;
	}
	return id[CLOCK_BOOT_ID_SIZE - 1] == '\0';
}

int grant_format(const struct grant *g, char *text, size_t size)
{
	char client[ADDRESS_TEXT_SIZE];
	int len;

	if (g->id == 0 || name_check_user(g->user) != 0 || name_check_logins(g->logins) != 0 ||
	    name_check_service(g->service) != 0 || g->expires_ns <= g->granted_ns || !is_boot_id(g->boot_id))
		return QK_ERR_GRANT_FORMAT;
	address_format(&g->client, client);
	len =
	    snprintf(text, size,
		     "qknock-grant 1\n"
		     "id %016" PRIx64 "\n"
		     "user %s\n"
		     "%s%s%s"
		     "service %s\n"
		     "address %s\n"
		     "granted %" PRIu64 "\n"
		     "expires %" PRIu64 "\n"
		     "boot %s\n"
		     "single-use %s\n",
		     g->id, g->user, g->logins[0] != '\0' ? "logins " : "", g->logins, g->logins[0] != '\0' ? "\n" : "",
		     g->service, client, g->granted_ns, g->expires_ns, g->boot_id, g->single_use ? "yes" : "no");
	return len >= 0 && (size_t)len < size ? len : QK_ERR_SPACE;
}

/* What is left of the text. */
struct rest {
	const char *p;
	size_t len;
};

/* The value of the next line, which must be "key value"; empty when it is not. */
static const char *next_value(struct rest *rest, const char *key, char value[static VALUE_SIZE])
{
	size_t key_len = strlen(key);
	const char *end = memchr(rest->p, '\n', rest->len);
	size_t line_len = end != NULL ? (size_t)(end - rest->p) : 0;

	value[0] = '\0';
	if (line_len <= key_len + 1 || line_len - key_len - 1 >= VALUE_SIZE || memcmp(rest->p, key, key_len) != 0 ||
	    rest->p[key_len] != ' ')
		return value;
	memcpy(value, rest->p + key_len + 1, line_len - key_len - 1);
	value[line_len - key_len - 1] = '\0';
	rest->p += line_len + 1;
	rest->len -= line_len + 1;
	return value;
}

/* Reads without judging: grant_parse compares with the one text that the result has. */
static void parse_fields(struct grant *g, const char *text, size_t len)
{
	struct rest rest = {text, len};
	char value[VALUE_SIZE];

	next_value(&rest, "qknock-grant", value);
	g->id = strtoull(next_value(&rest, "id", value), NULL, 16);
	snprintf(g->user, sizeof(g->user), "%s", next_value(&rest, "user", value));
	snprintf(g->logins, sizeof(g->logins), "%s", next_value(&rest, "logins", value));
	snprintf(g->service, sizeof(g->service), "%s", next_value(&rest, "service", value));
	address_parse(&g->client, next_value(&rest, "address", value));
	g->granted_ns = strtoull(next_value(&rest, "granted", value), NULL, 10);
	g->expires_ns = strtoull(next_value(&rest, "expires", value), NULL, 10);
	snprintf(g->boot_id, sizeof(g->boot_id), "%s", next_value(&rest, "boot", value));
	g->single_use = strcmp(next_value(&rest, "single-use", value), "yes") == 0;
}

int grant_parse(struct grant *g, const char *text, size_t len)
{
	char canonical[GRANT_TEXT_SIZE];
	int canonical_len;

	memset(g, 0, sizeof(*g));
	parse_fields(g, text, len);
	canonical_len = grant_format(g, canonical, sizeof(canonical));
	if (canonical_len >= 0 && (size_t)canonical_len == len && memcmp(canonical, text, len) == 0)
		return 0;
	memset(g, 0, sizeof(*g));
	return QK_ERR_GRANT_FORMAT;
}

int grant_check(const struct grant *g, uint64_t now_ns, const char *boot_id, uint32_t max_age_s)
{
	if (strcmp(g->boot_id, boot_id) != 0 || now_ns < g->granted_ns || now_ns >= g->expires_ns)
		return QK_ERR_GRANT_EXPIRED;
	if (max_age_s != 0 && now_ns - g->granted_ns > max_age_s * CLOCK_NS_PER_S)
		return QK_ERR_GRANT_AGE;
	return 0;
}

bool grant_is_for(const struct grant *g, const char *login)
{
	return strcmp(g->user, login) == 0 || name_in_list(g->logins, login);
}

void grant_marker_name(uint64_t id, char name[static GRANT_MARKER_SIZE])
{
	snprintf(name, GRANT_MARKER_SIZE, GRANT_MARKER_PREFIX "%016" PRIx64, id);
}

/* Nobody but root, or whom we are ourselves, can have put it there. */
static bool is_safe(const struct stat *st)
{
	return (st->st_uid == 0 || st->st_uid == geteuid()) && (st->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* access: O_RDONLY, or O_PATH, which is quicker and enough to look names up in it. */
static int open_dir(int at, const char *path, int access, int *fd)
{
	char bare[PATH_MAX];
	size_t len = strlen(path);
	struct stat st;

	/* With a slash behind it, O_NOFOLLOW would follow. */
	while (len > 1 && path[len - 1] == '/')
		len--;
	*fd = -1;
	if (len >= sizeof(bare))
		return QK_ERR_GRANT_DIR;
	memcpy(bare, path, len);
	bare[len] = '\0';
	*fd = openat(at, bare, access | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*fd < 0) {
		if (errno == ENOENT)
			return QK_ERR_NOT_FOUND;
		return errno == ELOOP || errno == ENOTDIR || errno == ENAMETOOLONG ? QK_ERR_GRANT_DIR : QK_ERR_IO;
	}
	if (fstat(*fd, &st) == 0 && is_safe(&st))
		return 0;
	close(*fd);
	*fd = -1;
	return QK_ERR_GRANT_DIR;
}

int grant_open_dir(int at, const char *path, int *fd)
{
	return open_dir(at, path, O_RDONLY, fd);
}

static int read_text(int fd, struct grant *g)
{
	char text[GRANT_TEXT_SIZE];
	size_t used = 0;
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) != 0)
		return QK_ERR_IO;
	if (!S_ISREG(st.st_mode) || !is_safe(&st) || st.st_size > (off_t)sizeof(text))
		return QK_ERR_GRANT_FORMAT;
	while (used < (size_t)st.st_size && (n = read(fd, text + used, (size_t)st.st_size - used)) != 0) {
		if (n > 0)
			used += (size_t)n;
		else if (errno != EINTR)
			return QK_ERR_IO;
	}
	return grant_parse(g, text, used);
}

int grant_read(int fd, const char *name, struct grant *g)
{
	/* O_NONBLOCK: a FIFO that has got there must not stop us. */
	int file = openat(fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	int rc;

	memset(g, 0, sizeof(*g));
	if (file < 0) {
		if (errno == ENOENT)
			return QK_ERR_GRANT_NONE;
		return errno == ELOOP || errno == ENXIO ? QK_ERR_GRANT_FORMAT : QK_ERR_IO;
	}
	rc = read_text(file, g);
	close_keeping_errno(file);
	return rc;
}

/* Where a file of the service is, as seen from the grants directory. */
struct place {
	char s[SERVICE_NAME_MAX + sizeof("/") + GRANT_CLAIM_SIZE];
};

/* A question about one client's grant. */
struct query {
	int fd; /* the grants directory */
	const char *service;
	const struct address *client;
	uint32_t max_age_s;
	const char *login; /* NULL: any */
	struct place file; /* of the client's grant */
};

static struct place place_of(const struct query *query, const char *name)
{
	struct place place;

	snprintf(place.s, sizeof(place.s), "%s/%s", query->service, name);
	return place;
}

static struct place marker_of(const struct query *query, uint64_t id)
{
	char name[GRANT_MARKER_SIZE];

	grant_marker_name(id, name);
	return place_of(query, name);
}

static struct place claim_of(const struct query *query)
{
	char name[GRANT_CLAIM_SIZE];

	grant_claim_name(query->client, name);
	return place_of(query, name);
}

/*
 * Once the grants directory is open and found safe, only we ourselves or root change what it holds: the service's
 * directory can be looked at by its name, which costs half of opening it.
 */
static int check_service(int fd, const char *service)
{
	struct stat st;

	if (fstatat(fd, service, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? QK_ERR_GRANT_NONE : QK_ERR_IO;
	return S_ISDIR(st.st_mode) && is_safe(&st) ? 0 : QK_ERR_GRANT_DIR;
}

/* The caller closes query->fd, whatever comes back. */
static int query_open(struct query *query, const char *dir, const char *service, const struct address *client,
		      uint32_t max_age_s)
{
	char name[ADDRESS_TEXT_SIZE];
	int rc;

	memset(query, 0, sizeof(*query));
	query->fd = -1;
	query->service = service;
	query->client = client;
	query->max_age_s = max_age_s;
	rc = name_check_service(service);
	if (rc != 0)
		return rc;
	address_format(client, name);
	query->file = place_of(query, name);
	rc = open_dir(AT_FDCWD, dir, O_PATH, &query->fd);
	if (rc == QK_ERR_NOT_FOUND)
		return QK_ERR_GRANT_DIR;
	return rc == 0 ? check_service(query->fd, service) : rc;
}

static void query_close(const struct query *query)
{
	if (query->fd >= 0)
		close_keeping_errno(query->fd);
}

/* Reads a file and holds it against the question. */
static int query_read(const struct query *query, const struct place *file, struct grant *g)
{
	char boot_id[CLOCK_BOOT_ID_SIZE];
	int rc = grant_read(query->fd, file->s, g);

	if (rc == 0 && (strcmp(g->service, query->service) != 0 || !address_equal(&g->client, query->client)))
		rc = QK_ERR_GRANT_FORMAT;
	if (rc == 0)
		rc = clock_boot_id(boot_id);
	if (rc == 0)
		rc = grant_check(g, clock_boot_ns(), boot_id, query->max_age_s);
	if (rc == 0 && query->login != NULL && !grant_is_for(g, query->login))
		rc = QK_ERR_GRANT_USER;
	return rc;
}

int grant_find(const char *dir, const char *service, const struct address *client, uint32_t max_age_s, struct grant *g)
{
	struct query query;
	int rc = query_open(&query, dir, service, client, max_age_s);

	memset(g, 0, sizeof(*g));
	if (rc == 0)
		rc = query_read(&query, &query.file, g);
	if (rc != 0)
		memset(g, 0, sizeof(*g));
	query_close(&query);
	return rc;
}

/*
 * We have moved a file to marker, which is named after the grant that we had read before. qknockd may have
 * put a newer one in its place in between: what is in the file is what we took, so the marker gets its name.
 * Errors: GRANT_USED when that grant was taken before.
 */
static int take_moved(const struct query *query, const struct place *marker, struct grant *g)
{
	struct place own;
	int rc = query_read(query, marker, g);

	if (g->id == 0) /* could not be read */
		return rc;
	own = marker_of(query, g->id);
	if (strcmp(own.s, marker->s) == 0 || renameat2(query->fd, marker->s, query->fd, own.s, RENAME_NOREPLACE) == 0)
		return rc;
	if (errno != EEXIST && errno != ENOENT)
		return QK_ERR_IO;
	unlinkat(query->fd, marker->s, 0);
	return QK_ERR_GRANT_USED;
}

/*
 * One try. The marker's name is never replaced, so that one grant id has one winner even if the file was
 * written twice. Returns 1 when another grant has come into the file's place: look again.
 */
static int claim_once(const struct query *query, struct grant *g)
{
	struct place marker;
	struct grant now;
	int rc = query_read(query, &query->file, g);

	if (rc != 0)
		return rc;
	marker = marker_of(query, g->id);
	if (renameat2(query->fd, query->file.s, query->fd, marker.s, RENAME_NOREPLACE) == 0)
		return take_moved(query, &marker, g);
	if (errno == ENOENT)
		return QK_ERR_GRANT_USED;
	if (errno != EEXIST)
		return QK_ERR_IO;
	rc = grant_read(query->fd, query->file.s, &now);
	return rc == 0 && now.id != g->id ? 1 : QK_ERR_GRANT_USED;
}

static int claim(const struct query *query, struct grant *g)
{
	int rc = 1;

	for (int i = 0; rc == 1 && i < CLAIM_TRIES; i++)
		rc = claim_once(query, g);
	return rc == 1 ? QK_ERR_GRANT_USED : rc;
}

int grant_claim(const char *dir, const char *service, const struct address *client, uint32_t max_age_s, struct grant *g)
{
	struct query query;
	int rc = query_open(&query, dir, service, client, max_age_s);

	memset(g, 0, sizeof(*g));
	if (rc == 0)
		rc = claim(&query, g);
	if (rc != 0)
		memset(g, 0, sizeof(*g));
	query_close(&query);
	return rc;
}

void grant_claim_name(const struct address *client, char name[static GRANT_CLAIM_SIZE])
{
	char text[ADDRESS_TEXT_SIZE];

	address_format(client, text);
	snprintf(name, GRANT_CLAIM_SIZE, GRANT_CLAIM_PREFIX "%s", text);
}

#define CLAIM_FORMAT "%016" PRIx64 ".%016" PRIx64
#define CLAIM_TEXT_SIZE 34

int grant_claim_read(int fd, const char *name, struct grant_claim *out)
{
	char text[CLAIM_TEXT_SIZE + 1], canonical[CLAIM_TEXT_SIZE];
	ssize_t len = readlinkat(fd, name, text, sizeof(text) - 1);
	char *end;

	memset(out, 0, sizeof(*out));
	if (len < 0)
		return errno == ENOENT ? QK_ERR_NOT_FOUND : QK_ERR_GRANT_FORMAT;
	text[len] = '\0';
	out->id = strtoull(text, &end, 16);
	out->connection = *end == '.' ? strtoull(end + 1, NULL, 16) : 0;
	snprintf(canonical, sizeof(canonical), CLAIM_FORMAT, out->id, out->connection);
	if (out->id != 0 && out->connection != 0 && strcmp(text, canonical) == 0)
		return 0;
	memset(out, 0, sizeof(*out));
	return QK_ERR_GRANT_FORMAT;
}

/* Replaces the note of an earlier grant. Without a note other processes are refused: no harm, no error. */
static void note_claim(const struct query *query, uint64_t id, uint64_t connection)
{
	char text[CLAIM_TEXT_SIZE], name[CLAIM_TEXT_SIZE + sizeof(".tmp.")];
	struct place temporary;

	snprintf(text, sizeof(text), CLAIM_FORMAT, id, connection);
	snprintf(name, sizeof(name), ".tmp.%s", text);
	temporary = place_of(query, name);
	if (symlinkat(text, query->fd, temporary.s) == 0 &&
	    renameat(query->fd, temporary.s, query->fd, claim_of(query).s) != 0)
		unlinkat(query->fd, temporary.s, 0);
}

/* The grant id as it was taken. Errors: as query_read. */
static int read_taken(const struct query *query, uint64_t id, struct grant *g)
{
	struct place marker = marker_of(query, id);
	int rc = query_read(query, &marker, g);

	return rc == 0 && g->id != id ? QK_ERR_GRANT_FORMAT : rc;
}

/* The grant that this login took before. Errors: GRANT_NONE, or what is wrong with the grant now. */
static int find_taken(const struct query *query, const struct grant_login *login, struct grant *g)
{
	struct grant_claim taken;
	uint64_t connection;

	if (login->claimed != 0 && read_taken(query, login->claimed, g) == 0)
		return 0;
	if (grant_claim_read(query->fd, claim_of(query).s, &taken) != 0)
		return QK_ERR_GRANT_NONE;
	if (connection_find(query->client, login->port, &connection) != 0 || connection != taken.connection)
		return QK_ERR_GRANT_NONE;
	return read_taken(query, taken.id, g);
}

static int take_for_login(const struct query *query, const struct grant_login *login, struct grant *g)
{
	uint64_t connection;
	int rc = claim(query, g);

	if (rc == 0 && connection_find(query->client, login->port, &connection) == 0)
		note_claim(query, g->id, connection);
	return rc;
}

/* A grant for many uses is the common case and costs nothing more than grant_find. */
static int find_or_take(const struct query *query, const struct grant_login *login, struct grant *g, bool *taken)
{
	struct grant own;
	int rc = query_read(query, &query->file, g);

	if (rc == 0 && !login->claim && !g->single_use)
		return 0;
	if (find_taken(query, login, &own) == 0) {
		*taken = true;
		*g = own;
		return 0;
	}
	if (rc == 0 && !login->peek) {
		rc = take_for_login(query, login, g);
		*taken = rc == 0;
	}
	return rc;
}

int grant_login(const char *dir, const char *service, const struct address *client, uint32_t max_age_s,
		struct grant_login *login, struct grant *g)
{
	struct query query;
	bool taken = false;
	int rc = query_open(&query, dir, service, client, max_age_s);

	memset(g, 0, sizeof(*g));
	query.login = login->name;
	if (rc == 0)
		rc = find_or_take(&query, login, g, &taken);
	if (rc != 0)
		memset(g, 0, sizeof(*g));
	login->claimed = taken ? g->id : 0;
	query_close(&query);
	return rc;
}
