/* SPDX-License-Identifier: MIT */

/*
 * The six entries of the module. Each is one call into the file that does the work.
 */

#include <security/pam_modules.h>
#include <stdbool.h>

#include "pam/account.h"
#include "pam/authenticate.h"
#include "pam/call.h"
#include "pam/session.h"

#define ENTRY __attribute__((visibility("default")))

typedef int (*Work)(const PamtokCall *call);

typedef struct Entry {
        const char *name;
        Work work;
        bool admits; /* so a wrong option, which may have been a restriction, must refuse */
} Entry;

static int run(pam_handle_t *pamh, int flags, int argc, const char **argv, const Entry *entry) {
        PamtokCall call;
        int r;

        r = pamtok_call_begin(pamh, flags, argc, argv, &call);
        /* The other entries can only refuse: if a misspelt option made them fail, it would lock
         * everybody out. */
        if (r != PAM_SUCCESS && entry->admits)
                return r;

        return pamtok_call_end(&call, entry->name, entry->work(&call));
}

/* Passwords are not ours to change, and a token is not changed by passwd. */
static int no_opinion(const PamtokCall *call) {
        (void)call;
        return PAM_IGNORE;
}

ENTRY int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv) {
        const Entry entry = { "authenticate", pamtok_authenticate, true };

        return run(pamh, flags, argc, argv, &entry);
}

ENTRY int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv) {
        const Entry entry = { "setcred", pamtok_session_settle, false };

        return run(pamh, flags, argc, argv, &entry);
}

ENTRY int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv) {
        const Entry entry = { "acct_mgmt", pamtok_account, false };

        return run(pamh, flags, argc, argv, &entry);
}

ENTRY int pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv) {
        const Entry entry = { "open_session", pamtok_session_open, false };

        return run(pamh, flags, argc, argv, &entry);
}

ENTRY int pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv) {
        const Entry entry = { "close_session", pamtok_session_close, false };

        return run(pamh, flags, argc, argv, &entry);
}

ENTRY int pam_sm_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv) {
        const Entry entry = { "chauthtok", no_opinion, false };

        return run(pamh, flags, argc, argv, &entry);
}
