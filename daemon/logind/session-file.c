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
#define PATH_SIZE     256u
#define LEADER        "LEADER="
#define BEGIN         "MONOTONIC="

/* Letters and digits, as logind makes them, so that the id cannot lead out of the directory. */
static bool is_id(const char *session_id) {
        size_t size = strspn(session_id, "0123456789"
                                         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

        return size > 0 && size <= LOGIND_ID_MAX && !session_id[size];
}

/* False: it is no id, or too long. */
static bool compose(const char *directory, const char *session_id, char ret_path[PATH_SIZE]) {
        int n;

        n = snprintf(ret_path, PATH_SIZE, "%s/%s", directory, session_id);
        return is_id(session_id) && n > 0 && (size_t)n < PATH_SIZE;
}

bool session_file_exists(const char *directory, const char *session_id) {
        char path[PATH_SIZE];

        return compose(directory, session_id, path) && access(path, F_OK) == 0;
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

/* 0: it is not there, or is none. */
static uint64_t find_number(const char *text, const char *prefix, uint64_t max) {
        const char *value = find_line(text, prefix);
        char digits[TEXT_U64_SIZE_MAX + 1];
        uint64_t number;
        size_t size;

        if (!value)
                return 0;
        value += strlen(prefix);
        size = strcspn(value, "\n");
        if (size > TEXT_U64_SIZE_MAX)
                return 0;
        memcpy(digits, value, size);
        digits[size] = '\0';
        return text_parse_u64(digits, max, &number) ? 0 : number;
}

int session_file_read(const char *directory, const char *session_id, LogindSession *ret_session) {
        char path[PATH_SIZE], text[FILE_SIZE_MAX];
        _cleanup_(closep) int fd = -1;
        ssize_t n;

        if (!compose(directory, session_id, path))
                return -ENOENT;
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
        if (fd < 0)
                return -errno;
        n = read(fd, text, sizeof(text) - 1);
        if (n < 0)
                return -errno;
        text[n] = '\0';
        *ret_session = (LogindSession){
                .leader = (pid_t)find_number(text, LEADER, INT32_MAX),
                .begin_usec = find_number(text, BEGIN, UINT64_MAX),
        };
        return 0;
}
