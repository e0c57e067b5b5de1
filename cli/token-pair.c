/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cli/bus-client.h"
#include "cli/dictionary.h"
#include "cli/token-pair.h"
#include "common/text.h"
#include "common/translation.h"

void token_pair_clear(TokenPair *pair) {
        secret_free(pair->access);
        secret_free(pair->refresh);
        free(pair->session);
        *pair = (TokenPair){ 0 };
}

/* Neither token has a character that JSON would write in another way. */
static int take_token(const json_t *object, const char *name, Secret **ret_token) {
        const char *text = json_string_value(json_object_get(object, name));

        if (!text || !*text || text_has_control(text, strlen(text)))
                return -EBADMSG;
        return secret_new(text, strlen(text), ret_token);
}

static int take_time(const json_t *object, const char *name, uint64_t *ret_sec) {
        const json_t *value = json_object_get(object, name);

        if (!json_is_integer(value) || json_integer_value(value) < 0)
                return -EBADMSG;
        *ret_sec = (uint64_t)json_integer_value(value);
        return 0;
}

int token_pair_parse(const Secret *text, TokenPair *ret_pair) {
        json_t *object = json_loadb(text->data, text->size, JSON_REJECT_DUPLICATES, NULL);
        const char *session = json_string_value(json_object_get(object, "session"));
        int r = 0;

        ret_pair->session = strdup(STRING_OR_EMPTY(session));
        if (!ret_pair->session)
                r = -ENOMEM;
        if (r == 0)
                r = take_token(object, "access", &ret_pair->access);
        if (r == 0)
                r = take_token(object, "refresh", &ret_pair->refresh);
        if (r == 0)
                r = take_time(object, "expires", &ret_pair->expires_at_sec);
        if (r == 0)
                r = take_time(object, "session_expires", &ret_pair->session_end_sec);
        json_decref(object);
        return r;
}

int token_pair_format(const TokenPair *pair, Secret **ret_text) {
        json_t *object = json_pack("{s:s, s:s, s:s, s:I, s:I}", "access", pair->access->data,
                "refresh", pair->refresh->data, "session", pair->session, "expires",
                (json_int_t)pair->expires_at_sec, "session_expires",
                (json_int_t)pair->session_end_sec);
        char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
        Secret *secret = NULL;
        int r;

        r = text ? secret_new(text, strlen(text), &secret) : -ENOMEM;
        if (r == 0)
                r = secret_append(secret, "\n", 1);
        secret_free_text(text);
        json_decref(object);
        if (r < 0) {
                secret_free(secret);
                return r;
        }
        *ret_text = secret;
        return 0;
}

static int copy_number(const Dictionary *info, const char *key, uint64_t *ret_number) {
        const char *text = dictionary_text(info, key);

        return text && text_parse_u64(text, UINT64_MAX, ret_number) == 0 ? 0 : -EBADMSG;
}

int token_pair_read(sd_bus_message *reply, TokenPair *ret_pair) {
        _cleanup_(dictionary_freep) Dictionary *info = NULL;
        const char *access, *refresh;
        int r;

        r = sd_bus_message_read(reply, "ss", &access, &refresh);
        if (r < 0)
                return r;
        r = secret_new(access, strlen(access), &ret_pair->access);
        if (r >= 0)
                r = secret_new(refresh, strlen(refresh), &ret_pair->refresh);
        if (r >= 0)
                r = dictionary_read(reply, &info);
        if (r < 0)
                return r;
        ret_pair->session = strdup(STRING_OR_EMPTY(dictionary_text(info, "session")));
        r = ret_pair->session ? copy_number(info, "expires", &ret_pair->expires_at_sec) : -ENOMEM;
        if (r >= 0)
                r = copy_number(info, "session_expires", &ret_pair->session_end_sec);
        return r >= 0 && ret_pair->refresh->size == 0 ? -ENOKEY : r;
}

ExitStatus token_pair_renew(const CommandLine *line, const Secret *refresh, TokenPair *ret_pair) {
        const BusCall question = { "RefreshToken", N_("refresh the token"), CALL_SHORT };
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        ExitStatus status;
        int r;

        status = bus_client_ask(line, &question, &reply, "s", refresh->data);
        if (status != STATUS_OK)
                return status;
        r = token_pair_read(reply, ret_pair);
        return r < 0 ? bus_client_broken("read the answer", r) : STATUS_OK;
}
