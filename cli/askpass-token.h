#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A user's own token in a file: bare, or in a pair as `authtokenctl issue --pair` writes it.
 */

#include "cli/askpass-prompt.h"
#include "common/secret.h"

typedef struct Claims Claims;

typedef struct AskpassToken {
        Secret *text;
        Claims *claims; /* what it says; nobody has verified it */
} AskpassToken;

enum {
        ASKPASS_TOKEN_E_NONE = 1, /* there is no such file */
        ASKPASS_TOKEN_E_REFUSED,  /* complained */
};

/**
 * askpass_token_parse() - take a token out of a file's text
 * @text:       whole text of the file
 * @ret_token:  zeroed before; to be cleared by the caller, also after a failure
 *
 * Return: 0; -EBADMSG; -ENOMEM.
 */
int askpass_token_parse(const Secret *text, AskpassToken *ret_token);

/**
 * askpass_token_read() - read a token file
 * @path:       of a file that belongs to the user and that nobody else can read
 * @ret_token:  zeroed before; to be cleared by the caller, also after a failure
 *
 * Return: 0; ASKPASS_TOKEN_E_*.
 */
int askpass_token_read(const char *path, AskpassToken *ret_token);

/**
 * askpass_token_is_for() - whether one of the token's audiences is where the question comes from
 * @token:      parsed
 * @host:       canonical
 */
bool askpass_token_is_for(const AskpassToken *token, const char *host);

/**
 * askpass_token_clear() - wipe and free what it owns
 * @token:      zeroed afterwards
 */
void askpass_token_clear(AskpassToken *token);
