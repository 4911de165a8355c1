/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pam_knock/origin.h"

#include <stdbool.h>
#include <string.h>

#include "libcore/decimal.h"

/* Room for an address and its scope, as getnameinfo writes them. */
#define NUMERIC_SIZE 128

/* The len bytes of text as an address; a scope says which of our interfaces it came by, not who it is. */
static bool parse_numeric(struct address *out, const char *text, size_t len)
{
	char numeric[NUMERIC_SIZE];
	char *scope;

	if (len == 0 || len >= sizeof(numeric))
		return false;
	memcpy(numeric, text, len);
	numeric[len] = '\0';
	scope = strchr(numeric, '%');
	if (scope != NULL) {
		if (scope[1] == '\0')
			return false;
		*scope = '\0';
	}
	return address_parse(out, numeric) == 0 && (scope == NULL || !address_is_v4(out));
}

/* "client port server port", which sshd puts there since 8.0. */
static bool parse_ssh_connection(struct origin *out, const char *text)
{
	size_t len = strcspn(text, " ");
	const char *port = text + len + (text[len] == ' ');
	uint64_t number;

	memset(out, 0, sizeof(*out));
	if (!parse_numeric(&out->client, text, len))
		return false;
	if (decimal_parse(port, strcspn(port, " "), UINT16_MAX, &number))
		out->port = (uint16_t)number;
	return true;
}

enum origin_result origin_find(pam_handle_t *pamh, struct origin *out)
{
	const char *connection = pam_getenv(pamh, "SSH_CONNECTION");
	const void *item = NULL;
	const char *rhost;
	struct origin ssh;
	bool has_ssh = connection != NULL && parse_ssh_connection(&ssh, connection);

	memset(out, 0, sizeof(*out));
	if (pam_get_item(pamh, PAM_RHOST, &item) != PAM_SUCCESS)
		return ORIGIN_UNKNOWN;
	rhost = item != NULL ? item : "";
	if (parse_numeric(&out->client, rhost, strlen(rhost))) {
		if (has_ssh && address_equal(&ssh.client, &out->client))
			out->port = ssh.port;
		return ORIGIN_ADDRESS;
	}
	memset(out, 0, sizeof(*out));
	if (has_ssh) {
		*out = ssh;
		return ORIGIN_ADDRESS;
	}
	return rhost[0] == '\0' && connection == NULL ? ORIGIN_LOCAL : ORIGIN_UNKNOWN;
}
