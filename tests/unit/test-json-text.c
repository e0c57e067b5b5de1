/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "daemon/token/json-text.h"

#define DEEP_15 "{\"a\":[[[[[[[[[[[[[["
#define END_15  "]]]]]]]]]]]]]]}"

static const struct {
        const char *name, *text;
        int outcome;
} cases[] = {
        { "an object", "{\"a\":1}", 0 },
        { "an empty object", "{}", 0 },
        { "white space around", " \t\r\n{} \t\r\n", 0 },
        { "text beyond ASCII", "{\"a\":\"\xc3\xa4\xf0\x9f\x94\x91\"}", 0 },
        { "an escaped character", "{\"a\":\"\\u00e4\"}", 0 },
        { "depth 16", DEEP_15 "[]" END_15, 0 },
        { "brackets inside of a string do not count", "{\"a\":\"[[[[[[[[[[[[[[[[[[[[[[[[\"}", 0 },
        { "an escaped quote does not end a string", "{\"a\":\"\\\"[[[[[[[[[[[[[[[[[[[[[\"}", 0 },
        { "depth 17", DEEP_15 "[[]]" END_15, JSON_TEXT_E_INVALID },
        { "depth 17 by objects", DEEP_15 "[{}]" END_15, JSON_TEXT_E_INVALID },
        { "nothing", "", JSON_TEXT_E_INVALID },
        { "an array", "[]", JSON_TEXT_E_INVALID },
        { "a string", "\"a\"", JSON_TEXT_E_INVALID },
        { "a number", "1", JSON_TEXT_E_INVALID },
        { "null", "null", JSON_TEXT_E_INVALID },
        { "a duplicate member", "{\"a\":1,\"a\":1}", JSON_TEXT_E_INVALID },
        { "a duplicate that is spelt with an escape", "{\"a\":1,\"\\u0061\":1}",
                JSON_TEXT_E_INVALID },
        { "a duplicate further down", "{\"a\":{\"b\":1,\"b\":2}}", JSON_TEXT_E_INVALID },
        { "an escaped NUL in a value", "{\"a\":\"\\u0000\"}", JSON_TEXT_E_INVALID },
        { "an escaped NUL in a name", "{\"a\\u0000b\":1}", JSON_TEXT_E_INVALID },
        { "something behind", "{}x", JSON_TEXT_E_INVALID },
        { "a second object", "{}{}", JSON_TEXT_E_INVALID },
        { "a byte order mark", "\xef\xbb\xbf{}", JSON_TEXT_E_INVALID },
        { "an overlong form", "{\"a\":\"\xc0\xaf\"}", JSON_TEXT_E_INVALID },
        { "a surrogate in UTF-8", "{\"a\":\"\xed\xa0\x80\"}", JSON_TEXT_E_INVALID },
        { "a lone escaped surrogate", "{\"a\":\"\\ud800\"}", JSON_TEXT_E_INVALID },
        { "a raw newline in a string", "{\"a\":\"\n\"}", JSON_TEXT_E_INVALID },
        { "a comment", "{/**/}", JSON_TEXT_E_INVALID },
        { "single quotes", "{'a':1}", JSON_TEXT_E_INVALID },
        { "a trailing comma", "{\"a\":1,}", JSON_TEXT_E_INVALID },
        { "a leading zero", "{\"a\":01}", JSON_TEXT_E_INVALID },
        { "NaN", "{\"a\":NaN}", JSON_TEXT_E_INVALID },
};

static void test_only_one_strict_object_is_taken(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                json_t *object = NULL;

                if (json_text_parse(cases[i].text, strlen(cases[i].text), &object) !=
                        cases[i].outcome)
                        fail_msg("wrong: %s", cases[i].name);
                json_decref(object);
        }
}

static void test_a_raw_nul_is_refused_wherever_it_stands(void **state) {
        static const char text[] = "{\"a\":\"b\",\"c\":[1,2.5,-1e3,true,false,null]}";
        json_t *object = NULL;

        (void)state;
        for (size_t i = 0; i < sizeof(text); i++) {
                char copy[sizeof(text)];

                /* In front of each character, and behind the last. */
                memcpy(copy, text, i);
                copy[i] = '\0';
                memcpy(copy + i + 1, text + i, sizeof(text) - 1 - i);
                assert_int_equal(json_text_parse(copy, sizeof(copy), &object), JSON_TEXT_E_INVALID);
        }
}

static void test_a_hundred_thousand_brackets_do_not_recurse(void **state) {
        static char text[100000];
        json_t *object = NULL;

        (void)state;
        memset(text, '[', sizeof(text));
        assert_int_equal(json_text_parse(text, sizeof(text), &object), JSON_TEXT_E_INVALID);
}

/* Too much for malloc() is no memory, as anywhere else. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);

const char *__asan_default_options(void) {
        return "allocator_may_return_null=1";
}

#define LONG_NAME       "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"
#define ALLOCATIONS_MAX 20u

static json_malloc_t allocate;
static unsigned int n_until_none; /* allocations */

static void *allocate_or_not(size_t size) {
        return allocate(n_until_none-- == 0 ? PTRDIFF_MAX : size);
}

static void parse_without_memory(void) {
        static const char text[] = "{\"sub\":\"" LONG_NAME "\"}";
        json_t *object = NULL;
        json_free_t release;
        const char *name;

        json_text_need_memory();
        json_get_alloc_funcs(&allocate, &release);
        json_set_alloc_funcs(allocate_or_not, release);
        if (json_text_parse(text, sizeof(text) - 1, &object) != 0)
                _exit(EXIT_SUCCESS);
        name = json_string_value(json_object_get(object, "sub"));
        _exit(name && strcmp(name, LONG_NAME) == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

static void test_without_memory_no_name_becomes_another(void **state) {
        unsigned int n_ended = 0;

        (void)state;
        for (unsigned int i = 0; i < ALLOCATIONS_MAX; i++) {
                int status;
                pid_t pid;

                n_until_none = i;
                pid = fork();
                assert_true(pid >= 0);
                if (pid == 0)
                        parse_without_memory();
                assert_int_equal(waitpid(pid, &status, 0), pid);
                n_ended += WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
                assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == EXIT_SUCCESS);
        }
        assert_true(n_ended > 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_only_one_strict_object_is_taken),
                cmocka_unit_test(test_a_raw_nul_is_refused_wherever_it_stands),
                cmocka_unit_test(test_a_hundred_thousand_brackets_do_not_recurse),
                cmocka_unit_test(test_without_memory_no_name_becomes_another),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
