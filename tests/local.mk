# SPDX-License-Identifier: GPL-2.0-or-later
include tests/unit/local.mk
include tests/unit/pam.mk
include tests/unit/request.mk
include tests/unit/wrap.mk
include tests/fuzz/local.mk
include tests/netns/local.mk
include tests/netns/pam.mk
include tests/netns/wrap.mk
EXTRA_DIST += tests/coverage.h tests/coverage.sh tests/valgrind.sh tests/model/check tests/model/life.pml

# The unit tests and the corpora again, under valgrind. Not the scripts, which start programs of their own.
VALGRIND = $(LIBTOOL) --mode=execute valgrind -q --error-exitcode=9 --leak-check=full \
	--errors-for-leak-kinds=definite --child-silent-after-fork=yes

.PHONY: check-valgrind
check-valgrind:
	@programs=; for t in $(TESTS); do case $$t in *.sh) ;; *) programs="$$programs $$t" ;; esac; done; \
		$(MAKE) $(AM_MAKEFLAGS) check TESTS="$$programs" LOG_COMPILER='$(VALGRIND)'
