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

#include "conductor.h"
#include "daemon/session/state-fields.h"
#include "daemon/session/user-state.h"

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
        conductor_say(conductor_peer(conductor, conductor->commands), text);
        store_fixture_run(conductor->fixture, answered);
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
        conductor_notify(conductor, "alice");
        answer(conductor, &answered);
        assert_false(knows(conductor, "alice"));
}

static void a_notice_after_the_reply_makes_it_doubtful(void **state) {
        Conductor *conductor = *state;
        bool answered;

        conductor->keep_back = true;
        ask(conductor, "alice", &answered);
        answer(conductor, &answered);
        conductor_notify(conductor, "alice");
        assert_false(knows(conductor, "alice"));
}

static void of_two_loads_only_the_one_after_the_notice_counts(void **state) {
        Conductor *conductor = *state;
        bool first, second;

        conductor->keep_back = true;
        ask(conductor, "alice", &first);
        conductor_notify(conductor, "alice");
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
        conductor_notify(conductor, "alice");
        answer(conductor, &second);
        assert_false(knows(conductor, "alice"));
}

static void another_users_notice_changes_nothing(void **state) {
        Conductor *conductor = *state;
        bool answered;

        conductor->keep_back = true;
        ask(conductor, "alice", &answered);
        conductor_notify(conductor, "bob");
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
        conductor_say(conductor_peer(conductor, conductor->notices),
                "*3\r\n$7\r\nmessage\r\n" CHANNEL "$-1\r\n");
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
        fake_redis_hang_up(conductor_peer(conductor, conductor->notices));
        conductor_wait_watching(conductor, false);
        conductor->n_kept = 0;
        while (conductor->n_kept == 0)
                store_fixture_turn(conductor->fixture, 10000);
        conductor->keep_back = true;
        ask(conductor, "alice", &answered);
        conductor_say(conductor_peer(conductor, conductor->commands), "+OK\r\n");
        conductor_wait_watching(conductor, true);
        answer(conductor, &answered);
        assert_false(knows(conductor, "alice"));
}

static void what_was_known_before_a_gap_is_not_known_after_it(void **state) {
        Conductor *conductor = *state;
        bool answered;

        conductor->keep_back = true;
        ask(conductor, "alice", &answered);
        answer(conductor, &answered);
        fake_redis_hang_up(conductor_peer(conductor, conductor->notices));
        conductor_wait_watching(conductor, false);
        assert_false(knows(conductor, "alice"));
        conductor_wait_watching(conductor, true);
        assert_false(knows(conductor, "alice"));
}

static void a_reply_over_the_gap_does_not_count(void **state) {
        Conductor *conductor = *state;
        bool answered;

        conductor->keep_back = true;
        ask(conductor, "alice", &answered);
        fake_redis_hang_up(conductor_peer(conductor, conductor->notices));
        conductor_wait_watching(conductor, false);
        /* Its own commands come after what is kept back. */
        conductor_say(conductor_peer(conductor, conductor->commands), "*0\r\n");
        conductor_wait_watching(conductor, true);
        assert_true(answered);
        assert_false(knows(conductor, "alice"));
}

static void two_servers_behind_one_address_are_found_out(void **state) {
        Conductor *conductor = *state;
        unsigned int n_subscriptions = conductor->n_subscriptions;

        conductor->divided = true;
        fake_redis_hang_up(conductor_peer(conductor, conductor->notices));
        while (conductor->n_subscriptions < n_subscriptions + 2) {
                store_fixture_turn(conductor->fixture, 10000);
                assert_true(conductor->n_subscriptions == n_subscriptions ||
                            !conductor_is_watching(conductor));
        }
        conductor->divided = false;
        conductor_wait_watching(conductor, true);
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
                conductor_notify_key(conductor, keys[i].key, keys[i].size);
        conductor_notify(conductor, "last");
        assert_string_equal(conductor->changed, "last ");
        assert_true(conductor_is_watching(conductor));
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
                conductor_say(conductor_peer(conductor, conductor->notices), messages[i]);
        conductor_notify(conductor, "last");
        assert_string_equal(conductor->changed, "last ");
}

static void what_nobody_asked_for_ends_the_connection(void **state) {
        static const char *const replies[] = { "+OK\r\n", ":1\r\n", "*0\r\n", "$-1\r\n",
                "*3\r\n$7\r\npmessag\r\n$1\r\na\r\n*0\r\n", "*2\r\n$7\r\nmessage\r\n*0\r\n" };
        Conductor *conductor = *state;

        for (size_t i = 0; i < sizeof(replies) / sizeof(*replies); i++) {
                conductor_say(conductor_peer(conductor, conductor->notices), replies[i]);
                conductor_wait_watching(conductor, false);
                conductor_wait_watching(conductor, true);
        }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, conductor_setup, conductor_teardown)

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
