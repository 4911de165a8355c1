/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xt_knock/knockcollect.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "libcore/error.h"
#include "xt_knock/bpfsys.h"
#include "xt_knock/knockmap.h"
#include "xt_knock/knockpin.h"

#define GRACE_STEP_NS 1000000
#define GRACE_STEPS 1000

/* What is counted for one pin: the programs of its identity that are loaded. */
struct tally {
	uint32_t identity;
	unsigned programs;
};

struct tallies {
	struct tally *v;
	size_t count;
};

static bool tally_program(void *arg, const struct knockprog_info *info)
{
	struct tallies *t = arg;

	for (size_t i = 0; i < t->count; i++)
		if (t->v[i].identity == info->identity)
			t->v[i].programs++;
	return true;
}

static int tally_all(struct tallies *t)
{
	unsigned count;

	for (size_t i = 0; i < t->count; i++)
		t->v[i].programs = 0;
	return knockprog_count(tally_program, t, &count);
}

/* Pins and unpins a program that nobody can use. *id is then gone as soon as unpinned programs before it are. */
static int make_sentinel(const char *table, uint32_t *id)
{
	static const struct bpf_insn insns[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K}, {.code = BPF_JMP | BPF_EXIT}};
	char path[KNOCKPIN_PATH_SIZE];
	struct bpf_prog_info info;
	uint32_t none;
	int fd, rc = 0;

	fd = bpfsys_prog_load("knock_sentinel", insns, sizeof(insns) / sizeof(insns[0]));
	if (fd < 0)
		return QK_ERR_KERNEL;
	snprintf(path, sizeof(path), KNOCKMAP_ROOT "/%s/" KNOCKLOCK_DIRECTORY "/sentinel_tmp", table);
	if (bpfsys_prog_info(fd, &info, &none, 0) < 0 || bpfsys_pin(fd, path) < 0 || unlink(path) < 0)
		rc = QK_ERR_KERNEL;
	*id = info.id;
	close(fd);
	return rc;
}

/* Kernels before 6.9 let go of what was unpinned an RCU grace period later. */
static int wait_for_unpinned(const char *table)
{
	const struct timespec step = {.tv_nsec = GRACE_STEP_NS};
	uint32_t id;
	int fd;

	if (make_sentinel(table, &id) != 0)
		return QK_ERR_KERNEL;
	for (unsigned i = 0; i < GRACE_STEPS; i++) {
		fd = bpfsys_prog_by_id(id);
		if (fd < 0)
			return errno == ENOENT ? 0 : QK_ERR_KERNEL;
		close(fd);
		nanosleep(&step, NULL);
	}
	return QK_ERR_BUSY;
}

/* Two programs of one path: one is pinned, the other is in a rule. With one it takes a replacement to know. */
static int tally_users(const char *table, int map_fd, const struct knockcollect_pin *pins, struct tallies *t)
{
	bool replaced = false;
	int rc;

	rc = tally_all(t);
	for (size_t i = 0; rc == 0 && i < t->count; i++) {
		if (t->v[i].programs > 1)
			continue;
		rc = knockpin_replace(&pins[i].options, map_fd, pins[i].is_kept);
		replaced = true;
	}
	if (rc == 0 && replaced)
		rc = wait_for_unpinned(table);
	if (rc == 0 && replaced)
		rc = tally_all(t);
	return rc;
}

static int examine(const char *table, int map_fd, struct knockcollect_pin *pins, size_t count)
{
	struct tallies t = {.count = count};
	char path[KNOCKPIN_PATH_SIZE];
	int rc;

	t.v = calloc(count + 1, sizeof(*t.v));
	if (t.v == NULL)
		return QK_ERR_NOMEM;
	for (size_t i = 0; i < count; i++) {
		knockpin_path(&pins[i].options, path);
		t.v[i].identity = knockprog_identity(path);
	}
	rc = tally_users(table, map_fd, pins, &t);
	for (size_t i = 0; rc == 0 && i < count; i++)
		pins[i].is_used = t.v[i].programs > 1;
	free(t.v);
	return rc;
}

static int read_pins(const char *table, int directory, struct knockcollect_pin **pins, size_t *count)
{
	struct knockprog_info info;
	struct knockoptions *list;
	int rc;

	rc = knockpin_list(directory, table, true, &list, count);
	if (rc != 0)
		return rc;
	*pins = calloc(*count + 1, sizeof(**pins));
	for (size_t i = 0; *pins != NULL && i < *count; i++) {
		(*pins)[i].options = list[i];
		(*pins)[i].is_kept = knockpin_describe(&list[i], &info) == 0 && info.is_kept;
	}
	free(list);
	return *pins == NULL ? QK_ERR_NOMEM : 0;
}

int knockcollect_examine(const char *table, const struct knocklock *lock, struct knockcollect_pin **pins, size_t *count)
{
	int map_fd, rc;

	*pins = NULL;
	*count = 0;
	rc = knockmap_open_existing(table, &map_fd);
	if (rc != 0)
		return rc;
	rc = read_pins(table, lock->directory, pins, count);
	if (rc == 0)
		rc = examine(table, map_fd, *pins, *count);
	close(map_fd);
	if (rc != 0) {
		free(*pins);
		*pins = NULL;
		*count = 0;
	}
	return rc;
}

int knockcollect(const char *table)
{
	struct knockcollect_pin *pins;
	char path[KNOCKPIN_PATH_SIZE];
	struct knocklock lock;
	size_t count;
	int rc;

	rc = knocklock_alone(table, &lock);
	if (rc != 0)
		return rc;
	rc = knockcollect_examine(table, &lock, &pins, &count);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		knockpin_path(&pins[i].options, path);
		if (!pins[i].is_used && !pins[i].is_kept && unlink(path) < 0)
			rc = QK_ERR_KERNEL;
	}
	free(pins);
	knocklock_release(&lock);
	return rc;
}
