/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/cleanup.h"
#include "daemon/session/session-logins.h"
#include "daemon/session/session.h"

static SessionLogin make_login(const char *host, const char *tty, uint64_t opened_at_sec) {
        SessionLogin login = { .opened_at_sec = opened_at_sec };

        session_login_word(host, login.host);
        session_login_word("sshd", login.service);
        session_login_word(tty, login.tty);
        session_login_word("192.0.2.1", login.rhost);
        return login;
}

static void test_words(void **unused) {
        static const struct {
                const char *name, *text, *word;
        } cases[] = {
                { "a word stays", "pts/0", "pts/0" },
                { "nothing is empty", NULL, "" },
                { "a blank would be two words", "a b", "a_b" },
                { "a line end would be two lines", "a\nb 1", "a_b_1" },
                { "a letter beyond ASCII", "\xc3\xa4", "__" },
        };

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                char word[SESSION_LOGIN_WORD_MAX + 1];

                print_message("# %s\n", cases[i].name);
                session_login_word(cases[i].text, word);
                assert_string_equal(word, cases[i].word);
        }
}

static void test_a_host_replaces_its_own_lines(void **unused) {
        const SessionLogin here = make_login("here", "pts/0", 1),
                           there = make_login("there", "", 2);
        Session session = { 0 };
        const char *at;
        SessionLogin login;

        (void)unused;
        assert_int_equal(session_logins_replace(&session, "here", NULL, 0), 0);
        assert_null(session.logins);
        assert_int_equal(session_logins_replace(&session, "here", &here, 1), 1);
        assert_int_equal(session_logins_replace(&session, "here", &here, 1), 0);
        assert_int_equal(session_logins_replace(&session, "there", &there, 1), 1);
        assert_string_equal(
                session.logins, "here sshd pts/0 192.0.2.1 1\nthere sshd - 192.0.2.1 2\n");
        at = session.logins;
        assert_true(session_logins_next(&at, &login));
        assert_true(session_logins_next(&at, &login));
        assert_string_equal(login.host, "there");
        assert_string_equal(login.tty, "");
        assert_int_equal(login.opened_at_sec, 2);
        assert_false(session_logins_next(&at, &login));
        assert_int_equal(session_logins_replace(&session, "here", NULL, 0), 1);
        assert_string_equal(session.logins, "there sshd - 192.0.2.1 2\n");
        assert_int_equal(session_logins_replace(&session, "there", NULL, 0), 1);
        assert_null(session.logins);
}

/* Two that each hold the list for changed by the other would write it for ever. */
static void test_what_one_host_wrote_is_no_change_for_another(void **unused) {
        const SessionLogin here = make_login("here", "pts/0", 1),
                           there = make_login("there", "", 2);
        Session session = { 0 };

        (void)unused;
        assert_int_equal(session_logins_replace(&session, "here", &here, 1), 1);
        assert_int_equal(session_logins_replace(&session, "there", &there, 1), 1);
        assert_int_equal(session_logins_replace(&session, "here", &here, 1), 0);
        assert_int_equal(session_logins_replace(&session, "there", &there, 1), 0);
        free(session.logins);
}

static void test_a_host_that_found_no_room_leaves_the_list_as_it_is(void **unused) {
        Session session = { 0 };

        (void)unused;
        for (char host[] = "a"; *host < 'a' + (char)SESSION_LOGINS_MAX; ++*host) {
                SessionLogin one = make_login(host, "y", 1);

                assert_int_equal(session_logins_replace(&session, host, &one, 1), 1);
        }
        for (char host[] = "a"; *host <= 'z'; ++*host) {
                SessionLogin one = make_login(host, "y", 1);

                assert_int_equal(session_logins_replace(&session, host, &one, 1), 0);
        }
        free(session.logins);
}

static void test_there_is_room_for_a_few(void **unused) {
        SessionLogin logins[SESSION_LOGINS_MAX + 1];
        Session session = { 0 };
        SessionLogin login;
        size_t n_lines = 0;
        const char *at;

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(logins); i++)
                logins[i] = make_login("here", "x", i);
        assert_int_equal(session_logins_replace(&session, "here", logins, ARRAY_SIZE(logins)), 1);
        for (char host[] = "a"; *host <= 'z'; ++*host) {
                SessionLogin one = make_login(host, "y", 1);

                (void)session_logins_replace(&session, host, &one, 1);
        }
        at = session.logins;
        assert_true(session_logins_next(&at, &login));
        assert_int_equal(login.opened_at_sec, ARRAY_SIZE(logins) - SESSION_LOGINS_HOST_MAX);
        for (at = session.logins; session_logins_next(&at, &login);)
                n_lines++;
        assert_int_equal(n_lines, SESSION_LOGINS_MAX);
        free(session.logins);
}

static void test_what_is_no_line_ends_the_list(void **unused) {
        static const char *const cases[] = { "", "a", "a b c d\n", "a b c d e\n", "a b c d 1",
                "a b c d 1 2\n", " b c d 1\n", "a b c d -1\n" };

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const char *at = cases[i];
                SessionLogin login;

                print_message("# %s\n", cases[i]);
                assert_false(session_logins_next(&at, &login));
                assert_ptr_equal(at, cases[i]);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_words),
                cmocka_unit_test(test_a_host_replaces_its_own_lines),
                cmocka_unit_test(test_what_one_host_wrote_is_no_change_for_another),
                cmocka_unit_test(test_a_host_that_found_no_room_leaves_the_list_as_it_is),
                cmocka_unit_test(test_there_is_room_for_a_few),
                cmocka_unit_test(test_what_is_no_line_ends_the_list),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
