#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The blocking client of the daemon's socket, fit for a PAM module: no threads, signals, fork,
 * statics or environment, and no call lasts longer than its deadline.
 *
 * Nothing is sent to a server that is not trusted. Besides root, the caller may name one uid (its
 * own, or the daemon's user); everything below must belong to root or to that uid:
 *
 * 1. each directory of the path, which nobody else may write to, unless it is sticky (then the next
 *    component, which is checked too, cannot be swapped by others);
 * 2. the socket itself: whoever else owns it could be listening on it;
 * 3. the process that listens (SO_PEERCRED): with socket activation that is systemd.
 *
 * A symbolic link, "." or ".." in the path is refused. Only the trusted owners can change the path
 * between check and connection, so checking by name is enough.
 */

#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "authtoken/ipc-message.h"
#include "authtoken/reason.h"

#include "common/cleanup.h"

typedef struct IpcClient IpcClient;

#define IPC_CLIENT_UID_NONE ((uid_t)0) /* trust nobody besides root */

enum {
        IPC_CLIENT_E_ABSENT = 1, /* no socket, or nobody listens on it */
        IPC_CLIENT_E_UNTRUSTED,
        IPC_CLIENT_E_TIMEOUT,
        IPC_CLIENT_E_CLOSED,    /* the server closed the connection without an answer */
        IPC_CLIENT_E_MALFORMED, /* the answer breaks the protocol or belongs to another request */
        IPC_CLIENT_E_FULL,      /* the request does not fit into a message */
};

/**
 * ipc_client_deadline() - a point of time for the calls below
 * @timeout_usec: from now; UINT64_MAX: without end
 *
 * Return: microseconds of CLOCK_MONOTONIC.
 */
uint64_t ipc_client_deadline(uint64_t timeout_usec);

/**
 * ipc_client_open() - check the path, connect, check the server
 * @path:          absolute path of the socket
 * @trusted_uid:   a uid to trust besides root, or IPC_CLIENT_UID_NONE
 * @deadline_usec: from ipc_client_deadline()
 * @ret_client:    owned by the caller
 *
 * Return: 0; IPC_CLIENT_E_ABSENT, _UNTRUSTED, _TIMEOUT (the server's queue stayed full); -errno.
 */
int ipc_client_open(
        const char *path, uid_t trusted_uid, uint64_t deadline_usec, IpcClient **ret_client);

/**
 * ipc_client_is_open() - whether the server still waits for a request
 * @client:     between two calls
 *
 * False also when the server sent something unasked. Return: the state a moment ago.
 */
bool ipc_client_is_open(const IpcClient *client);

/**
 * ipc_client_call() - send a request and wait for its answer
 * @client:        after any failure it can only be closed: a late answer must never meet another
 *                 request
 * @request:       id and deadline_usec are set by this function, on a copy
 * @deadline_usec: from ipc_client_deadline()
 * @ret_reply:     its pieces borrow from @client, until the next call or close
 *
 * Return: 0; IPC_CLIENT_E_TIMEOUT, _CLOSED, _MALFORMED, _FULL; -errno.
 */
int ipc_client_call(IpcClient *client, const IpcMessage *request, uint64_t deadline_usec,
        IpcMessage *ret_reply);

/**
 * ipc_client_reason() - what a failure of the calls above means
 * @r:          IPC_CLIENT_E_*
 *
 * Return: REASON_DAEMON_*; REASON_BAD_REQUEST for what does not fit; REASON_INTERNAL for anything else.
 */
Reason ipc_client_reason(int r);

/**
 * ipc_client_close() - close the connection and wipe what was sent and received
 * @client:     NULL is fine
 *
 * Return: NULL.
 */
IpcClient *ipc_client_close(IpcClient *client);
DEFINE_CLEANUP(IpcClient, ipc_client_close)
