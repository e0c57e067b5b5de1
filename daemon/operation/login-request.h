#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A request of the socket, as the verbs take it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A request of the socket and its sender: see ipc-message.h. Borrowed for the call of the start
 * function only. */
typedef struct LoginRequest {
        pid_t pid; /* SO_PEERCRED */
        uid_t uid;
        const char *user, *service, *tty, *rhost, *ruser; /* NUL-terminated or NULL */
        const char *handle, *audience, *role;
        uint64_t max_age_sec; /* 0: any */
        const char *token;
        size_t token_size;
        bool other_auth;
        uint64_t deadline_usec; /* CLOCK_MONOTONIC, when the caller gives up; 0: not said */
} LoginRequest;
