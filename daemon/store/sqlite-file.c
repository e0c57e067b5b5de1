/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "daemon/store/sqlite-file.h"
#include "daemon/store/user-store.h"

typedef struct Complaint {
        const char *path;
        char *message;
        size_t size;
} Complaint;

static int refuse(const Complaint *complaint, const char *why) {
        snprintf(complaint->message, complaint->size, "%s: %s", complaint->path, why);
        return STORE_E_REFUSED;
}

static int open_directory(const Complaint *complaint, const char *name, int *ret_fd) {
        _cleanup_(freep) char *directory = NULL;
        _cleanup_(closep) int fd = -1;
        struct stat st;

        if (name == complaint->path)
                directory = strdup(".");
        else
                directory = strndup(complaint->path, (size_t)(name - complaint->path));
        if (!directory)
                return refuse(complaint, strerror(ENOMEM));
        fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0)
                return refuse(complaint, strerror(errno));
        if (st.st_uid != 0 && st.st_uid != geteuid())
                return refuse(complaint, "the directory belongs to another user");
        if (st.st_mode & (S_IWGRP | S_IWOTH))
                return refuse(complaint, "others may write in the directory");
        *ret_fd = TAKE_FD(fd);
        return 0;
}

static int check_file(const Complaint *complaint, int fd) {
        struct stat st;

        if (fstat(fd, &st) < 0)
                return refuse(complaint, strerror(errno));
        if (!S_ISREG(st.st_mode))
                return refuse(complaint, "not a regular file");
        if (st.st_uid != geteuid())
                return refuse(complaint, "the file belongs to another user");
        if (st.st_nlink != 1)
                return refuse(complaint, "the file has another name");
        if ((st.st_mode & 07777) != 0600 && fchmod(fd, 0600) < 0)
                return refuse(complaint, strerror(errno));
        return 0;
}

int sqlite_file_prepare(const char *path, char *message, size_t message_size) {
        Complaint complaint = { path, message, message_size };
        _cleanup_(closep) int directory_fd = -1, fd = -1;
        const char *slash = strrchr(path, '/');
        const char *name = slash ? slash + 1 : path;
        int r;

        r = open_directory(&complaint, name, &directory_fd);
        if (r)
                return r;
        fd = openat(directory_fd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return refuse(&complaint, strerror(errno));
        r = check_file(&complaint, fd);
        if (r)
                return r;
        /* SQLite makes its log's name durable; we have to do that for the file's own name. */
        if (fsync(directory_fd) < 0)
                return refuse(&complaint, strerror(errno));
        return 0;
}
