/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "daemon/store/redis-server-id.h"

#define NAME "run_id:"

void redis_server_id_read(const redisReply *reply, char id[REDIS_SERVER_ID_SIZE]) {
        const char *found = reply->type == REDIS_REPLY_STRING ? strstr(reply->str, NAME) : NULL;
        size_t size;

        id[0] = '\0';
        while (found && found != reply->str && found[-1] != '\n')
                found = strstr(found + 1, NAME);
        if (!found)
                return;
        found += strlen(NAME);
        size = strspn(found, "0123456789abcdef");
        if (size != REDIS_SERVER_ID_SIZE - 1)
                return;
        memcpy(id, found, size);
        id[size] = '\0';
}
