#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Every manual page is accepted by mandoc, and pam_knock(8) has every argument of the module.
set -u
cd "$(dirname "$0")"
rc=0
for page in *.[1-9]; do
	mandoc -Tlint -Wwarning "$page" || rc=1
done
for argument in $(sed -n 's/^ *{"\([a-z_]*\)=\{0,1\}", set_.*/\1/p' ../pam_knock/options.c); do
	grep -q "^\.It Cm $argument\>" pam_knock.8 || { echo "pam_knock.8: no $argument"; rc=1; }
done
exit $rc
