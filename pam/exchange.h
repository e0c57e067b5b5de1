#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * One question to the daemon, and its answer. A failure on the way is an answer, too: UNAVAILABLE,
 * with the reason.
 */

#include "authtoken/ipc-message.h"
#include "pam/call.h"

typedef struct IpcClient IpcClient;

/* A connection to the daemon, or why there is none. */
typedef struct PamtokLine {
        IpcClient *client; /* NULL: none */
        int error;         /* as of ipc_client_open() */
} PamtokLine;

typedef struct PamtokAnswer {
        IpcStatus status;
        const char *reason;               /* static text for the log, never NULL */
        int error;                        /* an errno value behind it, or 0 */
        char handle[IPC_HANDLE_SIZE + 1]; /* empty when the answer has none */
        char session[64];                 /* for the log; empty when the answer has none */
} PamtokAnswer;

/**
 * pamtok_request() - begin a request with the items of the transaction
 * @call:       begun
 * @type:       AUTHENTICATE, ACCOUNT or OPEN_SESSION
 * @user:       PAM_USER; borrowed by @ret_request
 * @ret_request: borrows from libpam; service, tty, rhost and ruser are filled in
 *
 * An item that is not text or too long is left out: it comes from the other side of a network.
 */
void pamtok_request(
        const PamtokCall *call, IpcType type, const char *user, IpcMessage *ret_request);

/**
 * pamtok_connect() - connect ahead of an exchange, without waiting for anything
 * @call:       begun
 *
 * So the daemon wakes up while we do something else.
 * Return: for pamtok_exchange() only, which also reports a failure.
 */
PamtokLine pamtok_connect(const PamtokCall *call);

/**
 * pamtok_exchange() - ask the daemon and wait for its answer
 * @call:       begun
 * @line:       from pamtok_connect(), closed here; NULL: connect now
 * @request:    from pamtok_request(), completed by the caller
 * @timeout_usec: relative
 * @ret_answer: always filled in
 */
void pamtok_exchange(const PamtokCall *call, PamtokLine *line, const IpcMessage *request,
        uint64_t timeout_usec, PamtokAnswer *ret_answer);

/**
 * pamtok_answer_log() - write one line about an answer that was not OK
 * @call:       begun
 * @answer:     from pamtok_exchange(), or made up by the module
 * @user:       PAM_USER; NULL is fine
 * @what:       what happened, such as "access token refused"
 */
void pamtok_answer_log(
        const PamtokCall *call, const PamtokAnswer *answer, const char *user, const char *what);

/**
 * pamtok_answer_tell() - show the user one generic line about an answer that was not OK
 * @call:       begun
 * @answer:     from pamtok_exchange(), or made up by the module
 */
void pamtok_answer_tell(const PamtokCall *call, const PamtokAnswer *answer);
