/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "cli/askpass-map.h"
#include "common/cleanup.h"

#define HOST "(alice@host.example.com) Access token: "
#define SUDO "[sudo] password for alice: "

static const struct {
        const char *name, *text, *prompt;
        const char *path; /* NULL: r */
        int r;
        bool has_user;
} cases[] = {
        { "an empty file", "", HOST, NULL, ASKPASS_MAP_E_NONE, false },
        { "a comment", "# host.example.com /t\n", HOST, NULL, ASKPASS_MAP_E_NONE, false },
        { "a host", "host.example.com /t\n", HOST, "/t", 0, false },
        { "without a line's end", "host.example.com /t", HOST, "/t", 0, false },
        { "with blanks", " \thost.example.com \t /t \r\n", HOST, "/t", 0, false },
        { "a path with blanks", "host.example.com /my files/t\n", HOST, "/my files/t", 0, false },
        { "in large letters", "HOST.Example.com. /t\n", HOST, "/t", 0, false },
        { "another host", "host.example.org /t\n", HOST, NULL, ASKPASS_MAP_E_NONE, false },
        { "a part of its name", "host /t\n", HOST, NULL, ASKPASS_MAP_E_NONE, false },
        { "a longer name", "a.host.example.com /t\n", HOST, NULL, ASKPASS_MAP_E_NONE, false },
        { "its domain", "*.example.com /t\n", HOST, "/t", 0, false },
        { "a domain above", "*.com /t\n", HOST, "/t", 0, false },
        { "itself is not in it", "*.host.example.com /t\n", HOST, NULL, ASKPASS_MAP_E_NONE, false },
        { "a domain that ends like it", "*.xample.com /t\n", HOST, NULL, ASKPASS_MAP_E_NONE,
                false },
        { "an address is in no domain", "*.1 /t\n", "(alice@::1) Access token: ", NULL,
                ASKPASS_MAP_E_NONE, false },
        { "an address", "[::1] /t\n", "(alice@::1) Access token: ", "/t", 0, false },
        { "a user", "alice@host.example.com /t\n", HOST, "/t", 0, true },
        { "another user", "bob@host.example.com /t\n", HOST, NULL, ASKPASS_MAP_E_NONE, false },
        { "a user in large letters", "Alice@host.example.com /t\n", HOST, NULL, ASKPASS_MAP_E_NONE,
                false },
        { "the first that fits", "bob@host.example.com /b\nhost.example.com /1\n*.com /2\n", HOST,
                "/1", 0, false },
        { "sudo", "sudo /t\n", SUDO, "/t", 0, false },
        { "sudo of a user", "alice@sudo /t\n", SUDO, "/t", 0, true },
        { "sudo is no host", "sudo /t\n", "(alice@sudo) Access token: ", NULL, ASKPASS_MAP_E_NONE,
                false },
        { "no host is sudo", "* /t\n", SUDO, NULL, ASKPASS_MAP_E_SYNTAX, false },
        { "no domain is sudo", "*.sudo /t\n", SUDO, NULL, ASKPASS_MAP_E_NONE, false },
        { "no file", "host.example.com\n", HOST, NULL, ASKPASS_MAP_E_SYNTAX, false },
        { "no host", " /t\n", HOST, NULL, ASKPASS_MAP_E_SYNTAX, false },
        { "a port", "host.example.com:22 /t\n", HOST, NULL, ASKPASS_MAP_E_SYNTAX, false },
        { "a wildcard inside", "host.*.com /t\n", HOST, NULL, ASKPASS_MAP_E_SYNTAX, false },
        { "an empty user", "@host.example.com /t\n", HOST, NULL, ASKPASS_MAP_E_SYNTAX, false },
        { "letters beyond ASCII", "h\xc3\xb6st.example.com /t\n", HOST, NULL, ASKPASS_MAP_E_SYNTAX,
                false },
        { "a mistake behind the line that fits", "host.example.com /t\nx\n", HOST, NULL,
                ASKPASS_MAP_E_SYNTAX, false },
};

static void test_lines(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                AskpassMapEntry entry = { 0 };
                AskpassPrompt prompt;
                unsigned int line = 0;
                int r;

                askpass_prompt_read(cases[i].prompt, &prompt);
                assert_int_not_equal(prompt.kind, ASKPASS_FOREIGN);
                r = askpass_map_find(cases[i].text, &prompt, &entry, &line);
                if (r != cases[i].r || entry.has_user != cases[i].has_user ||
                        strcmp(entry.path, STRING_OR_EMPTY(cases[i].path)) != 0)
                        fail_msg("%s: %d %s", cases[i].name, r, entry.path);
        }
}

static void test_the_line_of_a_mistake_is_told(void **state) {
        AskpassMapEntry entry;
        AskpassPrompt prompt;
        unsigned int line = 0;

        (void)state;
        askpass_prompt_read(HOST, &prompt);
        assert_int_equal(askpass_map_find("# x\n\nhost.example.com /t\nhost.example.org\n", &prompt,
                                 &entry, &line),
                ASKPASS_MAP_E_SYNTAX);
        assert_int_equal(line, 4);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_lines),
                cmocka_unit_test(test_the_line_of_a_mistake_is_told),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
