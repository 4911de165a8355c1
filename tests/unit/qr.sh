# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# QR codes as they are printed, made a picture and read by zbarimg: what a telephone's camera would find in them.

command -v zbarimg >/dev/null || { echo "zbarimg is missing: install zbar-tools"; exit 99; }

# qr_read FILE DIRECTORY: what the code in FILE says. From half blocks to a picture: in colour dark is what is drawn,
# else what is not.
qr_read() {
	qr_dark=1
	LC_ALL=C grep -q "$(printf '\033')" "$1" || qr_dark=0
	sed -e "s/$(printf '\033')\\[[0-9;]*m//g" -e 's/█/3/g; s/▀/2/g; s/▄/1/g; s/ /0/g' "$1" | grep -E '^[0-3]{20,}$' |
		awk -v dark="$qr_dark" -v scale=4 '
		{ row[NR] = $0 }
		END {
			print "P1\n" length(row[1]) * scale, NR * 2 * scale
			for (y = 0; y < NR * 2 * scale; y++) {
				line = row[int(y / scale / 2) + 1]
				for (x = 0; x < length(line) * scale; x++) {
					v = substr(line, int(x / scale) + 1, 1)
					bit = int(y / scale) % 2 ? v % 2 : int(v / 2)
					printf "%d ", dark ? bit : 1 - bit
				}
				print ""
			}
		}' >"$2/picture.pbm"
	zbarimg -q --raw "$2/picture.pbm" 2>"$2/zbar.err"
}
