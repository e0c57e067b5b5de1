#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Work that may take long, in threads of its own: the loop hands jobs over and gets them back. Jobs of one turn of
 * the loop are handed over together, so that many jobs need few wake-ups.
 */

#include <stdbool.h>
#include <sys/queue.h>
#include <systemd/sd-event.h>

#include "common/cleanup.h"

typedef struct Worker Worker;

/* The first member of every job. */
typedef struct WorkerJob {
        STAILQ_ENTRY(WorkerJob) link;
        bool is_shared; /* see worker_share() */
} WorkerJob;

STAILQ_HEAD(WorkerJobList, WorkerJob);

typedef struct WorkerType {
        const char *name;
        /* With one, jobs are done in the order of their submission; 0: as many as there are processors beside
         * that of the loop, within reason. */
        unsigned int n_threads;
        unsigned int look_usec; /* how long a thread looks for more before it sleeps */
        unsigned int batch_max; /* jobs that a thread takes at once */
        /* In a thread: does all of @jobs, which stay in the list. */
        void (*run)(struct WorkerJobList *jobs, void *userdata);
        /* In the loop: one that is done, handed over. */
        void (*done)(WorkerJob *job, void *userdata);
        /* For a job that nobody waits for any more, because the worker is freed; handed over. */
        void (*drop)(WorkerJob *job);
} WorkerType;

/**
 * worker_new() - start the first thread; more are started when jobs have to wait
 * @event:      loop
 * @type:       static
 * @userdata:   for its functions
 * @ret_worker: owned by the caller
 *
 * Return: 0; negative errno.
 */
int worker_new(sd_event *event, const WorkerType *type, void *userdata, Worker **ret_worker);

/**
 * worker_free() - finish the submitted jobs, stop the threads, drop the jobs
 * @worker:     NULL is fine
 *
 * Return: NULL.
 */
Worker *worker_free(Worker *worker);
DEFINE_CLEANUP(Worker, worker_free)

/**
 * worker_submit() - hand a job over
 * @worker:     any
 * @job:        the worker's from now on, unless this fails
 *
 * Return: 0; negative errno of sd-event.
 */
int worker_submit(Worker *worker, WorkerJob *job);

/**
 * worker_share() - hand over a job that does not take long
 * @worker:     any; its jobs come back in any order
 * @job:        as for worker_submit()
 *
 * When several wait for the threads and the loop has nothing else to do, it does some itself.
 * Return: as worker_submit().
 */
int worker_share(Worker *worker, WorkerJob *job);
