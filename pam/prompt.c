/* SPDX-License-Identifier: MIT */

#include <security/pam_ext.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "authtoken/ipc-message.h"
#include "common/translation.h"
#include "pam/credential.h"
#include "pam/prompt.h"

int pamtok_prompt(const PamtokCall *call, const char *text, Secret **ret_answer) {
        _cleanup_(secret_free_textp) char *answer = NULL;
        int r;

        r = pam_prompt(call->pamh, PAM_PROMPT_ECHO_OFF, &answer, "%s", text);
        if (r == PAM_CONV_AGAIN)
                return PAM_INCOMPLETE;
        if (r == PAM_BUF_ERR)
                return r;
        if (r != PAM_SUCCESS)
                return PAM_CONV_ERR;
        if (!answer) {
                pamtok_log(call, LOG_NOTICE, "no answer to the prompt");
                return PAM_CONV_ERR;
        }

        return secret_new(answer, strlen(answer), ret_answer) ? PAM_BUF_ERR : PAM_SUCCESS;
}

static int first_pass(const PamtokCall *call, Secret **ret_answer) {
        const void *item = NULL;
        int r;

        r = pam_get_item(call->pamh, PAM_AUTHTOK, &item);
        if (r != PAM_SUCCESS)
                return r;
        if (!item)
                return PAM_AUTHTOK_RECOVERY_ERR;

        return secret_new(item, strlen(item), ret_answer) ? PAM_BUF_ERR : PAM_SUCCESS;
}

int pamtok_prompt_once(const PamtokCall *call, bool asked, Secret **ret_answer) {
        int r = PAM_AUTHTOK_RECOVERY_ERR;

        if (asked || call->args.use_first_pass || call->args.try_first_pass)
                r = first_pass(call, ret_answer);
        if (r != PAM_AUTHTOK_RECOVERY_ERR)
                return r;
        if (call->args.use_first_pass) {
                pamtok_log(call, LOG_NOTICE, "no earlier module asked for a password or token");
                return r;
        }

        return pamtok_prompt(call,
                call->args.token_only ? _("Access token: ") : _("Password or access token: "),
                ret_answer);
}

static int part_append(const Secret *answer, uint32_t part, uint32_t n_parts, PamtokParts *parts) {
        Secret *whole = parts->whole;
        PamtokCredential piece = pamtok_credential_classify(answer->data, answer->size);

        /* The end of the part is lost: the whole would be a token that nobody has signed. */
        if (piece.form == PAMTOK_FORM_PART && pamtok_credential_cutter(answer->size))
                parts->cut_size = answer->size;
        if (parts->cut_size || piece.form != PAMTOK_FORM_PART || piece.part != part ||
                piece.n_parts != n_parts)
                return PAM_AUTH_ERR;
        if (piece.size > IPC_TOKEN_MAX - whole->size)
                return PAM_AUTH_ERR;

        return secret_append(whole, piece.data, piece.size) ? PAM_BUF_ERR : PAM_SUCCESS;
}

int pamtok_prompt_parts(const PamtokCall *call, const Secret *first, PamtokParts *parts) {
        uint32_t n_parts = pamtok_credential_classify(first->data, first->size).n_parts;
        char text[sizeof("Part 64 of 64 of the access token: ")];
        int r;

        if (secret_new(NULL, 0, &parts->whole))
                return PAM_BUF_ERR;

        r = part_append(first, 1, n_parts, parts);
        for (uint32_t part = 2; part <= n_parts && r == PAM_SUCCESS; part++) {
                _cleanup_(secret_freep) Secret *answer = NULL;

                snprintf(text, sizeof(text), "Part %u of %u of the access token: ", part % 100,
                        n_parts % 100);
                r = pamtok_prompt(call, text, &answer);
                if (r == PAM_SUCCESS)
                        r = part_append(answer, part, n_parts, parts);
        }

        return r;
}
