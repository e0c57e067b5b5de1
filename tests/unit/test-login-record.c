/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "daemon/login/host-id.h"
#include "daemon/login/login-record.h"
#include "daemon/login/login-registry.h"

#define BOOT "0123456789abcdef0123456789abcdef"
#define ID   "000000000000000000001A"
#define SID  "sssssssssssssssssssssA"

#define MACHINE "fedcba9876543210fedcba9876543210"
#define HEAD    "{\"v\":1,\"boot\":\"" BOOT "\",\"machine\":\"" MACHINE "\","
#define REST    "\"id\":\"" ID "\"," NUMBERS STATE TEXTS ",\"logind\":\"c1\"}"
#define NUMBERS "\"owner\":1000,\"uid\":1000,\"pid\":42,\"start\":7,\"opened\":9,"
#define STATE   "\"opened_logind\":true,\"ended\":false,\"reason\":\"ok\","
#define TEXTS   "\"session\":\"" SID "\",\"tenant\":\"t\",\"user\":\"u\",\"service\":\"s\""
#define GOOD    HEAD "\"id\":\"" ID "\"," NUMBERS STATE TEXTS ",\"logind\":\"c1\"}"

static const HostId here = { MACHINE, BOOT };

static const struct {
        const char *name, *text;
        int r;
} records[] = {
        { "a whole record is taken", GOOD, 0 },
        { "a member of a later version does no harm",
                HEAD "\"id\":\"" ID "\"," NUMBERS STATE TEXTS ",\"logind\":\"c1\",\"new\":1}", 0 },
        { "another boot's record is told apart",
                "{\"v\":1,\"boot\":\"x\",\"id\":\"" ID "\"," NUMBERS STATE TEXTS "}",
                LOGIN_RECORD_E_OTHER_BOOT },
        { "another host's record is told apart",
                "{\"v\":1,\"boot\":\"" BOOT "\",\"machine\":\"x\"," REST,
                LOGIN_RECORD_E_OTHER_HOST },
        { "another host's record of another boot as well",
                "{\"v\":1,\"boot\":\"y\",\"machine\":\"x\"," REST, LOGIN_RECORD_E_OTHER_HOST },
        { "a record that names no machine is taken", "{\"v\":1,\"boot\":\"" BOOT "\"," REST, 0 },
        { "a record of a machine without an id is taken",
                "{\"v\":1,\"boot\":\"" BOOT "\",\"machine\":\"\"," REST, 0 },
        { "a machine that is no text is refused",
                "{\"v\":1,\"boot\":\"" BOOT "\",\"machine\":1," REST, LOGIN_RECORD_E_CORRUPT },
        { "another version's record is refused",
                "{\"v\":2,\"boot\":\"" BOOT "\",\"id\":\"" ID "\"," NUMBERS STATE TEXTS "}",
                LOGIN_RECORD_E_CORRUPT },
        { "no text is refused", "", LOGIN_RECORD_E_CORRUPT },
        { "another format is refused", "hello", LOGIN_RECORD_E_CORRUPT },
        { "an array is refused", "[]", LOGIN_RECORD_E_CORRUPT },
        { "an empty object is refused", "{}", LOGIN_RECORD_E_CORRUPT },
        { "something behind the record is refused", GOOD "{}", LOGIN_RECORD_E_CORRUPT },
        { "a member given twice is refused",
                HEAD "\"id\":\"" ID "\"," NUMBERS STATE TEXTS ",\"user\":\"root\"}",
                LOGIN_RECORD_E_CORRUPT },
        { "an id that is a path is refused",
                HEAD "\"id\":\"../../../../../../x/yz\"," NUMBERS STATE TEXTS "}",
                LOGIN_RECORD_E_CORRUPT },
        { "an id that is too long is refused", HEAD "\"id\":\"" ID "A\"," NUMBERS STATE TEXTS "}",
                LOGIN_RECORD_E_CORRUPT },
        { "an id that is a number is refused", HEAD "\"id\":1," NUMBERS STATE TEXTS "}",
                LOGIN_RECORD_E_CORRUPT },
        { "a missing user is refused",
                HEAD "\"id\":\"" ID "\"," NUMBERS STATE "\"session\":\"" SID
                     "\",\"tenant\":\"t\",\"service\":\"s\"}",
                LOGIN_RECORD_E_CORRUPT },
        { "a session that is shorter than any is refused",
                HEAD "\"id\":\"" ID "\"," NUMBERS STATE
                     "\"session\":\"s\",\"tenant\":\"t\",\"user\":\"u\",\"service\":\"s\","
                     "\"logind\":\"c1\"}",
                LOGIN_RECORD_E_CORRUPT },
        { "a text that is a number is refused",
                HEAD "\"id\":\"" ID "\"," NUMBERS STATE TEXTS ",\"logind\":\"c1\",\"tty\":1}",
                LOGIN_RECORD_E_CORRUPT },
        { "an opener of no session is refused", HEAD "\"id\":\"" ID "\"," NUMBERS STATE TEXTS "}",
                LOGIN_RECORD_E_CORRUPT },
        { "no process is refused",
                HEAD "\"id\":\"" ID
                     "\",\"owner\":1,\"uid\":1,\"pid\":0,\"start\":7,\"opened\":9," STATE TEXTS
                     ",\"logind\":\"c1\"}",
                LOGIN_RECORD_E_CORRUPT },
        { "a process beyond any pid is refused",
                HEAD "\"id\":\"" ID "\",\"owner\":1,\"uid\":1,\"pid\":2147483648,\"start\":7,"
                     "\"opened\":9," STATE TEXTS ",\"logind\":\"c1\"}",
                LOGIN_RECORD_E_CORRUPT },
        { "a uid beyond 32 bits is refused",
                HEAD "\"id\":\"" ID "\",\"owner\":1,\"uid\":4294967296,\"pid\":1,\"start\":7,"
                     "\"opened\":9," STATE TEXTS ",\"logind\":\"c1\"}",
                LOGIN_RECORD_E_CORRUPT },
        { "an end without a reason is refused",
                HEAD "\"id\":\"" ID "\"," NUMBERS
                     "\"opened_logind\":true,\"ended\":true,\"reason\":\"ok\"," TEXTS
                     ",\"logind\":\"c1\"}",
                LOGIN_RECORD_E_CORRUPT },
        { "a negative time is refused",
                HEAD "\"id\":\"" ID "\",\"owner\":1,\"uid\":1,\"pid\":1,\"start\":7,"
                     "\"opened\":-1," STATE TEXTS ",\"logind\":\"c1\"}",
                LOGIN_RECORD_E_CORRUPT },
};

static void test_decode(void **unused) {
        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(records); i++) {
                _cleanup_(login_freep) Login *login = NULL;

                print_message("# %s\n", records[i].name);
                assert_int_equal(login_record_decode(
                                         records[i].text, strlen(records[i].text), &here, &login),
                        records[i].r);
                assert_int_equal(!login, !!records[i].r);
        }
}

static void test_every_cut_is_refused(void **unused) {
        Login *login = NULL;

        (void)unused;
        for (size_t size = 0; size < strlen(GOOD); size++)
                assert_int_equal(
                        login_record_decode(GOOD, size, &here, &login), LOGIN_RECORD_E_CORRUPT);
        assert_null(login);
}

/* Whoever lost the id of the machine is not to lose its logins with it. */
static void test_a_machine_without_an_id_takes_what_is_there(void **unused) {
        _cleanup_(login_freep) Login *login = NULL;
        const HostId nameless = { "", BOOT };

        (void)unused;
        assert_int_equal(login_record_decode(GOOD, strlen(GOOD), &nameless, &login), 0);
}

static void test_encode(void **unused) {
        _cleanup_(login_freep) Login *login = NULL, *again = NULL;
        _cleanup_(freep) char *text = NULL;

        (void)unused;
        assert_int_equal(login_record_decode(GOOD, strlen(GOOD), &here, &login), 0);
        login->uid = login->logind_owner = (uid_t)-1;
        login->tty = strdup("a\n\"\\\xc3\xa4");
        assert_int_equal(login_record_encode(login, &here, &text), 0);
        assert_int_equal(login_record_decode(text, strlen(text), &here, &again), 0);
        assert_string_equal(again->id, ID);
        assert_string_equal(again->tty, login->tty);
        assert_null(again->rhost);
        assert_true(again->uid == (uid_t)-1 && again->logind_owner == (uid_t)-1);
        assert_true(again->opened_logind);
        assert_int_equal(again->leader.pid, 42);
        assert_int_equal(again->leader.start_time, 7);
}

static void elevation_clear(Elevation *elevation) {
        free(elevation->tenant);
        free(elevation->user);
        free(elevation->tty);
        free(elevation->logind_id);
        free(elevation->sid);
}

static const struct {
        const char *name, *text;
        int r;
} elevations[] = {
        { "a whole record is taken",
                HEAD "\"made\":5,\"session\":\"" SID "\",\"tenant\":\"t\",\"user\":\"u\"}", 0 },
        { "a record without a time is refused",
                HEAD "\"session\":\"" SID "\",\"tenant\":\"t\",\"user\":\"u\"}",
                LOGIN_RECORD_E_CORRUPT },
        { "a record without a session is refused",
                HEAD "\"made\":5,\"tenant\":\"t\",\"user\":\"u\"}", LOGIN_RECORD_E_CORRUPT },
        { "a session that is none is refused",
                HEAD "\"made\":5,\"session\":\"s\",\"tenant\":\"t\",\"user\":\"u\"}",
                LOGIN_RECORD_E_CORRUPT },
        { "another boot's record is told apart",
                "{\"v\":1,\"boot\":\"x\",\"made\":5,\"session\":\"" SID
                "\",\"tenant\":\"t\",\"user\":\"u\"}",
                LOGIN_RECORD_E_OTHER_BOOT },
        { "no text is refused", "", LOGIN_RECORD_E_CORRUPT },
};

static void test_elevations(void **unused) {
        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(elevations); i++) {
                Elevation elevation = {};

                print_message("# %s\n", elevations[i].name);
                assert_int_equal(elevation_record_decode(elevations[i].text,
                                         strlen(elevations[i].text), &here, &elevation),
                        elevations[i].r);
                elevation_clear(&elevation);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_decode),
                cmocka_unit_test(test_every_cut_is_refused),
                cmocka_unit_test(test_a_machine_without_an_id_takes_what_is_there),
                cmocka_unit_test(test_encode),
                cmocka_unit_test(test_elevations),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
