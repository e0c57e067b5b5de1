/* SPDX-License-Identifier: MIT */

/* Usage: TARGET FOLDER … : feeds every file of the folders to the target it is linked with. */

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "tests/fuzz/replay.h"

static bool replay_file(int folder, const char *name) {
        _cleanup_(closep) int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
        _cleanup_(freep) uint8_t *data = NULL;
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return false;
        /* Exactly as large as the input: a byte read beyond it is an error to the sanitizer. */
        data = malloc(st.st_size > 0 ? (size_t)st.st_size : 1);
        if (!data || read(fd, data, (size_t)st.st_size) != st.st_size)
                return false;

        return LLVMFuzzerTestOneInput(data, (size_t)st.st_size) == 0;
}

static size_t replay_folder(const char *path) {
        DIR *folder = opendir(path);
        struct dirent *entry;
        size_t count = 0;

        while (folder && (entry = readdir(folder)) != NULL) {
                if (entry->d_name[0] == '.')
                        continue;
                if (!replay_file(dirfd(folder), entry->d_name)) {
                        fprintf(stderr, "%s/%s: cannot be replayed\n", path, entry->d_name);
                        exit(EXIT_FAILURE);
                }
                count++;
        }
        if (folder)
                closedir(folder);
        return count;
}

int main(int argc, char **argv) {
        size_t count = 0;

        for (int i = 1; i < argc; i++)
                count += replay_folder(argv[i]);
        printf("%zu inputs\n", count);
        return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
