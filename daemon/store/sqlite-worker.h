#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The thread that alone touches the database. It takes all jobs that are waiting, in their order, and
 * puts them into one transaction: so many commits cost one write to the disk. A job is done when its
 * transaction is on the disk, never before.
 */

#include <stdint.h>
#include <sys/queue.h>

#include "common/cleanup.h"
#include "daemon/session/state-end.h"
#include "daemon/session/user-state.h"
#include "daemon/store/sqlite-records.h"

typedef struct SqliteJob SqliteJob;
typedef struct SqliteWorker SqliteWorker;
typedef struct StoreCall StoreCall;

typedef enum SqliteJobType {
        SQLITE_JOB_LOAD,
        SQLITE_JOB_STORE,
        SQLITE_JOB_FIND,
        SQLITE_JOB_LIST,
        SQLITE_JOB_SCAN,
        SQLITE_JOB_MARK,
        SQLITE_JOB_LOCK_OUT,
        SQLITE_JOB_EXPIRE,
} SqliteJobType;

struct SqliteJob {
        SqliteJobType type;
        char *tenant;  /* not EXPIRE */
        char *subject; /* LOAD: user; FIND: sid; SCAN: user before the first; MARK, STORE: name of
                                * the mark; STORE: or NULL */
        UserState *state;      /* STORE: with its new version; LOAD: the result */
        StateVersion expected; /* STORE */
        bool ends;             /* it only takes away, so it may use the reserve */
        Moment moment;         /* EXPIRE */
        char *mark_expected;   /* MARK; NULL: only read; STORE: what it must begin with */
        char *mark_value;      /* MARK */
        char *place;           /* LOCK_OUT: of the user in @subject */
        uint64_t until_sec;    /* LOCK_OUT */
        char *user;            /* FIND, MARK: the result */
        UserNames names;       /* LIST, SCAN, EXPIRE: the result */
        int result;            /* 0, STORE_E_* or negative errno */
        int sqlite_error;      /* that led to @result; 0: none */
        uint64_t started_usec; /* CLOCK_MONOTONIC */
        StoreCall *call;       /* who waits; touched by the loop's thread only */
        STAILQ_ENTRY(SqliteJob) link;
};

STAILQ_HEAD(SqliteJobList, SqliteJob);

/**
 * sqlite_job_free() - free a job and what it owns
 * @job:        NULL is fine; in no list
 *
 * Return: NULL.
 */
SqliteJob *sqlite_job_free(SqliteJob *job);
DEFINE_CLEANUP(SqliteJob, sqlite_job_free)

/**
 * sqlite_worker_new() - start the thread
 * @database:   the worker's from now on, also on failure
 * @ret_worker: owned by the caller
 *
 * Return: 0; negative errno.
 */
int sqlite_worker_new(SqliteDatabase *database, SqliteWorker **ret_worker);

/**
 * sqlite_worker_free() - do what was submitted, stop the thread, close the database
 * @worker:     NULL is fine
 *
 * Return: NULL.
 */
SqliteWorker *sqlite_worker_free(SqliteWorker *worker);
DEFINE_CLEANUP(SqliteWorker, sqlite_worker_free)

/**
 * sqlite_worker_submit() - hand a job over
 * @worker:     running
 * @job:        the worker's until sqlite_worker_collect() gives it back; only its call may be touched
 *
 * A thread that sleeps may go on sleeping until sqlite_worker_wake(): jobs that come together are to share
 * a transaction.
 */
void sqlite_worker_submit(SqliteWorker *worker, SqliteJob *job);

/**
 * sqlite_worker_wake() - let the thread see what was submitted
 * @worker:     running
 */
void sqlite_worker_wake(SqliteWorker *worker);

/**
 * sqlite_worker_fd() - readable when jobs are done
 * @worker:     running
 *
 * Return: borrowed file descriptor.
 */
int sqlite_worker_fd(const SqliteWorker *worker);

/**
 * sqlite_worker_collect() - take the jobs that are done, in the order in which they were submitted
 * @worker:     running
 * @ret_jobs:   an empty list; its jobs are the caller's
 */
void sqlite_worker_collect(SqliteWorker *worker, struct SqliteJobList *ret_jobs);
