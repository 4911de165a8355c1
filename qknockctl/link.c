/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockctl/link.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libcore/error.h"
#include "libcore/name.h"
#include "libcore/printable.h"

int link_path(struct ctl *ctl, const char **path)
{
	int code = CTL_OK;

	*path = ctl->socket_path;
	if (*path == NULL && ctl->config == NULL)
		code = ctl_config(ctl, true);
	if (*path == NULL && code == CTL_OK)
		*path = ctl->config != NULL ? ctl->config->control : CONTROL_SOCKET_DEFAULT;
	return code;
}

static int say_unreachable(const char *path)
{
	if (errno == EACCES || errno == EPERM)
		ctl_error("%s: %s; the control socket is root's", path, strerror(errno));
	else
		ctl_error("no daemon answers on %s: %s; start it with \"systemctl start qknockd\" or \"qknockd\"", path,
			  strerror(errno));
	return CTL_UNREACHABLE;
}

static int connect_daemon(struct ctl *ctl, int *fd)
{
	const char *path;
	int code = link_path(ctl, &path);

	*fd = -1;
	if (code != CTL_OK)
		return code;
	return control_connect(path, fd) != 0 ? say_unreachable(path) : CTL_OK;
}

/* Whatever is stored or was sent, nothing of it is a command to the administrator's terminal. */
static int receive(int fd, struct control_message *m)
{
	int err = control_receive(fd, m);

	for (size_t i = 0; err == 0 && i < m->field_count; i++)
		printable(m->text + (m->fields[i].value - m->text));
	return err;
}

/* The answer of one request. *error becomes the daemon's code, in *m stays the last message. */
static int receive_answer(int fd, struct control_message *m, link_each each, void *arg, int *error)
{
	int code = CTL_OK, err;

	*error = 0;
	while ((err = receive(fd, m)) == 0 && strcmp(m->verb, "item") == 0) {
		if (each != NULL)
			code = each(arg, m);
		if (code != CTL_OK)
			return code;
	}
	if (err == 0 && strcmp(m->verb, "ok") == 0)
		return CTL_OK;
	if (err == 0 && strcmp(m->verb, "error") == 0) {
		*error = control_error_code(m);
		return CTL_REFUSED;
	}
	if (err == QK_ERR_IO)
		ctl_error("the daemon went away: %s", strerror(errno));
	else
		ctl_error("the daemon sent what is no answer: is it of another version?");
	return CTL_UNREACHABLE;
}

static int exchange(int fd, struct control_message *request, struct control_message *answer, link_each each, void *arg,
		    int *error)
{
	/* One that turns us away says so before it reads: its word is there to be received even if ours was lost. */
	int err = control_send(fd, request);

	control_wipe(request);
	if (err != 0 && errno != EPIPE && errno != ECONNRESET) {
		ctl_error("cannot ask the daemon: %s", strerror(errno));
		return CTL_UNREACHABLE;
	}
	return receive_answer(fd, answer, each, arg, error);
}

/* user is whom the request was about, "" if nobody. */
static void say_refused(const struct ctl *ctl, const struct control_message *m, const char *user)
{
	const char *text = control_get(m, "text");
	int error = control_error_code(m);

	if (text == NULL)
		text = error_text(error);
	if (error == QK_ERR_NOT_FOUND && user[0] != '\0' && strcmp(text, error_text(error)) == 0)
		link_say_not_found(ctl, user);
	else
		ctl_error("%s: %s", ctl->command, text);
}

int link_call(struct ctl *ctl, struct control_message *request, link_each each, void *arg)
{
	const char *name = control_get(request, "user");
	struct control_message answer;
	char user[USER_ID_MAX + 1];
	int fd, error = 0, code = connect_daemon(ctl, &fd);

	snprintf(user, sizeof(user), "%s", name != NULL ? name : ""); /* the request is wiped when it was sent */
	if (code != CTL_OK) {
		control_wipe(request);
		return code;
	}
	code = exchange(fd, request, &answer, each, arg, &error);
	if (error != 0)
		say_refused(ctl, &answer, user);
	control_wipe(&answer);
	close(fd);
	return code;
}

int link_list(struct ctl *ctl, const char *verb, link_each each, void *arg)
{
	struct control_message request, answer;
	char after[512] = "";
	int fd, error = 0, code = connect_daemon(ctl, &fd);

	while (code == CTL_OK) {
		const char *next;

		if (control_init(&request, verb) != 0 ||
		    (after[0] != '\0' && control_add(&request, "after", after) != 0)) {
			code = CTL_REFUSED;
			break;
		}
		code = exchange(fd, &request, &answer, each, arg, &error);
		if (error != 0)
			say_refused(ctl, &answer, "");
		next = code == CTL_OK ? control_get(&answer, "next") : NULL;
		if (next == NULL)
			break;
		snprintf(after, sizeof(after), "%s", next);
	}
	if (fd >= 0)
		close(fd);
	return code;
}

void link_say_not_found(const struct ctl *ctl, const char *user)
{
	if (strcmp(ctl->command, "sheet revoke") == 0)
		ctl_error("%s: %s has no sheet", ctl->command, user);
	else
		ctl_error("%s: there is no user %s", ctl->command, user);
}

int link_user(struct control_message *request, const char *verb, const char *user)
{
	if (name_check_user(user) != 0) {
		ctl_error("%s", error_text(QK_ERR_USER_ID));
		return CTL_REFUSED;
	}
	if (control_init(request, verb) != 0)
		return CTL_REFUSED;
	return link_add(request, "user", user);
}

int link_add(struct control_message *request, const char *name, const char *value)
{
	if (control_add(request, name, value) == 0)
		return CTL_OK;
	ctl_error("%s is too long or holds a newline", name);
	return CTL_REFUSED;
}

int link_user_exists(struct ctl *ctl, const char *user, bool *exists)
{
	struct control_message request, answer;
	int fd, error = 0, code = link_user(&request, "user-get", user);

	*exists = false;
	if (code == CTL_OK)
		code = connect_daemon(ctl, &fd);
	if (code != CTL_OK)
		return code;
	code = exchange(fd, &request, &answer, NULL, NULL, &error);
	*exists = code == CTL_OK;
	if (error == QK_ERR_NOT_FOUND)
		code = CTL_OK;
	else if (error != 0)
		say_refused(ctl, &answer, user);
	close(fd);
	return code;
}
