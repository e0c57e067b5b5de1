/* SPDX-License-Identifier: MIT */

/*
 * A Redis server that is broken or hostile: whatever it sends, each request completes once, none gets
 * another's answer, memory stays bounded, and the store works again as soon as the server does.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "fake-redis.h"
#include "store-fixture.h"

#define SECRET "hunter2"

/* A store on a fake server. */
typedef struct Hostile {
        StoreFixture *fixture;
        FakeRedis fake;
        const char *command; /* that is answered with: */
        const char *answer;
        size_t answer_size;
        const char *stream; /* and then with this for ever */
        bool hang_up, byte_by_byte;
        unsigned int n_times; /* so often, then well */
} Hostile;

static bool on_command(FakePeer *peer, const redisReply *command, void *userdata) {
        Hostile *hostile = userdata;

        if (hostile->n_times == 0 || strcmp(command->element[0]->str, hostile->command) != 0)
                return false;
        hostile->n_times--;
        for (size_t i = 0; hostile->byte_by_byte && i < hostile->answer_size; i++)
                fake_redis_send(peer, hostile->answer + i, 1);
        if (!hostile->byte_by_byte)
                fake_redis_send(peer, hostile->answer, hostile->answer_size);
        if (hostile->stream)
                fake_redis_stream(peer, hostile->stream);
        if (hostile->hang_up)
                fake_redis_hang_up(peer);
        return true;
}

static void answer_with(Hostile *hostile, const char *command, const char *answer) {
        hostile->command = command;
        hostile->answer = answer;
        hostile->answer_size = strlen(answer);
        hostile->n_times = 1;
}

static int setup(void **state) {
        Hostile *hostile = calloc(1, sizeof(*hostile));
        StoreFixture *fixture;

        assert_non_null(hostile);
        hostile->fake.answer = on_command;
        hostile->fake.userdata = hostile;
        fake_redis_fixture_new(&hostile->fake, &fixture);
        hostile->fixture = fixture;
        assert_int_equal(store_fixture_open(fixture), 0);
        *state = hostile;
        return 0;
}

static int teardown(void **state) {
        Hostile *hostile = *state;

        fake_redis_fixture_free(&hostile->fake, hostile->fixture);
        free(hostile);
        return 0;
}

/* The next load is answered, and well. */
static void assert_works(Hostile *hostile) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;

        store_fixture_wait_online(hostile->fixture, true);
        assert_int_equal(fixture_load(hostile->fixture, "alice", &state), 0);
        assert_int_equal(state->version.incarnation, 0);
}

static void test_the_fake_server_is_taken_for_one(void **test) {
        Hostile *hostile = *test;

        assert_works(hostile);
        fixture_store_user(hostile->fixture, "alice", 1);
        assert_int_equal(hostile->fake.n_connections, 1);
}

static const struct {
        const char *name, *answer, *stream;
        int result;
        bool reconnects;
} answers[] = {
        { "a status", "+OK\r\n", NULL, STORE_E_REFUSED, true },
        { "a number", ":1\r\n", NULL, STORE_E_REFUSED, true },
        { "nothing", "$-1\r\n", NULL, STORE_E_REFUSED, true },
        { "no array", "*-1\r\n", NULL, STORE_E_REFUSED, true },
        { "a name without value", "*1\r\n$1\r\nv\r\n", NULL, STORE_E_CORRUPT, false },
        { "numbers for names", "*2\r\n:1\r\n:2\r\n", NULL, STORE_E_CORRUPT, false },
        { "an array in an array", "*2\r\n*0\r\n*0\r\n", NULL, STORE_E_CORRUPT, false },
        { "the state of another user", "*2\r\n$1\r\nv\r\n$18\r\n1234560000000001-1\r\n", NULL,
                STORE_E_CORRUPT, false },
        { "a nil among the values", "*2\r\n$1\r\nv\r\n$-1\r\n", NULL, STORE_E_CORRUPT, false },
        { "an unknown error", "-WHATEVER\r\n", NULL, STORE_E_REFUSED, false },
        { "an empty error", "-\r\n", NULL, STORE_E_REFUSED, false },
        { "no reply at all", "hello\r\n", NULL, STORE_E_OFFLINE, true },
        { "HTTP", "HTTP/1.1 400 Bad Request\r\n\r\n", NULL, STORE_E_OFFLINE, true },
        { "a negative length", "$-5\r\n", NULL, STORE_E_OFFLINE, true },
        { "a length that is no number", "$x\r\n", NULL, STORE_E_OFFLINE, true },
        { "a length beyond 64 bits", "$99999999999999999999\r\n", NULL, STORE_E_OFFLINE, true },
        { "more elements than there are numbers", "*2147483648\r\n", NULL, STORE_E_OFFLINE, true },
        { "a billion elements", "*1000000000\r\n", NULL, STORE_E_CORRUPT, true },
        { "arrays without end", "", "*1\r\n", STORE_E_OFFLINE, true },
        { "a billion bytes", "$1000000000\r\n", "x", STORE_E_CORRUPT, true },
        { "a line without end", "+", "x", STORE_E_CORRUPT, true },
        { "a length without end", "$", "1", STORE_E_CORRUPT, true },
        { "numbers without end", "*400000\r\n",
                ":1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:"
                "1\r\n",
                STORE_E_CORRUPT, true },
        { "two replies for one command", "*0\r\n*0\r\n", NULL, STORE_E_OFFLINE, true },
        { "the beginning of a second reply", "*0\r\n*", NULL, STORE_E_OFFLINE, true },
};

static void wait_for_another_connection(Hostile *hostile, unsigned int n_connections) {
        while (hostile->fake.n_connections == n_connections)
                store_fixture_turn(hostile->fixture, 100000);
}

static void try_answer(Hostile *hostile, size_t i) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        unsigned int n_connections;
        int r;

        assert_works(hostile);
        n_connections = hostile->fake.n_connections;
        answer_with(hostile, "HGETALL", answers[i].answer);
        hostile->stream = answers[i].stream;
        r = fixture_load(hostile->fixture, "alice", &state);
        if (r != answers[i].result)
                fail_msg("%s: %d", answers[i].name, r);
        if (answers[i].reconnects)
                wait_for_another_connection(hostile, n_connections);
        assert_works(hostile);
        if (hostile->fake.n_connections != n_connections + answers[i].reconnects)
                fail_msg("%s: %u connections", answers[i].name, hostile->fake.n_connections);
        if (hostile->fake.n_streamed > (size_t)8 * 1024 * 1024)
                fail_msg("%s: took %zu bytes", answers[i].name, hostile->fake.n_streamed);
}

static void test_answers(void **unused) {
        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
                Hostile *hostile;

                setup((void **)&hostile);
                try_answer(hostile, i);
                teardown((void **)&hostile);
        }
}

static void test_a_value_with_nul_is_corrupt(void **test) {
        static const char answer[] = "*2\r\n$1\r\nv\r\n$4\r\n1.1\0\r\n";
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        Hostile *hostile = *test;

        answer_with(hostile, "HGETALL", answer);
        hostile->answer_size = sizeof(answer) - 1;
        assert_int_equal(fixture_load(hostile->fixture, "alice", &state), STORE_E_CORRUPT);
}

static void test_a_reply_in_single_bytes_is_a_reply(void **test) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        Hostile *hostile = *test;

        answer_with(hostile, "HGETALL",
                "*4\r\n$1\r\nv\r\n$18\r\nff1bc5000000001a-2\r\n$2\r\nnb\r\n$10\r\n1234567890\r\n");
        hostile->byte_by_byte = true;
        assert_int_equal(fixture_load(hostile->fixture, "alice", &state), 0);
        assert_int_equal(state->version.incarnation, UINT64_C(0xff1bc5000000001a));
        assert_int_equal(state->not_before_sec, 1234567890);
}

static void test_a_reply_to_nothing_closes_an_idle_connection(void **test) {
        Hostile *hostile = *test;

        assert_works(hostile);
        fake_redis_send(hostile->fake.peers, "*0\r\n", 4);
        store_fixture_wait_online(hostile->fixture, false);
        assert_true(store_fixture_told(hostile->fixture, "a reply to no command"));
        assert_works(hostile);
}

static void test_hung_up_within_a_reply(void **test) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        Hostile *hostile = *test;

        answer_with(hostile, "HGETALL", "*2\r\n$1\r\nv");
        hostile->hang_up = true;
        assert_int_equal(fixture_load(hostile->fixture, "alice", &state), STORE_E_OFFLINE);
        assert_works(hostile);
}

static const struct {
        const char *answer, *notice;
        bool reconnects;
} errors[] = {
        { "-NOAUTH Authentication required.\r\n", "NOAUTH: the server wants a login", true },
        { "-NOPERM no\r\n", "NOPERM: our login may not do this", false },
        { "-LOADING Redis is loading the dataset in memory\r\n", "LOADING: ", false },
        { "-MISCONF Redis is configured to save RDB snapshots\r\n", "MISCONF: ", false },
        { "-OOM command not allowed\r\n", "OOM: ", false },
        { "-BUSY Redis is busy running a script\r\n", "BUSY: ", false },
        { "-READONLY You can't write\r\n", "READONLY: ", true },
        { "-WRONGTYPE Operation\r\n", "WRONGTYPE: ", false },
        { "-OOMISH no\r\n", "OOMISH: see the server's log", false },
        { "-ERR unknown command 'X', with args beginning with: '" SECRET "'\r\n",
                "ERR: see the server's log", false },
};

static void test_every_error_is_a_refusal_with_its_own_notice(void **unused) {
        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
                _cleanup_(user_state_unrefp) UserState *state = NULL;
                Hostile *hostile;

                setup((void **)&hostile);
                assert_works(hostile);
                answer_with(hostile, "HGETALL", errors[i].answer);
                assert_int_equal(fixture_load(hostile->fixture, "alice", &state),
                        strstr(errors[i].answer, "WRONGTYPE") ? STORE_E_CORRUPT : STORE_E_REFUSED);
                if (!store_fixture_told(hostile->fixture, errors[i].notice) ||
                        store_fixture_told(hostile->fixture, SECRET))
                        fail_msg("%s: %s", errors[i].answer, hostile->fixture->notices);
                assert_works(hostile);
                if (errors[i].reconnects)
                        wait_for_another_connection(hostile, 1);
                assert_works(hostile);
                assert_int_equal(hostile->fake.n_connections, 1 + errors[i].reconnects);
                teardown((void **)&hostile);
        }
}

static void test_a_password_in_an_error_is_not_repeated(void **test) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        Hostile *hostile = *test;
        StoreHealth health;

        answer_with(hostile, "AUTH",
                "-ERR unknown command `AUTH`, with args beginning with: `" SECRET "`, \r\n");
        hostile->fixture->config.password = SECRET;
        store_fixture_reopen(hostile->fixture);
        assert_int_equal(fixture_load(hostile->fixture, "alice", &state), STORE_E_REFUSED);
        user_store_health(hostile->fixture->store, &health);
        assert_false(store_fixture_told(hostile->fixture, SECRET));
        assert_null(strstr(health.message, SECRET));
        assert_true(store_fixture_told(hostile->fixture, "refuses our login (ERR)"));
}

static int commit_new(Hostile *hostile) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;

        assert_int_equal(user_state_new("default", "alice", &state), 0);
        assert_int_equal(user_state_add(state, fixture_session(1)), 0);
        return fixture_commit(hostile->fixture, state);
}

static void test_a_script_that_is_never_there_is_not_sent_for_ever(void **test) {
        Hostile *hostile = *test;
        unsigned int n_commands;

        assert_works(hostile);
        n_commands = hostile->fake.n_commands;
        answer_with(hostile, "EVALSHA", "-NOSCRIPT No matching script.\r\n");
        assert_int_equal(commit_new(hostile), STORE_E_REFUSED); /* EVAL gets +OK */
        assert_int_equal(hostile->fake.n_commands, n_commands + 2);
}

static void test_what_is_no_answer_of_the_script_is_no_success(void **unused) {
        static const char *const replies[] = { "+OK\r\n", ":0\r\n", ":-1\r\n", "$3\r\n1-1\r\n",
                "$1\r\n0\r\n", "$-1\r\n", "*1\r\n:0\r\n", "-ERR x\r\n" };

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(replies); i++) {
                Hostile *hostile;

                setup((void **)&hostile);
                answer_with(hostile, "EVALSHA", replies[i]);
                assert_int_equal(commit_new(hostile), STORE_E_REFUSED);
                teardown((void **)&hostile);
        }
}

static const struct {
        const char *name, *answer;
        int result;
} found[] = {
        { "without a proof", "$5\r\nalice\r\n", STORE_E_REFUSED },
        { "with the proof of another", "*2\r\n$1\r\nx\r\n$5\r\nalice\r\n", STORE_E_REFUSED },
        { "that there is none, of another", "*2\r\n$1\r\nx\r\n$-1\r\n", STORE_E_REFUSED },
        { "of too few", "*1\r\n$1\r\nx\r\n", STORE_E_REFUSED },
        { "a number for a proof", "*2\r\n:1\r\n$5\r\nalice\r\n", STORE_E_REFUSED },
        { "nothing at all", "$-1\r\n", STORE_E_REFUSED },
        { "an error", "-WRONGTYPE x\r\n", STORE_E_CORRUPT },
};

/* It says by itself nothing of the question. */
static void test_whose_a_session_is_is_proven(void **unused) {
        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(found); i++) {
                Hostile *hostile;
                char user[64];
                int r;

                setup((void **)&hostile);
                assert_works(hostile);
                answer_with(hostile, "EVAL", found[i].answer);
                r = fixture_find(hostile->fixture, fixture_sid(1), user);
                if (r != found[i].result)
                        fail_msg("%s: %d", found[i].name, r);
                assert_works(hostile);
                teardown((void **)&hostile);
        }
}

static void test_that_nothing_is_stored_is_proven(void **test) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        Hostile *hostile = *test;

        assert_works(hostile);
        answer_with(hostile, "EVAL", "*2\r\n$1\r\nx\r\n*0\r\n");
        assert_int_equal(fixture_load(hostile->fixture, "alice", &state), STORE_E_REFUSED);
        assert_works(hostile);
        assert_true(hostile->fake.n_connections > 1);
}

static void test_a_server_that_is_loading_is_tried_again(void **test) {
        Hostile *hostile = *test;

        answer_with(hostile, "INFO", "$26\r\nloading:1\r\naof_enabled:1\r\n\r\n");
        store_fixture_reopen(hostile->fixture);
        assert_works(hostile);
        assert_true(store_fixture_told(hostile->fixture, "is loading its data"));
        assert_true(hostile->fake.n_connections >= 2);
}

static void test_a_server_that_does_not_greet_is_given_up_in_time(void **test) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        Hostile *hostile = *test;
        int r;

        /* The last question: else the next answer would be taken for this one's, and refused as such. */
        answer_with(hostile, "SCRIPT", "");
        hostile->fixture->config.timeout_usec = 100000;
        store_fixture_reopen(hostile->fixture);
        r = fixture_load(hostile->fixture, "alice", &state);
        assert_true(r == STORE_E_TIMEOUT || r == STORE_E_OFFLINE);
        assert_works(hostile);
}

static void test_nothing_the_server_greets_with_breaks_us(void **unused) {
        static const char *const commands[] = { "CLIENT", "TIME", "ROLE", "INFO", "CONFIG",
                "SCRIPT" };
        static const char *const replies[] = { "+OK\r\n", ":1\r\n", "$-1\r\n", "*0\r\n", "*-1\r\n",
                "*2\r\n:1\r\n:2\r\n", "*2\r\n$-1\r\n$-1\r\n", "-ERR no\r\n", "$0\r\n\r\n" };

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(commands) * ARRAY_SIZE(replies); i++) {
                Hostile *hostile;

                setup((void **)&hostile);
                answer_with(hostile, commands[i % ARRAY_SIZE(commands)],
                        replies[i / ARRAY_SIZE(commands)]);
                /* Who has a name does not ask CONFIG. */
                hostile->fixture->config.username = hostile->fixture->config.password = NULL;
                store_fixture_reopen(hostile->fixture);
                assert_works(hostile);
                teardown((void **)&hostile);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
                CASE(test_the_fake_server_is_taken_for_one),
                cmocka_unit_test(test_answers),
                CASE(test_a_value_with_nul_is_corrupt),
                CASE(test_a_reply_in_single_bytes_is_a_reply),
                CASE(test_a_reply_to_nothing_closes_an_idle_connection),
                CASE(test_hung_up_within_a_reply),
                cmocka_unit_test(test_every_error_is_a_refusal_with_its_own_notice),
                CASE(test_a_password_in_an_error_is_not_repeated),
                CASE(test_a_script_that_is_never_there_is_not_sent_for_ever),
                cmocka_unit_test(test_what_is_no_answer_of_the_script_is_no_success),
                cmocka_unit_test(test_whose_a_session_is_is_proven),
                CASE(test_that_nothing_is_stored_is_proven),
                CASE(test_a_server_that_is_loading_is_tried_again),
                CASE(test_a_server_that_does_not_greet_is_given_up_in_time),
                cmocka_unit_test(test_nothing_the_server_greets_with_breaks_us),
#undef CASE
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
