/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "daemon/session/state-revocation.h"
#include "daemon/session/user-state.h"
#include "tests/edit-session.h"

#define NOW   UINT64_C(1800000000)
#define FIRST "AAAAAAAAAAAAAAAAAAAAAA"
#define NEXT  "BAAAAAAAAAAAAAAAAAAAAA"

static void add(UserState *state, const char *sid) {
        Session *session = calloc(1, sizeof(*session));

        assert_non_null(session);
        memcpy(session->sid, sid, SID_SIZE + 1);
        session->generation = 1;
        session->created_at_sec = NOW;
        session->issued_at_sec = NOW;
        session->token_end_sec = NOW + 900;
        session->expires_at_sec = NOW + 90000;
        assert_int_equal(user_state_add(state, session), 0);
}

static void end_as(UserState *state, Reason reason) {
        assert_true(user_state_end(state, FIRST, reason, NOW));
}

static void nothing(UserState *state) {
        (void)state;
}

static void refresh(UserState *state) {
        edit_session(state, FIRST)->generation++;
}

static void kick(UserState *state) {
        end_as(state, REASON_SESSION_REVOKED);
}

static void reuse(UserState *state) {
        end_as(state, REASON_SESSION_REUSED);
}

static void expire(UserState *state) {
        end_as(state, REASON_SESSION_EXPIRED);
}

static void idle(UserState *state) {
        end_as(state, REASON_SESSION_IDLE);
}

static void expire_and_forget(UserState *state) {
        expire(state);
        user_state_forget_ended(state, 0);
}

static void log_in(UserState *state) {
        add(state, NEXT);
}

static void replace(UserState *state) {
        end_as(state, REASON_SESSION_REPLACED);
        add(state, NEXT);
}

static void end_unknown(UserState *state) {
        EndedSession ended = { .reason = REASON_SESSION_REVOKED,
                .ended_at_sec = NOW,
                .keep_until_sec = NOW + 900,
                .adopted = true };

        memcpy(ended.sid, NEXT, sizeof(ended.sid));
        assert_int_equal(user_state_insert_ended(state, &ended), 0);
}

static void ban(UserState *state) {
        state->ban_until_sec = UINT64_MAX;
}

static void ban_and_log_in(UserState *state) {
        ban(state);
        add(state, NEXT);
}

static void refuse_older(UserState *state) {
        state->not_before_sec = NOW;
}

static void forget(UserState *state) {
        state->forgotten_sec = NOW;
}

static const struct {
        const char *name;
        void (*before)(UserState *state); /* and then what is to be judged */
        void (*change)(UserState *state);
        bool revokes;
} cases[] = {
        { "nothing", nothing, nothing, false },
        { "a refresh", nothing, refresh, false },
        { "a kick", nothing, kick, true },
        { "a stolen refresh token", nothing, reuse, true },
        { "the end of a lifetime", nothing, expire, false },
        { "the end of an idle time", nothing, idle, false },
        { "an end that is over in the same moment", nothing, expire_and_forget, false },
        { "a login", nothing, log_in, false },
        { "a login in place of another", nothing, replace, false },
        { "the end of a token that nobody has brought", nothing, end_unknown, true },
        { "a refresh after that", end_unknown, refresh, false },
        { "a ban", nothing, ban, true },
        { "a ban that there is", ban, nothing, false },
        { "a ban that nothing else excuses", nothing, ban_and_log_in, true },
        { "a not-before time", nothing, refuse_older, true },
        { "a refresh after it", refuse_older, refresh, false },
        { "ends that are forgotten", nothing, forget, true },
};

static void test_changes(void **unused) {
        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(user_state_unrefp) UserState *before = NULL, *after = NULL;

                assert_int_equal(user_state_new("default", "alice", &before), 0);
                add(before, FIRST);
                cases[i].before(before);
                assert_int_equal(user_state_copy(before, &after), 0);
                cases[i].change(after);
                if (state_revokes(before, after) != cases[i].revokes)
                        fail_msg("%s", cases[i].name);
        }
}

static void lift(UserState *state) {
        state->ban_until_sec = 0;
}

static void test_a_ban_that_is_lifted_takes_nothing_away(void **unused) {
        _cleanup_(user_state_unrefp) UserState *before = NULL, *after = NULL;

        (void)unused;
        assert_int_equal(user_state_new("default", "alice", &before), 0);
        ban(before);
        assert_int_equal(user_state_copy(before, &after), 0);
        lift(after);
        assert_false(state_revokes(before, after));
        assert_true(state_revokes(after, before));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_changes),
                cmocka_unit_test(test_a_ban_that_is_lifted_takes_nothing_away),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
