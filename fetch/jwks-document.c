/* SPDX-License-Identifier: MIT */
#include "fetch/jwks-document.h"

#include <stdbool.h>
#include <string.h>

#include <jansson.h>

/* The members that a public key has by RFC 7518 and 8037. */
static const struct {
        const char *type;
        const char *members[3];
} rows[] = {
        { "RSA", { "n", "e", NULL } },
        { "EC", { "crv", "x", "y" } },
        { "OKP", { "crv", "x", NULL } },
};

static bool has_members(const json_t *key, const char *const members[3]) {
        for (size_t i = 0; i < 3 && members[i]; i++)
                if (json_string_length(json_object_get(key, members[i])) == 0)
                        return false;
        return true;
}

static bool is_public_key(const json_t *key) {
        const char *type = json_string_value(json_object_get(key, "kty"));
        const char *use = json_string_value(json_object_get(key, "use"));

        if (!type || (use && strcmp(use, "sig") != 0))
                return false;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                if (strcmp(rows[i].type, type) == 0)
                        return has_members(key, rows[i].members);
        return false;
}

int jwks_document_count(const Document *document, size_t *ret_count) {
        json_auto_t *object = json_loadb(
                STRING_OR_EMPTY(document->text), document->size, JSON_REJECT_DUPLICATES, NULL);
        const json_t *keys = json_object_get(object, "keys");
        const json_t *key;
        size_t count = 0, i;

        if (!json_is_array(keys))
                return -1;
        json_array_foreach(keys, i, key) if (is_public_key(key)) count++;
        *ret_count = count;
        return 0;
}
