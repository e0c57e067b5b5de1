#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Who is calling: each connection on the bus that has a request under way, its uid and login name, and the
 * news that it has gone. Everything is asked of the bus without waiting: the ready-made functions of
 * sd-bus for this (query_sender_creds, track_add_name) block.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

#include "common/cleanup.h"

/* Requests under way of one unprivileged uid, over all its connections. */
#define BUS_UID_REQUESTS_MAX 256u

/* Questions to polkit under way, of one uid and of all. The bus lets one connection, ours, wait for 128
 * answers only (max_replies_per_connection): users who leave password dialogues open must not use up
 * what a kick needs to reach logind. */
#define BUS_UID_QUESTIONS_MAX 16u
#define BUS_QUESTIONS_MAX     64u

typedef struct BusPeer BusPeer;
typedef struct BusPeers BusPeers;
typedef struct BusTicket BusTicket;
typedef struct UserNames UserNames;

enum {
        BUS_PEER_E_KNOWN = 1, /* no need to ask */
};

typedef enum BusLoss {
        BUS_LOSS_VANISHED, /* nobody is there to hear an answer */
        BUS_LOSS_STOPPING, /* we leave */
} BusLoss;

/* @r: 0 or negative errno. */
typedef void (*BusTicketReady)(BusTicket *ticket, int r, void *userdata);
/* Must leave the peer. */
typedef void (*BusTicketLost)(BusTicket *ticket, BusLoss loss, void *userdata);

/* One request of a peer; a member of the request's object. */
struct BusTicket {
        BusTicketLost lost;
        void *userdata;
        BusPeer *peer; /* NULL: not joined */
        BusTicketReady ready;
        int awaits;                 /* which fact; 0: none */
        bool has_question;          /* is asking polkit; set by the request */
        BusTicket *previous, *next; /* linked in BusPeer.tickets */
};

/**
 * bus_peers_new() - nobody yet
 * @bus:        referenced
 * @names:      borrowed
 * @ret_peers:  owned by the caller
 *
 * Return: 0; -ENOMEM.
 */
int bus_peers_new(sd_bus *bus, UserNames *names, BusPeers **ret_peers);

/**
 * bus_peers_free() - tell all tickets BUS_LOSS_STOPPING, then free
 * @peers:      NULL is fine
 *
 * Return: NULL.
 */
BusPeers *bus_peers_free(BusPeers *peers);
DEFINE_CLEANUP(BusPeers, bus_peers_free)

/**
 * bus_peer_join() - a connection has one more request
 * @peers:      any
 * @unique_name: of the sender; copied
 * @ticket:     zeroed but for @lost and @userdata; stays where it is until bus_peer_leave()
 *
 * Return: 0; negative errno.
 */
int bus_peer_join(BusPeers *peers, const char *unique_name, BusTicket *ticket);

/**
 * bus_peer_leave() - the request is over
 * @ticket:     joined or not
 */
void bus_peer_leave(BusTicket *ticket);

/**
 * bus_peer_ask_uid() - find out whose connection it is
 * @ticket:     joined
 * @ready:      called once, never before this returns; not at all after bus_peer_leave()
 *
 * Return: 0 asked; BUS_PEER_E_KNOWN: @ready will not be called; negative errno.
 */
int bus_peer_ask_uid(BusTicket *ticket, BusTicketReady ready);

/**
 * bus_peer_ask_name() - find out the login name of the connection's uid
 * @ticket:     joined, the uid is known
 * @ready:      as for bus_peer_ask_uid()
 *
 * Return: as bus_peer_ask_uid(); -EBUSY when too many ask.
 */
int bus_peer_ask_name(BusTicket *ticket, BusTicketReady ready);

/**
 * bus_peer_uid() - the connection's user
 * @ticket:     joined
 *
 * Return: (uid_t)-1 while unknown.
 */
uid_t bus_peer_uid(const BusTicket *ticket);

/**
 * bus_peer_user() - the login name of the connection's uid
 * @ticket:     joined
 *
 * Return: borrowed; NULL while unknown, and when the uid has no name.
 */
const char *bus_peer_user(const BusTicket *ticket);

/**
 * bus_peer_unique_name() - the connection's name on the bus
 * @ticket:     joined
 *
 * Return: borrowed.
 */
const char *bus_peer_unique_name(const BusTicket *ticket);

/**
 * bus_peer_may_go_on() - whether the caller's uid is within BUS_UID_REQUESTS_MAX
 * @ticket:     joined, the uid is known; counts, too
 */
bool bus_peer_may_go_on(const BusTicket *ticket);

/**
 * bus_peer_may_question() - whether there is room for one more question to polkit
 * @ticket:     joined, the uid is known; has none yet
 */
bool bus_peer_may_question(const BusTicket *ticket);
