#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# doc/lint.sh BUILD: every manual page is accepted by mandoc, and names every long option that its program's --help
# shows.
set -u
build=$(cd "${1:-.}" && pwd)
cd "$(dirname "$0")" || exit
rc=0

# options PAGE PROGRAM [COMMAND]...
options() {
	page=$(mandoc -T ascii "$1" | sed 's/.\x08//g')
	program=$build/$2
	shown=$("$program" --help) || rc=1
	shift 2
	for command; do
		shown="$shown $("$program" "$command" --help)" || rc=1
	done
	for option in $(printf '%s\n' "$shown" | grep -oE -e '--[a-z][a-z-]*' | sort -u); do
		printf '%s\n' "$page" | grep -qE -e "$option([^a-z-]|\$)" && continue
		echo "$program shows $option, which its manual page does not have"
		rc=1
	done
}

for page in *.[1-9] "$build"/xt_knock/*.8; do
	mandoc -Tlint -Wwarning "$page" || rc=1
done
options qknock.1 qknock/qknock enroll profiles request knock connect exec vectors
options qknockctl.8 qknockctl/qknockctl
options qknockd.8 qknockd/qknockd
options knockwrap.8 knockwrap/knockwrap
exit $rc
