#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What is left of a login: its process, and the logind session that it is in.
 */

#include <stdbool.h>

typedef struct Login Login;

typedef enum LoginState {
        LOGIN_OPEN,
        LOGIN_ELSEWHERE, /* its process runs; another session has its logind id by now */
        LOGIN_OVER, /* its process is gone, or has closed it, and its logind session is gone, too */
} LoginState;

/**
 * login_state() - what is left of a login
 * @login:      any
 */
LoginState login_state(const Login *login);

/**
 * login_is_over() - whether nothing is left of a login
 * @login:      any
 */
bool login_is_over(const Login *login);

/**
 * login_logind_is_another() - whether the logind session of that id is not the login's any more
 * @login:      any
 *
 * It must not be ended for the login. False if there is none of that id.
 */
bool login_logind_is_another(const Login *login);
