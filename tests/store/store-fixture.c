/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/secret.h"
#include "daemon/store/store-scan.h"
#include "daemon/token/key.h"
#include "store-fixture.h"

#define DEADLINE_USEC UINT64_C(60000000)

static void on_notice(int priority, const char *message, void *userdata) {
        StoreFixture *fixture = userdata;
        size_t used = strlen(fixture->notices);

        (void)priority;
        snprintf(fixture->notices + used, sizeof(fixture->notices) - used, "%s\n", message);
}

int store_fixture_open(StoreFixture *fixture) {
        return user_store_new(
                &fixture->config, fixture->event, on_notice, fixture, &fixture->store);
}

void store_fixture_reopen(StoreFixture *fixture) {
        fixture->store = user_store_free(fixture->store);
        assert_int_equal(store_fixture_open(fixture), 0);
}

void store_fixture_new(StoreType type, StoreFixture **ret_fixture) {
        StoreFixture *fixture = calloc(1, sizeof(*fixture));

        assert_non_null(fixture);
        snprintf(fixture->directory, sizeof(fixture->directory), "/tmp/test-store-XXXXXX");
        assert_non_null(mkdtemp(fixture->directory));
        assert_true(sd_event_new(&fixture->event) >= 0);
        snprintf(fixture->path, sizeof(fixture->path), "%s/state.db", fixture->directory);
        if (type == STORE_REDIS) {
                snprintf(fixture->server.directory, sizeof(fixture->server.directory), "%s",
                        fixture->directory);
                redis_server_start(&fixture->server);
                snprintf(fixture->address, sizeof(fixture->address), "unix:%s",
                        fixture->server.socket);
        }
        fixture->config = (StoreConfig){ .type = type,
                .path = fixture->path,
                .address = fixture->address,
                .username = type == STORE_REDIS ? REDIS_SERVER_LOGIN : NULL,
                .password = type == STORE_REDIS ? REDIS_SERVER_PASSWORD : NULL,
                .prefix = "authtoken",
                .tenant = type == STORE_REDIS ? "default" : NULL,
                .timeout_usec = 5000000 };
        assert_int_equal(store_fixture_open(fixture), 0);
        *ret_fixture = fixture;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at) {
        (void)st;
        (void)type;
        (void)at;
        return remove(path);
}

void store_fixture_free(StoreFixture *fixture) {
        if (!fixture)
                return;
        user_store_free(fixture->store);
        for (size_t i = 0; i < FIXTURE_LOADED; i++)
                user_state_unref(fixture->loaded[i]);
        sd_event_unref(fixture->event);
        redis_server_kill(&fixture->server);
        nftw(fixture->directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
        free(fixture);
}

static uint64_t now_usec(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void store_fixture_run(StoreFixture *fixture, const bool *flag) {
        uint64_t give_up_usec = now_usec() + DEADLINE_USEC;

        while (!*flag) {
                assert_true(sd_event_run(fixture->event, 100000) >= 0);
                if (now_usec() > give_up_usec)
                        fail_msg("nothing happened; notices:\n%s", fixture->notices);
        }
}

void store_fixture_turn(StoreFixture *fixture, uint64_t usec) {
        assert_true(sd_event_run(fixture->event, usec) >= 0);
}

void store_fixture_wait_online(StoreFixture *fixture, bool online) {
        uint64_t give_up_usec = now_usec() + DEADLINE_USEC;
        StoreHealth health;

        for (;;) {
                user_store_health(fixture->store, &health);
                if (health.online == online)
                        return;
                store_fixture_turn(fixture, 100000);
                if (now_usec() > give_up_usec)
                        fail_msg("waited for online=%d: %s", online, health.message);
        }
}

bool store_fixture_told(const StoreFixture *fixture, const char *text) {
        return strstr(fixture->notices, text);
}

typedef struct Waiter {
        bool done;
        int r;
        UserState *state;
        char *text;
        size_t size;
} Waiter;

static void on_loaded(StoreCall *call, int r, UserState *state, void *userdata) {
        (void)call;
        *(Waiter *)userdata = (Waiter){ .done = true, .r = r, .state = state };
}

void fixture_own(StoreFixture *fixture, UserState **state) {
        UserState **place = &fixture->loaded[fixture->n_loaded++ % FIXTURE_LOADED];

        user_state_unref(*place);
        *place = *state;
        assert_int_equal(user_state_copy(*place, state), 0);
}

static bool is_same(const UserState *a, const UserState *b) {
        return a->version.incarnation == b->version.incarnation &&
               a->version.counter == b->version.counter && !strcmp(a->user, b->user);
}

int fixture_start_commit(StoreFixture *fixture, const UserState *state, StoreCommitDone done,
        void *userdata, StoreCall **ret_call) {
        _cleanup_(user_state_unrefp) UserState *before = NULL, *after = NULL;

        assert_int_equal(user_state_copy(state, &after), 0);
        for (size_t i = 0; state->version.incarnation && !before && i < FIXTURE_LOADED; i++)
                if (fixture->loaded[i] && is_same(fixture->loaded[i], state))
                        before = user_state_ref(fixture->loaded[i]);
        if (!before) {
                assert_int_equal(user_state_new(state->tenant, state->user, &before), 0);
                before->version = state->version;
        }
        return user_store_commit(fixture->store,
                (StoreCommit){ .before = before, .after = after, .guard = fixture->guard }, done,
                userdata, ret_call);
}

int fixture_load(StoreFixture *fixture, const char *user, UserState **ret_state) {
        Waiter waiter = { 0 };
        StoreCall *call;
        int r;

        *ret_state = NULL;
        r = user_store_load(
                fixture->store, (StoreName){ "default", user }, on_loaded, &waiter, &call);
        if (r < 0)
                return r;
        assert_false(waiter.done);
        store_fixture_run(fixture, &waiter.done);
        assert_true((waiter.r == 0) == (waiter.state != NULL));
        if (waiter.state)
                fixture_own(fixture, &waiter.state);
        *ret_state = waiter.state;
        return waiter.r;
}

static void on_committed(StoreCall *call, int r, UserState *state, void *userdata) {
        (void)call;
        user_state_unref(state);
        *(Waiter *)userdata = (Waiter){ .done = true, .r = r };
}

int fixture_commit(StoreFixture *fixture, const UserState *state) {
        Waiter waiter = { 0 };
        StoreCall *call;
        int r;

        r = fixture_start_commit(fixture, state, on_committed, &waiter, &call);
        if (r < 0)
                return r;
        assert_false(waiter.done);
        store_fixture_run(fixture, &waiter.done);
        return waiter.r;
}

static void on_found(StoreCall *call, int r, const char *user, void *userdata) {
        Waiter *waiter = userdata;

        (void)call;
        waiter->done = true;
        waiter->r = r;
        snprintf(waiter->text, waiter->size, "%s", STRING_OR_EMPTY(user));
}

int fixture_find(StoreFixture *fixture, const char *sid, char user[64]) {
        Waiter waiter = { .text = user, .size = 64 };
        StoreCall *call;

        assert_int_equal(user_store_find_sid(fixture->store, (StoreName){ "default", sid },
                                 on_found, &waiter, &call),
                0);
        assert_false(waiter.done);
        store_fixture_run(fixture, &waiter.done);
        return waiter.r;
}

typedef struct Walk {
        Waiter waiter;
        size_t used;
        char *next; /* where the next page begins; owned */
} Walk;

static void on_page(StoreCall *call, int r, const StorePage *page, void *userdata) {
        Walk *walk = userdata;
        Waiter *waiter = &walk->waiter;

        (void)call;
        waiter->done = true;
        waiter->r = r;
        for (size_t i = 0; i < page->n_users; i++)
                walk->used += (size_t)snprintf(waiter->text + walk->used, waiter->size - walk->used,
                        "%s,", page->users[i]);
        walk->next = page->next ? strdup(page->next) : NULL;
        if (page->lost)
                snprintf(waiter->text + walk->used, waiter->size - walk->used, "lost");
}

int fixture_list(StoreFixture *fixture, const char *tenant, char *names, size_t size) {
        Walk walk = { .waiter = { .text = names, .size = size } };
        _cleanup_(freep) char *from = NULL;
        StoreCall *call;

        *names = '\0';
        do {
                walk.waiter.done = false;
                assert_int_equal(user_store_scan(fixture->store,
                                         &(StoreScan){ .tenant = tenant, .from = from }, on_page,
                                         &walk, &call),
                        0);
                assert_false(walk.waiter.done);
                store_fixture_run(fixture, &walk.waiter.done);
                free(from);
                from = walk.next;
        } while (from);
        return walk.waiter.r;
}

const char *fixture_sid(unsigned int number) {
        static char sid[SID_SIZE + 1];

        snprintf(sid, sizeof(sid), "%010u00000000000A", number);
        return sid;
}

const char *fixture_owner(unsigned int number) {
        static char owner[SID_OWNER_SIZE + 1];

        snprintf(owner, sizeof(owner), "%010u", number);
        return owner;
}

void fixture_name_session(Session *session, const char *user) {
        char bytes[33] = { 1, 2, 3 };
        const Secret secret = { .size = 32, .data = bytes };
        const KeySource source = { .kid = "fleet",
                .algorithm = algorithm_find("HS256"),
                .secret = &secret,
                .may_sign = true };
        _cleanup_(key_freep) Key *key = NULL;

        assert_int_equal(key_new(&source, &key), 0);
        assert_int_equal(sid_generate_for(key, "default", user, session->sid), 0);
}

uint64_t fixture_now_sec(void) {
        return (uint64_t)time(NULL);
}

Session *fixture_session(unsigned int number) {
        Session *session = calloc(1, sizeof(*session));
        uint64_t now_sec = fixture_now_sec();

        assert_non_null(session);
        memcpy(session->sid, fixture_sid(number), SID_SIZE);
        session->generation = 1;
        session->created_at_sec = now_sec;
        session->issued_at_sec = now_sec;
        session->token_end_sec = now_sec + 900;
        session->expires_at_sec = now_sec + 86400;
        return session;
}

void fixture_store_user(StoreFixture *fixture, const char *user, unsigned int number) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;

        assert_int_equal(user_state_new("default", user, &state), 0);
        assert_int_equal(user_state_add(state, fixture_session(number)), 0);
        assert_int_equal(fixture_commit(fixture, state), 0);
}
