# SPDX-License-Identifier: GPL-2.0-or-later
# From "tcpdump -r FILE -n -S" to the columns of a packet analyser: No. Source Destination Protocol Info.
# -v first=N numbers from N on; -v client=ADDRESS leaves the knock's neighbours of it as they are.

function host(field) { sub(/\.[0-9]+:?$/, "", field); return field }
function port(field) { sub(/:$/, "", field); sub(/.*\./, "", field); return field }

BEGIN {
	names["S"] = "SYN"; names["F"] = "FIN"; names["R"] = "RST"; names["P"] = "PSH"; names["."] = "ACK"
	n = first ? first : 1
	if (n == 1)
		printf "%-4s %-16s %-16s %-9s %s\n", "No.", "Source", "Destination", "Protocol", "Info"
}

# 12:00:00.000000 IP 172.17.12.20.35579 > 172.17.12.32.80: Flags [P.], seq ..., length 79: HTTP: GET /index.htm HTTP/1.0
$2 == "IP" || $2 == "IP6" {
	protocol = "TCP"
	if (match($0, /: HTTP: /)) {
		protocol = "HTTP"
		info = substr($0, RSTART + RLENGTH)
	} else if (match($0, /Flags \[[^]]*\]/)) {
		flags = substr($0, RSTART + 7, RLENGTH - 8)
		text = ""
		for (i = 1; i <= length(flags); i++)
			if (substr(flags, i, 1) != "P")
				text = text (text ? ", " : "") names[substr(flags, i, 1)]
		info = port($3) " → " port($5) " [" text "]"
	} else {
		protocol = "UDP"
		info = port($3) " → " port($5)
	}
	printf "%-4d %-16s %-16s %-9s %s\n", n++, host($3), host($5), protocol, info
}
