/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/session/state-change.h"
#include "daemon/session/state-end.h"
#include "daemon/session/user-state.h"
#include "daemon/store/redis-commit.h"
#include "daemon/store/redis-keys.h"
#include "daemon/store/redis-users.h"
#include "daemon/store/store-commit.h"

#define KEEP_AFTER_END_SEC 600u
#define END_NEVER          "never"
#define NUMBER_TEXT_SIZE   24u

/* KEYS: the user's hash, the list of users, whether such a list was ever begun, the index keys that are to be written.
 * ARGV: expected version ('' for none), when the state may go in milliseconds ('' to delete it now), the user, 1 if
 * a session or a code is new; how many arguments are names and values of fields to change, of fields to add, and
 * names of fields to remove; all these; when each index key may go.
 *
 * (1) Redis undoes nothing, so what fails for a wrong type has to fail before anything is written but that a key stays.
 * (2) Redis refuses a script's first write when it is out of memory, and no later one. A commit that
 *     brings a session or a code therefore begins with a write that may be refused, and any other one
 *     with one that never is: revoking works on a full server.
 * (3) A field that is to change has to be there: what somebody took out by hand must not come back.
 * (4) Who was wrong about what is stored is told what it is, and need not ask.
 * (5) What was done is said by its version, which no other commit has: the answer to another one is none to this.
 * (6) A list that lacks somebody of whom something is stored has lost others, too: its end goes, see redis-users.h.
 *     What stands in its place by hand goes altogether: a hint must not keep anybody in. */
const char redis_commit_script[] =
        "local key, users, begun = KEYS[1], KEYS[2], KEYS[3]\n"
        "local expected, go_ms, user, brings = ARGV[1], ARGV[2], ARGV[3], ARGV[4] == '1'\n"
        "local n_changed, n_added, n_gone = ARGV[5], ARGV[6], tonumber(ARGV[7])\n"
        "local version = ARGV[9]\n"
        "local set_end = 7 + n_changed + n_added\n"
        "local stored, same\n"
        "if expected == '' then same = redis.call('EXISTS', key) == 0\n"
        "else\n"
        "  stored = redis.call('HGET', key, 'v')\n"
        "  same = stored == expected\n"
        "end\n"
        "for i = 10, 7 + n_changed, 2 do\n"
        "  if same then same = redis.call('HEXISTS', key, ARGV[i]) == 1 end\n"
        "end\n"
        "if not same then return redis.call('HGETALL', key) end\n"
        "if go_ms == '' then\n"
        "  redis.pcall('ZREM', users, user)\n"
        "  redis.call('DEL', key)\n"
        "  return version\n"
        "end\n"
        "if not brings then redis.call('PERSIST', key) end\n"
        "local listed = redis.pcall('ZADD', users, 0, user)\n"
        "if type(listed) == 'table' and string.find(listed.err, 'WRONGTYPE') then\n"
        "  redis.call('DEL', users)\n"
        "  listed = redis.call('ZADD', users, 0, user)\n"
        "end\n"
        "if type(listed) == 'table' then return listed end\n"
        "if listed == 1 then\n"
        "  if stored then\n"
        "    redis.call('ZREM', users, '" REDIS_USERS_END "')\n"
        "    redis.call('SET', begun, '1')\n"
        "  elseif redis.call('ZCARD', users) == 1 and redis.call('SET', begun, '1', 'NX') then\n"
        "    redis.call('ZADD', users, 0, '" REDIS_USERS_END "')\n"
        "  end\n"
        "end\n"
        "redis.call('HSET', key, unpack(ARGV, 8, set_end))\n"
        "if n_gone > 0 then redis.call('HDEL', key, unpack(ARGV, set_end + 1, set_end + n_gone)) "
        "end\n"
        "for i = 4, #KEYS do\n"
        "  redis.call('SET', KEYS[i], user, 'PXAT', ARGV[set_end + n_gone + i - 3])\n"
        "end\n"
        "if go_ms == 'never' then redis.call('PERSIST', key)\n"
        "else redis.call('PEXPIREAT', key, go_ms) end\n"
        "return version\n";

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
static int add(RedisCommit *arguments, char *text) {
        if (!text)
                return -ENOMEM;
        arguments->owned[arguments->argc] = text;
        arguments->argv[arguments->argc++] = text;
        return 0;
}

/* @text: outlives the arguments. */
static void add_borrowed(RedisCommit *arguments, const char *text) {
        arguments->argv[arguments->argc++] = text;
}

static int add_short(RedisCommit *arguments, const char *text) {
        size_t size = strlen(text) + 1;
        char *place = arguments->scratch + arguments->n_scratch;

        if (size > sizeof(arguments->scratch) - arguments->n_scratch)
                return add(arguments, strdup(text));
        memcpy(place, text, size);
        arguments->n_scratch += size;
        add_borrowed(arguments, place);
        return 0;
}

static int add_number(RedisCommit *arguments, uint64_t number) {
        char text[NUMBER_TEXT_SIZE], *at = text + sizeof(text) - 1;

        *at = '\0';
        do {
                *--at = (char)('0' + number % 10);
                number /= 10;
        } while (number);
        return add_short(arguments, at);
}

/* When Redis may let a key go, in milliseconds; our clocks and its own need not agree to the second. A key that forbids
 * something does not go by a clock that nobody checks: a commit takes it away. */
static int add_end(RedisCommit *arguments, uint64_t end_sec) {
        if (end_sec > UINT64_MAX / 1000 - KEEP_AFTER_END_SEC)
                return add_short(arguments, END_NEVER);
        return add_number(arguments, (end_sec + KEEP_AFTER_END_SEC) * 1000);
}

/* Index keys are written for sessions that are new or whose end has changed. */
static bool is_indexed_anew(const StoreCommit *commit, const Session *session) {
        const Session *old = user_state_find(commit->before, session->sid);

        return !old || (old != session && session_end_sec(old) != session_end_sec(session));
}

static int add_keys(RedisCommit *arguments, const char *prefix, const StoreCommit *commit) {
        const UserState *after = commit->after;
        size_t n_keys = 3;
        int r;

        for (size_t i = 0; i < after->n_sessions; i++)
                n_keys += is_indexed_anew(commit, after->sessions[i]);
        r = add_number(arguments, n_keys);
        if (r == 0)
                r = add(arguments, redis_key_user(prefix, after->tenant, after->user));
        if (r == 0)
                r = add(arguments, redis_key_users(prefix, after->tenant));
        if (r == 0)
                r = add(arguments, redis_key_begun(prefix, after->tenant));
        for (size_t i = 0; r == 0 && i < after->n_sessions; i++)
                if (is_indexed_anew(commit, after->sessions[i]))
                        r = add(arguments,
                                redis_key_sid(prefix, after->tenant, after->sessions[i]->sid));
        return r;
}

static int add_fields(RedisCommit *arguments, StateFields *fields) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < fields->n_items; i++) {
                r = add(arguments, TAKE_PTR(fields->items[i].name));
                if (r == 0)
                        r = add(arguments, TAKE_PTR(fields->items[i].value));
        }
        return r;
}

static int add_change(RedisCommit *arguments, StateChange *change) {
        int r;

        add_borrowed(arguments, change->brings ? "1" : "");
        r = add_number(arguments, 2 * change->changed.n_items);
        if (r == 0)
                r = add_number(arguments, 2 * change->added.n_items);
        if (r == 0)
                r = add_number(arguments, change->gone.n_items);
        if (r == 0)
                r = add_fields(arguments, &change->changed);
        if (r == 0)
                r = add_fields(arguments, &change->added);
        for (size_t i = 0; r == 0 && i < change->gone.n_items; i++)
                r = add(arguments, TAKE_PTR(change->gone.items[i].name));
        return r;
}

static int add_values(RedisCommit *arguments, const StoreCommit *commit, StateChange *change) {
        char version[STATE_VERSION_SIZE + 1] = "";
        uint64_t end_sec =
                user_state_forbids(commit->after) ? UINT64_MAX : user_state_end_sec(commit->after);
        int r;

        if (commit->before->version.incarnation != 0)
                state_version_format(&commit->before->version, version);
        r = add_short(arguments, version);
        if (r == 0)
                r = end_sec == 0 ? add_short(arguments, "") : add_end(arguments, end_sec);
        if (r)
                return r;
        add_borrowed(arguments, commit->after->user);
        r = add_change(arguments, change);
        for (size_t i = 0; r == 0 && i < commit->after->n_sessions; i++)
                if (is_indexed_anew(commit, commit->after->sessions[i]))
                        r = add_end(arguments, session_end_sec(commit->after->sessions[i]));
        return r;
}

int redis_commit_new(const char *prefix, const StoreCommit *commit, RedisCommit **ret_arguments) {
        _cleanup_(redis_commit_freep) RedisCommit *arguments = calloc(1, sizeof(*arguments));
        _cleanup_(state_change_clear) StateChange change = { 0 };
        size_t n_max;
        int r;

        if (!arguments)
                return -ENOMEM;
        r = state_change_make(commit->before, commit->after, &change);
        if (r)
                return r;
        /* Command, script, count; three keys; seven values; the rest for each session and field. */
        n_max = 13 + 2 * commit->after->n_sessions + 2 * change.changed.n_items +
                2 * change.added.n_items + change.gone.n_items;
        arguments->argv = calloc(n_max, sizeof(char *));
        arguments->owned = calloc(n_max, sizeof(char *));
        if (!arguments->argv || !arguments->owned)
                return -ENOMEM;
        arguments->argc = 2;
        r = add_keys(arguments, prefix, commit);
        if (r == 0)
                r = add_values(arguments, commit, &change);
        if (r)
                return r;
        *ret_arguments = TAKE_PTR(arguments);
        return 0;
}
