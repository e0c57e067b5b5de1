/* SPDX-License-Identifier: MIT */

/*
 * Preloaded into authtokend: a user data base that hangs while the file of SLOW_NSS_GATE is a FIFO that
 * nobody writes to.
 */

#include <dlfcn.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

typedef int (*Lookup)(uid_t, struct passwd *, char *, size_t, struct passwd **);
typedef int (*NameLookup)(const char *, struct passwd *, char *, size_t, struct passwd **);

/* open() of a FIFO returns when it has both ends. */
static void wait_at_gate(void) {
        const char *gate = getenv("SLOW_NSS_GATE");
        int fd = gate ? open(gate, O_RDONLY | O_CLOEXEC) : -1;

        if (fd >= 0)
                close(fd);
}

__attribute__((visibility("default"))) int getpwuid_r(
        uid_t uid, struct passwd *entry, char *buffer, size_t size, struct passwd **ret_entry) {
        Lookup next = (Lookup)dlsym(RTLD_NEXT, "getpwuid_r");

        wait_at_gate();
        return next(uid, entry, buffer, size, ret_entry);
}

__attribute__((visibility("default"))) int getpwnam_r(const char *name, struct passwd *entry,
        char *buffer, size_t size, struct passwd **ret_entry) {
        NameLookup next = (NameLookup)dlsym(RTLD_NEXT, "getpwnam_r");

        wait_at_gate();
        return next(name, entry, buffer, size, ret_entry);
}

/* A host of another name, in a test that asks for one. */
__attribute__((visibility("default"))) int gethostname(char *name, size_t size) {
        int (*next)(char *, size_t) = (int (*)(char *, size_t))dlsym(RTLD_NEXT, "gethostname");
        const char *other = getenv("OTHER_HOST_NAME");

        if (!other)
                return next(name, size);
        (void)snprintf(name, size, "%s", other);
        return 0;
}
