/* SPDX-License-Identifier: MIT */

#include <security/pam_modules.h>

#include "pam/status.h"

int pamtok_status_auth(IpcStatus status) {
        switch (status) {
        case IPC_STATUS_OK:
                return PAM_SUCCESS;
        case IPC_STATUS_DENIED:
        case IPC_STATUS_EXPIRED:
        case IPC_STATUS_LIMIT:
                return PAM_AUTH_ERR;
        case IPC_STATUS_UNAVAILABLE:
                return PAM_AUTHINFO_UNAVAIL;
        case IPC_STATUS_BAD_REQUEST:
        case IPC_STATUS_PROMPT:
        case IPC_STATUS_COUNT:
                return PAM_SYSTEM_ERR;
        }

        return PAM_SYSTEM_ERR;
}

int pamtok_status_account(IpcStatus status, bool by_token) {
        switch (status) {
        case IPC_STATUS_OK:
                return PAM_IGNORE;
        case IPC_STATUS_DENIED:
        case IPC_STATUS_LIMIT:
                return PAM_PERM_DENIED;
        case IPC_STATUS_EXPIRED:
                return PAM_ACCT_EXPIRED;
        case IPC_STATUS_UNAVAILABLE:
                return by_token ? PAM_AUTHINFO_UNAVAIL : PAM_IGNORE;
        case IPC_STATUS_BAD_REQUEST:
        case IPC_STATUS_PROMPT:
        case IPC_STATUS_COUNT:
                return by_token ? PAM_SYSTEM_ERR : PAM_IGNORE;
        }

        return PAM_SYSTEM_ERR;
}

int pamtok_status_session(IpcStatus status) {
        switch (status) {
        case IPC_STATUS_OK:
                return PAM_SUCCESS;
        case IPC_STATUS_DENIED:
        case IPC_STATUS_EXPIRED:
        case IPC_STATUS_LIMIT:
        case IPC_STATUS_UNAVAILABLE:
        case IPC_STATUS_BAD_REQUEST:
        case IPC_STATUS_PROMPT:
        case IPC_STATUS_COUNT:
                return PAM_SESSION_ERR;
        }

        return PAM_SESSION_ERR;
}

const char *pamtok_status_name(IpcStatus status) {
        switch (status) {
        case IPC_STATUS_OK:
                return "ok";
        case IPC_STATUS_DENIED:
                return "denied";
        case IPC_STATUS_EXPIRED:
                return "expired";
        case IPC_STATUS_LIMIT:
                return "limit";
        case IPC_STATUS_UNAVAILABLE:
                return "unavailable";
        case IPC_STATUS_BAD_REQUEST:
                return "bad request";
        case IPC_STATUS_PROMPT:
                return "prompt";
        case IPC_STATUS_COUNT:
                break;
        }

        return "unknown status";
}
