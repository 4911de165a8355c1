#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# bpf2h.sh SECTION OBJECT OBJCOPY READELF: that section of an eBPF object as a C header on standard output: its
# instructions as bytes, where the loader has to put which constant (bpfcode.h), and a checksum that tells builds apart.
set -eu

section=$1 object=$2 objcopy=$3 readelf=$4
code=$(mktemp)
trap 'rm -f "$code"' EXIT

"$objcopy" -O binary --only-section="$section" "$object" "$code"

echo '/* Made by bpf2h.sh. */'
echo "static const unsigned char ${section}_code[] = {"
od -An -v -tx1 "$code" | sed 's/ *\([0-9a-f][0-9a-f]\)/0x\1,/g'
echo '};'
echo
echo "static const struct bpfcode_relocation ${section}_relocations[] = {"
# Only 64-bit immediates can be filled in; anything else would need a linker.
"$readelf" -r "$object" | sed -n '/ R_BPF_/p' | while read -r offset _ type _ symbol; do
	if [ "$type" != R_BPF_64_64 ]; then
		echo "$object: relocation $type to $symbol" >&2
		exit 1
	fi
	printf '\t{%d, CONSTANT_%s},\n' $((0x$offset / 8)) "$symbol"
done
echo '};'
echo
printf '#define %s_VERSION 0x%04xu\n' "$(echo "$section" | tr a-z A-Z)" \
	$(($(cksum <"$code" | cut -d ' ' -f 1) % 65536))
