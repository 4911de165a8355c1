/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/meter.h"

#include <dirent.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SAMPLE_PERIOD_NS 97000 /* in step with nobody's milliseconds */
#define RING_PAGES 256	       /* a power of two; 43,000 samples, four seconds */
#define CPUS_MAX 64

struct sampler {
	int fd;
	struct perf_event_mmap_page *ring;
};

/* What a process has used so far. */
struct used {
	uint64_t ns;
	uint64_t user_ticks, system_ticks;
};

struct meter {
	pid_t processes[METER_PROCESSES_MAX];
	unsigned count;
	struct sampler samplers[CPUS_MAX];
	unsigned sampler_count;
	size_t page;
	struct used start;
};

static void sampler_close(struct meter *m, struct sampler *s)
{
	munmap(s->ring, (RING_PAGES + 1) * m->page);
	close(s->fd);
}

static int sampler_open(struct meter *m, int cpu)
{
	struct perf_event_attr attr = {
	    .type = PERF_TYPE_SOFTWARE,
	    .size = sizeof(attr),
	    .config = PERF_COUNT_SW_CPU_CLOCK,
	    .sample_period = SAMPLE_PERIOD_NS,
	    .sample_type = PERF_SAMPLE_TID,
	    .disabled = 1,
	};
	struct sampler s = {.fd = (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC)};

	if (s.fd < 0)
		return -1;
	s.ring = mmap(NULL, (RING_PAGES + 1) * m->page, PROT_READ | PROT_WRITE, MAP_SHARED, s.fd, 0);
	if (s.ring == MAP_FAILED) {
		close(s.fd);
		return -1;
	}
	m->samplers[m->sampler_count++] = s; /* transferred */
	return 0;
}

/* All processors but one, or none: half of the picture would be a wrong one. */
static void open_samplers(struct meter *m, int not_on)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);

	for (int cpu = 0; cpu < cpus; cpu++) {
		if ((cpu == not_on && cpus > 1) || (m->sampler_count < CPUS_MAX && sampler_open(m, cpu) == 0))
			continue;
		while (m->sampler_count > 0)
			sampler_close(m, &m->samplers[--m->sampler_count]);
		return;
	}
}

struct meter *meter_new(const pid_t *processes, unsigned count, int not_on)
{
	struct meter *m = calloc(1, sizeof(*m));

	if (m == NULL) {
		perror("meter");
		return NULL;
	}
	m->page = (size_t)sysconf(_SC_PAGESIZE);
	m->count = count;
	memcpy(m->processes, processes, count * sizeof(*processes));
	if (count > 0)
		open_samplers(m, not_on);
	return m;
}

void meter_free(struct meter *meter)
{
	for (unsigned i = 0; i < meter->sampler_count; i++)
		sampler_close(meter, &meter->samplers[i]);
	free(meter);
}

static int add_thread_ns(pid_t process, const char *thread, struct used *used)
{
	unsigned long long ns = 0;
	char path[64];
	FILE *f;
	int n;

	snprintf(path, sizeof(path), "/proc/%d/task/%.20s/schedstat", (int)process, thread);
	f = fopen(path, "re");
	if (f == NULL)
		return errno == ENOENT ? 0 : -1; /* a thread may end */
	n = fscanf(f, "%llu", &ns);
	fclose(f);
	used->ns += ns;
	return n == 1 ? 0 : -1;
}

static int add_ticks(pid_t process, struct used *used)
{
	unsigned long long user = 0, system = 0;
	char path[64], line[512], *after;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)process);
	f = fopen(path, "re");
	if (f == NULL)
		return -1;
	after = fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL; /* the name may hold anything */
	fclose(f);
	if (after == NULL ||
	    sscanf(after + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user, &system) != 2)
		return -1;
	used->user_ticks += user;
	used->system_ticks += system;
	return 0;
}

static int add_process(pid_t process, struct used *used)
{
	struct dirent *entry;
	char path[64];
	DIR *threads;
	int rc = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)process);
	threads = opendir(path);
	if (threads == NULL)
		return -1;
	while (rc == 0 && (entry = readdir(threads)) != NULL)
		if (entry->d_name[0] != '.')
			rc = add_thread_ns(process, entry->d_name, used);
	closedir(threads);
	return rc == 0 ? add_ticks(process, used) : -1;
}

static int read_used(const struct meter *m, struct used *used)
{
	memset(used, 0, sizeof(*used));
	for (unsigned i = 0; i < m->count; i++)
		if (add_process(m->processes[i], used) != 0) {
			fprintf(stderr, "process %d: its processor time cannot be read; has it ended?\n",
				(int)m->processes[i]);
			return -1;
		}
	return 0;
}

int meter_start(struct meter *meter)
{
	for (unsigned i = 0; i < meter->sampler_count; i++) {
		struct sampler *s = &meter->samplers[i];

		s->ring->data_tail = __atomic_load_n(&s->ring->data_head, __ATOMIC_ACQUIRE);
		ioctl(s->fd, PERF_EVENT_IOC_ENABLE, 0);
	}
	return read_used(meter, &meter->start);
}

static bool is_metered(const struct meter *m, uint32_t process)
{
	for (unsigned i = 0; i < m->count; i++)
		if ((uint32_t)m->processes[i] == process)
			return true;
	return false;
}

/* What of an event's record is needed; records are aligned to 8 bytes and begin over at the ring's end. */
static void ring_read(const uint8_t *data, uint64_t size, uint64_t at, void *out, size_t length)
{
	for (size_t i = 0; i < length; i++)
		((uint8_t *)out)[i] = data[(at + i) % size];
}

static void count_samples(const struct meter *m, const struct sampler *s, unsigned *user, unsigned *all)
{
	const uint8_t *data = (const uint8_t *)s->ring + m->page;
	uint64_t head = __atomic_load_n(&s->ring->data_head, __ATOMIC_ACQUIRE);
	uint64_t size = RING_PAGES * m->page;

	for (uint64_t at = s->ring->data_tail; at < head;) {
		struct {
			struct perf_event_header header;
			uint32_t process, thread;
		} record;

		ring_read(data, size, at, &record, sizeof(record));
		if (record.header.size == 0)
			break;
		at += record.header.size;
		if (record.header.type != PERF_RECORD_SAMPLE || !is_metered(m, record.process))
			continue;
		*user += (record.header.misc & PERF_RECORD_MISC_CPUMODE_MASK) == PERF_RECORD_MISC_USER;
		*all += 1;
	}
}

int meter_stop(struct meter *meter, struct meter_time *out)
{
	unsigned user = 0, all = 0;
	struct used end;
	uint64_t user_ticks, ticks;

	memset(out, 0, sizeof(*out));
	if (read_used(meter, &end) != 0)
		return -1;
	for (unsigned i = 0; i < meter->sampler_count; i++) {
		ioctl(meter->samplers[i].fd, PERF_EVENT_IOC_DISABLE, 0);
		count_samples(meter, &meter->samplers[i], &user, &all);
	}
	out->total_ns = end.ns - meter->start.ns;
	user_ticks = end.user_ticks - meter->start.user_ticks;
	ticks = user_ticks + end.system_ticks - meter->start.system_ticks;
	out->sampled = meter->sampler_count > 0;
	out->samples = all;
	out->user_share = 1;
	if (out->sampled && all > 0)
		out->user_share = (double)user / all;
	else if (!out->sampled && ticks > 0)
		out->user_share = (double)user_ticks / (double)ticks;
	return 0;
}
