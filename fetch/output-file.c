/* SPDX-License-Identifier: MIT */
#include "fetch/output-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

static int fail(const char *path, char *message) {
        snprintf(message, DOWNLOAD_MESSAGE_MAX, "%s: %s", path, strerror(errno));
        return -1;
}

static bool is_same(const char *path, const Document *document) {
        _cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        _cleanup_(freep) char *content = malloc(document->size + 1);
        size_t used = 0;
        ssize_t n = 1;

        if (fd < 0 || !content)
                return false;
        while (n > 0 && used <= document->size) {
                n = read(fd, content + used, document->size + 1 - used);
                used += n > 0 ? (size_t)n : 0;
        }
        return n == 0 && used == document->size && !memcmp(content, document->text, used);
}

static int write_all(int fd, const Document *document) {
        size_t written = 0;

        while (written < document->size) {
                ssize_t n = write(fd, document->text + written, document->size - written);

                if (n < 0 && errno != EINTR)
                        return -1;
                written += n > 0 ? (size_t)n : 0;
        }
        return fchmod(fd, 0644) < 0 || fsync(fd) < 0 ? -1 : 0;
}

/* Replace regular files only: rename() would otherwise put a file in place of a link, a pipe or
 * a device such as /dev/null. */
static bool may_replace(const char *path) {
        struct stat info;

        return lstat(path, &info) < 0 || S_ISREG(info.st_mode);
}

int output_file_replace(
        const char *path, const Document *document, int *ret_changed, char *message) {
        _cleanup_(freep) char *next = NULL;
        _cleanup_(closep) int fd = -1;

        *ret_changed = 0;
        if (!may_replace(path)) {
                snprintf(message, DOWNLOAD_MESSAGE_MAX, "%s: it is no regular file", path);
                return -1;
        }
        if (is_same(path, document))
                return 0;
        if (asprintf(&next, "%s.XXXXXX", path) < 0) {
                next = NULL;
                return fail(path, message);
        }
        fd = mkostemp(next, O_CLOEXEC);
        if (fd < 0)
                return fail(path, message);
        if (write_all(fd, document) < 0 || rename(next, path) < 0) {
                int r = fail(path, message);

                (void)unlink(next);
                return r;
        }
        *ret_changed = 1;
        return 0;
}
