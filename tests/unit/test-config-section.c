/* SPDX-License-Identifier: MIT */

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config-case.h"

#define BAD_NAME(line)                                                        \
        "configuration:" line                                                 \
        ": bad name of a section [Policy \"NAME\"]; allowed is user:NAME or " \
        "group:NAME"
#define UNKNOWN "configuration:1: unknown section; authtokend.conf(5) lists those that have a name"

#define ISSUER "[Issuer \"https://a\"]\nJwks=/a\nAudience=b c\n"
#define BAD_DATE                                                                  \
        "configuration:2: bad value for AdoptStateless=; allowed is no, \"until " \
        "YYYY-MM-DD\" or \"until YYYY-MM-DDTHH:MM:SSZ\""

static const ConfigCase forms[] = {
        { "a section of a user is fine", "[Policy \"user:alice\"]\nMaxSessions=1\n", NULL },
        { "a section of a group is fine", "[Policy \"group:domain users\"]\nOnKick=lock\n", NULL },
        { "a policy of a user who cannot be is refused",
                "[Policy \"user:al ice\"]\nMaxSessions=1\n",
                "configuration:1: bad name of a section [Policy \"NAME\"]; allowed is user:NAME or "
                "group:NAME" },
        { "an empty section is fine", "[Policy \"user:alice\"]\n", NULL },
        { "two of different names are fine",
                "[Policy \"user:a\"]\nMaxSessions=1\n[Policy \"user:b\"]\nMaxSessions=1\n", NULL },
        { "a bracket in the name is fine", "[Policy \"group:a]b\"]\nMaxSessions=1\n", NULL },
        { "a comment behind the name is fine", "[Policy \"user:a\"] # his\nMaxSessions=1\n", NULL },
        { "a plain section may follow", "[Policy \"user:a\"]\n[Token]\nIssuer=b\n", NULL },
        { "a long name is kept apart from its like",
                "[Policy \"user:" HUNDRED "a\"]\nMaxSessions=1\n[Policy \"user:" HUNDRED "b\"]\n"
                "MaxSessions=1\n",
                NULL },
        { "the same name twice in a file is refused",
                "[Policy \"user:a\"]\n[Token]\n[Policy \"user:a\"]\n",
                "configuration:3: the same section stands in line 1 already" },
        { "the same option twice is refused", "[Policy \"user:a\"]\nMaxSessions=1\nMaxSessions=2\n",
                "configuration:3: MaxSessions= stands in line 2 already" },
        { "a policy without a name is refused", "[Policy]\nMaxSessions=1\n",
                "configuration:1: unknown section; " SECTIONS },
        { "a section that has no name is refused with one", "[Token \"a\"]\n", UNKNOWN },
        { "a policy in lower case is refused", "[policy \"user:a\"]\n", UNKNOWN },
        { "a name without a blank before it is refused", "[Policy\"user:a\"]\n", UNKNOWN },
        { "a name that is not closed is refused", "[Policy \"user:a]\n", UNKNOWN },
        { "something behind the name is refused", "[Policy \"user:a\" b]\n", UNKNOWN },
        { "a third quote is refused", "[Policy \"user:\"a\"]\n", BAD_NAME("1") },
        { "an empty name is refused", "[Policy \"\"]\n", BAD_NAME("1") },
        { "a name of no kind is refused", "[Policy \"alice\"]\n", BAD_NAME("1") },
        { "nobody's name is refused", "[Policy \"user:\"]\n", BAD_NAME("1") },
        { "an option that is no policy is refused", "[Policy \"user:a\"]\nLifetime=1min\n",
                "configuration:2: unknown option in section [Policy]; authtokend.conf(5) "
                "lists them" },
        { "a service is fine", "[Service \"sudo-i\"]\nTokens=no\nAudience=a\nRequireRole=b\n",
                NULL },
        { "a service in a directory is refused", "[Service \"a/b\"]\n",
                "configuration:1: bad name of a section [Service \"NAME\"]; allowed is the name of "
                "a service in /etc/pam.d" },
        { "a service without a name is refused", "[Service \"\"]\n",
                "configuration:1: bad name of a section [Service \"NAME\"]; allowed is the name of "
                "a service in /etc/pam.d" },
        { "a service that takes tokens perhaps is refused", "[Service \"a\"]\nTokens=perhaps\n",
                "configuration:2: bad value for Tokens=; allowed is yes or no" },
        { "a role of two words is refused", "[Service \"a\"]\nRequireRole=b c\n",
                "configuration:2: bad value for RequireRole=; allowed is visible ASCII without "
                "spaces and quotes" },
        { "a policy's option is none of a service", "[Service \"a\"]\nMaxSessions=1\n",
                "configuration:2: unknown option in section [Service]; authtokend.conf(5) "
                "lists them" },
        { "an issuer is fine", ISSUER, NULL },
        { "an issuer with all its options is fine",
                ISSUER "Algorithms=ES256 RS256 HS256\nUserClaim=email\n"
                       "UserMap=@example.org 00u1:root\nRolesClaim=realm_access.roles\n"
                       "RequireJti=no\nMaxLifetime=1h\nLeeway=0\n",
                NULL },
        { "an issuer without keys is refused", "[Token]\n[Issuer \"https://a\"]\nAudience=b\n",
                "configuration:2: [Issuer \"https://a\"] needs Jwks=" },
        { "an issuer without an audience is refused", "[Issuer \"https://a\"]\nJwks=/a\n",
                "configuration:1: [Issuer \"https://a\"] needs Audience=" },
        { "an audience that was taken back is refused", ISSUER "Audience=\n",
                "configuration:4: Audience= stands in line 3 already" },
        { "an empty audience is refused", "[Issuer \"https://a\"]\nJwks=/a\nAudience=\n",
                "configuration:1: [Issuer \"https://a\"] needs Audience=" },
        { "an algorithm that does not exist is refused", ISSUER "Algorithms=ES256 none\n",
                "configuration:4: bad value for Algorithms=; allowed is names such as ES256, with "
                "spaces between them" },
        { "a user who cannot be one is refused", ISSUER "UserMap=a:b/c\n",
                "configuration:4: bad value for UserMap=; allowed is NAME:USER, @ENDING and *, "
                "each once, with spaces between them" },
        { "ourselves as another issuer is refused", "[Token]\nIssuer=https://a\n" ISSUER,
                "configuration:3: Issuer= in [Token] must not have an [Issuer \"URL\"] section" },
        { "ourselves by default as another issuer is refused",
                "[Issuer \"authtoken\"]\nJwks=/a\nAudience=b\n",
                "configuration:1: Issuer= in [Token] must not have an [Issuer \"URL\"] section" },
        { "an issuer with a blank is refused", "[Issuer \"https://a b\"]\n",
                "configuration:1: bad name of a section [Issuer \"NAME\"]; allowed is visible "
                "ASCII without spaces and quotes" },
        { "a day to adopt until is fine", "[Migration]\nAdoptStateless=until 2028-02-29\n", NULL },
        { "a time to adopt until is fine",
                "[Migration]\nAdoptStateless=until 2027-01-01T12:00:00Z\n", NULL },
        { "a day that is in no calendar is refused",
                "[Migration]\nAdoptStateless=until 2027-02-29\n", BAD_DATE },
        { "a day without until is refused", "[Migration]\nAdoptStateless=2027-02-28\n", BAD_DATE },
        { "a time of another zone is refused",
                "[Migration]\nAdoptStateless=until 2027-01-01T12:00:00+\n", BAD_DATE },
        { "adopting for ever is refused", "[Migration]\nAdoptStateless=yes\n", BAD_DATE },
        { "a bad value is refused", "[Policy \"user:a\"]\nMaxSessions=0\n",
                "configuration:2: bad value for MaxSessions=; allowed is a number from 1 to 64" },
};

static void test_forms(void **unused) {
        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
                config_case_check(&forms[i]);
}

static const char rules_text[] =
        "[Session]\nMaxSessions=10\n[Kick]\nOnKick=terminate\nKickGrace=1s\n"
        "[Policy \"user:alice\"]\nMaxSessions=1\n"
        "[Policy \"group:staff\"]\nMaxSessions=20\nOnKick=lock\n"
        "[Policy \"group:guests\"]\nOnKick=notify\n";

static const struct {
        const char *name, *user;
        const char *groups[3];
        size_t n_groups;
        unsigned int max_sessions;
        KickAction on_kick;
} rules_cases[] = {
        { "who is not named has the general rules", "bob", {}, 0, 10, KICK_TERMINATE },
        { "a group overrides them", "bob", { "staff" }, 1, 20, KICK_LOCK },
        { "of two groups the later section wins, whatever order they come in", "bob",
                { "guests", "staff" }, 2, 20, KICK_NOTIFY },
        { "a user overrides the group, and no more than is said", "alice", { "staff" }, 1, 1,
                KICK_LOCK },
        { "a user without groups has their own rules", "alice", {}, 0, 1, KICK_TERMINATE },
        { "a part of a name is not the name", "alic", { "staf" }, 1, 10, KICK_TERMINATE },
        { "a group of a user's name is not the user", "bob", { "alice" }, 1, 10, KICK_TERMINATE },
};

static void test_rules(void **unused) {
        _cleanup_(config_freep) Config *config = NULL;
        char message[CONFIG_MESSAGE_MAX] = "";

        (void)unused;
        assert_int_equal(
                config_parse(rules_text, strlen(rules_text), message, sizeof(message), &config), 0);
        for (size_t i = 0; i < ARRAY_SIZE(rules_cases); i++) {
                PolicyRules rules;

                print_message("# %s\n", rules_cases[i].name);
                config_policy_of(config, rules_cases[i].user, rules_cases[i].groups,
                        rules_cases[i].n_groups, &rules);
                assert_int_equal(rules.max_sessions, rules_cases[i].max_sessions);
                assert_int_equal(rules.on_kick, rules_cases[i].on_kick);
                assert_int_equal(rules.kick_grace_usec, 1000000);
        }
}

static void write_file(const char *path, const char *text) {
        FILE *file = fopen(path, "we");

        assert_non_null(file);
        assert_true(fputs(text, file) >= 0);
        assert_int_equal(fclose(file), 0);
}

static void test_files_add_to_a_section(void **unused) {
        static const ConfigPlaces places = { .vendor = "vendor", .host = "host", .drop_ins = "d" };
        _cleanup_(config_freep) Config *config = NULL;
        char directory[] = "/tmp/authtoken-test-XXXXXX", message[CONFIG_MESSAGE_MAX] = "";
        PolicyRules rules;

        (void)unused;
        assert_non_null(mkdtemp(directory));
        assert_int_equal(chdir(directory), 0);
        write_file("vendor", "[Policy \"user:a\"]\nMaxSessions=1\nOnKick=lock\n");
        write_file(
                "host", "[Policy \"user:b\"]\nMaxSessions=9\n[Policy \"user:a\"]\nMaxSessions=2\n");
        assert_int_equal(config_load_places(&places, message, sizeof(message), &config), 0);
        config_policy_of(config, "a", NULL, 0, &rules);
        assert_int_equal(config->n_policies, 2);
        assert_int_equal(rules.max_sessions, 2);
        assert_int_equal(rules.on_kick, KICK_LOCK);
        assert_int_equal(unlink("vendor"), 0);
        assert_int_equal(unlink("host"), 0);
        assert_int_equal(chdir("/"), 0);
        assert_int_equal(rmdir(directory), 0);
}

static const char services_text[] = "[Service \"sudo\"]\nAudience=root\nRequireRole=admin\n"
                                    "[Service \"su\"]\nTokens=no\n"
                                    "[Service \"polkit-1\"]\nAudience=desktop\n";

static const struct {
        const char *name, *text, *service;
        bool takes_tokens;
        const char *audience, *role;
} service_cases[] = {
        { "a service that is not named takes any token", services_text, "sshd", true, NULL, NULL },
        { "one that is demands what its section says", services_text, "sudo", true, "root",
                "admin" },
        { "sudo -i is a service of its own", services_text, "sudo-i", true, NULL, NULL },
        { "one can be closed to tokens", services_text, "su", false, NULL, NULL },
        { "polkit takes none though its section says other things", services_text, "polkit-1",
                false, "desktop", NULL },
        { "polkit takes none by itself", "", "polkit-1", false, NULL, NULL },
        { "polkit takes them where that is said", "[Service \"polkit-1\"]\nTokens=yes\n",
                "polkit-1", true, NULL, NULL },
};

static void test_services(void **unused) {
        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(service_cases); i++) {
                _cleanup_(config_freep) Config *config = NULL;
                char message[CONFIG_MESSAGE_MAX] = "";
                const char *text = service_cases[i].text;
                ServiceRules rules;

                print_message("# %s\n", service_cases[i].name);
                assert_int_equal(
                        config_parse(text, strlen(text), message, sizeof(message), &config), 0);
                config_service_of(config, service_cases[i].service, &rules);
                assert_int_equal(rules.takes_tokens, service_cases[i].takes_tokens);
                assert_string_equal(STRING_OR_EMPTY(rules.audience),
                        STRING_OR_EMPTY(service_cases[i].audience));
                assert_string_equal(
                        STRING_OR_EMPTY(rules.role), STRING_OR_EMPTY(service_cases[i].role));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_forms),
                cmocka_unit_test(test_rules),
                cmocka_unit_test(test_services),
                cmocka_unit_test(test_files_add_to_a_section),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
