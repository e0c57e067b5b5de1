/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "daemon/store/failure-table.h"
#include "daemon/store/sqlite-database.h"
#include "daemon/store/sqlite-worker.h"
#include "daemon/store/user-store.h"

#define STACK_SIZE (128u * 1024u)
#define BATCH_MAX  256u
/* The thread need not wait for the end of a long turn of the loop. */
#define JOBS_PER_WAKE 8u

struct SqliteWorker {
        SqliteDatabase *database;
        pthread_t thread;
        bool running;
        int fd;
        pthread_mutex_t mutex; /* for what follows */
        pthread_cond_t changed;
        struct SqliteJobList submitted, done;
        unsigned int n_submitted;
        bool stop;
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
        user_state_unref(job->state);
        user_names_clear(&job->names);
        free(job);
        return NULL;
}

static bool job_writes(const SqliteJob *job) {
        return job->type == SQLITE_JOB_STORE || job->type == SQLITE_JOB_EXPIRE ||
               job->type == SQLITE_JOB_LOCK_OUT ||
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

static int run_store(SqliteDatabase *database, const SqliteJob *job) {
        const SqliteMark mark = {
                .tenant = job->state->tenant,
                .name = job->subject,
                .expected = job->mark_expected,
        };
        int r = mark.name ? sqlite_records_guard(database, &mark) : 0;

        return r ? r : sqlite_records_store(database, &job->expected, job->state);
}

static int run_job(SqliteDatabase *database, SqliteJob *job) {
        switch (job->type) {
        case SQLITE_JOB_LOAD:
                return sqlite_records_load(database, job->tenant, job->subject, &job->state);
        case SQLITE_JOB_STORE:
                return run_store(database, job);
        case SQLITE_JOB_FIND:
                return sqlite_records_find(database, job->tenant, job->subject, &job->user);
        case SQLITE_JOB_LIST:
                return sqlite_records_list(database, job->tenant, &job->names);
        case SQLITE_JOB_SCAN:
                return sqlite_records_scan(database, job->tenant, job->subject, &job->names);
        case SQLITE_JOB_LOCK_OUT:
                return sqlite_records_lock_out(database,
                        &(FailureKey){ job->tenant, job->subject, job->place }, job->until_sec);
        case SQLITE_JOB_EXPIRE:
                return sqlite_records_expire(database, &job->moment, &job->names);
        case SQLITE_JOB_MARK:
                return run_mark(database, job);
        }
        return -EINVAL;
}

/* What a job found in a transaction that was rolled back may never have been true. */
static void forget_results(SqliteJob *job) {
        if (job->type == SQLITE_JOB_LOAD)
                job->state = user_state_unref(job->state);
        free(TAKE_PTR(job->user));
        user_names_clear(&job->names);
}

static void set_result(SqliteJob *job, SqliteDatabase *database, int r) {
        job->result = r;
        job->sqlite_error = r == 0 ? 0 : database->error;
}

/* Only reads: each stands alone, so nothing has to be undone. */
static void read_batch(SqliteDatabase *database, struct SqliteJobList *batch) {
        SqliteJob *job;

        STAILQ_FOREACH(job, batch, link) {
                database->error = 0;
                set_result(job, database, run_job(database, job));
        }
}

static bool is_full(const SqliteDatabase *database) {
        return (database->error & 0xff) == SQLITE_FULL;
}

/* Returns 0 if the transaction is on the disk; all results hold then, and none otherwise. */
static int write_batch(SqliteDatabase *database, struct SqliteJobList *batch) {
        SqliteJob *job;
        int r;

        r = sqlite_database_begin(database);
        STAILQ_FOREACH(job, batch, link) {
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
        STAILQ_FOREACH(job, batch, link) {
                forget_results(job);
                set_result(job, database, r);
        }
        return r;
}

/* When the disk is full, the log has room once it is written back, and what ends sessions has more. */
static void write_alone(SqliteDatabase *database, struct SqliteJobList *alone) {
        const SqliteJob *job = STAILQ_FIRST(alone);

        if (write_batch(database, alone) == 0 || !is_full(database))
                return;
        if (sqlite_database_make_room(database, false) && write_batch(database, alone) == 0)
                return;
        if (job->ends && sqlite_database_make_room(database, true))
                (void)write_batch(database, alone);
}

/* After a failure each job has another try of its own: a revocation must not fail because of the
 * login next to it. */
static void retry_alone(SqliteDatabase *database, struct SqliteJobList *batch) {
        struct SqliteJobList done = STAILQ_HEAD_INITIALIZER(done);
        SqliteJob *job;

        while ((job = STAILQ_FIRST(batch))) {
                struct SqliteJobList alone = STAILQ_HEAD_INITIALIZER(alone);

                STAILQ_REMOVE_HEAD(batch, link);
                STAILQ_INSERT_TAIL(&alone, job, link);
                if (job_writes(job))
                        write_alone(database, &alone);
                else
                        read_batch(database, &alone);
                STAILQ_CONCAT(&done, &alone);
        }
        STAILQ_CONCAT(batch, &done);
}

static void run_batch(SqliteDatabase *database, struct SqliteJobList *batch) {
        bool writes = false;
        SqliteJob *job;

        STAILQ_FOREACH(job, batch, link)
        writes = writes || job_writes(job);
        if (!writes)
                read_batch(database, batch);
        else if (write_batch(database, batch) != 0 &&
                 (is_full(database) || STAILQ_NEXT(STAILQ_FIRST(batch), link)))
                retry_alone(database, batch);
}

/* Called and returns with the mutex locked. */
static void take_batch(SqliteWorker *worker, struct SqliteJobList *batch) {
        SqliteJob *job;

        for (size_t n = 0; n < BATCH_MAX && (job = STAILQ_FIRST(&worker->submitted)); n++) {
                STAILQ_REMOVE_HEAD(&worker->submitted, link);
                STAILQ_INSERT_TAIL(batch, job, link);
        }
}

static void wake_loop(SqliteWorker *worker) {
        uint64_t one = 1;

        /* Fails only when the counter is full, and then the loop is awake. */
        if (write(worker->fd, &one, sizeof(one)) < 0)
                return;
}

static void *work(void *userdata) {
        SqliteWorker *worker = userdata;

        pthread_mutex_lock(&worker->mutex);
        for (;;) {
                struct SqliteJobList batch = STAILQ_HEAD_INITIALIZER(batch);

                while (STAILQ_EMPTY(&worker->submitted) && !worker->stop)
                        pthread_cond_wait(&worker->changed, &worker->mutex);
                if (STAILQ_EMPTY(&worker->submitted))
                        break;
                take_batch(worker, &batch);
                pthread_mutex_unlock(&worker->mutex);
                run_batch(worker->database, &batch);
                pthread_mutex_lock(&worker->mutex);
                STAILQ_CONCAT(&worker->done, &batch);
                wake_loop(worker);
        }
        pthread_mutex_unlock(&worker->mutex);
        return NULL;
}

/* The thread blocks all signals: they belong to the loop. */
static int start_thread(SqliteWorker *worker) {
        sigset_t all, before;
        pthread_attr_t attributes;
        int r;

        sigfillset(&all);
        pthread_attr_init(&attributes);
        pthread_attr_setstacksize(&attributes, STACK_SIZE);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        r = pthread_create(&worker->thread, &attributes, work, worker);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        pthread_attr_destroy(&attributes);
        worker->running = r == 0;
        return -r;
}

int sqlite_worker_new(SqliteDatabase *database, SqliteWorker **ret_worker) {
        _cleanup_(sqlite_worker_freep) SqliteWorker *worker = calloc(1, sizeof(*worker));
        int r;

        if (!worker) {
                sqlite_database_close(database);
                return -ENOMEM;
        }
        worker->database = database;
        STAILQ_INIT(&worker->submitted);
        STAILQ_INIT(&worker->done);
        pthread_mutex_init(&worker->mutex, NULL);
        pthread_cond_init(&worker->changed, NULL);
        worker->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        if (worker->fd < 0)
                return -errno;
        r = start_thread(worker);
        if (r < 0)
                return r;
        *ret_worker = TAKE_PTR(worker);
        return 0;
}

static void free_jobs(struct SqliteJobList *jobs) {
        SqliteJob *job;

        while ((job = STAILQ_FIRST(jobs))) {
                STAILQ_REMOVE_HEAD(jobs, link);
                sqlite_job_free(job);
        }
}

SqliteWorker *sqlite_worker_free(SqliteWorker *worker) {
        if (!worker)
                return NULL;
        if (worker->running) {
                pthread_mutex_lock(&worker->mutex);
                worker->stop = true;
                pthread_cond_signal(&worker->changed);
                pthread_mutex_unlock(&worker->mutex);
                pthread_join(worker->thread, NULL);
        }
        free_jobs(&worker->submitted);
        free_jobs(&worker->done);
        sqlite_database_close(worker->database);
        closep(&worker->fd);
        pthread_cond_destroy(&worker->changed);
        pthread_mutex_destroy(&worker->mutex);
        free(worker);
        return NULL;
}

void sqlite_worker_submit(SqliteWorker *worker, SqliteJob *job) {
        bool many;

        pthread_mutex_lock(&worker->mutex);
        STAILQ_INSERT_TAIL(&worker->submitted, job, link);
        many = ++worker->n_submitted % JOBS_PER_WAKE == 0;
        pthread_mutex_unlock(&worker->mutex);
        if (many)
                sqlite_worker_wake(worker);
}

void sqlite_worker_wake(SqliteWorker *worker) {
        pthread_cond_signal(&worker->changed);
}

int sqlite_worker_fd(const SqliteWorker *worker) {
        return worker->fd;
}

void sqlite_worker_collect(SqliteWorker *worker, struct SqliteJobList *ret_jobs) {
        uint64_t count;

        if (read(worker->fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
                return;
        pthread_mutex_lock(&worker->mutex);
        STAILQ_CONCAT(ret_jobs, &worker->done);
        pthread_mutex_unlock(&worker->mutex);
}
