/* SPDX-License-Identifier: MIT */
#include "daemon/token/key-directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "daemon/token/jwk.h"
#include "daemon/token/key-file.h"

#define PATH_SIZE 4096u

/* A name that no reader takes for a key, and that a second try overwrites. */
#define NEW_FILE ".new-key"

static void dirent_list_free(struct dirent **list, int n) {
        for (int i = 0; i < n; i++)
                free(list[i]);
        free(list);
}

static int is_not_hidden(const struct dirent *entry) {
        return entry->d_name[0] != '.';
}

static int load_named(Keyring *keyring, const char *directory, const char *name, KeyFault *fault) {
        static const KeyFileRules strict = { .kid = NULL };
        char path[PATH_SIZE];
        int n = snprintf(path, sizeof(path), "%s/%s", directory, name);

        if (n < 0 || (size_t)n >= sizeof(path))
                return key_fault_set(fault, directory, -ENAMETOOLONG);
        return key_file_load(keyring, path, &strict, fault);
}

static int load_all(Keyring *keyring, const char *directory, KeyFault *fault) {
        struct dirent **list = NULL;
        int n, r = 0;

        /* Sorted, so that lists and messages do not depend on the file system. */
        n = scandir(directory, &list, is_not_hidden, alphasort);
        if (n < 0)
                return key_fault_set(fault, directory, -errno);
        for (int i = 0; i < n && r == 0; i++)
                r = load_named(keyring, directory, list[i]->d_name, fault);
        dirent_list_free(list, n);
        return r;
}

static int load_credential(Keyring *keyring, const char *path, KeyFault *fault) {
        static const KeyFileRules rules = { .any_mode = true };
        int r;

        if (!path)
                return 0;
        r = key_file_load(keyring, path, &rules, fault);
        return r == -ENOENT ? 0 : r;
}

static int check_directory(const char *path) {
        struct stat st;

        if (stat(path, &st) < 0)
                return -errno;
        if (!S_ISDIR(st.st_mode))
                return -ENOTDIR;
        if ((st.st_uid != geteuid() && st.st_uid != 0) || (st.st_mode & (S_IWGRP | S_IWOTH)))
                return KEY_E_DIRECTORY;
        return 0;
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

static int write_new_file(int directory, const Secret *content) {
        int fd, r;

        if (unlinkat(directory, NEW_FILE, 0) < 0 && errno != ENOENT)
                return -errno;
        fd = openat(
                directory, NEW_FILE, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        r = write_all(fd, content);
        close(fd);
        return r;
}

/* After a crash at any point there is either no key file or a whole one. */
static int write_key_file(const char *path, const char *name, const Secret *content) {
        int directory, r;

        directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (directory < 0)
                return -errno;
        r = write_new_file(directory, content);
        if (r == 0 && renameat(directory, NEW_FILE, directory, name) < 0)
                r = -errno;
        if (r == 0 && fsync(directory) < 0)
                r = -errno;
        if (r)
                (void)unlinkat(directory, NEW_FILE, 0);
        close(directory);
        return r;
}

static int generate(const KeyDirectoryRules *rules, Keyring *keyring, KeyFault *fault) {
        _cleanup_(secret_freep) Secret *content = NULL;
        char kid[KEY_THUMBPRINT_SIZE + 1], name[sizeof(kid) + sizeof(".jwk")];
        int r;

        r = jwk_generate(rules->generate, kid, &content);
        if (r)
                return key_fault_set(fault, rules->directory, r);
        (void)snprintf(name, sizeof(name), "%s.jwk", kid);
        r = write_key_file(rules->directory, name, content);
        if (r)
                return key_fault_set(fault, rules->directory, r);
        return load_named(keyring, rules->directory, name, fault);
}

int key_directory_load(const KeyDirectoryRules *rules, Keyring **ret_keyring, KeyFault *fault) {
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL;
        int r;

        r = keyring_new(&keyring);
        if (r)
                return key_fault_set(fault, rules->directory, r);
        if (rules->generate && mkdir(rules->directory, 0700) < 0 && errno != EEXIST)
                return key_fault_set(fault, rules->directory, -errno);
        r = check_directory(rules->directory);
        if (r)
                return key_fault_set(fault, rules->directory, r);
        r = load_credential(keyring, rules->credential, fault);
        if (r == 0)
                r = load_all(keyring, rules->directory, fault);
        if (r == 0 && keyring_size(keyring) == 0 && rules->generate)
                r = generate(rules, keyring, fault);
        if (r)
                return r;
        r = keyring_size(keyring) == 0 ? KEY_E_NONE
                                       : keyring_choose_signing_key(keyring, rules->signing_kid);
        if (r)
                return key_fault_set(fault, rules->directory, r);
        *ret_keyring = TAKE_PTR(keyring);
        return 0;
}
