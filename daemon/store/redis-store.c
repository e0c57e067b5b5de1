/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "common/text.h"
#include "daemon/session/state-end.h"
#include "daemon/session/state-fields.h"
#include "daemon/session/state-revocation.h"
#include "daemon/store/redis-address.h"
#include "daemon/store/redis-commit.h"
#include "daemon/store/redis-connection.h"
#include "daemon/store/redis-error.h"
#include "daemon/store/redis-failures.h"
#include "daemon/store/redis-handshake.h"
#include "daemon/store/redis-keys.h"
#include "daemon/store/redis-load.h"
#include "daemon/store/redis-lock-outs.h"
#include "daemon/store/redis-mark.h"
#include "daemon/store/redis-request.h"
#include "daemon/store/redis-settle.h"
#include "daemon/store/redis-store.h"
#include "daemon/store/redis-unreadable.h"
#include "daemon/store/redis-users.h"
#include "daemon/store/store-notices.h"
#include "daemon/store/store-object.h"

#define CLOCK_SKEW_MAX_SEC 2

static bool is_text(const redisReply *reply) {
        return reply->type == REDIS_REPLY_STRING && strlen(reply->str) == reply->len;
}

static void on_commit(int r, const redisReply *reply, void *userdata);

/* The whole script only if the server has lost it, or does not let us load any. */
static int send_commit(RedisRequest *request, bool whole) {
        RedisStore *store = request->store;
        RedisCommand command = { .argc = request->commit->argc,
                .argv = request->commit->argv,
                .reply_max = REDIS_LOAD_REPLY_MAX,
                .done = on_commit,
                .userdata = request };

        request->script_sent = whole || request->commit->script != redis_commit_script ||
                               store->script_sha[0] == '\0';
        command.argv[0] = request->script_sent ? "EVAL" : "EVALSHA";
        command.argv[1] = request->script_sent ? request->commit->script : store->script_sha;
        return redis_connection_send(store->connection, &command);
}

static bool is_done(const RedisRequest *request, const redisReply *reply) {
        char version[STATE_VERSION_SIZE + 1];

        state_version_format(&request->after->version, version);
        return is_text(reply) && strcmp(reply->str, version) == 0;
}

static void on_commit(int r, const redisReply *reply, void *userdata) {
        RedisRequest *request = userdata;
        StateCache *cache = request->store->base.cache;
        StoreResult result = { 0 };

        /* After a conflict the answer is the stored record, which may be too large. */
        if (r == STORE_E_CORRUPT)
                redis_load_note_outsized(request);
        /* The server did not have the script, so nothing was done: send it again as a whole. */
        if (r == 0 && redis_error_is(reply, "NOSCRIPT") && !request->script_sent) {
                r = send_commit(request, true);
                if (r == 0)
                        return;
        } else if (r == 0 && reply->type == REDIS_REPLY_ARRAY) {
                /* "Nothing is stored" does not name the user, so do not pass it on; the caller will load
                 * instead. */
                r = reply->elements ? redis_load_decode(request, reply, &result.state) : 0;
                if (r == 0)
                        r = STORE_E_CONFLICT;
        } else if (r == 0 && reply->type == REDIS_REPLY_INTEGER &&
                   reply->integer == REDIS_COMMIT_GUARD_FAILED) {
                r = STORE_E_MARK;
        } else if (r == 0 && !is_done(request, reply)) {
                r = redis_request_refused(request, reply);
        }
        /* An empty state is not stored, not even its version. */
        if (r == 0 && user_state_end_sec(request->after) == 0)
                state_cache_drop(cache, request->tenant, request->user);
        else if (r == 0)
                redis_load_keep_own(request, TAKE_PTR(request->after));
        else if (result.state)
                redis_load_keep(request, user_state_ref(result.state));
        redis_settle_finish(request, r, &result);
}

static void on_find(int r, const redisReply *reply, void *userdata) {
        RedisRequest *request = userdata;
        StoreResult result = { 0 };

        if (r == 0)
                r = redis_request_check(request, reply, 2);
        if (r == 0) {
                const redisReply *user = reply->element[1];

                if (user->type == REDIS_REPLY_NIL)
                        r = STORE_E_NOT_FOUND;
                else if (user->type != REDIS_REPLY_STRING ||
                         !text_is_user_name(user->str, user->len))
                        r = redis_request_corrupt(request);
                result.user = user->str;
        }
        redis_request_finish(request, r, &result);
}

static int redis_store_peek(
        UserStore *base, const char *tenant, const char *user, const UserState **ret_state) {
        RedisStore *store = (RedisStore *)base;
        const UserState *state;

        if (!redis_watch_is_on(store->watch) || strcmp(tenant, store->tenant) != 0)
                return STORE_E_NOT_FOUND;
        state = state_cache_get_certain(base->cache, tenant, user);
        if (!state)
                return STORE_E_NOT_FOUND;
        *ret_state = state;
        return 0;
}

static int redis_store_find(UserStore *base, StoreCall *call, const char *tenant, const char *sid) {
        RedisStore *store = (RedisStore *)base;
        _cleanup_(freep) char *adopted = redis_key_owner(store->prefix, tenant, sid, true);
        _cleanup_(freep) char *own = redis_key_owner(store->prefix, tenant, sid, false);
        RedisRequest *request;
        int r;

        if (!adopted || !own)
                return -ENOMEM;
        r = redis_request_new(store, STORE_CALL_FIND, tenant, sid, &request);
        return r < 0 ? r
                     : redis_request_started(
                               request, call, redis_request_read(request, adopted, own, on_find));
}

static int redis_store_commit(UserStore *base, StoreCall *call, const StoreCommit *commit) {
        RedisStore *store = (RedisStore *)base;
        _cleanup_(redis_request_freep) RedisRequest *request = NULL;
        UserState *before = commit->before;
        int r;

        /* Such a record has to be loaded first, with care. */
        if (!commit->unreadable && redis_load_is_outsized(store, before->tenant, before->user))
                return store_call_defer(call, STORE_E_CONFLICT, NULL);
        r = redis_request_new(store, STORE_CALL_COMMIT, before->tenant, before->user, &request);
        if (r < 0)
                return r;
        request->before = user_state_ref(before);
        request->after = user_state_ref(commit->after);
        store_next_version(base, before, &request->after->version);
        r = redis_commit_new(store->prefix, commit, &request->commit);
        if (r < 0)
                return r;
        request->settle =
                store->replicas && (commit->settle || state_revokes(before, commit->after));
        r = send_commit(request, false);
        return redis_request_started(TAKE_PTR(request), call, r);
}

static void on_connected(RedisConnection *connection, void *userdata) {
        redis_handshake_start(((RedisStore *)userdata)->handshake, connection);
}

/* Each kind is reported separately: it is news if a server that came back does not let us in. */
static StoreFailure failure_of(const RedisStore *store, bool was_ready) {
        if (redis_connection_is_refused(store->connection))
                return STORE_FAILURE_UNWANTED;
        return was_ready ? STORE_FAILURE_LOST : STORE_FAILURE_ABSENT;
}

static void on_lost(bool was_ready, const char *why, void *userdata) {
        RedisStore *store = userdata;
        StoreHealth *health = &store->base.health;

        redis_watch_disconnected(store->watch);
        health->online = false;
        redis_settle_lost(store);
        snprintf(health->message, sizeof(health->message), "%s: %s", store->address.text, why);
        /* Report a reason once, although each attempt fails for it. */
        if (strcmp(store->told, why) == 0)
                return;
        if (store_notices_tell(&store->notices, &store->base, failure_of(store, was_ready),
                    "%s: %s: %s", store->address.text,
                    was_ready ? "connection lost" : "cannot connect", why))
                snprintf(store->told, sizeof(store->told), "%s", why);
}

static void note_durability(StoreHealth *health, const RedisFindings *findings) {
        health->durable = findings->durable;
        health->forgetful = findings->forgetful;
        snprintf(health->message, sizeof(health->message), "%s", findings->message);
}

static void on_greeted(const RedisFindings *findings, void *userdata) {
        RedisStore *store = userdata;
        StoreHealth *health = &store->base.health;

        health->online = true;
        note_durability(health, findings);
        memcpy(store->script_sha, findings->script_sha, sizeof(store->script_sha));
        redis_settle_greeted(store, findings);
        if (store->watch)
                redis_watch_connected(store->watch);
        if (store->told[0] == '\0')
                return;
        store->told[0] = '\0';
        store_tell(&store->base, LOG_NOTICE, "%s: connected", store->address.text);
        if (findings->message[0] != '\0')
                store_tell(&store->base, LOG_WARNING, "%s: %s", store->address.text,
                        findings->message);
        if (llabs(findings->clock_ahead_sec) > CLOCK_SKEW_MAX_SEC)
                store_tell(&store->base, LOG_WARNING,
                        "%s: the server's clock differs from ours by %" PRId64 " s",
                        store->address.text, findings->clock_ahead_sec);
}

static void on_findings(const RedisFindings *findings, void *userdata) {
        RedisStore *store = userdata;

        note_durability(&store->base.health, findings);
        if (findings->message[0] != '\0')
                store_tell(&store->base, LOG_WARNING, "%s: %s", store->address.text,
                        findings->message);
        else
                store_tell(&store->base, LOG_NOTICE, "%s: keeps what it acknowledges",
                        store->address.text);
}

static void on_changed(const char *user, void *userdata) {
        RedisStore *store = userdata;
        const StoreWatcher *watcher = &store->base.watcher;

        state_cache_doubt(store->base.cache, store->tenant, user);
        if (watcher->changed)
                watcher->changed(store->tenant, user, watcher->userdata);
}

static void on_missed(void *userdata) {
        RedisStore *store = userdata;
        const StoreWatcher *watcher = &store->base.watcher;

        redis_lock_outs_forget("", store);
        state_cache_doubt_all(store->base.cache);
        if (watcher->missed)
                watcher->missed(watcher->userdata);
}

/* Some changes are not announced, for example SWAPDB. */
static void on_aged(void *userdata) {
        state_cache_doubt_all(((RedisStore *)userdata)->base.cache);
}

static void on_watch_health(const char *why, void *userdata) {
        RedisStore *store = userdata;
        StoreHealth *health = &store->base.health;

        state_cache_doubt_all(store->base.cache);
        health->watching = !why;
        if (!why) {
                if (store->untold[0])
                        store_tell(&store->base, LOG_NOTICE,
                                "%s: what other hosts change is told of at once again",
                                store->address.text);
                store->untold[0] = '\0';
                return;
        }
        /* Without a connection for commands, that failure is reported instead. */
        if (!health->online || strcmp(store->untold, why) == 0)
                return;
        if (store_notices_tell(&store->notices, &store->base, STORE_FAILURE_UNTOLD,
                    "%s: what other hosts change is not told of: %s; open sessions are checked "
                    "once a minute",
                    store->address.text, why))
                snprintf(store->untold, sizeof(store->untold), "%s", why);
}

static void redis_store_close(UserStore *base) {
        RedisStore *store = (RedisStore *)base;

        store_clear(base);
        redis_sentinel_free(store->sentinel);
        store->replicas = redis_replicas_free(store->replicas);
        redis_connection_free(store->connection);
        redis_watch_free(store->watch);
        redis_role_free(store->role);
        redis_handshake_free(store->handshake);
        redis_login_free(store->login);
        redis_load_forget_outsized(store);
        free(store->prefix);
        free(store->tenant);
        free(store);
}

static void on_login_tried(int r, const redisReply *reply, void *userdata) {
        RedisStore *store = userdata;
        char code[REDIS_ERROR_CODE_MAX + 1];

        if (r != 0 || reply->type != REDIS_REPLY_ERROR)
                return;
        redis_error_code(reply, code);
        store_tell(&store->base, LOG_WARNING,
                "%s: the server refuses the password that was read (%s); the next connection fails",
                store->address.text, code);
}

/* Better to notice a wrong password now than when the server is restarted. */
static int redis_store_set_password(UserStore *base, const char *password) {
        RedisStore *store = (RedisStore *)base;
        int r;

        r = redis_login_change(store->login, password);
        if (r == 0 && base->health.online)
                (void)redis_login_try(store->login, store->connection, on_login_tried, store);
        return r;
}

/* Redis expires states by itself. */
static const StoreOps redis_ops = {
        .close = redis_store_close,
        .load = redis_load_start,
        .examine = redis_unreadable_examine,
        .peek = redis_store_peek,
        .commit = redis_store_commit,
        .settle = redis_settle_start,
        .find_sid = redis_store_find,
        .ask_failures = redis_failures_ask,
        .note_failure = redis_failures_note,
        .list_lock_outs = redis_lock_outs_list,
        .lift_lock_outs = redis_lock_outs_lift,
        .scan = redis_users_scan,
        .mark = redis_mark_change,
        .set_password = redis_store_set_password,
};

static int parse_address(RedisStore *store, const StoreConfig *config) {
        const char *text = STRING_OR_EMPTY(config->address);

        switch (redis_address_parse(text, config->allow_plaintext, &store->address)) {
        case 0:
                return 0;
        case REDIS_ADDRESS_E_PLAINTEXT:
                store_tell(&store->base, LOG_ERR,
                        "%s: refused, the way there is not encrypted (AllowPlaintext=)", text);
                return STORE_E_REFUSED;
        default:
                store_tell(&store->base, LOG_ERR,
                        "%s: not an address of Redis; unix:PATH or tcp:IP:PORT", text);
                return STORE_E_REFUSED;
        }
}

static int start_watching(RedisStore *store, const StoreConfig *config) {
        _cleanup_(freep) char *prefix = redis_key_users_prefix(store->prefix, config->tenant);
        const RedisWatchPlace place = { store->base.event,
                config->sentinels ? NULL : &store->address, store->login, prefix,
                store->connection };
        const RedisWatchEvents events = { on_changed, redis_lock_outs_forget, on_missed, on_aged,
                on_watch_health, store };

        store->tenant = strdup(config->tenant);
        if (!prefix || !store->tenant)
                return -ENOMEM;
        return redis_watch_new(&place, &events, &store->watch);
}

static void closep_store(RedisStore **store) {
        if (*store)
                redis_store_close(&(*store)->base);
}

int redis_store_new(const StoreConfig *config, sd_event *event, StoreNotice notice, void *userdata,
        UserStore **ret_store) {
        _cleanup_(closep_store) RedisStore *store = calloc(1, sizeof(*store));
        RedisConnectionEvents events = {
                .connected = on_connected, .lost = on_lost, .userdata = store
        };
        const RedisHandshakeEvents handshake_events = { on_greeted, on_findings, store };
        int r;

        if (!store)
                return -ENOMEM;
        store->base.notice = notice;
        store->base.userdata = userdata;
        store->base.timeout_usec = config->timeout_usec;
        snprintf(store->base.health.message, STORE_MESSAGE_MAX, "not connected yet");
        snprintf(store->told, sizeof(store->told), "not connected yet");
        r = store_init(&store->base, &redis_ops, event);
        if (r < 0)
                return r;
        r = config->sentinels ? 0 : parse_address(store, config);
        if (r)
                return r;
        store->prefix = strdup(config->prefix);
        if (!store->prefix)
                return -ENOMEM;
        r = redis_login_new(
                &(RedisCredentials){ config->username, config->password, config->database },
                &store->login);
        if (r >= 0)
                r = redis_handshake_new(config, store->login, &handshake_events, &store->handshake);
        if (r < 0)
                return r;
        r = redis_connection_new(event, config->sentinels ? NULL : &store->address,
                config->timeout_usec, &events, &store->connection);
        if (r >= 0 && config->tenant)
                r = start_watching(store, config);
        if (r >= 0)
                r = redis_settle_open(store, config);
        if (r < 0)
                return r;
        *ret_store = &TAKE_PTR(store)->base;
        return 0;
}
