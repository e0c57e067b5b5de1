#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Writes into the sessions of the store which logins they have open on this host: a moment after one was opened
 * or is over, so that many at once are one commit, and again whenever a loaded state differs.
 */

#include "common/cleanup.h"

typedef struct Context Context;
typedef struct LoginReport LoginReport;
typedef struct UserState UserState;

/**
 * login_report_new() - nothing to write yet
 * @context:    borrowed; outlives the report
 * @ret_report: owned by the caller
 *
 * Return: 0; -ENOMEM.
 */
int login_report_new(Context *context, LoginReport **ret_report);

/**
 * login_report_free() - write no more
 * @report:     NULL is fine
 *
 * Return: NULL.
 */
LoginReport *login_report_free(LoginReport *report);
DEFINE_CLEANUP(LoginReport, login_report_free)

/**
 * login_report_note() - a user's logins here have changed
 * @report:     any
 * @user:       copied
 *
 * Failure is silent: reconcile looks again.
 */
void login_report_note(LoginReport *report, const char *user);

/**
 * login_report_check() - a state is known: check whether its lines of this host are right
 * @report:     any
 * @state:      borrowed
 */
void login_report_check(LoginReport *report, const UserState *state);
