/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "knockwrap/program.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libcore/error.h"
#include "libcore/grant.h"

/* Opens path with root for the root directory: links in it are followed as they will be after the chroot. */
static int open_below(const char *root, const char *path)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};
	int base = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd;

	if (base < 0)
		return -1;
	fd = (int)syscall(SYS_openat2, base, path, &how, sizeof(how));
	close(base);
	return fd;
}

static enum status check_file(int fd, const char *path, struct fault *fault)
{
	struct stat file, self;

	if (fstat(fd, &file) != 0 || stat("/proc/self/exe", &self) != 0)
		return fault_set(fault, STATUS_CANNOT_RUN, "can't tell %s from knockwrap itself: %s", path,
				 strerror(errno));
	if (file.st_dev == self.st_dev && file.st_ino == self.st_ino)
		return fault_set(fault, STATUS_CANNOT_RUN, "%s is knockwrap itself", path);
	if (!S_ISREG(file.st_mode) || (file.st_mode & 0111) == 0)
		return fault_set(fault, STATUS_CANNOT_RUN, "%s is no program", path);
	return STATUS_OK;
}

enum status program_check(const char *root, const char *path, struct fault *fault)
{
	enum status status;
	struct stat st;
	int fd;

	if (root != NULL && (stat(root, &st) != 0 || !S_ISDIR(st.st_mode)))
		return fault_set(fault, STATUS_SYSTEM, "--chroot %s: no such directory", root);
	fd = root != NULL ? open_below(root, path) : open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return fault_set(fault, errno == ENOENT ? STATUS_NOT_FOUND : STATUS_CANNOT_RUN, "%s: %s", path,
				 strerror(errno));
	status = check_file(fd, path, fault);
	close(fd);
	return status;
}

enum status program_of_link(const char *dir, const char *service, char *path, size_t size, struct fault *fault)
{
	ssize_t len;
	int fd;
	int rc = grant_open_dir(AT_FDCWD, dir, &fd);

	if (rc == QK_ERR_NOT_FOUND)
		return fault_set(fault, STATUS_NOT_FOUND, "%s: %s", dir, error_text(rc));
	if (rc != 0)
		return fault_set(fault, STATUS_CANNOT_RUN, "%s must be a directory of root that none else can write to",
				 dir);
	len = readlinkat(fd, service, path, size);
	rc = errno;
	close(fd);
	if (len < 0 && rc == EINVAL)
		len = snprintf(path, size, "%s/%s", dir, service);
	else if (len < 0)
		return fault_set(fault, STATUS_NOT_FOUND, "%s/%s: %s", dir, service, strerror(rc));
	if ((size_t)len >= size || path[0] != '/')
		return fault_set(fault, STATUS_CANNOT_RUN, "%s/%s must be a link to an absolute path", dir, service);
	path[len] = '\0';
	return STATUS_OK;
}
