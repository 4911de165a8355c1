# SPDX-License-Identifier: GPL-2.0-or-later
# fish completion for qknockctl: the program itself tells what may come next.
function __qknockctl_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for line in ($words[1] complete $words[2..-1] "$current" 2>/dev/null)
        switch $line
            case :file
                __fish_complete_path "$current"
            case :command
                __fish_complete_command
            case :host
                __fish_print_hostnames
            case '*'
                echo $line
        end
    end
end
complete -c qknockctl -f -a '(__qknockctl_complete)'
