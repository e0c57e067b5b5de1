/* SPDX-License-Identifier: MIT */

#include "daemon/store/redis-pipeline.h"
#include "daemon/store/redis-reader.h"
#include "daemon/store/user-store.h"

void redis_pipeline_init(RedisPipeline *pipeline, uint64_t timeout_usec) {
        *pipeline = (RedisPipeline){ .timeout_usec = timeout_usec };
        TAILQ_INIT(&pipeline->sent);
        TAILQ_INIT(&pipeline->waiting);
}

void redis_pipeline_append(RedisPipeline *pipeline, RedisPending *pending) {
        TAILQ_INSERT_TAIL(&pipeline->sent, pending, link);
        if (!pipeline->unsent)
                pipeline->unsent = pending;
}

void redis_pipeline_admit(RedisPipeline *pipeline) {
        if (!pipeline->unsent)
                pipeline->unsent = TAILQ_FIRST(&pipeline->waiting);
        TAILQ_CONCAT(&pipeline->sent, &pipeline->waiting, link);
}

RedisPending *redis_pipeline_head(const RedisPipeline *pipeline) {
        RedisPending *head = TAILQ_FIRST(&pipeline->sent);

        /* A command that was not sent completely has no answer yet. */
        return head == pipeline->unsent ? NULL : head;
}

/* The caller has to learn that the answer was too large: asking again would end the next connection,
 * too. */
const char *redis_pipeline_blame(RedisPending *head, int r) {
        if (r != REDIS_READER_E_TOO_LARGE)
                return "not the Redis protocol";
        if (head)
                head->outsized = true;
        return "a reply above all limits";
}

static uint64_t due_usec(const RedisPipeline *pipeline, const RedisPending *pending) {
        return pending ? pending->started_usec + pipeline->timeout_usec : UINT64_MAX;
}

uint64_t redis_pipeline_due_usec(const RedisPipeline *pipeline) {
        uint64_t sent_usec = due_usec(pipeline, TAILQ_FIRST(&pipeline->sent));
        uint64_t waiting_usec = due_usec(pipeline, TAILQ_FIRST(&pipeline->waiting));

        return sent_usec < waiting_usec ? sent_usec : waiting_usec;
}

bool redis_pipeline_is_overdue(const RedisPipeline *pipeline, uint64_t now_usec) {
        return due_usec(pipeline, TAILQ_FIRST(&pipeline->sent)) <= now_usec;
}

void redis_pipeline_fail_waiting(RedisPipeline *pipeline, uint64_t now_usec) {
        struct RedisPendingList overdue = TAILQ_HEAD_INITIALIZER(overdue);
        RedisPending *first;

        while ((first = TAILQ_FIRST(&pipeline->waiting)) && due_usec(pipeline, first) <= now_usec) {
                TAILQ_REMOVE(&pipeline->waiting, first, link);
                TAILQ_INSERT_TAIL(&overdue, first, link);
        }
        redis_pending_fail(&overdue, STORE_E_TIMEOUT, now_usec);
}

void redis_pipeline_take(RedisPipeline *pipeline, RedisPipeline *ret_taken) {
        redis_pipeline_init(ret_taken, pipeline->timeout_usec);
        TAILQ_CONCAT(&ret_taken->sent, &pipeline->sent, link);
        TAILQ_CONCAT(&ret_taken->waiting, &pipeline->waiting, link);
        pipeline->unsent = NULL;
}

void redis_pipeline_fail(RedisPipeline *pipeline, int absence, uint64_t now_usec) {
        uint64_t overdue_usec =
                now_usec > pipeline->timeout_usec ? now_usec - pipeline->timeout_usec : 0;

        pipeline->unsent = NULL;
        redis_pending_fail(&pipeline->sent, STORE_E_OFFLINE, overdue_usec);
        redis_pending_fail(&pipeline->waiting, absence, overdue_usec);
}
