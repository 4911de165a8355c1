/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pam_cycles MODULE COUNT: so many applications of PAM, one after the other, for test_pam_module.sh. libpam loads
 * the module for each and unloads it at its end. Logins that pass, that claim, and that are refused take turns.
 */
#include "tests/unit/unit.h"

#include "tests/unit/pam.h"

static bool is_loaded(void)
{
	void *handle = dlopen(module_path, RTLD_LAZY | RTLD_NOLOAD);

	if (handle != NULL)
		dlclose(handle);
	return handle != NULL;
}

static void cycle(unsigned i)
{
	const char *rhost = i % 3 == 2 ? "203.0.113.8" : "203.0.113.7";
	int expected = i % 3 == 2 ? PAM_PERM_DENIED : PAM_SUCCESS;
	struct application app;

	log_reset();
	if (i % 3 == 0)
		put_grant(1 + i, "ssh", "203.0.113.7", true);
	if (i % 3 == 1)
		put_grant(1 + i, "ssh", "203.0.113.7", false);
	app_start(&app, "sshd", "root", rhost, "203.0.113.7 50000 192.0.2.1 22");
	assert_int_equal(pam_authenticate(app.pamh, 0), expected);
	assert_int_equal(pam_acct_mgmt(app.pamh, 0), expected);
	assert_int_equal(pam_open_session(app.pamh, 0), PAM_SUCCESS);
	assert_true(is_loaded());
	app_end(&app);
	assert_false(is_loaded());
}

int main(int argc, char **argv)
{
	void *state = NULL;

	if (argc != 3 || pam_set_up(&state) != 0 || realpath(argv[1], module_path) == NULL)
		return 99;
	stack_for("sshd", "debug match_user");
	for (unsigned i = 0; i < (unsigned)atoi(argv[2]); i++)
		cycle(i);
	return pam_tear_down(&state);
}
