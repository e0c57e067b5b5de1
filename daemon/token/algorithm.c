/* SPDX-License-Identifier: MIT */
#include "daemon/token/algorithm.h"

#include <string.h>

static const Algorithm algorithms[] = {
        { "HS256", KEY_TYPE_OCT, "SHA256", 32, NULL, NULL, 0, false },
        { "HS384", KEY_TYPE_OCT, "SHA384", 48, NULL, NULL, 0, false },
        { "HS512", KEY_TYPE_OCT, "SHA512", 64, NULL, NULL, 0, false },
        { "RS256", KEY_TYPE_RSA, "SHA256", 32, NULL, NULL, 0, false },
        { "RS384", KEY_TYPE_RSA, "SHA384", 48, NULL, NULL, 0, false },
        { "RS512", KEY_TYPE_RSA, "SHA512", 64, NULL, NULL, 0, false },
        { "PS256", KEY_TYPE_RSA, "SHA256", 32, NULL, NULL, 0, true },
        { "PS384", KEY_TYPE_RSA, "SHA384", 48, NULL, NULL, 0, true },
        { "PS512", KEY_TYPE_RSA, "SHA512", 64, NULL, NULL, 0, true },
        { "ES256", KEY_TYPE_EC, "SHA256", 32, "P-256", "prime256v1", 32, false },
        { "ES384", KEY_TYPE_EC, "SHA384", 48, "P-384", "secp384r1", 48, false },
        { "ES512", KEY_TYPE_EC, "SHA512", 64, "P-521", "secp521r1", 66, false },
        { "EdDSA", KEY_TYPE_OKP, NULL, 0, "Ed25519", "ED25519", 32, false },
};

_Static_assert(sizeof(algorithms) / sizeof(algorithms[0]) == ALGORITHM_COUNT, "table");

const Algorithm *algorithm_find(const char *name) {
        if (!name)
                return NULL;
        for (size_t i = 0; i < ALGORITHM_COUNT; i++)
                if (strcmp(algorithms[i].name, name) == 0)
                        return &algorithms[i];
        return NULL;
}

const Algorithm *algorithm_at(size_t index) {
        return &algorithms[index];
}

size_t algorithm_index(const Algorithm *algorithm) {
        return (size_t)(algorithm - algorithms);
}
