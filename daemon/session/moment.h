#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * One moment by three clocks. They are the same while nobody sets the wall clock; see docs/architecture.md, "Time".
 */

#include <stdint.h>

/* Seconds since the epoch; each is at most the one before it. */
typedef struct Moment {
        uint64_t now_sec;     /* the wall clock: what is permitted ends by it */
        uint64_t passed_sec;  /* what is forbidden for a time is so until then */
        uint64_t settled_sec; /* what was forbidden until long before may be forgotten */
} Moment;
