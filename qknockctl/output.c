/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockctl/output.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct output {
	bool json;
	const struct output_column *columns;
	size_t column_count;
	const char *none;
	json_t *array; /* of objects; only for JSON */
	char **cells;  /* row by row; only for people */
	size_t row_count, row_capacity;
};

void output_duration(uint64_t s, char text[static OUTPUT_DURATION_SIZE])
{
	const uint64_t minute = 60, hour = 3600, day = 86400;

	if (s < minute)
		snprintf(text, OUTPUT_DURATION_SIZE, "%" PRIu64 "s", s);
	else if (s < hour)
		snprintf(text, OUTPUT_DURATION_SIZE, "%" PRIu64 "m%02" PRIu64 "s", s / minute, s % minute);
	else if (s < day)
		snprintf(text, OUTPUT_DURATION_SIZE, "%" PRIu64 "h%02" PRIu64 "m", s / hour, s % hour / minute);
	else
		snprintf(text, OUTPUT_DURATION_SIZE, "%" PRIu64 "d%02" PRIu64 "h", s / day, s % day / hour);
}

/* The time of day alone if it is of today. */
static void format_time(uint64_t seconds, char *text, size_t size)
{
	time_t when = (time_t)seconds, now = time(NULL);
	struct tm then_tm, now_tm;

	if (localtime_r(&when, &then_tm) == NULL || localtime_r(&now, &now_tm) == NULL) {
		snprintf(text, size, "%" PRIu64, seconds);
		return;
	}
	strftime(text, size,
		 then_tm.tm_year == now_tm.tm_year && then_tm.tm_yday == now_tm.tm_yday ? "%H:%M:%S"
											: "%Y-%m-%d %H:%M:%S",
		 &then_tm);
}

/* --- for people --- */

static char *format_cell(const struct output_column *column, const struct control_message *item)
{
	const char *value = control_get(item, column->field);
	char text[64];
	uint64_t number;

	if (value == NULL)
		return strdup("-");
	if (column->kind == OUTPUT_WORDS && value[0] == '\0')
		return strdup("all");
	if (column->kind == OUTPUT_NAMES && value[0] == '\0')
		return strdup("none");
	if ((column->kind != OUTPUT_DURATION && column->kind != OUTPUT_TIME) ||
	    control_get_u64(item, column->field, &number) != 0)
		return strdup(value);
	if (column->kind == OUTPUT_DURATION)
		output_duration(number, text);
	else
		format_time(number, text, sizeof(text));
	return strdup(text);
}

static bool grow(struct output *o)
{
	size_t capacity = o->row_capacity != 0 ? 2 * o->row_capacity : 16;
	char **cells;

	if (o->row_count < o->row_capacity)
		return true;
	cells = reallocarray(o->cells, capacity * o->column_count, sizeof(*cells));
	if (cells == NULL)
		return false;
	o->cells = cells;
	o->row_capacity = capacity;
	return true;
}

static bool add_row(struct output *o, const struct control_message *item)
{
	char **row;
	bool ok = true;

	if (!grow(o))
		return false;
	row = o->cells + o->row_count++ * o->column_count;
	for (size_t i = 0; i < o->column_count; i++) {
		row[i] = format_cell(&o->columns[i], item);
		ok = ok && row[i] != NULL;
	}
	return ok;
}

static bool is_number(const struct output_column *column)
{
	return column->kind == OUTPUT_NUMBER || column->kind == OUTPUT_COUNT || column->kind == OUTPUT_BIG ||
	       column->kind == OUTPUT_DURATION;
}

static size_t width_of(const struct output *o, size_t column)
{
	size_t width = strlen(o->columns[column].heading);

	for (size_t i = 0; i < o->row_count; i++) {
		size_t len = strlen(o->cells[i * o->column_count + column]);

		if (len > width)
			width = len;
	}
	return width;
}

/* Numbers to the right; nothing after the last cell. */
static void print_cell(const char *text, size_t width, bool right, bool last)
{
	if (right)
		printf("%*s%s", (int)width, text, last ? "\n" : "  ");
	else if (last)
		printf("%s\n", text);
	else
		printf("%-*s  ", (int)width, text);
}

static void print_table(const struct output *o)
{
	size_t *widths = calloc(o->column_count, sizeof(*widths)), last = 0;

	if (widths == NULL)
		return;
	for (size_t i = 0; i < o->column_count; i++) {
		if (o->columns[i].heading != NULL) {
			widths[i] = width_of(o, i);
			last = i;
		}
	}
	for (size_t i = 0; i <= last; i++)
		if (o->columns[i].heading != NULL)
			print_cell(o->columns[i].heading, widths[i], is_number(&o->columns[i]), i == last);
	for (size_t row = 0; row < o->row_count; row++)
		for (size_t i = 0; i <= last; i++)
			if (o->columns[i].heading != NULL)
				print_cell(o->cells[row * o->column_count + i], widths[i], is_number(&o->columns[i]),
					   i == last);
	free(widths);
}

static void print_single(const struct output *o)
{
	size_t width = 0;

	for (size_t i = 0; i < o->column_count; i++)
		if (o->columns[i].heading != NULL && strlen(o->columns[i].heading) > width)
			width = strlen(o->columns[i].heading);
	for (size_t i = 0; i < o->column_count; i++)
		if (o->columns[i].heading != NULL)
			printf("%s:%*s %s\n", o->columns[i].heading, (int)(width - strlen(o->columns[i].heading)), "",
			       o->cells[i]);
}

/* --- for scripts --- */

static json_t *split(const char *list, bool numbers)
{
	json_t *array = json_array();

	while (array != NULL && *list != '\0') {
		size_t len = strcspn(list, " ");
		json_t *word = numbers ? json_integer(strtoll(list, NULL, 10)) : json_stringn(list, len);

		if (json_array_append_new(array, word) != 0) {
			json_decref(array);
			return NULL;
		}
		list += len;
		list += strspn(list, " ");
	}
	return array;
}

static json_t *to_json(const struct output_column *column, const char *value)
{
	switch (column->kind) {
	case OUTPUT_NUMBER:
	case OUTPUT_COUNT:
	case OUTPUT_DURATION:
	case OUTPUT_TIME:
		return json_integer(strtoll(value, NULL, 10));
	case OUTPUT_FLAG:
		return json_boolean(strcmp(value, "yes") == 0);
	case OUTPUT_WORDS:
	case OUTPUT_NAMES:
		return split(value, false);
	case OUTPUT_NUMBERS:
		return split(value, true);
	case OUTPUT_TEXT:
	case OUTPUT_BIG:
		break;
	}
	return json_string(value);
}

static bool add_object(struct output *o, const struct control_message *item)
{
	json_t *object = json_object();
	bool ok = object != NULL;

	for (size_t i = 0; ok && i < o->column_count; i++) {
		const char *value = control_get(item, o->columns[i].field);
		char key[CONTROL_NAME_MAX + 1];

		if (value == NULL)
			continue;
		snprintf(key, sizeof(key), "%s", o->columns[i].field);
		for (char *p = key; *p != '\0'; p++)
			if (*p == '-')
				*p = '_';
		ok = json_object_set_new(object, key, to_json(&o->columns[i], value)) == 0;
	}
	if (!ok) {
		json_decref(object);
		return false;
	}
	return json_array_append_new(o->array, object) == 0;
}

/* --- both --- */

struct output *output_new(bool json, const struct output_column *columns, size_t count, const char *none)
{
	struct output *o = calloc(1, sizeof(*o));

	if (o == NULL)
		return NULL;
	*o = (struct output){.json = json, .columns = columns, .column_count = count, .none = none};
	o->array = json ? json_array() : NULL;
	if (!json || o->array != NULL)
		return o;
	free(o);
	return NULL;
}

bool output_add(struct output *o, const struct control_message *item)
{
	return o->json ? add_object(o, item) : add_row(o, item);
}

static void print_json(const json_t *value)
{
	json_dumpf(value, stdout, JSON_INDENT(2));
	putchar('\n');
}

bool output_object(const char *key, const char *value)
{
	return output_pair(key, value, NULL, NULL);
}

bool output_pair(const char *key, const char *value, const char *key2, const char *value2)
{
	json_t *object =
	    key2 != NULL ? json_pack("{s:s, s:s}", key, value, key2, value2) : json_pack("{s:s}", key, value);

	if (object == NULL)
		return false;
	print_json(object);
	json_decref(object);
	return true;
}

void output_table(struct output *o)
{
	if (o->json)
		print_json(o->array);
	else if (o->row_count > 0)
		print_table(o);
	else
		printf("%s\n", o->none);
}

void output_single(struct output *o)
{
	if (o->json && json_array_size(o->array) > 0)
		print_json(json_array_get(o->array, 0));
	else if (!o->json && o->row_count > 0)
		print_single(o);
}

void output_free(struct output *o)
{
	if (o == NULL)
		return;
	for (size_t i = 0; i < o->row_count * o->column_count; i++)
		free(o->cells[i]);
	free(o->cells);
	json_decref(o->array);
	free(o);
}
