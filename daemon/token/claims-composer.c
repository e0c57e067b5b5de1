/* SPDX-License-Identifier: MIT */
#include "daemon/token/claims-composer.h"

#include <errno.h>
#include <string.h>

#include <jansson.h>
#include <jwt.h>

#include "common/cleanup.h"
#include "daemon/token/json-text.h"
#include "daemon/token/jti.h"
#include "daemon/token/token-issuer.h"

DEFINE_CLEANUP(jwt_t, jwt_free)

static int add_text(jwt_t *jwt, const char *name, const char *value) {
        if (!value)
                return 0;
        return jwt_add_grant(jwt, name, value) ? -ENOMEM : 0;
}

static int add_time(jwt_t *jwt, const char *name, uint64_t value_sec) {
        return jwt_add_grant_int(jwt, name, (long)value_sec) ? -ENOMEM : 0;
}

/* libjwt takes lists and objects as the text of an object whose members it adds. */
static int add_json(jwt_t *jwt, const char *name, json_t *value) {
        json_t *object = value ? json_pack("{s:o}", name, value) : NULL;
        char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
        int r = -ENOMEM;

        if (text && jwt_add_grants_json(jwt, text) == 0)
                r = 0;
        free(text);
        json_decref(object);
        return r;
}

static int add_list(jwt_t *jwt, const char *name, const char *const *items, size_t n_items) {
        json_t *array = json_array();

        for (size_t i = 0; array && i < n_items; i++)
                if (json_array_append_new(array, json_string(items[i]))) {
                        json_decref(array);
                        return -ENOMEM;
                }
        return add_json(jwt, name, array);
}

static int add_data(jwt_t *jwt, const char *data_json) {
        json_t *object;

        if (!data_json)
                return 0;
        if (json_text_parse(data_json, strlen(data_json), &object))
                return TOKEN_ISSUER_E_INVALID;
        return add_json(jwt, "data", object);
}

static int add_required(jwt_t *jwt, const IssueRequest *request) {
        char jti[JTI_SIZE_MAX + 1];
        int r;

        jti_format(request->sid, request->generation, jti);
        r = add_text(jwt, "iss", request->issuer);
        if (r == 0 && request->n_audience == 1)
                r = add_text(jwt, "aud", request->audience[0]);
        if (r == 0 && request->n_audience > 1)
                r = add_list(jwt, "aud", request->audience, request->n_audience);
        if (r == 0)
                r = add_text(jwt, "sub", request->subject);
        if (r == 0)
                r = add_time(jwt, "iat", request->issued_at_sec);
        if (r == 0)
                r = add_time(jwt, "exp", request->expires_at_sec);
        if (r == 0)
                r = add_text(jwt, "jti", jti);
        return r;
}

static int add_optional(jwt_t *jwt, const IssueRequest *request) {
        const struct {
                const char *name, *value;
        } rows[] = {
                { "plat", request->platform },
                { "did", request->device },
                { "src", request->source },
                { "tnt", request->tenant },
                { "name", request->name },
        };
        int r = 0;

        if (request->has_not_before)
                r = add_time(jwt, "nbf", request->not_before_sec);
        if (r == 0 && request->n_roles > 0)
                r = add_list(jwt, "roles", request->roles, request->n_roles);
        for (size_t i = 0; i < ARRAY_SIZE(rows) && r == 0; i++)
                r = add_text(jwt, rows[i].name, rows[i].value);
        if (r == 0)
                r = add_data(jwt, request->data_json);
        return r;
}

int claims_compose(const IssueRequest *request, char **ret_payload) {
        _cleanup_(jwt_freep) jwt_t *jwt = NULL;
        int r;

        if (jwt_new(&jwt))
                return -ENOMEM;
        r = add_required(jwt, request);
        if (r == 0)
                r = add_optional(jwt, request);
        if (r)
                return r;
        *ret_payload = jwt_get_grants_json(jwt, NULL);
        return *ret_payload ? 0 : -ENOMEM;
}
