/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * main() of a fuzz target that is built without libFuzzer: feeds it every file of the corpus. Without
 * arguments the corpus of the program fuzz_NAME is $top_srcdir/tests/fuzz/corpus/NAME, as "make check" wants it.
 */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

static void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

static void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("replay: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(2);
}

static char *join(const char *between, const char *a, const char *b)
{
	size_t size = strlen(between) + strlen(a) + strlen(b) + 1;
	char *text = malloc(size);

	if (text == NULL)
		die("out of memory");
	snprintf(text, size, "%s%s%s", a, between, b);
	return text;
}

/* The target gets a heap copy of exactly the file's size, so that a sanitizer sees one byte read too many. */
static void replay_file(const char *path, size_t size)
{
	FILE *file = fopen(path, "rbe");
	uint8_t *data = malloc(size > 0 ? size : 1);

	if (file == NULL || data == NULL || fread(data, 1, size, file) != size)
		die("%s: %s", path, strerror(errno));
	fprintf(stderr, "%s\n", path); /* the last line names the culprit of a crash */
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	fclose(file);
}

static unsigned replay(const char *path);

static unsigned replay_directory(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	unsigned files = 0;

	if (dir == NULL)
		die("%s: %s", path, strerror(errno));
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] != '.') {
			char *inner = join("/", path, entry->d_name);

			files += replay(inner);
			free(inner);
		}
	}
	closedir(dir);
	return files;
}

static unsigned replay(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		die("%s: %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return replay_directory(path);
	replay_file(path, (size_t)st.st_size);
	return 1;
}

static unsigned replay_own_corpus(const char *program)
{
	const char *top = getenv("top_srcdir");
	const char *name = strstr(program, "fuzz_"); /* libtool may put "lt-" before it */
	unsigned files;
	char *path;

	if (name == NULL)
		die("%s: the program is not named fuzz_NAME; give the corpus as argument", program);
	path = join("/tests/fuzz/corpus/", top != NULL ? top : ".", name + strlen("fuzz_"));
	files = replay(path);
	free(path);
	return files;
}

int main(int argc, char **argv)
{
	unsigned files = 0;

	if (argc < 2)
		files = replay_own_corpus(program_invocation_short_name);
	for (int i = 1; i < argc; i++)
		files += replay(argv[i]);
	if (files == 0)
		die("the corpus is empty");
	printf("%u files replayed\n", files);
	return 0;
}
