#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A store on a server that keeps answers back, and sends notices when the case says so.
 */

#include "fake-redis.h"
#include "store-fixture.h"

#define CHANNEL "$20\r\n__redis__:invalidate\r\n"
#define PREFIX  "authtoken:default:u:"

#define N_ASKED 4u

typedef struct Conductor {
        StoreFixture *fixture;
        FakeRedis fake;
        int commands, notices; /* their connections; -1: not known yet */
        bool keep_back;        /* what is asked of users from now on */
        bool keep_tracking;    /* the answer to CLIENT TRACKING */
        bool divided;          /* the two connections end at two servers */
        unsigned int n_subscriptions;
        unsigned int n_kept;
        unsigned int n_missed;
        char asked[N_ASKED][32]; /* whose states were kept back */
        unsigned int n_asked, n_answered;
        char changed[256];
} Conductor;

/**
 * conductor_setup() - a store that watches
 * @state:      receives a Conductor
 *
 * Return: 0.
 */
int conductor_setup(void **state);

/**
 * conductor_teardown() - end and remove it
 * @state:      from conductor_setup()
 *
 * Return: 0.
 */
int conductor_teardown(void **state);

/**
 * conductor_say() - let the server say something
 * @peer:       to whom
 * @text:       in the protocol of Redis
 */
void conductor_say(FakePeer *peer, const char *text);

/**
 * conductor_peer() - one of the store's connections
 * @conductor:  any
 * @fd:         Conductor.commands or .notices
 */
FakePeer *conductor_peer(Conductor *conductor, int fd);

/**
 * conductor_is_watching() - whether the store is told of changes
 * @conductor:  any
 */
bool conductor_is_watching(Conductor *conductor);

/**
 * conductor_wait_watching() - run until the store is told of changes, or is not
 * @conductor:  any
 * @watching:   which
 */
void conductor_wait_watching(Conductor *conductor, bool watching);

/**
 * conductor_notify_key() - tell of a change
 * @conductor:  that watches
 * @key:        a whole one
 * @size:       of @key
 */
void conductor_notify_key(Conductor *conductor, const char *key, size_t size);

/**
 * conductor_notify() - the same of a user, and run until the store has dealt with it
 * @conductor:  that watches
 * @user:       any
 */
void conductor_notify(Conductor *conductor, const char *user);
