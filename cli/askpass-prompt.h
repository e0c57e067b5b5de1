#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What a program asks its askpass, and on whose behalf. A prompt asks for a token only if it is known to the
 * last character; any other prompt is somebody else's, whatever it looks like.
 *
 * ssh puts "(user@host) " before the server's question. Only that part is the client's; everything behind it
 * can come from a hostile server. So host and user may not contain a character by which a server, or an
 * invented name, could end the client's part early and begin another one.
 */

#include "cli/askpass-host.h"
#include "common/text.h"

#define ASKPASS_PARTS_MAX 64u /* as many as the module asks for */

typedef enum AskpassKind {
        ASKPASS_FOREIGN,      /* not a question for a token */
        ASKPASS_SSH,          /* by a server, through ssh's keyboard-interactive */
        ASKPASS_SSH_PASSWORD, /* by ssh itself, for its method "password" */
        ASKPASS_SUDO,         /* by sudo on this host, if it was sudo that asked */
} AskpassKind;

typedef struct AskpassPrompt {
        AskpassKind kind;
        char user[USER_NAME_MAX + 1];    /* "" where the prompt does not say */
        char host[ASKPASS_HOST_MAX + 1]; /* canonical; "" for ASKPASS_SUDO */
        unsigned int part, n_parts;      /* 0: the whole token or its first part */
} AskpassPrompt;

/**
 * askpass_prompt_read() - take a prompt apart
 * @text:       any bytes that end with NUL
 * @ret_prompt: of ASKPASS_FOREIGN nothing but the kind is set
 */
void askpass_prompt_read(const char *text, AskpassPrompt *ret_prompt);
