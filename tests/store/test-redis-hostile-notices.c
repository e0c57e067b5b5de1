/* SPDX-License-Identifier: MIT */

/*
 * A Redis server whose notices are broken or hostile: whatever comes on that connection, nobody is told of what is not
 * a user of ours, memory stays bounded, commands are answered all the while, and notices come again as soon as the
 * server sends them.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "fake-redis.h"
#include "store-fixture.h"
#include "daemon/store/store-watch.h"

#define HEAD       "*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n"
#define KEY        "$25\r\nauthtoken:default:u:alice\r\n"
#define KEYS(keys) HEAD "*1\r\n" keys

#define TAKEN_MAX ((size_t)24 * 1024 * 1024)

/* A store on a fake server. */
typedef struct Hostile {
        StoreFixture *fixture;
        FakeRedis fake;
        int notices;         /* the connection; -1: there is none */
        const char *command; /* that is answered, once, with: */
        const char *answer;
        unsigned int n_subscriptions, n_missed;
        char changed[256];
} Hostile;

static void say(FakePeer *peer, const char *text) {
        fake_redis_send(peer, text, strlen(text));
}

static bool on_command(FakePeer *peer, const redisReply *command, void *userdata) {
        Hostile *hostile = userdata;
        const char *name = command->element[0]->str;
        bool is_id = !strcmp(name, "CLIENT") && !strcmp(command->element[1]->str, "ID");

        if (hostile->command && !strcmp(is_id ? "ID" : name, hostile->command)) {
                hostile->command = NULL;
                say(peer, hostile->answer);
        } else if (is_id) {
                say(peer, ":7\r\n");
        } else if (!strcmp(name, "SUBSCRIBE")) {
                hostile->notices = peer->fd;
                hostile->n_subscriptions++;
                say(peer, "*3\r\n$9\r\nsubscribe\r\n$20\r\n__redis__:invalidate\r\n:1\r\n");
        } else if (!strcmp(name, "PING") && command->elements == 1) {
                say(peer, "*2\r\n$4\r\npong\r\n$0\r\n\r\n");
        } else {
                return false;
        }
        return true;
}

static void on_changed(const char *tenant, const char *user, void *userdata) {
        Hostile *hostile = userdata;
        size_t size = strlen(hostile->changed);

        assert_string_equal(tenant, "default");
        snprintf(hostile->changed + size, sizeof(hostile->changed) - size, "%s ", user);
}

static void on_missed(void *userdata) {
        ((Hostile *)userdata)->n_missed++;
}

static bool is_watching(Hostile *hostile) {
        StoreHealth health;

        user_store_health(hostile->fixture->store, &health);
        return health.watching;
}

static void wait_watching(Hostile *hostile) {
        for (unsigned int i = 0; i < 1000 && !is_watching(hostile); i++)
                store_fixture_turn(hostile->fixture, 10000);
        assert_true(is_watching(hostile));
}

static int setup(void **state) {
        Hostile *hostile = calloc(1, sizeof(*hostile));
        StoreFixture *fixture;

        assert_non_null(hostile);
        hostile->fake.answer = on_command;
        hostile->fake.userdata = hostile;
        fake_redis_fixture_new(&hostile->fake, &fixture);
        hostile->fixture = fixture;
        fixture->config.tenant = "default";
        assert_int_equal(store_fixture_open(fixture), 0);
        user_store_watch(fixture->store, &(StoreWatcher){ on_changed, on_missed, hostile });
        wait_watching(hostile);
        *state = hostile;
        return 0;
}

static int teardown(void **state) {
        Hostile *hostile = *state;

        fake_redis_fixture_free(&hostile->fake, hostile->fixture);
        free(hostile);
        return 0;
}

static FakePeer *notices(Hostile *hostile) {
        for (FakePeer *peer = hostile->fake.peers; peer; peer = peer->next)
                if (peer->fd == hostile->notices)
                        return peer;
        fail_msg("there is no connection for notices");
        return NULL;
}

/* Commands are answered, whatever becomes of the other connection. */
static void assert_answers(Hostile *hostile) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;

        assert_int_equal(fixture_load(hostile->fixture, "alice", &state), 0);
        assert_int_equal(state->version.incarnation, 0);
}

/* What comes behind is heard: on this connection, or on the next one. */
static void assert_told_again(Hostile *hostile) {
        wait_watching(hostile);
        hostile->changed[0] = '\0';
        say(notices(hostile), KEYS("$24\r\nauthtoken:default:u:last\r\n"));
        for (unsigned int i = 0; i < 100 && !strstr(hostile->changed, "last "); i++)
                store_fixture_turn(hostile->fixture, 10000);
        assert_non_null(strstr(hostile->changed, "last "));
}

static const struct {
        const char *name, *sent, *stream;
        bool reconnects;
        const char *changed;
} notice_cases[] = {
        { "a notice", KEYS(KEY), NULL, false, "alice " },
        { "two keys", HEAD "*2\r\n" KEY KEY, NULL, false, "alice alice " },
        { "no keys", HEAD "*0\r\n", NULL, false, "" },
        { "a text for the keys", HEAD KEY, NULL, false, "" },
        { "a number for the keys", HEAD ":1\r\n", NULL, false, "" },
        { "an error for the keys", HEAD "-ERR\r\n", NULL, false, "" },
        { "a number among the keys", HEAD "*2\r\n:1\r\n" KEY, NULL, false, "alice " },
        { "nil among the keys", HEAD "*2\r\n$-1\r\n" KEY, NULL, false, "alice " },
        { "keys in keys", HEAD "*2\r\n*1\r\n" KEY KEY, NULL, false, "alice " },
        { "another deployment's user", KEYS("$21\r\nother:default:u:alice\r\n"), NULL, false, "" },
        { "another tenant's", KEYS("$23\r\nauthtoken:other:u:alice\r\n"), NULL, false, "" },
        { "a key that is no user's", KEYS("$23\r\nauthtoken:default:users\r\n"), NULL, false, "" },
        { "a user without a name", KEYS("$20\r\nauthtoken:default:u:\r\n"), NULL, false, "" },
        { "a key of nothing", KEYS("$0\r\n\r\n"), NULL, false, "" },
        { "a name with a newline", KEYS("$23\r\nauthtoken:default:u:a\nb\r\n"), NULL, false, "" },
        { "a name with a colon", KEYS("$23\r\nauthtoken:default:u:a:b\r\n"), NULL, false, "" },
        { "a name that is a path", KEYS("$23\r\nauthtoken:default:u:a/b\r\n"), NULL, false, "" },
        { "two elements", "*2\r\n$7\r\nmessage\r\n$1\r\nx\r\n", NULL, true, "" },
        { "four elements", "*4\r\n$7\r\nmessage\r\n$1\r\nx\r\n*0\r\n*0\r\n", NULL, true, "" },
        { "a number for its kind", "*3\r\n:1\r\n:1\r\n*0\r\n", NULL, true, "" },
        { "a pattern's message", "*4\r\n$8\r\npmessage\r\n$1\r\n*\r\n$1\r\nx\r\n*0\r\n", NULL, true,
                "" },
        { "the end of the subscription",
                "*3\r\n$11\r\nunsubscribe\r\n$20\r\n__redis__:invalidate\r\n:0\r\n", NULL, true,
                "" },
        { "a reply to nobody", "+OK\r\n", NULL, true, "" },
        { "an error to nobody", "-ERR\r\n", NULL, true, "" },
        { "a push of the next protocol", ">2\r\n$10\r\ninvalidate\r\n*0\r\n", NULL, true, "" },
        { "HTTP", "HTTP/1.1 400 Bad Request\r\n\r\n", NULL, true, "" },
        { "a negative length", "*-5\r\n", NULL, true, "" },
        { "more elements than there are numbers", "*2147483648\r\n", NULL, true, "" },
        { "a billion keys", HEAD "*1000000000\r\n", NULL, true, "" },
        { "arrays without end", HEAD, "*1\r\n", true, "" },
        { "a key of a billion bytes", HEAD "*1\r\n$1000000000\r\n", "x", true, "" },
        { "a line without end", "+", "x", true, "" },
        { "a length without end", HEAD "*1\r\n$", "1", true, "" },
        { "half a million keys", HEAD "*500000\r\n", KEY, true, "" },
};

static void try_notice(Hostile *hostile, size_t i) {
        unsigned int n_subscriptions = hostile->n_subscriptions;

        say(notices(hostile), notice_cases[i].sent);
        if (notice_cases[i].stream)
                fake_redis_stream(notices(hostile), notice_cases[i].stream);
        while (notice_cases[i].reconnects && hostile->n_subscriptions == n_subscriptions) {
                assert_answers(hostile);
                store_fixture_turn(hostile->fixture, 10000);
        }
        assert_answers(hostile);
        if (!strstr(hostile->changed, notice_cases[i].changed) ||
                (notice_cases[i].changed[0] == '\0' && hostile->changed[0] != '\0'))
                fail_msg("%s: told of %s", notice_cases[i].name, hostile->changed);
        assert_told_again(hostile);
        if (hostile->n_subscriptions != n_subscriptions + notice_cases[i].reconnects)
                fail_msg("%s: %u subscriptions", notice_cases[i].name, hostile->n_subscriptions);
        if (hostile->fake.n_streamed > TAKEN_MAX)
                fail_msg("%s: took %zu bytes", notice_cases[i].name, hostile->fake.n_streamed);
}

static void test_notices(void **unused) {
        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(notice_cases); i++) {
                Hostile *hostile;

                setup((void **)&hostile);
                try_notice(hostile, i);
                teardown((void **)&hostile);
        }
}

static void test_a_key_with_nul_is_nobodys(void **test) {
        static const char key[] = KEYS("$27\r\nauthtoken:default:u:alice\0x\r\n");
        Hostile *hostile = *test;

        fake_redis_send(notices(hostile), key, sizeof(key) - 1);
        assert_told_again(hostile);
        assert_string_equal(hostile->changed, "last ");
}

static void test_a_key_that_is_too_long_is_nobodys(void **test) {
        Hostile *hostile = *test;
        char key[9000];

        say(notices(hostile), HEAD "*1\r\n$9000\r\n");
        memset(key, 'a', sizeof(key));
        memcpy(key, "authtoken:default:u:", strlen("authtoken:default:u:"));
        fake_redis_send(notices(hostile), key, sizeof(key));
        say(notices(hostile), "\r\n");
        assert_told_again(hostile);
        assert_string_equal(hostile->changed, "last ");
}

static void test_a_flush_is_everybody(void **test) {
        Hostile *hostile = *test;
        unsigned int n_missed = hostile->n_missed;

        say(notices(hostile), HEAD "*-1\r\n");
        assert_told_again(hostile);
        assert_int_equal(hostile->n_missed, n_missed + 1);
}

static void test_notices_without_end_keep_nobody_waiting(void **test) {
        Hostile *hostile = *test;

        fake_redis_stream(notices(hostile), KEYS(KEY));
        for (int i = 0; i < 20; i++)
                assert_answers(hostile);
        assert_non_null(strstr(hostile->changed, "alice "));
}

/* Neither end of the line is who it says: the greeting of the connection for notices. */
static void test_nothing_it_is_greeted_with_breaks_us(void **unused) {
        static const char *const commands[] = { "ID", "INFO", "SUBSCRIBE" };
        static const char *const replies[] = { "+OK\r\n", ":-1\r\n", ":0\r\n", "$-1\r\n", "*0\r\n",
                "*-1\r\n", "*3\r\n:1\r\n:2\r\n:3\r\n", "-ERR no\r\n", "$0\r\n\r\n", KEYS(KEY),
                "*3\r\n$9\r\nsubscribe\r\n" };

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(commands) * ARRAY_SIZE(replies); i++) {
                Hostile *hostile;

                setup((void **)&hostile);
                hostile->answer = replies[i / ARRAY_SIZE(commands)];
                hostile->command = commands[i % ARRAY_SIZE(commands)];
                fake_redis_hang_up(notices(hostile));
                while (hostile->command)
                        store_fixture_turn(hostile->fixture, 10000);
                assert_answers(hostile);
                assert_told_again(hostile);
                teardown((void **)&hostile);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
                cmocka_unit_test(test_notices),
                CASE(test_a_key_with_nul_is_nobodys),
                CASE(test_a_key_that_is_too_long_is_nobodys),
                CASE(test_a_flush_is_everybody),
                CASE(test_notices_without_end_keep_nobody_waiting),
                cmocka_unit_test(test_nothing_it_is_greeted_with_breaks_us),
#undef CASE
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
