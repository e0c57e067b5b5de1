#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * One connection of the socket: reads requests, checks who may ask for what, starts verbs, writes answers.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "authtoken/reason.h"
#include "common/cleanup.h"

typedef struct Context Context;
typedef struct IpcListener IpcListener;
typedef struct IpcPeer IpcPeer;
typedef struct IpcShare IpcShare;

/* Verbs that one connection may have under way; further requests wait in its socket. */
#define IPC_PEER_PENDING_MAX 64u
typedef enum IpcPeerFate {
        IPC_PEER_KEEP,
        IPC_PEER_CLOSE,
} IpcPeerFate;

/**
 * ipc_peer_new() - take a connection
 * @listener:   borrowed; outlives the peer
 * @fd:         owned by the peer on success only; non-blocking
 * @ret_peer:   owned by the caller
 *
 * Its identity comes from SO_PEERCRED, once, now. Return: 0; negative errno.
 */
int ipc_peer_new(IpcListener *listener, int fd, IpcPeer **ret_peer);

/**
 * ipc_peer_free() - close the connection; its verbs go on without it
 * @peer:       NULL is fine
 *
 * Return: NULL.
 */
IpcPeer *ipc_peer_free(IpcPeer *peer);
DEFINE_CLEANUP(IpcPeer, ipc_peer_free)

/**
 * ipc_peer_set_share() - whose time it takes
 * @peer:       any
 * @share:      borrowed; outlives the peer; NULL: root's
 */
void ipc_peer_set_share(IpcPeer *peer, IpcShare *share);

/**
 * ipc_peer_read() - handle what has arrived
 * @peer:       any
 * @n_max:      requests to take; with 1 the kernel is not asked for a second one, which a login
 *              never sends
 *
 * Return: whether to keep the connection.
 */
IpcPeerFate ipc_peer_read(IpcPeer *peer, unsigned int n_max);

/**
 * ipc_peer_tell_refusal() - write a refusal to the journal for which no verb was started
 * @peer:       who asked
 * @reason:     why not
 */
void ipc_peer_tell_refusal(const IpcPeer *peer, Reason reason);

/**
 * ipc_peer_uid() - who it is
 * @peer:       any
 */
uid_t ipc_peer_uid(const IpcPeer *peer);

/**
 * ipc_peer_fd() - its socket, borrowed
 * @peer:       any
 */
int ipc_peer_fd(const IpcPeer *peer);

/**
 * ipc_peer_has_spoken() - whether anything came from it yet
 * @peer:       any
 */
bool ipc_peer_has_spoken(const IpcPeer *peer);
