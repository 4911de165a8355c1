# SPDX-License-Identifier: GPL-2.0-or-later
include tests/unit/local.mk
include tests/unit/pam.mk
include tests/unit/request.mk
include tests/unit/wrap.mk
include tests/fuzz/local.mk
include tests/netns/local.mk
include tests/netns/pam.mk
include tests/netns/wrap.mk
EXTRA_DIST += tests/coverage.h tests/coverage.sh tests/valgrind.sh tests/valgrind.supp tests/model/check tests/model/life.pml
