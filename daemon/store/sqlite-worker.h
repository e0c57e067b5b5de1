#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The only thread that touches the database. It puts all waiting jobs, in their order, into one
 * transaction: so many commits cost one write to the disk. A job is done when its transaction is on
 * the disk, never before.
 */

#include <stdint.h>

#include "common/cleanup.h"
#include "daemon/session/state-end.h"
#include "daemon/session/user-state.h"
#include "daemon/store/sqlite-records.h"
#include "daemon/worker/worker.h"

typedef struct SqliteJob SqliteJob;
typedef struct SqliteWorker SqliteWorker;
typedef struct StoreCall StoreCall;

typedef enum SqliteJobType {
        SQLITE_JOB_LOAD,
        SQLITE_JOB_STORE,
        SQLITE_JOB_FIND,
        SQLITE_JOB_SCAN,
        SQLITE_JOB_MARK,
        SQLITE_JOB_LOCK_OUT,
        SQLITE_JOB_LIFT,
        SQLITE_JOB_EXPIRE,
} SqliteJobType;

struct SqliteJob {
        WorkerJob base;
        SqliteJobType type;
        char *tenant;  /* not EXPIRE */
        char *subject; /* LOAD: user; FIND: sid; SCAN: user before the first; MARK, STORE: name of
                                * the mark; STORE: or NULL */
        UserState *before; /* STORE: what must be stored */
        UserState *state; /* STORE: with its new version; LOAD: the result, or what is left of it */
        char *unreadable; /* STORE: what it replaces; LOAD: the result, if it @examines */
        bool examines;    /* LOAD: examine a record that is no state, to replace it */
        UserState *found; /* STORE: the result when something else is stored */
        bool ends;        /* it ends or forbids something, so it may use the reserve */
        Moment moment;    /* EXPIRE */
        char *mark_expected;   /* MARK; NULL: only read; STORE: what it must begin with */
        char *mark_value;      /* MARK */
        char *place;           /* LOCK_OUT, LIFT: of the user in @subject */
        uint64_t until_sec;    /* LOCK_OUT */
        unsigned int n_lifted; /* LIFT: in memory, beforehand */
        char *user;            /* FIND, MARK: the result */
        SqliteNames names;     /* SCAN, EXPIRE: the result */
        int result;            /* 0, STORE_E_* or negative errno */
        int sqlite_error;      /* that led to @result; 0: none */
        uint64_t started_usec; /* CLOCK_MONOTONIC */
        StoreCall *call;       /* who waits; touched by the loop's thread only */
};

typedef struct SqliteWorkerOwner {
        /* In the loop: a job is done, in the order of submission; borrowed. */
        void (*done)(SqliteJob *job, void *userdata);
        /* At the end: the files are somebody else's, and left alone. */
        void (*left)(void *userdata);
        void *userdata;
} SqliteWorkerOwner;

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
 * @event:      loop
 * @database:   the worker's from now on, also on failure
 * @owner:      copied
 * @ret_worker: owned by the caller
 *
 * Return: 0; negative errno.
 */
int sqlite_worker_new(sd_event *event, SqliteDatabase *database, const SqliteWorkerOwner *owner,
        SqliteWorker **ret_worker);

/**
 * sqlite_worker_free() - finish the submitted jobs, stop the thread, close the database
 * @worker:     NULL is fine
 *
 * Return: NULL.
 */
SqliteWorker *sqlite_worker_free(SqliteWorker *worker);
DEFINE_CLEANUP(SqliteWorker, sqlite_worker_free)

/**
 * sqlite_worker_submit() - submit a job; jobs that wait together share a transaction
 * @worker:     running
 * @job:        the worker's until it is done, unless this fails; only its call may be touched
 *
 * Return: 0; negative errno.
 */
int sqlite_worker_submit(SqliteWorker *worker, SqliteJob *job);
