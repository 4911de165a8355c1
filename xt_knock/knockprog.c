/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xt_knock/knockprog.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libcore/clock.h"
#include "libcore/error.h"
#include "xt_knock/bpfcode.h"
#include "xt_knock/bpfsys.h"
#include "xt_knock/knock_bpf.h"

#define NAME_FORMAT "kn%c%04x%08x"

/* By the names that knock_match.bpf.c gives them. */
enum constant {
	CONSTANT_knock_map,
	CONSTANT_knock_service_0,
	CONSTANT_knock_service_1,
	CONSTANT_knock_max_age_ns,
	CONSTANT_knock_single_use,
	CONSTANT_knock_invert,
	CONSTANTS
};

#include "xt_knock/knock_match.h"

#define INSNS (sizeof(match_code) / sizeof(struct bpf_insn))

uint32_t knockprog_identity(const char *path)
{
	uint32_t hash = 2166136261u;

	for (; *path != '\0'; path++)
		hash = (hash ^ (uint8_t)*path) * 16777619u;
	return hash;
}

static void fill_constants(const struct knockoptions *options, int map_fd,
			   struct bpfcode_constant constants[static CONSTANTS])
{
	char service[KNOCK_SERVICE_SIZE] = {0};

	memset(constants, 0, CONSTANTS * sizeof(*constants));
	memcpy(service, options->service, strnlen(options->service, sizeof(service) - 1));
	memcpy(&constants[CONSTANT_knock_service_0].value, service, 8);
	memcpy(&constants[CONSTANT_knock_service_1].value, service + 8, 8);
	constants[CONSTANT_knock_map] = (struct bpfcode_constant){(unsigned)map_fd, BPF_PSEUDO_MAP_FD};
	constants[CONSTANT_knock_max_age_ns].value = options->max_age_s * CLOCK_NS_PER_S;
	constants[CONSTANT_knock_single_use].value = (options->flags & KNOCKOPTIONS_SINGLE_USE) != 0;
	constants[CONSTANT_knock_invert].value = (options->flags & KNOCKOPTIONS_INVERT) != 0;
}

int knockprog_load(const struct knockoptions *options, int map_fd, uint32_t identity, bool kept, int *fd)
{
	struct bpf_insn insns[INSNS];
	struct bpfcode_constant constants[CONSTANTS];
	char name[BPF_OBJ_NAME_LEN];

	memcpy(insns, match_code, sizeof(insns));
	fill_constants(options, map_fd, constants);
	bpfcode_relocate(insns, match_relocations, sizeof(match_relocations) / sizeof(match_relocations[0]), constants);
	snprintf(name, sizeof(name), NAME_FORMAT, kept ? 'k' : 'a', MATCH_VERSION, identity);
	*fd = bpfsys_prog_load(name, insns, INSNS);
	return *fd < 0 ? QK_ERR_KERNEL : 0;
}

/* Reads the name strictly: what does not print back as it was is another's. */
static bool parse_name(const char *name, struct knockprog_info *info)
{
	char again[BPF_OBJ_NAME_LEN];
	unsigned version, identity;
	char letter;

	if (sscanf(name, "kn%c%4x%8x", &letter, &version, &identity) != 3 || (letter != 'a' && letter != 'k'))
		return false;
	snprintf(again, sizeof(again), NAME_FORMAT, letter, version, identity);
	info->identity = identity;
	info->is_current = version == MATCH_VERSION;
	info->is_kept = letter == 'k';
	return strcmp(name, again) == 0;
}

int knockprog_describe(int fd, struct knockprog_info *info)
{
	struct bpf_prog_info kernel;
	char name[BPF_OBJ_NAME_LEN + 1] = {0};
	uint32_t map_id = 0;

	memset(info, 0, sizeof(*info));
	if (bpfsys_prog_info(fd, &kernel, &map_id, 1) < 0)
		return QK_ERR_KERNEL;
	memcpy(name, kernel.name, BPF_OBJ_NAME_LEN);
	if (kernel.type != BPF_PROG_TYPE_SOCKET_FILTER || kernel.nr_map_ids != 1 || !parse_name(name, info))
		return QK_ERR_NOT_FOUND;
	info->id = kernel.id;
	info->map_id = map_id;
	return 0;
}

int knockprog_count(bool (*each)(void *arg, const struct knockprog_info *info), void *arg, unsigned *count)
{
	struct knockprog_info info;
	uint32_t id = 0;
	int fd, rc;

	*count = 0;
	while (bpfsys_prog_next(id, &id) == 0) {
		fd = bpfsys_prog_by_id(id);
		if (fd < 0 && errno == ENOENT)
			continue; /* it went meanwhile */
		if (fd < 0)
			return QK_ERR_KERNEL;
		rc = knockprog_describe(fd, &info);
		close(fd);
		if (rc == QK_ERR_KERNEL)
			return rc;
		if (rc == 0 && each(arg, &info))
			(*count)++;
	}
	return errno == ENOENT ? 0 : QK_ERR_KERNEL;
}
