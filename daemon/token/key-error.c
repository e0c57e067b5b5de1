/* SPDX-License-Identifier: MIT */
#include "daemon/token/key-error.h"

#include <stdio.h>
#include <string.h>

static const char *const texts[] = { "accepted",
#define X(symbol, text) [KEY_E_##symbol] = text,
        KEY_ERRORS(X)
#undef X
};

const char *key_error_text(int error) {
        const char *text;

        if (error >= 0)
                return (size_t)error < sizeof(texts) / sizeof(texts[0]) ? texts[error] : "unknown";
        text = strerrordesc_np(-error);
        return text ? text : "unknown error";
}

int key_fault_set(KeyFault *fault, const char *where, int error) {
        if (fault)
                (void)snprintf(
                        fault->text, sizeof(fault->text), "%s: %s", where, key_error_text(error));
        return error;
}
