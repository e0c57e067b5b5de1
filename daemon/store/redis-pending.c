/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "common/secret.h"
#include "common/text.h"
#include "daemon/store/redis-pending.h"
#include "daemon/store/user-store.h"

#define WRITE_PARTS_MAX 64u
/* A type, a number, the end of the line, and the NUL of text_format_u64(). */
#define COUNT_SIZE_MAX (TEXT_U64_SIZE_MAX + 4)

/* "$SIZE" or "*COUNT", and the end of the line. */
static char *put_count(char *at, char type, size_t count) {
        *at++ = type;
        at += text_format_u64(count, at);
        *at++ = '\r';
        *at++ = '\n';
        return at;
}

static size_t size_of(const RedisCommand *command, int i) {
        return command->sizes ? command->sizes[i] : strlen(command->argv[i]);
}

/* As hiredis does, but without its sprintf() of each size, which took longer than everything else that a command
 * needs here. */
static void format(const RedisCommand *command, RedisPending *pending) {
        char *at = put_count(pending->text, '*', (size_t)command->argc);

        for (int i = 0; i < command->argc; i++) {
                size_t size = size_of(command, i);

                at = put_count(at, '$', size);
                at = mempcpy(at, command->argv[i], size);
                at = mempcpy(at, "\r\n", strlen("\r\n"));
        }
        pending->size = (size_t)(at - pending->text);
}

static size_t formatted_size_max(const RedisCommand *command) {
        size_t size = COUNT_SIZE_MAX;

        for (int i = 0; i < command->argc; i++)
                size += COUNT_SIZE_MAX + size_of(command, i) + strlen("\r\n");
        return size;
}

int redis_pending_new(const RedisCommand *command, uint64_t now_usec, RedisPending **ret_pending) {
        RedisPending *pending = malloc(sizeof(*pending) + formatted_size_max(command));

        if (!pending)
                return -ENOMEM;
        *pending = (RedisPending){
                .done = command->done,
                .userdata = command->userdata,
                .reply_max = command->reply_max,
                .started_usec = now_usec,
        };
        format(command, pending);
        *ret_pending = pending;
        return 0;
}

static void wipe(RedisPending *pending) {
        secret_wipe(pending->text, pending->size);
}

RedisPending *redis_pending_free(RedisPending *pending) {
        if (!pending)
                return NULL;
        if (pending->n_written < pending->size)
                wipe(pending);
        free(pending);
        return NULL;
}

/* @n: bytes that the socket took. */
static RedisPending *advance(RedisPending *pending, size_t n) {
        while (pending && n >= pending->size - pending->n_written) {
                n -= pending->size - pending->n_written;
                pending->n_written = pending->size;
                wipe(pending);
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

                if (pending->outsized)
                        result = STORE_E_CORRUPT;
                TAILQ_REMOVE(list, pending, link);
                pending->done(result, NULL, pending->userdata);
                redis_pending_free(pending);
        }
}
