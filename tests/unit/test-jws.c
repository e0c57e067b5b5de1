/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "common/cleanup.h"
#include "daemon/token/jws.h"
#include "token-fixture.h"

static const struct {
        const char *name, *token;
        Reason reason;
} forms[] = {
        { "three parts", "e30.e30.AA", REASON_OK },
        { "an empty payload is a form of RFC 7515", "e30..AA", REASON_OK },
        { "nothing", "", REASON_TOKEN_MALFORMED },
        { "one part", "e30", REASON_TOKEN_MALFORMED },
        { "two parts", "e30.e30", REASON_TOKEN_MALFORMED },
        { "four parts", "e30.e30.AA.AA", REASON_TOKEN_MALFORMED },
        { "a dot at the end", "e30.e30.AA.", REASON_TOKEN_MALFORMED },
        { "five parts, as of an encrypted token", "e30.AA.AA.AA.AA", REASON_TOKEN_MALFORMED },
        { "two dots", "..", REASON_TOKEN_MALFORMED },
        { "no signature", "e30.e30.", REASON_TOKEN_MALFORMED },
        { "no header", ".e30.AA", REASON_TOKEN_MALFORMED },
        { "padding in the header", "e30=.e30.AA", REASON_TOKEN_MALFORMED },
        { "padding in the payload", "e30.e30=.AA", REASON_TOKEN_MALFORMED },
        { "padding in the signature", "e30.e30.AA==", REASON_TOKEN_MALFORMED },
        { "escaped padding", "e30.e30.AA%3D%3D", REASON_TOKEN_MALFORMED },
        { "a blank in front", " e30.e30.AA", REASON_TOKEN_MALFORMED },
        { "a blank behind", "e30.e30.AA ", REASON_TOKEN_MALFORMED },
        { "a newline behind", "e30.e30.AA\n", REASON_TOKEN_MALFORMED },
        { "a newline inside", "e30.e\n30.AA", REASON_TOKEN_MALFORMED },
        { "a tabulator inside", "e30.e30.A\tA", REASON_TOKEN_MALFORMED },
        { "trailing bits of the header", "e31.e30.AA", REASON_TOKEN_MALFORMED },
        { "trailing bits of the payload", "e30.e31.AA", REASON_TOKEN_MALFORMED },
        { "trailing bits of the signature", "e30.e30.AB", REASON_TOKEN_MALFORMED },
        { "one character too many", "e30.e30.AAAAA", REASON_TOKEN_MALFORMED },
        { "the other alphabet", "e30.e30.+/+/", REASON_TOKEN_MALFORMED },
        { "a byte beyond ASCII", "e30.e30.\xc3\xa4", REASON_TOKEN_MALFORMED },
        { "JSON serialization", "{\"payload\":\"\",\"signature\":\"\"}", REASON_TOKEN_MALFORMED },
};

static void test_form(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
                Jws jws = { 0 };

                if (jws_parse(forms[i].token, strlen(forms[i].token), &jws) != forms[i].reason)
                        fail_msg("wrong: %s", forms[i].name);
                jws_clear(&jws);
        }
}

static void test_a_nul_is_not_an_end(void **state) {
        Jws jws = { 0 };

        (void)state;
        assert_int_equal(jws_parse("e30.e30.AA\0", 11, &jws), REASON_TOKEN_MALFORMED);
        assert_int_equal(jws_parse("e30.e30.AA\0.x", 13, &jws), REASON_TOKEN_MALFORMED);
        assert_int_equal(jws_parse("e30.\0e30.AA", 11, &jws), REASON_TOKEN_MALFORMED);
}

static void test_parts_are_decoded(void **state) {
        Jws jws = { 0 };

        (void)state;
        assert_int_equal(jws_parse("YWI.Y2Rl.Zg", 11, &jws), REASON_OK);
        assert_int_equal(jws.header.size, 2);
        assert_memory_equal(jws.header.data, "ab", 2);
        assert_int_equal(jws.payload.size, 3);
        assert_memory_equal(jws.payload.data, "cde", 3);
        assert_int_equal(jws.signature.size, 1);
        assert_memory_equal(jws.signature.data, "f", 1);
        assert_int_equal(jws.signed_text.size, 8);
        assert_memory_equal(jws.signed_text.data, "YWI.Y2Rl", 8);
        assert_int_equal(jws.header_text.size, 3);
        jws_clear(&jws);
}

static const struct {
        const char *name, *header;
        Reason reason;
} headers[] = {
        { "alg alone", "{\"alg\":\"ES256\"}", REASON_OK },
        { "all of ours", "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"k\"}", REASON_OK },
        { "white space", " { \"alg\" : \"ES256\" } ", REASON_OK },
        { "unknown members", "{\"alg\":\"ES256\",\"x\":[1]}", REASON_OK },
        { "key references that are not followed",
                "{\"alg\":\"ES256\",\"jwk\":{},\"jku\":\"https://evil.example\",\"x5u\":\"x\","
                "\"x5c\":[]}",
                REASON_OK },
        { "an array", "[]", REASON_HEADER_MALFORMED },
        { "no JSON", "alg", REASON_HEADER_MALFORMED },
        { "no alg", "{\"typ\":\"JWT\"}", REASON_HEADER_MALFORMED },
        { "alg as a number", "{\"alg\":256}", REASON_HEADER_MALFORMED },
        { "alg as a list", "{\"alg\":[\"ES256\"]}", REASON_HEADER_MALFORMED },
        { "alg as null", "{\"alg\":null}", REASON_HEADER_MALFORMED },
        { "alg twice", "{\"alg\":\"ES256\",\"alg\":\"none\"}", REASON_HEADER_MALFORMED },
        { "alg twice by an escape", "{\"alg\":\"ES256\",\"\\u0061lg\":\"none\"}",
                REASON_HEADER_MALFORMED },
        { "kid as a number", "{\"alg\":\"ES256\",\"kid\":1}", REASON_HEADER_MALFORMED },
        { "kid as null", "{\"alg\":\"ES256\",\"kid\":null}", REASON_HEADER_MALFORMED },
        { "kid with a NUL", "{\"alg\":\"ES256\",\"kid\":\"a\\u0000\"}", REASON_HEADER_MALFORMED },
        { "typ as an object", "{\"alg\":\"ES256\",\"typ\":{}}", REASON_HEADER_MALFORMED },
        { "crit", "{\"alg\":\"ES256\",\"crit\":[\"x\"],\"x\":1}", REASON_HEADER_CRITICAL },
        { "an empty crit", "{\"alg\":\"ES256\",\"crit\":[]}", REASON_HEADER_CRITICAL },
        { "crit as null", "{\"alg\":\"ES256\",\"crit\":null}", REASON_HEADER_CRITICAL },
        { "crit that names what is there", "{\"alg\":\"ES256\",\"crit\":[\"kid\"],\"kid\":\"k\"}",
                REASON_HEADER_CRITICAL },
        { "b64 false", "{\"alg\":\"ES256\",\"b64\":false}", REASON_HEADER_CRITICAL },
        { "b64 true", "{\"alg\":\"ES256\",\"b64\":true}", REASON_HEADER_CRITICAL },
        { "none", "{\"alg\":\"none\"}", REASON_ALGORITHM_REFUSED },
        { "None", "{\"alg\":\"None\"}", REASON_ALGORITHM_REFUSED },
        { "an empty name", "{\"alg\":\"\"}", REASON_ALGORITHM_REFUSED },
        { "lower case", "{\"alg\":\"es256\"}", REASON_ALGORITHM_REFUSED },
        { "a blank behind", "{\"alg\":\"ES256 \"}", REASON_ALGORITHM_REFUSED },
        { "ES256K", "{\"alg\":\"ES256K\"}", REASON_ALGORITHM_REFUSED },
        { "an algorithm of encryption", "{\"alg\":\"RSA-OAEP\"}", REASON_ALGORITHM_REFUSED },
};

static void test_header(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
                Jws jws = { .header = { headers[i].header, strlen(headers[i].header) } };
                JwsHeader header = { 0 };

                if (jws_header_parse(&jws, &header) != headers[i].reason)
                        fail_msg("wrong: %s", headers[i].name);
                jws_header_clear(&header);
        }
}

static void test_header_members_are_read(void **state) {
        static const char text[] = "{\"kid\":\"k\",\"alg\":\"PS384\",\"typ\":\"JWT\"}";
        Jws jws = { .header = { text, strlen(text) } };
        JwsHeader header;

        (void)state;
        assert_int_equal(jws_header_parse(&jws, &header), REASON_OK);
        assert_string_equal(header.algorithm->name, "PS384");
        assert_string_equal(header.kid, "k");
        assert_string_equal(header.type, "JWT");
        jws_header_clear(&header);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_form),
                cmocka_unit_test(test_a_nul_is_not_an_end),
                cmocka_unit_test(test_parts_are_decoded),
                cmocka_unit_test(test_header),
                cmocka_unit_test(test_header_members_are_read),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
