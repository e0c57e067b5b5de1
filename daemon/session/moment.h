#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * One moment by three clocks. They agree while nobody sets the wall clock; see docs/architecture.md, "Time".
 */

#include <stdint.h>

/* Seconds since the epoch; each is at most the one before it. */
typedef struct Moment {
        uint64_t now_sec;     /* the wall clock: what is permitted ends by it */
        uint64_t passed_sec;  /* prohibitions for a time end by it */
        uint64_t settled_sec; /* prohibitions that ended long before it may be forgotten */
} Moment;
