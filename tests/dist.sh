#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The release as a packager gets it: unpack, build outside the source, install, remove.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
build=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT

make -C "$build" -s dist >"$work/dist.log" 2>&1 || { cat "$work/dist.log"; exit 1; }
archive=$(find "$build" -maxdepth 1 -name 'qknock-*.tar.xz')
mkdir "$work/src" "$work/obj" "$work/root"
tar -xJf "$archive" -C "$work/src" --strip-components=1
# What is under version control is in it, but for what only that needs.
if git -C "$top" rev-parse >/dev/null 2>&1; then
	git -C "$top" ls-files -- ':!.clang-format' ':!.gitignore' | while read -r f; do
		[ -e "$work/src/$f" ] || { echo "not in the archive: $f"; exit 1; }
	done
fi
rm -f "$archive"
chmod -R a-w "$work/src"
cd "$work/obj"
"$work/src/configure" --quiet --prefix=/usr --sysconfdir=/etc --localstatedir=/var --runstatedir=/run >configure.log
make -s -j"$(nproc)" >make.log 2>&1 || { tail -20 make.log; exit 1; }
make -s install DESTDIR="$work/root" >install.log 2>&1 || { tail -20 install.log; exit 1; }

plugins=$(pkg-config --variable=xtlibdir xtables)
pam=$(pkg-config --variable=libdir pam)/security
for f in usr/sbin/qknockd usr/sbin/qknockctl usr/bin/qknock "${plugins#/}/libxt_knock.so" \
	"${pam#/}/pam_knock.so" usr/share/man/man8/pam_knock.8 \
	usr/share/man/man8/qknockd.8 usr/share/man/man1/qknock.1; do
	[ -e "$work/root/$f" ] || { echo "not installed: /$f"; exit 1; }
done
units=$(pkg-config --variable=systemdsystemunitdir systemd || true)
if [ -n "$units" ]; then
	! grep -n '@' "$work/root$units"/qknock* || { echo "not replaced: see above"; exit 1; }
	for u in "$work/root$units"/qknock*; do
		sed -n 's/^Exec[A-Za-z]*=\(\/usr\/sbin\/qknock[a-z]*\).*/\1/p' "$u"
	done >programs
	[ -s programs ] || { echo "no unit starts a program of ours"; exit 1; }
	while read -r f; do
		[ -x "$work/root$f" ] || { echo "a unit starts what is not installed: $f"; exit 1; }
	done <programs
fi
"$work/root/usr/sbin/qknockd" --version
make -s uninstall DESTDIR="$work/root" >/dev/null 2>&1
left=$(find "$work/root" ! -type d)
[ -z "$left" ] || { echo "left behind by uninstall: $left"; exit 1; }
