/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "common/cleanup.h"
#include "daemon/token/claims.h"
#include "token-fixture.h"

#define WITH(more)   "{" FIXTURE_REQUIRED "," FIXTURE_TIMES "," more "}"
#define TIMES(times) "{" FIXTURE_REQUIRED "," times "}"
#define ISS          "\"iss\":\"i\","
#define AUD          "\"aud\":\"a\","
#define SUB          "\"sub\":\"alice\","
#define JTI          "\"jti\":\"" FIXTURE_SID ".1\","

static Reason parse(const char *text, bool foreign, Claims **ret_claims) {
        VerifyRules rules = fixture_rules();

        rules.foreign = foreign;
        return claims_parse(text, strlen(text), &rules, ret_claims);
}

static const struct {
        const char *name, *text;
        Reason reason;
} forms[] = {
        { "the required claims", FIXTURE_PAYLOAD, REASON_OK },
        { "all claims",
                WITH("\"nbf\":1,\"roles\":[\"r\"],\"plat\":\"p\",\"did\":\"d\",\"src\":\"s\","
                     "\"tnt\":\"t\",\"name\":\"n\",\"data\":{}"),
                REASON_OK },
        { "unknown claims", WITH("\"x\":[1,2.5,null]"), REASON_OK },
        { "an empty list of roles", WITH("\"roles\":[]"), REASON_OK },
        { "a name beyond ASCII", WITH("\"name\":\"J\xc3\xbcrgen\""), REASON_OK },
        { "a list of audiences", "{" ISS "\"aud\":[\"a\",\"b\"]," SUB JTI FIXTURE_TIMES "}",
                REASON_OK },
        { "the largest time", TIMES("\"iat\":1,\"exp\":9007199254740992"), REASON_OK },

        { "no JSON", "alice", REASON_CLAIMS_MALFORMED },
        { "an array", "[]", REASON_CLAIMS_MALFORMED },
        { "a claim twice", WITH("\"sub\":\"root\""), REASON_CLAIMS_MALFORMED },
        { "a claim twice by an escape", WITH("\"s\\u0075b\":\"root\""), REASON_CLAIMS_MALFORMED },
        { "a NUL in a claim", WITH("\"name\":\"a\\u0000\""), REASON_CLAIMS_MALFORMED },
        { "broken UTF-8", WITH("\"name\":\"\xff\""), REASON_CLAIMS_MALFORMED },
        { "a time above 2^63", TIMES("\"iat\":1,\"exp\":9223372036854775808"),
                REASON_CLAIMS_MALFORMED },

        { "nothing", "{}", REASON_CLAIM_MISSING },
        { "no iss", "{" AUD SUB JTI FIXTURE_TIMES "}", REASON_CLAIM_MISSING },
        { "no aud", "{" ISS SUB JTI FIXTURE_TIMES "}", REASON_CLAIM_MISSING },
        { "no sub", "{" ISS AUD JTI FIXTURE_TIMES "}", REASON_CLAIM_MISSING },
        { "no jti", "{" ISS AUD SUB FIXTURE_TIMES "}", REASON_CLAIM_MISSING },
        { "no exp", TIMES("\"iat\":1800000000"), REASON_CLAIM_MISSING },
        { "no iat", TIMES("\"exp\":1800000900"), REASON_CLAIM_MISSING },
        { "no times", "{" ISS AUD SUB "\"jti\":\"" FIXTURE_SID ".1\"}", REASON_CLAIM_MISSING },
        { "names are case-sensitive", TIMES("\"iat\":1,\"EXP\":2"), REASON_CLAIM_MISSING },

        { "exp as a fraction", TIMES("\"iat\":1800000000,\"exp\":1800000900.0"),
                REASON_CLAIM_INVALID },
        { "exp with an exponent", TIMES("\"iat\":1,\"exp\":18e8"), REASON_CLAIM_INVALID },
        { "exp as text", TIMES("\"iat\":1,\"exp\":\"1800000900\""), REASON_CLAIM_INVALID },
        { "exp negative", TIMES("\"iat\":1,\"exp\":-1"), REASON_CLAIM_INVALID },
        { "exp null", TIMES("\"iat\":1,\"exp\":null"), REASON_CLAIM_INVALID },
        { "exp true", TIMES("\"iat\":1,\"exp\":true"), REASON_CLAIM_INVALID },
        { "exp as a list", TIMES("\"iat\":1,\"exp\":[1800000900]"), REASON_CLAIM_INVALID },
        { "exp above 2^53", TIMES("\"iat\":1,\"exp\":9007199254740993"), REASON_CLAIM_INVALID },
        { "iat negative", TIMES("\"iat\":-1,\"exp\":1800000900"), REASON_CLAIM_INVALID },
        { "iat as text", TIMES("\"iat\":\"1\",\"exp\":1800000900"), REASON_CLAIM_INVALID },
        { "nbf as a fraction", WITH("\"nbf\":1.5"), REASON_CLAIM_INVALID },
        { "nbf null", WITH("\"nbf\":null"), REASON_CLAIM_INVALID },
        { "sub empty", "{" ISS AUD "\"sub\":\"\"," JTI FIXTURE_TIMES "}", REASON_CLAIM_INVALID },
        { "sub with a newline", "{" ISS AUD "\"sub\":\"alice\\nroot\"," JTI FIXTURE_TIMES "}",
                REASON_CLAIM_INVALID },
        { "sub with a C1 control", "{" ISS AUD "\"sub\":\"a\\u0085\"," JTI FIXTURE_TIMES "}",
                REASON_CLAIM_INVALID },
        { "sub as a list", "{" ISS AUD "\"sub\":[\"alice\"]," JTI FIXTURE_TIMES "}",
                REASON_CLAIM_INVALID },
        { "sub as a number", "{" ISS AUD "\"sub\":0," JTI FIXTURE_TIMES "}", REASON_CLAIM_INVALID },
        { "sub null", "{" ISS AUD "\"sub\":null," JTI FIXTURE_TIMES "}", REASON_CLAIM_INVALID },
        { "iss empty", "{\"iss\":\"\"," AUD SUB JTI FIXTURE_TIMES "}", REASON_CLAIM_INVALID },
        { "iss as an object", "{\"iss\":{}," AUD SUB JTI FIXTURE_TIMES "}", REASON_CLAIM_INVALID },
        { "aud empty", "{" ISS "\"aud\":\"\"," SUB JTI FIXTURE_TIMES "}", REASON_CLAIM_INVALID },
        { "aud an empty list", "{" ISS "\"aud\":[]," SUB JTI FIXTURE_TIMES "}",
                REASON_CLAIM_INVALID },
        { "aud a list with a number", "{" ISS "\"aud\":[\"a\",1]," SUB JTI FIXTURE_TIMES "}",
                REASON_CLAIM_INVALID },
        { "aud a list with a control", "{" ISS "\"aud\":[\"a\\t\"]," SUB JTI FIXTURE_TIMES "}",
                REASON_CLAIM_INVALID },
        { "aud null", "{" ISS "\"aud\":null," SUB JTI FIXTURE_TIMES "}", REASON_CLAIM_INVALID },
        { "jti empty", "{" ISS AUD SUB "\"jti\":\"\"," FIXTURE_TIMES "}", REASON_CLAIM_INVALID },
        { "jti as a number", "{" ISS AUD SUB "\"jti\":1," FIXTURE_TIMES "}", REASON_CLAIM_INVALID },
        { "roles as text", WITH("\"roles\":\"admin\""), REASON_CLAIM_INVALID },
        { "an empty role", WITH("\"roles\":[\"\"]"), REASON_CLAIM_INVALID },
        { "data as text", WITH("\"data\":\"{}\""), REASON_CLAIM_INVALID },
        { "name with an escape character", WITH("\"name\":\"\\u001b[31m\""), REASON_CLAIM_INVALID },
};

static void check_form(const char *name, const char *text, bool foreign, Reason expected) {
        _cleanup_(claims_unrefp) Claims *claims = NULL;
        Reason reason = parse(text, foreign, &claims);

        if (reason != expected)
                fail_msg("%s: %s", name, reason_code(reason));
}

static void test_form(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
                check_form(forms[i].name, forms[i].text, false, forms[i].reason);
                check_form(forms[i].name, forms[i].text, true, forms[i].reason);
        }
}

static void test_our_own_jti_is_a_session_and_a_generation(void **state) {
        static const char text[] = "{" ISS AUD SUB "\"jti\":\"7f3c\"," FIXTURE_TIMES "}";
        _cleanup_(claims_unrefp) Claims *claims = NULL;

        (void)state;
        assert_int_equal(parse(text, false, &claims), REASON_CLAIM_INVALID);
        assert_int_equal(parse(text, true, &claims), REASON_OK);
        assert_string_equal(claims->sid, "");
        assert_string_equal(claims->jti, "7f3c");
}

static void test_values(void **state) {
        static const char text[] =
                "{" ISS "\"aud\":[\"a\",\"b\"]," SUB JTI FIXTURE_TIMES
                ",\"nbf\":5,\"roles\":[\"r\",\"w\"],\"plat\":\"p\",\"did\":\"d\","
                "\"src\":\"s\",\"tnt\":\"t\",\"name\":\"n\","
                "\"data\":{ \"k\" : [ 1, \"\\u00e4\" ] }}";
        _cleanup_(claims_unrefp) Claims *claims = NULL;

        (void)state;
        assert_int_equal(parse(text, false, &claims), REASON_OK);
        assert_string_equal(claims->issuer, "i");
        assert_string_equal(claims->subject, "alice");
        assert_string_equal(claims->jti, FIXTURE_SID ".1");
        assert_string_equal(claims->sid, FIXTURE_SID);
        assert_int_equal(claims->generation, 1);
        assert_int_equal(claims->n_audience, 2);
        assert_string_equal(claims->audience[0], "a");
        assert_string_equal(claims->audience[1], "b");
        assert_int_equal(claims->n_roles, 2);
        assert_string_equal(claims->roles[1], "w");
        assert_true(claims->issued_at_sec == FIXTURE_NOW);
        assert_true(claims->expires_at_sec == FIXTURE_NOW + 900);
        assert_true(claims->has_not_before && claims->not_before_sec == 5);
        assert_string_equal(claims->platform, "p");
        assert_string_equal(claims->device, "d");
        assert_string_equal(claims->source, "s");
        assert_string_equal(claims->tenant, "t");
        assert_string_equal(claims->name, "n");
        assert_string_equal(claims->data_json, "{\"k\":[1,\"\xc3\xa4\"]}");
        assert_string_equal(claims->json, text);
}

static void test_absent_claims_are_null(void **state) {
        _cleanup_(claims_unrefp) Claims *claims = NULL;

        (void)state;
        assert_int_equal(parse(FIXTURE_PAYLOAD, false, &claims), REASON_OK);
        assert_int_equal(claims->n_audience, 1);
        assert_int_equal(claims->n_roles, 0);
        assert_false(claims->has_not_before);
        assert_null(claims->platform);
        assert_null(claims->name);
        assert_null(claims->data_json);
}

/* A token for alice from 1800000000 to 1800000900, and what is asked of it. */
static const struct {
        const char *name, *times;
        uint64_t now_sec;
        Reason reason;
} clocks[] = {
        { "in its time", FIXTURE_TIMES, FIXTURE_NOW + 1, REASON_OK },
        { "in its last second", FIXTURE_TIMES, FIXTURE_NOW + 899, REASON_OK },
        { "expired one second ago, in the leeway", FIXTURE_TIMES, FIXTURE_NOW + 901, REASON_OK },
        { "in the last second of the leeway", FIXTURE_TIMES, FIXTURE_NOW + 929, REASON_OK },
        { "when the leeway is over", FIXTURE_TIMES, FIXTURE_NOW + 930, REASON_TOKEN_EXPIRED },
        { "a year later", FIXTURE_TIMES, FIXTURE_NOW + 31536000, REASON_TOKEN_EXPIRED },
        { "at the end of time", FIXTURE_TIMES, CLAIMS_TIME_MAX, REASON_TOKEN_EXPIRED },
        { "issued by a clock that is ahead, in the leeway", FIXTURE_TIMES, FIXTURE_NOW - 30,
                REASON_OK },
        { "issued in the future", FIXTURE_TIMES, FIXTURE_NOW - 31, REASON_TOKEN_NOT_YET },
        { "at the epoch", FIXTURE_TIMES, 0, REASON_TOKEN_NOT_YET },
        { "nbf in the leeway", FIXTURE_TIMES ",\"nbf\":1800000130", FIXTURE_NOW + 100, REASON_OK },
        { "nbf behind the leeway", FIXTURE_TIMES ",\"nbf\":1800000131", FIXTURE_NOW + 100,
                REASON_TOKEN_NOT_YET },
        { "nbf 0", FIXTURE_TIMES ",\"nbf\":0", FIXTURE_NOW, REASON_OK },
        { "exp 0", "\"iat\":0,\"exp\":0", FIXTURE_NOW, REASON_TOKEN_EXPIRED },
        { "the longest lifetime", "\"iat\":1800000000,\"exp\":1800086400", FIXTURE_NOW, REASON_OK },
        { "a lifetime one second too long", "\"iat\":1800000000,\"exp\":1800086401", FIXTURE_NOW,
                REASON_LIFETIME_EXCEEDED },
        { "for ever", "\"iat\":1800000000,\"exp\":9007199254740992", FIXTURE_NOW,
                REASON_LIFETIME_EXCEEDED },
        { "old, but long", "\"iat\":0,\"exp\":1800000900", FIXTURE_NOW, REASON_LIFETIME_EXCEEDED },
        { "it ends before it begins", "\"iat\":1800000010,\"exp\":1800000009", FIXTURE_NOW,
                REASON_CLAIM_INVALID },
        { "it ends as it begins", "\"iat\":1800000010,\"exp\":1800000010", FIXTURE_NOW,
                REASON_CLAIM_INVALID },
};

static void test_clock(void **state) {
        VerifyRules rules = fixture_rules();

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(clocks); i++) {
                _cleanup_(claims_unrefp) Claims *claims = NULL;
                VerifyRequest request = { .now_sec = clocks[i].now_sec };
                char text[512] = "{" FIXTURE_REQUIRED ",";
                Reason reason;

                memcpy(text + strlen(text), clocks[i].times, strlen(clocks[i].times));
                text[strlen(text)] = '}';
                assert_int_equal(parse(text, false, &claims), REASON_OK);
                reason = claims_check(claims, &rules, &request);
                if (reason != clocks[i].reason)
                        fail_msg("%s: %s", clocks[i].name, reason_code(reason));
        }
}

/* Whose token it was has to be known for revoking it, also when it has expired. */
static void test_without_time_everything_else_still_holds(void **state) {
        VerifyRequest late = { .now_sec = CLAIMS_TIME_MAX, .user = "alice" };
        _cleanup_(claims_unrefp) Claims *claims = NULL;
        VerifyRules rules = fixture_rules();

        (void)state;
        rules.ignore_time = true;
        assert_int_equal(parse(FIXTURE_PAYLOAD, false, &claims), REASON_OK);
        assert_int_equal(claims_check(claims, &rules, &late), REASON_OK);
        late.user = "root";
        assert_int_equal(claims_check(claims, &rules, &late), REASON_USER_MISMATCH);
        rules.issuer = "https://other.example.org";
        assert_int_equal(claims_check(claims, &rules, &late), REASON_ISSUER_MISMATCH);
}

static const struct {
        const char *name, *issuer, *audience, *user;
        Reason reason;
} questions[] = {
        { "all equal", FIXTURE_ISSUER, FIXTURE_AUDIENCE, "alice", REASON_OK },
        { "nothing asked", NULL, NULL, NULL, REASON_OK },
        { "another issuer", "https://other.example.org", NULL, NULL, REASON_ISSUER_MISMATCH },
        { "an issuer with a slash", FIXTURE_ISSUER "/", NULL, NULL, REASON_ISSUER_MISMATCH },
        { "another audience", NULL, "https://other.example.org", NULL, REASON_AUDIENCE_MISMATCH },
        { "the beginning of the audience", NULL, "https://host", NULL, REASON_AUDIENCE_MISMATCH },
        { "another user", NULL, NULL, "root", REASON_USER_MISMATCH },
        { "the user in another case", NULL, NULL, "Alice", REASON_USER_MISMATCH },
        { "the user with a blank", NULL, NULL, "alice ", REASON_USER_MISMATCH },
        { "no user", NULL, NULL, "", REASON_USER_MISMATCH },
};

static void test_questions(void **state) {
        _cleanup_(claims_unrefp) Claims *claims = NULL;

        (void)state;
        assert_int_equal(parse(FIXTURE_PAYLOAD, false, &claims), REASON_OK);
        for (size_t i = 0; i < ARRAY_SIZE(questions); i++) {
                VerifyRules rules = fixture_rules();
                VerifyRequest request = {
                        .now_sec = FIXTURE_NOW,
                        .audience = questions[i].audience,
                        .user = questions[i].user,
                };

                rules.issuer = questions[i].issuer;
                if (claims_check(claims, &rules, &request) != questions[i].reason)
                        fail_msg("wrong: %s", questions[i].name);
        }
}

static void test_tenants(void **state) {
        static const struct {
                const char *name, *payload, *tenant;
                bool foreign;
                Reason reason;
        } cases[] = {
                { "no tenant is the default one", FIXTURE_PAYLOAD, "default", false, REASON_OK },
                { "no tenant is not another one", FIXTURE_PAYLOAD, "blue", false,
                        REASON_TENANT_MISMATCH },
                { "the same tenant", "{" FIXTURE_REQUIRED "," FIXTURE_TIMES ",\"tnt\":\"blue\"}",
                        "blue", false, REASON_OK },
                { "another tenant", "{" FIXTURE_REQUIRED "," FIXTURE_TIMES ",\"tnt\":\"red\"}",
                        "blue", false, REASON_TENANT_MISMATCH },
                { "a tenant is not the default one",
                        "{" FIXTURE_REQUIRED "," FIXTURE_TIMES ",\"tnt\":\"red\"}", "default",
                        false, REASON_TENANT_MISMATCH },
                { "the beginning of the tenant",
                        "{" FIXTURE_REQUIRED "," FIXTURE_TIMES ",\"tnt\":\"blu\"}", "blue", false,
                        REASON_TENANT_MISMATCH },
                { "nobody asks", "{" FIXTURE_REQUIRED "," FIXTURE_TIMES ",\"tnt\":\"red\"}", NULL,
                        false, REASON_OK },
                { "another issuer knows no tenants", FIXTURE_PAYLOAD, "blue", true, REASON_OK },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(claims_unrefp) Claims *claims = NULL;
                const VerifyRequest request = { .now_sec = FIXTURE_NOW };
                VerifyRules rules = fixture_rules();

                rules.tenant = cases[i].tenant;
                rules.foreign = cases[i].foreign;
                assert_int_equal(parse(cases[i].payload, cases[i].foreign, &claims), REASON_OK);
                if (claims_check(claims, &rules, &request) != cases[i].reason)
                        fail_msg("wrong: %s", cases[i].name);
        }
}

static void test_a_subject_that_is_no_login_name(void **state) {
        static const char *const names[] = { "root ", "-1", "0", "4294967295", "a:b", "a/b", "..",
                "al\xc3\xad"
                "ce",
                "auth0|123" };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                VerifyRequest asked = { .now_sec = FIXTURE_NOW, .user = names[i] };
                VerifyRequest request = { .now_sec = FIXTURE_NOW };
                _cleanup_(claims_unrefp) Claims *claims = NULL;
                VerifyRules rules = fixture_rules();
                char text[512] = "{" ISS AUD JTI FIXTURE_TIMES ",\"sub\":\"";

                rules.issuer = NULL;
                memcpy(text + strlen(text), names[i], strlen(names[i]));
                memcpy(text + strlen(text), "\"}", 2);
                assert_int_equal(parse(text, true, &claims), REASON_OK);
                assert_int_equal(claims_check(claims, &rules, &request), REASON_USER_INVALID);
                /* Another issuer may name people so, but nobody logs in by it. */
                rules.foreign = true;
                assert_int_equal(claims_check(claims, &rules, &request), REASON_OK);
                assert_int_equal(claims_check(claims, &rules, &asked), REASON_USER_INVALID);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_form),
                cmocka_unit_test(test_our_own_jti_is_a_session_and_a_generation),
                cmocka_unit_test(test_values),
                cmocka_unit_test(test_absent_claims_are_null),
                cmocka_unit_test(test_clock),
                cmocka_unit_test(test_without_time_everything_else_still_holds),
                cmocka_unit_test(test_questions),
                cmocka_unit_test(test_tenants),
                cmocka_unit_test(test_a_subject_that_is_no_login_name),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
