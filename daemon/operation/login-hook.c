/* SPDX-License-Identifier: MIT */

#include <stdio.h>
#include <stdlib.h>

#include "daemon/operation/context.h"
#include "daemon/operation/hook.h"
#include "daemon/operation/login-hook.h"
#include "daemon/operation/login-subject.h"
#include "daemon/session/session.h"

bool login_hook_is_due(const LoginHook *hook) {
        return hook->subject->uid == 0 && !hook->passed && hook_is_on(hook->context, HOOK_LOGIN);
}

static void on_hooks(HookCall *call, const HookResult *result, void *userdata) {
        LoginHook *hook = userdata;

        (void)call;
        hook->call = NULL;
        hook->passed = true;
        if (result->outcome != HOOK_ALLOWED &&
                asprintf(&hook->note, "hook %s%s", result->hook, result->note) < 0)
                hook->note = NULL;
        hook->done(hook, hook_verdict(hook->context, result->outcome));
}

void login_hook_start(LoginHook *hook, const Session *session) {
        const LoginSubject *subject = hook->subject;
        int r;

        r = hook_ask(hook->context,
                &(HookQuestion){
                        .event = {
                                .kind = HOOK_LOGIN,
                                .user = subject->user,
                                .session = session->sid,
                                .service = subject->service,
                                .tty = subject->tty,
                                .rhost = subject->rhost,
                                .reason = reason_code(REASON_OK),
                                .platform = session->platform,
                                .device = session->device,
                        },
                        .deadline_usec = hook->deadline_usec,
                },
                on_hooks, hook, &hook->call);
        if (r)
                on_hooks(NULL,
                        &(HookResult){
                                .kind = HOOK_LOGIN,
                                .outcome = HOOK_FAILED,
                                .hook = "",
                                .note = r == HOOK_CLIENT_E_FULL ? "too many logins wait already"
                                                                : "no memory",
                        },
                        hook);
}

void login_hook_clear(LoginHook *hook) {
        hook_call_free(hook->call);
        free(hook->note);
}
