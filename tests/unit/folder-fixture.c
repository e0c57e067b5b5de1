/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder-fixture.h"

char *fixture_folder(void) {
        char *folder = strdup("/tmp/authtoken-test-XXXXXX");

        assert_non_null(folder);
        assert_non_null(mkdtemp(folder));
        return folder;
}

void fixture_folder_free(char *folder) {
        DIR *directory = opendir(folder);
        struct dirent *entry;

        assert_non_null(directory);
        while ((entry = readdir(directory)))
                if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
                        assert_int_equal(unlinkat(dirfd(directory), entry->d_name, 0), 0);
        closedir(directory);
        assert_int_equal(rmdir(folder), 0);
        free(folder);
}

char *fixture_write(const char *folder, const char *name, const char *content, unsigned mode) {
        char *path = NULL;
        int fd;

        assert_true(asprintf(&path, "%s/%s", folder, name) > 0);
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, content, strlen(content)), (ssize_t)strlen(content));
        assert_int_equal(fchmod(fd, mode), 0);
        close(fd);
        return path;
}
