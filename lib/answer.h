#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What the daemon said of a token: made by connection.c, read by the caller.
 */

#include "authtoken/authtoken.h"
#include "authtoken/ipc-message.h"
#include "authtoken/reason.h"

/**
 * answer_of_reason() - an answer without claims
 * @reason:     why not
 * @ret_answer: owned by the caller
 *
 * Return: 0; -ENOMEM.
 */
int answer_of_reason(Reason reason, AuthtokenAnswer **ret_answer);

/**
 * answer_of_reply() - an answer as the daemon gave it
 * @reply:      to a VALIDATE; copied
 * @ret_answer: owned by the caller; set on 0 and on every AUTHTOKEN_E_*
 *
 * Return: 0; AUTHTOKEN_E_*, also for a reply that makes no sense; -ENOMEM.
 */
int answer_of_reply(const IpcMessage *reply, AuthtokenAnswer **ret_answer);
