/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "common/secret.h"
#include "daemon/store/redis-pending.h"
#include "daemon/store/user-store.h"

#define WRITE_PARTS_MAX 64u

int redis_pending_new(const RedisCommand *command, uint64_t now_usec, RedisPending **ret_pending) {
        _cleanup_(redis_pending_freep) RedisPending *pending = calloc(1, sizeof(*pending));
        int size;

        if (!pending)
                return -ENOMEM;
        size = redisFormatCommandArgv(&pending->text, command->argc, command->argv, command->sizes);
        if (size < 0)
                return -ENOMEM;
        pending->size = (size_t)size;
        pending->done = command->done;
        pending->userdata = command->userdata;
        pending->reply_max = command->reply_max;
        pending->started_usec = now_usec;
        *ret_pending = TAKE_PTR(pending);
        return 0;
}

static void drop_text(RedisPending *pending) {
        if (pending->text)
                secret_wipe(pending->text, pending->size);
        free(TAKE_PTR(pending->text));
}

RedisPending *redis_pending_free(RedisPending *pending) {
        if (!pending)
                return NULL;
        drop_text(pending);
        free(pending);
        return NULL;
}

/* @n: bytes that the socket took. */
static RedisPending *advance(RedisPending *pending, size_t n) {
        while (pending && n >= pending->size - pending->n_written) {
                n -= pending->size - pending->n_written;
                pending->n_written = pending->size;
                drop_text(pending);
                pending = TAILQ_NEXT(pending, link);
        }
        if (pending)
                pending->n_written += n;
        return pending;
}

int redis_pending_write(RedisPending **first, int fd) {
        while (*first) {
                struct iovec parts[WRITE_PARTS_MAX];
                struct msghdr message = { .msg_iov = parts };
                ssize_t n;

                for (RedisPending *p = *first; p && message.msg_iovlen < WRITE_PARTS_MAX;
                        p = TAILQ_NEXT(p, link)) {
                        parts[message.msg_iovlen].iov_base = p->text + p->n_written;
                        parts[message.msg_iovlen++].iov_len = p->size - p->n_written;
                }
                n = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
                if (n < 0 && errno != EINTR)
                        return -errno;
                if (n > 0)
                        *first = advance(*first, (size_t)n);
        }
        return 0;
}

void redis_pending_fail(struct RedisPendingList *list, int r, uint64_t overdue_usec) {
        RedisPending *pending;

        while ((pending = TAILQ_FIRST(list))) {
                int result = pending->started_usec <= overdue_usec ? STORE_E_TIMEOUT : r;

                TAILQ_REMOVE(list, pending, link);
                pending->done(result, NULL, pending->userdata);
                redis_pending_free(pending);
        }
}
