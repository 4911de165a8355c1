/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two files of /etc/pam.d, "pam" and "common", with a NUL between them: they may include each other. */
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <string.h>

#include "libcore/error.h"
#include "qknockctl/pamstack.h"

#define DIRECTORY "fuzz/"
#define LINES_MAX 24

static struct {
	const char *name;
	const uint8_t *data;
	size_t size;
} files[] = {{.name = DIRECTORY "pam"}, {.name = DIRECTORY "common"}};

static bool reading;

FILE *__real_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode);

/* While the stack is read there are no files but these two. */
FILE *__wrap_fopen(const char *path, const char *mode)
{
	if (!reading)
		return __real_fopen(path, mode);
	for (size_t i = 0; i < 2; i++)
		if (strcmp(path, files[i].name) == 0)
			return files[i].size == 0 ? __real_fopen("/dev/null", "re")
						  : fmemopen((void *)files[i].data, files[i].size, "r");
	errno = ENOENT;
	return NULL;
}

static void check(const struct pamstack *stack)
{
	char text[16];

	for (size_t i = 0; i < stack->count; i++) {
		const struct pamstack_line *line = &stack->lines[i];

		FUZZ_ASSERT(line->number > 0 && line->substack <= stack->substacks);
		FUZZ_ASSERT(strlen(pamstack_action(line, "success", text)) < sizeof(text));
		FUZZ_ASSERT(strlen(pamstack_action(line, "perm_denied", text)) < sizeof(text));
		pamstack_is(line, "pam_unix");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = memchr(data, '\0', size);
	struct pamstack stack;
	unsigned lines = 0;
	int rc;

	/* Each takes 7 KB, as often as it is included. */
	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	if (lines > LINES_MAX)
		return 0;
	files[0].data = data;
	files[0].size = end != NULL ? (size_t)(end - data) : size;
	files[1].data = end != NULL ? end + 1 : data;
	files[1].size = end != NULL ? size - files[0].size - 1 : 0;
	reading = true;
	rc = pamstack_read(&stack, files[0].name, "auth");
	reading = false;
	FUZZ_ASSERT(rc == 0 || rc == QK_ERR_IO || rc == QK_ERR_CONFIG);
	if (rc == 0)
		check(&stack);
	else
		FUZZ_ASSERT(stack.lines == NULL && stack.count == 0 && stack.fault[0] != '\0');
	pamstack_free(&stack);
	return 0;
}
