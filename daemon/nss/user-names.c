/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

#include "daemon/nss/nss-question.h"
#include "daemon/nss/user-names.h"

#define JOIN_SEC            1
#define TIMER_ACCURACY_USEC (UINT64_C(100) * 1000)

/* One question. Its memory belongs to the queue that it is linked in, or to the worker while it asks. */
typedef struct Job {
        uid_t uid;
        char *user;         /* whose groups are asked for; NULL: the name of @uid is */
        char *name;         /* the answer */
        UserNameCall *call; /* the loop's side; NULL once nobody waits. Only the loop uses it. */
        struct Job *next;   /* linked in Shared.waiting or Shared.answered */
} Job;

typedef struct JobQueue {
        Job *first, *last;
} JobQueue;

/* Shared by loop and worker. The worker may hang in NSS beyond the life of UserNames, so the last of
 * the two frees it. */
typedef struct Shared {
        pthread_mutex_t mutex;
        pthread_cond_t wanted;
        JobQueue waiting, answered;
        bool stopped;
        unsigned int n_ref;
        int answered_fd; /* eventfd */
} Shared;

struct UserNames {
        sd_event *event;
        sd_event_source *answered_source;
        Shared *shared;
        pthread_t worker;
        bool has_worker;
        UserNameCall *calls;
        unsigned int n_pending; /* unanswered jobs, with or without a call */
};

struct UserNameCall {
        UserNames *names;
        Job *job;
        UserNameDone done;
        void *userdata;
        sd_event_source *deadline;
        UserNameCall *previous, *next; /* linked in UserNames.calls */
};

static Job *job_free(Job *job) {
        if (!job)
                return NULL;
        free(job->user);
        free(job->name);
        free(job);
        return NULL;
}

static void queue_push(JobQueue *queue, Job *job) {
        job->next = NULL;
        if (queue->last)
                queue->last->next = job;
        else
                queue->first = job;
        queue->last = job;
}

static Job *queue_pop(JobQueue *queue) {
        Job *job = queue->first;

        if (!job)
                return NULL;
        queue->first = job->next;
        if (!queue->first)
                queue->last = NULL;
        job->next = NULL;
        return job;
}

static bool queue_remove(JobQueue *queue, Job *job) {
        Job *before = NULL;

        for (Job *at = queue->first; at && at != job; at = at->next)
                before = at;
        if (before ? before->next != job : queue->first != job)
                return false;
        if (before)
                before->next = job->next;
        else
                queue->first = job->next;
        if (queue->last == job)
                queue->last = before;
        return true;
}

static void queue_clear(JobQueue *queue) {
        Job *job;

        while ((job = queue_pop(queue)))
                job_free(job);
}

static void shared_unref(Shared *shared) {
        bool last;

        pthread_mutex_lock(&shared->mutex);
        last = --shared->n_ref == 0;
        pthread_mutex_unlock(&shared->mutex);
        if (!last)
                return;
        queue_clear(&shared->waiting);
        queue_clear(&shared->answered);
        close(shared->answered_fd);
        pthread_cond_destroy(&shared->wanted);
        pthread_mutex_destroy(&shared->mutex);
        free(shared);
}

static Shared *shared_new(void) {
        Shared *shared = calloc(1, sizeof(*shared));

        if (!shared)
                return NULL;
        shared->answered_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (shared->answered_fd < 0) {
                free(shared);
                return NULL;
        }
        pthread_mutex_init(&shared->mutex, NULL);
        pthread_cond_init(&shared->wanted, NULL);
        shared->n_ref = 1;
        return shared;
}

static void *worker_run(void *userdata) {
        Shared *shared = userdata;
        char *name;
        Job *job;

        pthread_mutex_lock(&shared->mutex);
        while (!shared->stopped) {
                job = queue_pop(&shared->waiting);
                if (!job) {
                        pthread_cond_wait(&shared->wanted, &shared->mutex);
                        continue;
                }
                pthread_mutex_unlock(&shared->mutex);
                name = job->user ? nss_group_names(job->user) : nss_user_name(job->uid);
                pthread_mutex_lock(&shared->mutex);
                job->name = name;
                queue_push(&shared->answered, job);
                (void)eventfd_write(shared->answered_fd, 1);
        }
        pthread_mutex_unlock(&shared->mutex);
        shared_unref(shared);
        return NULL;
}

/* The loop takes its signals by signalfd, so no other thread may receive them. */
static int worker_start(UserNames *names) {
        sigset_t all, before;
        int r;

        if (names->has_worker)
                return 0;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        names->shared->n_ref++;
        r = pthread_create(&names->worker, NULL, worker_run, names->shared);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (r) {
                names->shared->n_ref--;
                return -r;
        }
        names->has_worker = true;
        return 0;
}

static void worker_stop(UserNames *names) {
        struct timespec deadline;

        pthread_mutex_lock(&names->shared->mutex);
        names->shared->stopped = true;
        pthread_cond_signal(&names->shared->wanted);
        pthread_mutex_unlock(&names->shared->mutex);
        if (!names->has_worker)
                return;
        clock_gettime(CLOCK_MONOTONIC, &deadline);
        deadline.tv_sec += JOIN_SEC;
        if (pthread_clockjoin_np(names->worker, NULL, CLOCK_MONOTONIC, &deadline))
                pthread_detach(names->worker);
}

static void call_complete(UserNameCall *call, const char *name) {
        UserNameDone done = call->done;

        call->done = NULL;
        sd_event_source_disable_unref(call->deadline);
        call->deadline = NULL;
        if (done)
                done(call, name, call->userdata);
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata) {
        (void)source;
        (void)usec;
        call_complete(userdata, NULL);
        return 0;
}

static int on_answered(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        UserNames *names = userdata;
        JobQueue answered;
        eventfd_t count;
        Job *job;

        (void)source;
        (void)revents;
        (void)eventfd_read(fd, &count);
        pthread_mutex_lock(&names->shared->mutex);
        answered = names->shared->answered;
        names->shared->answered = (JobQueue){ 0 };
        pthread_mutex_unlock(&names->shared->mutex);
        /* A completion may free other calls, whose jobs then are in this queue: they only lose their
         * call. It may not free @names. */
        while ((job = queue_pop(&answered))) {
                UserNameCall *call = job->call;

                names->n_pending--;
                if (call) {
                        call->job = NULL;
                        call_complete(call, job->name);
                }
                job_free(job);
        }
        return 0;
}

int user_names_new(sd_event *event, UserNames **ret_names) {
        UserNames *names = calloc(1, sizeof(*names));
        int r = -ENOMEM;

        if (!names)
                return -ENOMEM;
        names->event = sd_event_ref(event);
        names->shared = shared_new();
        if (names->shared)
                r = sd_event_add_io(event, &names->answered_source, names->shared->answered_fd,
                        EPOLLIN, on_answered, names);
        if (r >= 0)
                *ret_names = names;
        else
                user_names_free(names);
        return r < 0 ? r : 0;
}

UserNames *user_names_free(UserNames *names) {
        if (!names)
                return NULL;
        sd_event_source_disable_unref(names->answered_source);
        for (UserNameCall *call = names->calls; call; call = call->next) {
                sd_event_source_disable_unref(call->deadline);
                call->deadline = NULL;
                call->names = NULL;
                call->job = NULL;
        }
        if (names->shared) {
                worker_stop(names);
                shared_unref(names->shared);
        }
        sd_event_unref(names->event);
        free(names);
        return NULL;
}

static void call_link(UserNames *names, UserNameCall *call) {
        call->names = names;
        call->next = names->calls;
        if (call->next)
                call->next->previous = call;
        names->calls = call;
}

static void call_unlink(UserNameCall *call) {
        if (call->next)
                call->next->previous = call->previous;
        if (call->previous)
                call->previous->next = call->next;
        else
                call->names->calls = call->next;
}

static int ask(UserNames *names, const Job *question, UserNameDone done, void *userdata,
        UserNameCall **ret_call) {
        _cleanup_(user_name_call_freep) UserNameCall *call = NULL;
        int r;

        if (names->n_pending >= USER_NAMES_PENDING_MAX)
                return -EBUSY;
        r = worker_start(names);
        if (r < 0)
                return r;
        call = calloc(1, sizeof(*call));
        if (!call)
                return -ENOMEM;
        call_link(names, call);
        r = sd_event_add_time_relative(names->event, &call->deadline, CLOCK_MONOTONIC,
                USER_NAMES_TIMEOUT_USEC, TIMER_ACCURACY_USEC, on_deadline, call);
        if (r < 0)
                return r;
        call->job = calloc(1, sizeof(*call->job));
        if (!call->job)
                return -ENOMEM;
        *call->job = *question;
        call->job->call = call;
        call->done = done;
        call->userdata = userdata;
        names->n_pending++;
        pthread_mutex_lock(&names->shared->mutex);
        queue_push(&names->shared->waiting, call->job);
        pthread_cond_signal(&names->shared->wanted);
        pthread_mutex_unlock(&names->shared->mutex);
        *ret_call = TAKE_PTR(call);
        return 0;
}

int user_names_lookup(
        UserNames *names, uid_t uid, UserNameDone done, void *userdata, UserNameCall **ret_call) {
        return ask(names, &(Job){ .uid = uid }, done, userdata, ret_call);
}

int user_names_groups(UserNames *names, const char *user, UserNameDone done, void *userdata,
        UserNameCall **ret_call) {
        Job question = { .user = strdup(user) };
        int r;

        if (!question.user)
                return -ENOMEM;
        r = ask(names, &question, done, userdata, ret_call);
        if (r < 0)
                free(question.user);
        return r;
}

/* A job that nobody waits for, and that was not begun, is dropped: it would only hold up others. */
static void withdraw(UserNames *names, Job *job) {
        bool was_waiting;

        job->call = NULL;
        pthread_mutex_lock(&names->shared->mutex);
        was_waiting = queue_remove(&names->shared->waiting, job);
        pthread_mutex_unlock(&names->shared->mutex);
        if (!was_waiting)
                return;
        names->n_pending--;
        job_free(job);
}

UserNameCall *user_name_call_free(UserNameCall *call) {
        if (!call)
                return NULL;
        if (call->job && call->names)
                withdraw(call->names, call->job);
        if (call->names)
                call_unlink(call);
        sd_event_source_disable_unref(call->deadline);
        free(call);
        return NULL;
}
