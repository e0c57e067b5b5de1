/* SPDX-License-Identifier: MIT */

/*
 * Hosts that count their adoptions in one store, the same in every store: `test-adoption-epoch sqlite` and
 * `test-adoption-epoch redis`.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/config/config.h"
#include "daemon/journal/journal.h"
#include "daemon/operation/adoption.h"
#include "daemon/operation/context.h"
#include "daemon/policy/adoption.h"
#include "daemon/store/store-mark.h"
#include "store-case.h"

/* One daemon, as far as it adopts. */
typedef struct Host {
        StoreFixture *fixture;
        char directory[96];
        char tenant[8];
        Config config;
        Context context;
} Host;

typedef struct Asked {
        AdoptionRequest request;
        bool done;
        Reason reason;
} Asked;

static void host_start(Host *host, StoreFixture *fixture, const char *name, bool adopts) {
        *host = (Host){ .fixture = fixture, .tenant = "default" };
        snprintf(host->directory, sizeof(host->directory), "%s/%s", fixture->directory, name);
        (void)mkdir(host->directory, 0700);
        host->config.tenant = host->tenant;
        host->config.store_type = store_case_type;
        host->config.runtime_directory = host->config.state_directory = host->directory;
        host->config.n_issuers = adopts;
        host->context.config = &host->config;
        host->context.event = fixture->event;
        host->context.store = fixture->store;
        assert_int_equal(journal_new(NULL, JOURNAL_STDERR, LOG_CRIT, &host->context.journal), 0);
        assert_int_equal(adoption_new(&host->context, &host->context.adoption), 0);
}

static void host_stop(Host *host) {
        adoption_free(host->context.adoption);
        journal_free(host->context.journal);
}

static void on_asked(AdoptionRequest *request, Reason reason) {
        Asked *asked = (Asked *)request;

        asked->done = true;
        asked->reason = reason;
}

/* Those that are asked for before the loop runs are served together. */
static void ask(Host *host, Asked *asked, AdoptionRequest request) {
        *asked = (Asked){ .request = request };
        asked->request.done = on_asked;
        assert_int_equal(adoption_ask(host->context.adoption, &asked->request), 0);
        assert_false(asked->done);
}

static Reason wait_for(Host *host, Asked *asked) {
        store_fixture_run(host->fixture, &asked->done);
        return asked->reason;
}

static Reason order(Host *host, AdoptionRequest request) {
        Asked asked;

        ask(host, &asked, request);
        return wait_for(host, &asked);
}

static Reason adopt_at(Host *host, uint64_t issued_at_sec) {
        return order(host,
                (AdoptionRequest){ .wish = ADOPTION_WISH_ADOPT, .issued_at_sec = issued_at_sec });
}

static Reason confirm_since(Host *host, uint64_t since_sec) {
        return order(
                host, (AdoptionRequest){ .wish = ADOPTION_WISH_CONFIRM, .since_sec = since_sec });
}

typedef struct Mark {
        bool done;
        char text[STORE_MARK_MAX + 1];
} Mark;

static void on_mark(StoreCall *call, int r, const char *value, void *userdata) {
        Mark *mark = userdata;

        (void)call;
        assert_int_equal(r, 0);
        mark->done = true;
        snprintf(mark->text, sizeof(mark->text), "%s", value ? value : "");
}

static void change_mark(
        StoreFixture *fixture, const char *expected, const char *value, Mark *mark) {
        StoreCall *call;

        *mark = (Mark){ 0 };
        assert_int_equal(
                store_mark_change(fixture->store,
                        &(StoreMarkChange){ { "default", "adoption" }, expected, value, false },
                        on_mark, mark, &call),
                0);
        store_fixture_run(fixture, &mark->done);
}

/* Return: false if there is none. */
static bool read_epoch(StoreFixture *fixture, AdoptionEpoch *epoch) {
        Mark mark;

        change_mark(fixture, NULL, NULL, &mark);
        return *mark.text && adoption_epoch_parse(mark.text, epoch) == 0;
}

static void empty(StoreFixture *fixture) {
        Mark mark, gone;

        change_mark(fixture, NULL, NULL, &mark);
        change_mark(fixture, mark.text, "", &gone);
}

static AdoptionState state_of(Host *host) {
        AdoptionStatus status;

        adoption_status(host->context.adoption, &status);
        return status.state;
}

static void test_an_adoption_is_counted_in_the_epoch_that_a_confirmation_makes(void **test) {
        AdoptionEpoch epoch = { 0 };
        Asked confirmed, adopted;
        Host host;

        host_start(&host, *test, "a", true);
        assert_int_equal(confirm_since(&host, 1), REASON_OK);
        ask(&host, &confirmed, (AdoptionRequest){ .wish = ADOPTION_WISH_CONFIRM, .since_sec = 1 });
        ask(&host, &adopted,
                (AdoptionRequest){ .wish = ADOPTION_WISH_ADOPT, .issued_at_sec = 100 });
        assert_int_equal(wait_for(&host, &adopted), REASON_OK);
        assert_int_equal(wait_for(&host, &confirmed), REASON_OK);
        assert_true(read_epoch(*test, &epoch));
        assert_int_equal(epoch.count, 1);
        assert_non_null(strstr(adopted.request.epoch, epoch.id));
        host_stop(&host);
}

static void test_an_adoption_that_makes_the_first_epoch_is_counted_in_it(void **test) {
        AdoptionEpoch epoch = { 0 };
        Host host;

        host_start(&host, *test, "a", true);
        assert_int_equal(adopt_at(&host, fixture_now_sec() + 1000), REASON_OK);
        assert_true(read_epoch(*test, &epoch));
        assert_int_equal(epoch.count, 1);
        host_stop(&host);
}

static void test_a_confirmation_reaches_as_far_back_as_it_says(void **test) {
        Host here, elsewhere;

        host_start(&here, *test, "a", true);
        host_start(&elsewhere, *test, "b", true);
        assert_int_equal(confirm_since(&here, 50), REASON_OK);
        assert_int_equal(adopt_at(&here, 50), REASON_ADOPTION_BEFORE);
        assert_int_equal(adopt_at(&here, 51), REASON_OK);
        /* It was said before that host remembered anything: it may have been set back as a whole. */
        assert_int_equal(adopt_at(&elsewhere, 51), REASON_ADOPTION_BEFORE);
        host_stop(&here);
        host_stop(&elsewhere);
}

static void test_each_host_counts_in_the_same_epoch(void **test) {
        AdoptionEpoch epoch = { 0 };
        Host hosts[2];

        host_start(&hosts[0], *test, "a", true);
        host_start(&hosts[1], *test, "b", true);
        assert_int_equal(confirm_since(&hosts[0], 1), REASON_OK);
        for (size_t i = 0; i < 6; i++)
                assert_int_equal(adopt_at(&hosts[i % 2], fixture_now_sec()), REASON_OK);
        assert_true(read_epoch(*test, &epoch));
        assert_int_equal(epoch.count, 6);
        host_stop(&hosts[0]);
        host_stop(&hosts[1]);
}

static void test_what_was_issued_before_all_were_revoked_is_not_adopted(void **test) {
        uint64_t now_sec = fixture_now_sec();
        Host adopting, other;

        host_start(&adopting, *test, "a", true);
        host_start(&other, *test, "b", false);
        assert_int_equal(confirm_since(&adopting, 1), REASON_OK);
        assert_int_equal(adopt_at(&adopting, now_sec - 10), REASON_OK);
        /* The order may come to a host that adopts nothing itself. */
        assert_int_equal(
                order(&other, (AdoptionRequest){ .wish = ADOPTION_WISH_RENEW }), REASON_OK);
        assert_int_equal(adopt_at(&adopting, now_sec - 10), REASON_ADOPTION_BEFORE);
        assert_int_equal(adopt_at(&adopting, now_sec + 1000), REASON_OK);
        host_stop(&adopting);
        host_stop(&other);
}

static void test_revoking_all_where_nobody_adopts_trusts_no_shared_store(void **test) {
        AdoptionEpoch epoch = { 0 };
        Host host;

        host_start(&host, *test, "a", false);
        assert_int_equal(order(&host, (AdoptionRequest){ .wish = ADOPTION_WISH_RENEW }), REASON_OK);
        assert_int_equal(read_epoch(*test, &epoch), store_case_type == STORE_SQLITE);
        if (store_case_type == STORE_SQLITE)
                assert_true(epoch.stateless_since_sec + 1 >= fixture_now_sec());
        host_stop(&host);
}

static void look(Host *host) {
        (void)order(host, (AdoptionRequest){ .wish = ADOPTION_WISH_LOOK });
}

static void test_a_host_can_tell_what_it_saw(void **test) {
        AdoptionStatus status;
        Host hosts[2], idle;
        Mark before, mark;

        host_start(&hosts[0], *test, "a", true);
        host_start(&hosts[1], *test, "b", true);
        host_start(&idle, *test, "c", false);
        assert_int_equal(state_of(&idle), ADOPTION_STATE_OFF);
        assert_int_equal(state_of(&hosts[0]), ADOPTION_STATE_UNKNOWN);
        look(&hosts[0]);
        assert_int_equal(state_of(&hosts[0]),
                store_case_type == STORE_SQLITE ? ADOPTION_STATE_CONFIRMED : ADOPTION_STATE_NEW);
        assert_int_equal(confirm_since(&hosts[0], 77), REASON_OK);
        change_mark(*test, NULL, NULL, &before);
        assert_int_equal(adopt_at(&hosts[0], 100), REASON_OK);
        adoption_status(hosts[0].context.adoption, &status);
        assert_int_equal(status.state, ADOPTION_STATE_CONFIRMED);
        assert_int_equal(status.since_sec, 77);
        assert_int_equal(status.count, 1);
        look(&hosts[1]);
        assert_int_equal(state_of(&hosts[1]), ADOPTION_STATE_CONFIRMED);

        empty(*test);
        look(&hosts[1]);
        assert_int_equal(state_of(&hosts[1]), ADOPTION_STATE_EMPTIED);
        /* The backup of before the adoption. */
        change_mark(*test, "", before.text, &mark);
        look(&hosts[0]);
        assert_int_equal(state_of(&hosts[0]), ADOPTION_STATE_SET_BACK);
        look(&hosts[0]);
        assert_int_equal(state_of(&hosts[0]), ADOPTION_STATE_SET_BACK);
        assert_int_equal(confirm_since(&hosts[1], 0), REASON_OK);
        look(&hosts[0]);
        assert_int_equal(state_of(&hosts[0]), ADOPTION_STATE_CONFIRMED);
        host_stop(&hosts[0]);
        host_stop(&hosts[1]);
        host_stop(&idle);
}

static void test_a_memory_that_cannot_be_read_is_no_new_store(void **test) {
        char path[128];
        AdoptionEpoch epoch;
        FILE *file;
        Host host;

        host_start(&host, *test, "a", true);
        assert_int_equal(confirm_since(&host, 1), REASON_OK);
        host_stop(&host);
        empty(*test);
        snprintf(path, sizeof(path), "%s/adoption.default", host.directory);
        file = fopen(path, "w");
        assert_non_null(file);
        assert_true(fputs("m1 half", file) >= 0);
        assert_int_equal(fclose(file), 0);
        host_start(&host, *test, "a", true);
        assert_int_equal(adopt_at(&host, fixture_now_sec() + 1000), REASON_ADOPTION_UNCONFIRMED);
        assert_int_equal(state_of(&host), ADOPTION_STATE_EMPTIED);
        assert_false(read_epoch(*test, &epoch));
        assert_int_equal(confirm_since(&host, 1), REASON_OK);
        assert_int_equal(adopt_at(&host, fixture_now_sec()), REASON_OK);
        host_stop(&host);
}

static void test_an_epoch_that_cannot_be_read_is_no_new_store(void **test) {
        AdoptionEpoch epoch;
        Host host;
        Mark mark;

        change_mark(*test, "", "e9 of a later release", &mark);
        host_start(&host, *test, "a", true);
        assert_int_equal(adopt_at(&host, fixture_now_sec() + 1000), REASON_ADOPTION_UNCONFIRMED);
        assert_false(read_epoch(*test, &epoch));
        assert_int_equal(order(&host, (AdoptionRequest){ .wish = ADOPTION_WISH_RENEW }), REASON_OK);
        assert_true(read_epoch(*test, &epoch));
        assert_true(epoch.stateless_since_sec > 0);
        host_stop(&host);
}

static void set_policy(Host *host, const char *command) {
        StoreFixture *fixture = host->fixture;

        redis_server_run(&fixture->server, command);
        store_fixture_reopen(fixture);
        host->context.store = fixture->store;
        store_fixture_wait_online(fixture, true);
}

static void test_a_store_that_lets_records_go_adopts_nothing(void **test) {
        AdoptionEpoch epoch;
        Host host;

        host_start(&host, *test, "a", true);
        assert_int_equal(confirm_since(&host, 1), REASON_OK);
        assert_int_equal(adopt_at(&host, 100), REASON_OK);
        set_policy(&host, "CONFIG SET maxmemory-policy volatile-lru");
        assert_int_equal(adopt_at(&host, 100), REASON_ADOPTION_UNCONFIRMED);
        assert_int_equal(state_of(&host), ADOPTION_STATE_FORGETFUL);
        assert_false(read_epoch(*test, &epoch));
        assert_int_equal(confirm_since(&host, 1), REASON_ADOPTION_UNCONFIRMED);
        look(&host);
        assert_int_equal(state_of(&host), ADOPTION_STATE_FORGETFUL);
        /* Nobody knows what it has let go of meanwhile. */
        set_policy(&host, "CONFIG SET maxmemory-policy noeviction");
        assert_int_equal(adopt_at(&host, 100), REASON_ADOPTION_UNCONFIRMED);
        assert_int_equal(state_of(&host), ADOPTION_STATE_SET_BACK);
        assert_int_equal(confirm_since(&host, 1), REASON_OK);
        assert_int_equal(adopt_at(&host, 100), REASON_OK);
        host_stop(&host);
}

static void test_a_host_that_comes_to_a_store_in_doubt_remembers_it(void **test) {
        Mark before, mark;
        Host host, other;

        host_start(&other, *test, "b", true);
        assert_int_equal(confirm_since(&other, 1), REASON_OK);
        change_mark(*test, NULL, NULL, &before);
        host_stop(&other);
        host_start(&host, *test, "a", true);
        set_policy(&host, "CONFIG SET maxmemory-policy volatile-lru");
        look(&host);
        assert_int_equal(state_of(&host), ADOPTION_STATE_FORGETFUL);
        set_policy(&host, "CONFIG SET maxmemory-policy noeviction");
        change_mark(*test, "", before.text, &mark);
        assert_int_equal(adopt_at(&host, fixture_now_sec()), REASON_ADOPTION_UNCONFIRMED);
        assert_int_equal(state_of(&host), ADOPTION_STATE_SET_BACK);
        host_stop(&host);
}

/* On either store. */
#define COMMON                                                                            \
        STORE_CASE(test_an_adoption_is_counted_in_the_epoch_that_a_confirmation_makes),   \
                STORE_CASE(test_a_confirmation_reaches_as_far_back_as_it_says),           \
                STORE_CASE(test_each_host_counts_in_the_same_epoch),                      \
                STORE_CASE(test_what_was_issued_before_all_were_revoked_is_not_adopted),  \
                STORE_CASE(test_revoking_all_where_nobody_adopts_trusts_no_shared_store), \
                STORE_CASE(test_a_host_can_tell_what_it_saw),                             \
                STORE_CASE(test_a_memory_that_cannot_be_read_is_no_new_store),            \
                STORE_CASE(test_an_epoch_that_cannot_be_read_is_no_new_store)

int main(int argc, char **argv) {
        const struct CMUnitTest on_sqlite[] = {
                COMMON,
                STORE_CASE(test_an_adoption_that_makes_the_first_epoch_is_counted_in_it),
        };
        const struct CMUnitTest on_redis[] = {
                COMMON,
                STORE_CASE(test_a_host_that_comes_to_a_store_in_doubt_remembers_it),
                STORE_CASE(test_a_store_that_lets_records_go_adopts_nothing),
        };
        int r;

        r = store_case_choose(argc, argv);
        if (r)
                return r;
        return store_case_type == STORE_SQLITE
                       ? cmocka_run_group_tests_name(argv[1], on_sqlite, NULL, NULL)
                       : cmocka_run_group_tests_name(argv[1], on_redis, NULL, NULL);
}
