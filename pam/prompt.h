#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The questions to the user, and the answer that earlier modules got.
 */

#include <stdbool.h>

#include "common/secret.h"
#include "pam/call.h"

/**
 * pamtok_prompt() - ask one question without echo
 * @call:       begun
 * @text:       the prompt
 * @ret_answer: owned by the caller
 *
 * Return: PAM_SUCCESS; PAM_CONV_ERR without an answer; PAM_INCOMPLETE when the application wants
 * to be called again; PAM_BUF_ERR.
 */
int pamtok_prompt(const PamtokCall *call, const char *text, Secret **ret_answer);

/**
 * pamtok_prompt_once() - take PAM_AUTHTOK or ask, as the options say
 * @call:       begun
 * @asked:      an earlier line of this module has put something into PAM_AUTHTOK: as try_first_pass
 * @ret_answer: owned by the caller
 *
 * Return: as pamtok_prompt(); PAM_AUTHTOK_RECOVERY_ERR when there is no PAM_AUTHTOK and
 * use_first_pass forbids to ask.
 */
int pamtok_prompt_once(const PamtokCall *call, bool asked, Secret **ret_answer);

typedef struct PamtokParts {
        Secret *whole;   /* owned by the caller, also after a failure */
        size_t cut_size; /* of a part that was cut off; 0: none was */
} PamtokParts;

/**
 * pamtok_prompt_parts() - ask for the other parts of a token
 * @call:       begun
 * @first:      the first answer, as typed
 * @parts:      zeroed before; what they make together
 *
 * Return: as pamtok_prompt(); PAM_AUTH_ERR for a part that was cut off or is not the requested one,
 * or for a whole above IPC_TOKEN_MAX.
 */
int pamtok_prompt_parts(const PamtokCall *call, const Secret *first, PamtokParts *parts);
