/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "common/jitter.h"
#include "daemon/store/redis-connection.h"
#include "daemon/store/redis-login.h"
#include "daemon/store/redis-sentinel.h"
#include "daemon/store/sentinel-vote.h"
#include "daemon/store/store-config.h"
#include "daemon/store/user-store.h"

#define ASK_EVERY_USEC      UINT64_C(1000000)
#define HURRY_USEC          UINT64_C(250000)
#define KNOWN_USEC          UINT64_C(3000000) /* what was said longer ago may have changed */
#define REFUTED_USEC        UINT64_C(3000000)
#define TIMEOUT_MAX_USEC    UINT64_C(1000000)
#define TIMER_ACCURACY_USEC UINT64_C(10000)
#define REPLY_MAX           16384u
#define CLIENT_NAME         "authtokend-sentinel"
#define MASTER_QUESTION     "GET-MASTER-ADDR-BY-NAME"

/* One of the sentinels. */
typedef struct Peer {
        RedisSentinel *owner;
        RedisAddress address;
        RedisConnection *connection;
        uint64_t heard_usec; /* CLOCK_MONOTONIC; 0: never */
        uint64_t refuted_until_usec;
        bool asking, asking_epoch, has_epoch;
        char told[STORE_MESSAGE_MAX]; /* what was said last of what is wrong with it */
} Peer;

struct RedisSentinel {
        sd_event *event;
        sd_event_source *timer_source;
        RedisSentinelEvents events;
        RedisLogin *login;
        char *name;
        bool allow_plaintext;
        Peer peers[REDIS_SENTINELS_MAX];
        SentinelVote votes[REDIS_SENTINELS_MAX]; /* of @peers */
        size_t n_peers;
        RedisAddress master; /* with an empty text: none yet */
        uint64_t epoch;      /* of its election */
        uint64_t started_usec;
        bool hurried, alone; /* no sentinel answers */
};

static uint64_t now_usec(const RedisSentinel *sentinel) {
        uint64_t now = 0;

        (void)sd_event_now(sentinel->event, CLOCK_MONOTONIC, &now);
        return now;
}

static SentinelVote *vote_of(Peer *peer) {
        return &peer->owner->votes[peer - peer->owner->peers];
}

static const RedisAddress *master_of(const RedisSentinel *sentinel) {
        return sentinel->master.text[0] ? &sentinel->master : NULL;
}

/* Reports each fault once, and once that all is well again. */
static void tell_of_peer(Peer *peer, int priority, const char *what) {
        RedisSentinel *sentinel = peer->owner;
        char text[STORE_MESSAGE_MAX + REDIS_ADDRESS_TEXT_MAX];

        if (strcmp(peer->told, what) == 0)
                return;
        snprintf(peer->told, sizeof(peer->told), "%s", what);
        snprintf(text, sizeof(text), "sentinel %s: %s", peer->address.text, what);
        sentinel->events.tell(priority, text, sentinel->events.userdata);
}

static void tell_alone(RedisSentinel *sentinel, bool alone) {
        char text[STORE_MESSAGE_MAX];

        if (sentinel->alone == alone)
                return;
        sentinel->alone = alone;
        if (!alone)
                return;
        if (master_of(sentinel))
                snprintf(text, sizeof(text), "no sentinel answers; %s stays the master",
                        sentinel->master.text);
        else
                snprintf(text, sizeof(text), "no sentinel answers; the master is not known");
        sentinel->events.tell(LOG_ERR, text, sentinel->events.userdata);
}

static void follow(RedisSentinel *sentinel, const SentinelVote *vote) {
        char text[STORE_MESSAGE_MAX];

        if (strcmp(sentinel->master.text, vote->master.text) == 0) {
                if (vote->epoch > sentinel->epoch)
                        sentinel->epoch = vote->epoch;
                return;
        }
        sentinel->epoch = vote->epoch;
        snprintf(text, sizeof(text), "sentinels: the master is %s", vote->master.text);
        sentinel->master = vote->master;
        sentinel->events.tell(LOG_NOTICE, text, sentinel->events.userdata);
        sentinel->events.master(&sentinel->master, sentinel->events.userdata);
}

static void decide(RedisSentinel *sentinel) {
        uint64_t now = now_usec(sentinel);
        const SentinelVote *vote;
        bool alone = true;

        for (size_t i = 0; i < sentinel->n_peers; i++) {
                Peer *peer = &sentinel->peers[i];
                SentinelVote *own = vote_of(peer);

                own->known = own->known && now < peer->heard_usec + KNOWN_USEC;
                own->refuted = now < peer->refuted_until_usec;
                alone = alone && !own->known;
        }
        vote = sentinel_vote_choose(
                sentinel->votes, sentinel->n_peers, master_of(sentinel), sentinel->epoch);
        if (vote)
                follow(sentinel, vote);
        /* At the start no answer is missing yet: the sentinels need time. */
        if (!alone || now > sentinel->started_usec + KNOWN_USEC)
                tell_alone(sentinel, alone);
}

static void on_greeting(int r, const redisReply *reply, void *userdata);

static void on_epoch(int r, const redisReply *reply, void *userdata) {
        Peer *peer = userdata;

        peer->asking_epoch = false;
        if (r != 0 || sentinel_vote_read_epoch(reply, &vote_of(peer)->epoch) != 0)
                return;
        peer->has_epoch = true;
        decide(peer->owner);
}

static int send_command(Peer *peer, const char *what, RedisReplyDone done) {
        const char *argv[] = { "SENTINEL", what, peer->owner->name };
        const RedisCommand command = {
                .argc = ARRAY_SIZE(argv),
                .argv = argv,
                .reply_max = REPLY_MAX,
                .done = done,
                .userdata = peer,
        };

        return done == on_greeting ? redis_connection_greet(peer->connection, &command)
                                   : redis_connection_send(peer->connection, &command);
}

/* Only where it matters: ten thousand hosts ask each sentinel every second. */
static void ask_epoch(Peer *peer) {
        RedisSentinel *sentinel = peer->owner;

        if (peer->has_epoch && sentinel_vote_agree(sentinel->votes, sentinel->n_peers))
                return;
        if (!peer->asking_epoch)
                peer->asking_epoch = send_command(peer, "MASTER", on_epoch) == 0;
}

static void take_vote(Peer *peer, const RedisAddress *master) {
        SentinelVote *vote = vote_of(peer);

        if (!vote->known || strcmp(vote->master.text, master->text) != 0) {
                vote->epoch = 0;
                peer->has_epoch = false;
                peer->refuted_until_usec = 0;
        }
        vote->master = *master;
        vote->known = true;
        peer->heard_usec = now_usec(peer->owner);
        if (peer->told[0]) {
                tell_of_peer(peer, LOG_NOTICE, "answers again");
                peer->told[0] = '\0';
        }
        ask_epoch(peer);
        decide(peer->owner);
}

static void on_master(int r, const redisReply *reply, void *userdata) {
        Peer *peer = userdata;
        RedisAddress master;

        peer->asking = false;
        if (r != 0)
                return;
        switch (sentinel_vote_read_master(reply, peer->owner->allow_plaintext, &master)) {
        case 0:
                take_vote(peer, &master);
                return;
        case SENTINEL_VOTE_E_NONE:
                tell_of_peer(peer, LOG_ERR, "knows no master of this SentinelName=");
                break;
        case SENTINEL_VOTE_E_PLAINTEXT:
                tell_of_peer(peer, LOG_ERR,
                        "names a master on another host; the way there is not encrypted "
                        "(AllowPlaintext=)");
                break;
        default:
                tell_of_peer(peer, LOG_ERR, "its answer is not the IP address of a master");
                break;
        }
        vote_of(peer)->known = false;
}

/* A sentinel that refuses our login is tried again with back-off, as one that is not there. */
static void on_greeting(int r, const redisReply *reply, void *userdata) {
        Peer *peer = userdata;

        if (r == 0)
                redis_connection_ready(peer->connection);
        on_master(r, reply, peer);
}

static void ask(Peer *peer) {
        if (!peer->asking)
                peer->asking = send_command(peer, MASTER_QUESTION, on_master) == 0;
}

/* A fifth of it is random, so that a fleet does not ask at one moment. */
static uint64_t delay_usec(const RedisSentinel *sentinel) {
        uint64_t most = sentinel->hurried ? HURRY_USEC : ASK_EVERY_USEC;

        return most - jitter_below(most / 5);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        RedisSentinel *sentinel = userdata;

        (void)usec;
        for (size_t i = 0; i < sentinel->n_peers; i++)
                ask(&sentinel->peers[i]);
        decide(sentinel);
        (void)sd_event_source_set_time_relative(source, delay_usec(sentinel));
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static void on_connected(RedisConnection *connection, void *userdata) {
        Peer *peer = userdata;

        redis_login_start(peer->owner->login, connection, CLIENT_NAME);
        peer->asking = send_command(peer, MASTER_QUESTION, on_greeting) == 0;
        if (!peer->asking)
                redis_connection_refuse(connection, strerror(ENOMEM));
}

static void on_lost(bool was_ready, const char *why, void *userdata) {
        (void)was_ready;
        tell_of_peer(userdata, LOG_WARNING, why);
}

static int add_peer(RedisSentinel *sentinel, const RedisAddress *address, uint64_t timeout_usec) {
        Peer *peer = &sentinel->peers[sentinel->n_peers];
        const RedisConnectionEvents events = {
                .connected = on_connected, .lost = on_lost, .userdata = peer
        };

        peer->owner = sentinel;
        peer->address = *address;
        sentinel->n_peers++;
        return redis_connection_new(
                sentinel->event, address, timeout_usec, &events, &peer->connection);
}

static int add_peers(RedisSentinel *sentinel, const StoreConfig *config) {
        uint64_t timeout_usec =
                config->timeout_usec < TIMEOUT_MAX_USEC ? config->timeout_usec : TIMEOUT_MAX_USEC;
        RedisAddress addresses[REDIS_SENTINELS_MAX];
        size_t n;
        int r = 0;

        if (redis_addresses_parse(config->sentinels, config->allow_plaintext, addresses, &n))
                return -EINVAL;
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = add_peer(sentinel, &addresses[i], timeout_usec);
        return r;
}

int redis_sentinel_new(const StoreConfig *config, sd_event *event,
        const RedisSentinelEvents *events, RedisSentinel **ret_sentinel) {
        _cleanup_(redis_sentinel_freep) RedisSentinel *sentinel = calloc(1, sizeof(*sentinel));
        int r;

        if (!sentinel)
                return -ENOMEM;
        sentinel->event = sd_event_ref(event);
        sentinel->events = *events;
        sentinel->allow_plaintext = config->allow_plaintext;
        sentinel->hurried = true;
        sentinel->started_usec = now_usec(sentinel);
        sentinel->name = strdup(config->sentinel_name);
        if (!sentinel->name)
                return -ENOMEM;
        r = redis_login_new(&(RedisCredentials){ .username = config->sentinel_username,
                                    .password = config->sentinel_password },
                &sentinel->login);
        if (r >= 0)
                r = add_peers(sentinel, config);
        if (r >= 0)
                r = sd_event_add_time_relative(event, &sentinel->timer_source, CLOCK_MONOTONIC,
                        HURRY_USEC, TIMER_ACCURACY_USEC, on_timer, sentinel);
        if (r < 0)
                return r;
        (void)sd_event_source_set_description(sentinel->timer_source, "redis-sentinel");
        *ret_sentinel = TAKE_PTR(sentinel);
        return 0;
}

RedisSentinel *redis_sentinel_free(RedisSentinel *sentinel) {
        if (!sentinel)
                return NULL;
        for (size_t i = 0; i < sentinel->n_peers; i++)
                redis_connection_free(sentinel->peers[i].connection);
        redis_login_free(sentinel->login);
        sd_event_source_disable_unref(sentinel->timer_source);
        sd_event_unref(sentinel->event);
        free(sentinel->name);
        free(sentinel);
        return NULL;
}

static void hurry(RedisSentinel *sentinel, bool hurried) {
        if (sentinel->hurried == hurried)
                return;
        sentinel->hurried = hurried;
        if (hurried)
                (void)sd_event_source_set_time_relative(sentinel->timer_source, 0);
}

void redis_sentinel_refute(RedisSentinel *sentinel) {
        uint64_t until_usec = now_usec(sentinel) + REFUTED_USEC;

        for (size_t i = 0; i < sentinel->n_peers; i++)
                if (sentinel->votes[i].known &&
                        strcmp(sentinel->votes[i].master.text, sentinel->master.text) == 0)
                        sentinel->peers[i].refuted_until_usec = until_usec;
        hurry(sentinel, true);
}

void redis_sentinel_confirm(RedisSentinel *sentinel) {
        hurry(sentinel, false);
}
