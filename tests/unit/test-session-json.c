/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "daemon/session/session-json.h"
#include "daemon/session/session.h"

#define SID     "AAAAAAAAAAAAAAAAAAAAAA"
#define N_WALKS 200u

static const char *const texts[] = { NULL, "", "laptop", "\"", "\\", "\\\"},{",
        "a\nb\tc\x01\x1f\x7f", "\xc3\x84 \xe2\x82\xac \xf0\x9f\x98\x80", "\",\"k\":\"x" };

static const char *const lists[] = { NULL, "[]", "[\"authtoken\"]", "[\"ssh\"]",
        "[\"ssh\",\"sudo\"]", "[\"a\\\"b\"]", "[\"\xc3\x84\"]" };

static const char *const objects[] = { NULL, "{}", "{\"a\":[1,{\"b\":null}]}" };

/* xorshift: the same walks each time. */
static uint64_t seed;

static uint64_t draw(void) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        return seed;
}

#define ANY(list) ((list)[draw() % ARRAY_SIZE(list)])

static const char *random_text(SessionMemberType type) {
        if (type == SESSION_MEMBER_STRINGS || type == SESSION_MEMBER_AUDIENCE)
                return ANY(lists);
        return type == SESSION_MEMBER_OBJECT ? ANY(objects) : ANY(texts);
}

static uint64_t random_number(void) {
        return draw() % 4 == 0 ? SESSION_NUMBER_MAX : draw() % 3;
}

static Session *random_session(void) {
        Session *session = calloc(1, sizeof(*session));

        assert_non_null(session);
        memcpy(session->sid, SID, sizeof(SID));
        for (size_t i = 0; i < SESSION_MEMBERS_COUNT; i++) {
                const SessionMember *member = &session_members[i];
                const char *text = NULL;

                if (session_member_is_number(member))
                        *session_number(session, member) = random_number();
                else
                        text = random_text(member->type);
                if (text)
                        *session_text(session, member) = strdup(text);
        }
        session->generation++;
        session->generation -= session->generation > SESSION_NUMBER_MAX;
        return session;
}

static void check_same(const Session *a, const Session *b) {
        for (size_t i = 0; i < SESSION_MEMBERS_COUNT; i++) {
                const SessionMember *member = &session_members[i];
                const char *text, *other;

                if (session_member_is_number(member)) {
                        assert_true(session_get_number(a, member) == session_get_number(b, member));
                        continue;
                }
                text = session_get_text(a, member);
                other = session_get_text(b, member);
                assert_int_equal(text == NULL, other == NULL);
                if (text)
                        assert_string_equal(text, other);
        }
}

/* Jansson is who reads it on other hosts. */
static void test_whatever_a_session_holds_comes_back(void **state) {
        (void)state;
        seed = 1;
        for (size_t i = 0; i < N_WALKS; i++) {
                _cleanup_(session_unrefp) Session *session = random_session(), *back = NULL;
                _cleanup_(freep) char *text = NULL, *again = NULL;
                json_auto_t *object = NULL;

                assert_int_equal(session_json_encode(session, &text), 0);
                object = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
                assert_true(json_is_object(object));
                assert_int_equal(session_json_decode(SID, text, &back), 0);
                check_same(session, back);
                assert_int_equal(session_json_encode(back, &again), 0);
                assert_string_equal(again, text);
        }
}

static void test_a_copy_outlives_what_it_was_made_of(void **state) {
        (void)state;
        for (size_t n = 0; n < N_WALKS; n++) {
                Session *session = random_session(), *copy, *again;
                size_t size = session_size(session);
                const SessionMember *member = &session_members[n % SESSION_MEMBERS_COUNT];

                assert_int_equal(session_copy(session, &copy), 0);
                check_same(session, copy);
                assert_int_equal(session_size(copy), size);
                session_unref(session);
                if (!session_member_is_number(member)) {
                        char **text = session_text(copy, member);

                        session_set_text(copy, text, NULL);
                        session_set_text(copy, text, strdup("another one"));
                        session_set_text(copy, text, strdup("a third one"));
                }
                assert_int_equal(session_copy(copy, &again), 0);
                check_same(copy, again);
                session_unref(copy);
                session_unref(again);
        }
}

static void test_the_usual_session_is_short(void **state) {
        _cleanup_(session_unrefp) Session *session = calloc(1, sizeof(*session));
        _cleanup_(freep) char *text = NULL;

        (void)state;
        assert_non_null(session);
        session->generation = 1;
        session->created_order = 7;
        session->audience_json = strdup("[\"authtoken\"]");
        session->roles_json = strdup("[\"a\"]");
        session->refresh_kid = strdup("r1");
        assert_int_equal(session_json_encode(session, &text), 0);
        assert_string_equal(text, "{\"t\":\"1.0.....\",\"o\":7,\"r\":\"a\",\"k\":\"r1\"}");
}

static const struct {
        const char *name;
        size_t offset;
        const char *text;
} refused[] = {
        { "a name that is not UTF-8", offsetof(Session, name), "\xff" },
        { "a list that is no list", offsetof(Session, audience_json), "\"ssh\"" },
        { "a list of numbers", offsetof(Session, audience_json), "[1]" },
        { "a list with white space", offsetof(Session, roles_json), "[ \"a\"]" },
        { "a list of nothing", offsetof(Session, roles_json), "[\"\"]" },
        { "a list that goes on", offsetof(Session, roles_json), "[\"a\"]\"" },
        { "data that is a list", offsetof(Session, data_json), "[]" },
};

static void test_what_would_read_differently_is_refused(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
                _cleanup_(session_unrefp) Session *session = calloc(1, sizeof(*session));
                char *text = NULL;

                assert_non_null(session);
                session->generation = 1;
                *(char **)(void *)((char *)session + refused[i].offset) = strdup(refused[i].text);
                if (session_json_encode(session, &text) != -EINVAL)
                        fail_msg("written: %s", refused[i].name);
        }
}

static void test_numbers_that_no_reader_takes_are_refused(void **state) {
        _cleanup_(session_unrefp) Session *session = calloc(1, sizeof(*session));
        char *text = NULL;

        (void)state;
        assert_non_null(session);
        session->generation = 1;
        session->idle_sec = SESSION_NUMBER_MAX + 1;
        assert_int_equal(session_json_encode(session, &text), -EINVAL);
        session->idle_sec = 0;
        session->generation = SESSION_NUMBER_MAX + 1;
        assert_int_equal(session_json_encode(session, &text), -EINVAL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_whatever_a_session_holds_comes_back),
                cmocka_unit_test(test_a_copy_outlives_what_it_was_made_of),
                cmocka_unit_test(test_the_usual_session_is_short),
                cmocka_unit_test(test_what_would_read_differently_is_refused),
                cmocka_unit_test(test_numbers_that_no_reader_takes_are_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
