/* SPDX-License-Identifier: MIT */

/*
 * Preloaded into authtokend or authtokenctl: a user data base that hangs while the file of SLOW_NSS_GATE is a
 * FIFO that nobody writes to.
 */

#include <dlfcn.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-id128.h>
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

/* A user whom the data base finds by another name, too. */
__attribute__((visibility("default"))) struct passwd *getpwnam(const char *name) {
        struct passwd *(*next)(const char *) =
                (struct passwd * (*)(const char *)) dlsym(RTLD_NEXT, "getpwnam");
        const char *alias = getenv("USER_ALIAS");

        return next(alias && strcmp(name, alias) == 0 ? getenv("USER_ALIAS_OF") : name);
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

/* Every byte of the id is the number that a test asks for. */
static int make_id(
        const char *variable, const char *function, sd_id128_t application, sd_id128_t *ret_id) {
        int (*next)(sd_id128_t, sd_id128_t *) =
                (int (*)(sd_id128_t, sd_id128_t *))dlsym(RTLD_NEXT, function);
        const char *number = getenv(variable);

        if (!number)
                return next(application, ret_id);
        memset(ret_id, (int)strtoul(number, NULL, 16), sizeof(*ret_id));
        return 0;
}

/* Another machine, or another boot of this one. */
__attribute__((visibility("default"))) int sd_id128_get_machine_app_specific(
        sd_id128_t application, sd_id128_t *ret_id) {
        return make_id("OTHER_MACHINE", "sd_id128_get_machine_app_specific", application, ret_id);
}

__attribute__((visibility("default"))) int sd_id128_get_boot_app_specific(
        sd_id128_t application, sd_id128_t *ret_id) {
        return make_id("OTHER_BOOT", "sd_id128_get_boot_app_specific", application, ret_id);
}
