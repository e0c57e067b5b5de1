/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "common/cleanup.h"
#include "daemon/hook/hook-event.h"

static void test_a_whole_event(void **unused) {
        const HookEvent event = {
                .kind = HOOK_LOGIN,
                .user = "alice",
                .session = "sid",
                .service = "sshd",
                .tty = "ssh",
                .rhost = "192.0.2.7",
                .host = "web1",
                .reason = "ok",
                .platform = "laptop",
                .device = "d-1",
                .time_sec = 1780000000,
        };
        _cleanup_(freep) char *json = NULL;

        (void)unused;
        assert_int_equal(hook_event_encode(&event, &json), 0);
        assert_string_equal(json,
                "{\"event\":\"login\",\"user\":\"alice\",\"session\":\"sid\",\"service\":\"sshd\","
                "\"tty\":\"ssh\",\"rhost\":\"192.0.2.7\",\"host\":\"web1\",\"reason\":\"ok\","
                "\"platform\":\"laptop\",\"device\":\"d-1\",\"time\":1780000000,\"version\":1}");
}

static void test_what_is_not_known_is_null(void **unused) {
        (void)unused;
        for (HookKind kind = 0; kind < HOOK_KIND_COUNT; kind++) {
                _cleanup_(freep) char *json = NULL;

                assert_int_equal(hook_event_encode(&(HookEvent){ .kind = kind }, &json), 0);
                assert_non_null(strstr(json, hook_kind_name(kind)));
                assert_non_null(strstr(json, "\"user\":null,\"session\":null,\"service\":null,"
                                             "\"tty\":null,\"rhost\":null,\"host\":null"));
        }
}

/* The line of the event must stay one line, whatever a client calls its host. */
static void test_hostile_text_stays_in_its_string(void **unused) {
        const HookEvent event = {
                .kind = HOOK_KICK,
                .rhost = "\",\"user\":\"root\"}\n{\\\x01\x7f",
                .device = "caf\xc3\xa9",
        };
        _cleanup_(freep) char *json = NULL;

        (void)unused;
        assert_int_equal(hook_event_encode(&event, &json), 0);
        assert_null(strchr(json, '\n'));
        assert_non_null(
                strstr(json, "\"rhost\":\"\\\",\\\"user\\\":\\\"root\\\"}\\n{\\\\\\u0001\x7f\""));
        assert_non_null(strstr(json, "\"device\":\"caf\\u00E9\""));
}

static void test_what_is_no_text_is_refused(void **unused) {
        char *json = NULL;

        (void)unused;
        assert_int_equal(hook_event_encode(&(HookEvent){ .kind = HOOK_KICK, .tty = "\xff" }, &json),
                -EINVAL);
        assert_null(json);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_whole_event),
                cmocka_unit_test(test_what_is_not_known_is_null),
                cmocka_unit_test(test_hostile_text_stays_in_its_string),
                cmocka_unit_test(test_what_is_no_text_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
