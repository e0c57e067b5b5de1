#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Which of the user's tokens, if any, answers a prompt: the one that the map names, else the token that
 * names the host in its audience and the user as its subject.
 */

#include "cli/askpass-prompt.h"
#include "cli/askpass-token.h"

/**
 * askpass_choose() - find the token for a prompt
 * @prompt:     not a foreign one; its user is set
 * @ret_token:  zeroed before; to be cleared by the caller, also after a failure
 *
 * Return: whether there is one. If a token was meant but cannot be used, that is complained about.
 */
bool askpass_choose(const AskpassPrompt *prompt, AskpassToken *ret_token);
