/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "common/text.h"
#include "daemon/session/state-revocation.h"
#include "daemon/store/sqlite-database.h"
#include "daemon/store/sqlite-store.h"
#include "daemon/store/sqlite-worker.h"
#include "daemon/store/store-notices.h"
#include "daemon/store/store-object.h"

#define DEADLINE_ACCURACY_USEC 10000u

typedef struct SqliteStore {
        UserStore base;
        char *path;
        SqliteWorker *worker;
        StoreNotices notices;
        sd_event_source *deadline_source;
        bool expiring;
        bool write_failed; /* the last failure was one of writing */
} SqliteStore;

static int job_new(SqliteStore *store, SqliteJobType type, const char *tenant, const char *subject,
        SqliteJob **ret_job) {
        _cleanup_(sqlite_job_freep) SqliteJob *job = calloc(1, sizeof(*job));
        int r;

        if (!job)
                return -ENOMEM;
        job->type = type;
        job->started_usec = store_now_usec(&store->base);
        r = text_copy(tenant, &job->tenant);
        if (r == 0)
                r = text_copy(subject, &job->subject);
        if (r < 0)
                return r;
        *ret_job = TAKE_PTR(job);
        return 0;
}

static int watch_deadline(SqliteStore *store) {
        StoreCall *oldest = TAILQ_FIRST(&store->base.calls);
        int r;

        if (!oldest)
                return sd_event_source_set_enabled(store->deadline_source, SD_EVENT_OFF);
        r = sd_event_source_set_time(
                store->deadline_source, oldest->started_usec + store->base.timeout_usec);
        if (r < 0)
                return r;
        return sd_event_source_set_enabled(store->deadline_source, SD_EVENT_ONESHOT);
}

/* The disk hangs: the caller gets an answer, the job goes on, and memory changes when the job is
 * done. */
static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata) {
        SqliteStore *store = userdata;
        uint64_t now_usec = store_now_usec(&store->base);
        StoreCall *oldest;

        (void)source;
        (void)usec;
        while ((oldest = TAILQ_FIRST(&store->base.calls)) &&
                oldest->started_usec + store->base.timeout_usec <= now_usec) {
                store_count(&store->base, oldest->type, STORE_E_TIMEOUT);
                store_notices_tell(&store->notices, &store->base, STORE_FAILURE_TIMEOUT,
                        "%s: no answer from the disk within the time-out", store->path);
                store_call_finish(oldest, STORE_E_TIMEOUT, NULL);
        }
        return watch_deadline(store);
}

static int submit(SqliteStore *store, SqliteJob *job, StoreCall *call) {
        int enabled;
        int r;

        r = sd_event_source_get_enabled(store->deadline_source, &enabled);
        if (r >= 0 && enabled == SD_EVENT_OFF)
                r = watch_deadline(store);
        if (r >= 0)
                r = sqlite_worker_submit(store->worker, job);
        if (r < 0) {
                sqlite_job_free(job);
                return r;
        }
        /* The thread does not access job->call. */
        store_call_hold(call, &job->call);
        return 0;
}

static int sqlite_store_load(
        UserStore *base, StoreCall *call, const char *tenant, const char *user) {
        SqliteStore *store = (SqliteStore *)base;
        UserState *cached = state_cache_get_certain(store->base.cache, tenant, user);
        SqliteJob *job;
        int r;

        if (cached)
                return store_call_defer(call, 0, user_state_ref(cached));
        r = job_new(store, SQLITE_JOB_LOAD, tenant, user, &job);
        return r < 0 ? r : submit(store, job, call);
}

static int sqlite_store_examine(
        UserStore *base, StoreCall *call, const char *tenant, const char *user) {
        SqliteStore *store = (SqliteStore *)base;
        SqliteJob *job;
        int r;

        r = job_new(store, SQLITE_JOB_LOAD, tenant, user, &job);
        if (r < 0)
                return r;
        job->examines = true;
        return submit(store, job, call);
}

static int sqlite_store_peek(
        UserStore *base, const char *tenant, const char *user, const UserState **ret_state) {
        const UserState *state = state_cache_get_certain(base->cache, tenant, user);

        if (!state)
                return STORE_E_NOT_FOUND;
        *ret_state = state;
        return 0;
}

static int sqlite_store_commit(UserStore *base, StoreCall *call, const StoreCommit *commit) {
        SqliteStore *store = (SqliteStore *)base;
        _cleanup_(sqlite_job_freep) SqliteJob *job = NULL;
        int r;

        r = job_new(store, SQLITE_JOB_STORE, NULL, commit->guard.mark, &job);
        if (r == 0)
                r = text_copy(commit->guard.begins, &job->mark_expected);
        if (r == 0)
                r = text_copy(commit->unreadable, &job->unreadable);
        if (r < 0)
                return r;
        job->state = user_state_ref(commit->after);
        job->before = user_state_ref(commit->before);
        job->ends = commit->unreadable || commit->after->n_sessions < commit->before->n_sessions ||
                    state_revokes(commit->before, commit->after);
        store_next_version(base, commit->before, &job->state->version);
        return submit(store, TAKE_PTR(job), call);
}

static int sqlite_store_find(
        UserStore *base, StoreCall *call, const char *tenant, const char *sid) {
        SqliteStore *store = (SqliteStore *)base;
        SqliteJob *job;
        int r;

        r = job_new(store, SQLITE_JOB_FIND, tenant, sid, &job);
        return r < 0 ? r : submit(store, job, call);
}

static int sqlite_store_scan(
        UserStore *base, StoreCall *call, const char *tenant, const char *from) {
        SqliteStore *store = (SqliteStore *)base;
        SqliteJob *job;
        int r;

        r = job_new(store, SQLITE_JOB_SCAN, tenant, STRING_OR_EMPTY(from), &job);
        return r < 0 ? r : submit(store, job, call);
}

static int sqlite_store_mark(UserStore *base, StoreCall *call, const StoreMarkChange *change) {
        SqliteStore *store = (SqliteStore *)base;
        _cleanup_(sqlite_job_freep) SqliteJob *job = NULL;
        int r;

        r = job_new(store, SQLITE_JOB_MARK, change->mark.tenant, change->mark.name, &job);
        if (r == 0)
                r = text_copy(change->expected, &job->mark_expected);
        if (r == 0)
                r = text_copy(change->value, &job->mark_value);
        return r < 0 ? r : submit(store, TAKE_PTR(job), call);
}

static int failure_job_new(
        SqliteStore *store, SqliteJobType type, const FailureKey *key, SqliteJob **ret_job) {
        _cleanup_(sqlite_job_freep) SqliteJob *job = NULL;
        int r;

        r = job_new(store, type, key->tenant, key->user, &job);
        if (r == 0)
                r = text_copy(key->place, &job->place);
        if (r < 0)
                return r;
        *ret_job = TAKE_PTR(job);
        return 0;
}

/* The lock-out is in memory, and in force, already; the answer comes when it is on the disk. */
static int sqlite_store_lock_out(
        UserStore *base, StoreCall *call, const FailureQuestion *question) {
        SqliteStore *store = (SqliteStore *)base;
        SqliteJob *job;
        int r;

        r = failure_job_new(store, SQLITE_JOB_LOCK_OUT, &question->key, &job);
        if (r < 0)
                return r;
        job->until_sec = question->now_sec + question->rules.lock_out_sec;
        return submit(store, job, call);
}

/* Memory and disk change lock-outs in the same order, so that neither keeps one that the other lacks. */
static int sqlite_store_lift(UserStore *base, StoreCall *call, const FailureQuestion *question) {
        SqliteStore *store = (SqliteStore *)base;
        SqliteJob *job;
        int r;

        r = failure_job_new(store, SQLITE_JOB_LIFT, &question->key, &job);
        if (r < 0)
                return r;
        job->ends = true;
        job->n_lifted = failure_table_lift(base->failures, question);
        return submit(store, job, call);
}

static int sqlite_store_list_lock_outs(
        UserStore *base, StoreCall *call, const FailureQuestion *question) {
        int r = failure_table_list(base->failures, question, &call->lock_outs);

        return r < 0 ? r : store_call_defer(call, 0, NULL);
}

static void sqlite_store_expire(UserStore *base, const Moment *moment) {
        SqliteStore *store = (SqliteStore *)base;
        SqliteJob *job;

        /* Without memory, the next call tries again. */
        if (store->expiring || job_new(store, SQLITE_JOB_EXPIRE, NULL, NULL, &job) < 0)
                return;
        job->moment = *moment;
        job->ends = true;
        if (sqlite_worker_submit(store->worker, job) < 0)
                sqlite_job_free(job);
        else
                store->expiring = true;
}

static void note_outcome(SqliteStore *store, const SqliteJob *job) {
        StoreHealth *health = &store->base.health;
        bool writes = job->type == SQLITE_JOB_STORE;

        health->latency_usec = store_now_usec(&store->base) - job->started_usec;
        if (job->sqlite_error) {
                store_notices_tell(&store->notices, &store->base,
                        sqlite_database_failure(job->sqlite_error), "%s: %s", store->path,
                        sqlite_database_explain(job->sqlite_error));
                snprintf(health->message, sizeof(health->message), "%s: %s", store->path,
                        sqlite_database_explain(job->sqlite_error));
                /* The files are gone, and with them what memory was read from. */
                if (job->sqlite_error == SQLITE_READONLY_DBMOVED)
                        state_cache_doubt_all(store->base.cache);
                health->online = job->result != STORE_E_OFFLINE;
                store->write_failed = writes;
        } else if (job->result == STORE_E_CORRUPT) {
                store_notices_tell(&store->notices, &store->base, STORE_FAILURE_CORRUPT,
                        "%s: the record of user %s cannot be understood", store->path,
                        job->before ? job->before->user : STRING_OR_EMPTY(job->subject));
        } else if (writes || !store->write_failed) {
                health->message[0] = '\0';
                health->online = true;
        }
}

/* Memory first: once the commit is acknowledged, nobody may see the old state. */
static void remember_commit(SqliteStore *store, SqliteJob *job) {
        if (job->result == 0 && user_state_end_sec(job->state) != 0)
                state_cache_offer(store->base.cache, TAKE_PTR(job->state));
        else if (job->found)
                state_cache_put(store->base.cache, user_state_ref(job->found));
        else
                state_cache_drop(store->base.cache, job->before->tenant, job->before->user);
}

static void remember_load(SqliteStore *store, SqliteJob *job) {
        if (job->result == 0)
                state_cache_put(store->base.cache, user_state_ref(job->state));
        else
                state_cache_drop(store->base.cache, job->tenant, job->subject);
}

static void finish_expire(SqliteStore *store, SqliteJob *job) {
        store->expiring = false;
        for (size_t i = 0; i < job->names.n_names; i++)
                state_cache_drop(store->base.cache, job->names.tenants[i], job->names.users[i]);
        if (job->result == 0 && job->names.n_names == SQLITE_RECORDS_EXPIRE_MAX)
                sqlite_store_expire(&store->base, &job->moment);
}

static void finish_job(SqliteJob *job, void *userdata) {
        SqliteStore *store = userdata;
        StoreResult result = { .user = job->user,
                .mark = job->user,
                .users = job->names.users,
                .n_users = job->names.n_names };
        StoreCallType type = STORE_CALL_LOAD;

        note_outcome(store, job);
        switch (job->type) {
        case SQLITE_JOB_LOAD:
                remember_load(store, job);
                result.state = TAKE_PTR(job->state);
                result.unreadable = job->unreadable;
                break;
        case SQLITE_JOB_STORE:
                remember_commit(store, job);
                result.state = TAKE_PTR(job->found);
                store_count_commit(&store->base, job->before, job->result);
                store_call_finish(job->call, job->result, &result);
                return;
        case SQLITE_JOB_FIND:
                type = STORE_CALL_FIND;
                break;
        case SQLITE_JOB_MARK:
                type = STORE_CALL_MARK;
                break;
        case SQLITE_JOB_SCAN:
                type = STORE_CALL_SCAN;
                if (job->names.n_names == STORE_PAGE_MAX)
                        result.next = job->names.users[STORE_PAGE_MAX - 1];
                break;
        case SQLITE_JOB_LOCK_OUT:
                type = STORE_CALL_FAILURE;
                result.failure = (FailureAnswer){ .is_locked = true, .locked_now = true };
                break;
        case SQLITE_JOB_LIFT:
                type = STORE_CALL_FAILURE;
                result.failure = (FailureAnswer){ .n_lifted = job->n_lifted };
                break;
        case SQLITE_JOB_EXPIRE:
                finish_expire(store, job);
                break;
        }
        store_count(&store->base, type, job->result);
        store_call_finish(job->call, job->result, &result);
}

static void tell_left(void *userdata) {
        SqliteStore *store = userdata;

        store_tell(&store->base, LOG_ERR,
                "%s: overwritten or replaced under the running daemon, so left as it is; "
                "a log that does not belong to it is put aside",
                store->path);
}

static void sqlite_store_close(UserStore *base) {
        SqliteStore *store = (SqliteStore *)base;

        sd_event_source_disable_unref(store->deadline_source);
        store_clear(base);
        sqlite_worker_free(store->worker);
        free(store->path);
        free(store);
}

static const StoreOps sqlite_ops = {
        .close = sqlite_store_close,
        .load = sqlite_store_load,
        .examine = sqlite_store_examine,
        .peek = sqlite_store_peek,
        .commit = sqlite_store_commit,
        .find_sid = sqlite_store_find,
        .scan = sqlite_store_scan,
        .mark = sqlite_store_mark,
        .note_failure = sqlite_store_lock_out,
        .list_lock_outs = sqlite_store_list_lock_outs,
        .lift_lock_outs = sqlite_store_lift,
        .expire = sqlite_store_expire,
};

static int open_file(SqliteStore *store, const StoreConfig *config) {
        SqliteDatabase *database;
        char message[STORE_MESSAGE_MAX];
        int r;

        r = sqlite_database_open(
                config->path, config->unsafe_no_sync, message, sizeof(message), &database);
        if (r == STORE_E_REFUSED)
                store_tell(&store->base, LOG_ERR, "%s", message);
        if (r)
                return r;
        r = sqlite_records_lock_outs(database, store->base.failures);
        if (r) {
                sqlite_database_close(database);
                return r;
        }
        return sqlite_worker_new(store->base.event, database,
                &(SqliteWorkerOwner){ finish_job, tell_left, store }, &store->worker);
}

static int add_deadline(SqliteStore *store, sd_event *event) {
        int r;

        r = sd_event_add_time(event, &store->deadline_source, CLOCK_MONOTONIC, 0,
                DEADLINE_ACCURACY_USEC, on_deadline, store);
        if (r < 0)
                return r;
        (void)sd_event_source_set_description(store->deadline_source, "sqlite-deadline");
        return sd_event_source_set_enabled(store->deadline_source, SD_EVENT_OFF);
}

static void closep_store(SqliteStore **store) {
        if (*store)
                sqlite_store_close(&(*store)->base);
}

int sqlite_store_new(const StoreConfig *config, sd_event *event, StoreNotice notice, void *userdata,
        UserStore **ret_store) {
        _cleanup_(closep_store) SqliteStore *store = calloc(1, sizeof(*store));
        int r;

        if (!store)
                return -ENOMEM;
        store->base.notice = notice;
        store->base.userdata = userdata;
        store->base.timeout_usec = config->timeout_usec;
        store->base.health.online = true;
        store->base.health.watching = true;
        store->base.health.durable = !config->unsafe_no_sync;
        r = store_init(&store->base, &sqlite_ops, event);
        if (r < 0)
                return r;
        store->path = strdup(config->path);
        if (!store->path)
                return -ENOMEM;
        r = open_file(store, config);
        if (r)
                return r;
        r = add_deadline(store, event);
        if (r < 0)
                return r;
        *ret_store = &TAKE_PTR(store)->base;
        return 0;
}
