#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * An ordinary user's share of the daemon: a number of connections, and a part of its time. Each user's connections
 * are in an epoll of their own, and these are in another one, so that users are served in turns however many
 * connections one has. All of it is one sd-event source of low priority, which goes back to the loop after
 * IPC_SHARE_TURN_USEC: root's connections, and answers of the store, come first.
 *
 * A user whose time is used up is served again when there is some; nothing is refused because of that. Accepting a
 * connection, and closing one above the limit, costs time as well: a client that reconnects at once has to wait for
 * that, too.
 */

#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "common/cleanup.h"

#define IPC_SHARE_TURN_USEC UINT64_C(50) /* less than a signature's verification takes */

typedef struct IpcShare IpcShare;
typedef struct IpcShares IpcShares;

/* Something has arrived for @item, a connection's. It may leave its share inside. */
typedef void (*IpcShareServe)(void *item, uint32_t events, void *userdata);

/**
 * ipc_shares_new() - nobody has a share yet
 * @event:      referenced
 * @serve:      called for each connection that is ready
 * @userdata:   for @serve
 * @ret_shares: owned by the caller
 *
 * Return: 0; negative errno.
 */
int ipc_shares_new(sd_event *event, IpcShareServe serve, void *userdata, IpcShares **ret_shares);

/**
 * ipc_shares_free() - free them all
 * @shares:     whose connections have left; NULL is fine
 *
 * Return: NULL.
 */
IpcShares *ipc_shares_free(IpcShares *shares);
DEFINE_CLEANUP(IpcShares, ipc_shares_free)

/**
 * ipc_shares_set_part() - how much of the time one user may take
 * @shares:     any
 * @percent:    1 … 100
 */
void ipc_shares_set_part(IpcShares *shares, unsigned int percent);

/**
 * ipc_shares_join() - a connection more of a user
 * @shares:     any
 * @uid:        whose
 * @n_max:      connections that the user may have
 *
 * Return: the user's share; NULL: they have as many, or there is no memory or descriptor.
 */
IpcShare *ipc_shares_join(IpcShares *shares, uid_t uid, unsigned int n_max);

/**
 * ipc_share_leave() - the connection is gone
 * @share:      from ipc_shares_join(); gone with its last connection
 */
void ipc_share_leave(IpcShare *share);

/**
 * ipc_shares_line_up() - queue a connection above the user's limit, to be closed when it is their
 * turn
 * @shares:     any
 * @uid:        whose
 * @n_max:      of all users that may wait for that
 *
 * Return: the user's share; NULL: close it at once, as too many wait or there is no memory.
 */
IpcShare *ipc_shares_line_up(IpcShares *shares, uid_t uid, unsigned int n_max);

/**
 * ipc_shares_in_line() - how many wait to be closed
 * @shares:     any
 */
unsigned int ipc_shares_in_line(const IpcShares *shares);

/**
 * ipc_share_drop_out() - it was closed, or has given up
 * @share:      from ipc_shares_line_up(); gone with its last connection
 */
void ipc_share_drop_out(IpcShare *share);

/**
 * ipc_share_watch() - wait for what a connection sends
 * @share:      the connection's
 * @fd:         of the connection; closing it ends the watch
 * @item:       for the serve function
 *
 * Return: 0; negative errno.
 */
int ipc_share_watch(IpcShare *share, int fd, void *item);

/**
 * ipc_share_set_events() - wait for something else
 * @share:      the connection's
 * @fd:         watched
 * @item:       as before
 * @events:     EPOLLIN, or 0 for nothing but its end
 */
void ipc_share_set_events(IpcShare *share, int fd, void *item, uint32_t events);

/**
 * ipc_share_hold() - slow work is under way, such as the look-up of a name
 * @share:      not served while a few of these are under way: they all end at once
 */
void ipc_share_hold(IpcShare *share);

/**
 * ipc_share_release() - it is done
 * @share:      held
 */
void ipc_share_release(IpcShare *share);

/**
 * ipc_share_charge() - what was done for a user outside of the serve function
 * @share:      the user's
 * @usec:       how long it took
 */
void ipc_share_charge(IpcShare *share, uint64_t usec);

/**
 * ipc_share_clock() - for ipc_share_charge()
 *
 * Return: microseconds of CLOCK_MONOTONIC.
 */
uint64_t ipc_share_clock(void);
