/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/replay.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/policy/census-mark.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        char *text = strndup((const char *)data, size);
        char again[CENSUS_TEXT_MAX];
        CensusMark mark;

        if (text && census_mark_parse(text, &mark) == 0) {
                census_mark_format(&mark, again);
                if (strcmp(text, again) != 0)
                        __builtin_trap();
                /* Two rounds without a step are enough, whoever it is. */
                if (*mark.holder && !census_is_due(&mark, CENSUS_ROUNDS_DEAD, true))
                        __builtin_trap();
        }
        free(text);
        return 0;
}
