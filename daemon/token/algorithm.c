/* SPDX-License-Identifier: MIT */
#include "daemon/token/algorithm.h"

#include <string.h>

static const Algorithm algorithms[] = {
        { "HS256", KEY_TYPE_OCT, false, "SHA256", 32, NULL, NULL, 0 },
        { "HS384", KEY_TYPE_OCT, false, "SHA384", 48, NULL, NULL, 0 },
        { "HS512", KEY_TYPE_OCT, false, "SHA512", 64, NULL, NULL, 0 },
        { "RS256", KEY_TYPE_RSA, false, "SHA256", 32, NULL, NULL, 0 },
        { "RS384", KEY_TYPE_RSA, false, "SHA384", 48, NULL, NULL, 0 },
        { "RS512", KEY_TYPE_RSA, false, "SHA512", 64, NULL, NULL, 0 },
        { "PS256", KEY_TYPE_RSA, true, "SHA256", 32, NULL, NULL, 0 },
        { "PS384", KEY_TYPE_RSA, true, "SHA384", 48, NULL, NULL, 0 },
        { "PS512", KEY_TYPE_RSA, true, "SHA512", 64, NULL, NULL, 0 },
        { "ES256", KEY_TYPE_EC, false, "SHA256", 32, "P-256", "prime256v1", 32 },
        { "ES384", KEY_TYPE_EC, false, "SHA384", 48, "P-384", "secp384r1", 48 },
        { "ES512", KEY_TYPE_EC, false, "SHA512", 64, "P-521", "secp521r1", 66 },
        { "EdDSA", KEY_TYPE_OKP, false, NULL, 0, "Ed25519", "ED25519", 32 },
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
