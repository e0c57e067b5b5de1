/* SPDX-License-Identifier: MIT */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/login/record-directory.h"

#define TEMPORARY_PREFIX ".new-"

int record_directory_open(const char *path, int *ret_fd) {
        _cleanup_(closep) int fd = -1;
        struct stat info;

        if (mkdir(path, 0700) < 0 && errno != EEXIST)
                return -errno;
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0 || fstat(fd, &info) < 0)
                return -errno;
        /* Anybody else who may write there could forge a login's record, and so its end. */
        if (info.st_uid != geteuid() || (info.st_mode & 0022))
                return -EPERM;
        *ret_fd = TAKE_FD(fd);
        return 0;
}

static int write_all(int fd, const char *text, size_t size) {
        while (size > 0) {
                ssize_t n = write(fd, text, size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : -EIO;
                text += n;
                size -= (size_t)n;
        }
        return 0;
}

int record_directory_write(int fd, const char *name, const char *text) {
        char temporary[RECORD_NAME_MAX + sizeof(TEMPORARY_PREFIX)];
        _cleanup_(closep) int file = -1;
        int r;

        if (strlen(name) > RECORD_NAME_MAX || strchr(name, '/') || *name == '.')
                return -EINVAL;
        if (strlen(text) > RECORD_SIZE_MAX)
                return -E2BIG;
        snprintf(temporary, sizeof(temporary), TEMPORARY_PREFIX "%s", name);
        (void)unlinkat(fd, temporary, 0);
        file = openat(fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (file < 0)
                return -errno;
        r = write_all(file, text, strlen(text));
        if (r >= 0 && renameat(fd, temporary, fd, name) < 0)
                r = -errno;
        if (r < 0)
                (void)unlinkat(fd, temporary, 0);
        return r;
}

void record_directory_remove(int fd, const char *name) {
        (void)unlinkat(fd, name, 0);
}

/* Returns the bytes read; -EBADMSG if it is no record; other negative errno. */
static ssize_t read_file(int fd, const char *name, char buffer[RECORD_SIZE_MAX]) {
        _cleanup_(closep) int file = -1;
        struct stat info;
        ssize_t n;

        if (*name == '.')
                return -EBADMSG;
        file = openat(fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
        if (file < 0)
                /* The directory is ours: a file that we may not read was not written by us. */
                return errno == ELOOP || errno == ENXIO || errno == EACCES ? -EBADMSG : -errno;
        if (fstat(file, &info) < 0)
                return -errno;
        if (!S_ISREG(info.st_mode) || info.st_size > (off_t)RECORD_SIZE_MAX)
                return -EBADMSG;
        n = read(file, buffer, RECORD_SIZE_MAX);
        return n < 0 ? -errno : n;
}

static int visit_file(int fd, const char *name, RecordVisitor visitor, void *userdata) {
        char buffer[RECORD_SIZE_MAX];
        ssize_t n;

        n = read_file(fd, name, buffer);
        if (n >= 0)
                visitor(name, buffer, (size_t)n, userdata);
        else if (n == -EBADMSG)
                record_directory_remove(fd, name);
        else
                return (int)n;
        return 0;
}

static int open_again(int fd, DIR **ret_directory) {
        _cleanup_(closep) int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (copy < 0)
                return -errno;
        *ret_directory = fdopendir(copy);
        if (!*ret_directory)
                return -errno;
        TAKE_FD(copy);
        return 0;
}

int record_directory_read_all(int fd, RecordVisitor visitor, void *userdata) {
        struct dirent *entry;
        DIR *directory;
        int r;

        r = open_again(fd, &directory);
        if (r < 0)
                return r;
        while (r == 0 && (entry = readdir(directory)))
                if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
                        r = visit_file(fd, entry->d_name, visitor, userdata);
        closedir(directory);
        return r;
}
