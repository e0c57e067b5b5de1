/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "daemon/worker/worker.h"

#define N_JOBS 5000u

typedef struct Job {
        WorkerJob base;
        unsigned int number;
        pthread_t done_by;
        bool was_run;
} Job;

/* Of the test under way: a job's type has no room for more. */
static struct {
        sd_event *event;
        Worker *worker;
        unsigned int n_done, n_dropped, n_helped, last;
        bool in_order, starting;
        atomic_bool hold; /* the threads, not the loop */
        pthread_t loop;
} bed;

static void run(struct WorkerJobList *jobs, void *userdata) {
        WorkerJob *each;

        (void)userdata;
        STAILQ_FOREACH(each, jobs, link) {
                Job *job = (Job *)each;

                assert_false(job->was_run);
                job->was_run = true;
                job->done_by = pthread_self();
        }
        while (atomic_load(&bed.hold) && !pthread_equal(pthread_self(), bed.loop))
                ;
}

static void on_done(WorkerJob *base, void *userdata) {
        Job *job = (Job *)base;

        (void)userdata;
        assert_true(job->was_run);
        assert_false(bed.starting); /* never before it was handed over */
        bed.in_order = bed.in_order && job->number == bed.last + 1;
        bed.last = job->number;
        bed.n_helped += pthread_equal(job->done_by, pthread_self()) != 0;
        bed.n_done++;
        free(job);
}

static void drop(WorkerJob *job) {
        bed.n_dropped++;
        free(job);
}

static const WorkerType single = {
        .name = "single", .n_threads = 1, .batch_max = 7, .run = run, .done = on_done, .drop = drop
};
static const WorkerType several = { .name = "several",
        .n_threads = 4,
        .look_usec = 50,
        .batch_max = 3,
        .run = run,
        .done = on_done,
        .drop = drop };

static void begin(const WorkerType *type) {
        bed.n_done = bed.n_dropped = bed.n_helped = bed.last = 0;
        bed.in_order = true;
        bed.loop = pthread_self();
        atomic_store(&bed.hold, false);
        assert_true(sd_event_new(&bed.event) >= 0);
        assert_int_equal(worker_new(bed.event, type, NULL, &bed.worker), 0);
}

static void end(void) {
        bed.worker = worker_free(bed.worker);
        bed.event = sd_event_unref(bed.event);
}

static void submit(unsigned int number, int (*hand_over)(Worker *, WorkerJob *)) {
        Job *job = calloc(1, sizeof(*job));

        assert_non_null(job);
        job->number = number;
        bed.starting = true;
        assert_int_equal(hand_over(bed.worker, &job->base), 0);
        bed.starting = false;
}

static void run_until(unsigned int n_done) {
        while (bed.n_done < n_done)
                assert_true(sd_event_run(bed.event, 10000000) > 0);
}

static void test_one_thread_keeps_the_order(void **unused) {
        (void)unused;
        begin(&single);
        for (unsigned int i = 1; i <= N_JOBS; i++)
                submit(i, worker_submit);
        run_until(N_JOBS);
        assert_true(bed.in_order);
        end();
        assert_int_equal(bed.n_done, N_JOBS);
        assert_int_equal(bed.n_dropped, 0);
}

static void test_each_job_comes_back_once(void **unused) {
        (void)unused;
        begin(&several);
        for (unsigned int i = 1; i <= N_JOBS; i++) {
                submit(i, worker_share);
                if (i % 100 == 0)
                        assert_true(sd_event_run(bed.event, 0) >= 0);
        }
        run_until(N_JOBS);
        end();
        assert_int_equal(bed.n_done, N_JOBS);
        assert_int_equal(bed.n_dropped, 0);
}

/* The one thread is held up with its first batch. */
static void test_the_loop_helps_when_enough_is_waiting(void **unused) {
        (void)unused;
        begin(&single);
        atomic_store(&bed.hold, true);
        for (unsigned int i = 1; i <= 100; i++)
                submit(i, worker_share);
        run_until(50);
        assert_in_range(bed.n_helped, 50, 99);
        atomic_store(&bed.hold, false);
        run_until(100);
        end();
}

static void test_what_was_submitted_is_done_and_dropped_at_the_end(void **unused) {
        (void)unused;
        begin(&single);
        for (unsigned int i = 1; i <= 100; i++)
                submit(i, worker_submit);
        end();
        assert_int_equal(bed.n_done, 0);
        assert_int_equal(bed.n_dropped, 100);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_one_thread_keeps_the_order),
                cmocka_unit_test(test_each_job_comes_back_once),
                cmocka_unit_test(test_the_loop_helps_when_enough_is_waiting),
                cmocka_unit_test(test_what_was_submitted_is_done_and_dropped_at_the_end),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
