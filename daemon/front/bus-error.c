/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "daemon/front/bus-error.h"

#define ARGUMENT_MESSAGE_MAX 256u

static const char *name_of(Reason reason) {
        switch (reason) {
        case REASON_SESSION_UNKNOWN:
        case REASON_USER_UNKNOWN:
        case REASON_KEY_CANNOT_SIGN:
        case REASON_NOT_BANNED:
        case REASON_NOT_AHEAD:
                return BUS_ERROR_NOT_FOUND;
        case REASON_NOT_AUTHORISED:
        case REASON_ROLE_REFUSED:
        case REASON_SELF_ISSUE_REFUSED:
                return SD_BUS_ERROR_ACCESS_DENIED;
        case REASON_BAD_REQUEST:
        case REASON_USER_INVALID:
        case REASON_TOKEN_TOO_LARGE:
        case REASON_CLAIM_INVALID:
        case REASON_LIFETIME_EXCEEDED:
                return BUS_ERROR_INVALID_ARGUMENT;
        case REASON_SESSION_LIMIT:
        case REASON_TOO_MANY_REQUESTS:
        case REASON_LIMIT_REACHED:
                return BUS_ERROR_LIMIT_REACHED;
        case REASON_TOKEN_MALFORMED:
        case REASON_TOKEN_CUT:
        case REASON_HEADER_MALFORMED:
        case REASON_HEADER_CRITICAL:
        case REASON_TYPE_UNEXPECTED:
        case REASON_ALGORITHM_REFUSED:
        case REASON_KEY_UNKNOWN:
        case REASON_SIGNATURE_INVALID:
        case REASON_CLAIMS_MALFORMED:
        case REASON_CLAIM_MISSING:
        case REASON_TOKEN_EXPIRED:
        case REASON_TOKEN_NOT_YET:
        case REASON_ISSUER_MISMATCH:
        case REASON_AUDIENCE_MISMATCH:
        case REASON_USER_MISMATCH:
        case REASON_USER_UNMAPPED:
        case REASON_SESSION_REVOKED:
        case REASON_SESSION_KICKED:
        case REASON_SESSION_LOGGED_OUT:
        case REASON_SESSION_REPLACED:
        case REASON_SESSION_EVICTED:
        case REASON_SESSION_EXPIRED:
        case REASON_SESSION_IDLE:
        case REASON_SESSION_GONE:
        case REASON_SESSION_REUSED:
        case REASON_GENERATION_OLD:
        case REASON_ISSUED_BEFORE:
        case REASON_ADDRESS_MISMATCH:
        case REASON_DEVICE_MISMATCH:
        case REASON_USER_BANNED:
        case REASON_CODE_UNKNOWN:
        case REASON_CODE_EXPIRED:
        case REASON_TENANT_MISMATCH:
        case REASON_LOCKED_OUT:
        case REASON_ADOPTION_UNCONFIRMED:
        case REASON_ADOPTION_BEFORE:
        case REASON_ADOPTION_OVER:
        case REASON_HANDLE_UNKNOWN:
        case REASON_HANDLE_EXPIRED:
        case REASON_HANDLE_USED:
        case REASON_HANDLE_MISMATCH:
        case REASON_LOGIN_FOREIGN:
        case REASON_SHELL_ENDED:
        case REASON_ELEVATION_ENDED:
        case REASON_SHELL_NONE:
        case REASON_SHELL_FOREIGN:
        case REASON_LOGIN_TOO_OLD:
        case REASON_ROLE_MISSING:
        case REASON_NOT_A_TOKEN:
        case REASON_CALLER_UNKNOWN:
        case REASON_SERVICE_REFUSED:
        case REASON_KEY_CONFIGURED:
        case REASON_KEY_NOT_SHARED:
        case REASON_KEYS_REFUSED:
        case REASON_HOOK_VETOED:
        case REASON_HOOK_FAILED:
                return BUS_ERROR_REFUSED;
        case REASON_DAEMON_ABSENT:
        case REASON_DAEMON_UNTRUSTED:
        case REASON_DAEMON_TIMEOUT:
        case REASON_DAEMON_CLOSED:
        case REASON_DAEMON_MALFORMED:
        case REASON_STORE_OFFLINE:
        case REASON_STORE_TIMEOUT:
        case REASON_STORE_REFUSED:
        case REASON_STORE_CORRUPT:
        case REASON_RECORD_REPLACED:
        case REASON_STORE_CONFLICT:
        case REASON_STORE_UNREPLICATED:
        case REASON_INCOMPLETE:
        case REASON_USERS_LOST:
        case REASON_GROUPS_UNKNOWN:
        case REASON_NO_SIGNING_KEY:
        case REASON_NO_REFRESH_KEY:
        case REASON_INTERNAL:
        case REASON_OK: /* nobody may take an error for a success */
        case REASON_COUNT:
                break;
        }
        return BUS_ERROR_UNAVAILABLE;
}

int bus_error_set_reason(sd_bus_error *error, Reason reason) {
        return sd_bus_error_setf(
                error, name_of(reason), "%s: %s", reason_code(reason), reason_text(reason));
}

int bus_error_set_detail(sd_bus_error *error, Reason reason, const char *detail) {
        return sd_bus_error_setf(error, name_of(reason), "%s: %s", reason_code(reason), detail);
}

int bus_error_set_argument(sd_bus_error *error, Reason reason, const char *format, ...) {
        char text[ARGUMENT_MESSAGE_MAX];
        va_list arguments;

        va_start(arguments, format);
        (void)vsnprintf(text, sizeof(text), format, arguments);
        va_end(arguments);
        return sd_bus_error_setf(
                error, BUS_ERROR_INVALID_ARGUMENT, "%s: %s", reason_code(reason), text);
}

/* A corrupt record belongs to somebody: do not reveal that it exists. */
bool bus_error_is_outage(Reason reason) {
        return reason != REASON_OK && reason != REASON_STORE_CORRUPT &&
               !strcmp(name_of(reason), BUS_ERROR_UNAVAILABLE);
}
