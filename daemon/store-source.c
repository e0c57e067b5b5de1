/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/secret.h"
#include "daemon/config.h"
#include "daemon/operation/operation.h"
#include "daemon/store-source.h"

#define PASSWORD_SIZE_MAX 1024u

/* One line; its newline is not part of the password. */
static int read_password(const char *path, Secret **ret_password) {
        _cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        char buffer[PASSWORD_SIZE_MAX];
        struct stat info;
        ssize_t n;
        int r;

        if (fd < 0 || fstat(fd, &info) < 0)
                return -errno;
        if (!S_ISREG(info.st_mode) || (info.st_mode & 0007))
                return -EPERM;
        n = read(fd, buffer, sizeof(buffer));
        if (n < 0)
                return -errno;
        if (n > 0 && buffer[n - 1] == '\n')
                n--;
        r = n == 0 || n == sizeof(buffer) || memchr(buffer, '\n', (size_t)n)
                    ? -EINVAL
                    : secret_new(buffer, (size_t)n, ret_password);
        secret_wipe(buffer, sizeof(buffer));
        return r;
}

int store_source_open(const Config *config, sd_event *event, StoreNotice notice, void *userdata,
        UserStore **ret_store) {
        _cleanup_(secret_freep) Secret *password = NULL;
        char message[STORE_MESSAGE_MAX];
        StoreConfig store = {
                .type = config->store_type,
                .path = config->store_path,
                .address = config->store_address,
                .username = config->store_username,
                .database = config->store_database,
                .prefix = config->store_prefix,
                .tenant = config->tenant,
                .timeout_usec = config->store_timeout_usec,
                .require_durable = config->store_require_durable,
                .allow_plaintext = config->store_allow_plaintext,
                .unsafe_no_sync = config->store_no_sync,
                .now_sec = operation_now_sec,
        };
        int r;

        if (config->store_password_file) {
                r = read_password(config->store_password_file, &password);
                if (r < 0) {
                        snprintf(message, sizeof(message),
                                "%s: %s (a regular file of one line, not readable by others)",
                                config->store_password_file, strerror(-r));
                        notice(LOG_ERR, message, userdata);
                        return r;
                }
                store.password = password->data;
        }
        return user_store_new(&store, event, notice, userdata, ret_store);
}
