#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The verbs of a login, as the socket asks for them.
 */

#include <stdbool.h>

#include "daemon/operation/operation.h"

/**
 * authenticate_start() - AUTHENTICATE: is this token good for this user
 * Sets: handle (root only), sid.
 */
int authenticate_start(Context *context, const LoginRequest *request, OperationDone done,
        void *userdata, Operation **ret_op);

/**
 * authenticate_session_start() - AUTHENTICATE_SESSION: does the caller's own login vouch for the user
 * Sets: handle, sid. Root peers only. policy_live_may_ask() tells which refusals are only a reason to
 * ask the user for a password or token.
 */
int authenticate_session_start(Context *context, const LoginRequest *request, OperationDone done,
        void *userdata, Operation **ret_op);

/**
 * account_start() - ACCOUNT: does anything speak against this user going on
 */
int account_start(Context *context, const LoginRequest *request, OperationDone done, void *userdata,
        Operation **ret_op);

/**
 * open_session_start() - OPEN_SESSION: record the login, then make sure that its session still lives
 */
int open_session_start(Context *context, const LoginRequest *request, OperationDone done,
        void *userdata, Operation **ret_op);

/**
 * close_session_start() - CLOSE_SESSION: the login's own process says that it is over
 */
int close_session_start(Context *context, const LoginRequest *request, OperationDone done,
        void *userdata, Operation **ret_op);

/**
 * validate_start() - VALIDATE: verify a token and look its session up; nothing changes
 * Sets: claims, claims_json, sid, user.
 */
int validate_start(Context *context, const LoginRequest *request, OperationDone done,
        void *userdata, Operation **ret_op);

/**
 * validate_now() - the same without waiting, if everything needed is in memory
 * @context:    the daemon
 * @request:    borrowed
 * @done:       called before this returns, if it was decided, and with no operation
 * @userdata:   for @done
 *
 * Return: true if it was decided; false: use validate_start().
 */
bool validate_now(
        Context *context, const LoginRequest *request, OperationDone done, void *userdata);
