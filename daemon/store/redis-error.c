/* SPDX-License-Identifier: MIT */

#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "daemon/store/redis-error.h"

static const struct {
        const char *code;
        StoreFailure failure;
        const char *explanation;
} errors[] = {
        { "OOM", STORE_FAILURE_OOM, "the server has reached maxmemory" },
        { "READONLY", STORE_FAILURE_READONLY, "the server is a replica and takes no writes" },
        { "NOREPLICAS", STORE_FAILURE_REPLICAS,
                "the server has fewer replicas than its min-replicas-to-write" },
        { "LOADING", STORE_FAILURE_LOADING, "the server is loading its data" },
        { "MISCONF", STORE_FAILURE_MISCONF, "the server cannot write to its disk" },
        { "NOAUTH", STORE_FAILURE_NOAUTH, "the server wants a login" },
        { "NOPERM", STORE_FAILURE_NOPERM, "our login may not do this: see redis-users.acl" },
        { "BUSY", STORE_FAILURE_BUSY, "another script keeps the server busy" },
        { "WRONGTYPE", STORE_FAILURE_WRONGTYPE, "one of our keys holds what we never wrote" },
};

bool redis_error_is(const redisReply *reply, const char *code) {
        size_t size = strlen(code);

        return reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, code, size) == 0 &&
               (reply->str[size] == ' ' || reply->str[size] == '\0');
}

void redis_error_code(const redisReply *reply, char code[REDIS_ERROR_CODE_MAX + 1]) {
        size_t size;

        if (reply->type != REDIS_REPLY_ERROR) {
                snprintf(code, REDIS_ERROR_CODE_MAX + 1, "unexpected reply");
                return;
        }
        size = strspn(reply->str, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        snprintf(code, REDIS_ERROR_CODE_MAX + 1, "%.*s",
                (int)(size < REDIS_ERROR_CODE_MAX ? size : REDIS_ERROR_CODE_MAX), reply->str);
}

const char *redis_error_explain(const redisReply *reply, StoreFailure *ret_failure) {
        for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
                if (redis_error_is(reply, errors[i].code)) {
                        *ret_failure = errors[i].failure;
                        return errors[i].explanation;
                }
        *ret_failure = reply->type == REDIS_REPLY_ERROR ? STORE_FAILURE_OTHER : STORE_FAILURE_REPLY;
        return "see the server's log";
}
