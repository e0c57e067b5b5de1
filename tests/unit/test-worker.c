/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
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
        atomic_bool hold;     /* the threads, not the loop */
        atomic_int stay;      /* where a thread is put; -1: it may choose */
        atomic_int processor; /* of the loop, for: */
        atomic_uint n_beside,
                n_off; /* jobs of a thread that may run there, and of one that may not */
        pthread_t loop;
} bed;

static void pin(int processor) {
        cpu_set_t set;

        CPU_ZERO(&set);
        CPU_SET((size_t)processor, &set);
        assert_int_equal(sched_setaffinity(0, sizeof(set), &set), 0);
}

static void note_place(void) {
        cpu_set_t set;

        if (pthread_equal(pthread_self(), bed.loop))
                return;
        assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
        atomic_fetch_add(
                CPU_ISSET((size_t)atomic_load(&bed.processor), &set) ? &bed.n_beside : &bed.n_off,
                1);
        if (atomic_load(&bed.stay) >= 0)
                pin(atomic_load(&bed.stay));
}

static void run(struct WorkerJobList *jobs, void *userdata) {
        WorkerJob *each;

        (void)userdata;
        note_place();
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

static const WorkerType one_by_one = { .name = "one-by-one",
        .n_threads = 1,
        .batch_max = 1,
        .run = run,
        .done = on_done,
        .drop = drop };

static void begin(const WorkerType *type) {
        bed.n_done = bed.n_dropped = bed.n_helped = bed.last = 0;
        bed.in_order = true;
        bed.loop = pthread_self();
        atomic_store(&bed.hold, false);
        atomic_store(&bed.stay, -1);
        atomic_store(&bed.n_beside, 0);
        atomic_store(&bed.n_off, 0);
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

/* Hands @n jobs over, and leaves them to the thread. */
static void let_the_thread_do(unsigned int n) {
        for (unsigned int i = 1; i <= n; i++)
                submit(i, worker_share);
        assert_true(sd_event_run(bed.event, 0) > 0);
        while (atomic_load(&bed.n_beside) + atomic_load(&bed.n_off) < n)
                (void)sched_yield();
        run_until(n);
}

static void test_a_thread_leaves_the_processor_of_a_busy_loop(void **unused) {
        cpu_set_t before;
        int processor = sched_getcpu();

        (void)unused;
        assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
        if (CPU_COUNT(&before) < 2)
                skip();
        atomic_store(&bed.processor, processor);
        begin(&one_by_one);
        pin(processor);
        atomic_store(&bed.stay, processor);
        let_the_thread_do(1);
        atomic_store(&bed.stay, -1);
        bed.n_done = 0;
        atomic_store(&bed.n_beside, 0);
        atomic_store(&bed.n_off, 0);
        let_the_thread_do(8);
        /* One it has when it wakes up. */
        assert_in_range(atomic_load(&bed.n_off), 7, 8);
        end();
        assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
}

/* The loop may sleep by then: where it was is as good as anywhere. */
static void test_a_thread_stays_for_one_job(void **unused) {
        cpu_set_t before;
        int processor = sched_getcpu();

        (void)unused;
        assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
        atomic_store(&bed.processor, processor);
        begin(&one_by_one);
        pin(processor);
        atomic_store(&bed.stay, processor);
        for (unsigned int i = 0; i < 8; i++) {
                bed.n_done = 0;
                atomic_store(&bed.n_beside, 0);
                let_the_thread_do(1);
                atomic_store(&bed.stay, -1);
        }
        assert_int_equal(atomic_load(&bed.n_off), 0);
        end();
        assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
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
                cmocka_unit_test(test_a_thread_leaves_the_processor_of_a_busy_loop),
                cmocka_unit_test(test_a_thread_stays_for_one_job),
                cmocka_unit_test(test_what_was_submitted_is_done_and_dropped_at_the_end),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
