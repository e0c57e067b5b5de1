/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "cli/shown-user.h"
#include "common/text.h"
#include "common/translation.h"
#include "daemon/token/login-code.h"

const char *shown_user(const char *text) {
        size_t size = strlen(text);

        if (!text_is_user_name(text, size) || login_code_is_meant(text, size))
                return _("(not a user name)");
        return text;
}
