/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcore/error.h"
#include "qknock/profile_store.h"
#include "tests/unit/quiet.h"

static char home[] = "/tmp/test_profile_store.XXXXXX";
static char said[2048];
static struct profile example;

static const char text[] = "qknock-profile 1\nserver-id gw.example\nhost gw.example.net\nuser alice\n"
			   "n 187\nports 8800-8899\ncount 12\nvalidity 120\nwidths 0 8\nservice ssh tcp 22\n";

static char *in_store(const char *name)
{
	static char path[PATH_MAX + PROFILE_NAME_MAX + 2];
	char directory[PATH_MAX];

	assert_int_equal(profile_store_path(directory), 0);
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static void put_file(const char *path, const char *content, mode_t mode)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(content, file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static int save(const char *name, bool replace)
{
	int rc;

	quiet_begin();
	rc = profile_store_save(name, &example, replace);
	quiet_end(said, sizeof(said));
	return rc;
}

static int load(const char *name, struct profile *out, char chosen[static PROFILE_NAME_MAX + 1])
{
	int rc;

	quiet_begin();
	rc = profile_store_load(name, out, chosen);
	quiet_end(said, sizeof(said));
	return rc;
}

/* Each test begins with an empty home. */
static int begin(void **state)
{
	(void)state;
	strcpy(home + strlen(home) - 6, "XXXXXX");
	if (mkdtemp(home) == NULL || profile_parse(&example, text, strlen(text), NULL) != 0)
		return -1;
	return setenv("HOME", home, 1) != 0 || unsetenv("XDG_CONFIG_HOME") != 0;
}

static int end(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", home);
	return system(command);
}

static void test_place(void **state)
{
	char path[PATH_MAX], expected[PATH_MAX];

	(void)state;
	snprintf(expected, sizeof(expected), "%s/.config/qknock/profiles", home);
	assert_int_equal(profile_store_path(path), 0);
	assert_string_equal(path, expected);
	setenv("XDG_CONFIG_HOME", "relative", 1);
	assert_int_equal(profile_store_path(path), 0);
	assert_string_equal(path, expected);
	setenv("XDG_CONFIG_HOME", "/etc/x", 1);
	assert_int_equal(profile_store_path(path), 0);
	assert_string_equal(path, "/etc/x/qknock/profiles");
}

static void test_saved_is_loaded(void **state)
{
	char chosen[PROFILE_NAME_MAX + 1], directory[PATH_MAX];
	struct profile loaded;
	struct stat st;

	(void)state;
	umask(0);
	assert_int_equal(save("gw", false), 0);
	assert_int_equal(stat(in_store("gw"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(profile_store_path(directory), 0);
	assert_int_equal(stat(directory, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	umask(022);

	assert_int_equal(load("gw", &loaded, chosen), 0);
	assert_string_equal(chosen, "gw");
	assert_memory_equal(&loaded, &example, sizeof(loaded));
	assert_int_equal(load(in_store("gw"), &loaded, chosen), 0);
	assert_string_equal(loaded.user, "alice");
}

static void test_nothing_is_replaced_unasked(void **state)
{
	char chosen[PROFILE_NAME_MAX + 1];
	struct profile loaded;
	unsigned entries = 0;
	char directory[PATH_MAX];

	(void)state;
	assert_int_equal(save("gw", false), 0);
	strcpy(example.user, "bob");
	assert_int_equal(save("gw", false), QK_ERR_EXISTS);
	assert_non_null(strstr(said, "--replace"));
	assert_int_equal(load("gw", &loaded, chosen), 0);
	assert_string_equal(loaded.user, "alice");
	assert_int_equal(save("gw", true), 0);
	assert_int_equal(load("gw", &loaded, chosen), 0);
	assert_string_equal(loaded.user, "bob");

	/* No half-written file stays behind. */
	assert_int_equal(profile_store_path(directory), 0);
	DIR *dir = opendir(directory);

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		entries++;
	closedir(dir);
	assert_int_equal(entries, 3);
}

static void test_the_only_one_needs_no_name(void **state)
{
	char chosen[PROFILE_NAME_MAX + 1];
	struct profile loaded;

	(void)state;
	assert_int_equal(load(NULL, &loaded, chosen), QK_ERR_NOT_FOUND);
	assert_non_null(strstr(said, "qknock enroll"));
	assert_int_equal(save("gw", false), 0);
	assert_int_equal(load(NULL, &loaded, chosen), 0);
	assert_string_equal(chosen, "gw");
	assert_int_equal(save("other", false), 0);
	assert_int_equal(load(NULL, &loaded, chosen), QK_ERR_NOT_FOUND);
	assert_non_null(strstr(said, "--profile"));
}

static void test_unknown_names(void **state)
{
	static const char *const names[] = {"other", ".gw.123", "", "g w", "..", "/nonexistent"};
	char chosen[PROFILE_NAME_MAX + 1];
	struct profile loaded;

	(void)state;
	assert_int_equal(save("gw", false), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(load(names[i], &loaded, chosen), QK_ERR_NOT_FOUND);
}

static void test_names(void **state)
{
	char longest[PROFILE_NAME_MAX + 2];

	(void)state;
	memset(longest, 'a', sizeof(longest));
	longest[PROFILE_NAME_MAX + 1] = '\0';
	assert_false(profile_name_valid(longest));
	longest[PROFILE_NAME_MAX] = '\0';
	assert_true(profile_name_valid(longest));
	assert_true(profile_name_valid("gw.example_1-A"));
	assert_false(profile_name_valid(""));
	assert_false(profile_name_valid(".hidden"));
	assert_false(profile_name_valid("a/b"));
	assert_false(profile_name_valid("a b"));
	assert_false(profile_name_valid("gw\xc3\xa4"));
}

static void test_list_is_sorted_and_leaves_the_rest_out(void **state)
{
	struct profile_names names;

	(void)state;
	assert_int_equal(profile_store_list(&names), 0);
	assert_int_equal(names.count, 0);
	assert_int_equal(save("b", false), 0);
	assert_int_equal(save("c", false), 0);
	assert_int_equal(save("a", false), 0);
	put_file(in_store(".b.1"), "half", 0600);
	assert_int_equal(profile_store_list(&names), 0);
	assert_int_equal(names.count, 3);
	assert_string_equal(names.name[0], "a");
	assert_string_equal(names.name[1], "b");
	assert_string_equal(names.name[2], "c");
	free(names.name);
}

static void test_what_others_may_write_is_refused(void **state)
{
	static const mode_t modes[] = {0620, 0602, 0666};
	char chosen[PROFILE_NAME_MAX + 1];
	struct profile loaded;

	(void)state;
	assert_int_equal(save("gw", false), 0);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		assert_int_equal(chmod(in_store("gw"), modes[i]), 0);
		assert_int_equal(load("gw", &loaded, chosen), QK_ERR_DENIED);
		assert_int_equal(loaded.n_mod, 0);
	}
	assert_int_equal(chmod(in_store("gw"), 0644), 0);
	assert_int_equal(load("gw", &loaded, chosen), 0);
}

static void test_damage_is_said_with_its_line(void **state)
{
	char chosen[PROFILE_NAME_MAX + 1], long_text[PROFILE_TEXT_SIZE + 1];
	struct profile loaded;

	(void)state;
	assert_int_equal(save("gw", false), 0);
	put_file(in_store("gw"), "qknock-profile 1\nserver-id gw\nports 8800\n", 0600);
	assert_int_not_equal(load("gw", &loaded, chosen), 0);
	assert_non_null(strstr(said, "gw:3: "));
	assert_int_equal(loaded.n_mod, 0);
	put_file(in_store("gw"), "", 0600);
	assert_int_not_equal(load("gw", &loaded, chosen), 0);
	assert_non_null(strstr(said, "gw: "));
	memset(long_text, '#', sizeof(long_text));
	long_text[PROFILE_TEXT_SIZE] = '\0';
	put_file(in_store("gw"), long_text, 0600);
	assert_int_equal(load("gw", &loaded, chosen), QK_ERR_PROFILE);
	assert_non_null(strstr(said, "too long"));
}

static int keep_quiet(int rc)
{
	quiet_end(said, sizeof(said));
	return rc;
}

#define QUIETLY(call) (quiet_begin(), keep_quiet(call))

static void test_the_default_is_taken_among_several(void **state)
{
	char chosen[PROFILE_NAME_MAX + 1], name[PROFILE_NAME_MAX + 1];
	struct profile loaded;

	(void)state;
	assert_int_equal(save("gw", false), 0);
	assert_int_equal(profile_store_default(name), QK_ERR_NOT_FOUND);
	assert_string_equal(name, "");
	assert_int_equal(save("other", false), 0);
	assert_int_equal(QUIETLY(profile_store_set_default("missing")), QK_ERR_IO);
	assert_int_equal(profile_store_set_default("other"), 0);
	assert_int_equal(profile_store_set_default("gw"), 0);
	assert_int_equal(profile_store_default(name), 0);
	assert_string_equal(name, "gw");
	assert_int_equal(load(NULL, &loaded, chosen), 0);
	assert_string_equal(chosen, "gw");
	assert_int_equal(profile_store_set_default(NULL), 0);
	assert_int_equal(profile_store_set_default(NULL), 0);
	assert_int_equal(load(NULL, &loaded, chosen), QK_ERR_NOT_FOUND);
	assert_non_null(strstr(said, "profiles default"));
}

static void test_renaming_and_removing(void **state)
{
	char chosen[PROFILE_NAME_MAX + 1], name[PROFILE_NAME_MAX + 1];
	struct profile loaded;

	(void)state;
	assert_int_equal(QUIETLY(profile_store_remove("gw")), QK_ERR_NOT_FOUND);
	assert_int_equal(save("gw", false), 0);
	assert_int_equal(save("other", false), 0);
	assert_int_equal(profile_store_set_default("gw"), 0);
	assert_int_equal(QUIETLY(profile_store_rename("gw", "other")), QK_ERR_EXISTS);
	assert_int_equal(QUIETLY(profile_store_rename("missing", "new")), QK_ERR_NOT_FOUND);
	assert_int_equal(profile_store_rename("gw", "home"), 0);
	assert_int_equal(profile_store_default(name), 0);
	assert_string_equal(name, "home");
	assert_int_equal(load("gw", &loaded, chosen), QK_ERR_NOT_FOUND);
	assert_int_equal(load("home", &loaded, chosen), 0);
	assert_int_equal(profile_store_remove("home"), 0);
	assert_int_equal(profile_store_default(name), QK_ERR_NOT_FOUND);
	assert_int_equal(load(NULL, &loaded, chosen), 0);
	assert_string_equal(chosen, "other");
}

static void test_text_or_uri(void **state)
{
	static const char uri[] = "qknock:1?i=gw.example&h=gw.example.net&u=alice&n=187&w=0,8&s=ssh,tcp,22\r\n";
	struct profile taken;

	(void)state;
	assert_int_equal(profile_take(uri, strlen(uri), "test", &taken), 0);
	assert_memory_equal(&taken, &example, sizeof(taken));
	assert_int_equal(profile_take(text, strlen(text), "test", &taken), 0);
	assert_memory_equal(&taken, &example, sizeof(taken));
	assert_int_not_equal(QUIETLY(profile_take("qknock:1?i=gw&x=1", 17, "test", &taken)), 0);
	assert_non_null(strstr(said, "test: field 2 of the URI"));
}

static void test_place_that_cannot_be_made(void **state)
{
	char file[PATH_MAX];

	(void)state;
	snprintf(file, sizeof(file), "%s/.config", home);
	put_file(file, "", 0600);
	assert_int_equal(save("gw", false), QK_ERR_IO);
	assert_non_null(strstr(said, "Not a directory"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(test_place),
	    CASE(test_saved_is_loaded),
	    CASE(test_nothing_is_replaced_unasked),
	    CASE(test_the_only_one_needs_no_name),
	    CASE(test_unknown_names),
	    CASE(test_names),
	    CASE(test_list_is_sorted_and_leaves_the_rest_out),
	    CASE(test_what_others_may_write_is_refused),
	    CASE(test_damage_is_said_with_its_line),
	    CASE(test_the_default_is_taken_among_several),
	    CASE(test_renaming_and_removing),
	    CASE(test_text_or_uri),
	    CASE(test_place_that_cannot_be_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
