/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "tests/edit-session.h"
#include "daemon/session/state-change.h"
#include "daemon/session/state-fields.h"
#include "daemon/session/session-check.h"
#include "daemon/session/state-end.h"
#include "daemon/session/user-state.h"

#define NOW UINT64_C(1800000000)
/* What a version of hers begins with, but for the last of its digits: see state_version_make(). */
#define ALICE "ff1bc5000000000"
#define SID_A "AAAAAAAAAAAAAAAAAAAAAA"
#define SID_B "BBBBBBBBBBBBBBBBBBBBBA"
#define SID_C "DDDDDDDDDDDDDDDDDDDDDA"
/* Generation, begin, rotated, seen, issued, end of the token and of the session. */
#define NUMBERS "\"t\":\"1.5..0.0.4.2m\""
#define SESSION "{" NUMBERS "}"
#define ENDED   "{\"reason\":\"session-revoked\",\"at\":6,\"keep\":99}"

static Session *make_session(const char *sid) {
        Session *session = calloc(1, sizeof(*session));

        assert_non_null(session);
        memcpy(session->sid, sid, SID_SIZE);
        session->generation = 4;
        session->rotated_at_sec = NOW + 1;
        session->created_at_sec = NOW;
        session->last_seen_sec = NOW + 2;
        session->issued_at_sec = NOW + 1;
        session->token_end_sec = NOW + 900;
        session->expires_at_sec = SESSION_NUMBER_MAX;
        return session;
}

static void fill_texts(Session *session) {
        session->audience_json = strdup("[\"ssh\",\"sudo\"]");
        session->roles_json = strdup("[]");
        session->platform = strdup("linux");
        session->device = strdup("laptop \"7\"\n");
        session->source = strdup("sso");
        session->name = strdup("J\xc3\xbcrgen");
        session->data_json = strdup("{\"b\":1.10,\"a\":[true,null]}");
        session->refresh_kid = strdup("r1");
        session->client_address = strdup("192.0.2.1");
        session->user_agent = strdup("");
}

static UserState *make_full_state(void) {
        UserState *state;
        Session *session = make_session(SID_A), *foreign = make_session(SID_C);

        assert_int_equal(user_state_new("default", "alice", &state), 0);
        fill_texts(session);
        assert_int_equal(user_state_add(state, session), 0);
        assert_int_equal(user_state_add(state, make_session(SID_B)), 0);
        assert_true(user_state_end(state, SID_B, REASON_SESSION_KICKED, NOW + 5));
        foreign->adopted = 1;
        assert_int_equal(user_state_add(state, foreign), 0);
        assert_true(user_state_end(state, SID_C, REASON_SESSION_REVOKED, NOW + 6));
        state->version = (StateVersion){ .incarnation = UINT64_C(0xff1bc5ffffffffff),
                .counter = UINT64_MAX };
        state->not_before_sec = NOW - 1;
        state->ban_until_sec = UINT64_MAX;
        state->ban_reason = strdup("left");
        return state;
}

/* All of a state, as it is written of somebody new. */
static int encode(const UserState *state, StateFields *fields) {
        StateChange change = { 0 };
        int r;

        r = state_change_make(&(UserState){ 0 }, state, &change);
        *fields = change.added;
        return r;
}

static void assert_same_fields(const StateFields *a, const StateFields *b) {
        assert_int_equal(a->n_items, b->n_items);
        for (size_t i = 0; i < a->n_items; i++) {
                assert_string_equal(a->items[i].name, b->items[i].name);
                assert_string_equal(a->items[i].value, b->items[i].value);
        }
}

static void test_a_full_state_comes_back_the_same(void **unused) {
        _cleanup_(user_state_unrefp) UserState *state = make_full_state(), *again = NULL;
        _cleanup_(state_fields_clear) StateFields fields = { 0 }, fields_again = { 0 };

        (void)unused;
        assert_int_equal(encode(state, &fields), 0);
        assert_int_equal(state_fields_decode("default", "alice", &fields, &again), 0);
        assert_int_equal(encode(again, &fields_again), 0);
        assert_same_fields(&fields, &fields_again);
        assert_string_equal(again->sessions[0]->data_json, "{\"b\":1.10,\"a\":[true,null]}");
        assert_string_equal(again->sessions[0]->device, "laptop \"7\"\n");
        assert_string_equal(again->sessions[0]->user_agent, "");
        assert_int_equal(again->sessions[0]->generation, 4);
        assert_int_equal(user_state_check(again, SID_B, NOW), REASON_SESSION_KICKED);
        assert_false(user_state_find_ended(again, SID_B)->adopted);
        assert_true(user_state_find_ended(again, SID_C)->adopted);
        assert_true(again->ban_until_sec == UINT64_MAX);
        assert_true(again->version.counter == UINT64_MAX);
        assert_int_equal(again->not_before_sec, NOW - 1);
}

static void test_the_order_of_the_fields_does_not_matter(void **unused) {
        _cleanup_(user_state_unrefp) UserState *state = make_full_state(), *again = NULL;
        _cleanup_(state_fields_clear) StateFields fields = { 0 }, fields_again = { 0 };
        Session *older = make_session("CCCCCCCCCCCCCCCCCCCCCA");

        (void)unused;
        older->created_at_sec = NOW - 1;
        assert_int_equal(user_state_add(state, older), 0);
        assert_int_equal(encode(state, &fields), 0);
        for (size_t i = 0; i < fields.n_items / 2; i++) {
                StateField field = fields.items[i];

                fields.items[i] = fields.items[fields.n_items - 1 - i];
                fields.items[fields.n_items - 1 - i] = field;
        }
        assert_int_equal(state_fields_decode("default", "alice", &fields, &again), 0);
        assert_string_equal(again->sessions[0]->sid, older->sid);
        assert_string_equal(again->sessions[1]->sid, SID_A);
}

static void test_no_fields_are_the_empty_state(void **unused) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        StateFields none = { 0 };

        (void)unused;
        assert_int_equal(state_fields_decode("default", "alice", &none, &state), 0);
        assert_int_equal(user_state_end_sec(state), 0);
        assert_int_equal(state->version.incarnation, 0);
        assert_string_equal(state->user, "alice");
}

static void test_what_could_not_be_read_again_is_not_written(void **unused) {
        _cleanup_(user_state_unrefp) UserState *state = make_full_state();
        _cleanup_(state_fields_clear) StateFields fields = { 0 }, more = { 0 }, most = { 0 };
        _cleanup_(state_fields_clear) StateFields number = { 0 };
        Session *session;

        (void)unused;
        session = edit_session(state, state->sessions[0]->sid);
        session_set_text(session, &session->data_json, strdup("{\"a\":12345678901234567890123}"));
        assert_int_equal(encode(state, &number), -EINVAL);
        session_set_text(session, &session->data_json, NULL);
        session_set_text(session, &session->name, strdup("\xff"));
        assert_int_equal(encode(state, &fields), -EINVAL);
        session_set_text(session, &session->name, NULL);
        session->expires_at_sec = SESSION_NUMBER_MAX + 1;
        assert_int_equal(encode(state, &more), -EINVAL);
        session->expires_at_sec = NOW;
        session->name = calloc(1, STATE_FIELDS_SIZE_MAX + 1);
        assert_non_null(session->name);
        memset(session->name, 'x', STATE_FIELDS_SIZE_MAX);
        assert_int_equal(encode(state, &most), -EMSGSIZE);
}

static void test_a_value_with_nul_is_not_taken(void **unused) {
        _cleanup_(state_fields_clear) StateFields fields = { 0 };

        (void)unused;
        assert_int_equal(state_fields_add(&fields, "v", "1.1\0", 4), USER_STATE_E_CORRUPT);
        assert_int_equal(fields.n_items, 0);
}

/* Each beside the field "v" with a good version, unless it is "v" itself. */
static const struct {
        const char *name, *field, *value;
        int result;
} cases[] = {
        { "a session", "s:" SID_A, SESSION, 0 },
        { "an ended one", "e:" SID_A, ENDED, 0 },
        { "an ended one of elsewhere", "e:" SID_A,
                "{\"reason\":\"session-revoked\",\"at\":6,\"keep\":99,\"ext\":1}", 0 },
        { "an ended one of nowhere", "e:" SID_A,
                "{\"reason\":\"session-revoked\",\"at\":6,\"keep\":99,\"ext\":0}",
                USER_STATE_E_CORRUPT },
        { "a ban for a time", "ban", "{\"until\":5}", 0 },
        { "a ban without end or reason", "ban", "{}", 0 },
        { "a not-before time", "nb", "17", 0 },
        { "a session with texts", "s:" SID_A,
                "{" NUMBERS ",\"n\":\"x\",\"a\":[\"a\",\"b\"],\"r\":\"c\",\"j\":\"{}\"}", 0 },

        { "a session for the usual audience", "s:" SID_A, "{" NUMBERS ",\"a\":\"\"}", 0 },

        { "an unknown field", "x", "1", USER_STATE_E_CORRUPT },
        { "an empty name", "", "1", USER_STATE_E_CORRUPT },
        { "a name that only begins as one of ours", "vx", ALICE "1-1", USER_STATE_E_CORRUPT },
        { "a session without sid", "s:", SESSION, USER_STATE_E_CORRUPT },
        { "a short sid", "s:AAAA", SESSION, USER_STATE_E_CORRUPT },
        { "a long sid", "s:" SID_A "A", SESSION, USER_STATE_E_CORRUPT },
        { "a sid with bits behind its end", "s:AAAAAAAAAAAAAAAAAAAAAB", SESSION,
                USER_STATE_E_CORRUPT },
        { "a sid with padding", "s:AAAAAAAAAAAAAAAAAAAAA=", SESSION, USER_STATE_E_CORRUPT },
        { "no JSON", "s:" SID_A, "", USER_STATE_E_CORRUPT },
        { "half an object", "s:" SID_A, "{" NUMBERS, USER_STATE_E_CORRUPT },
        { "something behind the object", "s:" SID_A, SESSION "x", USER_STATE_E_CORRUPT },
        { "an array", "s:" SID_A, "[]", USER_STATE_E_CORRUPT },
        { "a member that is not known", "s:" SID_A, "{" NUMBERS ",\"x\":1}", USER_STATE_E_CORRUPT },
        { "a member twice", "s:" SID_A, "{" NUMBERS "," NUMBERS "}", USER_STATE_E_CORRUPT },
        { "a member missing", "s:" SID_A, "{\"n\":\"x\"}", USER_STATE_E_CORRUPT },
        { "numbers that are a number", "s:" SID_A, "{\"t\":1}", USER_STATE_E_CORRUPT },
        { "no numbers", "s:" SID_A, "{\"t\":\"\"}", USER_STATE_E_CORRUPT },
        { "a number missing", "s:" SID_A, "{\"t\":\"1.5..0.0.4\"}", USER_STATE_E_CORRUPT },
        { "one more number", "s:" SID_A, "{\"t\":\"1.5..0.0.4.2m.1\"}", USER_STATE_E_CORRUPT },
        { "a dot behind them", "s:" SID_A, "{\"t\":\"1.5..0.0.4.2m.\"}", USER_STATE_E_CORRUPT },
        { "a negative generation", "s:" SID_A, "{\"t\":\"-1.5..0.0.4.2m\"}", USER_STATE_E_CORRUPT },
        { "generation 0", "s:" SID_A, "{\"t\":\"0.5..0.0.4.2m\"}", USER_STATE_E_CORRUPT },
        { "no generation", "s:" SID_A, "{\"t\":\".5..0.0.4.2m\"}", USER_STATE_E_CORRUPT },
        { "a leading zero", "s:" SID_A, "{\"t\":\"01.5..0.0.4.2m\"}", USER_STATE_E_CORRUPT },
        { "a large letter", "s:" SID_A, "{\"t\":\"1.5..0.0.4.2M\"}", USER_STATE_E_CORRUPT },
        { "a sign", "s:" SID_A, "{\"t\":\"1.5..+0.0.4.2m\"}", USER_STATE_E_CORRUPT },
        { "minus nothing", "s:" SID_A, "{\"t\":\"1.5..-0.0.4.2m\"}", USER_STATE_E_CORRUPT },
        { "before all time", "s:" SID_A, "{\"t\":\"1.5..-6.0.4.2m\"}", USER_STATE_E_CORRUPT },
        { "at no time, but said", "s:" SID_A, "{\"t\":\"1.5..-5.0.4.2m\"}", USER_STATE_E_CORRUPT },
        { "a number above 2^53", "s:" SID_A, "{\"t\":\"2gosa7pa2gx.5..0.0.4.2m\"}",
                USER_STATE_E_CORRUPT },
        { "a time above 2^53", "s:" SID_A, "{\"t\":\"1.5..0.0.4.2gosa7pa2gs\"}",
                USER_STATE_E_CORRUPT },
        { "a number that does not end", "s:" SID_A,
                "{\"t\":\"1.5..0.0.4.2mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm\"}",
                USER_STATE_E_CORRUPT },
        { "a text that is a number", "s:" SID_A, "{" NUMBERS ",\"n\":1}", USER_STATE_E_CORRUPT },
        { "a text that is null", "s:" SID_A, "{" NUMBERS ",\"n\":null}", USER_STATE_E_CORRUPT },
        { "a text with NUL", "s:" SID_A, "{" NUMBERS ",\"n\":\"\\u0000\"}", USER_STATE_E_CORRUPT },
        { "an audience that is an object", "s:" SID_A, "{" NUMBERS ",\"a\":{}}",
                USER_STATE_E_CORRUPT },
        { "an audience of numbers", "s:" SID_A, "{" NUMBERS ",\"a\":[1,2]}", USER_STATE_E_CORRUPT },
        { "an array of one", "s:" SID_A, "{" NUMBERS ",\"a\":[\"a\"]}", USER_STATE_E_CORRUPT },
        { "data that is no object", "s:" SID_A, "{" NUMBERS ",\"j\":\"[]\"}",
                USER_STATE_E_CORRUPT },
        { "data with a member twice", "s:" SID_A,
                "{" NUMBERS ",\"j\":\"{\\\"a\\\":1,\\\"a\\\":2}\"}", USER_STATE_E_CORRUPT },
        { "an end that reads as accepted", "e:" SID_A, "{\"reason\":\"ok\",\"at\":6,\"keep\":9}",
                USER_STATE_E_CORRUPT },
        { "an end with an unknown reason", "e:" SID_A, "{\"reason\":\"x\",\"at\":6,\"keep\":9}",
                USER_STATE_E_CORRUPT },
        { "an end without reason", "e:" SID_A, "{\"at\":6,\"keep\":9}", USER_STATE_E_CORRUPT },
        { "an end with more in it", "e:" SID_A,
                "{\"reason\":\"session-revoked\",\"at\":6,\"keep\":9,\"x\":0}",
                USER_STATE_E_CORRUPT },
        { "a ban until 0", "ban", "{\"until\":0}", USER_STATE_E_CORRUPT },
        { "a ban with a number as its reason", "ban", "{\"reason\":1}", USER_STATE_E_CORRUPT },
        { "a ban that is no object", "ban", "1", USER_STATE_E_CORRUPT },
        { "a not-before time of 0", "nb", "0", USER_STATE_E_CORRUPT },
        { "a not-before time with a sign", "nb", "+17", USER_STATE_E_CORRUPT },
        { "an empty not-before time", "nb", "", USER_STATE_E_CORRUPT },

        { "a small version", "v", ALICE "1-0", 0 },
        { "a large version", "v", "ff1bc5ffffffffff-ffffffffffffffff", 0 },
        { "an empty version", "v", "", USER_STATE_E_CORRUPT },
        { "a version that names nobody", "v", "1-1", USER_STATE_E_CORRUPT },
        { "half a version", "v", ALICE "1-", USER_STATE_E_CORRUPT },
        { "a version of one number", "v", ALICE "1", USER_STATE_E_CORRUPT },
        { "a version in capitals", "v", ALICE "A-1", USER_STATE_E_CORRUPT },
        { "a version with leading zeros", "v", ALICE "1-01", USER_STATE_E_CORRUPT },
        { "a version too long", "v", "1" ALICE "0-1", USER_STATE_E_CORRUPT },
        { "a version of what is not stored", "v", "0-1", USER_STATE_E_CORRUPT },
        { "a version with something behind", "v", ALICE "1-1 ", USER_STATE_E_CORRUPT },
};

static void add(StateFields *fields, const char *name, const char *value) {
        assert_int_equal(state_fields_add(fields, name, value, strlen(value)), 0);
}

static void test_single_fields(void **unused) {
        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(state_fields_clear) StateFields fields = { 0 };
                _cleanup_(user_state_unrefp) UserState *state = NULL;

                if (strcmp(cases[i].field, "v") != 0)
                        add(&fields, "v", ALICE "a-1");
                add(&fields, cases[i].field, cases[i].value);
                if (state_fields_decode("default", "alice", &fields, &state) != cases[i].result)
                        fail_msg("wrong: %s", cases[i].name);
        }
}

static const struct {
        const char *name, *first, *first_value, *second, *second_value;
} pairs[] = {
        { "a version twice", "v", ALICE "a-1", "v", ALICE "a-1" },
        { "a session twice", "s:" SID_A, SESSION, "s:" SID_A, SESSION },
        { "a session that is live and ended", "s:" SID_A, SESSION, "e:" SID_A, ENDED },
        { "a session that is ended and live", "e:" SID_A, ENDED, "s:" SID_A, SESSION },
        { "an ended session twice", "e:" SID_A, ENDED, "e:" SID_A, ENDED },
        { "a ban twice", "ban", "{}", "ban", "{}" },
        { "a not-before time twice", "nb", "1", "nb", "1" },
};

static void test_nothing_comes_twice(void **unused) {
        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
                _cleanup_(state_fields_clear) StateFields fields = { 0 };
                _cleanup_(user_state_unrefp) UserState *state = NULL;

                if (strcmp(pairs[i].first, "v") != 0)
                        add(&fields, "v", ALICE "a-1");
                add(&fields, pairs[i].first, pairs[i].first_value);
                add(&fields, pairs[i].second, pairs[i].second_value);
                if (state_fields_decode("default", "alice", &fields, &state) !=
                        USER_STATE_E_CORRUPT)
                        fail_msg("taken: %s", pairs[i].name);
        }
}

static void test_fields_without_a_version_are_corrupt(void **unused) {
        _cleanup_(state_fields_clear) StateFields fields = { 0 };
        UserState *state = NULL;

        (void)unused;
        add(&fields, "s:" SID_A, SESSION);
        assert_int_equal(
                state_fields_decode("default", "alice", &fields, &state), USER_STATE_E_CORRUPT);
        assert_null(state);
}

static void test_a_version_names_its_user(void **unused) {
        static const struct {
                const char *tenant, *user;
                int result;
        } readers[] = {
                { "default", "alice", 0 },
                { "default", "alicf", USER_STATE_E_CORRUPT },
                { "defaultalice", "", USER_STATE_E_CORRUPT },
                { "other", "alice", USER_STATE_E_CORRUPT },
        };
        StateVersion version = { .incarnation = 7, .counter = 41 };
        char text[STATE_VERSION_SIZE + 1];

        (void)unused;
        state_version_make(&version, "default", "alice", UINT64_MAX, &version);
        assert_int_equal(version.counter, 42);
        state_version_format(&version, text);
        for (size_t i = 0; i < ARRAY_SIZE(readers); i++) {
                _cleanup_(state_fields_clear) StateFields fields = { 0 };
                _cleanup_(user_state_unrefp) UserState *state = NULL;

                add(&fields, "v", text);
                assert_int_equal(
                        state_fields_decode(readers[i].tenant, readers[i].user, &fields, &state),
                        readers[i].result);
        }
}

static void test_versions_begin_at_one_and_differ(void **unused) {
        StateVersion first, second;

        (void)unused;
        state_version_make(&(StateVersion){ 0 }, "default", "alice", 0, &first);
        state_version_make(&(StateVersion){ 0 }, "default", "alice", 1, &second);
        assert_int_equal(first.counter, 1);
        assert_int_not_equal(first.incarnation, 0);
        assert_true(first.incarnation != second.incarnation);
}

/* Of two fields, or one, or none. */
static const struct {
        const char *name;
        const char *first, *first_value, *second, *second_value;
        uint64_t not_before_sec, forgotten_sec, ban_until_sec;
        const char *ban_reason;
} remains[] = {
        { "nothing that forbids leaves nothing", "s:" SID_A, "{", "x", "1", 0, 0, 0, NULL },
        { "no version is needed", "ban", "{\"until\":7,\"reason\":\"why\"}", NULL, NULL, 0, 0, 7,
                "why" },
        { "a ban of another user's record is one", "v", "1-1", "ban", "{\"until\":7}", 0, 0, 7,
                NULL },
        { "a ban that cannot be read has no end", "ban", "{\"until\":7,\"by\":1}", NULL, NULL, 0, 0,
                UINT64_MAX, STATE_REMAINS_BAN },
        { "garbage for a ban is one", "ban", "", NULL, NULL, 0, 0, UINT64_MAX, STATE_REMAINS_BAN },
        { "two bans are one without end", "ban", "{\"until\":7,\"reason\":\"why\"}", "ban",
                "{\"until\":8}", 0, 0, UINT64_MAX, STATE_REMAINS_BAN },
        { "a name that only begins as a ban is none", "banned", "{\"until\":7}", NULL, NULL, 0, 0,
                0, NULL },
        { "times stay", "nb", "17", "fg", "18", 17, 18, 0, NULL },
        { "times that cannot be read do not", "nb", "-1", "fg", "x", 0, 0, 0, NULL },
};

static void test_what_fields_that_are_no_state_still_forbid(void **unused) {
        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(remains); i++) {
                _cleanup_(state_fields_clear) StateFields fields = { 0 };
                _cleanup_(user_state_unrefp) UserState *state = NULL;

                print_message("# %s\n", remains[i].name);
                add(&fields, remains[i].first, remains[i].first_value);
                if (remains[i].second)
                        add(&fields, remains[i].second, remains[i].second_value);
                assert_int_equal(state_fields_salvage("default", "alice", &fields, &state), 0);
                assert_int_equal(state->not_before_sec, remains[i].not_before_sec);
                assert_int_equal(state->forgotten_sec, remains[i].forgotten_sec);
                assert_int_equal(state->ban_until_sec, remains[i].ban_until_sec);
                assert_string_equal(state->ban_reason ? state->ban_reason : "",
                        remains[i].ban_reason ? remains[i].ban_reason : "");
                assert_int_equal(state->version.incarnation, 0);
                assert_int_equal(state->n_sessions + state->n_ended + state->n_codes, 0);
        }
}

static void test_where_no_fields_are_nobody_knows_of_a_ban(void **unused) {
        _cleanup_(user_state_unrefp) UserState *state = NULL, *empty = NULL;

        (void)unused;
        assert_int_equal(state_fields_salvage("default", "alice", NULL, &state), 0);
        assert_int_equal(state->ban_until_sec, UINT64_MAX);
        assert_string_equal(state->ban_reason, STATE_REMAINS_BAN);
        assert_int_equal(state_fields_salvage("default", "alice", &(StateFields){ 0 }, &empty), 0);
        assert_int_equal(empty->ban_until_sec, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_fields_that_are_no_state_still_forbid),
                cmocka_unit_test(test_where_no_fields_are_nobody_knows_of_a_ban),
                cmocka_unit_test(test_a_full_state_comes_back_the_same),
                cmocka_unit_test(test_the_order_of_the_fields_does_not_matter),
                cmocka_unit_test(test_no_fields_are_the_empty_state),
                cmocka_unit_test(test_what_could_not_be_read_again_is_not_written),
                cmocka_unit_test(test_a_value_with_nul_is_not_taken),
                cmocka_unit_test(test_single_fields),
                cmocka_unit_test(test_nothing_comes_twice),
                cmocka_unit_test(test_fields_without_a_version_are_corrupt),
                cmocka_unit_test(test_a_version_names_its_user),
                cmocka_unit_test(test_versions_begin_at_one_and_differ),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
