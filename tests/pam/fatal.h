#pragma once
/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The test itself is broken: not a result, so not told apart by a code. */
static inline _Noreturn void fatal(const char *what) {
        fprintf(stderr, "cannot run the scenario: %s: %s\n", what, strerror(errno));
        exit(99);
}
