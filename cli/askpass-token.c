/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "cli/askpass-file.h"
#include "cli/askpass-token.h"
#include "cli/command.h"
#include "daemon/token/claims.h"
#include "daemon/token/jws.h"

#define BLANKS " \t\r\n"

static int take_access(const Secret *text, Secret **ret_token) {
        json_auto_t *object = json_loads(text->data, JSON_REJECT_DUPLICATES, NULL);
        const json_t *access = json_object_get(object, "access");

        if (!json_is_string(access))
                return -EBADMSG;
        return secret_new(json_string_value(access), json_string_length(access), ret_token);
}

static int take_bare(const Secret *text, Secret **ret_token) {
        const char *begin = text->data + strspn(text->data, BLANKS);

        return secret_new(begin, strcspn(begin, BLANKS), ret_token);
}

/* The signature is not checked: the file is the user's, and an invented token harms only the user. */
int askpass_token_parse(const Secret *text, AskpassToken *ret_token) {
        const VerifyRules rules = { .foreign = true };
        _cleanup_(jws_clear) Jws jws = { 0 };
        int r;

        if (strlen(text->data) != text->size)
                return -EBADMSG;
        r = text->data[strspn(text->data, BLANKS)] == '{' ? take_access(text, &ret_token->text)
                                                          : take_bare(text, &ret_token->text);
        if (r < 0)
                return r;
        if (jws_parse(ret_token->text->data, ret_token->text->size, &jws) != REASON_OK)
                return -EBADMSG;
        return claims_parse(jws.payload.data, jws.payload.size, &rules, &ret_token->claims) ==
                               REASON_OK
                       ? 0
                       : -EBADMSG;
}

int askpass_token_read(const char *path, AskpassToken *ret_token) {
        _cleanup_(secret_freep) Secret *text = NULL;
        int r;

        r = askpass_file_read(path, ASKPASS_FILE_PRIVATE, &text);
        if (r == -ENOENT)
                return ASKPASS_TOKEN_E_NONE;
        if (r == 0)
                r = askpass_token_parse(text, ret_token);
        if (r == 0)
                return 0;
        if (r == -EBADMSG)
                complain("what %s holds is no token", path);
        else
                complain("cannot use %s: %s", path, askpass_file_fault(r));
        return ASKPASS_TOKEN_E_REFUSED;
}

bool askpass_token_is_for(const AskpassToken *token, const char *host) {
        const Claims *claims = token->claims;
        char own[ASKPASS_HOST_MAX + 1];

        for (size_t i = 0; i < claims->n_audience; i++)
                if (askpass_host_read(claims->audience[i], strlen(claims->audience[i]), own) &&
                        strcmp(own, host) == 0)
                        return true;
        return false;
}

void askpass_token_clear(AskpassToken *token) {
        secret_free(token->text);
        claims_unref(token->claims);
        *token = (AskpassToken){ 0 };
}
