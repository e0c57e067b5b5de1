/* SPDX-License-Identifier: MIT */

#include <stddef.h>

#include "pam/exchange.h"
#include "pam/session.h"
#include "pam/status.h"
#include "pam/transaction.h"

static int open_login(const PamtokCall *call, PamtokTransaction *transaction) {
        PamtokAnswer answer;
        const void *user = NULL;
        IpcMessage request;
        int r;

        r = pam_get_item(call->pamh, PAM_USER, &user);
        if (r != PAM_SUCCESS)
                return r;

        pamtok_request(call, IPC_OPEN_SESSION, user, &request);
        request.handle = ipc_bytes(transaction->handle);
        pamtok_exchange(call, NULL, &request, call->args.timeout_usec, &answer);

        /* A second attempt, which is refused, does not undo the first. */
        transaction->opened = transaction->opened || answer.status == IPC_STATUS_OK;
        if (answer.status != IPC_STATUS_OK) {
                pamtok_answer_log(call, &answer, user, "session refused");
                pamtok_answer_tell(call, &answer);
        }

        return pamtok_status_session(answer.status);
}

int pamtok_session_open(const PamtokCall *call) {
        PamtokTransaction *transaction;
        int r;

        r = pamtok_transaction_get(call, &transaction);
        if (r != PAM_SUCCESS)
                return r;
        pamtok_transaction_settle(call, transaction);
        pamtok_transaction_hide(call);

        return transaction->handle[0] != '\0' ? open_login(call, transaction) : PAM_IGNORE;
}

int pamtok_session_close(const PamtokCall *call) {
        IpcMessage request = { .type = IPC_CLOSE_SESSION };
        PamtokTransaction *transaction;
        const void *user = NULL;
        PamtokAnswer answer;
        int r;

        r = pamtok_transaction_get(call, &transaction);
        if (r != PAM_SUCCESS)
                return r;
        if (!transaction->opened)
                return PAM_IGNORE;

        transaction->opened = false;
        request.handle = ipc_bytes(transaction->handle);
        pamtok_exchange(call, NULL, &request, call->args.timeout_usec, &answer);
        if (answer.status != IPC_STATUS_OK) {
                (void)pam_get_item(call->pamh, PAM_USER, &user);
                pamtok_answer_log(call, &answer, user, "end of session not recorded");
        }

        return pamtok_status_session(answer.status);
}

int pamtok_session_settle(const PamtokCall *call) {
        PamtokTransaction *transaction;
        int r;

        r = pamtok_transaction_get(call, &transaction);
        if (r != PAM_SUCCESS)
                return r;
        if (!(call->flags & PAM_DELETE_CRED))
                pamtok_transaction_settle(call, transaction);

        return PAM_SUCCESS;
}
