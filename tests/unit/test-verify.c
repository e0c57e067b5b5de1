/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "cli/verify.h"
#include "common/cleanup.h"
#include "folder-fixture.h"
#include "token-fixture.h"

#define ARGUMENTS_MAX 12u
#define OUTPUT_SIZE   4096u

static char *folder, *ec_key, *jwks, *weak_key;
static Secret *ec_token;

static int capture_begin(int fd, int *ret_saved) {
        int file = memfd_create("stream", MFD_CLOEXEC);

        *ret_saved = dup(fd);
        assert_true(file >= 0 && *ret_saved >= 0);
        assert_int_equal(dup2(file, fd), fd);
        return file;
}

static void capture_end(int fd, int saved, int file, char *output) {
        ssize_t size;

        assert_int_equal(dup2(saved, fd), fd);
        close(saved);
        size = pread(file, output, OUTPUT_SIZE - 1, 0);
        assert_true(size >= 0);
        output[size] = '\0';
        close(file);
}

/* Runs the subcommand with streams of its own. */
static int run(const char *const arguments[], const char *input, char *output, char *errors) {
        char *argv[ARGUMENTS_MAX + 2] = { strdup("verify") };
        int saved[3], files[3], argc = 1, status;

        for (; arguments[argc - 1]; argc++)
                argv[argc] = strdup(arguments[argc - 1]);
        fflush(NULL);
        for (int fd = 0; fd < 3; fd++)
                files[fd] = capture_begin(fd, &saved[fd]);
        assert_int_equal(write(STDIN_FILENO, input, strlen(input)), (ssize_t)strlen(input));
        assert_int_equal(lseek(STDIN_FILENO, 0, SEEK_SET), 0);
        status = verify_main(argc, argv);
        fflush(NULL);
        capture_end(STDIN_FILENO, saved[0], files[0], (char[OUTPUT_SIZE]){ 0 });
        capture_end(STDOUT_FILENO, saved[1], files[1], output);
        capture_end(STDERR_FILENO, saved[2], files[2], errors);
        for (int i = 0; i < argc; i++)
                free(argv[i]);
        return status;
}

/* "KEY", "JWKS" and "WEAK" stand for the files, "TOKEN" in the input for the token. */
typedef struct Case {
        const char *name;
        const char *arguments[ARGUMENTS_MAX];
        const char *input;
        int status;
        const char *output;
} Case;

#define NOW "--now", "1800000001"

static const Case cases[] = {
        { "a good token", { "--key", "KEY", NOW }, "TOKEN\n", 0, "ok\n" },
        { "without a newline", { "--key", "KEY", NOW }, "TOKEN", 0, "ok\n" },
        { "by its set", { "--jwks", "JWKS", NOW }, "TOKEN", 0, "ok\n" },
        { "with all rules",
                { "--key", "KEY", NOW, "--issuer", FIXTURE_ISSUER, "--audience", FIXTURE_AUDIENCE,
                        "--user", "alice" },
                "TOKEN", 0, "ok\n" },
        { "with its algorithm", { "--key", "KEY", NOW, "--alg", "ES256" }, "TOKEN", 0, "ok\n" },
        { "another issuer", { "--key", "KEY", NOW, "--issuer", "x" }, "TOKEN", 1,
                "issuer-mismatch\n" },
        { "another audience", { "--key", "KEY", NOW, "--audience", "x" }, "TOKEN", 1,
                "audience-mismatch\n" },
        { "another user", { "--key", "KEY", NOW, "--user", "root" }, "TOKEN", 1,
                "user-mismatch\n" },
        { "too long a lifetime", { "--key", "KEY", NOW, "--max-lifetime", "899" }, "TOKEN", 1,
                "lifetime-exceeded\n" },
        { "too large", { "--key", "KEY", NOW, "--max-size", "100" }, "TOKEN", 1,
                "token-too-large\n" },
        { "by the clock on the wall it is not yet valid", { "--key", "KEY", "--now", "1" }, "TOKEN",
                1, "token-not-yet-valid\n" },
        { "expired", { "--key", "KEY", "--now", "1900000000" }, "TOKEN", 1, "token-expired\n" },
        { "expired, but only the signature counts",
                { "--key", "KEY", "--now", "1900000000", "--signature-only" }, "TOKEN", 0, "ok\n" },
        { "the key for another name", { "--key", "x=KEY", NOW }, "TOKEN", 1, "key-unknown\n" },
        { "nothing", { "--key", "KEY" }, "", 1, "token-malformed\n" },
        { "no token", { "--key", "KEY" }, "hello\n", 1, "token-malformed\n" },
        { "a batch", { "--key", "KEY", NOW, "--batch" }, "TOKEN\nx\nTOKEN\n\n", 1,
                "ok\ntoken-malformed\nok\ntoken-malformed\n" },
        { "a batch of good ones", { "--key", "KEY", NOW, "--batch" }, "TOKEN\nTOKEN", 0,
                "ok\nok\n" },
        { "an empty batch", { "--key", "KEY", "--batch" }, "", 0, "" },
        { "a batch in base64", { "--key", "KEY", "--batch", "--base64" }, "AAA=\n?\n", 1,
                "token-malformed\ntoken-malformed\n" },
        { "no key", { NOW }, "TOKEN", 2, "" },
        { "a key and a set", { "--key", "KEY", "--jwks", "JWKS" }, "TOKEN", 2, "" },
        { "an absent file", { "--key", "/nonexistent" }, "TOKEN", 2, "" },
        { "a weak key", { "--key", "WEAK" }, "TOKEN", 2, "" },
        { "the same key twice", { "--key", "KEY", "--key", "KEY" }, "TOKEN", 2, "" },
        { "an algorithm that is not the key's", { "--key", "KEY", "--alg", "RS256" }, "TOKEN", 2,
                "" },
        { "an algorithm that is none", { "--key", "KEY", "--alg", "none" }, "TOKEN", 2, "" },
        { "an unknown option", { "--key", "KEY", "--insecure" }, "TOKEN", 2, "" },
        { "an argument left over", { "--key", "KEY", "x" }, "TOKEN", 2, "" },
        { "a number that is none", { "--key", "KEY", "--now", "today" }, "TOKEN", 2, "" },
        { "a negative number", { "--key", "KEY", "--now", "-1" }, "TOKEN", 2, "" },
        { "a size beyond all reason", { "--key", "KEY", "--max-size", "99999999999" }, "TOKEN", 2,
                "" },
};

/* Replaces one word in a text. */
static char *with(const char *text, const char *word, const char *value) {
        const char *place = strstr(text, word);
        char *result = NULL;

        if (!place)
                return strdup(text);
        assert_true(asprintf(&result, "%.*s%s%s", (int)(place - text), text, value,
                            place + strlen(word)) >= 0);
        return result;
}

static char *with_files(const char *argument) {
        _cleanup_(freep) char *a = with(argument, "KEY", ec_key);
        _cleanup_(freep) char *b = with(a, "JWKS", jwks);

        return with(b, "WEAK", weak_key);
}

static void test_cases(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                char output[OUTPUT_SIZE], errors[OUTPUT_SIZE], *words[ARGUMENTS_MAX + 1] = { NULL };
                _cleanup_(freep) char *once = with(cases[i].input, "TOKEN", ec_token->data);
                _cleanup_(freep) char *input = with(once, "TOKEN", ec_token->data);
                int status;

                for (size_t j = 0; j < ARGUMENTS_MAX && cases[i].arguments[j]; j++)
                        words[j] = with_files(cases[i].arguments[j]);
                status = run((const char *const *)words, input, output, errors);
                if (status != cases[i].status || strcmp(output, cases[i].output) != 0)
                        fail_msg("%s: status %d, output \"%s\", errors \"%s\"", cases[i].name,
                                status, output, errors);
                if ((status == 2) != (errors[0] != '\0'))
                        fail_msg("%s: errors \"%s\"", cases[i].name, errors);
                for (size_t j = 0; j < ARGUMENTS_MAX; j++)
                        free(words[j]);
        }
}

static void test_a_fault_names_the_file_and_the_reason(void **state) {
        const char *const arguments[] = { "--key", weak_key, NULL };
        char output[OUTPUT_SIZE], errors[OUTPUT_SIZE];

        (void)state;
        assert_int_equal(run(arguments, "", output, errors), 2);
        assert_non_null(strstr(errors, weak_key));
        assert_non_null(strstr(errors, "the HMAC key is shorter than its hash"));
}

static int open_files(void **state) {
        Keyring *keyring = fixture_ring("ES256");
        IssueRequest request = fixture_issue_request();
        _cleanup_(freep) char *set = NULL;

        (void)state;
        folder = fixture_folder();
        /* Whose key it is to verify with, and who may read it, is not this command's business. */
        ec_key = fixture_write(folder, "key", fixture_jwk("ES256"), 0644);
        assert_int_equal(keyring_jwks(keyring, &set), 0);
        jwks = fixture_write(folder, "jwks", set, 0644);
        weak_key = fixture_write(
                folder, "weak", "{\"kty\":\"oct\",\"alg\":\"HS256\",\"k\":\"c2VjcmV0\"}", 0644);
        assert_int_equal(token_issue(keyring, &request, &ec_token), 0);
        keyring_unref(keyring);
        return 0;
}

static int close_files(void **state) {
        (void)state;
        fixture_folder_free(folder);
        free(ec_key);
        free(jwks);
        free(weak_key);
        secret_free(ec_token);
        return 0;
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_cases),
                cmocka_unit_test(test_a_fault_names_the_file_and_the_reason),
        };

        return cmocka_run_group_tests(tests, open_files, close_files);
}
