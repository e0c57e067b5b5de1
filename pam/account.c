/* SPDX-License-Identifier: MIT */

#include <security/pam_modutil.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "common/text.h"
#include "pam/account.h"
#include "pam/exchange.h"
#include "pam/status.h"
#include "pam/transaction.h"

/*
 * The user manager of a login that is under way and has passed its own account check. logind makes
 * the login wait for the user manager, so a second check would double the delay of a hung daemon.
 */
static bool is_user_manager(const PamtokCall *call) {
        const void *service = NULL;

        if (pam_get_item(call->pamh, PAM_SERVICE, &service) != PAM_SUCCESS || !service)
                return false;

        return strcmp(service, "systemd-user") == 0;
}

/* The daemon answers an ordinary process about its own user only; web servers check others, too. */
static bool may_ask(const char *user, const struct passwd *entry) {
        if (!text_is_user_name(user, strlen(user)))
                return false;

        return geteuid() == 0 || (entry && entry->pw_uid == geteuid());
}

static int ask(const PamtokCall *call, const char *user, const PamtokTransaction *transaction) {
        const char *handle = pamtok_transaction_handle(call, transaction);
        uint64_t timeout_usec = call->args.timeout_usec;
        PamtokAnswer answer;
        IpcMessage request;
        int result;

        if (!handle && timeout_usec > PAMTOK_OPINION_TIMEOUT_USEC)
                timeout_usec = PAMTOK_OPINION_TIMEOUT_USEC;

        pamtok_request(call, IPC_ACCOUNT, user, &request);
        request.handle = ipc_bytes(handle);
        request.other_auth = transaction->other_auth;
        pamtok_exchange(call, NULL, &request, timeout_usec, &answer);

        if (answer.status == IPC_STATUS_OK)
                return PAM_IGNORE;

        result = pamtok_status_account(answer.status, handle != NULL);
        if (result == PAM_IGNORE) {
                pamtok_answer_log(call, &answer, user, "account not checked");
                return result;
        }

        pamtok_answer_log(call, &answer, user, "account refused");
        pamtok_answer_tell(call, &answer);
        return result;
}

int pamtok_account(const PamtokCall *call) {
        PamtokTransaction *transaction;
        const struct passwd *entry;
        const char *user = NULL;
        bool by_token;
        int r;

        r = pamtok_transaction_get(call, &transaction);
        if (r != PAM_SUCCESS)
                return r;
        pamtok_transaction_confirm(transaction);
        by_token = pamtok_transaction_handle(call, transaction) != NULL;

        r = pam_get_user(call->pamh, &user, NULL);
        if (r != PAM_SUCCESS)
                return r == PAM_CONV_AGAIN ? PAM_INCOMPLETE : r;
        if (!user || user[0] == '\0')
                return PAM_USER_UNKNOWN;
        if (!by_token && is_user_manager(call))
                return PAM_IGNORE;

        /* Some name services know a user by several names. A ban holds for the user, whichever name
         * was typed. */
        entry = pam_modutil_getpwnam(call->pamh, user);
        if (entry)
                user = entry->pw_name;
        if (!by_token && !may_ask(user, entry))
                return PAM_IGNORE;

        return ask(call, user, transaction);
}
