/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "common/cleanup.h"
#include "daemon/policy/session-demand.h"
#include "daemon/session/session.h"
#include "daemon/token/issuer-list.h"

#define OURS  "hosts.example.org"
#define URL   "https://login.example.org"
#define OTHER "https://other.example.org"

static const struct {
        const char *name;
        const char *source, *audience_json; /* of the session */
        const char *wanted;
        Reason reason;
} cases[] = {
        { "a session of ours names us", NULL, "[\"" OURS "\"]", OURS, REASON_OK },
        { "one that names somebody else is for them", NULL, "[\"sudo\"]", OURS,
                REASON_AUDIENCE_MISMATCH },
        { "an adopted one names us as its issuer does", URL, "[\"client\",\"web\"]", OURS,
                REASON_OK },
        { "by any of the names", URL, "[\"second\"]", OURS, REASON_OK },
        { "or by our own", URL, "[\"" OURS "\"]", OURS, REASON_OK },
        { "a name that the issuer does not call us by is none", URL, "[\"web\"]", OURS,
                REASON_AUDIENCE_MISMATCH },
        { "nor is another issuer's", OTHER, "[\"client\"]", OURS, REASON_AUDIENCE_MISMATCH },
        { "nor one of a session of ours", NULL, "[\"client\"]", OURS, REASON_AUDIENCE_MISMATCH },
        { "of an issuer that is not trusted any more nothing stands for us",
                "https://gone.example.org", "[\"client\"]", OURS, REASON_AUDIENCE_MISMATCH },
        { "it stands for us as a whole, not for one service", URL, "[\"client\"]", "sudo",
                REASON_AUDIENCE_MISMATCH },
        { "which is to be named itself", URL, "[\"client\",\"sudo\"]", "sudo", REASON_OK },
        { "a service may ask for the issuer's name", URL, "[\"client\"]", "client", REASON_OK },
};

static void add_issuer(IssuerList *issuers, const char *url, const char *audience) {
        assert_int_equal(issuer_list_add(issuers, &(IssuerSettings){ .url = url,
                                                          .jwks_path = "/nowhere",
                                                          .audience = audience,
                                                          .require_jti = true }),
                0);
}

static void test_audiences(void **state) {
        IssuerList *issuers;

        (void)state;
        assert_int_equal(issuer_list_new(OURS, 8192, &issuers), 0);
        add_issuer(issuers, URL, "client second");
        add_issuer(issuers, OTHER, "other-client");
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                Session session = { .source = (char *)cases[i].source,
                        .audience_json = (char *)cases[i].audience_json };
                const ServiceRules rules = { .audience = cases[i].wanted };
                SessionDemand demand = session_demand_of(&rules, NULL, issuers);

                print_message("# %s\n", cases[i].name);
                assert_int_equal(session_demand_check(&demand, &session), cases[i].reason);
        }
        issuer_list_free(issuers);
}

static void test_without_issuers_nothing_stands_for_us(void **state) {
        Session session = { .source = (char *)URL, .audience_json = (char *)"[\"client\"]" };
        const ServiceRules rules = { .audience = OURS, .role = "admin" };
        SessionDemand demand = session_demand_of(&rules, NULL, NULL);

        (void)state;
        assert_int_equal(session_demand_check(&demand, &session), REASON_AUDIENCE_MISMATCH);
        session.audience_json = (char *)"[\"" OURS "\"]";
        assert_int_equal(session_demand_check(&demand, &session), REASON_ROLE_MISSING);
        session.roles_json = (char *)"[\"admin\"]";
        assert_int_equal(session_demand_check(&demand, &session), REASON_OK);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_audiences),
                cmocka_unit_test(test_without_issuers_nothing_stands_for_us),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
