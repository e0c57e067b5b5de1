/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/edit-session.h"
#include "daemon/policy/live-session.h"
#include "daemon/session/session-json.h"
#include "daemon/session/user-state.h"
#include "tests/moment-at.h"

#define NOW    UINT64_C(1700000000)
#define SID    "AAAAAAAAAAAAAAAAAAAAAA"
#define NOBODY ((uid_t)-1)

/* alice is 1000, bob 1001. */
static void test_shells(void **unused) {
        static const struct {
                const char *name;
                LiveShell shell;
                const char *user;
                Reason reason;
        } cases[] = {
                { "a shell that the user's token opened vouches for them",
                        { 1000, 1000, "alice", "alice", false, false }, "alice", REASON_OK },
                { "a process in no logind session has none",
                        { 1000, NOBODY, "alice", "alice", false, false }, "alice",
                        REASON_SHELL_NONE },
                { "a process under user@.service has an owner only",
                        { 1000, 1000, NULL, NULL, false, false }, "alice", REASON_SHELL_NONE },
                { "a login that went on as nobody known is none",
                        { 1000, 1000, "alice", NULL, false, false }, "alice", REASON_SHELL_NONE },
                { "bob, by su in alice's shell, is not alice",
                        { 1001, 1000, "alice", "alice", false, false }, "bob",
                        REASON_SHELL_FOREIGN },
                { "bob there does not pass for alice either",
                        { 1001, 1000, "alice", "alice", false, false }, "alice",
                        REASON_SHELL_FOREIGN },
                { "root there does not pass for alice", { 0, 1000, "alice", "alice", false, false },
                        "alice", REASON_SHELL_FOREIGN },
                { "alice's own shell does not vouch for bob",
                        { 1000, 1000, "alice", "alice", false, false }, "bob",
                        REASON_SHELL_FOREIGN },
                { "nor for root", { 1000, 1000, "alice", "alice", false, false }, "root",
                        REASON_SHELL_FOREIGN },
                { "a shell as bob by alice's token vouches for neither: alice",
                        { 1001, 1001, "alice", "bob", false, false }, "alice",
                        REASON_SHELL_FOREIGN },
                { "a shell as bob by alice's token vouches for neither: bob",
                        { 1001, 1001, "alice", "bob", false, false }, "bob", REASON_SHELL_FOREIGN },
                { "a part of the name is not the name",
                        { 1000, 1000, "alice", "alice", false, false }, "alic",
                        REASON_SHELL_FOREIGN },
                { "one whose session has ended is final",
                        { 1000, 1000, "alice", "alice", true, false }, "alice",
                        REASON_SHELL_ENDED },
                { "also when the user has left it", { 1000, 1000, "alice", "alice", true, true },
                        "alice", REASON_SHELL_ENDED },
                { "what a user left behind is no shell of theirs",
                        { 1000, 1000, "alice", "alice", false, true }, "alice", REASON_SHELL_NONE },
        };

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                print_message("# %s\n", cases[i].name);
                assert_int_equal(
                        policy_live_shell(&cases[i].shell, cases[i].user), cases[i].reason);
        }
}

static UserState *make_state(void) {
        Session *session = calloc(1, sizeof(*session));
        UserState *state = NULL;

        assert_non_null(session);
        memcpy(session->sid, SID, sizeof(session->sid));
        session->generation = 3;
        session->created_at_sec = NOW - 3600;
        session->issued_at_sec = NOW - 600;
        session->token_end_sec = NOW - 60;
        session->expires_at_sec = NOW + 3600;
        session->audience_json = strdup("[\"authtoken\",\"sudo\"]");
        session->roles_json = strdup("[\"admin\",\"dev\"]");
        assert_int_equal(user_state_new("default", "alice", &state), 0);
        assert_int_equal(user_state_add(state, session), 0);
        return state;
}

static void test_demands(void **unused) {
        static const struct {
                const char *name;
                LiveDemand demand;
                uint64_t authenticated_at_sec;
                Reason reason;
        } cases[] = {
                { "who demands nothing takes any live session, its token expired or not", {}, 1,
                        REASON_OK },
                { "a role that it has will do", { .session.roles = { "dev" } }, NOW, REASON_OK },
                { "each of two roles is demanded", { .session.roles = { "dev", "admin" } }, NOW,
                        REASON_OK },
                { "one of the two is not enough", { .session.roles = { "dev", "ops" } }, NOW,
                        REASON_ROLE_MISSING },
                { "nor is the other", { .session.roles = { NULL, "ops" } }, NOW,
                        REASON_ROLE_MISSING },
                { "a part of a role is another role", { .session.roles = { "adm" } }, NOW,
                        REASON_ROLE_MISSING },
                { "roles differ by case", { .session.roles = { "Admin" } }, NOW,
                        REASON_ROLE_MISSING },
                { "an audience that it has will do", { .session.audience = "sudo" }, NOW,
                        REASON_OK },
                { "another audience is refused", { .session.audience = "web" }, NOW,
                        REASON_AUDIENCE_MISMATCH },
                { "exactly the age is young enough", { .max_age_sec = 600 }, NOW - 600, REASON_OK },
                { "a second more is too old", { .max_age_sec = 600 }, NOW - 601,
                        REASON_LOGIN_TOO_OLD },
                { "a login in the future has no age", { .max_age_sec = 600 }, NOW + 1,
                        REASON_LOGIN_TOO_OLD },
                { "the largest age is young for ever", { .max_age_sec = UINT64_MAX }, 0,
                        REASON_OK },
        };

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(user_state_unrefp) UserState *state = make_state();

                print_message("# %s\n", cases[i].name);
                assert_int_equal(policy_live_session(state, SID, &cases[i].demand,
                                         cases[i].authenticated_at_sec, MOMENT_AT(NOW)),
                        cases[i].reason);
        }
}

static void end_it(UserState *state) {
        assert_true(user_state_end(state, SID, REASON_SESSION_REVOKED, NOW));
}

static void forget_it(UserState *state) {
        session_unref(state->sessions[0]);
        state->n_sessions = 0;
}

static void let_it_expire(UserState *state) {
        edit_session(state, SID)->expires_at_sec = NOW;
}

static void ban(UserState *state) {
        state->ban_until_sec = NOW + 1;
}

static void let_ban_end(UserState *state) {
        state->ban_until_sec = NOW;
}

static void draw_line_behind(UserState *state) {
        state->not_before_sec = NOW - 599;
}

static void draw_line_before(UserState *state) {
        state->not_before_sec = NOW - 600;
}

static void take_roles(UserState *state) {
        Session *session = edit_session(state, SID);

        session_set_text(session, &session->roles_json, NULL);
}

static void test_states(void **unused) {
        static const struct {
                const char *name;
                void (*change)(UserState *state);
                Reason reason;
                bool may_ask;
        } cases[] = {
                { "a revoked session is refused, and nobody is asked", end_it,
                        REASON_SESSION_REVOKED, false },
                { "absence means revoked", forget_it, REASON_SESSION_UNKNOWN, false },
                { "a session past its end is refused", let_it_expire, REASON_SESSION_EXPIRED,
                        false },
                { "a banned user is refused", ban, REASON_USER_BANNED, false },
                { "a ban that is over is nothing", let_ban_end, REASON_OK, false },
                { "one from before the user's not-before time is refused", draw_line_behind,
                        REASON_ISSUED_BEFORE, false },
                { "one from that very second is not", draw_line_before, REASON_OK, false },
                { "one without roles has none", take_roles, REASON_ROLE_MISSING, true },
        };

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(user_state_unrefp) UserState *state = make_state();
                const LiveDemand demand = { .session.roles = { "admin" }, .max_age_sec = 600 };

                print_message("# %s\n", cases[i].name);
                cases[i].change(state);
                assert_int_equal(policy_live_session(state, SID, &demand, NOW, MOMENT_AT(NOW)),
                        cases[i].reason);
                assert_int_equal(policy_live_may_ask(cases[i].reason), cases[i].may_ask);
        }
}

static void test_the_end_outweighs_every_demand(void **unused) {
        _cleanup_(user_state_unrefp) UserState *state = make_state();
        const LiveDemand demand = { .session = { .audience = "web", .roles = { "ops" } },
                .max_age_sec = 1 };

        (void)unused;
        end_it(state);
        assert_int_equal(policy_live_session(state, SID, &demand, 0, MOMENT_AT(NOW)),
                REASON_SESSION_REVOKED);
}

static void test_lists(void **unused) {
        (void)unused;
        assert_true(session_json_has("[\"a\"]", "a"));
        assert_true(session_json_has("[\"b\",\"a\"]", "a"));
        assert_false(session_json_has("[\"ab\"]", "a"));
        assert_false(session_json_has("[]", "a"));
        assert_false(session_json_has(NULL, "a"));
        assert_false(session_json_has("{\"a\":1}", "a"));
        assert_false(session_json_has("no JSON", "a"));
        assert_false(session_json_has("[1,null]", "a"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_shells),
                cmocka_unit_test(test_demands),
                cmocka_unit_test(test_states),
                cmocka_unit_test(test_the_end_outweighs_every_demand),
                cmocka_unit_test(test_lists),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
