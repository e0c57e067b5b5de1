#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Users of whom each has one session, whose names and ids follow from their number: what fills a store and what makes
 * tokens need not tell each other.
 */

#include <err.h>
#include <endian.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base64url.h"
#include "daemon/token/jti.h"

#define CROWD_NAME_SIZE 32u

static inline void crowd_name(uint64_t number, char name[CROWD_NAME_SIZE]) {
        snprintf(name, CROWD_NAME_SIZE, "crowd%llu", (unsigned long long)number);
}

/* Spread like random ones. */
static inline void crowd_sid(uint64_t number, char sid[SID_SIZE + 1]) {
        const uint64_t words[] = { htobe64(number * UINT64_C(0x9e3779b97f4a7c15)),
                htobe64(number) };

        if (base64url_encode((const uint8_t *)words, sizeof(words), sid, SID_SIZE + 1) != 0)
                errx(EXIT_FAILURE, "no session id");
}
