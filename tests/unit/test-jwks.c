/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "daemon/token/issuer-list.h"
#include "daemon/token/jwks.h"
#include "folder-fixture.h"
#include "token-fixture.h"

/* Keys of RFC 7515, appendices A.1 and A.3, without the braces, so that members can be added. */
#define EC                                                                                        \
        "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"," \
        "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\""
#define EC_PRIVATE "\"d\":\"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI\""
#define OCT                                                                                        \
        "\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0i" \
        "PS4hcgUuTwjAzZr1Z9CAow\""
#define SET(members)  "{\"keys\":[" members "]}"
#define GOOD(kid)     "{" EC ",\"kid\":\"" kid "\"}"
#define WITH(members) "{" EC ",\"kid\":\"x\"," members "}"

static const struct {
        const char *name, *text, *algorithms;
        int r;
        size_t n_keys, n_left_out;
} rows[] = {
        { "a set of one", SET(GOOD("a")), NULL, 0, 1, 0 },
        { "of two", SET(GOOD("a") "," GOOD("b")), NULL, 0, 2, 0 },
        { "the second of a name is left out", SET(GOOD("a") "," GOOD("a")), NULL, 0, 1, 1 },
        { "no member is an object", SET("1,\"x\",null"), NULL, KEY_E_NONE, 0, 3 },
        { "one that is no object", SET("7," GOOD("a")), NULL, 0, 1, 1 },
        { "an unknown type", SET("{\"kty\":\"AKP\",\"kid\":\"q\"}," GOOD("a")), NULL, 0, 1, 1 },
        { "a point that is none",
                SET("{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"b\","
                    "\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
                    "\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}," GOOD("a")),
                NULL, 0, 1, 1 },
        { "a weak RSA key",
                SET("{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\",\"kid\":\"r\"}," GOOD("a")),
                NULL, 0, 1, 1 },
        { "for encryption", SET(WITH("\"use\":\"enc\"") "," GOOD("a")), NULL, 0, 1, 1 },
        { "for signatures", SET(WITH("\"use\":\"sig\"")), NULL, 0, 1, 0 },
        { "to verify", SET(WITH("\"key_ops\":[\"verify\"]")), NULL, 0, 1, 0 },
        { "not to verify", SET(WITH("\"key_ops\":[\"deriveKey\"]") "," GOOD("a")), NULL, 0, 1, 1 },
        { "with its algorithm", SET(WITH("\"alg\":\"ES256\"")), NULL, 0, 1, 0 },
        { "with another's", SET(WITH("\"alg\":\"RS256\"") "," GOOD("a")), NULL, 0, 1, 1 },
        { "with one that we do not know", SET(WITH("\"alg\":\"ES256K\"") "," GOOD("a")), NULL, 0, 1,
                1 },
        { "an algorithm that is not wanted", SET(WITH("\"alg\":\"ES256\"")), "RS256", KEY_E_NONE, 0,
                1 },
        { "a type that is not wanted", SET(GOOD("a")), "RS256 EdDSA", KEY_E_NONE, 0, 1 },
        { "alone it needs no name", SET("{" EC "}"), NULL, 0, 1, 0 },
        { "beside others it does", SET("{" EC "}," GOOD("a")), NULL, 0, 1, 1 },
        { "its private half is out", SET(WITH(EC_PRIVATE)), NULL, KEY_E_NONE, 0, 1 },
        { "a secret", SET("{" OCT ",\"kid\":\"s\"}," GOOD("a")), NULL, 0, 1, 1 },
        { "a secret that is wanted", SET("{" OCT ",\"kid\":\"s\"}"), "HS256", 0, 1, 0 },
        { "a secret for another algorithm", SET("{" OCT ",\"kid\":\"s\",\"alg\":\"HS512\"}"),
                "HS256", KEY_E_NONE, 0, 1 },
        { "a name that is shown in part",
                SET("{\"kid\":\"x\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
                    "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\"}," GOOD(
                            "a")),
                NULL, 0, 1, 1 },
        { "no keys", SET(""), NULL, KEY_E_NONE, 0, 0 },
        { "keys that are no list", "{\"keys\":{}}", NULL, KEY_E_MALFORMED, 0, 0 },
        { "one key is no set", GOOD("a"), NULL, KEY_E_MALFORMED, 0, 0 },
        { "no JSON", "keys", NULL, KEY_E_MALFORMED, 0, 0 },
        { "nothing", "", NULL, KEY_E_MALFORMED, 0, 0 },
        { "a member twice", "{\"keys\":[" GOOD("a") "],\"keys\":[]}", NULL, KEY_E_MALFORMED, 0, 0 },
};

static JwksRules rules_for(const char *algorithms) {
        JwksRules rules = { 0 };

        assert_int_equal(issuer_algorithms(algorithms, &rules.algorithms), 0);
        rules.secrets = algorithms && strstr(algorithms, "HS");
        return rules;
}

static void test_sets(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(keyring_unrefp) Keyring *keyring = NULL;
                JwksRules rules = rules_for(rows[i].algorithms);
                JwksReport report;
                int r;

                r = jwks_parse(rows[i].text, strlen(rows[i].text), &rules, &keyring, &report);
                if (r != rows[i].r || report.n_keys != rows[i].n_keys ||
                        report.n_left_out != rows[i].n_left_out || (r == 0) != (keyring != NULL))
                        fail_msg("wrong: %s: %d, %zu keys, %zu left out: %s", rows[i].name, r,
                                report.n_keys, report.n_left_out, report.first.text);
                if (!*report.first.text != (report.n_left_out == 0))
                        fail_msg("not told: %s", rows[i].name);
                if (!text_is_utf8(report.first.text, strlen(report.first.text)))
                        fail_msg("no text: %s", rows[i].name);
        }
}

static void test_a_key_is_found_by_its_name_only(void **state) {
        static const char two[] = SET(GOOD("a") "," GOOD("b"));
        static const char nameless[] = SET("{" EC "}");
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL, *alone = NULL;
        JwksRules rules = rules_for(NULL);
        JwksReport report;

        (void)state;
        assert_int_equal(jwks_parse(two, strlen(two), &rules, &keyring, &report), 0);
        assert_string_equal(key_kid(jwks_find(keyring, "b")), "b");
        assert_null(jwks_find(keyring, "c"));
        assert_null(jwks_find(keyring, NULL));
        assert_int_equal(jwks_parse(nameless, strlen(nameless), &rules, &alone, &report), 0);
        assert_non_null(jwks_find(alone, NULL));
        assert_null(jwks_find(alone, "a"));
}

static void test_files(void **state) {
        static const char secret[] = SET("{" OCT ",\"kid\":\"s\"}");
        static const struct {
                const char *name, *text;
                mode_t mode;
                int r;
        } files[] = {
                { "public", SET(GOOD("a")), 0644, 0 },
                { "others may write", SET(GOOD("a")), 0646, KEY_E_FILE_MODE },
                { "empty", "", 0644, KEY_E_FILE_SIZE },
                { "a secret", secret, 0600, 0 },
                { "a secret for a group", secret, 0640, 0 },
                { "a secret for everybody", secret, 0644, KEY_E_NONE },
        };
        char *folder = fixture_folder();

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
                _cleanup_(keyring_unrefp) Keyring *keyring = NULL;
                _cleanup_(freep) char *path =
                        fixture_write(folder, "set", files[i].text, files[i].mode);
                JwksRules rules = rules_for("ES256 HS256");
                JwksReport report;
                int r = jwks_load(path, &rules, &keyring, &report);

                if (r != files[i].r)
                        fail_msg("wrong: %s: %d %s", files[i].name, r, report.first.text);
        }
        fixture_folder_free(folder);
}

static void test_what_is_no_file(void **state) {
        char *folder = fixture_folder();
        _cleanup_(freep) char *fifo = NULL;
        JwksRules rules = rules_for(NULL);
        Keyring *keyring = NULL;
        JwksReport report;

        (void)state;
        assert_true(asprintf(&fifo, "%s/fifo", folder) > 0);
        assert_int_equal(jwks_load(fifo, &rules, &keyring, &report), -ENOENT);
        assert_non_null(strstr(report.first.text, fifo));
        assert_int_equal(mkfifo(fifo, 0600), 0);
        assert_int_equal(jwks_load(fifo, &rules, &keyring, &report), KEY_E_FILE_TYPE);
        assert_int_equal(jwks_load(folder, &rules, &keyring, &report), KEY_E_FILE_TYPE);
        fixture_folder_free(folder);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_sets),
                cmocka_unit_test(test_a_key_is_found_by_its_name_only),
                cmocka_unit_test(test_files),
                cmocka_unit_test(test_what_is_no_file),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
