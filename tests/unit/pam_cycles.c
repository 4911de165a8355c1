/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pam_cycles MODULE COUNT: so many applications of PAM, one after the other, for test_pam_module.sh. libpam loads
 * the module for each and unloads it at its end. Logins that are refused, that pass and that claim take turns.
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

/* Nobody has knocked. Most cycles are these, because valgrind takes 20 ms for one with all hooks. */
static void refuse(void)
{
	struct application app;

	app_start(&app, "sshd", "root", "203.0.113.8", NULL);
	assert_int_equal(pam_authenticate(app.pamh, 0), PAM_PERM_DENIED);
	app_end(&app);
}

static void pass(uint64_t id, bool single_use)
{
	struct application app;

	put_grant(id, "ssh", "203.0.113.7", single_use);
	app_start(&app, "sshd", "root", "203.0.113.7", "203.0.113.7 50000 192.0.2.1 22");
	assert_int_equal(pam_authenticate(app.pamh, 0), PAM_SUCCESS);
	assert_int_equal(pam_acct_mgmt(app.pamh, 0), PAM_SUCCESS);
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
	for (unsigned i = 0; i < (unsigned)atoi(argv[2]); i++) {
		log_reset();
		if (i % 4 == 0)
			pass(1 + i, i % 8 == 0);
		else
			refuse();
	}
	return pam_tear_down(&state);
}
