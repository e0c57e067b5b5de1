/* SPDX-License-Identifier: MIT */
#include "daemon/token/key-place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "common/base64url.h"
#include "daemon/token/key-error.h"

/* A name that no reader takes for a key, and that the next attempt overwrites. */
#define NEW_FILE ".new-key"

#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
#define SUFFIX          ".jwk"

static int check(const struct stat *st) {
        if (geteuid() != 0 && st->st_uid != geteuid() && st->st_uid != 0)
                return KEY_E_DIRECTORY;
        return st->st_mode & (S_IWGRP | S_IWOTH) ? KEY_E_DIRECTORY : 0;
}

int key_place_open(const char *directory, KeyPlace *ret_place) {
        _cleanup_(closep) int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        struct stat st;
        int r;

        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        r = check(&st);
        if (r)
                return r;
        if (flock(fd, LOCK_EX | LOCK_NB) < 0)
                return errno == EWOULDBLOCK ? KEY_E_BUSY : -errno;
        *ret_place = (KeyPlace){ .fd = TAKE_FD(fd), .uid = st.st_uid, .gid = st.st_gid };
        return 0;
}

/* As root, where the service manager has made the directory above for the daemon. */
static int adopt(const char *directory) {
        _cleanup_(closep) int fd = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        struct stat above;

        if (fd < 0 || fstatat(fd, "..", &above, 0) < 0)
                return -errno;
        if (geteuid() == 0 && fchown(fd, above.st_uid, above.st_gid) < 0)
                return -errno;
        return 0;
}

int key_place_make(const char *directory) {
        if (mkdir(directory, 0700) < 0)
                return errno == EEXIST ? 0 : -errno;
        return adopt(directory);
}

void key_place_close(KeyPlace *place) {
        if (place->fd >= 0)
                close(place->fd);
        place->fd = -1;
}

static int write_all(int fd, const Secret *content) {
        for (size_t done = 0; done < content->size;) {
                ssize_t n = write(fd, content->data + done, content->size - done);

                if (n < 0 && errno != EINTR)
                        return -errno;
                if (n > 0)
                        done += (size_t)n;
        }
        return fsync(fd) < 0 ? -errno : 0;
}

static int write_new_file(const KeyPlace *place, const Secret *content) {
        _cleanup_(closep) int fd = -1;

        if (unlinkat(place->fd, NEW_FILE, 0) < 0 && errno != ENOENT)
                return -errno;
        fd = openat(
                place->fd, NEW_FILE, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        if (geteuid() == 0 && fchown(fd, place->uid, place->gid) < 0)
                return -errno;
        return write_all(fd, content);
}

static int put(const KeyPlace *place, const char *name, const Secret *content, unsigned int flags) {
        int r;

        r = write_new_file(place, content);
        if (r == 0 && renameat2(place->fd, NEW_FILE, place->fd, name, flags) < 0)
                r = -errno;
        if (r == 0 && fsync(place->fd) < 0)
                return -errno;
        if (r)
                (void)unlinkat(place->fd, NEW_FILE, 0);
        return r;
}

int key_place_write(const KeyPlace *place, const char *name, const Secret *content) {
        return put(place, name, content, 0);
}

int key_place_add(const KeyPlace *place, const char *name, const Secret *content) {
        return put(place, name, content, RENAME_NOREPLACE);
}

int key_place_remove(const KeyPlace *place, const char *name) {
        if (unlinkat(place->fd, name, 0) < 0)
                return errno == ENOENT ? 0 : -errno;
        return fsync(place->fd) < 0 ? -errno : 0;
}

static bool is_file_name(const char *kid) {
        size_t size = strlen(kid);

        return size > 0 && size + strlen(SUFFIX) < KEY_PLACE_NAME_SIZE && *kid != '.' &&
               strspn(kid, NAME_CHARACTERS) == size;
}

void key_place_name(const char *kid, char name[KEY_PLACE_NAME_SIZE]) {
        char hash[BASE64URL_ENCODED_SIZE(SHA256_DIGEST_LENGTH) + 1] = "key";
        uint8_t digest[SHA256_DIGEST_LENGTH];

        if (!is_file_name(kid) &&
                EVP_Digest(kid, strlen(kid), digest, NULL, EVP_sha256(), NULL) == 1)
                (void)base64url_encode(digest, sizeof(digest), hash, sizeof(hash));
        (void)snprintf(name, KEY_PLACE_NAME_SIZE, "%s" SUFFIX, is_file_name(kid) ? kid : hash);
}
