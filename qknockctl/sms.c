/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qknock-sms(8): takes one message of an out-of-band channel to qknockd and its answer back. Sees neither the store
 * nor any key but the one that is the answer.
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "libcore/control.h"
#include "libcore/crypto.h"
#include "libcore/error.h"
#include "libcore/number.h"
#include "qknockctl/smsdaemon.h"
#include "qknockctl/smstext.h"

#define INPUT_MAX (64 * 1024)
/* An SMS daemon waits for its handler: it must not wait for long. */
#define TOTAL_S 25
#define RETRY_MS 500
/* smsd runs its event handler without arguments of the administrator's. */
#define SMSTOOLS_OUTBOX "/var/spool/sms/outgoing"

enum channel { CHANNEL_PLAIN, CHANNEL_GAMMU, CHANNEL_SMSTOOLS };

struct options {
	enum channel channel;
	const char *socket;
	const char *outbox;
	const char *file; /* of smstools */
};

struct reply {
	char number[NUMBER_SIZE];
	char text[161];
};

static const char help[] =
    "Usage: qknock-sms [-s SOCKET]\n"
    "       qknock-sms [-s SOCKET] --gammu --outbox DIRECTORY\n"
    "       qknock-sms [-s SOCKET] [--outbox DIRECTORY] EVENT FILE [ID]\n"
    "Takes a request for a one-time key to qknockd, and its answer back.\n\n"
    "Without a channel: header \"From: NUMBER\", an empty line and the text on standard input; the answer, if one\n"
    "is due, with header \"To: NUMBER\" on standard output.\n\n"
    "EVENT and FILE: the message is in FILE, as smstools' eventhandler has it; any EVENT but RECEIVED is ignored.\n\n"
    "      --gammu          message in the environment, as gammu-smsd's runonreceive has it\n"
    "      --outbox DIR     where that daemon takes messages to send [smstools: " SMSTOOLS_OUTBOX "]\n"
    "  -s, --socket SOCKET  qknockd's control socket [" CONTROL_SOCKET_DEFAULT "]\n"
    "  -h, --help           this text\n"
    "  -V, --version        the version\n\n"
    "Exit codes: 0 done, with an answer or without; 64 wrong use; 65 no message; 74 the answer could not be written;\n"
    "75 try again later.\n";

/* What calls us shows in the arguments. */
static int parse_arguments(int argc, char **argv, struct options *o)
{
	/* gammu-smsd appends the names of what it received; they are of no use here. */
	if (o->channel == CHANNEL_GAMMU && o->outbox != NULL)
		return EX_OK;
	if (o->channel == CHANNEL_PLAIN && o->outbox == NULL && argc == 0)
		return EX_OK;
	if (o->channel == CHANNEL_GAMMU || argc < 2 || argc > 3) {
		fputs("qknock-sms: wrong arguments; see qknock-sms --help\n", stderr);
		return EX_USAGE;
	}
	if (strcmp(argv[0], "RECEIVED") != 0)
		exit(EX_OK);
	o->channel = CHANNEL_SMSTOOLS;
	o->file = argv[1];
	if (o->outbox == NULL)
		o->outbox = SMSTOOLS_OUTBOX;
	return EX_OK;
}

static int parse(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
	    {"gammu", no_argument, NULL, 'G'},	      {"outbox", required_argument, NULL, 'o'},
	    {"socket", required_argument, NULL, 's'}, {"help", no_argument, NULL, 'h'},
	    {"version", no_argument, NULL, 'V'},      {NULL, 0, NULL, 0}};
	int c;

	*o = (struct options){.socket = CONTROL_SOCKET_DEFAULT};
	while ((c = getopt_long(argc, argv, "s:hV", longs, NULL)) != -1) {
		switch (c) {
		case 'G':
			o->channel = CHANNEL_GAMMU;
			break;
		case 'o':
			o->outbox = optarg;
			break;
		case 's':
			o->socket = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			exit(EX_OK);
		case 'V':
			puts("qknock-sms " PACKAGE_VERSION);
			exit(EX_OK);
		default:
			return EX_USAGE;
		}
	}
	return parse_arguments(argc - optind, argv + optind, o);
}

static int from_stdin(struct smstext *message)
{
	char *bytes = malloc(INPUT_MAX);
	size_t len;
	int rc;

	if (bytes == NULL)
		return QK_ERR_NOMEM;
	len = fread(bytes, 1, INPUT_MAX, stdin);
	rc = smstext_parse(message, SMSTEXT_PLAIN, bytes, len);
	crypto_wipe(bytes, INPUT_MAX);
	free(bytes);
	return rc;
}

static int read_message(const struct options *o, struct smstext *message)
{
	switch (o->channel) {
	case CHANNEL_GAMMU:
		return smsdaemon_from_gammu(message);
	case CHANNEL_SMSTOOLS:
		return smsdaemon_from_smstools(message, o->file);
	default:
		return from_stdin(message);
	}
}

/* --- the daemon's answer --- */

/* Errors: AGAIN, IO, CONTROL; reply->text empty when no answer is due. */
static int receive(int fd, struct reply *reply)
{
	struct control_message m;
	int rc = control_receive(fd, &m);

	if (rc == 0 && strcmp(m.verb, "item") == 0) {
		const char *number = control_get(&m, "number"), *text = control_get(&m, "reply");

		if (number == NULL || text == NULL || number_check(number) != 0 || strlen(text) >= sizeof(reply->text))
			rc = QK_ERR_CONTROL;
		if (rc == 0) {
			strcpy(reply->number, number);
			strcpy(reply->text, text);
			control_wipe(&m);
			rc = control_receive(fd, &m);
		}
	}
	if (rc == 0 && strcmp(m.verb, "error") == 0) {
		rc = control_error_code(&m);
	}
	control_wipe(&m);
	return rc;
}

static int ask_once(const struct options *o, const struct smstext *message, struct reply *reply)
{
	struct control_message m;
	int fd = -1;
	int rc = control_init(&m, "request");

	if (rc == 0)
		rc = control_add(&m, "number", message->number);
	if (rc == 0)
		rc = control_add(&m, "text", message->text);
	if (rc == 0)
		rc = control_connect(o->socket, &fd);
	if (rc == 0)
		rc = control_send(fd, &m);
	control_wipe(&m);
	if (rc == 0)
		rc = receive(fd, reply);
	if (fd >= 0)
		close(fd);
	return rc;
}

static double seconds_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* The same request again is safe: qknockd answers it with the same key. */
static int ask(const struct options *o, const struct smstext *message, struct reply *reply)
{
	const struct timespec pause = {.tv_nsec = RETRY_MS * 1000000L};
	double end = seconds_now() + TOTAL_S;
	int rc;

	while ((rc = ask_once(o, message, reply)) == QK_ERR_AGAIN || rc == QK_ERR_IO) {
		/* Whoever can call again by himself is told at once. */
		if (o->channel == CHANNEL_PLAIN || seconds_now() > end)
			break;
		nanosleep(&pause, NULL);
	}
	return rc;
}

static int write_reply(const struct options *o, const struct reply *reply)
{
	switch (o->channel) {
	case CHANNEL_GAMMU:
		return smsdaemon_to_gammu(o->outbox, reply->number, reply->text);
	case CHANNEL_SMSTOOLS:
		return smsdaemon_to_smstools(o->outbox, reply->number, reply->text);
	default:
		printf("To: %s\n\n%s\n", reply->number, reply->text);
		return fflush(stdout) == 0 ? 0 : QK_ERR_IO;
	}
}

int main(int argc, char **argv)
{
	struct smstext message;
	struct reply reply = {0};
	struct options o;
	int code = parse(argc, argv, &o);
	int rc;

	if (code != EX_OK)
		return code;
	/* A daemon that hangs must not hang the one that called us. */
	alarm(TOTAL_S + 10);
	rc = read_message(&o, &message);
	if (rc != 0) {
		fprintf(stderr, "qknock-sms: no message: %s\n", rc == QK_ERR_IO ? strerror(errno) : error_text(rc));
		return EX_DATAERR;
	}
	rc = ask(&o, &message, &reply);
	smstext_wipe(&message);
	if (rc != 0) {
		fprintf(stderr, "qknock-sms: %s: %s\n", o.socket, rc == QK_ERR_IO ? strerror(errno) : error_text(rc));
		return EX_TEMPFAIL;
	}
	if (reply.text[0] != '\0' && write_reply(&o, &reply) != 0) {
		fprintf(stderr, "qknock-sms: %s: %s\n", o.outbox != NULL ? o.outbox : "standard output",
			strerror(errno));
		code = EX_IOERR;
	}
	crypto_wipe(&reply, sizeof(reply));
	return code;
}
