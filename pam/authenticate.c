/* SPDX-License-Identifier: MIT */

#include <security/pam_modutil.h>
#include <stdbool.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "authtoken/reason.h"
#include "common/secret.h"
#include "common/text.h"
#include "common/translation.h"
#include "pam/authenticate.h"
#include "pam/credential.h"
#include "pam/exchange.h"
#include "pam/live-session.h"
#include "pam/prompt.h"
#include "pam/status.h"
#include "pam/transaction.h"

static int refuse(const PamtokCall *call, const PamtokAnswer *answer, const char *user) {
        pamtok_answer_log(call, answer, user, "access token refused");
        pamtok_answer_tell(call, answer);
        return pamtok_status_auth(answer->status);
}

/* By the module, without the daemon. */
static int deny(const PamtokCall *call, const char *user, Reason reason) {
        const PamtokAnswer answer = { .status = IPC_STATUS_DENIED, .reason = reason_code(reason) };

        (void)refuse(call, &answer, user);
        return PAM_AUTH_ERR;
}

static int deny_cut(const PamtokCall *call, const char *user, size_t size) {
        /* This tells the user who typed it nothing secret, and without it nobody would find the
         * cause. */
        pamtok_tell(call,
                "The access token was cut off after %zu characters: %s can pass on no more.", size,
                _(pamtok_credential_cutter(size)));
        pamtok_tell(call, "Use a login code, or enter it in parts: see pam_authtoken(8).");
        return deny(call, user, REASON_TOKEN_CUT);
}

/* An NSS module may answer with another name than it was asked for; that is another user. */
static bool user_exists(const PamtokCall *call, const char *user) {
        const struct passwd *entry;

        if (!text_is_user_name(user, strlen(user)))
                return false;

        entry = pam_modutil_getpwnam(call->pamh, user);
        return entry && strcmp(entry->pw_name, user) == 0;
}

static int accept_token(const PamtokCall *call, PamtokTransaction *transaction,
        const PamtokAnswer *answer, const char *user) {
        int r;

        if (answer->handle[0] != '\0') {
                r = pamtok_transaction_accept(call, transaction, answer->handle);
                if (r != PAM_SUCCESS)
                        return r;
        }

        /* The daemon's audit has the event, with more than is known here. */
        pamtok_debug(call, "access token accepted for user %s, session %s", pamtok_loggable(user),
                answer->session[0] != '\0' ? answer->session : "unknown");
        return PAM_SUCCESS;
}

/*
 * The daemon is asked even for a user who does not exist, but to no effect. So the time that
 * passes, and the line that the user reads, are the same as for a refused token.
 */
static int check_token(const PamtokCall *call, PamtokTransaction *transaction, const char *user,
        const PamtokCredential *token) {
        PamtokLine line = pamtok_connect(call);
        bool exists = user_exists(call, user);
        PamtokAnswer answer;
        IpcMessage request;

        if (exists)
                pamtok_request(call, IPC_AUTHENTICATE, user, &request);
        else
                request = (IpcMessage){ .type = IPC_VALIDATE };
        request.token = (IpcBytes){ token->data, token->size };
        if (exists)
                request.role = ipc_bytes(call->args.role);
        pamtok_exchange(call, &line, &request, call->args.timeout_usec, &answer);

        if (!exists && answer.status != IPC_STATUS_UNAVAILABLE) {
                deny(call, user, REASON_USER_UNKNOWN);
                return PAM_USER_UNKNOWN;
        }
        /* Without a handle the login could never be ended. The daemon gives none to a process
         * that is not root. */
        if (answer.status == IPC_STATUS_OK && answer.handle[0] == '\0' && geteuid() == 0)
                answer = (PamtokAnswer){
                        .status = IPC_STATUS_UNAVAILABLE,
                        .reason = reason_code(REASON_DAEMON_MALFORMED),
                };

        return answer.status == IPC_STATUS_OK ? accept_token(call, transaction, &answer, user)
                                              : refuse(call, &answer, user);
}

static int hand_on_password(const PamtokCall *call, PamtokTransaction *transaction,
        const char *user, const Secret *password) {
        int r;

        if (call->args.token_only)
                return deny(call, user, REASON_NOT_A_TOKEN);

        r = pam_set_item(call->pamh, PAM_AUTHTOK, password->data);
        if (r != PAM_SUCCESS)
                return r;

        transaction->other_auth = true;
        transaction->asked = call->args.sudo_session;
        pamtok_debug(call, "not a token: left to the next module");
        return PAM_IGNORE;
}

static int judge(const PamtokCall *call, PamtokTransaction *transaction, const char *user,
        const Secret *answer) {
        const PamtokCredential credential = pamtok_credential_classify(answer->data, answer->size);

        if (credential.form == PAMTOK_FORM_PASSWORD)
                return hand_on_password(call, transaction, user, answer);

        (void)pam_set_item(call->pamh, PAM_AUTHTOK, NULL);
        switch (credential.form) {
        case PAMTOK_FORM_TOKEN:
        case PAMTOK_FORM_CODE:
                if (credential.size > IPC_TOKEN_MAX)
                        return deny(call, user, REASON_TOKEN_TOO_LARGE);
                return check_token(call, transaction, user, &credential);
        case PAMTOK_FORM_CUT:
                return deny_cut(call, user, credential.size);
        case PAMTOK_FORM_PART:
        case PAMTOK_FORM_PASSWORD:
                break;
        }

        return deny(call, user, REASON_TOKEN_MALFORMED);
}

static void parts_clear(PamtokParts *parts) {
        secret_free(parts->whole);
}

/* Parts never make a password: the whole goes to the daemon, or nowhere. */
static int obtain_parts(
        const PamtokCall *call, const char *user, const Secret *first, Secret **ret_answer) {
        _cleanup_(parts_clear) PamtokParts parts = { 0 };
        PamtokCredential credential;
        int r;

        r = pamtok_prompt_parts(call, first, &parts);
        if (parts.cut_size > 0)
                return deny_cut(call, user, parts.cut_size);
        if (r == PAM_AUTH_ERR)
                return deny(call, user, REASON_TOKEN_MALFORMED);
        if (r != PAM_SUCCESS)
                return r;

        credential = pamtok_credential_classify(parts.whole->data, parts.whole->size);
        if (credential.form != PAMTOK_FORM_TOKEN && credential.form != PAMTOK_FORM_CODE)
                return deny(call, user, REASON_TOKEN_MALFORMED);

        *ret_answer = TAKE_PTR(parts.whole);
        return PAM_SUCCESS;
}

/* @asked: a line before this one, with sudo_session, has handed a password on. */
static int obtain(const PamtokCall *call, const char *user, bool asked, Secret **ret_answer) {
        _cleanup_(secret_freep) Secret *answer = NULL;
        PamtokCredential credential;
        int r;

        r = pamtok_prompt_once(call, asked, &answer);
        if (r != PAM_SUCCESS)
                return r;

        credential = pamtok_credential_classify(answer->data, answer->size);
        if (credential.form != PAMTOK_FORM_PART || call->args.use_first_pass) {
                *ret_answer = TAKE_PTR(answer);
                return PAM_SUCCESS;
        }

        (void)pam_set_item(call->pamh, PAM_AUTHTOK, NULL);
        return obtain_parts(call, user, answer, ret_answer);
}

int pamtok_authenticate(const PamtokCall *call) {
        _cleanup_(secret_freep) Secret *answer = NULL;
        PamtokTransaction *transaction;
        const char *user = NULL;
        bool asked;
        int r;

        r = pamtok_transaction_get(call, &transaction);
        if (r != PAM_SUCCESS)
                return r;
        asked = transaction->asked;
        pamtok_transaction_restart(call, transaction);

        r = pam_get_user(call->pamh, &user, NULL);
        if (r != PAM_SUCCESS)
                return r == PAM_CONV_AGAIN ? PAM_INCOMPLETE : r;
        if (!user || user[0] == '\0')
                return PAM_USER_UNKNOWN;

        if (call->args.sudo_session) {
                r = pamtok_live_session(call, transaction, user);
                if (r != PAM_IGNORE)
                        return r;
        }

        r = obtain(call, user, asked, &answer);
        if (r != PAM_SUCCESS)
                return r;

        return judge(call, transaction, user, answer);
}
