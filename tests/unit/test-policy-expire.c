/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "daemon/policy/policy.h"
#include "daemon/session/moment.h"
#include "daemon/session/session-check.h"
#include "daemon/session/user-state.h"
#include "tests/edit-session.h"

#define NOW UINT64_C(1700000000)

static const Moment now = { NOW, NOW, NOW };

static UserState *make_state(unsigned int n_sessions) {
        UserState *state = NULL;

        assert_int_equal(user_state_new("default", "alice", &state), 0);
        for (unsigned int i = 0; i < n_sessions; i++) {
                Session *session = calloc(1, sizeof(*session));

                assert_non_null(session);
                memset(session->sid, 'A', SID_SIZE);
                session->sid[0] = 's';
                session->sid[1] = (char)('0' + i);
                session->generation = 1;
                session->created_at_sec = session->issued_at_sec = session->last_seen_sec = NOW;
                session->token_end_sec = NOW + 900;
                session->expires_at_sec = NOW + 86400;
                assert_int_equal(user_state_add(state, session), 0);
        }
        return state;
}

static void test_a_clock_that_was_set_back_prolongs_nothing(void **unused) {
        static const struct {
                const char *name;
                uint64_t created_sec, seen_sec, idle_sec, expires_sec, remaining_sec;
        } cases[] = {
                { "a lifetime", NOW - 9, 0, 0, NOW + 100, 100 },
                { "a lifetime that is over", NOW - 9, 0, 0, NOW, 0 },
                { "one that has not begun", NOW + 5000, 0, 0, NOW + 5100, 100 },
                { "one that ends before it begins", NOW + 5000, 0, 0, NOW + 4000, 0 },
                { "a time without use", NOW - 100, NOW - 20, 60, NOW + 100, 40 },
                { "one that is over", NOW - 100, NOW - 60, 60, NOW + 100, 0 },
                { "one after a use that has not been", NOW - 100, NOW + 20, 60, NOW + 100, 60 },
                { "one that is longer than the lifetime", NOW - 100, NOW - 20, 600, NOW + 100,
                        100 },
        };

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const Session session = {
                        .created_at_sec = cases[i].created_sec,
                        .last_seen_sec = cases[i].seen_sec,
                        .idle_sec = cases[i].idle_sec,
                        .expires_at_sec = cases[i].expires_sec,
                };

                print_message("# %s\n", cases[i].name);
                assert_int_equal(session_remaining_sec(&session, NOW), cases[i].remaining_sec);
        }
}

static void test_expire(void **unused) {
        static const struct {
                const char *name;
                uint64_t created_sec, seen_sec, rotated_sec, idle_sec, expires_sec;
                Reason reason;
        } cases[] = {
                { "within its lifetime", NOW, 0, NOW, 0, NOW + 1, REASON_OK },
                { "at the end of its lifetime", NOW - 9, NOW, NOW, 0, NOW, REASON_SESSION_EXPIRED },
                { "idle without a limit", NOW - 9000, 0, 0, 0, NOW + 1, REASON_OK },
                { "idle for less than the limit", NOW - 59, 0, 0, 60, NOW + 1, REASON_OK },
                { "idle since it began", NOW - 60, 0, 0, 60, NOW + 1, REASON_SESSION_IDLE },
                { "logged in by a moment ago", NOW - 90, NOW - 1, 0, 60, NOW + 1, REASON_OK },
                { "idle since the last login", NOW - 90, NOW - 60, 0, 60, NOW + 1,
                        REASON_SESSION_IDLE },
                { "refreshed a moment ago", NOW - 90, NOW - 80, NOW - 1, 60, NOW + 1, REASON_OK },
                { "used in the future of a clock that stepped back", NOW, NOW + 500, 0, 60,
                        NOW + 1000, REASON_OK },
                { "idle at the end of its lifetime", NOW - 90, 0, 0, 60, NOW,
                        REASON_SESSION_EXPIRED },
        };

        const PolicyOverdue nobody = {};

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(user_state_unrefp) UserState *state = make_state(1);
                Session *session = edit_session(state, state->sessions[0]->sid);
                bool live = cases[i].reason == REASON_OK, changed;
                PolicyEnded ended = {};

                print_message("# %s\n", cases[i].name);
                session->created_at_sec = cases[i].created_sec;
                session->last_seen_sec = cases[i].seen_sec;
                session->rotated_at_sec = cases[i].rotated_sec;
                session->issued_at_sec = cases[i].created_sec;
                session->idle_sec = cases[i].idle_sec;
                session->expires_at_sec = cases[i].expires_sec;
                assert_int_equal(session_deadline_sec(session) > NOW, live);
                assert_int_equal(policy_expire(state, &now, &nobody, &ended, &changed), 0);
                assert_int_equal(changed, !live);
                assert_int_equal(ended.n_ends, !live);
                if (!live)
                        assert_int_equal(ended.ends[0].reason, cases[i].reason);
                assert_int_equal(
                        user_state_check(state, "s0AAAAAAAAAAAAAAAAAAAA", NOW), cases[i].reason);
                policy_ended_clear(&ended);
        }
}

static bool is_overdue(const Session *session, void *userdata) {
        return !strcmp(session->sid, userdata);
}

/* What the wall clock says of the others still holds. */
static void test_what_is_overdue_ends_before_the_wall_clock_says_so(void **unused) {
        static const struct {
                const char *name;
                uint64_t idle_sec;
                Reason reason;
        } cases[] = {
                { "its lifetime is over", 0, REASON_SESSION_EXPIRED },
                { "it was not used for long", 60, REASON_SESSION_IDLE },
        };

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(user_state_unrefp) UserState *state = make_state(3);
                char sid[SID_SIZE + 1];
                const PolicyOverdue overdue = { is_overdue, sid };
                PolicyEnded ended = {};
                bool changed;

                print_message("# %s\n", cases[i].name);
                memcpy(sid, state->sessions[1]->sid, sizeof(sid));
                for (size_t j = 0; j < 3; j++) {
                        Session *session = edit_session(state, state->sessions[j]->sid);

                        session->created_at_sec = NOW - 3 + j;
                        session->idle_sec = cases[i].idle_sec;
                        session->expires_at_sec = NOW + 1000;
                }
                assert_int_equal(policy_expire(state, &now, &overdue, &ended, &changed), 0);
                assert_true(changed);
                assert_int_equal(ended.n_ends, 1);
                assert_string_equal(ended.ends[0].sid, sid);
                assert_int_equal(ended.ends[0].reason, cases[i].reason);
                assert_int_equal(state->n_sessions, 2);
                assert_int_equal(user_state_find_ended(state, sid)->ended_at_sec, NOW);
                policy_ended_clear(&ended);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_clock_that_was_set_back_prolongs_nothing),
                cmocka_unit_test(test_expire),
                cmocka_unit_test(test_what_is_overdue_ends_before_the_wall_clock_says_so),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
