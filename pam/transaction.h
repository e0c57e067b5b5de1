#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What one entry leaves for the next: the daemon's handle for the login, and how the user was
 * accepted.
 *
 * It lives in PAM data. sshd runs authentication in a child process whose PAM data is lost, and
 * takes over the PAM environment only; so the handle travels there, too. Users can forge or delete
 * it there (pam_env with user_readenv=1), so the environment is read as early as possible, and never
 * again once the handle is settled:
 *
 * 1. account after authentication in the same process: what authentication left is right;
 * 2. else setcred, which comes before every session module, takes over what the environment holds.
 *    What an earlier attempt in this process left is older: sshd may try the method "password" in
 *    the process itself, and then "keyboard-interactive" in a child;
 * 3. else, for applications that do not call setcred, the opening of the session does.
 *
 * A handle is a name, not a secret: the daemon binds it to root peer, user and service.
 */

#include <stdbool.h>

#include "authtoken/ipc-message.h"
#include "pam/call.h"

#define PAMTOK_HANDLE_VARIABLE "AUTHTOKEN_HANDLE"

typedef struct PamtokTransaction {
        char handle[IPC_HANDLE_SIZE + 1]; /* empty: no token opened, or is opening, this login */
        bool began;                       /* authentication ran in this process */
        bool settled;                     /* the environment is not looked at any more */
        bool other_auth; /* a password was handed on; whoever gets further was accepted by it */
        bool asked;      /* an earlier line found no session and asked for this password: do not
                          * ask again */
        bool opened;     /* the session of @handle */
} PamtokTransaction;

/**
 * pamtok_transaction_get() - the transaction's state, made when it is missing
 * @call:       begun
 * @ret_transaction: borrowed; lives until pam_end()
 *
 * Return: PAM code.
 */
int pamtok_transaction_get(const PamtokCall *call, PamtokTransaction **ret_transaction);

/**
 * pamtok_transaction_restart() - authentication begins: forget what was, here and in the environment
 * @call:        begun
 * @transaction: of @call
 */
void pamtok_transaction_restart(const PamtokCall *call, PamtokTransaction *transaction);

/**
 * pamtok_transaction_accept() - authentication by a token succeeded: keep the daemon's handle
 * @call:        begun
 * @transaction: of @call
 * @handle:      IPC_HANDLE_SIZE characters
 *
 * Return: PAM code.
 */
int pamtok_transaction_accept(
        const PamtokCall *call, PamtokTransaction *transaction, const char *handle);

/**
 * pamtok_transaction_confirm() - account: whoever authenticated in this process succeeded
 * @transaction: of the call
 */
void pamtok_transaction_confirm(PamtokTransaction *transaction);

/**
 * pamtok_transaction_settle() - take the handle over from the environment, now or never
 * @call:        begun
 * @transaction: of @call
 */
void pamtok_transaction_settle(const PamtokCall *call, PamtokTransaction *transaction);

/**
 * pamtok_transaction_handle() - the handle as it looks now
 * @call:        begun
 * @transaction: of @call
 *
 * Return: borrowed from @transaction or libpam; NULL without a handle.
 */
const char *pamtok_transaction_handle(const PamtokCall *call, const PamtokTransaction *transaction);

/**
 * pamtok_transaction_hide() - take the handle out of the environment: the user's shell needs none
 * @call:       begun
 */
void pamtok_transaction_hide(const PamtokCall *call);
