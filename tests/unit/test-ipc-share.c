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
        bool in_line;
} Peer;

typedef struct Stage {
        sd_event *event;
        IpcShares *shares;
        Peer peers[PEERS];
        size_t n_peers;
        char served[N_SERVED + 1]; /* names, in order */
        size_t n_served;
        int root_fds[2]; /* where somebody asks as root while others are served; -1: nobody does */
        sd_event_source *root;
        bool is_slow; /* each request takes a whole turn */
} Stage;

static void leave(Peer *peer) {
        if (!peer->share)
                return;
        close(peer->fds[0]);
        close(peer->fds[1]);
        if (peer->in_line)
                ipc_share_drop_out(peer->share);
        else
                ipc_share_leave(peer->share);
        peer->share = NULL;
}

/* However quick this machine is. */
static void let_a_turn_go_by(void) {
        uint64_t begun_usec = ipc_share_clock();

        while (ipc_share_clock() - begun_usec < IPC_SHARE_TURN_USEC)
                continue;
}

static int on_root(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Stage *stage = userdata;
        char letter;

        (void)source;
        (void)events;
        assert_int_equal(recv(fd, &letter, 1, 0), 1);
        if (stage->n_served < N_SERVED)
                stage->served[stage->n_served++] = 'r';
        return 0;
}

static void serve(void *item, uint32_t events, void *userdata) {
        Stage *stage = userdata;
        Peer *peer = item;

        assert_true(events & EPOLLIN);
        if (stage->root)
                assert_int_equal(send(stage->root_fds[1], "x", 1, 0), 1);
        if (stage->is_slow)
                let_a_turn_go_by();
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
        if (stage->root) {
                sd_event_source_disable_unref(stage->root);
                close(stage->root_fds[0]);
                close(stage->root_fds[1]);
        }
        ipc_shares_free(stage->shares);
        sd_event_unref(stage->event);
        free(stage);
        return 0;
}

static Peer *arrive(Stage *stage, char name, IpcShare *share) {
        Peer *peer = &stage->peers[stage->n_peers++];

        assert_true(stage->n_peers <= PEERS);
        peer->name = name;
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, peer->fds), 0);
        assert_int_equal(send(peer->fds[1], "x", 1, 0), 1);
        peer->share = share;
        assert_non_null(peer->share);
        assert_int_equal(ipc_share_watch(peer->share, peer->fds[0], peer), 0);
        return peer;
}

static Peer *join(Stage *stage, uid_t uid, char name) {
        return arrive(stage, name, ipc_shares_join(stage->shares, uid, PEERS));
}

static Peer *line_up(Stage *stage, uid_t uid, char name) {
        Peer *peer = arrive(stage, name, ipc_shares_line_up(stage->shares, uid, PEERS));

        peer->in_line = true;
        return peer;
}

/* One turn of the loop; whether anybody was served in it. */
static bool turn(Stage *stage, uint64_t usec) {
        size_t before = stage->n_served;

        assert_true(sd_event_run(stage->event, usec) >= 0);
        return stage->n_served > before;
}

/* Bob's one connection is served as often as Alice's seven. */
static void assert_in_turns(Stage *stage) {
        for (size_t i = 0; i + 1 < PEERS; i++)
                join(stage, ALICE, 'a');
        join(stage, BOB, 'b');
        while (stage->n_served < 8)
                assert_true(turn(stage, SECOND));
        for (size_t i = 0; i + 1 < 8; i++)
                assert_int_not_equal(stage->served[i], stage->served[i + 1]);
}

static void test_users_are_served_in_turns(void **state) {
        assert_in_turns(*state);
}

static void test_users_are_served_in_turns_however_long_one_takes(void **state) {
        Stage *stage = *state;

        stage->is_slow = true;
        assert_in_turns(stage);
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

static void test_root_is_served_between_two_of_other_users(void **state) {
        Stage *stage = *state;

        stage->is_slow = true;
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, stage->root_fds), 0);
        assert_true(sd_event_add_io(stage->event, &stage->root, stage->root_fds[0], EPOLLIN,
                            on_root, stage) >= 0);
        for (size_t i = 0; i + 1 < PEERS; i++)
                join(stage, ALICE, 'a');
        join(stage, BOB, 'b');
        while (stage->n_served < 8)
                assert_true(turn(stage, SECOND));
        for (size_t i = 1; i < 8; i += 2)
                assert_int_equal(stage->served[i], 'r');
}

static void test_one_too_many_is_sent_away_when_there_is_time(void **state) {
        Stage *stage = *state;
        Peer *peer = line_up(stage, ALICE, 'a');

        ipc_shares_set_part(stage->shares, 1);
        ipc_share_charge(peer->share, 60 * SECOND);
        for (unsigned int i = 0; i < 5; i++)
                assert_false(turn(stage, 1000));
        ipc_shares_set_part(stage->shares, 100);
        while (!turn(stage, SECOND))
                continue;
        assert_int_equal(stage->served[0], 'a');
}

static void test_who_lines_up_takes_no_place(void **state) {
        Stage *stage = *state;

        line_up(stage, ALICE, 'x');
        join(stage, ALICE, 'a');
        assert_null(ipc_shares_join(stage->shares, ALICE, 1));
}

static void test_so_many_of_all_users_wait_to_be_sent_away(void **state) {
        Stage *stage = *state;
        Peer *alice = line_up(stage, ALICE, 'a');

        line_up(stage, BOB, 'b');
        assert_int_equal(ipc_shares_in_line(stage->shares), 2);
        assert_null(ipc_shares_line_up(stage->shares, BOB, 2));
        leave(alice);
        assert_int_equal(ipc_shares_in_line(stage->shares), 1);
        assert_ptr_equal(line_up(stage, BOB, 'b')->share, stage->peers[1].share);
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        const struct CMUnitTest tests[] = {
                CASE(test_users_are_served_in_turns),
                CASE(test_users_are_served_in_turns_however_long_one_takes),
                CASE(test_a_turn_of_the_loop_ends),
                CASE(test_who_has_used_up_their_time_waits_and_nobody_else),
                CASE(test_who_waited_is_served_when_there_is_time),
                CASE(test_who_comes_back_finds_what_they_had),
                CASE(test_without_a_limit_nobody_waits),
                CASE(test_a_few_look_ups_at_a_time),
                CASE(test_a_share_outlives_what_is_under_way),
                CASE(test_a_connection_may_leave_while_it_is_served),
                CASE(test_a_user_has_so_many_connections),
                CASE(test_root_is_served_between_two_of_other_users),
                CASE(test_one_too_many_is_sent_away_when_there_is_time),
                CASE(test_who_lines_up_takes_no_place),
                CASE(test_so_many_of_all_users_wait_to_be_sent_away),
        };
#undef CASE

        return cmocka_run_group_tests(tests, NULL, NULL);
}
