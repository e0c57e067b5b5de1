/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "daemon/logind/logind.h"
#include "daemon/logind/session-file.h"

#define FILE_SIZE_MAX 16384u
#define LEADER        "LEADER="
#define BEGIN         "MONOTONIC="

/* Letters and digits, as logind makes them; never a way out of the directory. */
static bool is_id(const char *session_id) {
        size_t size = strspn(session_id, "0123456789"
                                         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

        return size > 0 && size <= LOGIND_ID_MAX && !session_id[size];
}

static int open_file(const char *directory, const char *session_id, int *ret_fd) {
        _cleanup_(closep) int parent = -1;
        int fd;

        if (!is_id(session_id))
                return -ENOENT;
        parent = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (parent < 0)
                return -errno;
        fd = openat(parent, session_id, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
        if (fd < 0)
                return -errno;
        *ret_fd = fd;
        return 0;
}

bool session_file_exists(const char *directory, const char *session_id) {
        char path[256];
        int n;

        n = snprintf(path, sizeof(path), "%s/%s", directory, session_id);
        return is_id(session_id) && n > 0 && (size_t)n < sizeof(path) && access(path, F_OK) == 0;
}

static const char *find_line(const char *text, const char *prefix) {
        const char *line = text;

        while (line && strncmp(line, prefix, strlen(prefix))) {
                line = strchr(line, '\n');
                if (line)
                        line++;
        }
        return line;
}

static int parse_number(char *text, const char *prefix, uint64_t max, uint64_t *ret_number) {
        char *value = (char *)find_line(text, prefix);
        uint64_t number;

        if (!value)
                return -EBADMSG;
        value += strlen(prefix);
        value[strcspn(value, "\n")] = '\0';
        if (text_parse_u64(value, max, &number) || number == 0)
                return -EBADMSG;
        *ret_number = number;
        return 0;
}

static int read_number(const char *directory, const char *session_id, const char *prefix,
        uint64_t max, uint64_t *ret_number) {
        _cleanup_(closep) int fd = -1;
        char text[FILE_SIZE_MAX];
        ssize_t n;
        int r;

        r = open_file(directory, session_id, &fd);
        if (r < 0)
                return r;
        n = read(fd, text, sizeof(text) - 1);
        if (n < 0)
                return -errno;
        text[n] = '\0';
        return parse_number(text, prefix, max, ret_number);
}

int session_file_leader(const char *directory, const char *session_id, pid_t *ret_leader) {
        uint64_t leader;
        int r;

        r = read_number(directory, session_id, LEADER, INT32_MAX, &leader);
        if (r == 0)
                *ret_leader = (pid_t)leader;
        return r;
}

int session_file_begin(const char *directory, const char *session_id, uint64_t *ret_usec) {
        return read_number(directory, session_id, BEGIN, UINT64_MAX, ret_usec);
}
