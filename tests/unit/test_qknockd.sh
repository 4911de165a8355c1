#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# qknockd's command line, as far as it goes without root.
set -u
. "$(dirname "$0")/cli.sh"
qknockd=${top_builddir:-.}/qknockd/qknockd
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
run() {
	wanted=$1
	shift
	run_program "$wanted" "$qknockd" "$@"
}
configuration() {
	cat >"$dir/qknock.conf" <<-END
		server_id = "gw.example"
		interfaces = {"lo"}
		group = "$(id -gn)"
		log = stderr
		service "ssh" { port = $1 }
	END
}

run 0 --version; has '^qknockd [0-9]'
run 0 --help; has '^Exit codes: 0 '
run 2 --frobnicate; complains 'frobnicate'
run 2 -t "$dir/qknock.conf"; complains 'unexpected argument'
run 1 -t -c "$dir/none"; complains 'none: No such file'
configuration 22
run 0 --test --config "$dir/qknock.conf"; says "$dir/qknock.conf: good"
run 1 -c "$dir/qknock.conf"; complains 'add -f'
configuration 99999
run 1 -t -c "$dir/qknock.conf"; complains 'qknock.conf:5:.*port'
[ $fails = 0 ]
