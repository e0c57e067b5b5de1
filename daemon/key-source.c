/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/cleanup.h"
#include "daemon/config.h"
#include "daemon/key-source.h"
#include "daemon/token/algorithm.h"
#include "daemon/token/key-directory.h"

int key_source_load(const Config *config, Keyring **ret_keyring, KeyFault *fault) {
        const char *directory = secure_getenv("CREDENTIALS_DIRECTORY");
        _cleanup_(freep) char *credential = NULL;
        KeyDirectoryRules rules = {
                .directory = config->key_directory,
                .signing_kid = config->signing_kid,
        };

        if (directory && asprintf(&credential, "%s/signing-key", directory) < 0)
                return -ENOMEM;
        rules.credential = credential;
        if (config->store_type == STORE_SQLITE)
                rules.generate = algorithm_find(config->key_algorithm);
        return key_directory_load(&rules, ret_keyring, fault);
}
