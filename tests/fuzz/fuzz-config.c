/* SPDX-License-Identifier: MIT */

#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "daemon/config/config.h"
#include "tests/fuzz/replay.h"

static void check_accepted(const Config *config) {
        if (config->lifetime_sec == 0 || config->lifetime_sec > config->max_lifetime_sec ||
                config->lifetime_sec > config->policy.absolute_lifetime_sec ||
                config->leeway_sec > 300 || config->policy.max_sessions == 0 ||
                config->policy.max_sessions > 64 || config->socket_path[0] != '/' ||
                config->key_directory[0] != '/' || config->store_path[0] != '/' ||
                (config->store_type == STORE_REDIS) != !!config->store_address)
                abort();
}

/* Whatever was accepted was read to its end: what stands behind it counts. */
static void check_end(const uint8_t *data, size_t size) {
        static const char tail[] = "\n[Unknown]\n";
        _cleanup_(freep) char *text = malloc(size + sizeof(tail));
        char message[CONFIG_MESSAGE_MAX];
        Config *config = NULL;

        if (!text)
                abort();
        memcpy(text, data, size);
        memcpy(text + size, tail, sizeof(tail));
        if (config_parse(text, size + strlen(tail), message, sizeof(message), &config) !=
                CONFIG_E_INVALID)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(config_freep) Config *config = NULL;
        char message[CONFIG_MESSAGE_MAX] = "";

        if (config_parse((const char *)data, size, message, sizeof(message), &config) == 0) {
                check_accepted(config);
                check_end(data, size);
                return 0;
        }
        if (config || strncmp(message, "configuration:", strlen("configuration:")) ||
                !text_is_utf8(message, strlen(message)) ||
                text_has_control(message, strlen(message)))
                abort();
        return 0;
}
