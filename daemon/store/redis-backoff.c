/* SPDX-License-Identifier: MIT */

#include "common/jitter.h"
#include "daemon/store/redis-backoff.h"

#define FIRST_MAX_USEC UINT64_C(50000)
#define SHORT_USEC     UINT64_C(100000)
#define LONG_USEC      UINT64_C(200000)

uint64_t redis_backoff_usec(unsigned int n_failures) {
        uint64_t delay_usec = n_failures > 1 ? LONG_USEC : SHORT_USEC;

        if (n_failures == 0)
                return jitter_below(FIRST_MAX_USEC);
        return delay_usec / 2 + jitter_below(delay_usec / 2);
}
