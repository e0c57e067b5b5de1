/* SPDX-License-Identifier: MIT */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "hook/hook-file.h"

#define OTHERS_MAY_WRITE (S_IWGRP | S_IWOTH)
#define MAY_RUN          (S_IXUSR | S_IXGRP | S_IXOTH)

HookFileVerdict hook_file_judge(const struct stat *info) {
        if (S_ISLNK(info->st_mode))
                return HOOK_FILE_LINK;
        if (S_ISDIR(info->st_mode))
                return HOOK_FILE_SKIP;
        if (!S_ISREG(info->st_mode))
                return HOOK_FILE_SPECIAL;
        if (!(info->st_mode & MAY_RUN))
                return HOOK_FILE_SKIP;
        if (info->st_uid != 0)
                return HOOK_FILE_FOREIGN;
        return info->st_mode & OTHERS_MAY_WRITE ? HOOK_FILE_WRITABLE : HOOK_FILE_RUN;
}

const char *hook_file_fault(HookFileVerdict verdict) {
        switch (verdict) {
        case HOOK_FILE_RUN:
        case HOOK_FILE_SKIP:
                break;
        case HOOK_FILE_LINK:
                return "it is a symbolic link";
        case HOOK_FILE_SPECIAL:
                return "it is no regular file";
        case HOOK_FILE_FOREIGN:
                return "its owner is not root";
        case HOOK_FILE_WRITABLE:
                return "others than root may write to it";
        }
        return "";
}

static bool is_safe(const struct stat *info) {
        return info->st_uid == 0 && !(info->st_mode & OTHERS_MAY_WRITE);
}

/* One step down. @fd is closed, or handed on. */
static int descend(int fd, const char *name, int *ret_fd) {
        struct stat info;
        int next, r = 0;

        next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        r = next < 0 ? -errno : 0;
        close(fd);
        if (r < 0)
                return r;
        if (fstat(next, &info) < 0)
                r = -errno;
        else if (!is_safe(&info) && !(info.st_uid == 0 && (info.st_mode & S_ISVTX)))
                r = HOOK_FILE_E_UNSAFE;
        if (r) {
                close(next);
                return r;
        }
        *ret_fd = next;
        return 0;
}

int hook_directory_open(const char *path, int *ret_fd) {
        _cleanup_(freep) char *copy = strdup(path);
        struct stat info;
        int fd, r = 0;

        if (!copy)
                return -ENOMEM;
        if (*path != '/')
                return -EINVAL;
        fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        for (char *name = copy; r == 0 && *(name += strspn(name, "/"));) {
                char *end = name + strcspn(name, "/");
                bool last = !*end;

                *end = '\0';
                r = descend(fd, name, &fd);
                name = last ? end : end + 1;
        }
        if (r)
                return r;
        /* The last directory holds the hooks: for it, sticky is not enough. */
        if (fstat(fd, &info) < 0)
                r = -errno;
        else if (!is_safe(&info))
                r = HOOK_FILE_E_UNSAFE;
        if (r)
                close(fd);
        else
                *ret_fd = fd;
        return r;
}

static int is_candidate(const struct dirent *entry) {
        return hook_name_is_valid(entry->d_name);
}

/* Not alphasort(): the order must not depend on a locale. */
static int compare_names(const struct dirent **a, const struct dirent **b) {
        return strcmp((*a)->d_name, (*b)->d_name);
}

int hook_files_list(int directory_fd, HookFiles *ret_files) {
        HookFiles files = { 0 };
        int n;

        n = scandirat(directory_fd, ".", &files.entries, is_candidate, compare_names);
        if (n < 0)
                return -errno;
        files.n_entries = (size_t)n;
        *ret_files = files;
        return files.n_entries > HOOK_FILES_MAX ? HOOK_FILE_E_TOO_MANY : 0;
}

void hook_files_clear(HookFiles *files) {
        for (size_t i = 0; i < files->n_entries; i++)
                free(files->entries[i]);
        free(files->entries);
        *files = (HookFiles){ 0 };
}
