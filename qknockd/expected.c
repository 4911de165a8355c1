/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/expected.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/if_ether.h>

#include "libcore/error.h"
#include "qknockd/expected_bpf.h"
#include "xt_knock/bpfcode.h"
#include "xt_knock/bpfsys.h"

/* By the names that expected.bpf.c gives them. */
enum constant { CONSTANT_expected_map, CONSTANT_expected_control, CONSTANT_expected_link_header, CONSTANTS };

#include "qknockd/expected_code.h"

#define INSNS (sizeof(expected_code) / sizeof(struct bpf_insn))
#define REASON_SIZE 96
#define REASON_STARTING "not all expected packets were told to the kernel yet"

struct expected_set {
	const struct log *log;
	struct expected_control *control; /* shared with the programs */
	struct expected_programs programs;
	int map_fd;
	int control_fd;
	size_t count, max;
	size_t any_count;
	uint8_t *sieved; /* packets behind each bit of the sieve; UINT8_MAX: so many that they were not counted */
	bool stuck;	 /* a removal failed, and that was said */
	char reason[REASON_SIZE];
};

/* The program reads it at any time, on any processor. */
static void tell(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}

static struct expected_key make_key(const struct address *source, uint16_t port, uint32_t word)
{
	struct expected_key key = {.word = word, .port = port};

	memcpy(key.source, source->b, sizeof(key.source));
	return key;
}

static bool is_any(const struct expected_key *key)
{
	static const struct expected_key zero;

	return memcmp(key->source, zero.source, sizeof(key->source)) == 0;
}

static int load_program(const struct expected_set *set, uint32_t link_header)
{
	const struct bpfcode_constant constants[CONSTANTS] = {
	    [CONSTANT_expected_map] = {(unsigned)set->map_fd, BPF_PSEUDO_MAP_FD},
	    [CONSTANT_expected_control] = {(unsigned)set->control_fd, BPF_PSEUDO_MAP_VALUE},
	    [CONSTANT_expected_link_header] = {link_header, 0},
	};
	struct bpf_insn insns[INSNS];

	memcpy(insns, expected_code, sizeof(insns));
	bpfcode_relocate(insns, expected_relocations, sizeof(expected_relocations) / sizeof(expected_relocations[0]),
			 constants);
	return bpfsys_prog_load("qknock_expected", insns, INSNS);
}

/* All of it, or errno says what the kernel would not do. */
static int make(struct expected_set *set)
{
	void *control;

	set->map_fd =
	    bpfsys_map_create("qknock_expected", sizeof(struct expected_key), sizeof(uint64_t), (uint32_t)set->max);
	if (set->map_fd < 0)
		return QK_ERR_KERNEL;
	set->control_fd = bpfsys_cell_create("qknock_control", sizeof(*set->control));
	if (set->control_fd < 0)
		return QK_ERR_KERNEL;
	control = mmap(NULL, sizeof(*set->control), PROT_READ | PROT_WRITE, MAP_SHARED, set->control_fd, 0);
	if (control == MAP_FAILED)
		return QK_ERR_KERNEL;
	set->control = control;
	set->programs.ethernet = load_program(set, ETH_HLEN);
	if (set->programs.ethernet >= 0)
		set->programs.network = load_program(set, 0);
	return set->programs.network >= 0 ? 0 : QK_ERR_KERNEL;
}

int expected_open(size_t max, const struct log *log, struct expected_set **out)
{
	struct expected_set *set = calloc(1, sizeof(*set));
	int rc, why;

	*out = NULL;
	if (set == NULL)
		return QK_ERR_NOMEM;
	*set = (struct expected_set){.log = log, .max = max, .programs = {-1, -1}, .map_fd = -1, .control_fd = -1};
	strcpy(set->reason, REASON_STARTING);
	set->sieved = calloc(EXPECTED_SIEVE_BITS, sizeof(*set->sieved));
	if (set->sieved == NULL) {
		expected_close(set);
		return QK_ERR_NOMEM;
	}
	rc = make(set);
	if (rc != 0) {
		why = errno;
		expected_close(set);
		errno = why;
		return rc;
	}
	*out = set;
	return 0;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void expected_close(struct expected_set *set)
{
	if (set == NULL)
		return;
	close_fd(set->programs.network);
	close_fd(set->programs.ethernet);
	if (set->control != NULL)
		munmap(set->control, sizeof(*set->control));
	close_fd(set->control_fd);
	close_fd(set->map_fd);
	free(set->sieved);
	free(set);
}

const struct expected_programs *expected_get_programs(const struct expected_set *set)
{
	return &set->programs;
}

void expected_leave(struct expected_set *set)
{
	munmap(set->control, sizeof(*set->control));
	close_fd(set->programs.network);
	close_fd(set->programs.ethernet);
	free(set->sieved);
	free(set);
}

void expected_set_log(struct expected_set *set, const struct log *log)
{
	set->log = log;
}

int expected_map(const struct expected_set *set)
{
	return set->map_fd;
}

void expected_set_ports(struct expected_set *set, uint16_t first, uint16_t last)
{
	__atomic_store_n(&set->control->port_first, first, __ATOMIC_SEQ_CST);
	__atomic_store_n(&set->control->port_last, last, __ATOMIC_SEQ_CST);
}

static int failed(struct expected_set *set, const char *what)
{
	snprintf(set->reason, sizeof(set->reason), "%s: %s", what, strerror(errno));
	return QK_ERR_KERNEL;
}

/* --- the sieve --- */

static void set_bit(const struct expected_set *set, uint32_t bit, bool on)
{
	uint32_t *word = &set->control->sieve[bit / 32], mask = UINT32_C(1) << bit % 32;

	tell(word, on ? *word | mask : *word & ~mask);
}

static void sieve_add(const struct expected_set *set, uint32_t word)
{
	uint32_t bit = word & (EXPECTED_SIEVE_BITS - 1);

	if (set->sieved[bit] < UINT8_MAX)
		set->sieved[bit]++;
	set_bit(set, bit, true);
}

/* A bit whose packets were not counted stays: no harm, since there is the map behind it. */
static void sieve_remove(const struct expected_set *set, uint32_t word)
{
	uint32_t bit = word & (EXPECTED_SIEVE_BITS - 1);

	assert(set->sieved[bit] > 0);
	if (set->sieved[bit] < UINT8_MAX && --set->sieved[bit] == 0)
		set_bit(set, bit, false);
}

static void sieve_clear(const struct expected_set *set)
{
	for (size_t i = 0; i < EXPECTED_SIEVE_BITS / 32; i++)
		tell(&set->control->sieve[i], 0);
	memset(set->sieved, 0, EXPECTED_SIEVE_BITS * sizeof(*set->sieved));
}

/* --- entries --- */

/* The filter must look for those without source before the first of them is there, and until the last one is not. */
int expected_add(struct expected_set *set, const struct address *source, uint16_t port, uint32_t word)
{
	struct expected_key key = make_key(source, port, word);
	uint64_t value = 0;

	if (set->count >= set->max) {
		snprintf(set->reason, sizeof(set->reason), "more than %zu packets are expected", set->max);
		return QK_ERR_SPACE;
	}
	if (is_any(&key))
		tell(&set->control->any_source, 1);
	if (bpfsys_map_update(set->map_fd, &key, &value) != 0)
		return failed(set, "the kernel's map can't be filled");
	sieve_add(set, word);
	set->any_count += is_any(&key);
	set->count++;
	return 0;
}

/* What can't be removed goes on passing: no harm, since the session table does not know it. */
void expected_remove(struct expected_set *set, const struct address *source, uint16_t port, uint32_t word)
{
	struct expected_key key = make_key(source, port, word);

	assert(set->count > 0);
	sieve_remove(set, word);
	if (bpfsys_map_delete(set->map_fd, &key) != 0 && !set->stuck) {
		log_line(set->log, LOG_LEVEL_WARNING, "filter: packets stay in the kernel's map: %s", strerror(errno));
		set->stuck = true;
	}
	set->count--;
	set->any_count -= is_any(&key);
	if (set->any_count == 0)
		tell(&set->control->any_source, 0);
}

void expected_clear(struct expected_set *set)
{
	struct expected_key key;

	tell(&set->control->exact, 0);
	while (bpfsys_map_next(set->map_fd, NULL, &key) == 0)
		if (bpfsys_map_delete(set->map_fd, &key) != 0)
			break;
	sieve_clear(set);
	tell(&set->control->any_source, 0);
	set->count = set->any_count = 0;
	strcpy(set->reason, REASON_STARTING);
}

bool expected_has_room(const struct expected_set *set)
{
	return set->count <= set->max - set->max / 8;
}

void expected_set_exact(struct expected_set *set, bool exact)
{
	if (expected_is_exact(set) == exact)
		return;
	tell(&set->control->exact, exact);
	if (exact)
		log_line(set->log, LOG_LEVEL_NOTICE,
			 "filter: only expected packets leave the kernel expected=%zu max=%zu", set->count, set->max);
	else
		log_line(set->log, LOG_LEVEL_WARNING,
			 "filter: all that could be knocks leaves the kernel expected=%zu max=%zu: %s", set->count,
			 set->max, set->reason);
}

bool expected_is_exact(const struct expected_set *set)
{
	return set->control->exact != 0;
}

const char *expected_reason(const struct expected_set *set)
{
	return set->reason;
}

size_t expected_count(const struct expected_set *set)
{
	return set->count;
}

size_t expected_max(const struct expected_set *set)
{
	return set->max;
}
