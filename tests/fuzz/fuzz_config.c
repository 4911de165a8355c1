/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "libcore/config.h"
#include "libcore/error.h"

static void count_line(void *arg, enum log_level level, const char *line)
{
	unsigned *lines = arg;

	(void)level;
	FUZZ_ASSERT(strncmp(line, "FUZZ", 4) == 0);
	(*lines)++;
}

static void check(const struct config *config)
{
	FUZZ_ASSERT(name_check_server(config->server_id) == 0);
	FUZZ_ASSERT(knock_shape_check(&config->shape) == 0);
	FUZZ_ASSERT(config->interfaces[0] != NULL && config->width_count > 0 && config->service_count > 0);
	for (size_t i = 0; i < config->service_count; i++) {
		const struct config_service *service = &config->services[i];

		FUZZ_ASSERT(service_check(&service->service) == 0 && service->grant_s > 0);
		FUZZ_ASSERT(config_service(config, service->service.name) == service);
		FUZZ_ASSERT(service->open_hook == NULL || service->open_hook[0][0] == '/');
	}
}

/* A configuration is either good, or refused with a reason. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned lines = 0;
	struct log log = {count_line, &lines, LOG_LEVEL_ERROR};
	struct config *config;
	int rc = config_parse("FUZZ", (const char *)data, size, &log, &config);

	if (rc == 0)
		check(config);
	else
		FUZZ_ASSERT(rc == QK_ERR_CONFIG && config == NULL);
	FUZZ_ASSERT((rc == 0) == (lines == 0));
	config_free(config);
	return 0;
}
