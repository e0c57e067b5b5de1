/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/replay.h"

#include <stdlib.h>
#include <string.h>

#include "cli/askpass-prompt.h"
#include "common/cleanup.h"

#define FRONT "(alice@evil) "

/* What is answered is spelt in one way, and the client's part of it holds nothing that could end it. */
static void check(const char *text, const AskpassPrompt *prompt) {
        char host[ASKPASS_HOST_MAX + 1];

        if (prompt->kind == ASKPASS_FOREIGN)
                return;
        if (strpbrk(text, "\n\r\033\b") || (prompt->part == 1) || prompt->part > prompt->n_parts)
                abort();
        if (*prompt->user && !text_is_user_name(prompt->user, strlen(prompt->user)))
                abort();
        if (prompt->kind == ASKPASS_SUDO) {
                if (*prompt->host)
                        abort();
                return;
        }
        if (!askpass_host_read(prompt->host, strlen(prompt->host), host) ||
                strcmp(host, prompt->host) != 0 || !strstr(text, prompt->user))
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(freep) char *text = calloc(1, strlen(FRONT) + size + 1);
        AskpassPrompt prompt;

        if (!text)
                abort();
        memcpy(text, FRONT, strlen(FRONT));
        memcpy(text + strlen(FRONT), data, size);
        askpass_prompt_read(text + strlen(FRONT), &prompt);
        check(text + strlen(FRONT), &prompt);
        /* As a server's words it changes nothing of the client's. */
        askpass_prompt_read(text, &prompt);
        check(text, &prompt);
        if (prompt.kind != ASKPASS_FOREIGN &&
                (prompt.kind != ASKPASS_SSH || strcmp(prompt.host, "evil") != 0))
                abort();
        return 0;
}
