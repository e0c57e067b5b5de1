/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/cleanup.h"
#include "daemon/front/ipc-share.h"

#define ALICE    1000
#define BOB      1001
#define PEERS    8u
#define SECOND   UINT64_C(1000000)
#define N_SERVED 256u

/* A connection that always has something to say, as a flood has. */
typedef struct Peer {
        IpcShare *share;
        int fds[2];
        char name;
        bool leaves; /* when it is served */
} Peer;

typedef struct Stage {
        sd_event *event;
        IpcShares *shares;
        Peer peers[PEERS];
        size_t n_peers;
        char served[N_SERVED + 1]; /* names, in order */
        size_t n_served;
} Stage;

static void leave(Peer *peer) {
        if (!peer->share)
                return;
        close(peer->fds[0]);
        close(peer->fds[1]);
        ipc_share_leave(peer->share);
        peer->share = NULL;
}

static void serve(void *item, uint32_t events, void *userdata) {
        Stage *stage = userdata;
        Peer *peer = item;

        assert_true(events & EPOLLIN);
        if (stage->n_served < N_SERVED)
                stage->served[stage->n_served++] = peer->name;
        if (peer->leaves)
                leave(peer);
}

static int setup(void **state) {
        Stage *stage = calloc(1, sizeof(*stage));

        assert_non_null(stage);
        assert_true(sd_event_new(&stage->event) >= 0);
        assert_int_equal(ipc_shares_new(stage->event, serve, stage, &stage->shares), 0);
        *state = stage;
        return 0;
}

static int teardown(void **state) {
        Stage *stage = *state;

        for (size_t i = 0; i < stage->n_peers; i++)
                leave(&stage->peers[i]);
        ipc_shares_free(stage->shares);
        sd_event_unref(stage->event);
        free(stage);
        return 0;
}

static Peer *join(Stage *stage, uid_t uid, char name) {
        Peer *peer = &stage->peers[stage->n_peers++];

        assert_true(stage->n_peers <= PEERS);
        peer->name = name;
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, peer->fds), 0);
        assert_int_equal(send(peer->fds[1], "x", 1, 0), 1);
        peer->share = ipc_shares_join(stage->shares, uid, PEERS);
        assert_non_null(peer->share);
        assert_int_equal(ipc_share_watch(peer->share, peer->fds[0], peer), 0);
        return peer;
}

/* One turn of the loop; whether anybody was served in it. */
static bool turn(Stage *stage, uint64_t usec) {
        size_t before = stage->n_served;

        assert_true(sd_event_run(stage->event, usec) >= 0);
        return stage->n_served > before;
}

static void test_users_are_served_in_turns(void **state) {
        Stage *stage = *state;

        for (size_t i = 0; i + 1 < PEERS; i++)
                join(stage, ALICE, 'a');
        join(stage, BOB, 'b');
        while (stage->n_served < 8)
                assert_true(turn(stage, SECOND));
        /* Bob's one connection has as many turns as Alice's seven. */
        for (size_t i = 0; i + 1 < 8; i++)
                assert_int_not_equal(stage->served[i], stage->served[i + 1]);
}

static void test_a_turn_of_the_loop_ends(void **state) {
        Stage *stage = *state;

        join(stage, ALICE, 'a');
        assert_true(turn(stage, SECOND));
        assert_true(turn(stage, SECOND));
}

static void test_who_has_used_up_their_time_waits_and_nobody_else(void **state) {
        Stage *stage = *state;
        Peer *alice = join(stage, ALICE, 'a');

        ipc_shares_set_part(stage->shares, 1);
        ipc_share_charge(alice->share, 60 * SECOND);
        for (unsigned int i = 0; i < 5; i++)
                assert_false(turn(stage, 1000));
        join(stage, BOB, 'b');
        assert_true(turn(stage, SECOND));
        assert_null(memchr(stage->served, 'a', stage->n_served));
}

static void test_who_waited_is_served_when_there_is_time(void **state) {
        Stage *stage = *state;
        Peer *alice = join(stage, ALICE, 'a');

        ipc_shares_set_part(stage->shares, 50);
        ipc_share_charge(alice->share, 30000);
        while (!turn(stage, SECOND))
                continue;
        assert_int_equal(stage->served[0], 'a');
}

static void test_who_comes_back_finds_what_they_had(void **state) {
        Stage *stage = *state;
        Peer *alice = join(stage, ALICE, 'a');

        ipc_shares_set_part(stage->shares, 1);
        ipc_share_charge(alice->share, 60 * SECOND);
        leave(alice);
        assert_false(turn(stage, 1000));
        join(stage, ALICE, 'a');
        for (unsigned int i = 0; i < 5; i++)
                assert_false(turn(stage, 1000));
}

static void test_without_a_limit_nobody_waits(void **state) {
        Stage *stage = *state;
        Peer *alice = join(stage, ALICE, 'a');

        ipc_share_charge(alice->share, 60 * SECOND);
        assert_true(turn(stage, SECOND));
}

static void test_a_few_look_ups_at_a_time(void **state) {
        Stage *stage = *state;
        Peer *alice = join(stage, ALICE, 'a');

        for (unsigned int i = 0; i < 3; i++)
                ipc_share_hold(alice->share);
        assert_true(turn(stage, SECOND));
        ipc_share_hold(alice->share);
        assert_false(turn(stage, 1000));
        ipc_share_release(alice->share);
        assert_true(turn(stage, SECOND));
        for (unsigned int i = 0; i < 3; i++)
                ipc_share_release(alice->share);
}

static void test_a_share_outlives_what_is_under_way(void **state) {
        Stage *stage = *state;
        Peer *alice = join(stage, ALICE, 'a');
        IpcShare *share = alice->share;

        ipc_share_hold(share);
        leave(alice);
        ipc_share_charge(share, 1);
        ipc_share_release(share);
        assert_false(turn(stage, 1000));
}

static void test_a_connection_may_leave_while_it_is_served(void **state) {
        Stage *stage = *state;

        join(stage, ALICE, 'a')->leaves = true;
        join(stage, BOB, 'b')->leaves = true;
        while (stage->n_served < 2)
                assert_true(turn(stage, SECOND));
        assert_false(turn(stage, 1000));
}

static void test_a_user_has_so_many_connections(void **state) {
        Stage *stage = *state;

        join(stage, ALICE, 'a');
        assert_null(ipc_shares_join(stage->shares, ALICE, 1));
        assert_null(ipc_shares_join(stage->shares, BOB, 0));
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        const struct CMUnitTest tests[] = {
                CASE(test_users_are_served_in_turns),
                CASE(test_a_turn_of_the_loop_ends),
                CASE(test_who_has_used_up_their_time_waits_and_nobody_else),
                CASE(test_who_waited_is_served_when_there_is_time),
                CASE(test_who_comes_back_finds_what_they_had),
                CASE(test_without_a_limit_nobody_waits),
                CASE(test_a_few_look_ups_at_a_time),
                CASE(test_a_share_outlives_what_is_under_way),
                CASE(test_a_connection_may_leave_while_it_is_served),
                CASE(test_a_user_has_so_many_connections),
        };
#undef CASE

        return cmocka_run_group_tests(tests, NULL, NULL);
}
