/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/pair-file.h"

#define PATH_SIZE 4096u
#define GROWTH_MAX \
        4096 /* by which a pair is longer than the one before: a few digits, another key */

static ExitStatus complain_of(const char *path, int error) {
        complain("cannot use %s: %s", path, strerror(error));
        return STATUS_FAILED;
}

static int lock(int fd) {
        int r;

        do
                r = flock(fd, LOCK_EX);
        while (r < 0 && errno == EINTR);
        return r < 0 ? -errno : 0;
}

/* The previous holder of the lock may have replaced the file that we waited for. */
static int is_still_there(const char *path, int fd, bool *ret_there) {
        struct stat there, ours;

        if (fstat(fd, &ours) < 0 || lstat(path, &there) < 0)
                return -errno;
        *ret_there = there.st_dev == ours.st_dev && there.st_ino == ours.st_ino;
        return 0;
}

static int open_locked(const char *path, int *ret_fd) {
        bool there = false;
        int r = 0;

        while (r == 0 && !there) {
                _cleanup_(closep) int fd =
                        open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);

                if (fd < 0)
                        return -errno;
                r = lock(fd);
                if (r == 0)
                        r = is_still_there(path, fd, &there);
                if (r == 0 && there)
                        *ret_fd = TAKE_FD(fd);
        }
        return r;
}

static int read_text(int fd, Secret **ret_text) {
        _cleanup_(secret_freep) Secret *text = NULL;
        char buffer[4096];
        ssize_t n = 1;
        int r;

        r = secret_new(NULL, 0, &text);
        while (r == 0 && n != 0 && text->size <= TOKEN_PAIR_SIZE_MAX) {
                n = read(fd, buffer, sizeof(buffer));
                if (n > 0)
                        r = secret_append(text, buffer, (size_t)n);
                else if (n < 0 && errno != EINTR)
                        r = -errno;
        }
        secret_wipe(buffer, sizeof(buffer));
        if (r < 0)
                return r;
        *ret_text = TAKE_PTR(text);
        return 0;
}

static ExitStatus check_mode(const PairFile *file) {
        struct stat st;

        if (fstat(file->fd, &st) < 0)
                return complain_of(file->path, errno);
        if (S_ISREG(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 0077))
                return STATUS_OK;
        complain("%s holds tokens: it must be a file of your own that nobody else can read",
                file->path);
        complain("See: chmod 600 %s", file->path);
        return STATUS_FAILED;
}

ExitStatus pair_file_open(const char *path, PairFile *ret_file, TokenPair *ret_pair) {
        _cleanup_(secret_freep) Secret *text = NULL;
        ExitStatus status;
        int r;

        *ret_file = (PairFile){ .path = path, .fd = -1 };
        r = open_locked(path, &ret_file->fd);
        if (r < 0)
                return complain_of(path, -r);
        status = check_mode(ret_file);
        if (status != STATUS_OK)
                return status;
        r = read_text(ret_file->fd, &text);
        if (r == 0)
                r = token_pair_parse(text, ret_pair);
        if (r == -EBADMSG) {
                complain("%s holds no pair of tokens, as 'authtokenctl issue --pair' writes it",
                        path);
                return STATUS_FAILED;
        }
        return r < 0 ? complain_of(path, -r) : STATUS_OK;
}

static int write_text(int fd, const Secret *text) {
        for (size_t done = 0; done < text->size;) {
                ssize_t n = write(fd, text->data + done, text->size - done);

                if (n < 0 && errno != EINTR)
                        return -errno;
                if (n > 0)
                        done += (size_t)n;
        }
        /* The rest of the room. */
        return ftruncate(fd, (off_t)text->size) < 0 || fsync(fd) < 0 ? -errno : 0;
}

static int sync_folder(const char *path) {
        char copy[PATH_SIZE];
        int fd, r;

        snprintf(copy, sizeof(copy), "%s", path);
        fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        r = fsync(fd) < 0 ? -errno : 0;
        close(fd);
        return r;
}

/* Always the same hidden name beside the file: if a client was killed, the next one removes what it left there,
 * tokens included. Nobody else uses it, since the file itself is locked. */
static int name_next(const char *path, char **ret_name) {
        const char *slash = strrchr(path, '/');
        int folder_size = slash ? (int)(slash - path) + 1 : 0;
        char *name;

        if (asprintf(&name, "%.*s.%s.new", folder_size, path, path + folder_size) < 0)
                return -ENOMEM;
        *ret_name = name;
        return 0;
}

static int make_next(PairFile *file) {
        _cleanup_(freep) char *name = NULL;
        struct stat st;
        int r;

        r = name_next(file->path, &name);
        if (r < 0)
                return r;
        if (fstat(file->fd, &st) < 0 || (unlink(name) < 0 && errno != ENOENT))
                return -errno;
        file->next_fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (file->next_fd < 0)
                return -errno;
        file->next_path = TAKE_PTR(name);
        return -posix_fallocate(file->next_fd, 0, st.st_size + GROWTH_MAX);
}

ExitStatus pair_file_make_room(PairFile *file) {
        int r = make_next(file);

        return r < 0 ? complain_of(file->path, -r) : STATUS_OK;
}

static void forget_next(PairFile *file) {
        if (!file->next_path)
                return;
        (void)unlink(file->next_path);
        close(file->next_fd);
        free(TAKE_PTR(file->next_path));
}

/* The new file is locked before it gets the name, so that nobody can lock it first. */
static int replace(PairFile *file, const Secret *text) {
        int r;

        r = write_text(file->next_fd, text);
        if (r == 0)
                r = lock(file->next_fd);
        if (r == 0 && rename(file->next_path, file->path) < 0)
                r = -errno;
        return r < 0 ? r : sync_folder(file->path);
}

ExitStatus pair_file_replace(PairFile *file, const TokenPair *pair) {
        _cleanup_(secret_freep) Secret *text = NULL;
        int r;

        r = token_pair_format(pair, &text);
        if (r == 0)
                r = replace(file, text);
        if (r < 0) {
                forget_next(file);
                return complain_of(file->path, -r);
        }
        close(file->fd);
        file->fd = file->next_fd;
        free(TAKE_PTR(file->next_path));
        return STATUS_OK;
}

void pair_file_close(PairFile *file) {
        forget_next(file);
        if (file->path && file->fd >= 0)
                close(file->fd);
        *file = (PairFile){ .fd = -1 };
}
