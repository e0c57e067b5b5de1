/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>

#include "daemon/store/failure-table.h"
#include "daemon/store/sqlite-database.h"
#include "daemon/store/sqlite-unreadable.h"
#include "daemon/store/sqlite-worker.h"
#include "daemon/store/store-commit.h"

/* The jobs of a batch share one wait for the disk. Without sync, a batch only delays the answer to its first
 * job. */
#define BATCH_MAX         256u
#define BATCH_MAX_NO_SYNC 64u

struct SqliteWorker {
        SqliteDatabase *database;
        WorkerType type;
        Worker *worker;
        SqliteWorkerOwner owner;
};

SqliteJob *sqlite_job_free(SqliteJob *job) {
        if (!job)
                return NULL;
        free(job->tenant);
        free(job->subject);
        free(job->mark_expected);
        free(job->mark_value);
        free(job->place);
        free(job->user);
        free(job->unreadable);
        user_state_unref(job->before);
        user_state_unref(job->state);
        user_state_unref(job->found);
        sqlite_names_clear(&job->names);
        free(job);
        return NULL;
}

static bool job_writes(const SqliteJob *job) {
        return job->type == SQLITE_JOB_STORE || job->type == SQLITE_JOB_EXPIRE ||
               job->type == SQLITE_JOB_LOCK_OUT || job->type == SQLITE_JOB_LIFT ||
               (job->type == SQLITE_JOB_MARK && job->mark_expected);
}

static int run_mark(SqliteDatabase *database, SqliteJob *job) {
        const SqliteMark mark = {
                .tenant = job->tenant,
                .name = job->subject,
                .expected = job->mark_expected,
                .value = job->mark_value,
        };

        return sqlite_records_mark(database, &mark, &job->user);
}

/* After a conflict the stored state is the result, so the caller need not ask. */
static int run_store(SqliteDatabase *database, SqliteJob *job) {
        const SqliteMark mark = {
                .tenant = job->state->tenant,
                .name = job->subject,
                .expected = job->mark_expected,
        };
        int loaded, r = mark.name ? sqlite_records_guard(database, &mark) : 0;

        if (r == 0 && job->unreadable)
                r = sqlite_unreadable_remove(
                        database, job->before->tenant, job->before->user, job->unreadable);
        if (r == 0)
                r = sqlite_records_store(
                        database, &(StoreCommit){ .before = job->before, .after = job->state });
        if (r != STORE_E_CONFLICT)
                return r;
        loaded = sqlite_records_load(database, job->before->tenant, job->before->user, &job->found);
        /* It is still unreadable, but not the same record: the caller examines it again. */
        if (loaded == STORE_E_CORRUPT && job->unreadable && !database->error)
                return r;
        return loaded ? loaded : r;
}

static int run_load(SqliteDatabase *database, SqliteJob *job) {
        int r = sqlite_records_load(database, job->tenant, job->subject, &job->state), read;

        /* Nothing is replaced in a file that is itself damaged. */
        if (r != STORE_E_CORRUPT || !job->examines || database->error)
                return r;
        read = sqlite_unreadable_read(
                database, job->tenant, job->subject, &job->unreadable, &job->state);
        return read ? read : r;
}

static int run_job(SqliteDatabase *database, SqliteJob *job) {
        switch (job->type) {
        case SQLITE_JOB_LOAD:
                return run_load(database, job);
        case SQLITE_JOB_STORE:
                return run_store(database, job);
        case SQLITE_JOB_FIND:
                return sqlite_records_find(database, job->tenant, job->subject, &job->user);
        case SQLITE_JOB_SCAN:
                return sqlite_records_scan(database, job->tenant, job->subject, &job->names);
        case SQLITE_JOB_LOCK_OUT:
                return sqlite_records_lock_out(database,
                        &(FailureKey){ job->tenant, job->subject, job->place }, job->until_sec);
        case SQLITE_JOB_LIFT:
                return sqlite_records_lift(
                        database, &(FailureKey){ job->tenant, job->subject, job->place });
        case SQLITE_JOB_EXPIRE:
                return sqlite_records_expire(database, &job->moment, &job->names);
        case SQLITE_JOB_MARK:
                return run_mark(database, job);
        }
        return -EINVAL;
}

/* Results from a transaction that was rolled back may never have been true. */
static void forget_results(SqliteJob *job) {
        if (job->type == SQLITE_JOB_LOAD) {
                job->state = user_state_unref(job->state);
                free(TAKE_PTR(job->unreadable));
        }
        job->found = user_state_unref(job->found);
        free(TAKE_PTR(job->user));
        sqlite_names_clear(&job->names);
}

static void set_result(SqliteJob *job, SqliteDatabase *database, int r) {
        job->result = r;
        job->sqlite_error = r == 0 ? 0 : database->error;
}

/* Only reads: they are independent, so nothing has to be undone. */
static void read_batch(SqliteDatabase *database, struct WorkerJobList *batch) {
        int r = sqlite_database_find(database);
        WorkerJob *each;

        STAILQ_FOREACH(each, batch, link) {
                SqliteJob *job = (SqliteJob *)each;

                if (r == 0)
                        database->error = 0;
                set_result(job, database, r ? r : run_job(database, job));
        }
}

static bool is_full(const SqliteDatabase *database) {
        return (database->error & 0xff) == SQLITE_FULL;
}

/* Returns 0 if the transaction is on the disk; all results hold then, and none otherwise. */
static int write_batch(SqliteDatabase *database, struct WorkerJobList *batch) {
        WorkerJob *each;
        int r;

        r = sqlite_database_begin(database);
        STAILQ_FOREACH(each, batch, link) {
                SqliteJob *job = (SqliteJob *)each;

                if (r)
                        break;
                set_result(job, database, run_job(database, job));
                if (database->error || (job_writes(job) && job->result < 0))
                        r = job->result;
        }
        if (r == 0)
                r = sqlite_database_commit(database);
        if (r == 0)
                return 0;
        sqlite_database_rollback(database);
        STAILQ_FOREACH(each, batch, link) {
                forget_results((SqliteJob *)each);
                set_result((SqliteJob *)each, database, r);
        }
        return r;
}

/* On a full disk, writing the log back makes room in it; for ends of sessions there is also the
 * reserve. */
static void write_alone(SqliteDatabase *database, struct WorkerJobList *alone) {
        const SqliteJob *job = (const SqliteJob *)STAILQ_FIRST(alone);

        if (write_batch(database, alone) == 0 || !is_full(database))
                return;
        if (sqlite_database_make_room(database, false) && write_batch(database, alone) == 0)
                return;
        if (job->ends && sqlite_database_make_room(database, true))
                (void)write_batch(database, alone);
}

/* After a failure each job is tried again by itself: a revocation must not fail because of a
 * login in the same batch. */
static void retry_alone(SqliteDatabase *database, struct WorkerJobList *batch) {
        struct WorkerJobList done = STAILQ_HEAD_INITIALIZER(done);
        WorkerJob *job;

        while ((job = STAILQ_FIRST(batch))) {
                struct WorkerJobList alone = STAILQ_HEAD_INITIALIZER(alone);

                STAILQ_REMOVE_HEAD(batch, link);
                STAILQ_INSERT_TAIL(&alone, job, link);
                if (job_writes((SqliteJob *)job))
                        write_alone(database, &alone);
                else
                        read_batch(database, &alone);
                STAILQ_CONCAT(&done, &alone);
        }
        STAILQ_CONCAT(batch, &done);
}

static void run_batch(struct WorkerJobList *batch, void *userdata) {
        SqliteDatabase *database = ((SqliteWorker *)userdata)->database;
        bool writes = false;
        WorkerJob *job;

        STAILQ_FOREACH(job, batch, link)
        writes = writes || job_writes((SqliteJob *)job);
        if (!writes)
                read_batch(database, batch);
        else if (write_batch(database, batch) != 0 &&
                 (is_full(database) || STAILQ_NEXT(STAILQ_FIRST(batch), link)))
                retry_alone(database, batch);
}

static void on_done(WorkerJob *job, void *userdata) {
        SqliteWorker *worker = userdata;

        worker->owner.done((SqliteJob *)job, worker->owner.userdata);
        sqlite_job_free((SqliteJob *)job);
}

static void drop(WorkerJob *job) {
        sqlite_job_free((SqliteJob *)job);
}

static const WorkerType type = {
        .name = "sqlite",
        .n_threads = 1,
        .batch_max = BATCH_MAX,
        .run = run_batch,
        .done = on_done,
        .drop = drop,
};

int sqlite_worker_new(sd_event *event, SqliteDatabase *database, const SqliteWorkerOwner *owner,
        SqliteWorker **ret_worker) {
        _cleanup_(sqlite_worker_freep) SqliteWorker *worker = calloc(1, sizeof(*worker));
        int r;

        if (!worker) {
                sqlite_database_close(database);
                return -ENOMEM;
        }
        worker->database = database;
        worker->owner = *owner;
        worker->type = type;
        if (database->no_sync)
                worker->type.batch_max = BATCH_MAX_NO_SYNC;
        r = worker_new(event, &worker->type, worker, &worker->worker);
        if (r < 0)
                return r;
        *ret_worker = TAKE_PTR(worker);
        return 0;
}

SqliteWorker *sqlite_worker_free(SqliteWorker *worker) {
        if (!worker)
                return NULL;
        worker_free(worker->worker);
        if (sqlite_database_leave(worker->database))
                worker->owner.left(worker->owner.userdata);
        sqlite_database_close(worker->database);
        free(worker);
        return NULL;
}

int sqlite_worker_submit(SqliteWorker *worker, SqliteJob *job) {
        return worker_submit(worker->worker, &job->base);
}
