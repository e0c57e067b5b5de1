/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/replay.h"

#include "daemon/token/jwks.h"

/* A set of keys that was fetched from somewhere. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const JwksRules rules = { .algorithms = UINT32_MAX, .secrets = true };
        Keyring *keyring = NULL;
        JwksReport report;
        int r;

        r = jwks_parse((const char *)data, size, &rules, &keyring, &report);
        if ((r == 0) != (keyring != NULL) || (r == 0 && report.n_keys != keyring_size(keyring)))
                __builtin_trap();
        if (r == 0 && report.n_keys == 1 && !jwks_find(keyring, NULL))
                __builtin_trap();
        /* A key of theirs never signs here. */
        if (r == 0 && keyring_signing_key(keyring))
                __builtin_trap();
        keyring_unref(keyring);
        return 0;
}
