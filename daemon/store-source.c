/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/secret.h"
#include "daemon/config/config.h"
#include "daemon/operation/operation.h"
#include "daemon/store-source.h"

#define PASSWORD_SIZE_MAX 1024u

/* Where to find the password of a login. */
typedef struct PasswordPlace {
        const char *path; /* NULL: not configured */
        const char *
                credential; /* used without @path, if the service manager has passed it; NULL: none */
        const char *username; /* a login that needs a password; NULL: not configured */
        const char *options;  /* that say so */
} PasswordPlace;

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

/* The credential is used if no file is configured. */
static int find_password(const PasswordPlace *place, char **ret_path) {
        const char *directory = secure_getenv("CREDENTIALS_DIRECTORY");
        char *path = NULL;

        if (place->path) {
                path = strdup(place->path);
        } else if (directory && place->credential) {
                if (asprintf(&path, "%s/%s", directory, place->credential) < 0)
                        return -ENOMEM;
                if (access(path, F_OK) < 0) {
                        free(path);
                        return -ENOENT;
                }
        } else {
                return -ENOENT;
        }
        *ret_path = path;
        return path ? 0 : -ENOMEM;
}

/* Return: 0, without @ret_password if there is none; negative errno, with a @message. */
static int get_password(
        const PasswordPlace *place, Secret **ret_password, char *message, size_t message_size) {
        _cleanup_(freep) char *path = NULL;
        int r;

        r = find_password(place, &path);
        if (r == -ENOENT && place->username) {
                snprintf(message, message_size, "[Store] %s, or the credential %s", place->options,
                        STRING_OR_EMPTY(place->credential));
                return -EINVAL;
        }
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        r = read_password(path, ret_password);
        if (r < 0)
                snprintf(message, message_size,
                        "%s: %s (a regular file of one line, not readable by others)", path,
                        strerror(-r));
        return r;
}

static PasswordPlace place_of_store(const Config *config) {
        return (PasswordPlace){
                .path = config->store_password_file,
                .credential = config->store_type == STORE_REDIS ? "redis-password" : NULL,
                .username = config->store_username,
                .options = "Username= needs a PasswordFile=",
        };
}

static PasswordPlace place_of_sentinels(const Config *config) {
        return (PasswordPlace){
                .path = config->store_sentinel_password_file,
                .credential = config->store_sentinels ? "sentinel-password" : NULL,
                .username = config->store_sentinel_username,
                .options = "SentinelUsername= needs a SentinelPasswordFile=",
        };
}

int store_source_reread(const Config *config, UserStore *store, char *message, size_t size) {
        _cleanup_(secret_freep) Secret *password = NULL;
        const PasswordPlace place = place_of_store(config);
        int r;

        r = get_password(&place, &password, message, size);
        return r < 0 || !password ? r : user_store_set_password(store, password->data);
}

int store_source_open(const Config *config, sd_event *event, StoreNotice notice, void *userdata,
        UserStore **ret_store) {
        _cleanup_(secret_freep) Secret *password = NULL, *sentinel_password = NULL;
        const PasswordPlace place = place_of_store(config), sentinels = place_of_sentinels(config);
        char message[STORE_MESSAGE_MAX] = "no memory";
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
                .sentinels = config->store_sentinels,
                .sentinel_name = config->store_sentinel_name,
                .sentinel_username = config->store_sentinel_username,
                .wait_replicas = config->store_wait_replicas,
                .wait_timeout_usec = config->store_wait_timeout_usec,
                .now_sec = operation_now_sec,
        };
        int r;

        r = get_password(&place, &password, message, sizeof(message));
        if (r >= 0)
                r = get_password(&sentinels, &sentinel_password, message, sizeof(message));
        if (r < 0) {
                notice(LOG_ERR, message, userdata);
                return r;
        }
        if (password)
                store.password = password->data;
        if (sentinel_password)
                store.sentinel_password = sentinel_password->data;
        return user_store_new(&store, event, notice, userdata, ret_store);
}
