/* SPDX-License-Identifier: MIT */

#include <security/pam_modules.h>
#include <string.h>
#include <unistd.h>

#include "authtoken/reason.h"
#include "common/text.h"
#include "pam/exchange.h"
#include "pam/live-session.h"
#include "pam/status.h"

/* Together with the account check of the password that follows, this stays below a second. */
#define TIMEOUT_MAX_USEC UINT64_C(300000)

static int refuse(const PamtokCall *call, const PamtokAnswer *answer, const char *user) {
        pamtok_answer_log(call, answer, user, "login session refused");
        pamtok_answer_tell(call, answer);
        return PAM_AUTH_ERR;
}

static int not_checked(const PamtokCall *call, const PamtokAnswer *answer, const char *user) {
        pamtok_answer_log(call, answer, user, "login session not checked");
        return PAM_IGNORE;
}

static int judge(const PamtokCall *call, PamtokTransaction *transaction, const PamtokAnswer *answer,
        const char *user) {
        const PamtokAnswer malformed = {
                .status = IPC_STATUS_UNAVAILABLE,
                .reason = reason_code(REASON_DAEMON_MALFORMED),
        };

        switch (answer->status) {
        case IPC_STATUS_OK:
                /* Without a handle the account check would not know what to look at. */
                if (answer->handle[0] == '\0')
                        return not_checked(call, &malformed, user);
                pamtok_debug(call, "login session accepted for user %s, session %s",
                        pamtok_loggable(user),
                        answer->session[0] != '\0' ? answer->session : "unknown");
                return pamtok_transaction_accept(call, transaction, answer->handle);
        case IPC_STATUS_DENIED:
        case IPC_STATUS_EXPIRED:
        case IPC_STATUS_LIMIT:
                return refuse(call, answer, user);
        case IPC_STATUS_PROMPT:
                pamtok_debug(call, "no login session for user %s: %s", pamtok_loggable(user),
                        answer->reason);
                return PAM_IGNORE;
        case IPC_STATUS_UNAVAILABLE:
        case IPC_STATUS_BAD_REQUEST:
        case IPC_STATUS_COUNT:
                break;
        }

        return not_checked(call, answer, user);
}

int pamtok_live_session(const PamtokCall *call, PamtokTransaction *transaction, const char *user) {
        uint64_t timeout_usec = call->args.timeout_usec;
        PamtokAnswer answer;
        IpcMessage request;

        /* The daemon tells root's programs only, and knows no other names. */
        if (geteuid() != 0 || !text_is_user_name(user, strlen(user)))
                return PAM_IGNORE;
        if (timeout_usec > TIMEOUT_MAX_USEC)
                timeout_usec = TIMEOUT_MAX_USEC;

        pamtok_request(call, IPC_AUTHENTICATE_SESSION, user, &request);
        request.role = ipc_bytes(call->args.role);
        request.max_age_sec = call->args.max_age_sec;
        pamtok_exchange(call, NULL, &request, timeout_usec, &answer);

        return judge(call, transaction, &answer, user);
}
