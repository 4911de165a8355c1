/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of the match do to the kernel's table without a daemon:
 *
 *     knockmap_tool put TABLE SERVICE ADDRESS SECONDS [once] [AGE]     a grant that has SECONDS left, AGE seconds old
 *     knockmap_tool remove|used TABLE SERVICE ADDRESS
 *     knockmap_tool list TABLE
 *     knockmap_tool load TABLE [NAME...]
 *     knockmap_tool unload|force|show|collect TABLE
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libcore/clock.h"
#include "libcore/error.h"
#include "xt_knock/bpfsys.h"
#include "xt_knock/knockcollect.h"
#include "xt_knock/knockkernel.h"
#include "xt_knock/knockmap.h"

static int list_entry(void *arg, const struct knock_key *key, const struct knock_value *value)
{
	char text[ADDRESS_TEXT_SIZE];
	struct address address;

	(void)arg;
	memcpy(address.b, key->address, sizeof(address.b));
	address_format(&address, text);
	printf("%s %s id=%llu used=%llx flags=%u\n", key->service, text, (unsigned long long)value->id,
	       (unsigned long long)value->used, value->flags);
	return 0;
}

static int show_pin(void *arg, const struct knockkernel_pin *pin)
{
	(void)arg;
	printf("%s%s%s", pin->path, pin->is_kept ? " kept" : "", pin->programs > 1 ? " used" : "");
	knockoptions_print(&pin->options, stdout);
	putchar('\n');
	return 0;
}

static int show(const char *table)
{
	struct knockkernel_map map;
	int rc;

	rc = knockkernel_show(table, &map, show_pin, NULL);
	if (rc == 0)
		printf("entries=%u\n", map.entries);
	return rc;
}

static int with_grant(int argc, char **argv, int fd)
{
	struct grant g = {0};
	struct knock_value value;
	struct knock_key key = {0};
	uint64_t age_s = 0;

	if (argc < 5 || address_parse(&g.client, argv[4]) != 0)
		return QK_ERR_ADDRESS;
	snprintf(g.service, sizeof(g.service), "%s", argv[3]);
	memcpy(key.service, g.service, sizeof(g.service));
	memcpy(key.address, g.client.b, sizeof(key.address));
	if (strcmp(argv[1], "put") != 0 && bpfsys_map_lookup(fd, &key, &value) < 0)
		return QK_ERR_NOT_FOUND;
	if (strcmp(argv[1], "used") == 0)
		return printf("%llx\n", (unsigned long long)value.used) < 0 ? QK_ERR_IO : 0;
	if (strcmp(argv[1], "remove") == 0) {
		g.id = value.id;
		return knockmap_remove(fd, &g);
	}
	if (argc > 6)
		age_s = strtoull(argv[argc - 1], NULL, 10);
	g.single_use = argc > 6 && strcmp(argv[6], "once") == 0;
	g.id = clock_boot_ns();
	g.granted_ns = g.id - age_s * CLOCK_NS_PER_S;
	g.expires_ns = g.id + strtoull(argv[5], NULL, 10) * CLOCK_NS_PER_S;
	return knockmap_put(fd, &g);
}

static int with_map(int argc, char **argv)
{
	int fd, rc;

	rc = strcmp(argv[1], "put") == 0 ? knockmap_open(argv[2], &fd) : knockmap_open_existing(argv[2], &fd);
	if (rc != 0)
		return rc;
	if (strcmp(argv[1], "list") == 0)
		rc = knockmap_walk(fd, list_entry, NULL);
	else
		rc = with_grant(argc, argv, fd);
	close(fd);
	return rc;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 2 ? argv[1] : "";
	int rc;

	if (strcmp(verb, "load") == 0)
		rc = knockkernel_load(argv[2], (const char *const *)argv + 3, (size_t)argc - 3);
	else if (strcmp(verb, "unload") == 0 || strcmp(verb, "force") == 0)
		rc = knockkernel_unload(argv[2], verb[0] == 'f');
	else if (strcmp(verb, "collect") == 0)
		rc = knockcollect(argv[2]);
	else if (strcmp(verb, "show") == 0)
		rc = show(argv[2]);
	else if (verb[0] != '\0')
		rc = with_map(argc, argv);
	else
		return 2;
	if (rc != 0)
		fprintf(stderr, "knockmap_tool: %s%s%s\n", error_text(rc), rc == QK_ERR_KERNEL ? ": " : "",
			rc == QK_ERR_KERNEL ? strerror(errno) : "");
	return rc != 0;
}
