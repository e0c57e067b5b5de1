/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "common/cleanup.h"
#include "daemon/policy/adoption.h"

#define ID    "AAECAwQFBgcICQoLDA0ODw"
#define OTHER "AQECAwQFBgcICQoLDA0ODw"

static const struct {
        const char *name;
        const char *epoch, *memory; /* NULL: there is none */
        AdoptionVerdict verdict;
} judgements[] = {
        { "what is remembered", "e1 " ID " 5 100 100 100", "m1 " ID " 5 100 0 0",
                ADOPTION_CURRENT },
        { "another host has adopted", "e1 " ID " 9 100 100 100", "m1 " ID " 5 100 0 0",
                ADOPTION_CURRENT },
        { "one adoption is missing", "e1 " ID " 4 100 100 100", "m1 " ID " 5 100 0 0",
                ADOPTION_SET_BACK },
        { "it was seen behind, and others have gone on", "e1 " ID " 9 100 100 100",
                "m1 " ID " 5 100 0 1", ADOPTION_SET_BACK },
        { "nothing is remembered", "e1 " ID " 5 100 100 100", NULL, ADOPTION_NEW },
        { "an administrator has confirmed on another host", "e1 " OTHER " 0 101 101 101",
                "m1 " ID " 5 100 0 0", ADOPTION_NEW },
        { "also after it was seen behind", "e1 " OTHER " 0 101 101 101", "m1 " ID " 5 100 0 1",
                ADOPTION_NEW },
        { "an epoch of before the last confirmation", "e1 " OTHER " 99 99 99 99",
                "m1 " ID " 5 100 0 0", ADOPTION_SET_BACK },
        { "another one of the same second", "e1 " OTHER " 99 100 100 100", "m1 " ID " 5 100 0 0",
                ADOPTION_SET_BACK },
        { "an emptied store", NULL, "m1 " ID " 5 100 0 0", ADOPTION_MISSING },
        { "a new store", NULL, NULL, ADOPTION_MISSING },
};

static void read_both(const char *epoch_text, const char *memory_text, AdoptionEpoch *epoch,
        AdoptionMemory *memory) {
        if (epoch_text)
                assert_int_equal(adoption_epoch_parse(epoch_text, epoch), 0);
        if (memory_text)
                assert_int_equal(adoption_memory_parse(memory_text, memory), 0);
}

static void test_judgements(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(judgements); i++) {
                AdoptionEpoch epoch = { 0 };
                AdoptionMemory memory = { 0 };

                read_both(judgements[i].epoch, judgements[i].memory, &epoch, &memory);
                if (adoption_judge(judgements[i].epoch ? &epoch : NULL, &memory) !=
                        judgements[i].verdict)
                        fail_msg("wrong: %s", judgements[i].name);
        }
}

static const struct {
        const char *name, *epoch, *memory;
        bool stateless;
        uint64_t issued_at_sec;
        Reason reason;
} tokens[] = {
        { "after the epoch began", "e1 " ID " 5 100 100 100", "m1 " ID " 5 100 0 0", false, 101,
                REASON_OK },
        { "in the second in which it began", "e1 " ID " 5 100 100 100", "m1 " ID " 5 100 0 0",
                false, 100, REASON_ADOPTION_BEFORE },
        { "before", "e1 " ID " 5 100 100 100", "m1 " ID " 5 100 0 0", false, 50,
                REASON_ADOPTION_BEFORE },
        { "before the host was booted", "e1 " ID " 5 100 100 100", "m1 " ID " 5 100 200 0", false,
                200, REASON_ADOPTION_BEFORE },
        { "after that", "e1 " ID " 5 100 100 100", "m1 " ID " 5 100 200 0", false, 201, REASON_OK },
        { "the administrator says from when", "e1 " ID " 5 100 10 10", "m1 " ID " 5 100 0 0", false,
                11, REASON_OK },
        { "a predecessor's, before a store that never knew one", "e1 " ID " 5 100 100 0",
                "m1 " ID " 5 100 200 0", true, 1, REASON_OK },
        { "a predecessor's, before the confirmation", "e1 " ID " 5 100 100 100",
                "m1 " ID " 5 100 0 0", true, 100, REASON_ADOPTION_BEFORE },
};

static void test_tokens(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(tokens); i++) {
                AdoptionEpoch epoch = { 0 };
                AdoptionMemory memory = { 0 };

                read_both(tokens[i].epoch, tokens[i].memory, &epoch, &memory);
                if (adoption_check_token(&epoch, &memory, tokens[i].stateless,
                            tokens[i].issued_at_sec) != tokens[i].reason)
                        fail_msg("wrong: %s", tokens[i].name);
        }
}

static void test_what_is_remembered(void **state) {
        AdoptionMemory memory = { .floor_sec = 500 };
        AdoptionEpoch epoch = { 0 }, later = { 0 };
        char text[ADOPTION_TEXT_MAX];

        (void)state;
        read_both("e1 " ID " 5 100 100 100", NULL, &epoch, &memory);
        read_both("e1 " OTHER " 0 101 1 1", NULL, &later, &memory);
        adoption_remember(&memory, &epoch);
        adoption_memory_format(&memory, text);
        assert_string_equal(text, "m1 " ID " 5 100 500 0");
        memory.doubted = true;
        /* What an administrator says needs no floor. */
        adoption_remember(&memory, &later);
        adoption_memory_format(&memory, text);
        assert_string_equal(text, "m1 " OTHER " 0 101 0 0");
}

static void test_what_was_forgotten_is_no_word_of_an_administrator(void **state) {
        AdoptionMemory memory = { .known = true, .floor_sec = 500 };
        AdoptionEpoch epoch = { 0 };

        (void)state;
        assert_int_equal(adoption_judge(NULL, &memory), ADOPTION_MISSING);
        read_both("e1 " ID " 5 100 100 100", NULL, &epoch, &memory);
        assert_int_equal(adoption_judge(&epoch, &memory), ADOPTION_NEW);
        adoption_remember(&memory, &epoch);
        assert_int_equal(memory.floor_sec, 500);
}

static void test_what_is_no_text(void **state) {
        static const char *const texts[] = {
                "",
                "e1",
                "e2 " ID " 5 100 100 100",
                "e1 " ID " 5 100 100",
                "e1 " ID " 5 100 100 100 ",
                "e1 " ID " 5 100 100 100 1",
                "e1  " ID " 5 100 100 100",
                " e1 " ID " 5 100 100 100",
                "e1 " ID " 05 100 100 100",
                "e1 " ID " -5 100 100 100",
                "e1 " ID " 9007199254740993 100 100 100",
                "e1 AAAA 5 100 100 100",
                "m1 " ID " 5 100 0 2",
        };
        AdoptionEpoch epoch;
        AdoptionMemory memory;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                if (adoption_epoch_parse(texts[i], &epoch) != ADOPTION_E_INVALID ||
                        adoption_memory_parse(texts[i], &memory) != ADOPTION_E_INVALID)
                        fail_msg("taken: %s", texts[i]);
}

int main(void) {
        const struct CMUnitTest cases[] = {
                cmocka_unit_test(test_judgements),
                cmocka_unit_test(test_tokens),
                cmocka_unit_test(test_what_is_remembered),
                cmocka_unit_test(test_what_was_forgotten_is_no_word_of_an_administrator),
                cmocka_unit_test(test_what_is_no_text),
        };

        return cmocka_run_group_tests(cases, NULL, NULL);
}
