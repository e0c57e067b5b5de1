/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/edit-session.h"
#include "daemon/policy/policy-rules.h"
#include "daemon/policy/rotation.h"
#include "daemon/session/session-check.h"
#include "daemon/session/user-state.h"
#include "tests/moment-at.h"

#define NOW   UINT64_C(1700000000)
#define SID   "AAAAAAAAAAAAAAAAAAAAAA"
#define OTHER "BAAAAAAAAAAAAAAAAAAAAA"
#define HOUR  UINT64_C(3600)
#define GRACE 30u
#define TOKEN 900u
#define WEEK  (7 * 24 * HOUR)

static const PolicyRules rules = {
        .absolute_lifetime_sec = 30 * 24 * HOUR,
        .refresh_lifetime_sec = WEEK,
        .refresh_grace_sec = GRACE,
        .max_sessions = 64,
};

/* Generation 5, rotated at NOW; with a second session beside it. */
static UserState *make_state(void) {
        UserState *state = NULL;

        assert_int_equal(user_state_new("default", "alice", &state), 0);
        for (int i = 0; i < 2; i++) {
                Session *session = calloc(1, sizeof(*session));

                assert_non_null(session);
                memcpy(session->sid, i ? OTHER : SID, SID_SIZE);
                session->generation = 5;
                session->created_at_sec = NOW - HOUR;
                session->rotated_at_sec = session->issued_at_sec = NOW;
                session->token_end_sec = NOW + TOKEN;
                session->expires_at_sec = NOW + WEEK;
                session->refresh_kid = strdup("old");
                assert_non_null(session->refresh_kid);
                assert_int_equal(user_state_add(state, session), 0);
        }
        return state;
}

static Rotation rotate(UserState *state, uint64_t generation, uint64_t now_sec) {
        return rotation_decide(&rules, state,
                &(RotationOrder){ .sid = SID,
                        .generation = generation,
                        .refresh_kid = "new",
                        .max_token_lifetime_sec = 24 * HOUR },
                MOMENT_AT(now_sec));
}

static const struct {
        const char *name;
        uint64_t generation, now_sec, not_before_sec, ban_until_sec;
        RotationKind kind;
        Reason reason;
} cases[] = {
        { "the current token goes on", 5, NOW + 1, 0, 0, ROTATION_NEXT, REASON_OK },
        { "within the second of the last one, too", 5, NOW, 0, 0, ROTATION_NEXT, REASON_OK },
        { "one second before the session ends", 5, NOW + WEEK - 1, 0, 0, ROTATION_NEXT, REASON_OK },
        { "not when the session ends", 5, NOW + WEEK, 0, 0, ROTATION_REFUSED,
                REASON_SESSION_EXPIRED },
        { "by a clock a little before the session began", 5, NOW - HOUR - 300, 0, 0, ROTATION_NEXT,
                REASON_OK },
        { "not by one that is further behind", 5, NOW - HOUR - 301, 0, 0, ROTATION_REFUSED,
                REASON_TOKEN_NOT_YET },
        { "the one before gets the same again", 4, NOW, 0, 0, ROTATION_REPEATED, REASON_OK },
        { "until the grace time is over", 4, NOW + GRACE - 1, 0, 0, ROTATION_REPEATED, REASON_OK },
        { "after it, it has been stolen", 4, NOW + GRACE, 0, 0, ROTATION_REUSED,
                REASON_SESSION_REUSED },
        { "a clock that is a little behind is in the grace time", 4, NOW - 300, 0, 0,
                ROTATION_REPEATED, REASON_OK },
        { "one that is further behind is not", 4, NOW - 301, 0, 0, ROTATION_REUSED,
                REASON_SESSION_REUSED },
        { "the one before that has been stolen within any time", 3, NOW, 0, 0, ROTATION_REUSED,
                REASON_SESSION_REUSED },
        { "and so has the first one", 1, NOW, 0, 0, ROTATION_REUSED, REASON_SESSION_REUSED },
        { "one that was not made yet is unknown", 6, NOW, 0, 0, ROTATION_REFUSED,
                REASON_SESSION_UNKNOWN },
        { "a banned user gets none", 5, NOW, 0, NOW + 1, ROTATION_REFUSED, REASON_USER_BANNED },
        { "nor a repetition", 4, NOW, 0, UINT64_MAX, ROTATION_REFUSED, REASON_USER_BANNED },
        { "but a theft is one", 3, NOW, 0, NOW + 1, ROTATION_REUSED, REASON_SESSION_REUSED },
        { "a ban that is over does not count", 5, NOW, 0, NOW, ROTATION_NEXT, REASON_OK },
        { "issued before not-before", 5, NOW + 9, NOW + 1, 0, ROTATION_REFUSED,
                REASON_ISSUED_BEFORE },
        { "issued at not-before", 5, NOW + 9, NOW, 0, ROTATION_NEXT, REASON_OK },
};

static void test_decisions(void **unused) {
        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(user_state_unrefp) UserState *state = make_state();
                Rotation rotation;
                const Session *session;

                print_message("# %s\n", cases[i].name);
                state->not_before_sec = cases[i].not_before_sec;
                state->ban_until_sec = cases[i].ban_until_sec;
                rotation = rotate(state, cases[i].generation, cases[i].now_sec);
                assert_int_equal(rotation.kind, cases[i].kind);
                assert_int_equal(rotation.reason, cases[i].reason);
                session = user_state_find(state, SID);
                if (cases[i].kind == ROTATION_REUSED) {
                        assert_null(session);
                        assert_int_equal(
                                user_state_find_ended(state, SID)->reason, REASON_SESSION_REUSED);
                } else {
                        assert_int_equal(
                                session->generation, cases[i].kind == ROTATION_NEXT ? 6 : 5);
                }
                /* The user's other sessions are not concerned. */
                assert_int_equal(user_state_find(state, OTHER)->generation, 5);
        }
}

static void test_a_session_without_the_token_is_refused_with_its_reason(void **unused) {
        static const Reason reasons[] = { REASON_SESSION_REVOKED, REASON_SESSION_KICKED,
                REASON_SESSION_REPLACED, REASON_SESSION_REUSED };

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
                _cleanup_(user_state_unrefp) UserState *state = make_state();

                assert_true(user_state_end(state, SID, reasons[i], NOW));
                for (uint64_t generation = 1; generation < 7; generation++) {
                        Rotation rotation = rotate(state, generation, NOW);

                        assert_int_equal(rotation.kind, ROTATION_REFUSED);
                        assert_int_equal(rotation.reason, reasons[i]);
                }
        }
}

static void test_an_unknown_session_and_one_without_refresh_tokens_are_the_same(void **unused) {
        _cleanup_(user_state_unrefp) UserState *state = make_state();
        Session *session = edit_session(state, SID);

        (void)unused;
        session_set_text(session, &session->refresh_kid, NULL);
        assert_int_equal(rotate(state, 5, NOW).reason, REASON_SESSION_UNKNOWN);
        assert_int_equal(rotate(state, 4, NOW + HOUR).reason, REASON_SESSION_UNKNOWN);
        assert_non_null(user_state_find(state, SID));
        memcpy(session->sid, "C", 1);
        assert_int_equal(rotate(state, 5, NOW).reason, REASON_SESSION_UNKNOWN);
}

static void test_times_of_the_successor(void **unused) {
        static const struct {
                const char *name;
                uint64_t created_sec, lifetime_sec, now_sec, token_end_sec, session_end_sec;
        } rows[] = {
                { "the token lives as long as the last one", NOW, 600, NOW + 9, NOW + 609,
                        NOW + 9 + WEEK },
                { "no longer than is allowed now", NOW, 48 * HOUR, NOW + 9, NOW + 9 + 24 * HOUR,
                        NOW + 9 + WEEK },
                { "the session's end is capped", NOW - 24 * 24 * HOUR, 600, NOW, NOW + 600,
                        NOW + 6 * 24 * HOUR },
                { "so is the token's", NOW - 30 * 24 * HOUR + 100, 600, NOW, NOW + 100, NOW + 100 },
        };

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(user_state_unrefp) UserState *state = make_state();
                Session *before = edit_session(state, SID);
                const Session *session;

                print_message("# %s\n", rows[i].name);
                before->created_at_sec = rows[i].created_sec;
                before->token_end_sec = before->issued_at_sec + rows[i].lifetime_sec;
                assert_int_equal(rotate(state, 5, rows[i].now_sec).kind, ROTATION_NEXT);
                session = user_state_find(state, SID);
                assert_int_equal(session->token_end_sec, rows[i].token_end_sec);
                assert_int_equal(session->expires_at_sec, rows[i].session_end_sec);
                assert_int_equal(session->issued_at_sec, rows[i].now_sec);
                assert_int_equal(session->rotated_at_sec, rows[i].now_sec);
                assert_string_equal(session->refresh_kid, "new");
        }
}

static void test_past_its_absolute_end_a_session_is_not_prolonged(void **unused) {
        _cleanup_(user_state_unrefp) UserState *state = make_state();

        (void)unused;
        edit_session(state, SID)->created_at_sec = NOW - 30 * 24 * HOUR;
        assert_int_equal(rotate(state, 5, NOW).reason, REASON_SESSION_EXPIRED);
}

/* Every generation but the last two is stolen, whatever the clock says. */
static void test_fifty_rotations_within_a_second(void **unused) {
        for (uint64_t replayed = 5; replayed <= 55; replayed++) {
                _cleanup_(user_state_unrefp) UserState *state = make_state();
                RotationKind wanted = replayed == 55   ? ROTATION_NEXT
                                      : replayed == 54 ? ROTATION_REPEATED
                                                       : ROTATION_REUSED;

                (void)unused;
                for (uint64_t generation = 5; generation < 55; generation++)
                        assert_int_equal(rotate(state, generation, NOW).kind, ROTATION_NEXT);
                assert_int_equal(rotate(state, replayed, NOW).kind, wanted);
        }
}

static void test_the_previous_access_token_is_good_during_the_grace_time(void **unused) {
        static const struct {
                const char *name;
                uint64_t generation, now_sec;
                Reason reason;
        } rows[] = {
                { "the current one", 5, NOW + HOUR, REASON_OK },
                { "the one before", 4, NOW + GRACE - 1, REASON_OK },
                { "the one before, after the grace time", 4, NOW + GRACE, REASON_GENERATION_OLD },
                { "an older one", 3, NOW, REASON_GENERATION_OLD },
                { "one of the future", 6, NOW, REASON_SESSION_UNKNOWN },
        };
        _cleanup_(user_state_unrefp) UserState *state = make_state();

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                print_message("# %s\n", rows[i].name);
                assert_int_equal(
                        user_state_check_token(state, &(TokenFacts){ SID, rows[i].generation, NOW },
                                GRACE, MOMENT_AT(rows[i].now_sec)),
                        rows[i].reason);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_decisions),
                cmocka_unit_test(test_a_session_without_the_token_is_refused_with_its_reason),
                cmocka_unit_test(
                        test_an_unknown_session_and_one_without_refresh_tokens_are_the_same),
                cmocka_unit_test(test_times_of_the_successor),
                cmocka_unit_test(test_past_its_absolute_end_a_session_is_not_prolonged),
                cmocka_unit_test(test_fifty_rotations_within_a_second),
                cmocka_unit_test(test_the_previous_access_token_is_good_during_the_grace_time),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
