/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/session/state-fields.h"
#include "daemon/session/state-end.h"
#include "daemon/session/user-state.h"
#include "daemon/store/redis-commit.h"
#include "daemon/store/redis-keys.h"

#define KEEP_AFTER_END_SEC 600u
#define END_NEVER          "never"
#define NUMBER_TEXT_SIZE   24u

/* KEYS: the user's hash, the sorted set of users, the index key of each live session.
 * ARGV: expected version ('' for none), when the state may go in milliseconds ('' to delete it now),
 * the user, how many arguments are fields, the fields and their values, when each index key may go.
 *
 * (1) All that can fail for a wrong type is read before the first write: Redis undoes nothing.
 * (2) Redis refuses a script's first write when it is out of memory, and no later one. A commit that
 *     brings a session or a code therefore begins with a write that may be refused, and one that only
 *     ends sessions with DEL, which never is: revoking works on a full server. */
const char redis_commit_script[] =
        "local key, users = KEYS[1], KEYS[2]\n"
        "local expected, go_ms, user, n = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])\n"
        "local stored = redis.call('HGET', key, 'v')\n"
        "redis.call('ZSCORE', users, user)\n"
        "if not stored and redis.call('EXISTS', key) == 1 then return 1 end\n"
        "if (stored or '') ~= expected then return 1 end\n"
        "if go_ms == '' then\n"
        "  redis.call('DEL', key)\n"
        "  redis.call('ZREM', users, user)\n"
        "  return 0\n"
        "end\n"
        "for i = 5, 4 + n, 2 do\n"
        "  if ARGV[i]:find('^[sc]:') and redis.call('HEXISTS', key, ARGV[i]) == 0 then\n"
        "    redis.call('HSET', key, 'v', expected)\n"
        "    break\n"
        "  end\n"
        "end\n"
        "redis.call('DEL', key)\n"
        "for i = 5, 4 + n, 2 do redis.call('HSET', key, ARGV[i], ARGV[i + 1]) end\n"
        "for i = 3, #KEYS do redis.call('SET', KEYS[i], user, 'PXAT', ARGV[2 + n + i]) end\n"
        "if go_ms == 'never' then\n"
        "  redis.call('ZADD', users, '+inf', user)\n"
        "else\n"
        "  redis.call('PEXPIREAT', key, go_ms)\n"
        "  redis.call('ZADD', users, go_ms, user)\n"
        "end\n"
        "local time = redis.call('TIME')\n"
        "local gone = redis.call('ZRANGEBYSCORE', users, '-inf', time[1] .. '000', 'LIMIT', 0, "
        "16)\n"
        "if #gone > 0 then redis.call('ZREM', users, unpack(gone)) end\n"
        "return 0\n";

RedisCommit *redis_commit_free(RedisCommit *commit) {
        if (!commit)
                return NULL;
        for (int i = 0; commit->owned && i < commit->argc; i++)
                free(commit->owned[i]);
        free(commit->owned);
        free(commit->argv);
        free(commit->script);
        free(commit);
        return NULL;
}

/* @text: handed over; NULL: there was no memory for it. */
static int add(RedisCommit *commit, char *text) {
        if (!text)
                return -ENOMEM;
        commit->owned[commit->argc] = text;
        commit->argv[commit->argc++] = text;
        return 0;
}

static int add_number(RedisCommit *commit, uint64_t number) {
        char text[NUMBER_TEXT_SIZE];

        snprintf(text, sizeof(text), "%" PRIu64, number);
        return add(commit, strdup(text));
}

/* When Redis may let a key go, in milliseconds; our clocks and its own need not agree to the second. A key that forbids
 * something does not go by a clock that nobody checks: a commit takes it away. */
static int add_end(RedisCommit *commit, uint64_t end_sec) {
        if (end_sec > UINT64_MAX / 1000 - KEEP_AFTER_END_SEC)
                return add(commit, strdup(END_NEVER));
        return add_number(commit, (end_sec + KEEP_AFTER_END_SEC) * 1000);
}

static int add_keys(RedisCommit *commit, const char *prefix, const UserState *state) {
        int r;

        r = add_number(commit, 2 + state->n_sessions);
        if (r == 0)
                r = add(commit, redis_key_user(prefix, state->tenant, state->user));
        if (r == 0)
                r = add(commit, redis_key_users(prefix, state->tenant));
        for (size_t i = 0; r == 0 && i < state->n_sessions; i++)
                r = add(commit, redis_key_sid(prefix, state->tenant, state->sessions[i]->sid));
        return r;
}

static int add_values(RedisCommit *commit, const StateVersion *expected, const UserState *state,
        StateFields *fields) {
        char version[STATE_VERSION_SIZE + 1] = "";
        uint64_t end_sec = user_state_forbids(state) ? UINT64_MAX : user_state_end_sec(state);
        int r;

        if (expected->incarnation != 0)
                state_version_format(expected, version);
        r = add(commit, strdup(version));
        if (r == 0)
                r = end_sec == 0 ? add(commit, strdup("")) : add_end(commit, end_sec);
        if (r == 0)
                r = add(commit, strdup(state->user));
        if (r == 0)
                r = add_number(commit, 2 * fields->n_items);
        for (size_t i = 0; r == 0 && i < fields->n_items; i++) {
                r = add(commit, TAKE_PTR(fields->items[i].name));
                if (r == 0)
                        r = add(commit, TAKE_PTR(fields->items[i].value));
        }
        for (size_t i = 0; r == 0 && i < state->n_sessions; i++)
                r = add_end(commit, session_end_sec(state->sessions[i]));
        return r;
}

int redis_commit_new(const char *prefix, const StateVersion *expected, const UserState *state,
        RedisCommit **ret_commit) {
        _cleanup_(redis_commit_freep) RedisCommit *commit = calloc(1, sizeof(*commit));
        _cleanup_(state_fields_clear) StateFields fields = { 0 };
        size_t n_arguments;
        int r;

        if (!commit)
                return -ENOMEM;
        r = state_fields_encode(state, &fields);
        if (r)
                return r;
        /* Command, script, count; two keys; four values; the rest for each session and field. */
        n_arguments = 9 + 2 * state->n_sessions + 2 * fields.n_items;
        commit->argv = calloc(n_arguments, sizeof(char *));
        commit->owned = calloc(n_arguments, sizeof(char *));
        if (!commit->argv || !commit->owned)
                return -ENOMEM;
        commit->argc = 2;
        r = add_keys(commit, prefix, state);
        if (r == 0)
                r = add_values(commit, expected, state, &fields);
        if (r)
                return r;
        *ret_commit = TAKE_PTR(commit);
        return 0;
}
