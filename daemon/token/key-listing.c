/* SPDX-License-Identifier: MIT */
#include "daemon/token/key-listing.h"

#include <string.h>

const char *key_listing_state(const Keyring *keyring, size_t index) {
        const Key *key = keyring_at(keyring, index);

        if (key == keyring_signing_key(keyring))
                return "signing";
        if (keyring_end_sec(keyring, index))
                return "retiring";
        return key_may_sign(key) ? "staged" : "verifying";
}

const char *key_listing_file(const Key *key) {
        const char *path = STRING_OR_EMPTY(key_file(key)), *slash = strrchr(path, '/');

        return slash ? slash + 1 : path;
}
