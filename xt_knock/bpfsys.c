/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xt_knock/bpfsys.h"

#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel refuses attributes that it does not know unless they are zero, so every caller starts from zero. */
static int bpfsys(enum bpf_cmd cmd, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static uint64_t address_of(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static void set_name(char out[BPF_OBJ_NAME_LEN], const char *name)
{
	size_t len = strnlen(name, BPF_OBJ_NAME_LEN - 1);

	memcpy(out, name, len);
	out[len] = '\0';
}

static int map_create(const char *name, enum bpf_map_type type, uint32_t key_size, uint32_t value_size,
		      uint32_t entries, uint32_t flags)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = type;
	attr.key_size = key_size;
	attr.value_size = value_size;
	attr.max_entries = entries;
	attr.map_flags = flags;
	set_name(attr.map_name, name);
	return bpfsys(BPF_MAP_CREATE, &attr);
}

int bpfsys_map_create(const char *name, uint32_t key_size, uint32_t value_size, uint32_t entries)
{
	return map_create(name, BPF_MAP_TYPE_HASH, key_size, value_size, entries, BPF_F_NO_PREALLOC);
}

int bpfsys_cell_create(const char *name, uint32_t value_size)
{
	return map_create(name, BPF_MAP_TYPE_ARRAY, sizeof(uint32_t), value_size, 1, BPF_F_MMAPABLE);
}

static int map_element(enum bpf_cmd cmd, int fd, const void *key, const void *value)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)fd;
	attr.key = address_of(key);
	attr.value = address_of(value);
	attr.flags = BPF_ANY;
	return bpfsys(cmd, &attr);
}

int bpfsys_map_lookup(int fd, const void *key, void *value)
{
	return map_element(BPF_MAP_LOOKUP_ELEM, fd, key, value);
}

int bpfsys_map_update(int fd, const void *key, const void *value)
{
	return map_element(BPF_MAP_UPDATE_ELEM, fd, key, value);
}

int bpfsys_map_delete(int fd, const void *key)
{
	return map_element(BPF_MAP_DELETE_ELEM, fd, key, NULL);
}

int bpfsys_map_next(int fd, const void *after, void *key)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)fd;
	attr.key = address_of(after);
	attr.next_key = address_of(key);
	return bpfsys(BPF_MAP_GET_NEXT_KEY, &attr);
}

int bpfsys_map_batch(int fd, const uint32_t *after, uint32_t *token, void *keys, void *values, uint32_t *count)
{
	union bpf_attr attr;
	int rc;

	memset(&attr, 0, sizeof(attr));
	attr.batch.in_batch = address_of(after);
	attr.batch.out_batch = address_of(token);
	attr.batch.keys = address_of(keys);
	attr.batch.values = address_of(values);
	attr.batch.count = *count;
	attr.batch.map_fd = (uint32_t)fd;
	rc = bpfsys(BPF_MAP_LOOKUP_BATCH, &attr);
	*count = attr.batch.count;
	return rc;
}

static int object_info(int fd, void *info, size_t size)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = (uint32_t)size;
	attr.info.info = address_of(info);
	return bpfsys(BPF_OBJ_GET_INFO_BY_FD, &attr);
}

int bpfsys_map_info(int fd, struct bpf_map_info *info)
{
	memset(info, 0, sizeof(*info));
	return object_info(fd, info, sizeof(*info));
}

int bpfsys_prog_load(const char *name, const struct bpf_insn *insns, size_t count)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attr.insns = address_of(insns);
	attr.insn_cnt = (uint32_t)count;
	attr.license = address_of("GPL");
	set_name(attr.prog_name, name);
	return bpfsys(BPF_PROG_LOAD, &attr);
}

int bpfsys_prog_info(int fd, struct bpf_prog_info *info, uint32_t *map_ids, uint32_t map_count)
{
	memset(info, 0, sizeof(*info));
	info->map_ids = address_of(map_ids);
	info->nr_map_ids = map_count;
	return object_info(fd, info, sizeof(*info));
}

int bpfsys_prog_next(uint32_t id, uint32_t *next)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.start_id = id;
	if (bpfsys(BPF_PROG_GET_NEXT_ID, &attr) < 0)
		return -1;
	*next = attr.next_id;
	return 0;
}

int bpfsys_prog_by_id(uint32_t id)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_id = id;
	return bpfsys(BPF_PROG_GET_FD_BY_ID, &attr);
}

int bpfsys_pin(int fd, const char *path)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.pathname = address_of(path);
	attr.bpf_fd = (uint32_t)fd;
	return bpfsys(BPF_OBJ_PIN, &attr);
}

int bpfsys_get(const char *path)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.pathname = address_of(path);
	return bpfsys(BPF_OBJ_GET, &attr);
}
