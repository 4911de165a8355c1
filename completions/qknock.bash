# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for qknock and qknockctl: the programs themselves tell what may come next.
_qknock()
{
	local line word cur=${COMP_WORDS[COMP_CWORD]}

	COMPREPLY=()
	while IFS= read -r line; do
		word=${line%%$'\t'*}
		case $word in
		:file)
			compopt -o filenames 2>/dev/null
			while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$cur")
			;;
		:command)
			while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -c -- "$cur")
			;;
		:host)
			while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -A hostname -- "$cur")
			;;
		"$cur"*) COMPREPLY+=("$word") ;;
		esac
	done < <("$1" complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
} && complete -F _qknock qknock qknockctl
