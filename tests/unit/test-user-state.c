/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/session/session-check.h"
#include "daemon/session/state-end.h"
#include "daemon/session/user-state.h"
#include "tests/moment-at.h"

#define NOW   UINT64_C(1800000000)
#define YEARS (UINT64_C(10) * 366 * 86400)
#define SID_A "AAAAAAAAAAAAAAAAAAAAAA"
#define SID_B "BBBBBBBBBBBBBBBBBBBBBA"
#define SID_C "CCCCCCCCCCCCCCCCCCCCCA"

static Session *make_session(const char *sid, uint64_t created_at_sec) {
        Session *session = calloc(1, sizeof(*session));

        assert_non_null(session);
        memcpy(session->sid, sid, SID_SIZE);
        session->generation = 3;
        session->created_at_sec = created_at_sec;
        session->issued_at_sec = created_at_sec;
        session->token_end_sec = NOW + 900;
        session->expires_at_sec = NOW + 86400;
        session->roles_json = strdup("[\"admin\"]");
        session->user_agent = strdup("test");
        return session;
}

static UserState *make_state(void) {
        UserState *state;

        assert_int_equal(user_state_new("default", "alice", &state), 0);
        return state;
}

static void add(UserState *state, const char *sid, uint64_t created_at_sec) {
        assert_int_equal(user_state_add(state, make_session(sid, created_at_sec)), 0);
}

static void make_sid(char sid[SID_SIZE + 1], unsigned int number) {
        snprintf(sid, SID_SIZE + 1, "%021uA", number);
}

static void test_a_new_state_is_empty(void **unused) {
        _cleanup_(user_state_unrefp) UserState *state = make_state();

        (void)unused;
        assert_int_equal(user_state_end_sec(state), 0);
        assert_int_equal(state->version.incarnation, 0);
        assert_null(user_state_find(state, SID_A));
        assert_int_equal(user_state_check(state, SID_A, NOW), REASON_SESSION_UNKNOWN);
        assert_false(user_state_prune(state, MOMENT_AT(NOW)));
}

static void test_sessions_stay_in_the_order_of_their_creation(void **unused) {
        _cleanup_(user_state_unrefp) UserState *state = make_state();

        (void)unused;
        add(state, SID_C, NOW - 10);
        add(state, SID_B, NOW - 30);
        add(state, SID_A, NOW - 10);
        assert_string_equal(state->sessions[0]->sid, SID_B);
        assert_string_equal(state->sessions[1]->sid, SID_A);
        assert_string_equal(state->sessions[2]->sid, SID_C);
}

static void test_a_sid_cannot_come_twice_or_come_back(void **unused) {
        _cleanup_(user_state_unrefp) UserState *state = make_state();
        Session *again = make_session(SID_A, NOW);

        (void)unused;
        add(state, SID_A, NOW);
        assert_int_equal(user_state_add(state, again), -EEXIST);
        assert_true(user_state_end(state, SID_A, REASON_SESSION_REVOKED, NOW));
        assert_int_equal(user_state_add(state, again), -EEXIST);
        session_unref(again);
}

static void test_no_more_sessions_than_the_limit(void **unused) {
        _cleanup_(user_state_unrefp) UserState *state = make_state();
        Session *one_more = make_session(SID_A, NOW);
        char sid[SID_SIZE + 1];

        (void)unused;
        for (unsigned int i = 0; i < USER_STATE_SESSIONS_MAX; i++) {
                make_sid(sid, i);
                add(state, sid, NOW + i);
        }
        assert_int_equal(user_state_add(state, one_more), USER_STATE_E_FULL);
        assert_true(user_state_end(state, sid, REASON_SESSION_REPLACED, NOW));
        assert_int_equal(user_state_add(state, one_more), 0);
}

static void test_an_ended_session_keeps_its_reason(void **unused) {
        _cleanup_(user_state_unrefp) UserState *state = make_state();

        (void)unused;
        add(state, SID_A, NOW);
        add(state, SID_B, NOW);
        assert_true(user_state_end(state, SID_A, REASON_SESSION_KICKED, NOW));
        assert_false(user_state_end(state, SID_A, REASON_SESSION_REVOKED, NOW));
        assert_false(user_state_end(state, SID_C, REASON_SESSION_REVOKED, NOW));
        assert_int_equal(user_state_check(state, SID_A, NOW), REASON_SESSION_KICKED);
        assert_int_equal(user_state_check(state, SID_B, NOW), REASON_OK);
        assert_int_equal(state->ended[0].ended_at_sec, NOW);
        assert_int_equal(state->ended[0].keep_until_sec, NOW + 86400 + SESSION_END_MARGIN_SEC);
}

static void test_an_end_never_reads_as_accepted(void **unused) {
        _cleanup_(user_state_unrefp) UserState *state = make_state();

        (void)unused;
        add(state, SID_A, NOW);
        assert_true(user_state_end(state, SID_A, REASON_OK, NOW));
        assert_int_equal(user_state_check(state, SID_A, NOW), REASON_INTERNAL);
}

static void test_a_long_token_keeps_its_end_known(void **unused) {
        _cleanup_(user_state_unrefp) UserState *state = make_state();
        Session *session = make_session(SID_A, NOW);

        (void)unused;
        session->token_end_sec = NOW + 100000;
        assert_int_equal(user_state_add(state, session), 0);
        assert_int_equal(user_state_end_sec(state), NOW + 100000 + SESSION_END_MARGIN_SEC);
        assert_true(user_state_end(state, SID_A, REASON_SESSION_REVOKED, NOW));
        assert_int_equal(user_state_end_sec(state), NOW + 100000 + SESSION_END_MARGIN_SEC);
}

static void test_above_the_limit_the_oldest_end_is_forgotten(void **unused) {
        _cleanup_(user_state_unrefp) UserState *state = make_state();
        char first[SID_SIZE + 1], second[SID_SIZE + 1], sid[SID_SIZE + 1];

        (void)unused;
        make_sid(first, 0);
        make_sid(second, 1);
        for (unsigned int i = 0; i <= USER_STATE_ENDED_MAX; i++) {
                make_sid(sid, i);
                add(state, sid, NOW);
                assert_true(user_state_end(state, sid, REASON_SESSION_REVOKED, NOW + i));
        }
        assert_int_equal(state->n_ended, USER_STATE_ENDED_MAX);
        assert_int_equal(user_state_check(state, first, NOW), REASON_SESSION_UNKNOWN);
        assert_int_equal(user_state_check(state, second, NOW), REASON_SESSION_REVOKED);
        assert_int_equal(user_state_check(state, sid, NOW), REASON_SESSION_REVOKED);
        assert_int_equal(state->forgotten_sec, 0);
}

/* Absence would have another issuer's token adopted again; of ours it says all that has to be known. */
static void test_ends_of_adopted_sessions_are_forgotten_last(void **unused) {
        _cleanup_(user_state_unrefp) UserState *state = make_state();
        char sid[SID_SIZE + 1];

        (void)unused;
        for (unsigned int i = 0; i < 2 * USER_STATE_ENDED_MAX; i++) {
                Session *session;

                make_sid(sid, i);
                session = make_session(sid, NOW);
                session->adopted = i % 2;
                assert_int_equal(user_state_add(state, session), 0);
                assert_true(user_state_end(state, sid, REASON_SESSION_REVOKED, NOW + i));
        }
        make_sid(sid, 1);
        assert_int_equal(user_state_check(state, sid, NOW), REASON_SESSION_REVOKED);
        assert_int_equal(state->forgotten_sec, 0);
        assert_false(user_state_make_ended_room(state));
        add(state, SID_A, NOW);
        assert_true(user_state_end(state, SID_A, REASON_SESSION_REVOKED, NOW + 9999));
        assert_int_equal(user_state_check(state, sid, NOW), REASON_SESSION_UNKNOWN);
        assert_int_equal(state->forgotten_sec, NOW + 9999);
        assert_true(user_state_make_ended_room(state));
        assert_int_equal(user_state_check(state, SID_A, NOW), REASON_SESSION_UNKNOWN);
}

static void test_a_session_past_its_end_is_not_live(void **unused) {
        _cleanup_(user_state_unrefp) UserState *state = make_state();

        (void)unused;
        add(state, SID_A, NOW);
        assert_int_equal(user_state_check(state, SID_A, NOW + 86399), REASON_OK);
        assert_int_equal(user_state_check(state, SID_A, NOW + 86400), REASON_SESSION_EXPIRED);
}

static void test_pruning_ends_and_then_forgets(void **unused) {
        _cleanup_(user_state_unrefp) UserState *state = make_state();

        (void)unused;
        add(state, SID_A, NOW);
        assert_false(user_state_prune(state, MOMENT_AT(NOW + 86399)));
        assert_true(user_state_prune(state, MOMENT_AT(NOW + 86400)));
        assert_int_equal(state->n_sessions, 0);
        assert_int_equal(user_state_check(state, SID_A, NOW), REASON_SESSION_EXPIRED);
        assert_int_equal(state->ended[0].ended_at_sec, NOW + 86400);
        assert_false(user_state_prune(state, MOMENT_AT(NOW + 86400 + SESSION_END_MARGIN_SEC - 1)));
        assert_true(user_state_prune(state, MOMENT_AT(NOW + 86400 + SESSION_END_MARGIN_SEC)));
        assert_int_equal(user_state_end_sec(state), 0);
}

static void test_a_clock_that_jumped_ahead_and_back_revives_nothing(void **unused) {
        _cleanup_(user_state_unrefp) UserState *state = make_state();

        (void)unused;
        add(state, SID_A, NOW);
        add(state, SID_B, NOW);
        assert_true(user_state_end(state, SID_A, REASON_SESSION_REVOKED, NOW));
        assert_true(user_state_prune(state, MOMENT_AT(NOW + 10 * 86400)));
        assert_int_not_equal(user_state_check(state, SID_A, NOW), REASON_OK);
        assert_int_not_equal(user_state_check(state, SID_B, NOW), REASON_OK);
}

/* A wall clock that is years ahead, and with it whatever is believed less. */
static const struct {
        const char *name;
        uint64_t passed_ahead_sec, settled_ahead_sec;
        bool banned, kept;
} doubts[] = {
        { "nothing is believed of it", 0, 0, true, true },
        { "the time has passed, so one hears", YEARS, 0, false, true },
        { "it is settled", YEARS, YEARS, false, false },
};

static void test_what_forbids_goes_by_a_clock_that_is_believed(void **unused) {
        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(doubts); i++) {
                const Moment moment = { NOW + YEARS, NOW + doubts[i].passed_ahead_sec,
                        NOW + doubts[i].settled_ahead_sec };
                _cleanup_(user_state_unrefp) UserState *state = make_state();
                Session *foreign = make_session(SID_B, NOW);

                print_message("# %s\n", doubts[i].name);
                foreign->adopted = 1;
                add(state, SID_A, NOW);
                assert_int_equal(user_state_add(state, foreign), 0);
                assert_true(user_state_end(state, SID_A, REASON_SESSION_REVOKED, NOW));
                assert_true(user_state_end(state, SID_B, REASON_SESSION_REVOKED, NOW));
                state->ban_until_sec = NOW + 10;
                state->not_before_sec = NOW;
                state->forgotten_sec = NOW;
                assert_int_equal(user_state_is_banned(state, &moment), doubts[i].banned);
                assert_true(user_state_prune(state, &moment));
                /* Of our own sessions absence says as much. */
                assert_null(user_state_find_ended(state, SID_A));
                assert_int_equal(user_state_find_ended(state, SID_B) != NULL, doubts[i].kept);
                assert_int_equal(state->ban_until_sec != 0, doubts[i].kept);
                assert_int_equal(state->not_before_sec != 0, doubts[i].kept);
                assert_int_equal(state->forgotten_sec != 0, doubts[i].kept);
                assert_int_equal(user_state_forbids(state), doubts[i].kept);
        }
}

static void test_what_forbids(void **unused) {
        static const struct {
                const char *name;
                uint64_t ban_until_sec, not_before_sec, forgotten_sec;
                bool ended, adopted, forbids;
        } cases[] = {
                { "nothing", 0, 0, 0, false, false, false },
                { "an end of our own session", 0, 0, 0, true, false, false },
                { "an end of an adopted session", 0, 0, 0, true, true, true },
                { "a ban", NOW, 0, 0, false, false, true },
                { "a not-before time", 0, NOW, 0, false, false, true },
                { "forgotten ends", 0, 0, NOW, false, false, true },
        };

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const EndedSession ended = { SID_A, REASON_SESSION_REVOKED, NOW, NOW,
                        cases[i].adopted };
                _cleanup_(user_state_unrefp) UserState *state = make_state();

                print_message("# %s\n", cases[i].name);
                add(state, SID_B, NOW);
                if (cases[i].ended)
                        assert_int_equal(user_state_insert_ended(state, &ended), 0);
                state->ban_until_sec = cases[i].ban_until_sec;
                state->not_before_sec = cases[i].not_before_sec;
                state->forgotten_sec = cases[i].forgotten_sec;
                assert_int_equal(user_state_forbids(state), cases[i].forbids);
        }
}

static void test_pruning_lifts_bans_and_old_not_before_times(void **unused) {
        _cleanup_(user_state_unrefp) UserState *state = make_state();

        (void)unused;
        state->ban_until_sec = NOW + 10;
        state->ban_reason = strdup("left the company");
        state->not_before_sec = NOW;
        assert_int_equal(user_state_end_sec(state), NOW + USER_STATE_NOT_BEFORE_KEEP_SEC);
        assert_true(user_state_is_banned(state, MOMENT_AT(NOW + 9)));
        assert_false(user_state_is_banned(state, MOMENT_AT(NOW + 10)));
        assert_false(user_state_prune(state, MOMENT_AT(NOW + 9 + USER_STATE_MARGIN_SEC)));
        assert_true(user_state_prune(state, MOMENT_AT(NOW + 10 + USER_STATE_MARGIN_SEC)));
        assert_int_equal(state->ban_until_sec, 0);
        assert_null(state->ban_reason);
        assert_int_equal(state->not_before_sec, NOW);
        assert_true(user_state_prune(state, MOMENT_AT(NOW + USER_STATE_NOT_BEFORE_KEEP_SEC)));
        assert_int_equal(user_state_end_sec(state), 0);
}

static void test_a_ban_without_end_stays(void **unused) {
        _cleanup_(user_state_unrefp) UserState *state = make_state();

        (void)unused;
        state->ban_until_sec = UINT64_MAX;
        assert_false(user_state_prune(state, MOMENT_AT(NOW + UINT64_C(100) * 366 * 86400)));
        assert_true(user_state_end_sec(state) == UINT64_MAX);
}

static const struct {
        const char *name;
        uint64_t generation, issued_at_sec, now_sec, not_before_sec, ban_until_sec;
        Reason reason;
} tokens[] = {
        { "the live token is accepted", 3, NOW, NOW, 0, 0, REASON_OK },
        { "the generation before is old", 2, NOW, NOW, 0, 0, REASON_GENERATION_OLD },
        { "a generation that is not reached is unknown", 4, NOW, NOW, 0, 0,
                REASON_SESSION_UNKNOWN },
        { "generation 0 is old", 0, NOW, NOW, 0, 0, REASON_GENERATION_OLD },
        { "issued one second before not-before", 3, NOW - 1, NOW, NOW, 0, REASON_ISSUED_BEFORE },
        { "issued at not-before", 3, NOW, NOW, NOW, 0, REASON_OK },
        { "banned for one more second", 3, NOW, NOW, 0, NOW + 1, REASON_USER_BANNED },
        { "a ban that ended now", 3, NOW, NOW, 0, NOW, REASON_OK },
        { "a ban without end", 3, NOW, NOW, 0, UINT64_MAX, REASON_USER_BANNED },
        { "past the end of the session", 3, NOW, NOW + 86400, 0, 0, REASON_SESSION_EXPIRED },
        { "past its end, a ban is not mentioned", 3, NOW, NOW + 86400, 0, UINT64_MAX,
                REASON_SESSION_EXPIRED },
};

static void test_tokens(void **unused) {
        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(tokens); i++) {
                _cleanup_(user_state_unrefp) UserState *state = make_state();

                add(state, SID_A, NOW);
                state->not_before_sec = tokens[i].not_before_sec;
                state->ban_until_sec = tokens[i].ban_until_sec;
                if (user_state_check_token(state,
                            &(TokenFacts){ SID_A, tokens[i].generation, tokens[i].issued_at_sec },
                            0, MOMENT_AT(tokens[i].now_sec)) != tokens[i].reason)
                        fail_msg("wrong: %s", tokens[i].name);
        }
}

static void test_a_token_of_an_ended_session_gets_its_reason(void **unused) {
        _cleanup_(user_state_unrefp) UserState *state = make_state();

        (void)unused;
        add(state, SID_A, NOW);
        assert_true(user_state_end(state, SID_A, REASON_SESSION_KICKED, NOW));
        assert_int_equal(
                user_state_check_token(state, &(TokenFacts){ SID_A, 3, NOW }, 0, MOMENT_AT(NOW)),
                REASON_SESSION_KICKED);
        assert_int_equal(
                user_state_check_token(state, &(TokenFacts){ SID_B, 3, NOW }, 0, MOMENT_AT(NOW)),
                REASON_SESSION_UNKNOWN);
}

static void test_a_copy_is_equal_and_apart(void **unused) {
        _cleanup_(user_state_unrefp) UserState *state = make_state(), *copy = NULL;

        (void)unused;
        add(state, SID_A, NOW);
        add(state, SID_B, NOW);
        assert_true(user_state_end(state, SID_B, REASON_SESSION_REVOKED, NOW));
        state->version = (StateVersion){ .incarnation = 7, .counter = 8 };
        state->ban_until_sec = UINT64_MAX;
        state->ban_reason = strdup("why");
        assert_int_equal(user_state_copy(state, &copy), 0);
        assert_int_equal(user_state_size(copy), user_state_size(state));
        assert_true(user_state_end(state, SID_A, REASON_SESSION_REVOKED, NOW));
        assert_int_equal(user_state_check(copy, SID_A, NOW), REASON_OK);
        assert_int_equal(user_state_check(copy, SID_B, NOW), REASON_SESSION_REVOKED);
        assert_string_equal(copy->sessions[0]->roles_json, "[\"admin\"]");
        assert_string_equal(copy->ban_reason, "why");
        assert_int_equal(copy->version.incarnation, 7);
        assert_int_equal(copy->version.counter, 8);
}

static void test_ends_that_no_calendar_reaches_do_not_wrap(void **unused) {
        _cleanup_(user_state_unrefp) UserState *state = make_state();
        Session *session = make_session(SID_A, NOW);

        (void)unused;
        session->expires_at_sec = SESSION_NUMBER_MAX;
        assert_int_equal(user_state_add(state, session), 0);
        assert_int_equal(user_state_end_sec(state), SESSION_NUMBER_MAX);
        state->not_before_sec = UINT64_MAX - 1;
        assert_true(user_state_end_sec(state) == UINT64_MAX);
        assert_false(user_state_prune(state, MOMENT_AT(NOW)));
}

static void test_what_is_shared_is_copied_before_it_changes(void **unused) {
        _cleanup_(user_state_unrefp) UserState *state = NULL, *other = NULL;
        const UserState *before;

        (void)unused;
        assert_int_equal(user_state_new("default", "alice", &state), 0);
        before = state;
        assert_int_equal(user_state_own(&state), 0);
        assert_ptr_equal(state, before);
        other = user_state_ref(state);
        assert_ptr_equal(other, state);
        assert_int_equal(user_state_own(&other), 0);
        assert_ptr_not_equal(other, state);
        assert_string_equal(other->user, "alice");
        other->ban_until_sec = 1;
        assert_int_equal(state->ban_until_sec, 0);
        assert_int_equal(user_state_own(&state), 0);
        assert_ptr_equal(state, before);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_is_shared_is_copied_before_it_changes),
                cmocka_unit_test(test_a_new_state_is_empty),
                cmocka_unit_test(test_sessions_stay_in_the_order_of_their_creation),
                cmocka_unit_test(test_a_sid_cannot_come_twice_or_come_back),
                cmocka_unit_test(test_no_more_sessions_than_the_limit),
                cmocka_unit_test(test_an_ended_session_keeps_its_reason),
                cmocka_unit_test(test_an_end_never_reads_as_accepted),
                cmocka_unit_test(test_a_long_token_keeps_its_end_known),
                cmocka_unit_test(test_above_the_limit_the_oldest_end_is_forgotten),
                cmocka_unit_test(test_ends_of_adopted_sessions_are_forgotten_last),
                cmocka_unit_test(test_a_session_past_its_end_is_not_live),
                cmocka_unit_test(test_pruning_ends_and_then_forgets),
                cmocka_unit_test(test_a_clock_that_jumped_ahead_and_back_revives_nothing),
                cmocka_unit_test(test_what_forbids_goes_by_a_clock_that_is_believed),
                cmocka_unit_test(test_what_forbids),
                cmocka_unit_test(test_pruning_lifts_bans_and_old_not_before_times),
                cmocka_unit_test(test_a_ban_without_end_stays),
                cmocka_unit_test(test_tokens),
                cmocka_unit_test(test_a_token_of_an_ended_session_gets_its_reason),
                cmocka_unit_test(test_a_copy_is_equal_and_apart),
                cmocka_unit_test(test_ends_that_no_calendar_reaches_do_not_wrap),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
