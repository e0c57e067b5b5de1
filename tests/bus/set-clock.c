/* SPDX-License-Identifier: MIT */

/*
 * Preloaded into authtokend: clocks that a test sets. The file of SET_CLOCK holds two numbers of 64 bits, by how many
 * seconds the wall clock and CLOCK_BOOTTIME are ahead. As the kernel does, a change is heard by timers that wait, as
 * soon as somebody looks at a clock.
 */

#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define EXPORT     __attribute__((visibility("default")))
#define TIMERS_MAX 16u

typedef int (*GetTime)(clockid_t, struct timespec *);
typedef int (*Create)(int, int);
typedef int (*SetTime)(int, int, const struct itimerspec *, struct itimerspec *);

typedef struct Timer {
        clockid_t clock;
        int fd, flags;
        struct itimerspec time; /* by the clock that is ahead */
        int64_t ahead_sec;      /* when it was set */
} Timer;

static Timer timers[TIMERS_MAX];
static unsigned int n_timers;

static int64_t ahead_of(clockid_t clock) {
        static const int64_t *shared;
        const char *path = getenv("SET_CLOCK");

        if (!shared && path) {
                int fd = open(path, O_RDONLY | O_CLOEXEC);

                shared = mmap(NULL, 2 * sizeof(*shared), PROT_READ, MAP_SHARED, fd, 0);
                if (fd < 0 || shared == MAP_FAILED)
                        abort();
                close(fd);
        }
        if (!shared)
                return 0;
        switch (clock) {
        case CLOCK_REALTIME:
                return shared[0];
        case CLOCK_BOOTTIME:
                return shared[1];
        default:
                return 0;
        }
}

static int set(Timer *timer) {
        SetTime next = (SetTime)dlsym(RTLD_NEXT, "timerfd_settime");
        struct itimerspec time = timer->time;

        timer->ahead_sec = ahead_of(timer->clock);
        if (time.it_value.tv_sec == 0 && time.it_value.tv_nsec == 0)
                return next(timer->fd, timer->flags, &time, NULL);
        time.it_value.tv_sec -= timer->ahead_sec;
        if (time.it_value.tv_sec <= 0)
                time.it_value = (struct timespec){ 0, 1 };
        return next(timer->fd, timer->flags, &time, NULL);
}

EXPORT int clock_gettime(clockid_t clock, struct timespec *ret_time) {
        GetTime next = (GetTime)dlsym(RTLD_NEXT, "clock_gettime");
        int r = next(clock, ret_time);

        if (clock != CLOCK_REALTIME && clock != CLOCK_BOOTTIME)
                return r;
        ret_time->tv_sec += ahead_of(clock);
        for (unsigned int i = 0; i < n_timers; i++)
                if (timers[i].ahead_sec != ahead_of(timers[i].clock))
                        (void)set(&timers[i]);
        return r;
}

/* sd-event has one for each clock, and keeps it. */
EXPORT int timerfd_create(int clock, int flags) {
        Create next = (Create)dlsym(RTLD_NEXT, "timerfd_create");
        int fd = next(clock, flags);

        if (fd >= 0 && n_timers < TIMERS_MAX)
                timers[n_timers++] =
                        (Timer){ .clock = clock, .fd = fd, .ahead_sec = ahead_of(clock) };
        return fd;
}

EXPORT int timerfd_settime(
        int fd, int flags, const struct itimerspec *time, struct itimerspec *ret_before) {
        SetTime next = (SetTime)dlsym(RTLD_NEXT, "timerfd_settime");

        for (unsigned int i = 0; i < n_timers; i++)
                if (timers[i].fd == fd && flags & TFD_TIMER_ABSTIME) {
                        timers[i].flags = flags;
                        timers[i].time = *time;
                        return set(&timers[i]);
                }
        return next(fd, flags, time, ret_before);
}
