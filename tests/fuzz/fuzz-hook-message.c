/* SPDX-License-Identifier: MIT */

#include <stdlib.h>
#include <string.h>

#include "common/hook-message.h"
#include "tests/fuzz/replay.h"

/* What was taken comes out as it was: nothing in a packet is passed over. */
static void check_message(const char *data, size_t size) {
        static char again[HOOK_PACKET_MAX + 32];
        HookMessage message, same;
        size_t used;

        if (hook_message_decode(data, size, &message))
                return;
        if (message.json < data || message.json + message.json_size != data + size ||
                memchr(message.json, '\n', message.json_size))
                abort();
        if (hook_message_encode(&message, again, sizeof(again), &used) || used > size ||
                hook_message_decode(again, used, &same))
                abort();
        if (same.kind != message.kind || same.deadline_usec != message.deadline_usec ||
                same.json_size != message.json_size ||
                memcmp(same.json, message.json, same.json_size) != 0)
                abort();
}

static void check_answer(const char *data, size_t size) {
        char again[HOOK_ANSWER_MAX];
        HookAnswer answer;
        size_t used;

        if (hook_answer_decode(data, size, &answer))
                return;
        if (hook_answer_encode(&answer, again, sizeof(again), &used) || used != size ||
                memcmp(again, data, size) != 0)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        check_message((const char *)data, size);
        check_answer((const char *)data, size);
        return 0;
}
