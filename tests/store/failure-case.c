/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>

#include "daemon/store/lock-outs.h"
#include "failure-case.h"

typedef struct Waiter {
        bool done;
        int r;
        FailureAnswer answer;
} Waiter;

static void on_answer(StoreCall *call, int r, const FailureAnswer *answer, void *userdata) {
        Waiter *waiter = userdata;

        (void)call;
        *waiter = (Waiter){ true, r, *answer };
}

FailureQuestion failure_question(const char *tenant, const char *place) {
        return (FailureQuestion){
                .key = { tenant, "alice", place },
                .rules = { .max = 3, .window_sec = 60, .lock_out_sec = 300 },
                .now_sec = fixture_now_sec(),
        };
}

bool failure_note(StoreFixture *fixture, const FailureQuestion *failure) {
        StoreCall *call = NULL;
        Waiter waiter = { 0 };
        int r;

        r = login_failures_note(fixture->store, failure, on_answer, &waiter, &call);
        if (r == STORE_E_NOT_FOUND)
                return false;
        assert_int_equal(r, 0);
        store_fixture_run(fixture, &waiter.done);
        assert_int_equal(waiter.r, 0);
        return waiter.answer.locked_now;
}

bool failure_is_locked(StoreFixture *fixture, const FailureQuestion *asked) {
        StoreCall *call = NULL;
        Waiter waiter = { 0 };
        int r;

        r = login_failures_ask(fixture->store, asked, on_answer, &waiter, &call);
        if (r == STORE_E_NOT_FOUND)
                return login_failures_is_locked(fixture->store, asked);
        assert_int_equal(r, 0);
        store_fixture_run(fixture, &waiter.done);
        assert_int_equal(waiter.r, 0);
        return waiter.answer.is_locked;
}

Attempt failure_reserve(StoreFixture *fixture, FailureQuestion attempt) {
        StoreCall *call = NULL;
        Waiter waiter = { 0 };
        int r;

        attempt.step = FAILURE_RESERVE;
        r = login_failures_reserve(fixture->store, &attempt, on_answer, &waiter, &call);
        if (r == STORE_E_NOT_FOUND) {
                waiter.answer = login_failures_reserve_now(fixture->store, &attempt);
        } else {
                assert_int_equal(r, 0);
                store_fixture_run(fixture, &waiter.done);
                assert_int_equal(waiter.r, 0);
        }
        if (waiter.answer.is_locked)
                return ATTEMPT_LOCKED;
        return waiter.answer.is_full ? ATTEMPT_FULL : ATTEMPT_FREE;
}

bool failure_settle(StoreFixture *fixture, FailureQuestion attempt, FailureStep step) {
        attempt.step = step;
        return failure_note(fixture, &attempt);
}

static void on_lifted(StoreCall *call, int r, const FailureAnswer *answer, void *userdata) {
        (void)call;
        *(LockOutsAnswer *)userdata =
                (LockOutsAnswer){ .done = true, .r = r, .n_lifted = answer->n_lifted };
}

static void on_listed(StoreCall *call, int r, const LockOutList *list, void *userdata) {
        LockOutsAnswer *answer = userdata;
        size_t used = 0, size = sizeof(answer->listed);

        (void)call;
        *answer = (LockOutsAnswer){ .done = true, .r = r, .n_listed = list->n_items };
        for (size_t i = 0; i < list->n_items && used < size; i++)
                used += (size_t)snprintf(answer->listed + used, size - used, "%s %s, ",
                        list->items[i].user, list->items[i].place);
        if (list->n_items)
                answer->until_sec = list->items[list->n_items - 1].until_sec;
}

LockOutsAnswer failure_lift(StoreFixture *fixture, UserStore *store, const FailureQuestion *which) {
        LockOutsAnswer answer = { 0 };
        StoreCall *call = NULL;

        assert_int_equal(lock_outs_lift(store, which, on_lifted, &answer, &call), 0);
        assert_false(answer.done);
        store_fixture_run(fixture, &answer.done);
        return answer;
}

LockOutsAnswer failure_list(StoreFixture *fixture, const FailureQuestion *which) {
        LockOutsAnswer answer = { 0 };
        StoreCall *call = NULL;

        assert_int_equal(lock_outs_list(fixture->store, which, on_listed, &answer, &call), 0);
        assert_false(answer.done);
        store_fixture_run(fixture, &answer.done);
        return answer;
}
