/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "daemon/policy/exclusion.h"
#include "daemon/session/session-check.h"
#include "daemon/session/state-end.h"
#include "daemon/session/user-state.h"
#include "tests/moment-at.h"

#define NOW UINT64_C(1700000000)

static const char *const sids[] = { "s0AAAAAAAAAAAAAAAAAAAA", "s1AAAAAAAAAAAAAAAAAAAA",
        "s2AAAAAAAAAAAAAAAAAAAA" };

static void add_session(
        UserState *state, const char *sid, uint64_t created_sec, uint64_t issued_sec) {
        Session *session = calloc(1, sizeof(*session));

        assert_non_null(session);
        memcpy(session->sid, sid, SID_SIZE + 1);
        session->generation = 1;
        session->created_at_sec = created_sec;
        session->issued_at_sec = issued_sec;
        session->token_end_sec = NOW + 900;
        session->expires_at_sec = UINT64_MAX;
        assert_int_equal(user_state_add(state, session), 0);
}

/* @created_sec, @issued_sec: of each session */
static UserState *make_state(const uint64_t created_sec[3], const uint64_t issued_sec[3]) {
        UserState *state = NULL;

        assert_int_equal(user_state_new("default", "alice", &state), 0);
        for (size_t i = 0; i < ARRAY_SIZE(sids); i++)
                add_session(state, sids[i], created_sec[i], issued_sec[i]);
        return state;
}

static UserState *make_plain_state(void) {
        static const uint64_t times[] = { NOW - 2, NOW - 1, NOW };

        return make_state(times, times);
}

static void test_ban(void **unused) {
        static const struct {
                const char *name;
                uint64_t until_sec, asked_sec;
                Reason reason;
        } cases[] = {
                { "banned at once", NOW + 60, NOW, REASON_USER_BANNED },
                { "banned until the last second", NOW + 60, NOW + 59, REASON_USER_BANNED },
                { "back in the first second after it", NOW + 60, NOW + 60, REASON_OK },
                { "banned without end", UINT64_MAX, UINT64_MAX - 1, REASON_USER_BANNED },
        };

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(user_state_unrefp) UserState *state = make_plain_state();
                PolicyEnded ended;

                print_message("# %s\n", cases[i].name);
                assert_int_equal(exclusion_ban(state, cases[i].until_sec, "left", NOW, &ended), 0);
                assert_int_equal(ended.n_ends, 3);
                assert_int_equal(state->n_sessions, 0);
                /* What no ban can let happen, but a store that was set back. */
                state->n_ended = 0;
                assert_string_equal(state->ban_reason, "left");
                add_session(state, sids[0], NOW, NOW);
                assert_int_equal(user_state_check_token(state, &(TokenFacts){ sids[0], 1, NOW }, 0,
                                         MOMENT_AT(cases[i].asked_sec)),
                        cases[i].reason);
                policy_ended_clear(&ended);
        }
}

static void test_a_session_that_a_ban_ended_stays_ended(void **unused) {
        _cleanup_(user_state_unrefp) UserState *state = make_plain_state();
        PolicyEnded ended;

        (void)unused;
        assert_int_equal(exclusion_ban(state, UINT64_MAX, NULL, NOW, &ended), 0);
        policy_ended_clear(&ended);
        assert_null(state->ban_reason);
        assert_int_equal(exclusion_lift(state, MOMENT_AT(NOW)), REASON_OK);
        assert_int_equal(
                user_state_check_token(state, &(TokenFacts){ sids[0], 1, NOW }, 0, MOMENT_AT(NOW)),
                REASON_USER_BANNED);
        assert_int_equal(user_state_check(state, sids[0], NOW), REASON_USER_BANNED);
}

static void test_a_second_ban_replaces_the_first(void **unused) {
        _cleanup_(user_state_unrefp) UserState *state = make_plain_state();
        PolicyEnded ended;

        (void)unused;
        assert_int_equal(exclusion_ban(state, UINT64_MAX, "one", NOW, &ended), 0);
        policy_ended_clear(&ended);
        assert_int_equal(exclusion_ban(state, NOW + 1, "", NOW, &ended), 0);
        assert_int_equal(ended.n_ends, 0);
        policy_ended_clear(&ended);
        assert_int_equal(state->ban_until_sec, NOW + 1);
        assert_null(state->ban_reason);
}

static void test_lift(void **unused) {
        static const struct {
                const char *name;
                uint64_t until_sec;
                Reason reason;
        } cases[] = {
                { "no ban", 0, REASON_NOT_BANNED },
                { "a ban that is over", NOW, REASON_NOT_BANNED },
                { "a ban in force", NOW + 1, REASON_OK },
                { "a ban without end", UINT64_MAX, REASON_OK },
        };

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(user_state_unrefp) UserState *state = make_plain_state();

                print_message("# %s\n", cases[i].name);
                state->ban_until_sec = cases[i].until_sec;
                assert_int_equal(exclusion_lift(state, MOMENT_AT(NOW)), cases[i].reason);
                if (cases[i].reason == REASON_OK)
                        assert_int_equal(state->ban_until_sec, 0);
        }
}

/* The numbers of the sessions that are still there. */
static void write_left(const UserState *state, char left[4]) {
        for (size_t i = 0; i < ARRAY_SIZE(sids); i++)
                if (user_state_find(state, sids[i]))
                        *left++ = (char)('0' + i);
        *left = '\0';
}

static void test_revoke_before(void **unused) {
        static const struct {
                const char *name;
                uint64_t created_sec[3], issued_sec[3], old_sec, time_sec;
                const char *left; /* numbers of the sessions that go on */
                uint64_t not_before_sec;
        } cases[] = {
                { "older ones end", { 10, 20, 30 }, { 10, 20, 30 }, 0, 20, "12", 20 },
                { "one that was refreshed since is older all the same", { 10, 20, 30 },
                        { 25, 25, 30 }, 0, 20, "12", 20 },
                { "one that was adopted since has an older token", { 20, 21, 30 }, { 5, 21, 30 }, 0,
                        20, "12", 20 },
                { "none is older", { 10, 20, 30 }, { 10, 20, 30 }, 0, 10, "012", 10 },
                { "all are", { 10, 20, 30 }, { 10, 20, 30 }, 0, 31, "", 31 },
                { "now means those of this second, too", { NOW - 1, NOW, NOW },
                        { NOW - 1, NOW, NOW }, 0, 0, "", NOW },
                { "the time does not go back", { 10, 20, 30 }, { 10, 20, 30 }, 30, 20, "12", 30 },
        };

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(user_state_unrefp) UserState *state =
                        make_state(cases[i].created_sec, cases[i].issued_sec);
                char left[4] = "";
                PolicyEnded ended;

                print_message("# %s\n", cases[i].name);
                state->not_before_sec = cases[i].old_sec;
                assert_int_equal(exclusion_revoke_before(state, cases[i].time_sec, NOW, &ended), 0);
                write_left(state, left);
                assert_string_equal(left, cases[i].left);
                assert_int_equal(ended.n_ends, 3 - strlen(left));
                assert_int_equal(state->not_before_sec, cases[i].not_before_sec);
                policy_ended_clear(&ended);
        }
}

static void test_lower_before(void **unused) {
        static const struct {
                const char *name;
                uint64_t old_sec, not_before_sec;
                const char *left;
                Reason reason;
        } cases[] = {
                { "none", 0, 0, "012", REASON_NOT_AHEAD },
                { "one that has passed stays", NOW - 1, NOW - 1, "012", REASON_NOT_AHEAD },
                { "one of now stays", NOW, NOW, "012", REASON_NOT_AHEAD },
                { "what clocks differ by stays", NOW + EXCLUSION_CLOCKS_DIFFER_SEC,
                        NOW + EXCLUSION_CLOCKS_DIFFER_SEC, "012", REASON_NOT_AHEAD },
                { "one further ahead comes back to now", NOW + EXCLUSION_CLOCKS_DIFFER_SEC + 1, NOW,
                        "", REASON_OK },
                { "the last one, too", UINT64_MAX, NOW, "", REASON_OK },
        };

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(user_state_unrefp) UserState *state =
                        make_state((const uint64_t[]){ 10, NOW, NOW },
                                (const uint64_t[]){ 10, NOW, NOW + 99 });
                char left[4] = "";
                PolicyEnded ended;

                print_message("# %s\n", cases[i].name);
                state->not_before_sec = cases[i].old_sec;
                assert_int_equal(exclusion_lower_before(state, NOW, &ended), cases[i].reason);
                write_left(state, left);
                assert_string_equal(left, cases[i].left);
                assert_int_equal(ended.n_ends, 3 - strlen(left));
                assert_int_equal(state->not_before_sec, cases[i].not_before_sec);
                policy_ended_clear(&ended);
        }
}

static void test_what_cannot_be_read_has_ended(void **unused) {
        static const struct {
                const char *name;
                uint64_t not_before_sec, forgotten_sec, ban_until_sec; /* that were left */
                uint64_t new_not_before_sec, new_forgotten_sec;
        } cases[] = {
                { "of which nothing was left", 0, 0, 0, NOW, NOW },
                { "that was revoked before", NOW - 9, NOW - 8, 0, NOW, NOW },
                { "by a clock that is ahead", NOW + 9, NOW + 8, 0, NOW + 9, NOW + 8 },
                { "of a banned user", 0, 0, UINT64_MAX, NOW, NOW },
        };

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(user_state_unrefp) UserState *state = NULL;

                print_message("# %s\n", cases[i].name);
                assert_int_equal(user_state_new("default", "alice", &state), 0);
                state->not_before_sec = cases[i].not_before_sec;
                state->forgotten_sec = cases[i].forgotten_sec;
                state->ban_until_sec = cases[i].ban_until_sec;
                exclusion_end_unreadable(state, NOW);
                assert_int_equal(state->not_before_sec, cases[i].new_not_before_sec);
                assert_int_equal(state->forgotten_sec, cases[i].new_forgotten_sec);
                assert_int_equal(state->ban_until_sec, cases[i].ban_until_sec);
                assert_true(user_state_forbids(state));
                assert_int_equal(user_state_check_token(state, &(TokenFacts){ sids[0], 1, NOW - 1 },
                                         30, MOMENT_AT(NOW)),
                        REASON_SESSION_UNKNOWN);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_cannot_be_read_has_ended),
                cmocka_unit_test(test_ban),
                cmocka_unit_test(test_a_session_that_a_ban_ended_stays_ended),
                cmocka_unit_test(test_a_second_ban_replaces_the_first),
                cmocka_unit_test(test_lift),
                cmocka_unit_test(test_revoke_before),
                cmocka_unit_test(test_lower_before),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
