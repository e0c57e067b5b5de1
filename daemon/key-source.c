/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/config.h"
#include "daemon/key-source.h"
#include "daemon/token/algorithm.h"

KeyDirectoryRules key_source_rules(const Config *config, const char *credential) {
        return (KeyDirectoryRules){
                .directory = config->key_directory,
                .credential = credential,
                .signing_kid = config->signing_kid,
                .generate = config->store_type == STORE_SQLITE
                                    ? algorithm_find(config->key_algorithm)
                                    : NULL,
        };
}

int key_source_credential(char **ret_path) {
        const char *directory = secure_getenv("CREDENTIALS_DIRECTORY");
        char *path;

        if (!directory) {
                *ret_path = NULL;
                return 0;
        }
        if (asprintf(&path, "%s/signing-key", directory) < 0)
                return -ENOMEM;
        *ret_path = path;
        return 0;
}
