#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Asking the administrator's hooks about a login that the daemon would accept. Verbs embed it.
 */

#include <stdbool.h>
#include <stdint.h>

#include "authtoken/reason.h"

typedef struct Context Context;
typedef struct HookCall HookCall;
typedef struct LoginSubject LoginSubject;
typedef struct Session Session;

typedef struct LoginHook LoginHook;

/* The session may have ended while the hooks ran: its state is to be loaded once more. */
typedef void (*LoginHookDone)(LoginHook *hook, Reason reason);

struct LoginHook {
        Context *context;
        const LoginSubject *subject; /* borrowed from the verb */
        uint64_t deadline_usec;      /* CLOCK_MONOTONIC, when the caller gives up; 0: never */
        LoginHookDone done;
        HookCall *call;
        bool passed; /* they were asked */
        char *note;  /* which one said no; NULL: none did */
};

/**
 * login_hook_is_due() - whether they still have to be asked
 * @hook:       context and subject are set
 *
 * Callers other than root only ask whether a token is good, and open no login.
 */
bool login_hook_is_due(const LoginHook *hook);

/**
 * login_hook_start() - ask them
 * @hook:       due; its done is called once, possibly before this returns if they cannot be asked
 * @session:    by which the user logs in; borrowed
 */
void login_hook_start(LoginHook *hook, const Session *session);

/**
 * login_hook_clear() - wait for no answer, and free what it owns
 * @hook:       its memory is the verb's
 */
void login_hook_clear(LoginHook *hook);
