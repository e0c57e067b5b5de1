/* SPDX-License-Identifier: MIT */

/*
 * A module around the one under test. By its first argument it is
 *
 *      before:  an earlier module, which leaves a password or token in PAM_AUTHTOK;
 *      ignored: reached unless the module under test said PAM_SUCCESS. It says PAM_MODULE_UNKNOWN, and
 *               libpam returns that if the module said PAM_IGNORE, which would otherwise be hidden;
 *      after:   reached if it said PAM_SUCCESS.
 *
 * The last two report what PAM_AUTHTOK holds, as a later module would find it.
 */

#include <security/pam_modules.h>
#include <stdio.h>
#include <string.h>

#include "tests/pam/probe.h"

#define ENTRY __attribute__((visibility("default")))

static int report(pam_handle_t *pamh) {
        const void *item = NULL;
        char variable[65536];

        if (pam_get_item(pamh, PAM_AUTHTOK, &item) == PAM_SUCCESS && item)
                snprintf(variable, sizeof(variable), "%s=%s", PROBE_AFTER, (const char *)item);
        else
                snprintf(variable, sizeof(variable), "%s=%s", PROBE_AFTER, PROBE_NOTHING);

        return pam_putenv(pamh, variable);
}

static int probe(pam_handle_t *pamh, const char *role) {
        const char *authtok = pam_getenv(pamh, PROBE_BEFORE);

        if (strcmp(role, "before") == 0)
                return authtok ? pam_set_item(pamh, PAM_AUTHTOK, authtok) : PAM_SUCCESS;
        if (report(pamh) != PAM_SUCCESS)
                return PAM_SYSTEM_ERR;

        return strcmp(role, "ignored") == 0 ? PAM_MODULE_UNKNOWN : PAM_SUCCESS;
}

ENTRY int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv) {
        (void)flags;
        return argc == 1 ? probe(pamh, argv[0]) : PAM_SERVICE_ERR;
}

static int other(int argc, const char **argv) {
        return argc == 1 && strcmp(argv[0], "ignored") == 0 ? PAM_MODULE_UNKNOWN : PAM_SUCCESS;
}

ENTRY int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv) {
        (void)pamh;
        (void)flags;
        return other(argc, argv);
}

ENTRY int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv) {
        (void)pamh;
        (void)flags;
        return other(argc, argv);
}

ENTRY int pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv) {
        (void)pamh;
        (void)flags;
        return other(argc, argv);
}

ENTRY int pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv) {
        (void)pamh;
        (void)flags;
        return other(argc, argv);
}

ENTRY int pam_sm_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv) {
        (void)pamh;
        (void)flags;
        return other(argc, argv);
}
