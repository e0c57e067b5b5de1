/* SPDX-License-Identifier: MIT */

/*
 * A server whose replicas are waited for, and what it says of them: nothing but the word of the master that acknowledged
 * counts.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "daemon/store/store-settle.h"
#include "fake-redis.h"
#include "store-fixture.h"

#define ID    "0123456789abcdef0123456789abcdef01234567"
#define OTHER "89abcdef0123456789abcdef0123456789abcdef"

#define INFO(role, id) "role:" role "\r\nmaster_replid:" id "\r\n"

typedef struct Answers {
        const char *
                info; /* replication, when replicas are asked for; in the greeting it is a master's, of ID */
        const char *set, *wait;
} Answers;

typedef struct Fleet {
        StoreFixture *fixture;
        FakeRedis fake;
        Answers answers;
        unsigned int n_infos, n_waits;
} Fleet;

static void send_text(FakePeer *peer, const char *text) {
        char reply[256];

        snprintf(reply, sizeof(reply), "$%zu\r\n%s\r\n", strlen(text), text);
        fake_redis_send(peer, reply, strlen(reply));
}

static bool on_command(FakePeer *peer, const redisReply *command, void *userdata) {
        const char *name = command->element[0]->str;
        Fleet *fleet = userdata;

        if (strcmp(name, "INFO") == 0 && strcmp(command->element[1]->str, "replication") == 0) {
                send_text(peer, fleet->n_infos++ == 0 ? INFO("master", ID) : fleet->answers.info);
                return true;
        }
        if (strcmp(name, "SET") == 0) {
                fake_redis_send(peer, fleet->answers.set, strlen(fleet->answers.set));
                return true;
        }
        if (strcmp(name, "WAIT") == 0) {
                fleet->n_waits++;
                if (!fleet->answers.wait)
                        fake_redis_hang_up(peer);
                else
                        fake_redis_send(peer, fleet->answers.wait, strlen(fleet->answers.wait));
                return true;
        }
        return false;
}

static void fleet_start(Fleet *fleet, const Answers *answers) {
        StoreFixture *fixture;

        *fleet = (Fleet){ .answers = *answers };
        fleet->fake.answer = on_command;
        fleet->fake.userdata = fleet;
        fake_redis_fixture_new(&fleet->fake, &fixture);
        fleet->fixture = fixture;
        fixture->config.timeout_usec = 300000;
        fixture->config.wait_replicas = 2;
        fixture->config.wait_timeout_usec = 100000;
        assert_int_equal(store_fixture_open(fixture), 0);
        store_fixture_wait_online(fixture, true);
}

static void fleet_stop(Fleet *fleet) {
        fake_redis_fixture_free(&fleet->fake, fleet->fixture);
}

typedef struct Settled {
        bool done;
        int r;
} Settled;

static void on_settled(StoreCall *call, int r, void *userdata) {
        Settled *settled = userdata;

        (void)call;
        *settled = (Settled){ true, r };
}

static int settle(Fleet *fleet) {
        Settled settled = { 0 };
        StoreCall *call;

        assert_int_equal(user_store_settle(fleet->fixture->store, on_settled, &settled, &call), 0);
        assert_false(settled.done);
        store_fixture_run(fleet->fixture, &settled.done);
        return settled.r;
}

static int ban(Fleet *fleet) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;

        assert_int_equal(fixture_load(fleet->fixture, "alice", &state), 0);
        state->ban_until_sec = UINT64_MAX;
        return fixture_commit(fleet->fixture, state);
}

#define MASTER INFO("master", ID)

static const struct {
        const char *name;
        Answers answers;
        int result;
        const char *told;
} cases[] = {
        { "as many as are wanted", { MASTER, "+OK\r\n", ":2\r\n" }, 0, NULL },
        { "more than are wanted", { MASTER, "+OK\r\n", ":3\r\n" }, 0, NULL },
        { "one less", { MASTER, "+OK\r\n", ":1\r\n" }, STORE_E_UNREPLICATED, "fewer replicas" },
        { "less than none", { MASTER, "+OK\r\n", ":-1\r\n" }, STORE_E_UNREPLICATED,
                "fewer replicas" },
        { "those of another master", { INFO("master", OTHER), "+OK\r\n", ":2\r\n" },
                STORE_E_UNREPLICATED, "another master has taken over" },
        { "those of a replica", { INFO("slave", ID), "+OK\r\n", ":2\r\n" }, STORE_E_UNREPLICATED,
                "does not say whether it is the same master" },
        { "those of who knows whom", { "", "+OK\r\n", ":2\r\n" }, STORE_E_UNREPLICATED,
                "does not say whether it is the same master" },
        { "without a write of our own", { MASTER, "-NOPERM no\r\n", ":2\r\n" },
                STORE_E_UNREPLICATED, "refuses to write" },
        { "an error", { MASTER, "+OK\r\n", "-ERR WAIT cannot be used with replica instances\r\n" },
                STORE_E_UNREPLICATED, "refuses WAIT" },
        { "a status", { MASTER, "+OK\r\n", "+OK\r\n" }, STORE_E_UNREPLICATED, "refuses WAIT" },
        { "nil", { MASTER, "+OK\r\n", "$-1\r\n" }, STORE_E_UNREPLICATED, "refuses WAIT" },
        { "nonsense", { MASTER, "+OK\r\n", "2\r\n" }, STORE_E_UNREPLICATED, "failed" },
        { "no answer", { MASTER, "+OK\r\n", "" }, STORE_E_UNREPLICATED, "failed" },
        { "a closed connection", { MASTER, "+OK\r\n", NULL }, STORE_E_UNREPLICATED, "failed" },
};

static void test_what_a_revocation_is_told(void **unused) {
        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                Fleet fleet;
                int r;

                fleet_start(&fleet, &cases[i].answers);
                fleet.fixture->notices[0] = '\0';
                r = ban(&fleet);
                if (r != cases[i].result ||
                        (cases[i].told && !store_fixture_told(fleet.fixture, cases[i].told)))
                        fail_msg("%s: %d, %s", cases[i].name, r, fleet.fixture->notices);
                assert_int_equal(fleet.n_waits, 1);
                fleet_stop(&fleet);
        }
}

static void test_what_was_done_before_is_told_the_same(void **unused) {
        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                Fleet fleet;
                int r;

                fleet_start(&fleet, &cases[i].answers);
                r = settle(&fleet);
                if (r != cases[i].result)
                        fail_msg("%s: %d", cases[i].name, r);
                fleet_stop(&fleet);
        }
}

static void test_a_login_asks_no_replica(void **unused) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        Fleet fleet;

        (void)unused;
        fleet_start(&fleet, &(Answers){ MASTER, "+OK\r\n", ":0\r\n" });
        assert_int_equal(fixture_load(fleet.fixture, "alice", &state), 0);
        assert_int_equal(user_state_add(state, fixture_session(1)), 0);
        assert_int_equal(fixture_commit(fleet.fixture, state), 0);
        assert_int_equal(fleet.n_waits, 0);
        fleet_stop(&fleet);
}

#define N_SETTLED 5u

static void test_many_are_settled_by_few_questions(void **unused) {
        Settled settled[N_SETTLED] = { 0 };
        StoreCall *calls[N_SETTLED];
        Fleet fleet;

        (void)unused;
        fleet_start(&fleet, &(Answers){ MASTER, "+OK\r\n", ":2\r\n" });
        for (size_t i = 0; i < N_SETTLED; i++)
                assert_int_equal(
                        user_store_settle(fleet.fixture->store, on_settled, &settled[i], &calls[i]),
                        0);
        for (size_t i = 0; i < N_SETTLED; i++) {
                store_fixture_run(fleet.fixture, &settled[i].done);
                assert_int_equal(settled[i].r, 0);
        }
        assert_int_equal(fleet.n_waits, 2);
        fleet_stop(&fleet);
}

/* Under ASan. */
static void test_a_store_may_go_while_it_waits(void **unused) {
        Settled settled = { 0 };
        StoreCall *call;
        Fleet fleet;

        (void)unused;
        fleet_start(&fleet, &(Answers){ MASTER, "+OK\r\n", "" });
        assert_int_equal(user_store_settle(fleet.fixture->store, on_settled, &settled, &call), 0);
        while (fleet.n_waits == 0)
                store_fixture_turn(fleet.fixture, 10000);
        fleet.fixture->store = user_store_free(fleet.fixture->store);
        assert_false(settled.done);
        store_call_free(call);
        fleet_stop(&fleet);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_a_revocation_is_told),
                cmocka_unit_test(test_what_was_done_before_is_told_the_same),
                cmocka_unit_test(test_a_login_asks_no_replica),
                cmocka_unit_test(test_many_are_settled_by_few_questions),
                cmocka_unit_test(test_a_store_may_go_while_it_waits),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
