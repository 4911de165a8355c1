/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a person types or pastes on the terminal, never echoed: /dev/tty, whatever standard input is. The terminal is
 * left as it was, also when a signal ended the reading (qknock/interrupt.h).
 */
#ifndef QKNOCK_TERMINAL_H
#define QKNOCK_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/* Is there one? */
bool terminal_exists(void);

/* How many columns and rows it has; 80 and 24 when that is unknown. */
void terminal_size(unsigned *columns, unsigned *rows);

/* Shows text on it. Errors: IO. */
int terminal_show(const char *text);

/* Shows prompt and reads text of up to size - 1 bytes into it, a NUL behind. Enter ends it, unless more input is there
 * already, because a paste holds line breaks, or wants_more says so of a first Enter; these line breaks are part of the
 * text. Backspace, Ctrl-U and Ctrl-W erase, Ctrl-D ends it too. Errors: IO (no terminal, or interrupted), with errno
 * set; SPACE (more than fits); text is then zero. */
int terminal_read(const char *prompt, bool (*wants_more)(const char *text, size_t len), char *text, size_t size);

/* One line that is echoed, for what is no secret, without its end; empty is legal. Errors: IO. */
int terminal_ask(const char *prompt, char *text, size_t size);

#endif
