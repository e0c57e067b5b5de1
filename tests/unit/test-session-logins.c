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

        session_host_set(&login.host, host, "", "");
        session_login_word("sshd", login.service);
        session_login_word(tty, login.tty);
        session_login_word("192.0.2.1", login.rhost);
        return login;
}

/* By a host that has nothing but its name. */
static int replace(
        Session *session, const char *host, const SessionLogin *logins, size_t n_logins) {
        SessionHost named;

        session_host_set(&named, host, "", "");
        return session_logins_replace(session, &named, logins, n_logins);
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
        assert_int_equal(replace(&session, "here", NULL, 0), 0);
        assert_null(session.logins);
        assert_int_equal(replace(&session, "here", &here, 1), 1);
        assert_int_equal(replace(&session, "here", &here, 1), 0);
        assert_int_equal(replace(&session, "there", &there, 1), 1);
        assert_string_equal(
                session.logins, "here sshd pts/0 192.0.2.1 1\nthere sshd - 192.0.2.1 2\n");
        at = session.logins;
        assert_true(session_logins_next(&at, &login));
        assert_true(session_logins_next(&at, &login));
        assert_string_equal(login.host.name, "there");
        assert_string_equal(login.tty, "");
        assert_int_equal(login.opened_at_sec, 2);
        assert_false(session_logins_next(&at, &login));
        assert_int_equal(replace(&session, "here", NULL, 0), 1);
        assert_string_equal(session.logins, "there sshd - 192.0.2.1 2\n");
        assert_int_equal(replace(&session, "there", NULL, 0), 1);
        assert_null(session.logins);
}

/* Two that each hold the list for changed by the other would write it for ever. */
static void test_what_one_host_wrote_is_no_change_for_another(void **unused) {
        const SessionLogin here = make_login("here", "pts/0", 1),
                           there = make_login("there", "", 2);
        Session session = { 0 };

        (void)unused;
        assert_int_equal(replace(&session, "here", &here, 1), 1);
        assert_int_equal(replace(&session, "there", &there, 1), 1);
        assert_int_equal(replace(&session, "here", &here, 1), 0);
        assert_int_equal(replace(&session, "there", &there, 1), 0);
        free(session.logins);
}

static void test_a_host_that_found_no_room_leaves_the_list_as_it_is(void **unused) {
        Session session = { 0 };

        (void)unused;
        for (char host[] = "a"; *host < 'a' + (char)SESSION_LOGINS_MAX; ++*host) {
                SessionLogin one = make_login(host, "y", 1);

                assert_int_equal(replace(&session, host, &one, 1), 1);
        }
        for (char host[] = "a"; *host <= 'z'; ++*host) {
                SessionLogin one = make_login(host, "y", 1);

                assert_int_equal(replace(&session, host, &one, 1), 0);
        }
        free(session.logins);
}

#define ONE   "1111111111111111"
#define TWO   "2222222222222222"
#define FIRST "aaaaaaaaaaaaaaaa"
#define LATER "bbbbbbbbbbbbbbbb"

typedef struct OwnerCase {
        const char *name;
        const char *host[3], *line[3]; /* name, machine, boot */
        bool owns;
} OwnerCase;

static const OwnerCase owners[] = {
        { "its own", { "h", ONE, FIRST }, { "h", ONE, FIRST }, true },
        { "its own, of the boot before", { "h", ONE, LATER }, { "h", ONE, FIRST }, true },
        { "of another name", { "h", ONE, FIRST }, { "i", ONE, FIRST }, false },
        { "of another machine of the same name", { "h", ONE, FIRST }, { "h", TWO, FIRST }, false },
        { "of before machines were told", { "h", ONE, FIRST }, { "h", "", "" }, true },
        { "of a machine, seen by a host without an id", { "h", "", "" }, { "h", ONE, FIRST },
                false },
        { "of a host without an id", { "h", "", "" }, { "h", "", "" }, true },
};

static void set_host(SessionHost *host, const char *const words[3]) {
        session_host_set(host, words[0], words[1], words[2]);
}

static void test_whose_a_line_is(void **unused) {
        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(owners); i++) {
                SessionHost host, line;

                print_message("# %s\n", owners[i].name);
                set_host(&host, owners[i].host);
                set_host(&line, owners[i].line);
                assert_int_equal(session_host_owns(&host, &line), owners[i].owns);
        }
}

static void test_hosts_of_one_name_keep_their_lines(void **unused) {
        SessionLogin one = make_login("", "pts/1", 1), two = make_login("", "pts/2", 2);
        Session session = { 0 };

        (void)unused;
        session_host_set(&one.host, "localhost", ONE, FIRST);
        session_host_set(&two.host, "localhost", TWO, FIRST);
        assert_int_equal(session_logins_replace(&session, &one.host, &one, 1), 1);
        assert_int_equal(session_logins_replace(&session, &two.host, &two, 1), 1);
        assert_int_equal(session_logins_replace(&session, &one.host, &one, 1), 0);
        assert_string_equal(session.logins, "localhost/11111111aaaaaa sshd pts/1 192.0.2.1 1\n"
                                            "localhost/22222222aaaaaa sshd pts/2 192.0.2.1 2\n");
        /* One is booted: what it had open is over, what the other has is not. */
        session_host_set(&one.host, "localhost", ONE, LATER);
        assert_int_equal(session_logins_replace(&session, &one.host, NULL, 0), 1);
        assert_string_equal(session.logins, "localhost/22222222aaaaaa sshd pts/2 192.0.2.1 2\n");
        free(session.logins);
}

static void test_a_host_in_a_line(void **unused) {
        static const struct {
                const char *name, *line, *host, *machine, *boot;
        } cases[] = {
                { "name alone", "a b c d 1\n", "a", "", "" },
                { "with machine and boot", "a/0123456789abcd b c d 1\n", "a", "01234567",
                        "89abcd" },
                { "no name", "-/0123456789abcd b c d 1\n", "", "01234567", "89abcd" },
                { "a name with a slash", "a/b/0123456789abcd b c d 1\n", "a/b", "01234567",
                        "89abcd" },
                { "ids too short", "a/0123456789abc b c d 1\n", "a/0123456789abc", "", "" },
                { "ids too long", "a/0123456789abcde b c d 1\n", "a/0123456789abcde", "", "" },
                { "ids that are none", "a/0123456789ABCD b c d 1\n", "a/0123456789ABCD", "", "" },
        };

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const char *at = cases[i].line;
                SessionLogin login;

                print_message("# %s\n", cases[i].name);
                assert_true(session_logins_next(&at, &login));
                assert_string_equal(login.host.name, cases[i].host);
                assert_string_equal(login.host.machine, cases[i].machine);
                assert_string_equal(login.host.boot, cases[i].boot);
        }
}

static void test_the_longest_host_fits(void **unused) {
        char name[SESSION_LOGIN_WORD_MAX + 2];
        Session session = { 0 };
        SessionLogin login = make_login("", "", 1), again;
        const char *at;

        (void)unused;
        memset(name, 'n', sizeof(name) - 1);
        name[sizeof(name) - 1] = '\0';
        session_host_set(&login.host, name, ONE, FIRST);
        assert_int_equal(session_logins_replace(&session, &login.host, &login, 1), 1);
        at = session.logins;
        assert_true(session_logins_next(&at, &again));
        assert_int_equal(strlen(again.host.name), SESSION_LOGIN_WORD_MAX);
        assert_true(session_host_owns(&login.host, &again.host));
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
        assert_int_equal(replace(&session, "here", logins, ARRAY_SIZE(logins)), 1);
        for (char host[] = "a"; *host <= 'z'; ++*host) {
                SessionLogin one = make_login(host, "y", 1);

                (void)replace(&session, host, &one, 1);
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
                cmocka_unit_test(test_whose_a_line_is),
                cmocka_unit_test(test_hosts_of_one_name_keep_their_lines),
                cmocka_unit_test(test_a_host_in_a_line),
                cmocka_unit_test(test_the_longest_host_fits),
                cmocka_unit_test(test_there_is_room_for_a_few),
                cmocka_unit_test(test_what_is_no_line_ends_the_list),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
