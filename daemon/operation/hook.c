/* SPDX-License-Identifier: MIT */

#include <stdio.h>
#include <time.h>

#include "common/cleanup.h"
#include "daemon/config/config.h"
#include "daemon/operation/audit.h"
#include "daemon/operation/context.h"
#include "daemon/operation/hook.h"
#include "daemon/operation/operation.h"

#define REPLY_USEC UINT64_C(100000) /* for the answer to reach the program that waits for it */

bool hook_is_on(const Context *context, HookKind kind) {
        return context->hooks && (context->config->hook_events & (1u << kind));
}

static int encode(const Context *context, const HookEvent *event, char **ret_json) {
        HookEvent whole = *event;

        whole.host = context->host;
        whole.time_sec = operation_now_sec();
        return hook_event_encode(&whole, ret_json);
}

/* Many events without a runner must not flood the journal: one line a second, with the count of those
 * in between. */
static void tell_journal(Context *context, const HookResult *result) {
        char note[HOOK_NAME_MAX + HOOK_NOTE_MAX + 16];
        HookFailures *failures = context->hook_failures;
        uint64_t now_sec = operation_now_sec();

        failures->n_not_told++;
        if (failures->told_sec == now_sec)
                return;

        snprintf(note, sizeof(note), "%s%s%s", *result->hook ? "hook " : "", result->hook,
                result->note);
        audit(context, &(AuditRecord){
                               .event = AUDIT_HOOK,
                               .reason = REASON_HOOK_FAILED,
                               .service = hook_kind_name(result->kind),
                               .note = note,
                               .count = failures->n_not_told,
                       });
        failures->told_sec = now_sec;
        failures->n_not_told = 0;
}

static void on_told(HookCall *call, const HookResult *result, void *userdata) {
        (void)call;
        if (result->outcome != HOOK_ALLOWED)
                tell_journal(userdata, result);
}

void hook_send(Context *context, const HookEvent *event) {
        _cleanup_(freep) char *json = NULL;
        HookOrder order = { .kind = event->kind };
        int r;

        if (!hook_is_on(context, event->kind))
                return;
        r = encode(context, event, &json);
        if (r == 0) {
                order.json = json;
                order.timeout_usec = context->config->hook_background_usec;
                r = hook_client_start(context->hooks, &order, on_told, context, NULL);
        }
        if (r)
                tell_journal(context,
                        &(HookResult){
                                .kind = event->kind,
                                .hook = "",
                                .note = r == HOOK_CLIENT_E_FULL ? "too many events wait already"
                                                                : "no memory",
                        });
}

static uint64_t time_left(Context *context, uint64_t deadline_usec) {
        uint64_t timeout_usec = context->config->hook_timeout_usec, now = 0;

        (void)sd_event_now(context->event, CLOCK_MONOTONIC, &now);
        if (deadline_usec == 0 || deadline_usec >= now + REPLY_USEC + timeout_usec)
                return timeout_usec;
        return deadline_usec > now + REPLY_USEC ? deadline_usec - now - REPLY_USEC : 0;
}

int hook_ask(Context *context, const HookQuestion *question, HookDone done, void *userdata,
        HookCall **ret_call) {
        _cleanup_(freep) char *json = NULL;
        int r;

        r = encode(context, &question->event, &json);
        if (r < 0)
                return r;
        return hook_client_start(context->hooks,
                &(HookOrder){
                        .kind = question->event.kind,
                        .json = json,
                        .timeout_usec = time_left(context, question->deadline_usec),
                },
                done, userdata, ret_call);
}

Reason hook_verdict(const Context *context, HookOutcome outcome) {
        switch (outcome) {
        case HOOK_ALLOWED:
                return REASON_OK;
        case HOOK_VETOED:
                return REASON_HOOK_VETOED;
        case HOOK_FAILED:
                break;
        }
        return context->config->hook_failure_allows ? REASON_OK : REASON_HOOK_FAILED;
}
