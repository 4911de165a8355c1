/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknock/configdir.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "libcore/error.h"
#include "qknock/say.h"

static const char *home_directory(void)
{
	const char *home = getenv("HOME");
	const struct passwd *user;

	if (home != NULL && home[0] == '/')
		return home;
	user = getpwuid(getuid());
	return user != NULL ? user->pw_dir : NULL;
}

int configdir_path(const char *name, char path[static PATH_MAX])
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = home_directory();
	int len;

	if (config != NULL && config[0] == '/') { /* the XDG specification wants relative ones to be ignored */
		len = snprintf(path, PATH_MAX, "%s/qknock/%s", config, name);
	} else if (home != NULL) {
		len = snprintf(path, PATH_MAX, "%s/.config/qknock/%s", home, name);
	} else {
		say_error("%s: no home directory; set HOME or XDG_CONFIG_HOME", name);
		return QK_ERR_NOT_FOUND;
	}
	if (len >= PATH_MAX) {
		say_error("%s: the path of the configuration directory is too long", name);
		return QK_ERR_SPACE;
	}
	return 0;
}
