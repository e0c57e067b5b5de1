/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/edit-session.h"
#include "daemon/session/session-claims.h"
#include "daemon/session/state-change.h"
#include "daemon/session/state-fields.h"
#include "daemon/session/state-end.h"
#include "daemon/session/user-state.h"
#include "daemon/token/claims.h"
#include "tests/moment-at.h"

#define ALICE "ff1bc50000000001-1" /* a version of hers: see state_version_make() */
#define NOW   UINT64_C(1800000000)
#define SID_A "AAAAAAAAAAAAAAAAAAAAAA"
#define SID_B "BBBBBBBBBBBBBBBBBBBBBA"
#define MAC_1 "MMMMMMMMMMMMMMMMMMMMMA"
#define MAC_2 "NNNNNNNNNNNNNNNNNNNNNA"

static Session *make_session(const char *sid) {
        Session *session = calloc(1, sizeof(*session));

        assert_non_null(session);
        memcpy(session->sid, sid, SID_SIZE);
        session->generation = 3;
        session->created_at_sec = NOW;
        session->issued_at_sec = NOW;
        session->token_end_sec = NOW + 900;
        session->expires_at_sec = NOW + 86400;
        session->audience_json = strdup("[\"host\",\"other\"]");
        session->roles_json = strdup("[\"admin\"]");
        session->device = strdup("laptop");
        session->data_json = strdup("{\"a\":1}");
        return session;
}

static LoginCode make_code(const char *mac, const char *sid, uint64_t end_sec) {
        LoginCode code = { .generation = 3, .issued_at_sec = NOW, .end_sec = end_sec };

        memcpy(code.mac, mac, SID_SIZE);
        memcpy(code.sid, sid, SID_SIZE);
        return code;
}

static void add(UserState *state, const char *mac, const char *sid, uint64_t end_sec) {
        LoginCode code = make_code(mac, sid, end_sec);

        assert_int_equal(user_state_add_code(state, &code), 0);
}

/* Of alice, with sessions A and B, and a code of A. */
static UserState *make_state(void) {
        UserState *state;

        assert_int_equal(user_state_new("default", "alice", &state), 0);
        assert_int_equal(user_state_add(state, make_session(SID_A)), 0);
        assert_int_equal(user_state_add(state, make_session(SID_B)), 0);
        add(state, MAC_1, SID_A, NOW + 60);
        return state;
}

static Reason check(const UserState *state, const char *mac, uint64_t now_sec) {
        const LoginCode *code;

        return user_state_check_code(state, mac, 0, MOMENT_AT(now_sec), &code);
}

static void ban(UserState *state) {
        state->ban_until_sec = NOW + 600;
}

static void lift_generation(UserState *state) {
        edit_session(state, SID_A)->generation = 5;
}

static void set_not_before(UserState *state) {
        state->not_before_sec = NOW + 1;
}

static void end_session(UserState *state) {
        assert_true(user_state_end(state, SID_A, REASON_SESSION_REVOKED, NOW));
}

static void end_other_session(UserState *state) {
        assert_true(user_state_end(state, SID_B, REASON_SESSION_REVOKED, NOW));
}

static void use(UserState *state) {
        user_state_drop_code(state, MAC_1);
}

static void prune(UserState *state) {
        assert_true(user_state_prune(state, MOMENT_AT(NOW + 60)));
}

static void expire_session(UserState *state) {
        edit_session(state, SID_A)->expires_at_sec = NOW;
}

static const struct {
        const char *name;
        void (*change)(UserState *state);
        const char *mac;
        uint64_t now_sec;
        Reason reason;
} cases[] = {
        { "a fresh code is good", NULL, MAC_1, NOW, REASON_OK },
        { "in its last second it is", NULL, MAC_1, NOW + 59, REASON_OK },
        { "after a minute it is not", NULL, MAC_1, NOW + 60, REASON_CODE_EXPIRED },
        { "a clock a little behind does not matter", NULL, MAC_1, NOW - 300, REASON_OK },
        { "one that was set back gives it no more time", NULL, MAC_1, NOW - 301,
                REASON_CODE_EXPIRED },
        { "another one is unknown", NULL, MAC_2, NOW, REASON_CODE_UNKNOWN },
        { "a part of one is unknown", NULL, "MMMM", NOW, REASON_CODE_UNKNOWN },
        { "a used one is unknown", use, MAC_1, NOW, REASON_CODE_UNKNOWN },
        { "a pruned one is unknown", prune, MAC_1, NOW, REASON_CODE_UNKNOWN },
        { "it dies with its session", end_session, MAC_1, NOW, REASON_CODE_UNKNOWN },
        { "not with another one", end_other_session, MAC_1, NOW, REASON_OK },
        { "it is over when its session is", expire_session, MAC_1, NOW, REASON_SESSION_EXPIRED },
        { "a banned user's is not good", ban, MAC_1, NOW, REASON_USER_BANNED },
        { "it is as old as its token", set_not_before, MAC_1, NOW, REASON_ISSUED_BEFORE },
};

static void test_when_a_code_is_good(void **unused) {
        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(user_state_unrefp) UserState *state = make_state();
                Reason reason;

                if (cases[i].change)
                        cases[i].change(state);
                reason = check(state, cases[i].mac, cases[i].now_sec);
                if (reason != cases[i].reason)
                        fail_msg("%s: %s", cases[i].name, reason_code(reason));
        }
}

static void test_a_code_dies_with_its_generation(void **unused) {
        _cleanup_(user_state_unrefp) UserState *state = make_state();

        (void)unused;
        lift_generation(state);
        assert_int_not_equal(check(state, MAC_1, NOW), REASON_OK);
}

static void test_a_ninth_code_takes_the_place_of_the_oldest(void **unused) {
        _cleanup_(user_state_unrefp) UserState *state = make_state();
        char mac[SID_SIZE + 1];

        (void)unused;
        for (unsigned int i = 0; i < STATE_CODES_MAX; i++) {
                snprintf(mac, sizeof(mac), "%021uA", i);
                add(state, mac, SID_A, NOW + 61 + i);
        }
        assert_int_equal(state->n_codes, STATE_CODES_MAX);
        assert_int_equal(check(state, MAC_1, NOW), REASON_CODE_UNKNOWN);
        assert_int_equal(check(state, mac, NOW), REASON_OK);
}

static void test_the_same_code_twice_is_refused(void **unused) {
        _cleanup_(user_state_unrefp) UserState *state = make_state();
        LoginCode code = make_code(MAC_1, SID_B, NOW + 60);

        (void)unused;
        assert_int_equal(user_state_add_code(state, &code), -EEXIST);
        assert_int_equal(state->n_codes, 1);
}

static void test_a_copy_has_its_own_codes(void **unused) {
        _cleanup_(user_state_unrefp) UserState *state = make_state(), *copy = NULL;

        (void)unused;
        assert_int_equal(user_state_copy(state, &copy), 0);
        user_state_drop_code(state, MAC_1);
        assert_int_equal(check(copy, MAC_1, NOW), REASON_OK);
        assert_int_equal(check(state, MAC_1, NOW), REASON_CODE_UNKNOWN);
}

/* All of a state, as it is written of somebody new. */
static int encode(const UserState *state, StateFields *fields) {
        StateChange change = { 0 };
        int r;

        r = state_change_make(&(UserState){ 0 }, state, &change);
        *fields = change.added;
        return r;
}

static void test_codes_come_back_the_same(void **unused) {
        _cleanup_(user_state_unrefp) UserState *state = make_state(), *again = NULL;
        _cleanup_(state_fields_clear) StateFields fields = { 0 };
        const LoginCode *code;

        (void)unused;
        state->version =
                (StateVersion){ .incarnation = UINT64_C(0xff1bc50000000001), .counter = 1 };
        add(state, MAC_2, SID_B, NOW + 30);
        state->codes[0].is_foreign = true;
        assert_int_equal(encode(state, &fields), 0);
        assert_int_equal(state_fields_decode("default", "alice", &fields, &again), 0);
        assert_int_equal(again->n_codes, 2);
        assert_int_equal(user_state_check_code(again, MAC_2, 0, MOMENT_AT(NOW), &code), REASON_OK);
        assert_memory_equal(code, &state->codes[0], sizeof(*code));
}

#define CODE_FIELD "c:" MAC_1
#define CODE_VALUE "{\"sid\":\"" SID_A "\",\"gen\":3,\"iat\":1800000000,\"end\":1800000060}"

static const struct {
        const char *name, *field, *value;
        int r;
} stored_cases[] = {
        { "as it is written", CODE_FIELD, CODE_VALUE, 0 },
        { "of another issuer's token", CODE_FIELD,
                "{\"sid\":\"" SID_A "\",\"gen\":3,\"iat\":1,\"end\":1,\"ext\":1}", 0 },
        { "neither theirs nor ours", CODE_FIELD,
                "{\"sid\":\"" SID_A "\",\"gen\":3,\"iat\":1,\"end\":1,\"ext\":0}",
                USER_STATE_E_CORRUPT },
        { "a name that is no MAC", "c:short", CODE_VALUE, USER_STATE_E_CORRUPT },
        { "no object", CODE_FIELD, "[]", USER_STATE_E_CORRUPT },
        { "a member missing", CODE_FIELD, "{\"sid\":\"" SID_A "\",\"gen\":3,\"iat\":1}",
                USER_STATE_E_CORRUPT },
        { "a member too many", CODE_FIELD,
                "{\"sid\":\"" SID_A "\",\"gen\":3,\"iat\":1,\"end\":1,\"x\":1}",
                USER_STATE_E_CORRUPT },
        { "a sid that cannot be one", CODE_FIELD, "{\"sid\":\"x\",\"gen\":3,\"iat\":1,\"end\":1}",
                USER_STATE_E_CORRUPT },
        { "an end that is no number", CODE_FIELD,
                "{\"sid\":\"" SID_A "\",\"gen\":3,\"iat\":1,\"end\":\"1\"}", USER_STATE_E_CORRUPT },
};

static void test_stored_codes_are_read_strictly(void **unused) {
        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(stored_cases); i++) {
                _cleanup_(state_fields_clear) StateFields fields = { 0 };
                _cleanup_(user_state_unrefp) UserState *state = NULL;
                const char *value = stored_cases[i].value;
                int r;

                assert_int_equal(state_fields_add(&fields, "v", ALICE, strlen(ALICE)), 0);
                assert_int_equal(
                        state_fields_add(&fields, stored_cases[i].field, value, strlen(value)), 0);
                r = state_fields_decode("default", "alice", &fields, &state);
                if (r != stored_cases[i].r)
                        fail_msg("%s: %d", stored_cases[i].name, r);
        }
}

static void test_more_codes_than_are_written_are_corrupt(void **unused) {
        _cleanup_(state_fields_clear) StateFields fields = { 0 };
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        char name[2 + SID_SIZE + 1];

        (void)unused;
        assert_int_equal(state_fields_add(&fields, "v", ALICE, strlen(ALICE)), 0);
        for (unsigned int i = 0; i <= STATE_CODES_MAX; i++) {
                snprintf(name, sizeof(name), "c:%021uA", i);
                assert_int_equal(
                        state_fields_add(&fields, name, CODE_VALUE, strlen(CODE_VALUE)), 0);
        }
        assert_int_equal(
                state_fields_decode("default", "alice", &fields, &state), USER_STATE_E_CORRUPT);
}

static void test_the_claims_are_those_of_the_token(void **unused) {
        _cleanup_(user_state_unrefp) UserState *state = make_state();
        _cleanup_(claims_unrefp) Claims *claims = NULL;

        (void)unused;
        assert_int_equal(session_claims(user_state_find(state, SID_A),
                                 (SessionOwner){ "https://issuer", NULL, "alice" }, &claims),
                REASON_OK);
        assert_string_equal(claims->issuer, "https://issuer");
        assert_string_equal(claims->subject, "alice");
        assert_string_equal(claims->jti, SID_A ".3");
        assert_int_equal(claims->n_audience, 2);
        assert_string_equal(claims->audience[1], "other");
        assert_int_equal(claims->n_roles, 1);
        assert_string_equal(claims->roles[0], "admin");
        assert_string_equal(claims->device, "laptop");
        assert_null(claims->platform);
        assert_null(claims->tenant);
        assert_string_equal(claims->data_json, "{\"a\":1}");
        assert_int_equal(claims->issued_at_sec, NOW);
        assert_int_equal(claims->expires_at_sec, NOW + 900);
}

static void test_a_session_without_audience_has_no_claims(void **unused) {
        _cleanup_(user_state_unrefp) UserState *state = make_state();
        Session *session = edit_session(state, SID_A);
        Claims *claims;

        (void)unused;
        session_set_text(session, &session->audience_json, NULL);
        assert_int_equal(session_claims(session, (SessionOwner){ "i", NULL, "alice" }, &claims),
                REASON_CLAIM_MISSING);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_when_a_code_is_good),
                cmocka_unit_test(test_a_code_dies_with_its_generation),
                cmocka_unit_test(test_a_ninth_code_takes_the_place_of_the_oldest),
                cmocka_unit_test(test_the_same_code_twice_is_refused),
                cmocka_unit_test(test_a_copy_has_its_own_codes),
                cmocka_unit_test(test_codes_come_back_the_same),
                cmocka_unit_test(test_stored_codes_are_read_strictly),
                cmocka_unit_test(test_more_codes_than_are_written_are_corrupt),
                cmocka_unit_test(test_the_claims_are_those_of_the_token),
                cmocka_unit_test(test_a_session_without_audience_has_no_claims),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
