/* SPDX-License-Identifier: MIT */

/*
 * Preloaded into authtokend: which logind session a process is in, as a file says that the mocked logind wrote, and
 * not its cgroup. FLEET_PROCESSES is a directory of files named after processes, with "SESSION UID" in them.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#define EXPORT __attribute__((visibility("default")))

EXPORT int sd_pid_get_session(pid_t pid, char **ret_session);
EXPORT int sd_pid_get_owner_uid(pid_t pid, uid_t *ret_uid);

static int read_process(pid_t pid, char text[64]) {
        const char *directory = getenv("FLEET_PROCESSES");
        char path[512];
        FILE *file;
        size_t n;

        if (!directory)
                abort();
        snprintf(path, sizeof(path), "%s/%d", directory, (int)pid);
        file = fopen(path, "re");
        if (!file)
                return -ENODATA;
        n = fread(text, 1, 63, file);
        text[n] = '\0';
        fclose(file);
        return 0;
}

int sd_pid_get_session(pid_t pid, char **ret_session) {
        char text[64];
        int r;

        r = read_process(pid, text);
        if (r < 0)
                return r;
        *ret_session = strndup(text, strcspn(text, " "));
        return *ret_session ? 0 : -ENOMEM;
}

int sd_pid_get_owner_uid(pid_t pid, uid_t *ret_uid) {
        char text[64];
        int r;

        r = read_process(pid, text);
        if (r < 0)
                return r;
        *ret_uid = (uid_t)strtoul(text + strcspn(text, " "), NULL, 10);
        return 0;
}
