/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/edit-session.h"
#include "daemon/policy/policy.h"
#include "daemon/session/session-check.h"
#include "daemon/session/user-state.h"
#include "tests/moment-at.h"

#define NOW UINT64_C(1700000000)

static Session *make_session(const char *name, const char *platform, const char *device) {
        Session *session = calloc(1, sizeof(*session));

        assert_non_null(session);
        memset(session->sid, 'A', SID_SIZE);
        memcpy(session->sid, name, strlen(name));
        session->generation = 1;
        session->created_at_sec = session->issued_at_sec = session->last_seen_sec = NOW;
        session->token_end_sec = NOW + 900;
        session->expires_at_sec = NOW + 86400;
        session->platform = platform ? strdup(platform) : NULL;
        session->device = device ? strdup(device) : NULL;
        return session;
}

static UserState *make_state(unsigned int n_sessions) {
        static const char *const names[] = { "s0", "s1", "s2", "s3" };
        static const char *const platforms[] = { "desktop", "phone", "desktop", NULL };
        static const char *const devices[] = { "d1", "d1", "d2", NULL };
        UserState *state = NULL;

        assert_int_equal(user_state_new("default", "alice", &state), 0);
        for (unsigned int i = 0; i < n_sessions; i++)
                assert_int_equal(user_state_add(state, make_session(names[i % 4], platforms[i % 4],
                                                               devices[i % 4])),
                        0);
        return state;
}

static bool is_open(const Session *session, void *open_sid) {
        return open_sid && !strncmp(session->sid, open_sid, strlen(open_sid));
}

static const Moment now = { NOW, NOW, NOW };
static const PolicyScene nothing_open = { &now, is_open, NULL };

/* The numbers of make_state()'s sessions that are still there. */
static void write_left(const UserState *state, char left[5]) {
        char sid[] = "s.AAAAAAAAAAAAAAAAAAAA";

        for (char number = '0'; number < '4'; number++) {
                sid[1] = number;
                if (user_state_find(state, sid))
                        *left++ = number;
        }
        *left = '\0';
}

static void test_room_is_made_of_spent_sessions(void **unused) {
        static const struct {
                const char *name, *open_sid;
                uint64_t token_end_sec[4];
                unsigned int max_sessions;
                Reason reason;
                const char *left; /* the numbers of those that are still there */
        } cases[] = {
                { "none is spent", NULL, { NOW, NOW, NOW, NOW }, 4, REASON_SESSION_LIMIT, "0123" },
                { "the token may still pass by leeway", NULL, { NOW - 299, NOW, NOW, NOW }, 4,
                        REASON_SESSION_LIMIT, "0123" },
                { "one is spent", NULL, { NOW, NOW - 300, NOW, NOW }, 4, REASON_OK, "023" },
                { "the oldest goes", NULL, { NOW - 400, NOW - 500, NOW - 300, NOW }, 4, REASON_OK,
                        "023" },
                { "one that is open stays", "s1", { NOW - 400, NOW - 500, NOW - 300, NOW }, 4,
                        REASON_OK, "123" },
                { "the only one is open", "s1", { NOW, NOW - 500, NOW, NOW }, 4,
                        REASON_SESSION_LIMIT, "0123" },
                { "no more than needed go", NULL, { 0, 0, 0, 0 }, 4, REASON_OK, "123" },
                { "nothing goes below the limit", NULL, { 0, 0, 0, 0 }, 5, REASON_OK, "0123" },
                { "as many as needed go after it was lowered", NULL, { 0, 1, 2, NOW }, 2, REASON_OK,
                        "3" },
        };

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(user_state_unrefp) UserState *state = make_state(4);
                _cleanup_(session_unrefp) Session *session = make_session("new", NULL, NULL);
                const PolicyRules rules = { .absolute_lifetime_sec = 3600,
                        .max_sessions = cases[i].max_sessions };
                PolicyEnded ended = {};
                char left[5];
                Reason reason;

                print_message("# %s\n", cases[i].name);
                for (size_t j = 0; j < 4; j++)
                        edit_session(state, state->sessions[j]->sid)->token_end_sec =
                                cases[i].token_end_sec[j];
                reason = policy_admit(&rules, state, session,
                        &(PolicyScene){ &now, is_open, (void *)cases[i].open_sid }, &ended);
                policy_ended_clear(&ended);
                assert_int_equal(reason, cases[i].reason);
                if (reason == REASON_OK)
                        TAKE_PTR(session);
                write_left(state, left);
                assert_string_equal(left, cases[i].left);
        }
}

static void test_single_sign_on(void **unused) {
        static const struct {
                const char *name;
                SingleSignOn rule;
                const char *platform, *device;
                const char *left; /* the numbers of those that are still there */
        } cases[] = {
                { "off replaces nothing", SINGLE_SIGN_ON_OFF, "desktop", "d1", "0123" },
                { "a device replaces its own", SINGLE_SIGN_ON_DEVICE, "desktop", "d1", "123" },
                { "a device of the same name on another platform is another", SINGLE_SIGN_ON_DEVICE,
                        "tablet", "d1", "0123" },
                { "a device without a name is not one that has one", SINGLE_SIGN_ON_DEVICE,
                        "desktop", NULL, "0123" },
                { "those that name no device are on the same one", SINGLE_SIGN_ON_DEVICE, NULL,
                        NULL, "012" },
                { "a platform replaces its own on every device", SINGLE_SIGN_ON_PLATFORM, "desktop",
                        "d3", "13" },
                { "another platform replaces nothing", SINGLE_SIGN_ON_PLATFORM, "tablet", "d1",
                        "0123" },
                { "those that name no platform are on the same one", SINGLE_SIGN_ON_PLATFORM, NULL,
                        "d9", "012" },
                { "a user replaces all", SINGLE_SIGN_ON_USER, "tablet", "d9", "" },
        };

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(user_state_unrefp) UserState *state = make_state(4);
                Session *session = make_session("new", cases[i].platform, cases[i].device);
                const PolicyRules rules = { .single_sign_on = cases[i].rule,
                        .absolute_lifetime_sec = 3600,
                        .max_sessions = 5 };
                PolicyEnded ended = {};
                char left[5];

                print_message("# %s\n", cases[i].name);
                assert_int_equal(
                        policy_admit(&rules, state, session, &nothing_open, &ended), REASON_OK);
                write_left(state, left);
                assert_string_equal(left, cases[i].left);
                assert_int_equal(ended.n_ends, 4 - strlen(left));
                for (size_t k = 0; k < ended.n_ends; k++) {
                        assert_int_equal(ended.ends[k].reason, REASON_SESSION_REPLACED);
                        assert_int_equal(user_state_check(state, ended.ends[k].sid, NOW),
                                REASON_SESSION_REPLACED);
                }
                policy_ended_clear(&ended);
        }
}

static void write_evicted(const PolicyEnded *ended, char evicted[5]) {
        for (size_t i = 0; i < ended->n_ends; i++)
                if (ended->ends[i].reason == REASON_SESSION_EVICTED)
                        *evicted++ = ended->ends[i].sid[1];
        *evicted = '\0';
}

static void test_overflow(void **unused) {
        static const struct {
                const char *name;
                Overflow rule;
                SingleSignOn single_sign_on;
                unsigned int max_sessions;
                uint64_t token_end_sec[4];
                Reason reason;
                const char *left, *evicted;
        } cases[] = {
                { "a full house refuses", OVERFLOW_REJECT, SINGLE_SIGN_ON_OFF, 4,
                        { NOW, NOW, NOW, NOW }, REASON_SESSION_LIMIT, "0123", "" },
                { "the oldest is evicted", OVERFLOW_EVICT_OLDEST, SINGLE_SIGN_ON_OFF, 4,
                        { NOW, NOW, NOW, NOW }, REASON_OK, "123", "0" },
                { "below the limit nobody is", OVERFLOW_EVICT_OLDEST, SINGLE_SIGN_ON_OFF, 5,
                        { NOW, NOW, NOW, NOW }, REASON_OK, "0123", "" },
                { "a spent one goes before the oldest", OVERFLOW_EVICT_OLDEST, SINGLE_SIGN_ON_OFF,
                        4, { NOW, NOW, NOW - 300, NOW }, REASON_OK, "013", "" },
                { "as many as needed go after the limit was lowered", OVERFLOW_EVICT_OLDEST,
                        SINGLE_SIGN_ON_OFF, 2, { NOW, NOW, NOW, NOW }, REASON_OK, "3", "012" },
                { "a limit of one leaves the new one only", OVERFLOW_EVICT_OLDEST,
                        SINGLE_SIGN_ON_OFF, 1, { NOW, NOW, NOW, NOW }, REASON_OK, "", "0123" },
                { "who was replaced need not be evicted for", OVERFLOW_REJECT,
                        SINGLE_SIGN_ON_PLATFORM, 3, { NOW, NOW, NOW, NOW }, REASON_OK, "13", "" },
        };

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(user_state_unrefp) UserState *state = make_state(4);
                _cleanup_(session_unrefp) Session *session = make_session("new", "desktop", NULL);
                const PolicyRules rules = { .single_sign_on = cases[i].single_sign_on,
                        .overflow = cases[i].rule,
                        .absolute_lifetime_sec = 3600,
                        .max_sessions = cases[i].max_sessions };
                PolicyEnded ended = {};
                char left[5], evicted[5];

                print_message("# %s\n", cases[i].name);
                for (size_t j = 0; j < 4; j++)
                        edit_session(state, state->sessions[j]->sid)->token_end_sec =
                                cases[i].token_end_sec[j];
                assert_int_equal(policy_admit(&rules, state, session, &nothing_open, &ended),
                        cases[i].reason);
                if (cases[i].reason == REASON_OK)
                        TAKE_PTR(session);
                write_evicted(&ended, evicted);
                assert_string_equal(evicted, cases[i].evicted);
                policy_ended_clear(&ended);
                write_left(state, left);
                assert_string_equal(left, cases[i].left);
        }
}

static void test_order_within_a_second(void **unused) {
        static const PolicyRules rules = {
                .overflow = OVERFLOW_EVICT_OLDEST, .absolute_lifetime_sec = 3600, .max_sessions = 3
        };
        static const char *const names[] = { "s3", "s1", "s2", "s0", "s9" };
        _cleanup_(user_state_unrefp) UserState *state = make_state(0);

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                PolicyEnded ended = {};

                assert_int_equal(policy_admit(&rules, state, make_session(names[i], NULL, NULL),
                                         &nothing_open, &ended),
                        REASON_OK);
                assert_int_equal(ended.n_ends, i >= 3);
                if (i >= 3)
                        assert_memory_equal(ended.ends[0].sid, names[i - 3], 2);
                policy_ended_clear(&ended);
        }
}

static void test_admit(void **unused) {
        static const struct {
                const char *name;
                unsigned int n_sessions, max_sessions;
                uint64_t ban_until_sec, wanted_end_sec;
                Reason reason;
                uint64_t end_sec;
        } cases[] = {
                { "the first session is admitted", 0, 1, 0, 0, REASON_OK, NOW + 3600 },
                { "one below the limit is admitted", 2, 3, 0, 0, REASON_OK, NOW + 3600 },
                { "at the limit is refused", 3, 3, 0, 0, REASON_SESSION_LIMIT, 0 },
                { "above a limit that was lowered is refused", 3, 1, 0, 0, REASON_SESSION_LIMIT,
                        0 },
                { "a banned user is refused", 0, 3, NOW + 1, 0, REASON_USER_BANNED, 0 },
                { "a ban without end is refused", 0, 3, UINT64_MAX, 0, REASON_USER_BANNED, 0 },
                { "a ban that ends now is over", 0, 3, NOW, 0, REASON_OK, NOW + 3600 },
                { "a shorter end of its own stays", 0, 3, 0, NOW + 60, REASON_OK, NOW + 60 },
                { "a longer end of its own is cut", 0, 3, 0, NOW + 7200, REASON_OK, NOW + 3600 },
        };

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(user_state_unrefp) UserState *state = make_state(cases[i].n_sessions);
                _cleanup_(session_unrefp) Session *session = make_session("new", NULL, NULL);
                const PolicyRules rules = {
                        .absolute_lifetime_sec = 3600,
                        .max_sessions = cases[i].max_sessions,
                };
                PolicyEnded ended = {};
                Reason reason;

                print_message("# %s\n", cases[i].name);
                session->expires_at_sec = cases[i].wanted_end_sec;
                state->ban_until_sec = cases[i].ban_until_sec;
                reason = policy_admit(&rules, state, session, &nothing_open, &ended);
                policy_ended_clear(&ended);
                assert_int_equal(reason, cases[i].reason);
                assert_int_equal(state->n_sessions, cases[i].n_sessions + (reason == REASON_OK));
                if (reason == REASON_OK) {
                        assert_int_equal(session->expires_at_sec, cases[i].end_sec);
                        TAKE_PTR(session);
                }
        }
}

static void test_end(void **unused) {
        static const struct {
                const char *name, *sid, *platform, *device;
                size_t n_ended;
        } cases[] = {
                { "no filter ends all", NULL, NULL, NULL, 4 },
                { "a session is ended by its id", "s1AAAAAAAAAAAAAAAAAAAA", NULL, NULL, 1 },
                { "an unknown id ends nothing", "s9AAAAAAAAAAAAAAAAAAAA", NULL, NULL, 0 },
                { "a prefix of an id ends nothing", "s1", NULL, NULL, 0 },
                { "a platform ends its sessions", NULL, "desktop", NULL, 2 },
                { "a device ends its sessions", NULL, NULL, "d1", 2 },
                { "platform and device both have to fit", NULL, "desktop", "d1", 1 },
                { "id and platform both have to fit", "s1AAAAAAAAAAAAAAAAAAAA", "desktop", NULL,
                        0 },
                { "a session without a platform is not of any", NULL, "", NULL, 0 },
        };

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(user_state_unrefp) UserState *state = make_state(4);
                const PolicyFilter filter = {
                        .sid = cases[i].sid,
                        .platform = cases[i].platform,
                        .device = cases[i].device,
                };
                PolicyEnded ended = {};

                print_message("# %s\n", cases[i].name);
                assert_int_equal(policy_end(state, &filter, REASON_SESSION_KICKED, NOW, &ended), 0);
                assert_int_equal(ended.n_ends, cases[i].n_ended);
                assert_int_equal(state->n_sessions, 4 - cases[i].n_ended);
                for (size_t k = 0; k < ended.n_ends; k++)
                        assert_int_equal(user_state_check(state, ended.ends[k].sid, NOW),
                                REASON_SESSION_KICKED);
                policy_ended_clear(&ended);
        }
}

static void test_kick_action(void **unused) {
        static const struct {
                const char *name;
                KickAction configured;
                bool graphical;
                KickAction action;
        } cases[] = {
                { "a desktop is terminated", KICK_TERMINATE, true, KICK_TERMINATE },
                { "a terminal is terminated", KICK_TERMINATE, false, KICK_TERMINATE },
                { "a desktop is locked where the policy locks", KICK_LOCK, true, KICK_LOCK },
                { "a terminal has nothing to lock", KICK_LOCK, false, KICK_TERMINATE },
                { "a desktop is notified", KICK_NOTIFY, true, KICK_NOTIFY },
                { "a terminal is notified", KICK_NOTIFY, false, KICK_NOTIFY },
        };

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                print_message("# %s\n", cases[i].name);
                assert_int_equal(
                        policy_kick_action(&(PolicyRules){ .on_kick = cases[i].configured },
                                cases[i].graphical),
                        cases[i].action);
        }
}

static void test_touch(void **unused) {
        static const struct {
                const char *name;
                uint64_t idle_sec, now_sec;
                bool changed;
        } cases[] = {
                { "a second later is not worth a write", 0, NOW + 1, false },
                { "59 seconds later is not worth a write", 0, NOW + 59, false },
                { "a minute later is", 0, NOW + 60, true },
                { "a clock that stepped back is", 0, NOW - 1, true },
                { "what may be idle for long is written once a minute", 86400, NOW + 59, false },
                { "what may be idle for five minutes not within a tenth", 300, NOW + 29, false },
                { "but after it", 300, NOW + 30, true },
                { "what may be idle for a second is written every second", 1, NOW + 1, true },
                { "but not twice in one", 1, NOW, false },
        };

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                Session session = { .last_seen_sec = NOW, .idle_sec = cases[i].idle_sec };

                print_message("# %s\n", cases[i].name);
                assert_int_equal(policy_touch(&session, cases[i].now_sec), cases[i].changed);
                assert_int_equal(session.last_seen_sec, cases[i].changed ? cases[i].now_sec : NOW);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_admit),
                cmocka_unit_test(test_single_sign_on),
                cmocka_unit_test(test_overflow),
                cmocka_unit_test(test_order_within_a_second),
                cmocka_unit_test(test_room_is_made_of_spent_sessions),
                cmocka_unit_test(test_end),
                cmocka_unit_test(test_kick_action),
                cmocka_unit_test(test_touch),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
