/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/replay.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/policy/clock-trust.h"

/* A file of what was believed. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        char *text = strndup((const char *)data, size);
        char again[CLOCK_RECORD_SIZE];
        ClockRecord record;

        if (text && clock_record_parse(text, &record) == 0) {
                clock_record_format(&record, again);
                if (strcmp(text, again) != 0)
                        __builtin_trap();
                clock_trust_advance(
                        &record.settled, record.up_sec, record.up_sec, CLOCK_SETTLED_WAIT_SEC);
                if (record.settled.believed_sec > record.settled.claimed_sec ||
                        record.settled.believed_sec > record.up_sec)
                        __builtin_trap();
        }
        free(text);
        return 0;
}
