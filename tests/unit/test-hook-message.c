/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "common/cleanup.h"
#include "common/hook-message.h"

#define HEAD "authtoken-hook 1 "

static const struct {
        const char *name, *file;
        bool valid;
} names[] = {
        { "a number and a word is a hook", "10-office-hours", true },
        { "one letter is enough", "a", true },
        { "dots within are fine", "notify.sh", true },
        { "no name at all is none", "", false },
        { "a hidden file is none", ".hidden", false },
        { "the directory itself is none", ".", false },
        { "an option-like name is none", "-rf", false },
        { "a path is none", "a/b", false },
        { "white space is refused", "a b", false },
        { "an editor's copy is left out", "hook~", false },
        { "what dpkg left is left out", "hook.dpkg-dist", false },
        { "what rpm left is left out", "hook.rpmsave", false },
        { "a copy is left out", "hook.bak", false },
        { "a name that only is an ending is hidden", ".bak", false },
        { "other alphabets are refused", "h\xc3\xb6k", false },
};

static void test_names(void **unused) {
        char longest[HOOK_NAME_MAX + 2];

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (hook_name_is_valid(names[i].file) != names[i].valid)
                        fail_msg("%s", names[i].name);
        memset(longest, 'a', sizeof(longest));
        longest[HOOK_NAME_MAX + 1] = '\0';
        assert_false(hook_name_is_valid(longest));
        longest[HOOK_NAME_MAX] = '\0';
        assert_true(hook_name_is_valid(longest));
}

static const struct {
        const char *name, *packet;
} malformed[] = {
        { "nothing", "" },
        { "rubbish", "rubbish" },
        { "another version", "authtoken-hook 2 login 1\n{}" },
        { "an unknown event", HEAD "reboot 1\n{}" },
        { "an event whose name goes on", HEAD "logins 1\n{}" },
        { "no deadline", HEAD "login \n{}" },
        { "a negative deadline", HEAD "login -1\n{}" },
        { "a deadline that is no number", HEAD "login 1s\n{}" },
        { "a deadline of 2^64", HEAD "login 18446744073709551616\n{}" },
        { "a deadline without end", HEAD "login 000000000000000000000000001\n{}" },
        { "no second line", HEAD "login 1" },
        { "no object", HEAD "login 1\n" },
        { "half an object", HEAD "login 1\n{" },
        { "an array", HEAD "login 1\n[]" },
        { "a line more", HEAD "login 1\n{\n}" },
        { "something behind", HEAD "login 1\n{}\n" },
        { "bytes that are no text", HEAD "login 1\n{\"\xff\"}" },
};

static void test_malformed_packets_are_refused(void **unused) {
        HookMessage message;

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(malformed); i++)
                if (hook_message_decode(malformed[i].packet, strlen(malformed[i].packet),
                            &message) != HOOK_MESSAGE_E_MALFORMED)
                        fail_msg("%s is taken", malformed[i].name);
        assert_int_equal(
                hook_message_decode(HEAD "login 1\n{\0}", strlen(HEAD "login 1\n{") + 2, &message),
                HOOK_MESSAGE_E_MALFORMED);
}

static void test_a_packet_comes_back_as_it_was(void **unused) {
        (void)unused;
        for (HookKind kind = 0; kind < HOOK_KIND_COUNT; kind++) {
                const HookMessage sent = { kind, UINT64_MAX - kind, "{\"a\":1}", 7 };
                HookMessage got;
                char packet[HOOK_PACKET_MAX];
                size_t size;

                assert_int_equal(hook_message_encode(&sent, packet, sizeof(packet), &size), 0);
                assert_int_equal(hook_message_decode(packet, size, &got), 0);
                assert_int_equal(got.kind, kind);
                assert_int_equal(got.deadline_usec, sent.deadline_usec);
                assert_int_equal(got.json_size, sent.json_size);
                assert_memory_equal(got.json, sent.json, sent.json_size);
                /* One byte less is too little. */
                assert_int_equal(
                        hook_message_encode(&sent, packet, size - 1, &size), HOOK_MESSAGE_E_FULL);
        }
}

static const struct {
        const char *packet;
        int r;
        HookOutcome outcome;
        const char *name;
} answers[] = {
        { "allowed", 0, HOOK_ALLOWED, "" },
        { "vetoed 10-office-hours", 0, HOOK_VETOED, "10-office-hours" },
        { "failed 10-office-hours", 0, HOOK_FAILED, "10-office-hours" },
        { "failed", 0, HOOK_FAILED, "" },
        { "", HOOK_MESSAGE_E_MALFORMED, HOOK_FAILED, "" },
        { "allow", HOOK_MESSAGE_E_MALFORMED, HOOK_FAILED, "" },
        { "allowed 10-office-hours", HOOK_MESSAGE_E_MALFORMED, HOOK_FAILED, "" },
        { "allowed ", HOOK_MESSAGE_E_MALFORMED, HOOK_FAILED, "" },
        { "allowedly", HOOK_MESSAGE_E_MALFORMED, HOOK_FAILED, "" },
        { "allowed\n", HOOK_MESSAGE_E_MALFORMED, HOOK_FAILED, "" },
        { "vetoed", HOOK_MESSAGE_E_MALFORMED, HOOK_FAILED, "" },
        { "vetoed ../../bin/sh", HOOK_MESSAGE_E_MALFORMED, HOOK_FAILED, "" },
        { "vetoed a\nb", HOOK_MESSAGE_E_MALFORMED, HOOK_FAILED, "" },
};

static void test_answers(void **unused) {
        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
                const char *packet = answers[i].packet;
                char again[HOOK_ANSWER_MAX];
                HookAnswer answer;
                size_t size;

                assert_int_equal(hook_answer_decode(packet, strlen(packet), &answer), answers[i].r);
                if (answers[i].r)
                        continue;
                assert_int_equal(answer.outcome, answers[i].outcome);
                assert_string_equal(answer.name, answers[i].name);
                assert_int_equal(hook_answer_encode(&answer, again, sizeof(again), &size), 0);
                assert_int_equal(size, strlen(packet));
                assert_memory_equal(again, packet, size);
        }
        assert_int_equal(hook_answer_decode("vetoed a\0b", 10, &(HookAnswer){ 0 }),
                HOOK_MESSAGE_E_MALFORMED);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_malformed_packets_are_refused),
                cmocka_unit_test(test_a_packet_comes_back_as_it_was),
                cmocka_unit_test(test_answers),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
