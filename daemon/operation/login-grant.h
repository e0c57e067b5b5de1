#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * After the daemon has accepted somebody for root's program: make a handle for the login, and note the
 * session behind a sudo timestamp that begins now.
 */

#include <stdint.h>

#include "daemon/operation/login-subject.h"

typedef struct LoginGrant {
        const char *sid;               /* the session that was accepted */
        uint64_t authenticated_at_sec; /* when the user gave a token of it */
} LoginGrant;

/**
 * login_grant() - begin a login
 * @context:    its handles and elevations change
 * @subject:    who, for what; of a root peer
 * @grant:      borrowed
 * @ret_handle: NUL-terminated; borrowed until control returns to the loop
 *
 * Return: 0; negative errno.
 */
int login_grant(Context *context, const LoginSubject *subject, const LoginGrant *grant,
        const char **ret_handle);
