/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "daemon/front/ipc-share.h"

#define PRIORITY    10             /* behind everything else */
#define BURST_USEC  INT64_C(20000) /* the most that a user who was idle may use at once */
#define REFILL_USEC UINT64_C(5000)
#define HOLDS_MAX   4u
#define FULL_PART   100u

struct IpcShare {
        IpcShare *previous, *next; /* linked in IpcShares.first */
        IpcShares *shares;
        uid_t uid;
        int fd; /* epoll of the user's connections */
        unsigned int n_peers, n_in_line, n_holds;
        int64_t budget_usec;
        uint64_t refilled_usec;
        bool is_serving;
        bool is_paused;
};

struct IpcShares {
        sd_event *event;
        sd_event_source *source, *refill;
        int fd; /* epoll of the users' */
        unsigned int percent, n_in_line;
        IpcShare *first;
        IpcShareServe serve;
        void *userdata;
};

uint64_t ipc_share_clock(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void share_free(IpcShare *share) {
        if (share->previous)
                share->previous->next = share->next;
        else
                share->shares->first = share->next;
        if (share->next)
                share->next->previous = share->previous;
        close(share->fd); /* takes it out of the users' epoll */
        free(share);
}

static void refill(IpcShare *share, uint64_t now_usec) {
        int64_t earned =
                (int64_t)((now_usec - share->refilled_usec) * share->shares->percent / 100);

        /* Less than a microsecond is earned next time. */
        if (earned == 0)
                return;
        share->refilled_usec = now_usec;
        share->budget_usec += earned;
        if (share->budget_usec > BURST_USEC)
                share->budget_usec = BURST_USEC;
}

static void arm_refill(IpcShares *shares) {
        int enabled = SD_EVENT_OFF;

        (void)sd_event_source_get_enabled(shares->refill, &enabled);
        if (enabled != SD_EVENT_OFF)
                return;
        (void)sd_event_source_set_time_relative(shares->refill, REFILL_USEC);
        (void)sd_event_source_set_enabled(shares->refill, SD_EVENT_ONESHOT);
}

static bool is_due(const IpcShare *share) {
        return share->n_holds < HOLDS_MAX &&
               (share->budget_usec > 0 || share->shares->percent >= FULL_PART);
}

/* Users who have to wait leave the users' epoll, or the loop would spin. */
static void update(IpcShare *share) {
        bool pause = !is_due(share);
        struct epoll_event event = { .events = pause ? 0 : EPOLLIN, .data.ptr = share };

        if (pause != share->is_paused &&
                epoll_ctl(share->shares->fd, EPOLL_CTL_MOD, share->fd, &event) == 0)
                share->is_paused = pause;
        if (share->is_paused)
                arm_refill(share->shares);
}

void ipc_share_charge(IpcShare *share, uint64_t usec) {
        refill(share, ipc_share_clock());
        share->budget_usec -= (int64_t)usec;
        update(share);
}

/* Keep the share of a user who leaves without budget: a new share would have a new budget. */
static void share_unref(IpcShare *share) {
        if (share->n_peers > 0 || share->n_in_line > 0 || share->n_holds > 0 || share->is_serving)
                return;
        refill(share, ipc_share_clock());
        if (share->budget_usec >= BURST_USEC)
                share_free(share);
        else
                arm_refill(share->shares);
}

static int on_refill(sd_event_source *source, uint64_t usec, void *userdata) {
        IpcShares *shares = userdata;
        uint64_t now_usec = ipc_share_clock();

        (void)source;
        (void)usec;
        for (IpcShare *share = shares->first, *next; share; share = next) {
                next = share->next;
                if (share->n_peers == 0 && share->n_in_line == 0) {
                        share_unref(share);
                } else if (share->is_paused) {
                        refill(share, now_usec);
                        update(share);
                }
        }
        return 0;
}

static void serve_one(IpcShare *share, uint64_t *now_usec) {
        IpcShares *shares = share->shares;
        struct epoll_event event;
        uint64_t begun_usec = *now_usec;

        share->is_serving = true;
        if (epoll_wait(share->fd, &event, 1, 0) == 1)
                shares->serve(event.data.ptr, event.events, shares->userdata);
        share->is_serving = false;
        *now_usec = ipc_share_clock();
        ipc_share_charge(share, *now_usec - begun_usec);
        share_unref(share);
}

/* epoll moves each reported user to the end of its list, served or not. So ask for one at a time, only as long
 * as it can be served. */
static int on_ready(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        uint64_t now_usec = ipc_share_clock(), end_usec = now_usec + IPC_SHARE_TURN_USEC;
        struct epoll_event event;

        (void)source;
        (void)revents;
        (void)userdata;
        while (now_usec < end_usec && epoll_wait(fd, &event, 1, 0) == 1)
                serve_one(event.data.ptr, &now_usec);
        return 0;
}

int ipc_shares_new(sd_event *event, IpcShareServe serve, void *userdata, IpcShares **ret_shares) {
        _cleanup_(ipc_shares_freep) IpcShares *shares = calloc(1, sizeof(*shares));
        int r;

        if (!shares)
                return -ENOMEM;
        shares->serve = serve;
        shares->userdata = userdata;
        shares->percent = FULL_PART;
        shares->fd = epoll_create1(EPOLL_CLOEXEC);
        if (shares->fd < 0)
                return -errno;
        r = sd_event_add_io(event, &shares->source, shares->fd, EPOLLIN, on_ready, shares);
        if (r >= 0)
                r = sd_event_source_set_priority(shares->source, PRIORITY);
        if (r >= 0)
                r = sd_event_add_time_relative(
                        event, &shares->refill, CLOCK_MONOTONIC, REFILL_USEC, 0, on_refill, shares);
        if (r >= 0)
                r = sd_event_source_set_enabled(shares->refill, SD_EVENT_OFF);
        if (r < 0)
                return r;
        *ret_shares = TAKE_PTR(shares);
        return 0;
}

IpcShares *ipc_shares_free(IpcShares *shares) {
        if (!shares)
                return NULL;
        while (shares->first)
                share_free(shares->first);
        sd_event_source_disable_unref(shares->source);
        sd_event_source_disable_unref(shares->refill);
        closep(&shares->fd);
        free(shares);
        return NULL;
}

void ipc_shares_set_part(IpcShares *shares, unsigned int percent) {
        shares->percent = percent;
}

static int share_new(IpcShares *shares, uid_t uid, IpcShare **ret_share) {
        struct epoll_event event = { .events = EPOLLIN };
        IpcShare *share = calloc(1, sizeof(*share));

        if (!share)
                return -ENOMEM;
        share->fd = epoll_create1(EPOLL_CLOEXEC);
        event.data.ptr = share;
        if (share->fd < 0 || epoll_ctl(shares->fd, EPOLL_CTL_ADD, share->fd, &event) < 0) {
                int r = -errno;

                closep(&share->fd);
                free(share);
                return r;
        }
        share->shares = shares;
        share->uid = uid;
        share->budget_usec = BURST_USEC;
        share->refilled_usec = ipc_share_clock();
        share->next = shares->first;
        if (share->next)
                share->next->previous = share;
        shares->first = share;
        *ret_share = share;
        return 0;
}

static IpcShare *share_of(IpcShares *shares, uid_t uid) {
        IpcShare *share = shares->first;

        while (share && share->uid != uid)
                share = share->next;
        if (!share && share_new(shares, uid, &share) < 0)
                return NULL;
        return share;
}

IpcShare *ipc_shares_join(IpcShares *shares, uid_t uid, unsigned int n_max) {
        IpcShare *share = share_of(shares, uid);

        if (!share || share->n_peers >= n_max)
                return NULL;
        share->n_peers++;
        return share;
}

void ipc_share_leave(IpcShare *share) {
        share->n_peers--;
        share_unref(share);
}

IpcShare *ipc_shares_line_up(IpcShares *shares, uid_t uid, unsigned int n_max) {
        IpcShare *share = shares->n_in_line < n_max ? share_of(shares, uid) : NULL;

        if (!share)
                return NULL;
        share->n_in_line++;
        shares->n_in_line++;
        return share;
}

void ipc_share_drop_out(IpcShare *share) {
        share->n_in_line--;
        share->shares->n_in_line--;
        share_unref(share);
}

unsigned int ipc_shares_in_line(const IpcShares *shares) {
        return shares->n_in_line;
}

int ipc_share_watch(IpcShare *share, int fd, void *item) {
        struct epoll_event event = { .events = EPOLLIN, .data.ptr = item };

        return epoll_ctl(share->fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

void ipc_share_set_events(IpcShare *share, int fd, void *item, uint32_t events) {
        struct epoll_event event = { .events = events, .data.ptr = item };

        (void)epoll_ctl(share->fd, EPOLL_CTL_MOD, fd, &event);
}

void ipc_share_hold(IpcShare *share) {
        share->n_holds++;
        update(share);
}

void ipc_share_release(IpcShare *share) {
        share->n_holds--;
        update(share);
        share_unref(share);
}
