#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Which Redis process answers: one address may lead to several, one after the other, and two connections may
 * reach two of them.
 */

#include <hiredis/hiredis.h>

#define REDIS_SERVER_ID_SIZE 41u

/**
 * redis_server_id_read() - find the process's id in the answer to INFO
 * @reply:      to INFO server
 * @id:         receives it; empty: the server does not say
 */
void redis_server_id_read(const redisReply *reply, char id[REDIS_SERVER_ID_SIZE]);
