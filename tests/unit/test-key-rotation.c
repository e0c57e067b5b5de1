/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "common/cleanup.h"
#include "daemon/token/key-rotation.h"
#include "daemon/token/token-issuer.h"
#include "daemon/token/token-verifier.h"
#include "folder-fixture.h"
#include "token-fixture.h"

#define OVERLAP UINT64_C(900)

/* A directory with one key, and a token of that key. */
typedef struct Place {
        char *folder;
        KeyDirectoryRules rules;
        char first[KEY_KID_MAX + 1];
        Secret *token;
} Place;

static Secret *issue(const Keyring *keyring) {
        IssueRequest request = fixture_issue_request();
        Secret *token;

        assert_int_equal(token_issue(keyring, &request, &token), 0);
        return token;
}

static Reason verify(const Keyring *keyring, const Secret *token) {
        VerifyRules rules = fixture_rules();
        VerifyRequest request = fixture_verify_request(token);
        Claims *claims = NULL;
        Reason reason = token_verify(keyring, &rules, &request, &claims);

        claims_unref(claims);
        return reason;
}

static const char *signing(const Keyring *keyring) {
        return key_kid(keyring_signing_key(keyring));
}

static Keyring *load(const Place *place) {
        Keyring *keyring;
        KeyFault fault;

        if (key_directory_load(&place->rules, &keyring, &fault))
                fail_msg("%s", fault.text);
        return keyring;
}

static void place_new(Place *place) {
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL;

        place->folder = fixture_folder();
        place->rules = (KeyDirectoryRules){
                .directory = place->folder,
                .generate = algorithm_find("ES256"),
                .now_sec = FIXTURE_NOW,
        };
        keyring = load(place);
        snprintf(place->first, sizeof(place->first), "%s", signing(keyring));
        place->token = issue(keyring);
}

static void place_clear(Place *place) {
        fixture_folder_free(place->folder);
        secret_free(place->token);
}

static KeyRotation new_key(void) {
        return (KeyRotation){ .algorithm = algorithm_find("EdDSA"), .overlap_sec = OVERLAP };
}

static int rotate(const Place *place, const KeyRotation *rotation, char kid[KEY_KID_MAX + 1]) {
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL;
        KeyFault fault = {};
        int r = key_rotate(&place->rules, rotation, kid, &keyring, &fault);

        assert_true(r ? strlen(fault.text) > 0 : keyring != NULL);
        return r;
}

static void test_the_new_key_signs_and_the_old_one_verifies(void **state) {
        _cleanup_(keyring_unrefp) Keyring *after = NULL, *loaded = NULL;
        _cleanup_(secret_freep) Secret *token = NULL;
        KeyRotation rotation = new_key();
        char kid[KEY_KID_MAX + 1];
        size_t old;
        Place place;

        (void)state;
        place_new(&place);
        assert_int_equal(key_rotate(&place.rules, &rotation, kid, &after, NULL), 0);
        assert_string_equal(signing(after), kid);
        assert_string_not_equal(kid, place.first);
        assert_string_equal(key_algorithm(keyring_signing_key(after))->name, "EdDSA");
        assert_int_equal(verify(after, place.token), REASON_OK);

        loaded = load(&place);
        assert_string_equal(signing(loaded), kid);
        assert_int_equal(verify(loaded, place.token), REASON_OK);
        token = issue(loaded);
        assert_int_equal(verify(after, token), REASON_OK);
        old = keyring_index(loaded, place.first);
        assert_int_equal(
                keyring_end_sec(loaded, old), FIXTURE_NOW + OVERLAP + KEY_ROTATION_SLACK_SEC);
        assert_int_equal(keyring_due_sec(loaded), keyring_end_sec(loaded, old));
        place_clear(&place);
}

static void test_a_staged_key_verifies_until_it_is_told_to_sign(void **state) {
        _cleanup_(keyring_unrefp) Keyring *staged = NULL, *used = NULL;
        KeyRotation rotation = new_key();
        char kid[KEY_KID_MAX + 1], again[KEY_KID_MAX + 1];
        Place place;

        (void)state;
        place_new(&place);
        rotation.stage = true;
        assert_int_equal(rotate(&place, &rotation, kid), 0);
        staged = load(&place);
        assert_string_equal(signing(staged), place.first);
        assert_int_equal(keyring_size(staged), 2);
        assert_int_equal(keyring_due_sec(staged), 0);

        rotation = (KeyRotation){ .kid = kid, .overlap_sec = OVERLAP };
        assert_int_equal(rotate(&place, &rotation, again), 0);
        assert_string_equal(again, kid);
        used = load(&place);
        assert_string_equal(signing(used), kid);
        assert_true(keyring_due_sec(used) > FIXTURE_NOW);
        place_clear(&place);
}

static void test_the_old_key_can_be_taken_back(void **state) {
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL;
        KeyRotation rotation = new_key(), back;
        char kid[KEY_KID_MAX + 1], again[KEY_KID_MAX + 1];
        Place place;

        (void)state;
        place_new(&place);
        back = (KeyRotation){ .kid = place.first, .overlap_sec = OVERLAP };
        assert_int_equal(rotate(&place, &rotation, kid), 0);
        assert_int_equal(rotate(&place, &back, again), 0);
        assert_int_equal(rotate(&place, &back, again), 0);
        keyring = load(&place);
        assert_string_equal(signing(keyring), place.first);
        assert_int_equal(keyring_end_sec(keyring, keyring_index(keyring, place.first)), 0);
        assert_true(keyring_end_sec(keyring, keyring_index(keyring, kid)) > 0);
        place_clear(&place);
}

static void test_a_key_retires_when_nothing_of_it_can_be_valid(void **state) {
        _cleanup_(keyring_unrefp) Keyring *before = NULL, *after = NULL;
        KeyRotation rotation = new_key();
        char kid[KEY_KID_MAX + 1], retired[KEY_KID_MAX + 1], name[KEY_PLACE_NAME_SIZE];
        _cleanup_(freep) char *path = NULL;
        bool removed = false;
        Place place;

        (void)state;
        place_new(&place);
        key_place_name(place.first, name);
        assert_true(asprintf(&path, "%s/%s", place.folder, name) > 0);
        assert_int_equal(rotate(&place, &rotation, kid), 0);
        place.rules.now_sec = FIXTURE_NOW + OVERLAP + KEY_ROTATION_SLACK_SEC - 1;
        before = load(&place);
        assert_int_equal(keyring_size(before), 2);
        assert_int_equal(key_retire(&place.rules, retired, &removed, NULL), KEY_E_NONE);
        assert_string_equal(retired, "");
        assert_int_equal(access(path, F_OK), 0);

        place.rules.now_sec++;
        after = load(&place);
        assert_int_equal(verify(after, place.token), REASON_KEY_UNKNOWN);
        assert_int_equal(key_retire(&place.rules, retired, &removed, NULL), 0);
        assert_string_equal(retired, place.first);
        assert_true(removed);
        assert_int_equal(access(path, F_OK), -1);
        assert_int_equal(key_retire(&place.rules, retired, &removed, NULL), KEY_E_NONE);
        place_clear(&place);
}

/* Two keys in one file, or one that came as a credential. */
static void retire_what_stays(const char *file, bool is_credential) {
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL, *after = NULL;
        char *folder = fixture_folder(), *credentials = fixture_folder();
        _cleanup_(freep) char *path =
                fixture_write(is_credential ? credentials : folder, "keys", file, 0600);
        KeyDirectoryRules rules = {
                .directory = folder,
                .credential = is_credential ? path : NULL,
                .now_sec = FIXTURE_NOW,
        };
        _cleanup_(keyring_unrefp) Keyring *first = fixture_ring("ES256");
        KeyRotation rotation = new_key(), begin = { .kid = signing(first) };
        char kid[KEY_KID_MAX + 1], retired[KEY_KID_MAX + 1];
        _cleanup_(freep) char *state_path = NULL, *state = NULL;
        bool removed = true;

        assert_true(asprintf(&state, "{\"signing\":\"%s\"}", begin.kid) > 0);
        state_path = fixture_write(folder, KEY_STATE_FILE, state, 0600);
        assert_int_equal(key_rotate(&rules, &rotation, kid, &keyring, NULL), 0);
        rules.now_sec += OVERLAP + KEY_ROTATION_SLACK_SEC;
        assert_int_equal(key_retire(&rules, retired, &removed, NULL), 0);
        assert_string_equal(retired, begin.kid);
        assert_false(removed);
        assert_int_equal(access(path, F_OK), 0);
        assert_int_equal(key_retire(&rules, retired, &removed, NULL), KEY_E_NONE);
        assert_int_equal(key_directory_load(&rules, &after, NULL), 0);
        assert_int_equal(keyring_index(after, begin.kid), keyring_size(after));
        assert_int_equal(keyring_due_sec(after), 0);
        assert_string_equal(signing(after), kid);
        fixture_folder_free(folder);
        fixture_folder_free(credentials);
}

static void test_a_key_that_cannot_be_removed_is_not_used_all_the_same(void **state) {
        _cleanup_(freep) char *set = NULL;

        (void)state;
        assert_true(asprintf(&set, "{\"keys\":[%s,%s]}", fixture_jwk("ES256"),
                            fixture_jwk("ES384")) > 0);
        retire_what_stays(set, false);
        retire_what_stays(fixture_jwk("ES256"), true);
}

static void test_what_cannot_be_done_changes_nothing(void **state) {
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL;
        KeyRotation rotation = new_key(), absent = { .kid = "absent" };
        char kid[KEY_KID_MAX + 1];
        Place place;
        char *bad;

        (void)state;
        place_new(&place);
        assert_int_equal(rotate(&place, &absent, kid), KEY_E_SIGNING_KEY);
        place.rules.signing_kid = place.first;
        assert_int_equal(rotate(&place, &rotation, kid), KEY_E_CONFIGURED);
        place.rules.signing_kid = NULL;
        bad = fixture_write(place.folder, "zz", "nonsense", 0600);
        assert_int_equal(rotate(&place, &rotation, kid), KEY_E_MALFORMED);
        assert_int_equal(unlink(bad), 0);
        free(bad);
        keyring = load(&place);
        assert_int_equal(keyring_size(keyring), 1);
        assert_string_equal(signing(keyring), place.first);
        place_clear(&place);
}

static void test_a_full_disk_changes_nothing(void **state) {
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL;
        KeyRotation rotation = new_key();
        struct rlimit before, none;
        char kid[KEY_KID_MAX + 1];
        Place place;
        int r;

        (void)state;
        place_new(&place);
        assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
        none = (struct rlimit){ 0, before.rlim_max };
        (void)signal(SIGXFSZ, SIG_IGN);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
        r = rotate(&place, &rotation, kid);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_int_equal(r, -EFBIG);
        keyring = load(&place);
        assert_int_equal(keyring_size(keyring), 1);
        assert_string_equal(signing(keyring), place.first);
        assert_int_equal(rotate(&place, &rotation, kid), 0);
        place_clear(&place);
}

static void test_two_changes_at_once_exclude_each_other(void **state) {
        KeyRotation rotation = new_key();
        char kid[KEY_KID_MAX + 1];
        Place place;
        int fd;

        (void)state;
        place_new(&place);
        fd = open(place.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_int_equal(flock(fd, LOCK_EX), 0);
        assert_int_equal(rotate(&place, &rotation, kid), KEY_E_BUSY);
        close(fd);
        assert_int_equal(rotate(&place, &rotation, kid), 0);
        place_clear(&place);
}

static void test_a_host_without_a_signing_key_makes_none(void **state) {
        _cleanup_(keyring_unrefp) Keyring *signer = fixture_ring("ES256");
        _cleanup_(freep) char *jwks = NULL, *path = NULL;
        KeyRotation rotation = new_key(), named = { .overlap_sec = OVERLAP };
        Place place = { .folder = fixture_folder() };
        char kid[KEY_KID_MAX + 1];

        (void)state;
        place.rules = (KeyDirectoryRules){ .directory = place.folder, .now_sec = FIXTURE_NOW };
        assert_int_equal(keyring_jwks(signer, &jwks), 0);
        path = fixture_write(place.folder, "fleet.json", jwks, 0644);
        assert_int_equal(rotate(&place, &rotation, kid), KEY_E_NONE);
        named.kid = signing(signer);
        assert_int_equal(rotate(&place, &named, kid), KEY_E_SIGNING_KEY);
        fixture_folder_free(place.folder);
}

/* Runs a change in a child that is killed at its nth stop at a system call. True: it came to its end before. */
static bool run_until_killed(const Place *place, const KeyRotation *rotation, unsigned n_stops) {
        pid_t pid = fork();
        int status;

        assert_true(pid >= 0);
        if (pid == 0) {
                char kid[KEY_KID_MAX + 1];
                Keyring *keyring = NULL;
                bool removed;

                (void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
                (void)raise(SIGSTOP);
                _exit(rotation ? key_rotate(&place->rules, rotation, kid, &keyring, NULL)
                               : key_retire(&place->rules, kid, &removed, NULL));
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        for (unsigned i = 0; i < n_stops && WIFSTOPPED(status); i++) {
                assert_int_equal(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
                assert_int_equal(waitpid(pid, &status, 0), pid);
        }
        if (WIFEXITED(status)) {
                assert_int_equal(WEXITSTATUS(status), 0);
                return true;
        }
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        return false;
}

/* Whatever was done: the directory loads, one key signs, and what was signed before is still good. */
static void check_after_kill(const Place *place) {
        _cleanup_(keyring_unrefp) Keyring *keyring = load(place);
        _cleanup_(secret_freep) Secret *token = issue(keyring);

        assert_non_null(keyring_signing_key(keyring));
        assert_int_equal(verify(keyring, place->token), REASON_OK);
        assert_int_equal(verify(keyring, token), REASON_OK);
}

static void test_killed_at_any_system_call_a_rotation_leaves_good_keys(void **state) {
        KeyRotation rotation = { .algorithm = algorithm_find("ES256"), .overlap_sec = OVERLAP };
        bool is_done = false;
        unsigned n = 0;

        (void)state;
        while (!is_done) {
                char kid[KEY_KID_MAX + 1];
                Place place;

                place_new(&place);
                is_done = run_until_killed(&place, &rotation, ++n);
                check_after_kill(&place);
                assert_int_equal(rotate(&place, &rotation, kid), 0);
                check_after_kill(&place);
                place_clear(&place);
        }
        assert_true(n > 40); /* else nothing was swept */
}

static void test_killed_at_any_system_call_a_key_still_retires(void **state) {
        KeyRotation rotation = new_key();
        bool is_done = false;

        (void)state;
        for (unsigned n = 1; !is_done; n++) {
                _cleanup_(keyring_unrefp) Keyring *keyring = NULL;
                char kid[KEY_KID_MAX + 1], retired[KEY_KID_MAX + 1];
                bool removed;
                Place place;
                int r;

                place_new(&place);
                assert_int_equal(rotate(&place, &rotation, kid), 0);
                place.rules.now_sec += OVERLAP + KEY_ROTATION_SLACK_SEC;
                is_done = run_until_killed(&place, NULL, n);
                keyring = load(&place);
                assert_string_equal(signing(keyring), kid);
                assert_int_equal(keyring_size(keyring), 1);
                r = key_retire(&place.rules, retired, &removed, NULL);
                assert_true(r == 0 || r == KEY_E_NONE);
                assert_int_equal(keyring_index(keyring, place.first), keyring_size(keyring));
                place_clear(&place);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_new_key_signs_and_the_old_one_verifies),
                cmocka_unit_test(test_a_staged_key_verifies_until_it_is_told_to_sign),
                cmocka_unit_test(test_the_old_key_can_be_taken_back),
                cmocka_unit_test(test_a_key_retires_when_nothing_of_it_can_be_valid),
                cmocka_unit_test(test_a_key_that_cannot_be_removed_is_not_used_all_the_same),
                cmocka_unit_test(test_what_cannot_be_done_changes_nothing),
                cmocka_unit_test(test_a_full_disk_changes_nothing),
                cmocka_unit_test(test_two_changes_at_once_exclude_each_other),
                cmocka_unit_test(test_a_host_without_a_signing_key_makes_none),
                cmocka_unit_test(test_killed_at_any_system_call_a_rotation_leaves_good_keys),
                cmocka_unit_test(test_killed_at_any_system_call_a_key_still_retires),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
