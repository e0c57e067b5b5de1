/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/replay.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/policy/adoption.h"

/* What a store says of its epoch, or a file of what was remembered. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        char *text = strndup((const char *)data, size);
        char again[ADOPTION_TEXT_MAX];
        AdoptionMemory memory = { 0 };
        AdoptionEpoch epoch;

        if (text && adoption_epoch_parse(text, &epoch) == 0) {
                adoption_epoch_format(&epoch, again);
                if (strcmp(text, again) != 0)
                        __builtin_trap();
                adoption_remember(&memory, &epoch);
                if (adoption_judge(&epoch, &memory) != ADOPTION_CURRENT)
                        __builtin_trap();
        }
        if (text && adoption_memory_parse(text, &memory) == 0) {
                adoption_memory_format(&memory, again);
                if (strcmp(text, again) != 0)
                        __builtin_trap();
        }
        free(text);
        return 0;
}
