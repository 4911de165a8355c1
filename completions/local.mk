# SPDX-License-Identifier: GPL-2.0-or-later
# What shells need to complete the words of qknock and qknockctl.
EXTRA_DIST += completions/qknock.bash
fishdir = $(datadir)/fish/vendor_completions.d
dist_fish_DATA = completions/qknock.fish completions/qknockctl.fish
zshdir = $(datadir)/zsh/site-functions
dist_zsh_DATA = completions/_qknock

# bash looks for a file of the command's name.
bashdir = $(datadir)/bash-completion/completions
bash_DATA = completions/qknock completions/qknockctl
CLEANFILES += $(bash_DATA)
$(bash_DATA): completions/qknock.bash Makefile
	$(AM_V_GEN)mkdir -p completions && cp $(srcdir)/completions/qknock.bash $@
