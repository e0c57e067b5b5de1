/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/config.h"
#include "daemon/key-source.h"
#include "daemon/token/algorithm.h"

KeyDirectoryRules key_source_rules(const Config *config, const KeyCredentials *credentials) {
        bool is_local = config->store_type == STORE_SQLITE;

        return (KeyDirectoryRules){
                .directory = config->key_directory,
                .credential = credentials->signing,
                .refresh_credential = credentials->refresh,
                .signing_kid = config->signing_kid,
                .refresh_kid = config->refresh_kid,
                .generate = is_local ? algorithm_find(config->key_algorithm) : NULL,
                .generate_refresh = is_local,
        };
}

int key_source_credentials(KeyCredentials *ret_credentials) {
        const char *directory = secure_getenv("CREDENTIALS_DIRECTORY");
        char *signing, *refresh;

        if (!directory)
                return 0;
        if (asprintf(&signing, "%s/signing-key", directory) < 0)
                return -ENOMEM;
        if (asprintf(&refresh, "%s/refresh-key", directory) < 0) {
                free(signing);
                return -ENOMEM;
        }
        *ret_credentials = (KeyCredentials){ signing, refresh };
        return 0;
}

void key_credentials_clear(KeyCredentials *credentials) {
        free(credentials->signing);
        free(credentials->refresh);
        *credentials = (KeyCredentials){ 0 };
}
