/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PAM module's arguments, and what the application says about where the client is: a host name is the work of
 * whoever runs its name server. Words end with a NUL: PAM_RHOST, SSH_CONNECTION, PAM's service, then the arguments. A
 * word that begins with 0xff is not there.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "pam_knock/options.h"
#include "pam_knock/origin.h"

#define WORDS_MAX 16

static const char *rhost, *connection;
static char handle; /* what a handle is, nobody here knows */
#define HANDLE ((pam_handle_t *)&handle)

/* In place of libpam's. */
int pam_get_item(const pam_handle_t *pamh, int type, const void **item)
{
	(void)pamh;
	FUZZ_ASSERT(type == PAM_RHOST);
	*item = rhost;
	return PAM_SUCCESS;
}

const char *pam_getenv(pam_handle_t *pamh, const char *name)
{
	(void)pamh;
	FUZZ_ASSERT(strcmp(name, "SSH_CONNECTION") == 0);
	return connection;
}

static const char *there(const char *word)
{
	return word == NULL || word[0] == '\xff' ? NULL : word;
}

static void check_origin(void)
{
	static const struct origin none;
	char text[ADDRESS_TEXT_SIZE];
	struct origin origin, again;
	enum origin_result result = origin_find(HANDLE, &origin);

	FUZZ_ASSERT((result == ORIGIN_LOCAL) == ((rhost == NULL || rhost[0] == '\0') && connection == NULL));
	if (result != ORIGIN_ADDRESS) {
		FUZZ_ASSERT(memcmp(&origin, &none, sizeof(origin)) == 0);
		return;
	}
	/* The address alone says the same. */
	address_format(&origin.client, text);
	rhost = text;
	FUZZ_ASSERT(origin_find(HANDLE, &again) == ORIGIN_ADDRESS);
	FUZZ_ASSERT(address_equal(&again.client, &origin.client));
}

static void check_options(const char *service, int argc, const char **argv)
{
	const char *why = NULL, *fault;
	struct options options;

	fault = options_parse(&options, service, argc, argv, &why);
	FUZZ_ASSERT((fault == NULL) == (why == NULL));
	FUZZ_ASSERT(options.delay_us <= 60000000);
	if (fault == NULL)
		FUZZ_ASSERT(name_check_service(options.service) == 0 && options.grants[0] == '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	const char *words[WORDS_MAX];
	int count = 0;

	FUZZ_ASSERT(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	for (char *p = text; p < text + size && count < WORDS_MAX; p += strlen(p) + 1)
		words[count++] = p;
	rhost = there(count > 0 ? words[0] : NULL);
	connection = there(count > 1 ? words[1] : NULL);
	if (count > 2)
		check_options(words[2], count - 3, words + 3);
	check_origin();
	free(text);
	return 0;
}
