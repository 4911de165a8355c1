#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Completion: what the programs offer is what their --help says and what they take, and bash, zsh and fish get it.
set -u
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
build=$(realpath "${top_builddir:-.}")
completions=$(realpath "${top_srcdir:-.}")/completions
export XDG_CONFIG_HOME=$work/config HOME=$work PATH=$build/qknock:$build/qknockctl:$PATH LC_ALL=C.UTF-8 TERM=dumb
failures=0
fail() {
	echo "not as expected: $*"
	failures=$((failures + 1))
}
for shell in zsh fish; do
	command -v $shell >/dev/null || { echo "$shell is missing"; exit 99; }
done
qknock enroll --quiet --name home 'qknock:1?i=gw.example&u=alice&n=187&s=ssh,tcp,22&s=web,tcp,443' || exit 99
qknock enroll --quiet --name other 'qknock:1?i=gw.example&u=bob&n=187&s=mail,tcp,25' || exit 99
qknock profiles default home || exit 99

# offers "WORD WORD..." EXPECTED...: the words offered behind these, without descriptions, in any order.
words() { "$@" 2>/dev/null | cut -f 1 | LC_ALL=C sort | paste -sd ' '; }
offers() {
	local program=$1 typed=$2 found
	shift 2
	# shellcheck disable=SC2086
	found=$(words "$program" complete $typed '')
	[ "$found" = "$*" ] || fail "$program $typed: offered \"$found\", expected \"$*\""
}
offers qknock "" connect enroll exec knock profiles request vectors
offers qknock "knock" ssh web
offers qknock "knock --profile other" mail
offers qknock "knock -p other --gap 5 --no-hop" mail
offers qknock "knock ssh"
offers qknock "knock --profile" home other
offers qknock "knock --carrier" syn udp
offers qknock "knock -c" syn udp
offers qknock "knock --hop" 0 64 8
offers qknock "connect" :host home other
offers qknock "connect gw" 22 443
offers qknock "connect --service" ssh web
offers qknock "exec ssh --" :command
offers qknock "enroll" :file
offers qknock "enroll --name"
offers qknock "profiles" default list remove rename show
offers qknock "profiles remove" home other
offers qknock "profiles --json show" home other
offers qknock "profiles list"
offers qknock "vectors" :file
offers qknockctl "user" add delete disable enable list passwd set show unlock
offers qknockctl "--json kernel" load show unload
offers qknockctl "--config" :file
offers qknockctl "-c $work/none user"  add delete disable enable list passwd set show unlock
offers qknockctl "sms test alice 1.2.3.4 --" :command
offers qknockctl "pam-check" :file
offers qknockctl "nonsense"
printf 'server_id = gw\nservice ssh { port = 22 }\nservice web { port = 443 }\n' >"$work/qknock.conf"
offers qknockctl "-c $work/qknock.conf user add bob --services" ssh web
offers qknockctl "-c $work/qknock.conf kernel load ssh" ssh web

# Every option of --help is offered, and nothing else.
for command in enroll profiles request knock connect exec vectors; do
	offered=$(words qknock complete $command --)
	shown=$(qknock $command --help | sed -n -E -e 's/^ +(-., )?(--[a-z-]+).*/\2/p' -e '/qknock [a-z]+ .*\[--/s/.*\[(--[a-z-]+)[] ].*/\1/p' |
		cat - <(echo --help; qknock $command --help | grep -o '|--none' | tr -d '|') | LC_ALL=C sort -u | paste -sd ' ')
	[ "$offered" = "$shown" ] || fail "options of $command: offered \"$offered\", shown \"$shown\""
done

# qknockctl takes the options that it offers, and no others. Too many arguments keep it from doing anything.
many=$(seq 70)
all=$(qknockctl --help | grep -oE -- '--[a-z][a-z-]*' | LC_ALL=C sort -u)
qknockctl --help | sed -n -E '/^Commands/,/^Options/s/^  ([a-z].*)/\1/p' | while read -r first second _; do
	command=$first
	case $second in [a-z]*) command="$first $second" ;; esac
	# shellcheck disable=SC2086
	offered=" $(words qknockctl complete $command --) "
	for option in $all; do
		case $option in --help | --version | --json | --config | --socket) continue ;; esac
		# shellcheck disable=SC2086
		said=$(qknockctl -s "$work/none" $command $option 1 $many 2>&1)
		if [[ $said = *"takes no $option"* ]]; then
			case $offered in *" $option "*) echo "$command does not take $option, which is offered" ;; esac
		else
			case $offered in *" $option "*) ;; *) echo "$command takes $option, which is not offered" ;; esac
		fi
	done
done >"$work/differences"
[ ! -s "$work/differences" ] || fail "$(cat "$work/differences")"

# The shells themselves: the line is typed with tabs, and what runs in the end says that it was completed.
typed() { # COMMAND LINE...
	local shell=$1
	shift
	{
		for line; do
			printf '%b' "$line"
			[ "$line" != 'exit\r' ] || break
			for ((i = 0; i < 500; i++)); do
				sleep 0.02
				grep -q "done $line_number" "$work/screen" 2>/dev/null && break
			done
			line_number=$((line_number + 1))
		done
	} | script -qefc "$shell" "$work/screen" >/dev/null 2>&1
}
line_number=1
: >"$work/screen"
typed "bash --noprofile --norc -i" ". $completions/qknock.bash; echo done \$((1))\r" \
	"qknock profiles sho\tho\t; echo done \$((2))\r" "qknockctl kern\tsho\t--ta\tx y; echo done \$((3))\r" "exit\r"
grep -q '^Profile home, the default' "$work/screen" || fail "bash: $(cat "$work/screen")"
grep -q 'kernel show: too many arguments' "$work/screen" || fail "bash: $(cat "$work/screen")"
line_number=1
: >"$work/screen"
typed "zsh -f -i" "fpath+=($completions); autoload -U compinit; compinit -u -D; echo done \$((1))\r" \
	"qknock profiles sho\tho\t; echo done \$((2))\r" "qknockctl kern\tsho\t--ta\tx y; echo done \$((3))\r" "exit\r"
grep -q '^Profile home, the default' "$work/screen" || fail "zsh: $(cat "$work/screen")"
grep -q 'kernel show: too many arguments' "$work/screen" || fail "zsh: $(cat "$work/screen")"
fish_offers() { # LINE EXPECTED...
	local found
	found=$(fish --no-config -c "source $completions/${1%% *}.fish; complete -C '$1'" 2>&1 | cut -f 1 | LC_ALL=C sort |
		paste -sd ' ')
	[ "$found" = "${*:2}" ] || fail "fish: $1: offered \"$found\""
}
fish_offers "qknock profiles s" show
fish_offers "qknock knock --profile " home other
fish_offers "qknockctl kernel " load show unload
[ $failures = 0 ]
