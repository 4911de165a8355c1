/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockctl/smsdaemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "libcore/crypto.h"
#include "libcore/error.h"

#define PARTS_MAX 16
#define FILE_MAX (64 * 1024)

/* --- gammu-smsd --- */

/* What <family>_<i>_TEXT holds, NULL if there is none. */
static const char *part(const char *family, int i)
{
	char name[32];

	snprintf(name, sizeof(name), "%s_%d_TEXT", family, i);
	return getenv(name);
}

/* What the daemon joined itself, or else the parts in their order; a longer whole stays too long to be a request. */
static void join_parts(struct smstext *out, int parts, const char *family, int first)
{
	char whole[2 * SMSTEXT_TEXT_SIZE] = "";
	size_t used = 0;

	for (int i = first; i < first + parts; i++) {
		const char *text = part(family, i);
		size_t len = text != NULL ? strnlen(text, sizeof(whole)) : 0;

		if (used + len >= sizeof(whole))
			len = sizeof(whole) - 1 - used;
		if (len > 0)
			memcpy(whole + used, text, len);
		used += len;
	}
	smstext_set(out, whole, used);
	crypto_wipe(whole, sizeof(whole));
}

static int count_of(const char *name)
{
	const char *text = getenv(name);
	long n = text != NULL ? strtol(text, NULL, 10) : 0;

	return n > 0 && n <= PARTS_MAX ? (int)n : 0;
}

int smsdaemon_from_gammu(struct smstext *out)
{
	const char *number = getenv("SMS_1_NUMBER");
	int decoded = count_of("DECODED_PARTS");
	int messages = count_of("SMS_MESSAGES");

	memset(out, 0, sizeof(*out));
	if (number == NULL || strlen(number) >= sizeof(out->number))
		return QK_ERR_NUMBER;
	if (messages == 0)
		return QK_ERR_REQUEST;
	strcpy(out->number, number);
	/* The parts of one long message; parts of another sender's would be another run of the handler. */
	if (decoded > 0)
		join_parts(out, decoded, "DECODED", 0);
	if (out->text[0] == '\0')
		join_parts(out, messages, "SMS", 1);
	return 0;
}

/* --- smstools --- */

int smsdaemon_from_smstools(struct smstext *out, const char *path)
{
	char *bytes = malloc(FILE_MAX);
	int rc = QK_ERR_IO;
	size_t used = 0;
	ssize_t n = 1;
	int fd;

	memset(out, 0, sizeof(*out));
	if (bytes == NULL)
		return QK_ERR_NOMEM;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	while (fd >= 0 && used < FILE_MAX && (n = read(fd, bytes + used, FILE_MAX - used)) > 0)
		used += (size_t)n;
	if (fd >= 0 && n >= 0)
		rc = smstext_parse(out, SMSTEXT_SMSTOOLS, bytes, used);
	if (fd >= 0)
		close(fd);
	crypto_wipe(bytes, FILE_MAX);
	free(bytes);
	return rc;
}

/* --- answers --- */

/* dir/name from the start complete: written beside it under a name that neither daemon takes, then renamed. */
static int put_file(const char *dir, const char *name, const char *content)
{
	char temporary[64];
	size_t len = strlen(content);
	int at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = -1, rc = QK_ERR_IO, saved;

	if (at < 0)
		return QK_ERR_IO;
	snprintf(temporary, sizeof(temporary), ".qknock-%ld", (long)getpid());
	unlinkat(at, temporary, 0);
	/* The SMS daemon reads it, and runs as another user perhaps: the group is the outbox directory's affair. */
	fd = openat(at, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd >= 0 && write(fd, content, len) == (ssize_t)len && fsync(fd) == 0 &&
	    renameat(at, temporary, at, name) == 0)
		rc = 0;
	saved = errno;
	if (fd >= 0)
		close(fd);
	if (rc != 0)
		unlinkat(at, temporary, 0);
	close(at);
	errno = saved;
	return rc;
}

int smsdaemon_to_gammu(const char *outbox, const char *number, const char *text)
{
	char name[128], stamp[32];
	struct timespec now;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%d_%H%M%S", &tm);
	/* OUT<priority><date>_<time>_<serial>_<number>_<note>.txt, the last letter of the ending for flags. */
	snprintf(name, sizeof(name), "OUTC%s_00_%s_qknock%ld.txt", stamp, number, (long)getpid());
	return put_file(outbox, name, text);
}

int smsdaemon_to_smstools(const char *outgoing, const char *number, const char *text)
{
	char name[64], content[512];
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(name, sizeof(name), "qknock-%lld-%ld", (long long)now.tv_sec, (long)getpid());
	/* smstools wants the number without "+". */
	snprintf(content, sizeof(content), "To: %s\n\n%s\n", number + 1, text);
	return put_file(outgoing, name, content);
}
