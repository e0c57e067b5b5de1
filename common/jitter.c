/* SPDX-License-Identifier: MIT */

#include <sys/random.h>

#include "common/jitter.h"

uint64_t jitter_below(uint64_t limit) {
        uint64_t number;

        if (getrandom(&number, sizeof(number), GRND_NONBLOCK) != sizeof(number))
                return 0;
        return number % limit;
}
