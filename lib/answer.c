/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "common/cleanup.h"
#include "lib/answer.h"

struct AuthtokenAnswer {
        Reason reason;
        char *json;     /* owned; NULL unless REASON_OK */
        json_t *claims; /* the same, read */
};

AuthtokenAnswer *authtoken_answer_free(AuthtokenAnswer *answer) {
        if (!answer)
                return NULL;
        json_decref(answer->claims);
        free(answer->json);
        free(answer);
        return NULL;
}
DEFINE_CLEANUP(AuthtokenAnswer, authtoken_answer_free)

int answer_of_reason(Reason reason, AuthtokenAnswer **ret_answer) {
        AuthtokenAnswer *answer = calloc(1, sizeof(*answer));

        if (!answer)
                return -ENOMEM;
        answer->reason = reason;
        *ret_answer = answer;
        return 0;
}

/* The daemon has checked the claims; here they are only parsed. */
static int read_claims(const IpcMessage *reply, AuthtokenAnswer *answer) {
        answer->json = strndup(reply->claims.data, reply->claims.size);
        if (!answer->json)
                return -ENOMEM;
        answer->claims = json_loads(answer->json, JSON_REJECT_DUPLICATES, NULL);
        if (json_is_object(answer->claims))
                return 0;
        free(TAKE_PTR(answer->json));
        answer->reason = REASON_DAEMON_MALFORMED;
        return AUTHTOKEN_E_UNAVAILABLE;
}

static Reason reason_of(const IpcMessage *reply) {
        _cleanup_(freep) char *code = NULL;

        if (reply->reason.size > 0)
                code = strndup(reply->reason.data, reply->reason.size);
        return reason_from_code(code);
}

static int outcome_of(IpcStatus status) {
        switch (status) {
        case IPC_STATUS_OK:
                return 0;
        case IPC_STATUS_EXPIRED:
                return AUTHTOKEN_E_EXPIRED;
        case IPC_STATUS_LIMIT:
        case IPC_STATUS_UNAVAILABLE:
                return AUTHTOKEN_E_UNAVAILABLE;
        case IPC_STATUS_DENIED:
        case IPC_STATUS_BAD_REQUEST:
        case IPC_STATUS_PROMPT:
        case IPC_STATUS_COUNT:
                break;
        }
        return AUTHTOKEN_E_REFUSED;
}

int answer_of_reply(const IpcMessage *reply, AuthtokenAnswer **ret_answer) {
        _cleanup_(authtoken_answer_freep) AuthtokenAnswer *answer = NULL;
        int outcome = outcome_of(reply->status), r;

        r = answer_of_reason(outcome ? reason_of(reply) : REASON_OK, &answer);
        if (r < 0)
                return r;
        if (!outcome && reply->claims.size == 0) {
                answer->reason = REASON_DAEMON_MALFORMED;
                outcome = AUTHTOKEN_E_UNAVAILABLE;
        } else if (!outcome) {
                outcome = read_claims(reply, answer);
                if (outcome < 0)
                        return outcome;
        }
        *ret_answer = TAKE_PTR(answer);
        return outcome;
}

const char *authtoken_answer_reason(const AuthtokenAnswer *answer) {
        return reason_code(answer->reason);
}

const char *authtoken_answer_json(const AuthtokenAnswer *answer) {
        return answer->json;
}

const char *authtoken_answer_text(const AuthtokenAnswer *answer, const char *name) {
        return json_string_value(json_object_get(answer->claims, name));
}

int authtoken_answer_number(const AuthtokenAnswer *answer, const char *name, uint64_t *ret_number) {
        const json_t *value = json_object_get(answer->claims, name);

        if (!json_is_integer(value) || json_integer_value(value) < 0)
                return -ENOENT;
        *ret_number = (uint64_t)json_integer_value(value);
        return 0;
}

bool authtoken_answer_has(const AuthtokenAnswer *answer, const char *name, const char *text) {
        const json_t *value = json_object_get(answer->claims, name), *item;
        size_t i;

        if (json_is_string(value))
                return !strcmp(json_string_value(value), text);
        json_array_foreach(
                (json_t *)value, i, item) if (json_is_string(item) &&
                                              !strcmp(json_string_value(item), text)) return true;
        return false;
}
