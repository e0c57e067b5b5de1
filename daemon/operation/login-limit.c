/* SPDX-License-Identifier: MIT */

#include <stdlib.h>
#include <string.h>

#include "daemon/config/config.h"
#include "daemon/operation/audit.h"
#include "daemon/operation/clock-keeper.h"
#include "daemon/operation/login-limit.h"
#include "daemon/operation/login-subject.h"
#include "daemon/operation/operation-object.h"
#include "daemon/policy/login-failure.h"
#include "daemon/store/login-failures.h"

/* The outcome of an attempt, on its way to the store, with the data for a line in the journal. */
struct LoginFailureNote {
        Operation op;      /* only for its place in the context: it outlives the verb */
        LoginLimit *limit; /* whose verb waits for it; NULL: nobody does */
        LoginSubject subject;
        char place[LOGIN_PLACE_SIZE];
        StoreCall *call;
};

FailureQuestion login_limit_question(const Context *context, const char *user, const char *place) {
        const Config *config = context->config;

        return (FailureQuestion){
                .key = { config->tenant, user, place },
                .rules = {
                        .max = config->login_failures,
                        .window_sec = config->failure_window_sec,
                        .lock_out_sec = config->lock_out_sec,
                },
                .now_sec = clock_keeper_now(context->clock).passed_sec,
        };
}

/* @place: filled, and borrowed by the question. */
static FailureQuestion make_question(
        const Context *context, LoginSubject *subject, char place[LOGIN_PLACE_SIZE]) {
        LoginOrigin origin = {
                .peer_uid = subject->uid,
                .rhost = subject->rhost,
                .ruser = subject->ruser,
                .service = subject->service,
                .host = context->host,
        };

        login_subject_find_asker(subject, context->host);
        origin.real_uid = subject->real_uid;
        login_failure_place(&origin, place);
        return login_limit_question(context, subject->user, place);
}

/* The asking user is looked up only if anybody may be locked out: asking the kernel takes time. */
bool login_limit_is_reached(const Context *context, LoginSubject *subject) {
        char place[LOGIN_PLACE_SIZE];
        FailureQuestion question;

        if (!login_failures_may_lock_out(context->store))
                return false;
        question = make_question(context, subject, place);
        return login_failures_is_locked(context->store, &question);
}

static void take_answer(LoginLimit *limit, int r, const FailureAnswer *answer) {
        limit->reason = operation_reason_of_store(r);
        limit->is_full = answer->is_full;
        if (limit->reason == REASON_OK && (answer->is_locked || answer->is_full))
                limit->reason = REASON_LOCKED_OUT;
}

static void on_answer(StoreCall *call, int r, const FailureAnswer *answer, void *userdata) {
        LoginLimit *limit = userdata;

        limit->call = store_call_free(call);
        take_answer(limit, r, answer);
}

int login_limit_ask(LoginLimit *limit, Context *context, LoginSubject *subject) {
        char place[LOGIN_PLACE_SIZE];
        FailureQuestion question;
        int r;

        if (!login_failures_may_lock_out(context->store)) {
                limit->reason = REASON_OK;
                return 0;
        }
        question = make_question(context, subject, place);
        /* Until the answer is there. */
        limit->reason = REASON_INTERNAL;
        r = login_failures_ask(context->store, &question, on_answer, limit, &limit->call);
        if (r != STORE_E_NOT_FOUND)
                return r;
        limit->reason =
                login_failures_is_locked(context->store, &question) ? REASON_LOCKED_OUT : REASON_OK;
        return 0;
}

static void on_reserved(StoreCall *call, int r, const FailureAnswer *answer, void *userdata) {
        LoginLimit *limit = userdata;

        on_answer(call, r, answer, limit);
        limit->is_reserved = limit->reason == REASON_OK;
}

int login_limit_reserve(LoginLimit *limit, Context *context, LoginSubject *subject) {
        char place[LOGIN_PLACE_SIZE];
        FailureQuestion question = make_question(context, subject, place);
        FailureAnswer answer;
        int r;

        question.step = FAILURE_RESERVE;
        limit->reason = REASON_INTERNAL;
        r = login_failures_reserve(context->store, &question, on_reserved, limit, &limit->call);
        if (r != STORE_E_NOT_FOUND)
                return r;
        answer = login_failures_reserve_now(context->store, &question);
        take_answer(limit, 0, &answer);
        limit->is_reserved = limit->reason == REASON_OK;
        return 0;
}

void login_limit_clear(LoginLimit *limit) {
        limit->call = store_call_free(limit->call);
        if (limit->note)
                limit->note->limit = NULL;
        limit->note = NULL;
}

static void note_free(Operation *op) {
        LoginFailureNote *note = (LoginFailureNote *)op;

        if (note->limit)
                note->limit->note = NULL;
        login_subject_clear(&note->subject);
        store_call_free(note->call);
        free(note);
}

/* Once for each lock-out, not for each attempt: a guesser must not fill the journal. */
static void on_noted(StoreCall *call, int r, const FailureAnswer *answer, void *userdata) {
        LoginFailureNote *note = userdata;
        LoginLimit *limit = note->limit;
        AuditRecord record = login_subject_audit(&note->subject, AUDIT_LOCK_OUT, REASON_LOCKED_OUT);

        (void)r;
        note->call = store_call_free(call);
        if (answer->locked_now) {
                /* Without an address, the line names the user who asks. */
                if (login_failure_is_here(note->subject.rhost, note->op.context->host))
                        record.rhost = note->place;
                record.count = note->op.context->config->login_failures;
                audit(note->op.context, &record);
        }
        operation_finish_reason(&note->op, REASON_OK);
        if (limit)
                limit->noted(limit);
}

static int copy_subject(const LoginSubject *subject, LoginSubject *ret_subject) {
        return login_subject_copy(
                &(LoginRequest){
                        .pid = subject->pid,
                        .uid = subject->uid,
                        .user = subject->user,
                        .service = subject->service,
                        .tty = subject->tty,
                        .rhost = subject->rhost,
                },
                ret_subject);
}

static LoginFailureNote *tell(Context *context, LoginSubject *subject, FailureStep step) {
        LoginFailureNote *note = calloc(1, sizeof(*note));
        FailureQuestion question;

        if (!note)
                return NULL;
        question = make_question(context, subject, note->place);
        question.step = step;
        operation_init(&note->op, context, (OperationWaiter){}, note_free);
        if (copy_subject(subject, &note->subject) < 0 ||
                login_failures_note(context->store, &question, on_noted, note, &note->call) != 0) {
                operation_abandon(&note->op);
                return NULL;
        }
        return note;
}

static void count(LoginLimit *limit, Context *context, LoginSubject *subject) {
        limit->note =
                tell(context, subject, limit->is_reserved ? FAILURE_COUNT_RESERVED : FAILURE_COUNT);
        if (limit->note)
                limit->note->limit = limit;
}

void login_limit_settle(LoginLimit *limit, Context *context, LoginSubject *subject, Reason reason) {
        bool failed = login_failure_counts(reason);

        if (limit->is_settled)
                return;
        if (failed)
                count(limit, context, subject);
        else if (limit->is_reserved)
                (void)tell(context, subject, FAILURE_RELEASE);
        limit->is_settled = limit->is_reserved || failed;
}
