/* SPDX-License-Identifier: MIT */
#include "daemon/token/key-export.h"

#include <errno.h>
#include <string.h>

#include <jansson.h>

#include "common/cleanup.h"
#include "daemon/token/json-text.h"
#include "daemon/token/jwk.h"

static int describe(const Key *key, bool is_refresh, json_t **ret_object) {
        json_t *object;
        int r;

        if (key_pkey(key)) {
                r = jwk_export_public(key_pkey(key), &object);
                if (r)
                        return r;
                if (key_may_sign(key))
                        r = jwk_export_private(key_pkey(key), object);
        } else {
                object = json_object();
                r = object ? jwk_export_secret(key_secret(key), object) : -ENOMEM;
        }
        if (r == 0)
                r = json_text_set(object, "kid", STRING_OR_EMPTY(key_kid(key)));
        if (r == 0)
                r = json_text_set(object, "alg", key_algorithm(key)->name);
        if (r == 0)
                r = json_text_set(object, "use", is_refresh ? JWK_USE_REFRESH : "sig");
        if (r)
                json_decref(object);
        else
                *ret_object = object;
        return r;
}

int key_export(const Key *key, bool is_refresh, Secret **ret_text) {
        _cleanup_(secret_free_textp) char *text = NULL;
        json_t *object;
        int r;

        if (!key_algorithm(key) || !key_kid(key))
                return KEY_E_TYPE;
        r = describe(key, is_refresh, &object);
        if (r)
                return r;
        text = json_dumps(object, JSON_INDENT(2));
        json_decref(object);
        return text ? secret_new(text, strlen(text), ret_text) : -ENOMEM;
}
