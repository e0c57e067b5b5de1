/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/replay.h"

#include <string.h>

#include "daemon/token/key-state.h"

/* The file beside the keys: what it says is written out and read back as the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static KeyState state, again;
        Secret *text = NULL;

        if (key_state_parse((const char *)data, size, &state))
                return 0;
        if (key_state_format(&state, &text) || key_state_parse(text->data, text->size, &again) ||
                strcmp(state.signing, again.signing) != 0 || state.n_retiring != again.n_retiring)
                __builtin_trap();
        for (size_t i = 0; i < state.n_retiring; i++)
                if (!key_state_find(&again, state.retiring[i].kid))
                        __builtin_trap();
        secret_free(text);
        return 0;
}
