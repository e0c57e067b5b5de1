#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Making a login code. Using it up is part of authenticate.
 */

#include <stdbool.h>

#include "daemon/operation/operation.h"

/* A login code to be made. Borrowed for the call of the start function only. */
typedef struct CodeOrder {
        const Secret *token; /* that it stands for */
        const char *user;    /* whose the token must be; NULL: anybody's */
        bool is_long;        /* to paste, not to type */
        uid_t uid;           /* who asks for it */
} CodeOrder;

/**
 * create_code_start() - a code that can be typed instead of a token, once and for a minute
 * @context:    the daemon
 * @order:      for which token
 * @done:       told in the end
 * @userdata:   for @done
 * @ret_op:     as of every start function
 *
 * Sets: token (the code), user, sid, expires_at_sec. Return: 0; negative errno.
 */
int create_code_start(Context *context, const CodeOrder *order, OperationDone done, void *userdata,
        Operation **ret_op);
