/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/replay.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/token/login-code.h"

/* Its one spelling, with prefix and dash, is read as itself. */
static void check(const Secret *canonical) {
        _cleanup_(secret_freep) Secret *text = NULL, *again = NULL;
        bool is_typed = canonical->size == LOGIN_CODE_TYPED_SIZE;
        size_t half = is_typed ? LOGIN_CODE_TYPED_SIZE / 2 : 0;

        if (!is_typed && canonical->size != LOGIN_CODE_LONG_SIZE)
                abort();
        if (strspn(canonical->data, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") != canonical->size)
                abort();
        if (secret_new(LOGIN_CODE_PREFIX, strlen(LOGIN_CODE_PREFIX), &text) ||
                secret_append(text, canonical->data, half) ||
                secret_append(text, "-", is_typed ? 1 : 0) ||
                secret_append(text, canonical->data + half, canonical->size - half))
                abort();
        if (login_code_parse(text->data, text->size, &again) ||
                strcmp(again->data, canonical->data) != 0)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(secret_freep) Secret *canonical = NULL;
        int r;

        r = login_code_parse((const char *)data, size, &canonical);
        if (r == 0)
                check(canonical);
        else if (canonical)
                abort();
        if (r == 0 && !login_code_is_meant((const char *)data, size))
                abort();
        return 0;
}
