#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A user's record in Redis that is no state: a description of it, so that a commit can replace exactly that
 * record.
 */

#include "daemon/store/redis-request.h"

/* Used by both scripts for such records: look(KEY) returns a description and all fields. If the script itself can
 * see that the value is no state, the description is the fault, and the value may be replaced while it has that
 * fault. Otherwise it is a digest of all bytes, in an order that does not depend on the server's memory. */
#define REDIS_UNREADABLE_LOOK                                                      \
        "local function look(key)\n"                                               \
        "  local n, all, parts, size = redis.pcall('HLEN', key), nil, {}, 0\n"     \
        "  if type(n) == 'table' then\n"                                           \
        "    if string.find(n.err, 'WRONGTYPE') then return 'wrongtype' end\n"     \
        "    n = redis.call('HLEN', key)\n"                                        \
        "  end\n"                                                                  \
        "  if n > 1024 then return 'outsized' end\n"                               \
        "  all = redis.call('HGETALL', key)\n"                                     \
        "  for i = 1, #all, 2 do\n"                                                \
        "    local name, value = all[i], all[i + 1]\n"                             \
        "    size = size + #name + #value\n"                                       \
        "    parts[#parts + 1] = #name .. ' ' .. #value .. ' ' .. name .. value\n" \
        "  end\n"                                                                  \
        "  if size > 2097152 then return 'outsized' end\n"                         \
        "  table.sort(parts)\n"                                                    \
        "  return redis.sha1hex(table.concat(parts)), all\n"                       \
        "end\n"

/**
 * redis_unreadable_examine() - see user_store_examine()
 */
int redis_unreadable_examine(
        UserStore *base, StoreCall *call, const char *tenant, const char *user);
