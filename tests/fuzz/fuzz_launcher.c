/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The launcher's command line and the environment that it makes of the super-server's. Words end with a NUL; those
 * behind an empty one are the environment.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "knockwrap/environ.h"
#include "libcore/decimal.h"

#define WORDS_MAX 80

static void check_environment(const struct options *options, char *const *inherited)
{
	static const char *const last[] = {"REMOTE_HOST=192.0.2.7", "REMOTE_PORT=7", "QKNOCK_USER=alice",
					   "QKNOCK_SERVICE=ssh"};
	static struct environment env;
	struct grant grant = {.user = "alice", .service = "ssh"};
	struct peer peer = {.port = 7};
	struct fault fault;

	FUZZ_ASSERT(address_parse(&peer.address, "192.0.2.7") == 0);
	FUZZ_ASSERT(environ_build(&env, inherited, options, NULL, &peer, &grant, &fault) == STATUS_OK);
	FUZZ_ASSERT(env.count <= ENVIRON_MAX && env.vector[env.count] == NULL);
	/* What is said about the client is ours, whatever came. */
	for (size_t i = 0; i < sizeof(last) / sizeof(last[0]); i++) {
		size_t len = strcspn(last[i], "=") + 1;
		unsigned found = 0;

		for (size_t j = 0; j < env.count; j++) {
			if (strncmp(env.vector[j], last[i], len) == 0) {
				FUZZ_ASSERT(strcmp(env.vector[j], last[i]) == 0);
				found++;
			}
		}
		FUZZ_ASSERT(found == 1);
	}
}

static void check(int argc, char **argv, char *const *inherited)
{
	static struct options options;
	struct fault fault = {.text = ""};
	enum status status = options_parse(&options, argc, argv, "/nowhere", &fault);

	FUZZ_ASSERT((status == STATUS_OK) == (fault.text[0] == '\0'));
	FUZZ_ASSERT(strnlen(fault.text, sizeof(fault.text)) < sizeof(fault.text));
	FUZZ_ASSERT(options.env_count <= OPTIONS_ENV_MAX && (options.mask & ~(mode_t)0777) == 0);
	for (size_t i = 0; i < options.env_count; i++)
		FUZZ_ASSERT(environ_may_set(options.env[i]));
	if (status == STATUS_OK && options.mode == OPTIONS_LAUNCH) {
		FUZZ_ASSERT(name_check_service(options.service) == 0);
		FUZZ_ASSERT(options.program != NULL && options.program[0][0] == '/');
	}
	check_environment(&options, inherited);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *argv[WORDS_MAX + 1], *inherited[WORDS_MAX + 1];
	int argc = 0, count = 0;
	char *p = text;

	FUZZ_ASSERT(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	for (; p < text + size && *p != '\0' && argc < WORDS_MAX; p += strlen(p) + 1)
		argv[argc++] = p;
	for (p++; p < text + size && count < WORDS_MAX; p += strlen(p) + 1)
		inherited[count++] = p;
	argv[argc] = NULL;
	inherited[count] = NULL;
	check(argc, argv, inherited);
	free(text);
	return 0;
}
