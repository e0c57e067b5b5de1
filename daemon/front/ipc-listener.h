#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The socket: accepts connections within limits, and hands their requests to ipc-peer. All connections
 * hang on one epoll of their own inside one sd-event source, which serves root's connections first.
 */

#include <stdint.h>
#include <sys/types.h>

#include "common/cleanup.h"

typedef struct Context Context;
typedef struct IpcListener IpcListener;
typedef struct IpcPeer IpcPeer;

/**
 * ipc_listener_new() - serve a listening socket
 * @context:    borrowed; outlives the listener
 * @fd:         SOCK_SEQPACKET, listening; owned by the listener on success only
 * @ret_listener: owned by the caller
 *
 * Return: 0; negative errno.
 */
int ipc_listener_new(Context *context, int fd, IpcListener **ret_listener);

/**
 * ipc_listener_free() - close all connections and the socket
 * @listener:   NULL is fine
 *
 * Return: NULL.
 */
IpcListener *ipc_listener_free(IpcListener *listener);
DEFINE_CLEANUP(IpcListener, ipc_listener_free)

/**
 * ipc_listener_bind() - make the socket that a hand-run daemon listens on
 * @path:       absolute; a socket left there by a dead daemon is replaced, a live one is not
 * @ret_fd:     owned by the caller
 *
 * Return: 0; -EADDRINUSE a daemon listens there; other negative errno.
 */
int ipc_listener_bind(const char *path, int *ret_fd);

/**
 * ipc_listener_context() - the daemon
 * @listener:   any
 */
Context *ipc_listener_context(IpcListener *listener);

/**
 * ipc_listener_buffer() - room for one packet, shared by all peers, for use within one turn
 * @listener:   any
 */
uint8_t *ipc_listener_buffer(IpcListener *listener);

/**
 * ipc_listener_watch() - wait for a peer's next request again, after it had too much under way
 * @listener:   any
 * @peer:       one of its peers
 */
void ipc_listener_watch(IpcListener *listener, IpcPeer *peer);

/**
 * ipc_listener_pause() - ignore a peer until ipc_listener_watch()
 * @listener:   any
 * @peer:       one of its peers
 */
void ipc_listener_pause(IpcListener *listener, IpcPeer *peer);

/**
 * ipc_listener_drop() - close a peer's connection
 * @listener:   any
 * @peer:       one of its peers; invalid afterwards
 */
void ipc_listener_drop(IpcListener *listener, IpcPeer *peer);

/**
 * ipc_listener_count() - connections
 * @listener:   any
 */
unsigned int ipc_listener_count(const IpcListener *listener);
