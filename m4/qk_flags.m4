# SPDX-License-Identifier: GPL-2.0-or-later
# Compiler switches of this project. Each macro adds to QK_CFLAGS or QK_LDFLAGS, which every target uses.

# QK_WARNINGS: the warnings that the code is held to; --enable-werror makes them errors, as CI does.
AC_DEFUN([QK_WARNINGS], [
  AC_ARG_ENABLE([werror], [AS_HELP_STRING([--enable-werror], [treat warnings as errors])], [], [enable_werror=no])
  QK_CFLAGS="-std=gnu11 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith"
  QK_CFLAGS="$QK_CFLAGS -Wformat=2 -Wundef -Wwrite-strings -Wvla -fvisibility=hidden"
  AS_IF([test "$enable_werror" = yes], [QK_CFLAGS="$QK_CFLAGS -Werror"])
  QK_LDFLAGS=
  AC_SUBST([QK_CFLAGS])
  AC_SUBST([QK_LDFLAGS])
])

# QK_HARDENING: on by default; a sanitizer build turns _FORTIFY_SOURCE off, because the two contradict.
AC_DEFUN([QK_HARDENING], [
  AC_ARG_ENABLE([hardening], [AS_HELP_STRING([--disable-hardening], [leave out the hardening flags])],
    [], [enable_hardening=yes])
  AS_IF([test "$enable_hardening" = yes], [
    QK_CFLAGS="$QK_CFLAGS -fstack-protector-strong"
    AS_CASE([$host_cpu], [x86_64|i?86], [QK_CFLAGS="$QK_CFLAGS -fcf-protection"])
    QK_LDFLAGS="$QK_LDFLAGS -Wl,-z,relro -Wl,-z,now"
  ])
])

# QK_SANITIZERS: --enable-sanitizers=address,undefined for instance.
AC_DEFUN([QK_SANITIZERS], [
  AC_ARG_ENABLE([sanitizers],
    [AS_HELP_STRING([--enable-sanitizers@<:@=LIST@:>@], [build with these sanitizers @<:@address,undefined@:>@])],
    [], [enable_sanitizers=no])
  AS_IF([test "$enable_sanitizers" = yes], [enable_sanitizers=address,undefined])
  AS_IF([test "$enable_sanitizers" != no], [
    QK_CFLAGS="$QK_CFLAGS -fsanitize=$enable_sanitizers -fno-sanitize-recover=all -fno-omit-frame-pointer"
    QK_LDFLAGS="$QK_LDFLAGS -fsanitize=$enable_sanitizers"
  ], [test "$enable_hardening" = yes], [
    QK_CFLAGS="$QK_CFLAGS -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2"
  ])
  AM_CONDITIONAL([SANITIZERS], [test "$enable_sanitizers" != no])
])

# QK_COVERAGE: counters for gcov, which processes without privileges can write too (tests/coverage.h).
AC_DEFUN([QK_COVERAGE], [
  AC_ARG_ENABLE([coverage], [AS_HELP_STRING([--enable-coverage], [build with gcov counters])],
    [], [enable_coverage=no])
  AS_IF([test "$enable_coverage" = yes], [
    QK_CFLAGS="$QK_CFLAGS --coverage -O0 -DQK_COVERAGE='\"$(pwd)\"' -include $(cd "$srcdir" && pwd)/tests/coverage.h"
    QK_LDFLAGS="$QK_LDFLAGS --coverage"
  ])
])

# QK_FUZZERS: link the fuzz targets with libFuzzer (needs CC=clang). Without it the same targets
# become replay programs that "make check" runs over the corpus.
AC_DEFUN([QK_FUZZERS], [
  AC_ARG_ENABLE([fuzzers], [AS_HELP_STRING([--enable-fuzzers], [link fuzz targets with libFuzzer])],
    [], [enable_fuzzers=no])
  AS_IF([test "$enable_fuzzers" = yes], [
    QK_CFLAGS="$QK_CFLAGS -fsanitize=fuzzer-no-link"
    FUZZ_LDFLAGS="-fsanitize=fuzzer"
  ])
  AC_SUBST([FUZZ_LDFLAGS])
  AM_CONDITIONAL([LIBFUZZER], [test "$enable_fuzzers" = yes])
])
