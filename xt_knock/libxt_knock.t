# SPDX-License-Identifier: GPL-2.0-or-later
:INPUT,FORWARD
-m knock --service ssh;=;OK
-m knock ! --service ssh;=;OK
! -m knock --service ssh;;FAIL
-m knock --service ssh --max-age 30;=;OK
-m knock --service ssh --max-age 1;=;OK
-m knock --service ssh --max-age 4294967295;=;OK
-m knock --max-age 0x1e --service ssh;-m knock --service ssh --max-age 30;OK
-m knock --service ssh --single-use;=;OK
-m knock ! --service ssh --max-age 30 --single-use --knock-table web-2;=;OK
-m knock --knock-table web-2 --single-use --max-age 30 --service ssh;-m knock --service ssh --max-age 30 --single-use --knock-table web-2;OK
-m knock --service ssh --knock-table default;-m knock --service ssh;OK
-m knock --service a-name-with-15c --knock-table a-name-with-15c;=;OK
-m knock --service 0;=;OK
-m knock --service ssh -m knock ! --service web;=;OK
-m knock --service ssh -m mark --mark 0x1 -m knock --service ssh --max-age 5;=;OK
-p tcp -m tcp --dport 22 -m knock --service ssh -j ACCEPT;=;OK
-m knock --service ssh --single-use;-m knock --service ssh;NOMATCH
-m knock --service ssh;-m bpf;NOMATCH
-m bpf --bytecode "4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0";=;OK
*raw
:PREROUTING
-m knock --service ssh;=;OK
*filter
:INPUT
-m knock;;FAIL
-m knock --max-age 30;;FAIL
-m knock --service;;FAIL
-m knock --service '';;FAIL
-m knock --service SSH;;FAIL
-m knock --service s_h;;FAIL
-m knock --service s.h;;FAIL
-m knock --service ../ssh;;FAIL
-m knock --service 's h';;FAIL
-m knock --service a-name-with-16ch;;FAIL
-m knock --service ssh --service web;;FAIL
-m knock --service ssh --max-age 0;;FAIL
-m knock --service ssh --max-age -1;;FAIL
-m knock --service ssh --max-age 4294967296;;FAIL
-m knock --service ssh --max-age 30s;;FAIL
-m knock --service ssh --max-age;;FAIL
-m knock --service ssh ! --max-age 30;;FAIL
-m knock --service ssh ! --single-use;;FAIL
-m knock --service ssh --single-use --single-use;;FAIL
-m knock --service ssh --knock-table;;FAIL
-m knock --service ssh --knock-table '';;FAIL
-m knock --service ssh --knock-table ..;;FAIL
-m knock --service ssh --knock-table a/b;;FAIL
-m knock --service ssh ! --knock-table web;;FAIL
-m knock --service ssh --object-pinned /sys/fs/bpf/x;;FAIL
