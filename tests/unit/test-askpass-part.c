/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "cli/askpass-part.h"
#include "common/cleanup.h"
#include "pam/credential.h"

static Secret *make_token(size_t size) {
        char *text = malloc(size);
        Secret *token;

        assert_non_null(text);
        for (size_t i = 0; i < size; i++)
                text[i] = "abcdefghijklmnopqrstuvwxyz0123456789"[i % 36];
        assert_int_equal(secret_new(text, size, &token), 0);
        free(text);
        return token;
}

/* What the module makes of the answers; it asks until it has all parts. */
static Secret *put_together(const Secret *token, size_t size_max) {
        _cleanup_(secret_freep) Secret *first = NULL;
        PamtokCredential piece;
        Secret *whole;

        assert_int_equal(askpass_part(token, size_max, (AskpassPart){ 0, 0 }, &first), 0);
        assert_true(first->size <= size_max);
        piece = pamtok_credential_classify(first->data, first->size);
        if (piece.form != PAMTOK_FORM_PART) {
                assert_int_equal(secret_new(first->data, first->size, &whole), 0);
                return whole;
        }
        assert_int_equal(piece.part, 1);
        assert_int_equal(secret_new(piece.data, piece.size, &whole), 0);
        for (uint32_t part = 2, n_parts = piece.n_parts; part <= n_parts; part++) {
                _cleanup_(secret_freep) Secret *answer = NULL;

                assert_int_equal(
                        askpass_part(token, size_max, (AskpassPart){ part, n_parts }, &answer), 0);
                assert_true(answer->size <= size_max);
                assert_null(pamtok_credential_cutter(answer->size));
                piece = pamtok_credential_classify(answer->data, answer->size);
                assert_int_equal(piece.form, PAMTOK_FORM_PART);
                assert_int_equal(piece.part, part);
                assert_int_equal(piece.n_parts, n_parts);
                assert_int_equal(secret_append(whole, piece.data, piece.size), 0);
        }
        return whole;
}

static void test_the_module_puts_together_what_was_split(void **state) {
        static const size_t limits[] = { ASKPASS_ANSWER_SSH_MAX, ASKPASS_ANSWER_SUDO_MAX };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
                for (size_t size = 1; size <= 16384; size += 61) {
                        _cleanup_(secret_freep) Secret *token = make_token(size);
                        _cleanup_(secret_freep) Secret *whole = put_together(token, limits[i]);

                        assert_int_equal(whole->size, token->size);
                        assert_memory_equal(whole->data, token->data, size);
                }
}

static void test_a_short_token_is_not_split(void **state) {
        _cleanup_(secret_freep) Secret *token = make_token(ASKPASS_ANSWER_SUDO_MAX);
        _cleanup_(secret_freep) Secret *answer = NULL, *part = NULL;

        (void)state;
        assert_int_equal(
                askpass_part(token, ASKPASS_ANSWER_SUDO_MAX, (AskpassPart){ 0, 0 }, &answer), 0);
        assert_string_equal(answer->data, token->data);
        assert_int_equal(askpass_part(token, ASKPASS_ANSWER_SUDO_MAX, (AskpassPart){ 2, 2 }, &part),
                ASKPASS_PART_E_OTHER);
}

static void test_parts_of_another_token_are_refused(void **state) {
        static const AskpassPart others[] = { { 2, 6 }, { 2, 8 }, { 8, 7 }, { 64, 64 } };
        _cleanup_(secret_freep) Secret *token = make_token(6144);

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
                _cleanup_(secret_freep) Secret *answer = NULL;

                assert_int_equal(askpass_part(token, ASKPASS_ANSWER_SSH_MAX, others[i], &answer),
                        ASKPASS_PART_E_OTHER);
                assert_null(answer);
        }
}

static void test_there_are_at_most_64_parts(void **state) {
        _cleanup_(secret_freep) Secret *token = make_token(40000), *answer = NULL;

        (void)state;
        assert_int_equal(
                askpass_part(token, ASKPASS_ANSWER_SUDO_MAX, (AskpassPart){ 0, 0 }, &answer),
                ASKPASS_PART_E_TOO_LONG);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_module_puts_together_what_was_split),
                cmocka_unit_test(test_a_short_token_is_not_split),
                cmocka_unit_test(test_parts_of_another_token_are_refused),
                cmocka_unit_test(test_there_are_at_most_64_parts),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
