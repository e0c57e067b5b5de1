/* SPDX-License-Identifier: MIT */

/*
 * Notices and replies come on two connections, in any order. What memory then says of a user must be what is stored:
 * every order of a load, a commit and a notice, by a server that the case conducts.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "fake-redis.h"
#include "store-fixture.h"
#include "daemon/session/state-fields.h"
#include "daemon/session/user-state.h"
#include "daemon/store/store-watch.h"

#define CHANNEL "$20\r\n__redis__:invalidate\r\n"
#define PREFIX  "authtoken:default:u:"

/* A store on a server that keeps answers back. */
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

static void say(FakePeer *peer, const char *text) {
        fake_redis_send(peer, text, strlen(text));
}

static FakePeer *peer_of(Conductor *conductor, int fd) {
        for (FakePeer *peer = conductor->fake.peers; peer; peer = peer->next)
                if (peer->fd == fd)
                        return peer;
        fail_msg("there is no such connection");
        return NULL;
}

static bool is(const redisReply *command, size_t at, const char *word) {
        return command->elements > at && !strcmp(command->element[at]->str, word);
}

/* Each connection says INFO server once, the one for notices behind CLIENT ID. */
static bool tell_server(FakePeer *peer, const redisReply *command, Conductor *conductor) {
        static int told_id = -1;
        char text[96];

        if (is(command, 0, "CLIENT") && is(command, 1, "ID"))
                told_id = peer->fd;
        if (!is(command, 0, "INFO") || !is(command, 1, "server"))
                return false;
        snprintf(text, sizeof(text), "$49\r\nrun_id:%040d\r\n\r\n",
                conductor->divided && peer->fd == told_id);
        say(peer, text);
        return true;
}

static bool on_command(FakePeer *peer, const redisReply *command, void *userdata) {
        Conductor *conductor = userdata;

        if (tell_server(peer, command, conductor)) {
                return true;
        } else if (is(command, 0, "CLIENT") && is(command, 1, "ID")) {
                say(peer, ":7\r\n");
        } else if (is(command, 0, "SUBSCRIBE")) {
                conductor->notices = peer->fd;
                conductor->n_subscriptions++;
                say(peer, "*3\r\n$9\r\nsubscribe\r\n" CHANNEL ":1\r\n");
        } else if (is(command, 0, "PING")) {
                say(peer, "*2\r\n$4\r\npong\r\n$0\r\n\r\n");
        } else if (is(command, 1, "TRACKING") && is(command, 2, "ON") && conductor->keep_tracking) {
                conductor->n_kept++;
        } else if (is(command, 0, "HGETALL") && conductor->keep_back) {
                conductor->commands = peer->fd;
                snprintf(conductor->asked[conductor->n_asked++ % N_ASKED],
                        sizeof(*conductor->asked), "%s", command->element[1]->str + strlen(PREFIX));
                conductor->n_kept++;
        } else {
                return false;
        }
        return true;
}

static void on_changed(const char *tenant, const char *user, void *userdata) {
        Conductor *conductor = userdata;
        size_t size = strlen(conductor->changed);

        (void)tenant;
        snprintf(conductor->changed + size, sizeof(conductor->changed) - size, "%s ", user);
}

static void on_missed(void *userdata) {
        ((Conductor *)userdata)->n_missed++;
}

static bool is_watching(Conductor *conductor) {
        StoreHealth health;

        user_store_health(conductor->fixture->store, &health);
        return health.watching;
}

static void wait_watching(Conductor *conductor, bool watching) {
        for (unsigned int i = 0; i < 1000 && is_watching(conductor) != watching; i++)
                store_fixture_turn(conductor->fixture, 10000);
        assert_int_equal(is_watching(conductor), watching);
}

static int setup(void **state) {
        Conductor *conductor = calloc(1, sizeof(*conductor));
        StoreFixture *fixture;

        assert_non_null(conductor);
        conductor->fake.answer = on_command;
        conductor->fake.userdata = conductor;
        fake_redis_fixture_new(&conductor->fake, &fixture);
        conductor->fixture = fixture;
        fixture->config.tenant = "default";
        assert_int_equal(store_fixture_open(fixture), 0);
        user_store_watch(fixture->store, &(StoreWatcher){ on_changed, on_missed, conductor });
        wait_watching(conductor, true);
        *state = conductor;
        return 0;
}

static int teardown(void **state) {
        Conductor *conductor = *state;

        fake_redis_fixture_free(&conductor->fake, conductor->fixture);
        free(conductor);
        return 0;
}

static bool knows(Conductor *conductor, const char *user) {
        const UserState *state;

        return user_store_peek(conductor->fixture->store, "default", user, &state) == 0;
}

static void on_loaded(StoreCall *call, int r, UserState *state, void *userdata) {
        (void)call;
        assert_int_equal(r, 0);
        user_state_unref(state);
        *(bool *)userdata = true;
}

/* Until the server has the question. */
static void ask(Conductor *conductor, const char *user, bool *ret_answered) {
        unsigned int n_kept = conductor->n_kept;
        StoreCall *call;

        *ret_answered = false;
        assert_int_equal(user_store_load(conductor->fixture->store, (StoreName){ "default", user },
                                 on_loaded, ret_answered, &call),
                0);
        while (conductor->keep_back && conductor->n_kept == n_kept)
                store_fixture_turn(conductor->fixture, 10000);
}

/* With a state of which nothing is known but whose it is: that there is none would be asked once more. */
static void answer(Conductor *conductor, const bool *answered) {
        const char *user = conductor->asked[conductor->n_answered++ % N_ASKED];
        char version[STATE_VERSION_SIZE + 1], text[96];
        StateVersion made;

        state_version_make(&(StateVersion){ 0 }, "default", user, 1, &made);
        state_version_format(&made, version);
        snprintf(text, sizeof(text), "*2\r\n$1\r\nv\r\n$%zu\r\n%s\r\n", strlen(version), version);
        say(peer_of(conductor, conductor->commands), text);
        store_fixture_run(conductor->fixture, answered);
}

/* @key: a whole one, of @size bytes. */
static void notify_key(Conductor *conductor, const char *key, size_t size) {
        char head[96];

        snprintf(head, sizeof(head), "*3\r\n$7\r\nmessage\r\n" CHANNEL "*1\r\n$%zu\r\n", size);
        say(peer_of(conductor, conductor->notices), head);
        fake_redis_send(peer_of(conductor, conductor->notices), key, size);
        say(peer_of(conductor, conductor->notices), "\r\n");
}

/* Until the store has dealt with it. */
static void notify(Conductor *conductor, const char *user) {
        char key[96];

        snprintf(key, sizeof(key), PREFIX "%s", user);
        conductor->changed[0] = '\0';
        notify_key(conductor, key, strlen(key));
        while (!conductor->changed[0])
                store_fixture_turn(conductor->fixture, 10000);
}

static void a_reply_without_a_notice_is_known(void **state) {
        Conductor *conductor = *state;
        bool answered;

        conductor->keep_back = true;
        ask(conductor, "alice", &answered);
        answer(conductor, &answered);
        assert_true(knows(conductor, "alice"));
}

static void a_notice_before_the_reply_makes_it_doubtful(void **state) {
        Conductor *conductor = *state;
        bool answered;

        conductor->keep_back = true;
        ask(conductor, "alice", &answered);
        notify(conductor, "alice");
        answer(conductor, &answered);
        assert_false(knows(conductor, "alice"));
}

static void a_notice_after_the_reply_makes_it_doubtful(void **state) {
        Conductor *conductor = *state;
        bool answered;

        conductor->keep_back = true;
        ask(conductor, "alice", &answered);
        answer(conductor, &answered);
        notify(conductor, "alice");
        assert_false(knows(conductor, "alice"));
}

static void of_two_loads_only_the_one_after_the_notice_counts(void **state) {
        Conductor *conductor = *state;
        bool first, second;

        conductor->keep_back = true;
        ask(conductor, "alice", &first);
        notify(conductor, "alice");
        ask(conductor, "alice", &second);
        answer(conductor, &first);
        assert_false(knows(conductor, "alice"));
        answer(conductor, &second);
        assert_true(knows(conductor, "alice"));
}

static void a_late_reply_does_not_undo_the_doubt(void **state) {
        Conductor *conductor = *state;
        bool first, second;

        conductor->keep_back = true;
        ask(conductor, "alice", &first);
        ask(conductor, "alice", &second);
        answer(conductor, &first);
        assert_true(knows(conductor, "alice"));
        notify(conductor, "alice");
        answer(conductor, &second);
        assert_false(knows(conductor, "alice"));
}

static void another_users_notice_changes_nothing(void **state) {
        Conductor *conductor = *state;
        bool answered;

        conductor->keep_back = true;
        ask(conductor, "alice", &answered);
        notify(conductor, "bob");
        answer(conductor, &answered);
        assert_true(knows(conductor, "alice"));
}

static void a_flush_makes_everything_doubtful(void **state) {
        Conductor *conductor = *state;
        unsigned int n_missed = conductor->n_missed;
        bool known, answered;

        conductor->keep_back = true;
        ask(conductor, "alice", &known);
        answer(conductor, &known);
        ask(conductor, "bob", &answered);
        say(peer_of(conductor, conductor->notices), "*3\r\n$7\r\nmessage\r\n" CHANNEL "$-1\r\n");
        while (conductor->n_missed == n_missed)
                store_fixture_turn(conductor->fixture, 10000);
        answer(conductor, &answered);
        assert_false(knows(conductor, "alice"));
        assert_false(knows(conductor, "bob"));
}

static void what_was_asked_before_notices_begin_does_not_count(void **state) {
        Conductor *conductor = *state;
        bool answered;

        conductor->keep_tracking = true;
        fake_redis_hang_up(peer_of(conductor, conductor->notices));
        wait_watching(conductor, false);
        conductor->n_kept = 0;
        while (conductor->n_kept == 0)
                store_fixture_turn(conductor->fixture, 10000);
        conductor->keep_back = true;
        ask(conductor, "alice", &answered);
        say(peer_of(conductor, conductor->commands), "+OK\r\n");
        wait_watching(conductor, true);
        answer(conductor, &answered);
        assert_false(knows(conductor, "alice"));
}

static void what_was_known_before_a_gap_is_not_known_after_it(void **state) {
        Conductor *conductor = *state;
        bool answered;

        conductor->keep_back = true;
        ask(conductor, "alice", &answered);
        answer(conductor, &answered);
        fake_redis_hang_up(peer_of(conductor, conductor->notices));
        wait_watching(conductor, false);
        assert_false(knows(conductor, "alice"));
        wait_watching(conductor, true);
        assert_false(knows(conductor, "alice"));
}

static void a_reply_over_the_gap_does_not_count(void **state) {
        Conductor *conductor = *state;
        bool answered;

        conductor->keep_back = true;
        ask(conductor, "alice", &answered);
        fake_redis_hang_up(peer_of(conductor, conductor->notices));
        wait_watching(conductor, false);
        /* Its own commands come after what is kept back. */
        say(peer_of(conductor, conductor->commands), "*0\r\n");
        wait_watching(conductor, true);
        assert_true(answered);
        assert_false(knows(conductor, "alice"));
}

static void two_servers_behind_one_address_are_found_out(void **state) {
        Conductor *conductor = *state;
        unsigned int n_subscriptions = conductor->n_subscriptions;

        conductor->divided = true;
        fake_redis_hang_up(peer_of(conductor, conductor->notices));
        while (conductor->n_subscriptions < n_subscriptions + 2) {
                store_fixture_turn(conductor->fixture, 10000);
                assert_true(
                        conductor->n_subscriptions == n_subscriptions || !is_watching(conductor));
        }
        conductor->divided = false;
        wait_watching(conductor, true);
}

static void keys_that_are_no_users_are_passed_over(void **state) {
        static const struct {
                const char *key;
                size_t size;
        } keys[] = {
                { "", 0 },
                { "x", 1 },
                { PREFIX, sizeof(PREFIX) - 1 },
                { "authtoken:default:users", 23 },
                { "authtoken:default:u", 19 },
                { "authtoken:other:u:alice", 23 },
                { PREFIX "al\0ice", sizeof(PREFIX) + 5 },
                { PREFIX "al\nice", sizeof(PREFIX) + 5 },
                { PREFIX "a:b", sizeof(PREFIX) + 2 },
                { PREFIX "\xff\xfe", sizeof(PREFIX) + 1 },
        };
        Conductor *conductor = *state;

        for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
                notify_key(conductor, keys[i].key, keys[i].size);
        notify(conductor, "last");
        assert_string_equal(conductor->changed, "last ");
        assert_true(is_watching(conductor));
}

static void a_message_that_is_no_notice_is_passed_over(void **state) {
        static const char *const messages[] = {
                "*3\r\n$7\r\nmessage\r\n" CHANNEL ":5\r\n",
                "*3\r\n$7\r\nmessage\r\n" CHANNEL "$5\r\nhello\r\n",
                "*3\r\n$7\r\nmessage\r\n" CHANNEL "*2\r\n:1\r\n*1\r\n$1\r\na\r\n",
                "*3\r\n$7\r\nmessage\r\n:1\r\n*0\r\n",
        };
        Conductor *conductor = *state;

        for (size_t i = 0; i < sizeof(messages) / sizeof(*messages); i++)
                say(peer_of(conductor, conductor->notices), messages[i]);
        notify(conductor, "last");
        assert_string_equal(conductor->changed, "last ");
}

static void what_nobody_asked_for_ends_the_connection(void **state) {
        static const char *const replies[] = { "+OK\r\n", ":1\r\n", "*0\r\n", "$-1\r\n",
                "*3\r\n$7\r\npmessag\r\n$1\r\na\r\n*0\r\n", "*2\r\n$7\r\nmessage\r\n*0\r\n" };
        Conductor *conductor = *state;

        for (size_t i = 0; i < sizeof(replies) / sizeof(*replies); i++) {
                say(peer_of(conductor, conductor->notices), replies[i]);
                wait_watching(conductor, false);
                wait_watching(conductor, true);
        }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(a_reply_without_a_notice_is_known),
                CASE(a_notice_before_the_reply_makes_it_doubtful),
                CASE(a_notice_after_the_reply_makes_it_doubtful),
                CASE(of_two_loads_only_the_one_after_the_notice_counts),
                CASE(a_late_reply_does_not_undo_the_doubt),
                CASE(another_users_notice_changes_nothing),
                CASE(a_flush_makes_everything_doubtful),
                CASE(what_was_asked_before_notices_begin_does_not_count),
                CASE(what_was_known_before_a_gap_is_not_known_after_it),
                CASE(a_reply_over_the_gap_does_not_count),
                CASE(two_servers_behind_one_address_are_found_out),
                CASE(keys_that_are_no_users_are_passed_over),
                CASE(a_message_that_is_no_notice_is_passed_over),
                CASE(what_nobody_asked_for_ends_the_connection),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
