/* SPDX-License-Identifier: MIT */
#include "daemon/worker/worker.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define STACK_SIZE  (128u * 1024u)
#define THREADS_MAX 4u
/* After this many submitted jobs a thread is woken at once, instead of at the end of a long turn
 * of the loop. */
#define JOBS_PER_WAKE 8u
/* The loop helps if this many jobs wait: a single one is left to the thread that was woken for
 * it. */
#define JOBS_ENOUGH 2u
/* Up to this many jobs the loop finishes quickly itself. A thread then yields first, so that it does not take the
 * processor from a process the loop is waiting for, such as the store's server. */
#define JOBS_FEW 48u
/* One turn of the loop costs a fraction of a quick job. More jobs a turn would delay answers that are
 * ready. */
#define JOBS_PER_HELP 4u

struct Worker {
        const WorkerType *type;
        void *userdata;
        sd_event_source *wake_source, *done_source, *help_source;
        int fd;               /* eventfd; readable when something is done */
        cpu_set_t processors; /* that we may run on */
        pthread_t threads[THREADS_MAX];
        unsigned int n_threads, n_threads_max;
        pthread_mutex_t mutex; /* for what follows */
        pthread_cond_t changed;
        struct WorkerJobList submitted, done;
        unsigned int n_submitted; /* that no thread has taken */
        unsigned int n_idle;      /* threads */
        int loop_processor;       /* where the loop ran when it last handed over */
        bool keep_off;            /* the threads may choose where they run */
        bool stop;
};

/* Called and returns with the mutex locked. */
static void take_batch(Worker *worker, struct WorkerJobList *batch) {
        WorkerJob *job;

        for (size_t n = 0; n < worker->type->batch_max; n++) {
                job = STAILQ_FIRST(&worker->submitted);
                if (!job)
                        break;
                STAILQ_REMOVE_HEAD(&worker->submitted, link);
                STAILQ_INSERT_TAIL(batch, job, link);
                worker->n_submitted--;
        }
}

static void wake_loop(Worker *worker) {
        uint64_t one = 1;

        /* Fails only when the counter is full, and then the loop is awake. */
        if (write(worker->fd, &one, sizeof(one)) < 0)
                return;
}

/* Called and returns with the mutex locked. */
static void give_back(Worker *worker, struct WorkerJobList *jobs) {
        bool was_empty = STAILQ_EMPTY(&worker->done);

        STAILQ_CONCAT(&worker->done, jobs);
        if (was_empty)
                wake_loop(worker);
}

static uint64_t now_nsec(void) {
        struct timespec now;

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Look for jobs before sleeping: waking a sleeping thread costs the loop more than this costs the thread, and the
 * thread may wake up on the loop's processor although another one is idle. Called and returns with the mutex
 * locked. */
static void look_for_more(Worker *worker) {
        uint64_t until_nsec = now_nsec() + worker->type->look_usec * 1000;

        while (worker->type->look_usec && STAILQ_EMPTY(&worker->submitted) && !worker->stop &&
                now_nsec() < until_nsec) {
                pthread_mutex_unlock(&worker->mutex);
                (void)sched_yield();
                pthread_mutex_lock(&worker->mutex);
        }
}

/* Called and returns with the mutex locked. */
static void let_others_go_first(Worker *worker) {
        const WorkerJob *job = STAILQ_FIRST(&worker->submitted);

        if (!job || !job->is_shared || worker->n_submitted >= JOBS_FEW)
                return;
        pthread_mutex_unlock(&worker->mutex);
        (void)sched_yield();
        pthread_mutex_lock(&worker->mutex);
}

/* While several jobs wait, the loop is awake and does them, too. On one processor both together do no more than one of
 * them. Meanwhile the loop sends nothing to the store, which idles, for milliseconds: a kernel does not move a thread
 * to a processor that is idle only for moments. Called and returns with the mutex locked. */
static void keep_off_the_loop(Worker *worker) {
        const WorkerJob *job = STAILQ_FIRST(&worker->submitted);
        cpu_set_t others = worker->processors;
        int r;

        if (!job || !job->is_shared || worker->n_submitted < JOBS_ENOUGH || !worker->keep_off ||
                sched_getcpu() != worker->loop_processor)
                return;
        CPU_CLR((size_t)worker->loop_processor, &others);
        pthread_mutex_unlock(&worker->mutex);
        r = sched_setaffinity(0, sizeof(others), &others);
        pthread_mutex_lock(&worker->mutex);
        /* If it is not permitted, no thread tries again. */
        worker->keep_off = r == 0;
}

static void *work(void *userdata) {
        Worker *worker = userdata;

        pthread_mutex_lock(&worker->mutex);
        for (;;) {
                struct WorkerJobList batch = STAILQ_HEAD_INITIALIZER(batch);

                look_for_more(worker);
                let_others_go_first(worker);
                keep_off_the_loop(worker);
                worker->n_idle++;
                while (STAILQ_EMPTY(&worker->submitted) && !worker->stop)
                        pthread_cond_wait(&worker->changed, &worker->mutex);
                worker->n_idle--;
                if (STAILQ_EMPTY(&worker->submitted))
                        break;
                take_batch(worker, &batch);
                pthread_mutex_unlock(&worker->mutex);
                worker->type->run(&batch, worker->userdata);
                pthread_mutex_lock(&worker->mutex);
                give_back(worker, &batch);
        }
        pthread_mutex_unlock(&worker->mutex);
        return NULL;
}

/* A thread blocks all signals: they belong to the loop. */
static int start_thread(Worker *worker) {
        sigset_t all, before;
        pthread_attr_t attributes;
        int r;

        sigfillset(&all);
        pthread_attr_init(&attributes);
        pthread_attr_setstacksize(&attributes, STACK_SIZE);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        r = pthread_create(&worker->threads[worker->n_threads], &attributes, work, worker);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        pthread_attr_destroy(&attributes);
        worker->n_threads += r == 0;
        return -r;
}

static void wake_threads(Worker *worker) {
        unsigned int n_submitted, n_idle;

        pthread_mutex_lock(&worker->mutex);
        worker->loop_processor = sched_getcpu();
        n_submitted = worker->n_submitted;
        n_idle = worker->n_idle;
        pthread_mutex_unlock(&worker->mutex);
        if (n_submitted == 0)
                return;
        if (n_idle > 0)
                pthread_cond_signal(&worker->changed);
        else if (worker->n_threads < worker->n_threads_max)
                /* Without another thread it only takes longer. */
                (void)start_thread(worker);
}

static int on_wake(sd_event_source *source, void *userdata) {
        (void)source;
        wake_threads(userdata);
        return 0;
}

/* Takes shared jobs, which the loop may do. */
static void take_shared(Worker *worker, struct WorkerJobList *jobs) {
        pthread_mutex_lock(&worker->mutex);
        for (unsigned int n = 0; n < JOBS_PER_HELP && worker->n_submitted >= JOBS_ENOUGH; n++) {
                WorkerJob *job = STAILQ_FIRST(&worker->submitted);

                if (!job->is_shared)
                        break;
                STAILQ_REMOVE_HEAD(&worker->submitted, link);
                STAILQ_INSERT_TAIL(jobs, job, link);
                worker->n_submitted--;
        }
        pthread_mutex_unlock(&worker->mutex);
}

/* The loop is idle: instead of waiting for the threads, it works like one of them. */
static int on_help(sd_event_source *source, void *userdata) {
        struct WorkerJobList jobs = STAILQ_HEAD_INITIALIZER(jobs);
        Worker *worker = userdata;

        take_shared(worker, &jobs);
        if (STAILQ_EMPTY(&jobs))
                return 0;
        worker->type->run(&jobs, worker->userdata);
        pthread_mutex_lock(&worker->mutex);
        give_back(worker, &jobs);
        pthread_mutex_unlock(&worker->mutex);
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int on_done(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        struct WorkerJobList jobs = STAILQ_HEAD_INITIALIZER(jobs);
        Worker *worker = userdata;
        uint64_t count;
        WorkerJob *job;

        (void)source;
        (void)events;
        if (read(fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
                return 0;
        pthread_mutex_lock(&worker->mutex);
        STAILQ_CONCAT(&jobs, &worker->done);
        pthread_mutex_unlock(&worker->mutex);
        while ((job = STAILQ_FIRST(&jobs))) {
                STAILQ_REMOVE_HEAD(&jobs, link);
                worker->type->done(job, worker->userdata);
        }
        return 0;
}

static int add_sources(Worker *worker, sd_event *event) {
        int r;

        r = sd_event_add_io(event, &worker->done_source, worker->fd, EPOLLIN, on_done, worker);
        if (r < 0)
                return r;
        (void)sd_event_source_set_description(worker->done_source, worker->type->name);
        r = sd_event_add_defer(event, &worker->wake_source, on_wake, worker);
        if (r < 0)
                return r;
        (void)sd_event_source_set_description(worker->wake_source, worker->type->name);
        /* Wake threads before handling finished jobs, so that they work meanwhile. */
        (void)sd_event_source_set_priority(worker->wake_source, SD_EVENT_PRIORITY_IMPORTANT);
        r = sd_event_source_set_enabled(worker->wake_source, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_add_defer(event, &worker->help_source, on_help, worker);
        if (r < 0)
                return r;
        (void)sd_event_source_set_description(worker->help_source, worker->type->name);
        r = sd_event_source_set_priority(worker->help_source, SD_EVENT_PRIORITY_IDLE);
        return r < 0 ? r : sd_event_source_set_enabled(worker->help_source, SD_EVENT_OFF);
}

/* One processor is for the loop, which is as busy as the threads. */
static void count_processors(Worker *worker) {
        int n = 0;

        if (sched_getaffinity(0, sizeof(worker->processors), &worker->processors) == 0)
                n = CPU_COUNT(&worker->processors) - 1;
        worker->keep_off = n > 0;
        worker->n_threads_max = n < 1 ? 1 : n < (int)THREADS_MAX ? (unsigned int)n : THREADS_MAX;
        if (worker->type->n_threads)
                worker->n_threads_max = worker->type->n_threads;
}

int worker_new(sd_event *event, const WorkerType *type, void *userdata, Worker **ret_worker) {
        _cleanup_(worker_freep) Worker *worker = calloc(1, sizeof(*worker));
        int r;

        if (!worker)
                return -ENOMEM;
        worker->type = type;
        worker->userdata = userdata;
        count_processors(worker);
        STAILQ_INIT(&worker->submitted);
        STAILQ_INIT(&worker->done);
        pthread_mutex_init(&worker->mutex, NULL);
        pthread_cond_init(&worker->changed, NULL);
        worker->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        if (worker->fd < 0)
                return -errno;
        r = add_sources(worker, event);
        if (r >= 0)
                r = start_thread(worker);
        if (r < 0)
                return r;
        *ret_worker = TAKE_PTR(worker);
        return 0;
}

static void drop_jobs(const Worker *worker, struct WorkerJobList *jobs) {
        WorkerJob *job;

        while ((job = STAILQ_FIRST(jobs))) {
                STAILQ_REMOVE_HEAD(jobs, link);
                worker->type->drop(job);
        }
}

Worker *worker_free(Worker *worker) {
        if (!worker)
                return NULL;
        pthread_mutex_lock(&worker->mutex);
        worker->stop = true;
        pthread_cond_broadcast(&worker->changed);
        pthread_mutex_unlock(&worker->mutex);
        for (unsigned int i = 0; i < worker->n_threads; i++)
                pthread_join(worker->threads[i], NULL);
        drop_jobs(worker, &worker->submitted);
        drop_jobs(worker, &worker->done);
        sd_event_source_disable_unref(worker->wake_source);
        sd_event_source_disable_unref(worker->done_source);
        sd_event_source_disable_unref(worker->help_source);
        closep(&worker->fd);
        pthread_cond_destroy(&worker->changed);
        pthread_mutex_destroy(&worker->mutex);
        free(worker);
        return NULL;
}

int worker_submit(Worker *worker, WorkerJob *job) {
        int r = sd_event_source_set_enabled(worker->wake_source, SD_EVENT_ONESHOT);
        bool many;

        if (r < 0)
                return r;
        pthread_mutex_lock(&worker->mutex);
        STAILQ_INSERT_TAIL(&worker->submitted, job, link);
        many = ++worker->n_submitted % JOBS_PER_WAKE == 0 && worker->n_idle > 0;
        pthread_mutex_unlock(&worker->mutex);
        if (many)
                pthread_cond_signal(&worker->changed);
        return 0;
}

int worker_share(Worker *worker, WorkerJob *job) {
        int r = sd_event_source_set_enabled(worker->help_source, SD_EVENT_ONESHOT);

        job->is_shared = true;
        return r < 0 ? r : worker_submit(worker, job);
}
