#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# qknock's command line: profiles imported, listed, renamed, removed; requests for a key; what is wrong is told, and the
# exit code is the one of the manual. No packet is sent.
set -u
. "$(dirname "$0")/cli.sh"
qknock=${top_builddir:-.}/qknock/qknock
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
export XDG_CONFIG_HOME="$dir/config" HOME="$dir" LC_ALL=C.UTF-8
unset SUDO_UID SUDO_GID SUDO_USER
run() {
	wanted=$1
	shift
	run_program "$wanted" "$qknock" "$@"
}

# The program.
run 0 --version; has '^qknock [0-9]'
run 0 -h; has '^  enroll  *import'; has '^  vectors '
run 2; complains '^Usage: qknock COMMAND'
run 2 frobnicate; complains "there is no command 'frobnicate'"
for command in enroll profiles request knock connect exec vectors; do
	run 0 $command --help; has "^Usage: qknock $command"
done
for command in enroll profiles request knock connect vectors; do
	run 2 $command --frobnicate; complains 'frobnicate'
done
run 202 exec --frobnicate; complains 'frobnicate' # 200 and more, because lower ones are the command's
"$qknock" --help >/dev/full 2>"$dir/err"
[ $? = 1 ] || { echo "FAIL: exit code with a full disk"; fails=$((fails + 1)); }
complains 'cannot write to standard output'
run 2 vectors "$dir/none"; complains 'No such file'

# Profiles come in.
run 0 profiles; says ''
run 0 profiles --json; says '[]'
run 3 profiles show
run 3 profiles default; complains 'there is no default profile'
link='qknock:1?i=gw.example&h=gw.example.net&t=%2B441632960123&u=alice&n=187&s=ssh,tcp,22&s=web,tcp,443'
run 0 enroll --name home "$link"
says 'Imported profile home
  server    gw.example
  user      alice
  host      gw.example.net
  number    +441632960123
  knock     12 packets to ports 8800-8899, hop widths 0 8 64
  key life  120 s
  service   ssh, tcp port 22
  service   web, tcp port 443
  secrets   none but N, which alone opens nothing'
input=$link run 0 enroll --quiet; says ''
printf '%s\n' "$link" | sed 's/alice/bob/' >"$dir/link"
run 3 enroll --name home "$dir/link"; complains 'home'
run 0 enroll --replace --name home --quiet "$dir/link"
run 0 profiles show home; has '^  user  *bob'
run 0 enroll -rq -n home "$link"
run 0 profiles show home; has '^  user  *alice'
run 1 enroll "$dir/none"; complains 'No such file'
run 2 enroll one two; complains 'one file or URI'
run 2 enroll --name .home "$link"; complains 'not start with a dot'
run 3 enroll 'qknock:1?u=alice'; complains 'argument'
input=nonsense run 3 enroll -; complains 'standard input'
run 2 enroll 'qknock:1?i=.gw&u=alice&n=187&s=ssh,tcp,22'; complains 'give the profile one with --name'

# And are kept in order.
run 0 profiles list
says '  NAME                   USER             HOST                     SERVICES
  gw.example             alice            gw.example.net           ssh web
  home                   alice            gw.example.net           ssh web'
run 0 profiles default home
run 0 profiles default; says 'home'
run 0 profiles; has '^\* home '
run 0 profiles show; has '^Profile home, the default'
run 0 profiles --json show
says '{
  "name": "home",
  "default": true,
  "server_id": "gw.example",
  "user": "alice",
  "host": "gw.example.net",
  "number": "+441632960123",
  "port_first": 8800,
  "port_last": 8899,
  "count": 12,
  "validity": 120,
  "hop_widths": [
    0,
    8,
    64
  ],
  "services": [
    {
      "name": "ssh",
      "protocol": "tcp",
      "port": 22
    },
    {
      "name": "web",
      "protocol": "tcp",
      "port": 443
    }
  ]
}'
run 0 profiles rename home office
run 0 profiles default; says 'office'
run 3 profiles rename home other; complains 'home'
run 3 profiles rename office gw.example; complains 'gw.example'
run 0 profiles default --none
run 3 profiles default
run 3 profiles default nowhere; complains 'nowhere'
echo broken >"$XDG_CONFIG_HOME/qknock/profiles/damaged" && chmod 600 "$XDG_CONFIG_HOME/qknock/profiles/damaged"
run 3 profiles --json; complains 'damaged'; has '"name": "office"'
run 0 profiles remove damaged
run 3 profiles remove damaged; complains 'damaged'
run 0 profiles remove gw.example
run 2 profiles frobnicate; complains 'there is no such action'
run 2 profiles rename office; complains 'an argument is missing'
run 2 profiles show one two; complains 'too many arguments'
run 2 profiles default --none office; complains 'too many arguments'
run 2 profiles --json remove office; complains 'there is no JSON of it'
run 2 profiles --none list; complains 'it takes no --none'
run 2 profiles show .office; complains 'does not begin with a dot'

# A request for a key.
run 0 request --address 192.0.2.7; says 'Request OTP alice <pass-code> 192.0.2.7'; complains 'Send to +441632960123'
run 0 request --quiet --address 192.0.2.7; says 'Request OTP alice <pass-code> 192.0.2.7'
[ ! -s "$dir/err" ] || { echo "FAIL: --quiet is not"; fails=$((fails + 1)); }
run 0 request --json --number +441632960999 --address 2001:db8::7
says '{
  "message": "Request OTP alice <pass-code> 2001:db8::7",
  "number": "+441632960999",
  "address": "2001:db8::7",
  "user": "alice"
}'
run 0 request --host 127.0.0.1; says 'Request OTP alice <pass-code> 127.0.0.1'
run 0 request --qr --address 192.0.2.7; has '█'
run 2 request pass-code; complains 'a pass-code never is one'
run 2 request --number 0163; complains 'expected + and 4 to 15 digits'
run 2 request --address nowhere; complains '--address nowhere'
run 2 request --pass-code --json; complains 'for the QR code alone'
run 2 request --pass-code --no-qr; complains 'for the QR code alone'
run 2 request --pass-code --address 192.0.2.7; complains 'never printed'
input='no pass code
' run 4 request --pass-code --qr --address 192.0.2.7; complains 'pass-code must be'
input='secret-17
' run 0 request --pass-code --qr --address 192.0.2.7; has 'Request OTP alice <pass-code> 192.0.2.7'
complains 'The QR code holds your pass-code'
run 3 request --profile nowhere; complains 'nowhere'
run 0 enroll -q -n nohost 'qknock:1?i=gw&u=alice&n=187&s=ssh,tcp,22'
run 2 request --profile nohost; complains 'names no host'

# What would be sent, without being sent.
line="$(date +%s) AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8 7"
input=$line run 0 knock ssh --profile office --host 127.0.0.1 --no-hop --carrier udp --dry-run
has '^No\. *Source *Destination'; has '^12 *127\.0\.0\.1 *127\.0\.0\.1 *UDP '
input=$line run 0 knock ssh --profile office --host 127.0.0.1 --no-hop --carrier udp --dry-run --json
for text in '"profile": "office"' '"service": "ssh"' '"server": "127.0.0.1"' '"carrier": "udp"' '"hop_width": 0'; do
	has "^  $text,"
done
[ "$(grep -c '"port": 88[0-9][0-9]' "$dir/out")" = 12 ] || { echo "FAIL: not 12 packets"; fails=$((fails + 1)); }
[ "$(grep -c '"word"' "$dir/out")" = 0 ] || { echo "FAIL: words are shown"; fails=$((fails + 1)); }
input=$line run 0 knock ssh --profile office --host 127.0.0.1 --no-hop --dry-run --json --show-words
has '^      "word": [0-9]'
input=$line run 2 knock ssh --profile nohost --dry-run; complains 'names no host: say where to knock'
"$qknock" knock ssh --profile office --host 127.0.0.1 --dry-run <"$dir" >"$dir/out" 2>"$dir/err"
[ $? = 4 ] || { echo "FAIL: exit code of a key that cannot be read"; fails=$((fails + 1)); }
complains 'standard input: Is a directory'
run 0 enroll -q -n hops 'qknock:1?i=gw&h=127.0.0.1&u=alice&n=187&w=8&s=ssh,tcp,22'
input=$line run 3 knock ssh --profile hops --dry-run --no-hop; complains 'hops does not allow'

# Where all of this is kept.
HOME= XDG_CONFIG_HOME=relative run 3 profiles show nowhere
XDG_CONFIG_HOME=/$(printf '%04096d' 0) run 1 profiles; complains 'too long'
unset XDG_CONFIG_HOME
run 0 enroll -q -n mine "$link"
[ -f "$dir/.config/qknock/profiles/mine" ] || { echo "FAIL: not below HOME"; fails=$((fails + 1)); }

[ $fails = 0 ]
