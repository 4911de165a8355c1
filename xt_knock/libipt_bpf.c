/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists the rules that libxt_knock.c made as "-m knock". iptables knows a rule in the kernel by the kernel's name of
 * its match, "bpf", and looks for libipt_bpf.so or libip6t_bpf.so (this file is both) before its own libxt_bpf.so.
 * So load that one here, and step in where it would print one of our pins; all else remains its own business.
 */
#include <dlfcn.h>
#include <linux/netfilter/xt_bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xtables.h>

#include "xt_knock/knockpin.h"

#define STOCK "libxt_bpf.so"

typedef void print_function(const void *ip, const struct xt_entry_match *match, int numeric);
typedef void save_function(const void *ip, const struct xt_entry_match *match);

static print_function *stock_print;
static save_function *stock_save;

static bool is_ours(const struct xt_entry_match *match, struct knockoptions *options)
{
	const struct xt_bpf_info_v1 *info = (const void *)match->data;

	return info->mode == XT_BPF_MODE_PATH_PINNED && knockpin_parse_path(info->path, options) == 0;
}

static const char *listing_alias(const struct xt_entry_match *match)
{
	struct knockoptions options;

	return is_ours(match, &options) ? "knock" : "bpf";
}

static void listing_print(const void *ip, const struct xt_entry_match *match, int numeric)
{
	struct knockoptions options;

	if (is_ours(match, &options))
		knockoptions_print(&options, stdout);
	else
		stock_print(ip, match, numeric);
}

static void listing_save(const void *ip, const struct xt_entry_match *match)
{
	struct knockoptions options;

	if (is_ours(match, &options))
		knockoptions_save(&options, stdout);
	else
		stock_save(ip, match);
}

static bool load_from(const char *directory, int length)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%.*s/" STOCK, length, directory);
	if (access(path, F_OK) != 0)
		return false;
	if (dlopen(path, RTLD_NOW) != NULL)
		return true;
	fprintf(stderr, "%s\n", dlerror());
	return false;
}

/* Beside this file, where both are installed; else where iptables was told to look. */
static bool load_stock(void)
{
	const char *dir = getenv("XTABLES_LIBDIR");
	Dl_info self;
	int length;

	if (dladdr(&stock_print, &self) != 0 && strrchr(self.dli_fname, '/') != NULL &&
	    load_from(self.dli_fname, (int)(strrchr(self.dli_fname, '/') - self.dli_fname)))
		return true;
	while (dir != NULL && *dir != '\0') {
		length = (int)strcspn(dir, ":");
		if (load_from(dir, length))
			return true;
		dir += length + (dir[length] == ':');
	}
	return false;
}

/* Never asked for: it is registered so that its next pointers lead to what the stock file registered before. */
static struct xtables_match listing = {
    .version = XTABLES_VERSION,
    .name = "knock-listing",
    .family = NFPROTO_UNSPEC,
};

static void __attribute__((constructor)) listing_register(void)
{
	struct xtables_match *m;

	if (!load_stock())
		return; /* iptables then says that there is no match "bpf" */
	xtables_register_match(&listing);
	for (m = listing.next; m != NULL; m = m->next) {
		if (strcmp(m->name, "bpf") != 0 || m->revision != 1 ||
		    m->size != XT_ALIGN(sizeof(struct xt_bpf_info_v1)))
			continue;
		stock_print = m->print;
		stock_save = m->save;
		m->alias = listing_alias;
		m->print = listing_print;
		m->save = listing_save;
		return;
	}
}
