/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "cli/askpass-prompt.h"
#include "common/cleanup.h"

#define ASK  "Password or access token: "
#define ONLY "Access token: "

typedef struct Case {
        const char *name, *text;
        AskpassKind kind;
        const char *user, *host;
        unsigned int part, n_parts;
} Case;

#define FOREIGN(name, text) \
        { name, text, ASKPASS_FOREIGN, "", "", 0, 0 }
#define SSH(name, text, user, host) \
        { name, text, ASKPASS_SSH, user, host, 0, 0 }
#define SUDO(name, text, user) \
        { name, text, ASKPASS_SUDO, user, "", 0, 0 }

static const Case cases[] = {
        /* what is answered */
        SSH("the module's prompt through ssh", "(alice@host.example.com) " ASK, "alice",
                "host.example.com"),
        SSH("the one for tokens only", "(alice@host.example.com) " ONLY, "alice",
                "host.example.com"),
        SSH("a name without a domain", "(alice@host) " ASK, "alice", "host"),
        SSH("an alias in large letters", "(alice@Host.Example.COM) " ASK, "alice",
                "host.example.com"),
        SSH("a name with a dot at its end", "(alice@host.example.com.) " ASK, "alice",
                "host.example.com"),
        SSH("an address", "(alice@192.0.2.7) " ASK, "alice", "192.0.2.7"),
        SSH("an address of IPv6", "(alice@2001:db8::1) " ASK, "alice", "2001:db8::1"),
        SSH("in brackets", "(alice@[2001:DB8::1]) " ASK, "alice", "2001:db8::1"),
        SSH("in its long form", "(alice@2001:0db8:0:0::0001) " ASK, "alice", "2001:db8::1"),
        SSH("of one interface", "(alice@fe80::1%eth0) " ASK, "alice", "fe80::1%eth0"),
        SSH("a user of a joined domain", "(alice@corp.example.com@host) " ASK,
                "alice@corp.example.com", "host"),
        SSH("a user with a dollar", "(host$@host) " ASK, "host$", "host"),
        { "a part", "(alice@host) Part 2 of 7 of the access token: ", ASKPASS_SSH, "alice", "host",
                2, 7 },
        { "the last part of the most", "(alice@host) Part 64 of 64 of the access token: ",
                ASKPASS_SSH, "alice", "host", 64, 64 },
        { "ssh's own question", "alice@host's password: ", ASKPASS_SSH_PASSWORD, "alice", "host", 0,
                0 },
        { "to an address", "alice@::1's password: ", ASKPASS_SSH_PASSWORD, "alice", "::1", 0, 0 },
        { "to an alias", "alice@HOST's password: ", ASKPASS_SSH_PASSWORD, "alice", "host", 0, 0 },
        SUDO("sudo's own", "[sudo] password for alice: ", "alice"),
        SUDO("the module's, inside sudo", ASK, ""),
        SUDO("the module's for tokens only, inside sudo", ONLY, ""),
        { "a part inside sudo", "Part 3 of 13 of the access token: ", ASKPASS_SUDO, "", "", 3, 13 },
        /* other questions */
        FOREIGN("nothing", ""),
        FOREIGN("a blank", " "),
        FOREIGN("a key's passphrase", "Enter passphrase for key '/home/alice/.ssh/id_ed25519': "),
        FOREIGN("ssh-add's", "Enter passphrase for /home/alice/.ssh/id_ed25519 (will confirm): "),
        FOREIGN("a host's key",
                "The authenticity of host 'host (192.0.2.7)' can't be established.\n"
                "ED25519 key fingerprint is SHA256:AAAA.\n"
                "Are you sure you want to continue connecting (yes/no/[fingerprint])? "),
        FOREIGN("the use of a key", "Allow use of key id_ed25519?\nKey fingerprint SHA256:AAAA."),
        FOREIGN("a touch", "Confirm user presence for key ED25519-SK SHA256:AAAA"),
        FOREIGN("a PIN", "Enter PIN for ED25519-SK key /home/alice/.ssh/id_sk: "),
        FOREIGN("a password at a host", "(alice@host) Password: "),
        FOREIGN("a second factor", "(alice@host) Verification code: "),
        FOREIGN("a one-time password", "(alice@host) One-time password (OATH) for `alice': "),
        FOREIGN("Duo", "(alice@host) Passcode or option (1-3): "),
        FOREIGN("an expired password", "(alice@host) Current password: "),
        FOREIGN("a new password", "(alice@host) New password: "),
        FOREIGN("git's user", "Username for 'https://git.example.com': "),
        FOREIGN("git's password", "Password for 'https://alice@git.example.com': "),
        FOREIGN("sudo's second try as another", "[sudo] password for : "),
        FOREIGN("a prompt of one's own", "[sudo] alice, your token please: "),
        FOREIGN("su's", "Password: "),
        /* not to the last character */
        FOREIGN("a blank missing", "(alice@host) Password or access token:"),
        FOREIGN("a blank too many", "(alice@host)  " ASK),
        FOREIGN("a line behind it", "(alice@host) " ASK "\n"),
        FOREIGN("a line before it", "\n(alice@host) " ASK),
        FOREIGN("another case", "(alice@host) password or access token: "),
        FOREIGN("text behind it", "(alice@host) " ASK "and your PIN: "),
        FOREIGN("text before it", "(alice@host) Dear user! " ASK),
        FOREIGN("the first part", "(alice@host) Part 1 of 7 of the access token: "),
        FOREIGN("a part beyond the last", "(alice@host) Part 8 of 7 of the access token: "),
        FOREIGN("more parts than there are", "(alice@host) Part 2 of 65 of the access token: "),
        FOREIGN("three digits", "(alice@host) Part 2 of 100 of the access token: "),
        FOREIGN("a zero in front", "(alice@host) Part 02 of 07 of the access token: "),
        FOREIGN("a part of zero", "(alice@host) Part 0 of 7 of the access token: "),
        FOREIGN("a sign", "(alice@host) Part +2 of 7 of the access token: "),
        FOREIGN("a part without the words", "(alice@host) Part 2 of 7: "),
        /* forged by the server, whose words stand behind the client's */
        FOREIGN("another host's name in the server's words", "(alice@evil) (alice@host) " ASK),
        FOREIGN("ssh's own question in them", "(alice@evil) alice@host's password: "),
        FOREIGN("sudo's in them", "(alice@evil) [sudo] password for alice: "),
        FOREIGN("a carriage return that hides the client's", "(alice@evil) \r(alice@host) " ASK),
        FOREIGN("an escape that erases it", "(alice@evil) \033[2K(alice@host) " ASK),
        FOREIGN("backspaces", "(alice@evil) \b\b\b\b\b\b(alice@host) " ASK),
        FOREIGN("a new line", "(alice@evil) \n(alice@host) " ASK),
        /* forged by a user or host name that somebody made up, as in ssh://USER@evil */
        FOREIGN("a user that ends the client's part", "(alice@host) @evil) " ASK),
        FOREIGN("and begins the question", "(alice@host) " ASK "@evil) " ASK),
        FOREIGN("a user with a parenthesis", "(alice@host)@evil) " ASK),
        FOREIGN("a user with a blank", "(alice bob@host) " ASK),
        FOREIGN("a user with an apostrophe", "alice@host's password: @evil's password: "),
        FOREIGN("another apostrophe", "alice'@host's password: "),
        FOREIGN("a user that looks like an option", "(-oProxyCommand=x@host) " ASK),
        FOREIGN("a user of control characters", "(al\rice@host) " ASK),
        FOREIGN("no user", "(@host) " ASK),
        FOREIGN("no host", "(alice@) " ASK),
        FOREIGN("no target", "() " ASK),
        FOREIGN("no @", "(alice) " ASK),
        FOREIGN("no end of the client's part", "(alice@host " ASK),
        FOREIGN("a root directory for a user", "(alice/../root@host) " ASK),
        FOREIGN("a number for a user", "(0@host) " ASK),
        /* hosts */
        FOREIGN("a port", "(alice@host:22) " ASK),
        FOREIGN("a port behind brackets", "(alice@[host]:2222) " ASK),
        FOREIGN("a port behind an address", "(alice@[2001:db8::1]:2222) " ASK),
        FOREIGN("a name in brackets", "(alice@[host]) " ASK),
        FOREIGN("half a bracket", "(alice@[::1) " ASK),
        FOREIGN("a letter that looks like another", "(alice@h\xd0\xbest) " ASK),
        FOREIGN("a dot that is none", "(alice@host\xe3\x80\x82"
                                      "example) " ASK),
        FOREIGN("a zero-width space", "(alice@ho\xe2\x80\x8bst) " ASK),
        FOREIGN("bytes that are no text", "(alice@h\xffst) " ASK),
        FOREIGN("a blank in the host", "(alice@host evil) " ASK),
        FOREIGN("two dots", "(alice@host..example) " ASK),
        FOREIGN("a dot in front", "(alice@.host) " ASK),
        FOREIGN("two dots at the end", "(alice@host..) " ASK),
        FOREIGN("a dot alone", "(alice@.) " ASK),
        FOREIGN("a dash in front", "(alice@-host) " ASK),
        FOREIGN("a slash", "(alice@host/evil) " ASK),
        FOREIGN("a wildcard", "(alice@*.example.com) " ASK),
        FOREIGN("a percent in a name", "(alice@host%eth0) " ASK),
        FOREIGN("an address with a dot at its end", "(alice@[::.]) " ASK),
        FOREIGN("an address with a dot for nothing", "(alice@::.) " ASK),
        FOREIGN("an interface without an address", "(alice@%eth0) " ASK),
        FOREIGN("an empty interface", "(alice@fe80::1%) " ASK),
        FOREIGN("too many colons", "(alice@1:2:3:4:5:6:7:8:9) " ASK),
        FOREIGN("sudo for two", "[sudo] password for alice: bob: "),
        FOREIGN("sudo for nobody who can be", "[sudo] password for al ice: "),
        FOREIGN("sudo behind something", "x[sudo] password for alice: "),
};

static void test_case(void **state) {
        const Case *c = *state;
        AskpassPrompt prompt;

        memset(&prompt, 0x55, sizeof(prompt));
        askpass_prompt_read(c->text, &prompt);
        assert_int_equal(prompt.kind, c->kind);
        assert_string_equal(prompt.user, c->user);
        assert_string_equal(prompt.host, c->host);
        assert_int_equal(prompt.part, c->part);
        assert_int_equal(prompt.n_parts, c->n_parts);
}

/* Whatever a server says behind the client's part, the host is never another than the client's. */
static void test_no_words_of_a_server_change_the_host(void **state) {
        char text[512];
        AskpassPrompt prompt;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                snprintf(text, sizeof(text), "(alice@evil) %s", cases[i].text);
                askpass_prompt_read(text, &prompt);
                if (prompt.kind == ASKPASS_FOREIGN)
                        continue;
                assert_int_equal(prompt.kind, ASKPASS_SSH);
                assert_string_equal(prompt.host, "evil");
        }
}

/* Whatever user name somebody has made up for a host of theirs, the host is theirs. */
static void test_no_user_name_changes_the_host(void **state) {
        char text[512];
        AskpassPrompt prompt;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                snprintf(text, sizeof(text), "(%s@evil) " ASK, cases[i].text);
                askpass_prompt_read(text, &prompt);
                if (prompt.kind != ASKPASS_FOREIGN)
                        assert_string_equal(prompt.host, "evil");
                snprintf(text, sizeof(text), "%s@evil's password: ", cases[i].text);
                askpass_prompt_read(text, &prompt);
                if (prompt.kind != ASKPASS_FOREIGN)
                        assert_string_equal(prompt.host, "evil");
        }
}

static void test_a_name_that_is_too_long_is_foreign(void **state) {
        char text[1024];
        AskpassPrompt prompt;

        (void)state;
        snprintf(text, sizeof(text), "(alice@%0255d) " ASK, 0);
        askpass_prompt_read(text, &prompt);
        assert_int_equal(prompt.kind, ASKPASS_SSH);
        snprintf(text, sizeof(text), "(alice@%0256d) " ASK, 0);
        askpass_prompt_read(text, &prompt);
        assert_int_equal(prompt.kind, ASKPASS_FOREIGN);
        snprintf(text, sizeof(text), "(a%0255d@host) " ASK, 0);
        askpass_prompt_read(text, &prompt);
        assert_int_equal(prompt.kind, ASKPASS_FOREIGN);
}

int main(void) {
        struct CMUnitTest tests[ARRAY_SIZE(cases) + 3];
        size_t n = ARRAY_SIZE(cases);

        for (size_t i = 0; i < n; i++)
                tests[i] = (struct CMUnitTest){ cases[i].name, test_case, NULL, NULL,
                        (void *)&cases[i] };
        tests[n] = (struct CMUnitTest)cmocka_unit_test(test_no_words_of_a_server_change_the_host);
        tests[n + 1] = (struct CMUnitTest)cmocka_unit_test(test_no_user_name_changes_the_host);
        tests[n + 2] = (struct CMUnitTest)cmocka_unit_test(test_a_name_that_is_too_long_is_foreign);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
