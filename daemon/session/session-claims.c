/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "daemon/session/session-claims.h"
#include "daemon/session/session-json.h"
#include "daemon/session/session.h"
#include "daemon/token/claims.h"

static int set_texts(json_t *object, const Session *session, SessionOwner owner) {
        char jti[JTI_SIZE_MAX + 1];
        const struct {
                const char *name, *value;
        } rows[] = {
                { "iss", owner.issuer },
                { "sub", owner.user },
                { "tnt", owner.tenant },
                { "jti", jti },
                { "plat", session->platform },
                { "did", session->device },
                { "src", session->source },
                { "name", session->name },
        };
        int r = 0;

        jti_format(session->sid, session->generation, jti);
        for (size_t i = 0; i < ARRAY_SIZE(rows) && r >= 0; i++)
                if (rows[i].value)
                        r = session_json_set_text(object, rows[i].name, rows[i].value);
        return r;
}

static int set_json(json_t *object, const char *name, const char *text) {
        json_t *value;

        if (!text)
                return 0;
        value = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        if (!value)
                return -EINVAL;
        return json_object_set_new(object, name, value) < 0 ? -ENOMEM : 0;
}

static int compose(const Session *session, SessionOwner owner, char **ret_text) {
        json_auto_t *object = json_object();
        int r;

        if (!object)
                return -ENOMEM;
        r = set_texts(object, session, owner);
        if (r >= 0)
                r = session_json_set_number(object, "iat", session->issued_at_sec);
        if (r >= 0)
                r = session_json_set_number(object, "exp", session->token_end_sec);
        if (r >= 0)
                r = set_json(object, "aud", session->audience_json);
        if (r >= 0)
                r = set_json(object, "roles", session->roles_json);
        if (r >= 0)
                r = set_json(object, "data", session->data_json);
        if (r < 0)
                return r;
        *ret_text = json_dumps(object, JSON_COMPACT);
        return *ret_text ? 0 : -ENOMEM;
}

Reason session_claims(const Session *session, SessionOwner owner, Claims **ret_claims) {
        _cleanup_(freep) char *text = NULL;
        const VerifyRules rules = { .foreign = false };
        int r;

        r = compose(session, owner, &text);
        if (r < 0)
                return r == -EINVAL ? REASON_CLAIM_INVALID : REASON_INTERNAL;
        return claims_parse(text, strlen(text), &rules, ret_claims);
}
