/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A PAM module for bench_pam: calls a hook of another module again and again, as libpam would but without libpam's own
 * work (its audit record of each call costs more than any check), and leaves how long one call took in PAM_LOOP_NS.
 *
 *     account required pam_loop.so MODULE HOOK CALLS EXPECTED [ARGUMENT...]
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <security/pam_modules.h>

#define WARM_UP 3

typedef int hook_fn(pam_handle_t *pamh, int flags, int argc, const char **argv);

static double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

__attribute__((visibility("default"))) int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	void *module = argc >= 4 ? dlopen(argv[0], RTLD_NOW) : NULL;
	hook_fn *hook = module != NULL ? (hook_fn *)(uintptr_t)dlsym(module, argv[1]) : NULL;
	int calls = hook != NULL ? atoi(argv[2]) : 0;
	char variable[64];
	double begin = 0;

	if (calls == 0)
		return PAM_MODULE_UNKNOWN;
	/* The first calls find the caches as another module has left them. */
	for (int i = -WARM_UP; i < calls; i++) {
		if (i == 0)
			begin = now_ns();
		if (hook(pamh, flags, argc - 4, argv + 4) != atoi(argv[3]))
			return PAM_SERVICE_ERR;
	}
	snprintf(variable, sizeof(variable), "PAM_LOOP_NS=%.0f", (now_ns() - begin) / calls);
	return pam_putenv(pamh, variable);
}
