/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages for people, on standard error, each with the program's name before it. Never a key or a pass-code. */
#ifndef QKNOCK_SAY_H
#define QKNOCK_SAY_H

enum say_level { SAY_QUIET, SAY_NORMAL, SAY_VERBOSE };

void say_set_level(enum say_level level); /* SAY_NORMAL until then */
enum say_level say_get_level(void);

void say_error(const char *format, ...) __attribute__((format(printf, 1, 2)));	 /* always */
void say_hint(const char *format, ...) __attribute__((format(printf, 1, 2)));	 /* more about an error; unless quiet */
void say_warning(const char *format, ...) __attribute__((format(printf, 1, 2))); /* unless quiet */
void say_verbose(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
