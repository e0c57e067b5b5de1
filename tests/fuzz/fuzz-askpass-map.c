/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/replay.h"

#include <stdlib.h>
#include <string.h>

#include "cli/askpass-map.h"
#include "common/cleanup.h"

static const char *const prompts[] = {
        "(alice@host.example.com) Access token: ",
        "(alice@2001:db8::1) Access token: ",
        "[sudo] password for alice: ",
};

static void check(const char *text, const char *question) {
        AskpassMapEntry entry;
        AskpassPrompt prompt;
        unsigned int line = 0;

        askpass_prompt_read(question, &prompt);
        switch (askpass_map_find(text, &prompt, &entry, &line)) {
        case 0:
                if (!*entry.path || !strstr(text, entry.path))
                        abort();
                break;
        case ASKPASS_MAP_E_SYNTAX:
                if (line == 0)
                        abort();
                break;
        default:
                break;
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(freep) char *text = calloc(1, size + 1);

        if (!text)
                abort();
        memcpy(text, data, size);
        for (size_t i = 0; i < ARRAY_SIZE(prompts); i++)
                check(text, prompts[i]);
        return 0;
}
