/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "daemon/front/bus-peer.h"
#include "daemon/nss/user-names.h"

#define BUS_NAME      "org.freedesktop.DBus"
#define BUS_PATH      "/org/freedesktop/DBus"
#define BUS_INTERFACE "org.freedesktop.DBus"

#define CREDENTIALS_TIMEOUT_USEC (UINT64_C(20) * 1000 * 1000)

/* Matches names that lose their owner; one match for all peers, because the bus limits matches,
 * not peers. */
#define VANISHED_MATCH                                                                      \
        "type='signal',sender='" BUS_NAME "',path='" BUS_PATH "',interface='" BUS_INTERFACE \
        "',member='NameOwnerChanged',arg2=''"

typedef enum Fact {
        FACT_NONE,
        FACT_UID,
        FACT_USER,
} Fact;

typedef enum Knowledge {
        UNKNOWN,
        ASKED,
        KNOWN,
} Knowledge;

struct BusPeer {
        BusPeers *peers;
        char *unique_name;
        uid_t uid;
        char *user;
        Knowledge uid_knowledge, user_knowledge;
        sd_bus_slot *credentials;
        UserNameCall *look_up;
        BusTicket *tickets;
        size_t n_tickets;
        bool in_use;              /* by a loop over its tickets: do not free it with the last one */
        BusPeer *previous, *next; /* linked in BusPeers.peers */
};

struct BusPeers {
        sd_bus *bus;
        UserNames *names;
        sd_bus_slot *vanished; /* while there are peers */
        BusPeer *peers;
        bool in_use; /* by a loop over the peers */
};

static BusPeer *peer_free(BusPeer *peer) {
        BusPeers *peers = peer->peers;

        if (peer->next)
                peer->next->previous = peer->previous;
        if (peer->previous)
                peer->previous->next = peer->next;
        else
                peers->peers = peer->next;
        if (!peers->peers && !peers->in_use)
                peers->vanished = sd_bus_slot_unref(peers->vanished);
        sd_bus_slot_unref(peer->credentials);
        user_name_call_free(peer->look_up);
        free(peer->unique_name);
        free(peer->user);
        free(peer);
        return NULL;
}

/* Each ticket leaves when it is told, and must not affect the others. */
static void peer_lose(BusPeer *peer, BusLoss loss) {
        peer->in_use = true;
        while (peer->tickets)
                peer->tickets->lost(peer->tickets, loss, peer->tickets->userdata);
        peer_free(peer);
}

static void lose_all(BusPeers *peers, BusLoss loss) {
        peers->in_use = true;
        for (BusPeer *peer = peers->peers, *next; peer; peer = next) {
                next = peer->next;
                peer_lose(peer, loss);
        }
        peers->in_use = false;
}

/* The oldest one: a caller's orders are carried out in the order of the calls. */
static BusTicket *find_waiting(BusPeer *peer, Fact fact) {
        BusTicket *first = NULL;

        for (BusTicket *ticket = peer->tickets; ticket; ticket = ticket->next)
                if (ticket->awaits == (int)fact)
                        first = ticket;
        return first;
}

/* A ticket may leave, or ask for the next fact, as soon as it is told, so search again for each. */
static void peer_tell(BusPeer *peer, Fact fact, int r) {
        BusTicket *ticket;

        peer->in_use = true;
        while ((ticket = find_waiting(peer, fact))) {
                ticket->awaits = FACT_NONE;
                ticket->ready(ticket, r, ticket->userdata);
        }
        peer->in_use = false;
        if (!peer->tickets)
                peer_free(peer);
}

static BusPeer *peer_find(BusPeers *peers, const char *unique_name) {
        for (BusPeer *peer = peers->peers; peer; peer = peer->next)
                if (!strcmp(peer->unique_name, unique_name))
                        return peer;
        return NULL;
}

static int on_vanished(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const char *name, *old_owner, *new_owner;
        BusPeers *peers = userdata;
        BusPeer *peer;

        (void)error;
        if (sd_bus_message_read(message, "sss", &name, &old_owner, &new_owner) < 0 || *new_owner)
                return 0;
        peer = peer_find(peers, name);
        if (peer)
                peer_lose(peer, BUS_LOSS_VANISHED);
        return 0;
}

/* Without the match we would not notice that a caller is gone, so no call is served. */
static int on_match_added(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        BusPeers *peers = userdata;

        (void)error;
        if (sd_bus_message_is_method_error(reply, NULL)) {
                lose_all(peers, BUS_LOSS_STOPPING);
                peers->vanished = sd_bus_slot_unref(peers->vanished);
        }
        return 0;
}

static int peer_new(BusPeers *peers, const char *unique_name, BusPeer **ret_peer) {
        BusPeer *peer;
        char *name;
        int r;

        if (!peers->vanished) {
                r = sd_bus_add_match_async(peers->bus, &peers->vanished, VANISHED_MATCH,
                        on_vanished, on_match_added, peers);
                if (r < 0)
                        return r;
        }
        peer = calloc(1, sizeof(*peer));
        name = strdup(unique_name);
        if (!peer || !name) {
                free(peer);
                free(name);
                return -ENOMEM;
        }
        peer->unique_name = name;
        peer->peers = peers;
        peer->uid = (uid_t)-1;
        peer->next = peers->peers;
        if (peer->next)
                peer->next->previous = peer;
        peers->peers = peer;
        *ret_peer = peer;
        return 0;
}

int bus_peers_new(sd_bus *bus, UserNames *names, BusPeers **ret_peers) {
        BusPeers *peers = calloc(1, sizeof(*peers));

        if (!peers)
                return -ENOMEM;
        peers->bus = sd_bus_ref(bus);
        peers->names = names;
        *ret_peers = peers;
        return 0;
}

BusPeers *bus_peers_free(BusPeers *peers) {
        if (!peers)
                return NULL;
        lose_all(peers, BUS_LOSS_STOPPING);
        sd_bus_slot_unref(peers->vanished);
        sd_bus_unref(peers->bus);
        free(peers);
        return NULL;
}

int bus_peer_join(BusPeers *peers, const char *unique_name, BusTicket *ticket) {
        BusPeer *peer = peer_find(peers, unique_name);
        int r;

        if (!peer) {
                r = peer_new(peers, unique_name, &peer);
                if (r < 0)
                        return r;
        }
        ticket->peer = peer;
        ticket->previous = NULL;
        ticket->next = peer->tickets;
        if (ticket->next)
                ticket->next->previous = ticket;
        peer->tickets = ticket;
        peer->n_tickets++;
        return 0;
}

void bus_peer_leave(BusTicket *ticket) {
        BusPeer *peer = TAKE_PTR(ticket->peer);

        if (!peer)
                return;
        if (ticket->next)
                ticket->next->previous = ticket->previous;
        if (ticket->previous)
                ticket->previous->next = ticket->next;
        else
                peer->tickets = ticket->next;
        peer->n_tickets--;
        if (!peer->tickets && !peer->in_use)
                peer_free(peer);
}

static int on_credentials(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        BusPeer *peer = userdata;
        uint32_t uid = (uint32_t)-1;
        int r;

        (void)error;
        peer->credentials = sd_bus_slot_unref(peer->credentials);
        if (sd_bus_message_is_method_error(reply, NULL))
                r = -sd_bus_message_get_errno(reply);
        else
                r = sd_bus_message_read(reply, "u", &uid);
        if (r >= 0 && uid == (uint32_t)-1)
                r = -EPROTO;
        if (r >= 0)
                peer->uid = uid;
        peer->uid_knowledge = r >= 0 ? KNOWN : UNKNOWN;
        peer_tell(peer, FACT_UID, r < 0 ? r : 0);
        return 0;
}

int bus_peer_ask_uid(BusTicket *ticket, BusTicketReady ready) {
        BusPeer *peer = ticket->peer;
        int r;

        if (peer->uid_knowledge == KNOWN)
                return BUS_PEER_E_KNOWN;
        if (peer->uid_knowledge == UNKNOWN) {
                _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;

                r = sd_bus_message_new_method_call(peer->peers->bus, &message, BUS_NAME, BUS_PATH,
                        BUS_INTERFACE, "GetConnectionUnixUser");
                if (r >= 0)
                        r = sd_bus_message_append(message, "s", peer->unique_name);
                if (r >= 0)
                        r = sd_bus_call_async(peer->peers->bus, &peer->credentials, message,
                                on_credentials, peer, CREDENTIALS_TIMEOUT_USEC);
                if (r < 0)
                        return r;
                peer->uid_knowledge = ASKED;
        }
        ticket->ready = ready;
        ticket->awaits = FACT_UID;
        return 0;
}

static void on_user(UserNameCall *call, const char *name, void *userdata) {
        BusPeer *peer = userdata;
        int r = 0;

        if (name) {
                peer->user = strdup(name);
                r = peer->user ? 0 : -ENOMEM;
        }
        peer->look_up = user_name_call_free(call);
        peer->user_knowledge = r < 0 ? UNKNOWN : KNOWN;
        peer_tell(peer, FACT_USER, r);
}

int bus_peer_ask_name(BusTicket *ticket, BusTicketReady ready) {
        BusPeer *peer = ticket->peer;
        int r;

        if (peer->user_knowledge == KNOWN)
                return BUS_PEER_E_KNOWN;
        if (peer->user_knowledge == UNKNOWN) {
                r = user_names_lookup(peer->peers->names, peer->uid, on_user, peer, &peer->look_up);
                if (r < 0)
                        return r;
                peer->user_knowledge = ASKED;
        }
        ticket->ready = ready;
        ticket->awaits = FACT_USER;
        return 0;
}

uid_t bus_peer_uid(const BusTicket *ticket) {
        return ticket->peer->uid;
}

const char *bus_peer_user(const BusTicket *ticket) {
        return ticket->peer->user;
}

const char *bus_peer_unique_name(const BusTicket *ticket) {
        return ticket->peer->unique_name;
}

bool bus_peer_may_go_on(const BusTicket *ticket) {
        size_t n_requests = 0;

        for (const BusPeer *peer = ticket->peer->peers->peers; peer; peer = peer->next)
                if (peer->uid == ticket->peer->uid)
                        n_requests += peer->n_tickets;
        return n_requests <= BUS_UID_REQUESTS_MAX;
}

static size_t count_questions(const BusPeer *peer) {
        size_t n_questions = 0;

        for (const BusTicket *ticket = peer->tickets; ticket; ticket = ticket->next)
                n_questions += ticket->has_question;
        return n_questions;
}

bool bus_peer_may_question(const BusTicket *ticket) {
        size_t n_questions = 0, n_of_uid = 0;

        for (const BusPeer *peer = ticket->peer->peers->peers; peer; peer = peer->next) {
                size_t n_of_peer = count_questions(peer);

                n_questions += n_of_peer;
                if (peer->uid == ticket->peer->uid)
                        n_of_uid += n_of_peer;
        }
        return n_questions < BUS_QUESTIONS_MAX && n_of_uid < BUS_UID_QUESTIONS_MAX;
}
