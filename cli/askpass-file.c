/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/askpass-file.h"
#include "common/translation.h"

#define READ_SIZE 4096u

static bool is_allowed(const struct stat *status, AskpassFileRule rule) {
        if (!S_ISREG(status->st_mode))
                return false;
        switch (rule) {
        case ASKPASS_FILE_PRIVATE:
                return status->st_uid == geteuid() && (status->st_mode & 077) == 0;
        case ASKPASS_FILE_TRUSTED:
                return (status->st_uid == geteuid() || status->st_uid == 0) &&
                       (status->st_mode & 022) == 0;
        }
        return false;
}

static int read_all(int fd, Secret *text) {
        char buffer[READ_SIZE];
        ssize_t n;
        int r = 0;

        do {
                n = read(fd, buffer, sizeof(buffer));
                if (n > 0)
                        r = secret_append(text, buffer, (size_t)n);
                if (r == 0 && text->size > ASKPASS_FILE_MAX)
                        r = -EFBIG;
        } while (r == 0 && (n > 0 || (n < 0 && errno == EINTR)));
        if (r == 0 && n < 0)
                r = -errno;
        secret_wipe(buffer, sizeof(buffer));
        return r;
}

int askpass_file_read(const char *path, AskpassFileRule rule, Secret **ret_text) {
        _cleanup_(secret_freep) Secret *text = NULL;
        _cleanup_(closep) int fd = -1;
        struct stat status;
        int r;

        /* Non-blocking, so that a pipe in place of the file is refused instead of waited for. */
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK |
                                (rule == ASKPASS_FILE_PRIVATE ? O_NOFOLLOW : 0));
        if (fd < 0)
                return -errno;
        if (fstat(fd, &status) < 0)
                return -errno;
        if (!is_allowed(&status, rule))
                return -EPERM;
        r = secret_new(NULL, 0, &text);
        if (r == 0)
                r = read_all(fd, text);
        if (r == 0)
                *ret_text = TAKE_PTR(text);
        return r;
}

const char *askpass_file_fault(int r) {
        if (r == -EPERM)
                return _("it has to be a file of yours that nobody else can read or write");
        return strerror(-r);
}
