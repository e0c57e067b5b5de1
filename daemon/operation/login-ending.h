#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The end of one login, step by step: grace → whose session is it → order → watch → kill → watch → report.
 */

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "daemon/logind/logind.h"

typedef struct Context Context;
typedef struct Login Login;
typedef struct LoginEnding LoginEnding;
typedef struct LoginEndWaiter LoginEndWaiter;
typedef struct UserNameCall UserNameCall;

/* Called once for each login. @ended: it is over (or locked, by the policy). */
typedef void (*LoginEndDone)(const Login *login, bool ended, void *userdata);

/* The last step was done, and all were told: clears and frees it. */
typedef void (*LoginEndingFree)(LoginEnding *ending);

/* The first member of its owner's struct. */
struct LoginEnding {
        Context *context;
        Login *login; /* borrowed from the registry */
        LoginEndingFree free_body;
        LoginEndWaiter *waiters;
        LogindAction action;
        LogindCall *call;
        UserNameCall *name_call;
        sd_event_source *timer, *leader;
        uint64_t give_up_usec; /* CLOCK_MONOTONIC */
        bool ordered;
        bool unwritten; /* its record does not say yet that the login has ended, but should soon */
};

/**
 * login_ending_clear() - stop; nobody is told
 * @ending:     its own memory is the caller's
 */
void login_ending_clear(LoginEnding *ending);

/**
 * login_ending_wait() - have somebody told
 * @ending:     any
 * @done:       called once, unless @ending is cleared before
 * @userdata:   for @done
 *
 * Return: 0; -ENOMEM.
 */
int login_ending_wait(LoginEnding *ending, LoginEndDone done, void *userdata);

/**
 * login_ending_begin() - take the first step after the grace
 * @ending:     may be over, and freed, when this returns
 */
void login_ending_begin(LoginEnding *ending);

/**
 * login_ending_begin_after() - begin when the grace is over
 * @ending:     any
 * @grace_usec: from now
 *
 * Return: 0; negative errno.
 */
int login_ending_begin_after(LoginEnding *ending, uint64_t grace_usec);

/**
 * login_ending_look_soon() - something has happened: look whether the login is over, from the loop
 * @ending:     of which logind was given an order
 */
void login_ending_look_soon(LoginEnding *ending);

/**
 * login_ending_write() - have the login's record say that it has ended, if it should and does not yet
 * @ending:     any
 */
void login_ending_write(LoginEnding *ending);

/**
 * login_ending_finish() - tell everybody how it ended
 * @ending:     freed
 * @ended:      as for LoginEndDone
 * @note:       for the journal; NULL is fine
 */
void login_ending_finish(LoginEnding *ending, bool ended, const char *note);
