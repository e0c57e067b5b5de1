/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/replay.h"

#include <string.h>

#include "daemon/token/key-export.h"
#include "daemon/token/key-file.h"

/* A file that is to be imported: what is taken is written out and taken again, under the same name. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const KeyFileRules rules = { .any_place = true };
        Keyring *keyring = NULL, *again = NULL;
        Secret *content = NULL, *text = NULL;

        if (secret_new(data, size, &content) || keyring_new(&keyring) || keyring_new(&again))
                return 0;
        if (key_file_parse(keyring, content, &rules, NULL) == 0 && keyring_size(keyring) == 1) {
                const Key *key = keyring_at(keyring, 0);

                if (key_export(key, false, &text) || key_file_parse(again, text, &rules, NULL) ||
                        strcmp(key_kid(keyring_at(again, 0)), key_kid(key)) != 0)
                        __builtin_trap();
        }
        secret_free(text);
        secret_free(content);
        keyring_unref(keyring);
        keyring_unref(again);
        return 0;
}
