/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "daemon/session/state-end.h"
#include "daemon/session/user-state.h"
#include "daemon/store/redis-commit.h"
#include "daemon/store/redis-keys.h"
#include "daemon/store/redis-unreadable.h"
#include "daemon/store/redis-users.h"
#include "daemon/store/store-commit.h"

#define KEEP_AFTER_END_SEC 600u
#define END_NEVER          "never"
#define NUMBER_SIZE        24u

/* KEYS: the user's hash, the list of users, the key that says that such a list was begun, the index keys to write. ARGV:
 * expected version ('' for none), expiry of the state in milliseconds ('' to delete it now), the user, 1 if a session or
 * a code is new; how many arguments are names and values of fields to change, of fields to add, and names of fields to
 * remove; all these; the expiry of each index key.
 *
 * (1) Redis undoes nothing, so an operation that may fail for a wrong type has to come before all writes but PERSIST.
 * (2) Redis refuses a script's first write when it is out of memory, and no later one. A commit that brings a session
 *     or a code therefore begins with a write that may be refused, and any other one with one that never is: revoking
 *     works on a full server.
 * (3) A field that changes has to exist: one that somebody removed by hand must not come back. A field that somebody
 *     added would make the record unreadable to all hosts that have not cached it, so the number of fields has to be
 *     as expected.
 * (4) If the expected version is wrong, the answer is the stored state, so the caller need not ask.
 * (5) Success is answered with the new version, which no other commit has: another command's answer cannot be mistaken
 *     for it.
 * (6) If the list lacks a user with a stored state, it has lost others, too: its end mark is removed, see
 *     redis-users.h. A value of another type in its place is deleted: a hint must not make a revocation fail.
 * (7) The user of a replaced unreadable record counts as stored before: @replaced. */
#define SCRIPT                                                                                     \
        "local n_fields = tonumber(table.remove(ARGV))\n"                                          \
        "local key, users, begun = KEYS[1], KEYS[2], KEYS[3]\n"                                    \
        "local expected, go_ms, user, brings = ARGV[1], ARGV[2], ARGV[3], ARGV[4] == '1'\n"        \
        "local n_changed, n_added, n_gone = ARGV[5], ARGV[6], tonumber(ARGV[7])\n"                 \
        "local version = ARGV[9]\n"                                                                \
        "local set_end = 7 + n_changed + n_added\n"                                                \
        "local stored, same = replaced, false\n"                                                   \
        "if expected == '' then same = redis.call('EXISTS', key) == 0\n"                           \
        "else\n"                                                                                   \
        "  stored = redis.call('HGET', key, 'v')\n"                                                \
        "  same = stored == expected\n"                                                            \
        "end\n"                                                                                    \
        "if same and stored then same = redis.call('HLEN', key) == n_fields end\n"                 \
        "for i = 10, 7 + n_changed, 2 do\n"                                                        \
        "  if same then same = redis.call('HEXISTS', key, ARGV[i]) == 1 end\n"                     \
        "end\n"                                                                                    \
        "if not same then return redis.call('HGETALL', key) end\n"                                 \
        "if go_ms == '' then\n"                                                                    \
        "  redis.pcall('ZREM', users, user)\n"                                                     \
        "  redis.call('DEL', key)\n"                                                               \
        "  return version\n"                                                                       \
        "end\n"                                                                                    \
        "if not brings then redis.call('PERSIST', key) end\n"                                      \
        "local listed\n"                                                                           \
        "if stored then listed = redis.pcall('ZADD', users, '0', user)\n"                          \
        "else listed = redis.pcall('ZADD', users, '0', user, '0', '" REDIS_USERS_BEGIN "') end\n"  \
        "if type(listed) == 'table' and string.find(listed.err, 'WRONGTYPE') then\n"               \
        "  redis.call('DEL', users)\n"                                                             \
        "  listed = redis.call('ZADD', users, '0', user, '0', stored and user or "                 \
        "'" REDIS_USERS_BEGIN "')\n"                                                               \
        "end\n"                                                                                    \
        "if type(listed) == 'table' then return listed end\n"                                      \
        "if stored and listed == 1 then\n"                                                         \
        "  redis.call('ZREM', users, '" REDIS_USERS_END "')\n"                                     \
        "  redis.call('SET', begun, '1')\n"                                                        \
        "elseif listed == 2 and redis.call('ZCARD', users) == 2 and\n"                             \
        "       redis.call('SET', begun, '1', 'NX') then\n"                                        \
        "  redis.call('ZADD', users, '0', '" REDIS_USERS_END "')\n"                                \
        "end\n"                                                                                    \
        "redis.call('HSET', key, unpack(ARGV, 8, set_end))\n"                                      \
        "if n_gone > 0 then redis.call('HDEL', key, unpack(ARGV, set_end + 1, set_end + n_gone)) " \
        "end\n"                                                                                    \
        "for i = 4, #KEYS do\n"                                                                    \
        "  redis.call('SET', KEYS[i], user, 'PXAT', ARGV[set_end + n_gone + i - 3])\n"             \
        "end\n"                                                                                    \
        "if go_ms == 'never' then redis.call('PERSIST', key)\n"                                    \
        "else redis.call('PEXPIREAT', key, go_ms) end\n"                                           \
        "return version\n"

/* Both are last, and are removed before the commit counts its arguments. */
#define GUARD                                                        \
        "local begins = table.remove(ARGV)\n"                        \
        "local mark = redis.call('GET', table.remove(KEYS)) or ''\n" \
        "if string.sub(mark, 1, #begins) ~= begins then return 2 end\n"

/* The last argument is removed likewise. If the record is not the one that was examined, the
 * caller examines it again. */
#define REPLACE                                         \
        REDIS_UNREADABLE_LOOK                           \
        "local what = table.remove(ARGV)\n"             \
        "if look(KEYS[1]) ~= what then return {} end\n" \
        "redis.call('DEL', KEYS[1])\n"

const char redis_commit_script[] = "local replaced = false\n" SCRIPT;
static const char guarded_script[] = GUARD "local replaced = false\n" SCRIPT;
static const char replacing_script[] = REPLACE "local replaced = true\n" SCRIPT;

RedisCommit *redis_commit_free(RedisCommit *commit) {
        if (!commit)
                return NULL;
        state_change_clear(&commit->change);
        free(commit);
        return NULL;
}

/* The index keys to write: of new sessions, and of sessions whose end has changed. Most commits have one. */
typedef struct IndexKey {
        char name[SID_SIZE + 1];
        uint64_t end_sec;
} IndexKey;

typedef struct Indexed {
        IndexKey keys[USER_STATE_SESSIONS_MAX];
        size_t n_keys;
} Indexed;

static bool is_indexed_anew(const StoreCommit *commit, const Session *session) {
        const Session *old = user_state_find(commit->before, session->sid);

        return !old || session_end_sec(old) != session_end_sec(session);
}

/* All own sessions of a user share one key, which is kept for as long as any of them can be
 * asked for. */
static void add_index_key(Indexed *indexed, const UserState *state, const Session *session) {
        IndexKey *key = &indexed->keys[indexed->n_keys];

        redis_key_name_owner(session->sid, session->adopted, key->name);
        key->end_sec =
                session->adopted ? session_end_sec(session) : user_state_sessions_end_sec(state);
        for (size_t i = 0; i < indexed->n_keys; i++)
                if (strcmp(indexed->keys[i].name, key->name) == 0)
                        return;
        indexed->n_keys++;
}

/* Finds the sessions among the written fields. */
static void find_indexed(const StoreCommit *commit, const StateFields *fields, Indexed *indexed) {
        for (size_t i = 0; i < fields->n_items; i++) {
                const char *name = fields->items[i].name;
                const Session *session;

                if (strncmp(name, STATE_FIELD_LIVE, strlen(STATE_FIELD_LIVE)) != 0)
                        continue;
                session = user_state_find(commit->after, name + strlen(STATE_FIELD_LIVE));
                if (session && is_indexed_anew(commit, session))
                        add_index_key(indexed, commit->after, session);
        }
}

/* @text: outlives the arguments. */
static void add(RedisCommit *arguments, const char *text) {
        arguments->argv[arguments->argc++] = text;
}

/* Adds the text that was written at the place for the next one. */
static void add_written(RedisCommit *arguments) {
        add(arguments, arguments->text);
        arguments->text += strlen(arguments->text) + 1;
}

static void add_copy(RedisCommit *arguments, const char *text) {
        memcpy(arguments->text, text, strlen(text) + 1);
        add_written(arguments);
}

static void add_number(RedisCommit *arguments, uint64_t number) {
        text_format_u64(number, arguments->text);
        add_written(arguments);
}

/* When Redis may expire a key, in milliseconds; our clocks and its own need not agree to the second. A key with a
 * prohibition must not expire by a clock that nobody checks: a commit removes it. */
static void add_end(RedisCommit *arguments, uint64_t end_sec) {
        if (end_sec > UINT64_MAX / 1000 - KEEP_AFTER_END_SEC)
                add(arguments, END_NEVER);
        else
                add_number(arguments, (end_sec + KEEP_AFTER_END_SEC) * 1000);
}

static void add_key(
        RedisCommit *arguments, const RedisKeyPlace *place, const char *kind, const char *name) {
        redis_key_write(arguments->text, place, kind, name);
        add_written(arguments);
}

static void add_keys(RedisCommit *arguments, const RedisKeyPlace *place, const StoreCommit *commit,
        const Indexed *indexed) {
        add_number(arguments, 3 + indexed->n_keys + (commit->guard.mark != NULL));
        add_key(arguments, place, REDIS_KEY_USER, commit->after->user);
        add_key(arguments, place, REDIS_KEY_USERS, "");
        add_key(arguments, place, REDIS_KEY_BEGUN, "");
        for (size_t i = 0; i < indexed->n_keys; i++)
                add_key(arguments, place, REDIS_KEY_INDEX, indexed->keys[i].name);
        if (commit->guard.mark)
                add_key(arguments, place, commit->guard.mark, "");
}

static void add_fields(RedisCommit *arguments, const StateFields *fields) {
        for (size_t i = 0; i < fields->n_items; i++) {
                add(arguments, fields->items[i].name);
                add(arguments, fields->items[i].value);
        }
}

static void add_change(RedisCommit *arguments) {
        const StateChange *change = &arguments->change;

        add(arguments, change->brings ? "1" : "");
        add_number(arguments, 2 * change->changed.n_items);
        add_number(arguments, 2 * change->added.n_items);
        add_number(arguments, change->gone.n_items);
        add_fields(arguments, &change->changed);
        add_fields(arguments, &change->added);
        for (size_t i = 0; i < change->gone.n_items; i++)
                add(arguments, change->gone.items[i].name);
}

static void add_values(RedisCommit *arguments, const StoreCommit *commit, const Indexed *indexed) {
        const UserState *after = commit->after;
        char version[STATE_VERSION_SIZE + 1] = "";
        uint64_t end_sec = user_state_forbids(after) ? UINT64_MAX : user_state_end_sec(after);

        if (commit->before->version.incarnation != 0)
                state_version_format(&commit->before->version, version);
        add_copy(arguments, version);
        if (end_sec == 0)
                add(arguments, "");
        else
                add_end(arguments, end_sec);
        add(arguments, after->user);
        add_change(arguments);
        for (size_t i = 0; i < indexed->n_keys; i++)
                add_end(arguments, indexed->keys[i].end_sec);
        add_number(arguments, arguments->change.n_before);
        if (commit->guard.mark)
                add_copy(arguments, commit->guard.begins);
        if (commit->unreadable)
                add_copy(arguments, commit->unreadable);
}

/* Command, script and count; three keys; eight values; the rest for each session and field, for a guard, and for what is
 * replaced. */
static size_t argc_max(const StateChange *change, const Indexed *indexed) {
        return 14 + 2 * indexed->n_keys + 2 * change->changed.n_items + 2 * change->added.n_items +
               change->gone.n_items + 3;
}

/* Of the texts that neither the states nor the fields own. */
static size_t texts_size(
        const RedisKeyPlace *place, const StoreCommit *commit, const Indexed *indexed) {
        const StoreGuard *guard = &commit->guard;
        size_t index_size = redis_key_size(place, REDIS_KEY_INDEX, "") + SID_SIZE + NUMBER_SIZE;
        size_t size = 6 * NUMBER_SIZE + STATE_VERSION_SIZE + 1;

        size += redis_key_size(place, REDIS_KEY_USER, commit->after->user);
        size += redis_key_size(place, REDIS_KEY_USERS, "");
        size += redis_key_size(place, REDIS_KEY_BEGUN, "");
        size += indexed->n_keys * index_size;
        if (guard->mark)
                size += redis_key_size(place, guard->mark, "") + strlen(guard->begins) + 1;
        if (commit->unreadable)
                size += strlen(commit->unreadable) + 1;
        return size;
}

int redis_commit_new(const char *prefix, const StoreCommit *commit, RedisCommit **ret_arguments) {
        const RedisKeyPlace place = { prefix, commit->after->tenant };
        _cleanup_(state_change_clear) StateChange change = { 0 };
        Indexed indexed; /* not initialized: it has 3 KiB, and mostly one entry is used */
        RedisCommit *arguments;
        size_t n_max;
        int r;

        r = state_change_make(commit->before, commit->after, &change);
        if (r)
                return r;
        indexed.n_keys = 0;
        find_indexed(commit, &change.added, &indexed);
        find_indexed(commit, &change.changed, &indexed);
        n_max = argc_max(&change, &indexed);
        arguments = malloc(
                sizeof(*arguments) + n_max * sizeof(char *) + texts_size(&place, commit, &indexed));
        if (!arguments)
                return -ENOMEM;
        *arguments = (RedisCommit){
                .script = redis_commit_script,
                .change = change,
                .text = (char *)(arguments->argv + n_max),
                .argc = 2,
        };
        change = (StateChange){ 0 };
        if (commit->guard.mark)
                arguments->script = guarded_script;
        if (commit->unreadable)
                arguments->script = replacing_script;
        add_keys(arguments, &place, commit, &indexed);
        add_values(arguments, commit, &indexed);
        *ret_arguments = arguments;
        return 0;
}
