#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What the error replies of a Redis server mean to an administrator.
 */

#include <stdbool.h>

#include <hiredis/hiredis.h>

#include "daemon/store/store-notices.h"

#define REDIS_ERROR_CODE_MAX 31u

/**
 * redis_error_is() - whether a reply is an error with this code
 * @reply:      any
 * @code:       the first word of the error, as "NOSCRIPT"
 */
bool redis_error_is(const redisReply *reply, const char *code);

/**
 * redis_error_code() - the first word of an error, fit for a log
 * @reply:      any; no error gives "unexpected reply"
 * @code:       receives at most REDIS_ERROR_CODE_MAX characters and NUL
 *
 * The rest of an error may repeat the arguments of the command, so it is never logged.
 */
void redis_error_code(const redisReply *reply, char code[REDIS_ERROR_CODE_MAX + 1]);

/**
 * redis_error_explain() - explain an error to an administrator
 * @reply:      any
 * @ret_failure: its kind
 *
 * Return: static string.
 */
const char *redis_error_explain(const redisReply *reply, StoreFailure *ret_failure);
