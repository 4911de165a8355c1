/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qknockctl user ... */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libcore/crypto.h"
#include "libcore/error.h"
#include "libcore/number.h"
#include "qknockctl/ctl.h"
#include "qknockctl/listing.h"
#include "qknockctl/passcode.h"

#define HASH_SIZE 384

static const struct output_column columns[] = {
    {"user", "USER", OUTPUT_TEXT},     {"enabled", "ENABLED", OUTPUT_FLAG},    {"pass-code", "PASS-CODE", OUTPUT_FLAG},
    {"locked", "LOCKED", OUTPUT_FLAG}, {"services", "SERVICES", OUTPUT_WORDS}, {"numbers", "NUMBERS", OUTPUT_NAMES},
    {"logins", NULL, OUTPUT_NAMES},    {"widths", "WIDTHS", OUTPUT_NUMBERS},   {"n", "N", OUTPUT_BIG},
};

static const struct output_column details[] = {
    {"user", "User", OUTPUT_TEXT},
    {"enabled", "Enabled", OUTPUT_FLAG},
    {"pass-code", "Pass-code", OUTPUT_FLAG},
    {"locked", "Locked", OUTPUT_FLAG},
    {"failures", "Failures", OUTPUT_NUMBER},
    {"services", "Services", OUTPUT_WORDS},
    {"logins", "Logins", OUTPUT_NAMES},
    {"numbers", "Numbers", OUTPUT_NAMES},
    {"widths", "Hop widths", OUTPUT_NUMBERS},
    {"n", "N", OUTPUT_BIG},
    {"p", "P", OUTPUT_BIG},
    {"q", "Q", OUTPUT_BIG},
};

/* --- fields of a request --- */

/* People separate by commas, messages by blanks. A service that the configuration does not have is most likely
 * mistyped. */
static int add_words(const struct ctl *ctl, struct control_message *m, const char *name, const char *value)
{
	char *list = strdup(value), *rest = list, *word;
	int code = CTL_OK;

	if (list == NULL)
		return CTL_REFUSED;
	for (char *p = list; *p != '\0'; p++)
		if (*p == ',')
			*p = ' ';
	code = link_add(m, name, list);
	while (code == CTL_OK && ctl->config != NULL && strcmp(name, "services") == 0 &&
	       (word = strsep(&rest, " ")) != NULL) {
		if (config_service(ctl->config, word) == NULL) {
			ctl_error("%s: there is no service \"%s\" in the configuration", ctl->command, word);
			code = CTL_REFUSED;
		}
	}
	free(list);
	return code;
}

/* Numbers in any form that people write, as the one that messages have. */
static int add_numbers(const struct ctl *ctl, struct control_message *m, const char *value)
{
	const char *country = ctl->config != NULL ? ctl->config->requests.country : NULL;
	char *list = strdup(value), *rest = list, *word, all[256] = "", one[NUMBER_SIZE];
	size_t used = 0;
	int code = list != NULL ? CTL_OK : CTL_REFUSED;

	while (code == CTL_OK && value[0] != '\0' && (word = strsep(&rest, ",")) != NULL) {
		if (number_normalise(word, country, one) != 0 || used + sizeof(one) >= sizeof(all)) {
			ctl_error("%s: \"%s\": %s", ctl->command, word, error_text(QK_ERR_NUMBER));
			code = CTL_REFUSED;
		} else {
			used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%s", used > 0 ? " " : "", one);
		}
	}
	free(list);
	return code == CTL_OK ? link_add(m, "numbers", all) : code;
}

/* Everything but the pass-code. */
static int add_options(struct ctl *ctl, struct control_message *m)
{
	const char *const *o = ctl->options;
	int code = CTL_OK;

	if ((o[CTL_P] == NULL) != (o[CTL_Q] == NULL)) {
		ctl_error("%s: --p and --q belong together", ctl->command);
		return CTL_USAGE;
	}
	if (o[CTL_SERVICES] != NULL && o[CTL_ALL_SERVICES] != NULL) {
		ctl_error("%s: either --services or --all-services", ctl->command);
		return CTL_USAGE;
	}
	if (ctl->socket_path == NULL || ctl->config_path != NULL)
		code = ctl_config(ctl, true);
	if (code == CTL_OK && o[CTL_P] != NULL)
		code = link_add(m, "p", o[CTL_P]);
	if (code == CTL_OK && o[CTL_Q] != NULL)
		code = link_add(m, "q", o[CTL_Q]);
	if (code == CTL_OK && o[CTL_SERVICES] != NULL)
		code = add_words(ctl, m, "services", o[CTL_SERVICES]);
	if (code == CTL_OK && o[CTL_ALL_SERVICES] != NULL)
		code = link_add(m, "services", "");
	if (code == CTL_OK && o[CTL_LOGINS] != NULL)
		code = add_words(ctl, m, "logins", o[CTL_LOGINS]);
	if (code == CTL_OK && o[CTL_WIDTHS] != NULL)
		code = add_words(ctl, m, "widths", o[CTL_WIDTHS]);
	if (code == CTL_OK && o[CTL_NUMBERS] != NULL)
		code = add_numbers(ctl, m, o[CTL_NUMBERS]);
	return code;
}

static int add_pass_code(struct control_message *m)
{
	char pass_code[OTP_PASS_CODE_MAX + 1], hash[HASH_SIZE];
	int code = CTL_REFUSED, err = passcode_read(pass_code);

	if (err == 0) {
		err = passcode_hash(pass_code, hash, sizeof(hash));
		if (err != 0)
			ctl_error("the pass-code could not be hashed: %s", error_text(err));
	}
	if (err == 0)
		code = link_add(m, "pass-hash", hash);
	crypto_wipe(pass_code, sizeof(pass_code));
	crypto_wipe(hash, sizeof(hash));
	return code;
}

/* Nobody shall type a pass-code, twice, only to hear then that there was no use. */
static int expect_user(struct ctl *ctl, const char *user, bool wanted)
{
	bool exists;
	int code = link_user_exists(ctl, user, &exists);

	if (code != CTL_OK || exists == wanted)
		return code;
	if (wanted)
		link_say_not_found(ctl, user);
	else
		ctl_error("%s: user %s exists already", ctl->command, user);
	return CTL_REFUSED;
}

/* The commands that change something have nothing to tell but that they did. */
static int call_quietly(struct ctl *ctl, struct control_message *request)
{
	int code = link_call(ctl, request, NULL, NULL);

	if (code == CTL_OK && ctl->json)
		puts("{}");
	return code;
}

/* --- the commands --- */

int user_add(struct ctl *ctl, int argc, char **argv)
{
	struct control_message m;
	int code = link_user(&m, "user-add", argv[0]);

	(void)argc;
	if (code == CTL_OK)
		code = add_options(ctl, &m);
	if (code == CTL_OK && ctl->options[CTL_NO_PASS_CODE] == NULL) {
		code = expect_user(ctl, argv[0], false);
		if (code == CTL_OK)
			code = add_pass_code(&m);
	}
	if (code == CTL_OK)
		code = call_quietly(ctl, &m);
	control_wipe(&m);
	return code;
}

int user_set(struct ctl *ctl, int argc, char **argv)
{
	struct control_message m;
	int code = link_user(&m, "user-set", argv[0]);

	(void)argc;
	if (code == CTL_OK)
		code = add_options(ctl, &m);
	if (code == CTL_OK && ctl->options[CTL_NO_PASS_CODE] != NULL)
		code = link_add(&m, "pass-hash", "");
	if (code == CTL_OK && m.field_count == 1) {
		ctl_error("user set: nothing to set; see \"qknockctl --help\"");
		code = CTL_USAGE;
	}
	return code == CTL_OK ? call_quietly(ctl, &m) : code;
}

int user_passwd(struct ctl *ctl, int argc, char **argv)
{
	struct control_message m;
	int code = link_user(&m, "user-set", argv[0]);

	(void)argc;
	if (code == CTL_OK)
		code = expect_user(ctl, argv[0], true);
	if (code == CTL_OK)
		code = add_pass_code(&m);
	if (code == CTL_OK)
		code = call_quietly(ctl, &m);
	control_wipe(&m);
	return code;
}

static int set_enabled(struct ctl *ctl, const char *user, const char *value)
{
	struct control_message m;
	int code = link_user(&m, "user-set", user);

	if (code == CTL_OK)
		code = link_add(&m, "enabled", value);
	return code == CTL_OK ? call_quietly(ctl, &m) : code;
}

int user_enable(struct ctl *ctl, int argc, char **argv)
{
	(void)argc;
	return set_enabled(ctl, argv[0], "yes");
}

int user_disable(struct ctl *ctl, int argc, char **argv)
{
	(void)argc;
	return set_enabled(ctl, argv[0], "no");
}

int user_unlock(struct ctl *ctl, int argc, char **argv)
{
	struct control_message m;
	int code = link_user(&m, "user-unlock", argv[0]);

	(void)argc;
	return code == CTL_OK ? call_quietly(ctl, &m) : code;
}

int user_delete(struct ctl *ctl, int argc, char **argv)
{
	struct control_message m;
	int code = link_user(&m, "user-delete", argv[0]);

	(void)argc;
	return code == CTL_OK ? call_quietly(ctl, &m) : code;
}

int user_list(struct ctl *ctl, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return listing_all(ctl, "user-list", columns, sizeof(columns) / sizeof(columns[0]), "no users");
}

int user_show(struct ctl *ctl, int argc, char **argv)
{
	struct control_message m;
	int code = link_user(&m, "user-get", argv[0]);

	(void)argc;
	return code == CTL_OK ? listing_one(ctl, &m, details, sizeof(details) / sizeof(details[0])) : code;
}
