/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/base64url.h"
#include "common/cleanup.h"
#include "pam/credential.h"

#define HEADER "eyJhbGciOiJFUzI1NiJ9" /* {"alg":"ES256"} */
#define CLAIMS "eyJzdWIiOiJhbGljZSJ9" /* {"sub":"alice"} */
#define TOKEN  HEADER "." CLAIMS ".c2lnbmF0dXJl"

typedef struct Case {
        const char *name;
        const char *text;
        PamtokForm form;
        const char *data; /* NULL: the text as it is */
} Case;

static const Case cases[] = {
        { "nothing is a password", "", PAMTOK_FORM_PASSWORD, NULL },
        { "blanks are a password", "  ", PAMTOK_FORM_PASSWORD, NULL },
        { "a word is a password", "correct", PAMTOK_FORM_PASSWORD, NULL },
        { "any bytes are a password", "\xff\xfe.\x01.", PAMTOK_FORM_PASSWORD, NULL },
        { "dots are a password", "..", PAMTOK_FORM_PASSWORD, NULL },
        { "sshd's stand-in for unknown users is a password", "\b\n\r\177INCORRECT",
                PAMTOK_FORM_PASSWORD, NULL },

        { "a token is a token", TOKEN, PAMTOK_FORM_TOKEN, NULL },
        { "a header of other members", "eyJmb28iOjF9.x.y", PAMTOK_FORM_TOKEN, NULL },
        { "a header with white space around it (RFC 7515 A.6)", "IHsiYSI6MX0K.x.y",
                PAMTOK_FORM_TOKEN, NULL },
        { "a header with white space inside", "eyAiYSIgOiAxIH0.x.y", PAMTOK_FORM_TOKEN, NULL },
        { "an empty header object", "e30.x.y", PAMTOK_FORM_TOKEN, NULL },
        { "empty claims", HEADER "..y", PAMTOK_FORM_TOKEN, NULL },
        { "an empty signature", HEADER "." CLAIMS ".", PAMTOK_FORM_TOKEN, NULL },
        { "blanks around it are left out", " \t" TOKEN "\r\n", PAMTOK_FORM_TOKEN, TOKEN },

        { "two parts are a password", HEADER "." CLAIMS, PAMTOK_FORM_PASSWORD, NULL },
        { "four parts are a password", TOKEN ".x", PAMTOK_FORM_PASSWORD, NULL },
        { "five parts, as of an encrypted token, are a password", TOKEN ".x.y",
                PAMTOK_FORM_PASSWORD, NULL },
        { "a blank inside", HEADER ". " CLAIMS ".x", PAMTOK_FORM_PASSWORD, NULL },
        { "padding", HEADER "=." CLAIMS ".x", PAMTOK_FORM_PASSWORD, NULL },
        { "a header that is an array", "W10.x.y", PAMTOK_FORM_PASSWORD, NULL },
        { "a header that does not end", "eyJhbGciOiJFUzI1NiI.x.y", PAMTOK_FORM_PASSWORD, NULL },
        { "a header of one brace", "ew.x.y", PAMTOK_FORM_PASSWORD, NULL },
        { "an empty header", ".x.y", PAMTOK_FORM_PASSWORD, NULL },
        { "a host's name", "example.example.org", PAMTOK_FORM_PASSWORD, NULL },

        { "a code to type", "at-4XK9M-7QZT0", PAMTOK_FORM_CODE, NULL },
        { "small letters, and letters that look like digits", "at-oil0o-abcde", PAMTOK_FORM_CODE,
                NULL },
        { "a code to paste, with blanks", " at-0123456789ABCDEFGHJKMNPQRS ", PAMTOK_FORM_CODE,
                "at-0123456789ABCDEFGHJKMNPQRS" },
        { "a code with a U", "at-4XK9M-7QZTU", PAMTOK_FORM_PASSWORD, NULL },
        { "a code with a hyphen elsewhere", "at-4XK9-M7QZT0", PAMTOK_FORM_PASSWORD, NULL },
        { "a code without its hyphen", "at-4XK9M7QZT0", PAMTOK_FORM_PASSWORD, NULL },
        { "a code that is too short", "at-4XK9M-7QZT", PAMTOK_FORM_PASSWORD, NULL },
        { "a code that is too long", "at-4XK9M-7QZT00", PAMTOK_FORM_PASSWORD, NULL },
        { "another prefix", "AT-4XK9M-7QZT0", PAMTOK_FORM_PASSWORD, NULL },
        { "the prefix alone", "at-", PAMTOK_FORM_PASSWORD, NULL },
        { "25 characters to paste", "at-0123456789ABCDEFGHJKMNPQR", PAMTOK_FORM_PASSWORD, NULL },

        { "a part", "authtoken:1/3:abc", PAMTOK_FORM_PART, "abc" },
        { "the last part, with a newline", "authtoken:64/64:abc\n", PAMTOK_FORM_PART, "abc" },
        { "an empty part", "authtoken:2/3:", PAMTOK_FORM_PART, "" },
        { "a part of anything", "authtoken:1/1:a:b/c", PAMTOK_FORM_PART, "a:b/c" },
        { "part zero", "authtoken:0/3:abc", PAMTOK_FORM_PART, "abc" },
        { "a part beyond the last", "authtoken:4/3:abc", PAMTOK_FORM_PART, "abc" },
        { "more parts than there may be", "authtoken:1/65:abc", PAMTOK_FORM_PART, "abc" },
        { "numbers beyond all counting", "authtoken:1/99999999999999999999:abc", PAMTOK_FORM_PART,
                "abc" },
        { "a number of three digits", "authtoken:001/3:abc", PAMTOK_FORM_PART, "abc" },
        { "a number with a sign", "authtoken:+1/3:abc", PAMTOK_FORM_PASSWORD, NULL },
        { "no numbers", "authtoken:/:abc", PAMTOK_FORM_PASSWORD, NULL },
        { "an end within the numbers", "authtoken:1/3", PAMTOK_FORM_PASSWORD, NULL },
        { "the prefix of parts alone", "authtoken:", PAMTOK_FORM_PASSWORD, NULL },
};

/* From memory of exactly that size, so that the sanitizer sees every byte read beyond it. */
static char *exactly(const char *text, size_t size) {
        char *copy = malloc(size > 0 ? size : 1);

        assert_non_null(copy);
        memcpy(copy, text, size);
        return copy;
}

static void test_case(void **state) {
        const Case *c = *state;
        const char *data = c->data ? c->data : c->text;
        _cleanup_(freep) char *text = exactly(c->text, strlen(c->text));
        PamtokCredential credential = pamtok_credential_classify(text, strlen(c->text));

        assert_int_equal(credential.form, c->form);
        assert_int_equal(credential.size, strlen(data));
        assert_memory_equal(credential.data, data, credential.size);
}

static void test_numbers_of_a_part(void **state) {
        PamtokCredential part = pamtok_credential_classify("authtoken:07/12:x", 17);

        (void)state;
        assert_int_equal(part.form, PAMTOK_FORM_PART);
        assert_int_equal(part.part, 7);
        assert_int_equal(part.n_parts, 12);
}

static bool is_limit(size_t size) {
        return size == 510 || size == 511 || size == 1023 || size == 4095;
}

/* A token that is cut anywhere is a password, unless it is as long as a prompt allows. */
static void test_cuts(void **state) {
        const size_t header = strlen(HEADER ".");
        char *token = malloc(5000);

        (void)state;
        assert_non_null(token);
        for (size_t dot = header; dot < 4999; dot += 97) {
                memset(token, 'x', 5000);
                memcpy(token, HEADER ".", header);
                token[dot] = '.';
                for (size_t size = 1; size < 5000; size++) {
                        bool has_end = size > dot + 1 || (size == dot + 1 && !is_limit(size));
                        PamtokForm cut = is_limit(size) ? PAMTOK_FORM_CUT : PAMTOK_FORM_PASSWORD;

                        assert_int_equal(pamtok_credential_classify(token, size).form,
                                has_end ? PAMTOK_FORM_TOKEN : cut);
                }
        }
        free(token);
}

/* Whatever decodes to {…} is a header, and nothing else is. */
static void test_random_headers(void **state) {
        uint32_t seed = 7515;

        (void)state;
        for (size_t round = 0; round < 100000; round++) {
                char text[64] = "", bytes[12];
                size_t size = 2 + round % 10;
                bool object;

                for (size_t i = 0; i < size; i++) {
                        seed = seed * 1664525 + 1013904223;
                        bytes[i] = (char)(seed >> 24);
                }
                bytes[0] = round % 3 == 0 ? '{' : bytes[0];
                bytes[size - 1] = round % 5 == 0 ? '}' : bytes[size - 1];
                object = bytes[0] == '{' && bytes[size - 1] == '}';
                if (strchr(" \t\n\v\f\r", bytes[0]) || strchr(" \t\n\v\f\r", bytes[size - 1]))
                        continue;

                assert_int_equal(
                        base64url_encode((const uint8_t *)bytes, size, text, sizeof(text)), 0);
                memcpy(text + strlen(text), ".e30.AA", sizeof(".e30.AA"));
                assert_int_equal(pamtok_credential_classify(text, strlen(text)).form,
                        object ? PAMTOK_FORM_TOKEN : PAMTOK_FORM_PASSWORD);
        }
}

int main(void) {
        const struct CMUnitTest others[] = {
                { "a part knows its numbers", test_numbers_of_a_part, NULL, NULL, NULL },
                { "a cut is seen at the prompts' limits", test_cuts, NULL, NULL, NULL },
                { "a header is what decodes to an object", test_random_headers, NULL, NULL, NULL },
        };
        struct CMUnitTest tests[ARRAY_SIZE(cases) + ARRAY_SIZE(others)];

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                tests[i] = (struct CMUnitTest){ cases[i].name, test_case, NULL, NULL,
                        (void *)(uintptr_t)&cases[i] };
        memcpy(&tests[ARRAY_SIZE(cases)], others, sizeof(others));
        return cmocka_run_group_tests_name("credential", tests, NULL, NULL);
}
