/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "daemon/nss/nss-question.h"

#define PASSWD_BUFFER_FIRST ((size_t)1024)
#define PASSWD_BUFFER_MAX   ((size_t)1024 * 1024)
#define GROUPS_FIRST        64
#define GROUPS_MAX          65536 /* the kernel's limit */

/* A name that cannot be a login name counts as no answer, as it would be compared with others. */
static bool is_answer(const struct passwd *entry, uid_t uid) {
        return entry->pw_uid == uid && entry->pw_name &&
               text_is_user_name(entry->pw_name, strlen(entry->pw_name));
}

static int ask_with_buffer(uid_t uid, size_t size, char **ret_name) {
        struct passwd entry, *found = NULL;
        char *buffer = malloc(size);
        int r;

        if (!buffer)
                return ENOMEM;
        do
                r = getpwuid_r(uid, &entry, buffer, size, &found);
        while (r == EINTR);
        if (r == 0 && found && is_answer(found, uid))
                *ret_name = strdup(found->pw_name);
        free(buffer);
        return r;
}

char *nss_user_name(uid_t uid) {
        char *name = NULL;

        for (size_t size = PASSWD_BUFFER_FIRST; size <= PASSWD_BUFFER_MAX; size *= 4)
                if (ask_with_buffer(uid, size, &name) != ERANGE)
                        break;
        return name;
}

/* Some services return these for an unknown user: getpwnam(3). */
static bool is_unknown(int r) {
        return r == 0 || r == ENOENT || r == ESRCH;
}

static int find_group(const char *user, size_t size, bool *ret_found, gid_t *ret_group) {
        struct passwd entry, *found = NULL;
        _cleanup_(freep) char *buffer = malloc(size);
        int r;

        if (!buffer)
                return ENOMEM;
        do
                r = getpwnam_r(user, &entry, buffer, size, &found);
        while (r == EINTR);
        if (!found && is_unknown(r)) {
                *ret_found = false;
                return 0;
        }
        if (r == 0) {
                *ret_found = true;
                *ret_group = found->pw_gid;
        }
        return r;
}

static int list_groups(const char *user, gid_t group, gid_t **ret_groups, int *ret_n_groups) {
        for (int n_max = GROUPS_FIRST; n_max <= GROUPS_MAX; n_max *= 4) {
                gid_t *groups = calloc((size_t)n_max, sizeof(*groups));
                int n_groups = n_max;

                if (!groups)
                        return ENOMEM;
                if (getgrouplist(user, group, groups, &n_groups) >= 0) {
                        *ret_groups = groups;
                        *ret_n_groups = n_groups;
                        return 0;
                }
                free(groups);
        }
        return ERANGE;
}

static int write_name(FILE *file, gid_t group, size_t size) {
        struct group entry, *found = NULL;
        _cleanup_(freep) char *buffer = malloc(size);
        int r;

        if (!buffer)
                return ENOMEM;
        do
                r = getgrgid_r(group, &entry, buffer, size, &found);
        while (r == EINTR);
        if (r == 0 && found && *found->gr_name && !strchr(found->gr_name, '\n'))
                fprintf(file, "%s\n", found->gr_name);
        return found || !is_unknown(r) ? r : 0;
}

static int write_names(FILE *file, const gid_t *groups, int n_groups) {
        int r = 0;

        for (int i = 0; i < n_groups && r == 0; i++) {
                r = ERANGE;
                for (size_t size = PASSWD_BUFFER_FIRST; size <= PASSWD_BUFFER_MAX && r == ERANGE;
                        size *= 4)
                        r = write_name(file, groups[i], size);
        }
        return r;
}

static int write_groups(FILE *file, const char *user) {
        _cleanup_(freep) gid_t *groups = NULL;
        bool is_found = false;
        int n_groups, r = ERANGE;
        gid_t group;

        for (size_t size = PASSWD_BUFFER_FIRST; size <= PASSWD_BUFFER_MAX && r == ERANGE; size *= 4)
                r = find_group(user, size, &is_found, &group);
        if (r || !is_found)
                return r;
        r = list_groups(user, group, &groups, &n_groups);
        return r ? r : write_names(file, groups, n_groups);
}

char *nss_group_names(const char *user) {
        char *text = NULL;
        size_t size = 0;
        FILE *file = open_memstream(&text, &size);
        int r;

        if (!file)
                return NULL;
        r = write_groups(file, user);
        if (fclose(file) == 0 && r == 0)
                return text;
        free(text);
        return NULL;
}
