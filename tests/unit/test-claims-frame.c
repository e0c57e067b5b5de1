/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "daemon/token/claims-composer.h"
#include "daemon/token/claims-frame.h"
#include "token-fixture.h"

#define N_WALKS 200u
#define N_STEPS 20u

/* What could be mistaken for a member if it were not escaped, or for its end. */
static const char *const texts[] = {
        NULL,
        "laptop",
        "exp",
        "\"exp\":1,",
        "\",\"sub\":\"root",
        "\\\"jti\\\":\\\"x",
        "}",
        "\xc3\x84lice",
};

static const char *const objects[] = {
        NULL,
        "{}",
        "{\"exp\":1,\"iat\":2,\"jti\":\"x\",\"sub\":\"root\"}",
};

static const char *const users[] = { "alice", "bob", "exp", "a", "machine$" };
static const char *const sids[] = { FIXTURE_SID, "BBBBBBBBBBBBBBBBBBBBBA" };

/* xorshift: the same walks each time. */
static uint64_t seed;

static uint64_t draw(void) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        return seed;
}

static const char *any_of(const char *const *list, size_t n) {
        return list[draw() % n];
}

#define ANY(list) any_of(list, ARRAY_SIZE(list))

/* @lists: two texts, of which none is NULL. */
static IssueRequest random_request(const char *lists[2]) {
        IssueRequest request = fixture_issue_request();

        for (size_t i = 0; i < 2; i++)
                lists[i] = texts[1 + draw() % (ARRAY_SIZE(texts) - 1)];
        request.subject = ANY(users);
        request.sid = ANY(sids);
        request.generation = draw() % 12;
        request.issued_at_sec = draw() >> 33;
        request.expires_at_sec = request.issued_at_sec + 1 + (draw() >> 33);
        request.has_not_before = draw() % 8 == 0;
        request.not_before_sec = draw() >> 33;
        if (draw() % 2)
                return request;
        request.audience = lists;
        request.n_audience = 1 + draw() % 2;
        request.roles = draw() % 2 ? lists : NULL;
        request.n_roles = request.roles ? 1 + draw() % 2 : 0;
        request.platform = ANY(texts);
        request.device = ANY(texts);
        request.source = ANY(texts);
        request.tenant = ANY(texts);
        request.name = ANY(texts);
        request.data_json = ANY(objects);
        return request;
}

static void check(ClaimsFrame *frame, const IssueRequest *request) {
        _cleanup_(freep) char *expected = NULL, *payload = NULL;

        assert_int_equal(claims_compose(request, &expected), 0);
        assert_int_equal(claims_frame_compose(frame, request, &payload), 0);
        assert_string_equal(payload, expected);
}

static void walk(ClaimsFrame *frame) {
        const char *lists[2];
        IssueRequest request = random_request(lists);

        for (size_t step = 0; step < N_STEPS; step++) {
                /* If not, it is made from the one before. */
                if (draw() % 2)
                        request = random_request(lists);
                request.subject = ANY(users);
                request.sid = ANY(sids);
                request.generation++;
                check(frame, &request);
        }
}

static void test_a_frame_changes_no_byte(void **state) {
        (void)state;
        seed = 1;
        for (size_t i = 0; i < N_WALKS; i++) {
                _cleanup_(claims_frame_freep) ClaimsFrame *frame = NULL;

                assert_int_equal(claims_frame_new(&frame), 0);
                walk(frame);
        }
}

static void test_what_begins_later_is_told_from_what_does_not(void **state) {
        _cleanup_(claims_frame_freep) ClaimsFrame *frame = NULL;
        IssueRequest request = fixture_issue_request();

        (void)state;
        assert_int_equal(claims_frame_new(&frame), 0);
        check(frame, &request);
        request.has_not_before = true;
        request.not_before_sec = request.issued_at_sec;
        check(frame, &request);
        request.has_not_before = false;
        check(frame, &request);
}

static void test_claims_too_long_to_keep_are_written(void **state) {
        _cleanup_(claims_frame_freep) ClaimsFrame *frame = NULL;
        IssueRequest request = fixture_issue_request();
        char name[2000];

        (void)state;
        memset(name, 'n', sizeof(name));
        name[sizeof(name) - 1] = '\0';
        assert_int_equal(claims_frame_new(&frame), 0);
        check(frame, &request);
        request.name = name;
        check(frame, &request);
        name[sizeof(name) - 2] = 'm';
        check(frame, &request);
        request.name = NULL;
        check(frame, &request);
}

static void test_without_a_frame_nothing_is_kept(void **state) {
        IssueRequest request = fixture_issue_request();

        (void)state;
        check(NULL, &request);
        request.device = "laptop";
        check(NULL, &request);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_frame_changes_no_byte),
                cmocka_unit_test(test_what_begins_later_is_told_from_what_does_not),
                cmocka_unit_test(test_claims_too_long_to_keep_are_written),
                cmocka_unit_test(test_without_a_frame_nothing_is_kept),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
