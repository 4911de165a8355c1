/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The few bpf(2) commands that the match needs, without libbpf: the plugin runs inside iptables, where a further
 * library is a liability. Functions return 0 (or a descriptor, always CLOEXEC) or -1 with errno, as the system call.
 */
#ifndef XT_KNOCK_BPFSYS_H
#define XT_KNOCK_BPFSYS_H

#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>

int bpfsys_map_create(const char *name, uint32_t key_size, uint32_t value_size, uint32_t entries);
/* An array of one element, whose memory can be mapped (BPF_F_MMAPABLE, Linux 5.5). */
int bpfsys_cell_create(const char *name, uint32_t value_size);
int bpfsys_map_lookup(int fd, const void *key, void *value);
int bpfsys_map_update(int fd, const void *key, const void *value);
int bpfsys_map_delete(int fd, const void *key);

/* The key that follows after, or the first one if that is NULL or gone; ENOENT behind the last. */
int bpfsys_map_next(int fd, const void *after, void *key);

/* The next up to *count entries after the position *token (not read when first); *count becomes how many came.
 * -1 with ENOENT after the last ones, which are then in the arrays too. */
int bpfsys_map_batch(int fd, const uint32_t *after, uint32_t *token, void *keys, void *values, uint32_t *count);

int bpfsys_map_info(int fd, struct bpf_map_info *info);

/* A socket filter, which is what xt_bpf runs. */
int bpfsys_prog_load(const char *name, const struct bpf_insn *insns, size_t count);

/* With the ids of the maps that the program uses, at most *map_count of them. */
int bpfsys_prog_info(int fd, struct bpf_prog_info *info, uint32_t *map_ids, uint32_t map_count);

int bpfsys_prog_next(uint32_t id, uint32_t *next); /* ENOENT after the last */
int bpfsys_prog_by_id(uint32_t id);

int bpfsys_pin(int fd, const char *path);
int bpfsys_get(const char *path);

#endif
