/* SPDX-License-Identifier: MIT */

#include <security/pam_ext.h>
#include <stdarg.h>
#include <string.h>
#include <syslog.h>

#include "common/text.h"
#include "common/translation.h"
#include "pam/call.h"

int pamtok_call_begin(
        pam_handle_t *pamh, int flags, int argc, const char **argv, PamtokCall *ret_call) {
        const char *wrong = "";
        int r;

        *ret_call = (PamtokCall){ .pamh = pamh, .flags = flags };
        r = pamtok_args_parse(argc, argv, &ret_call->args, &wrong);
        if (!r)
                return PAM_SUCCESS;

        pamtok_log(ret_call, LOG_ERR,
                r == PAMTOK_ARGS_E_UNKNOWN ? "unknown option: %s" : "bad value of option: %s",
                wrong);
        return PAM_SERVICE_ERR;
}

int pamtok_call_end(const PamtokCall *call, const char *entry, int result) {
        pamtok_debug(call, "%s returns %d (%s)", entry, result, pam_strerror(call->pamh, result));
        return result;
}

void pamtok_log(const PamtokCall *call, int priority, const char *format, ...) {
        va_list arguments;

        va_start(arguments, format);
        pam_vsyslog(call->pamh, priority, format, arguments);
        va_end(arguments);
}

void pamtok_debug(const PamtokCall *call, const char *format, ...) {
        va_list arguments;

        if (!call->args.debug)
                return;

        va_start(arguments, format);
        pam_vsyslog(call->pamh, LOG_DEBUG, format, arguments);
        va_end(arguments);
}

void pamtok_tell(const PamtokCall *call, const char *format, ...) {
        va_list arguments;

        if (call->flags & PAM_SILENT)
                return;

        va_start(arguments, format);
        /* The verdict stays the same if the line does not reach the user. */
        (void)pam_vprompt(call->pamh, PAM_ERROR_MSG, NULL, _(format), arguments);
        va_end(arguments);
}

const char *pamtok_loggable(const char *user) {
        return user && text_is_user_name(user, strlen(user)) ? user : "(not a user name)";
}
