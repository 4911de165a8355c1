#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What pam_knock.so looks like to the servers that load it: what it exports, links, uses and keeps, and that
# loading and unloading it thousands of times leaves nothing behind.
set -u
build=${top_builddir:-.}
so=$build/pam_knock/.libs/pam_knock.so
failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
	printf 'FAILED: %s\n' "$*"
	failed=1
}

# same WHAT EXPECTED FOUND
same() { [ "$2" = "$3" ] || fail "$1: expected \"$2\", found \"$3\""; }

[ -e "$so" ] || { echo "no $so"; exit 99; }

same "exported symbols" \
	"pam_sm_acct_mgmt pam_sm_authenticate pam_sm_close_session pam_sm_open_session pam_sm_setcred" \
	"$(nm -D --defined-only "$so" | awk '{ print $3 }' | sort | paste -sd' ')"

# A sanitizer's build brings its own library, symbols and state, one that counts lines too.
if nm "$so" | grep -Eq ' __(asan|ubsan|tsan|msan|gcov)_'; then
	[ "$failed" = 0 ]
	exit
fi

same "libraries" "libc.so.6 libpam.so.0" \
	"$(readelf -dW "$so" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort | paste -sd' ')"

# What would outlast a call, or change the server's ways.
forbidden='fork|vfork|clone|posix_spawn.*|exec.*|system|popen|openlog|closelog|setlogmask|signal|sigaction|sigprocmask|
atexit|__cxa_atexit|on_exit|_*exit|abort|setenv|putenv|unsetenv|setlocale|umask|chdir|getaddrinfo|gethostby.*|getnameinfo|
res_.*|pthread_.*|dlopen|printf|__printf_chk|puts|fprintf|__fprintf_chk|pam_.*prompt|pam_error|pam_info|strerror|strtok|
getpwnam|localtime|alarm|setitimer|set[a-z]*[ug]id'
same "functions that a module must not call" "" \
	"$(nm -D --undefined-only "$so" | awk '{ print $2 }' | sed 's/@.*//' | grep -Ex "$(echo $forbidden | tr -d ' ')" | paste -sd' ')"

# No state: nothing of ours in a section that can be written to while it runs. The compiler's own marks are there
# in every shared object.
same "writable objects" "" "$(objdump -t "$so" | awk 'NF > 3 && $(NF-2) ~ /^\.(data|bss|tdata|tbss)$/ { print $NF }' |
	grep -Evx '\.(data|bss)|__dso_handle|__TMC_END__|completed\.[0-9]+|_edata|_end|__bss_start' | paste -sd' ')"

# Thousands of applications, each loading and unloading it. Symbols and line numbers of the module would be read
# again each time.
strip -g -o "$work/pam_knock.so" "$so"
if valgrind --version >/dev/null 2>&1; then
	valgrind -q --error-exitcode=9 --leak-check=full \
		--errors-for-leak-kinds=definite,indirect,possible \
		"$build/tests/unit/pam_cycles" "$work/pam_knock.so" "${PAM_CYCLES:-2000}" || fail "valgrind: exit code $?"
else
	fail "valgrind is not installed"
fi
[ "$failed" = 0 ]
