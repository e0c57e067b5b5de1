#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * One login of this host that a token opened, as a value.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "authtoken/reason.h"
#include "daemon/login/process.h"

#define LOGIN_ID_SIZE 22u

/* Strings are owned; NULL where there is none. */
typedef struct Login {
        char id[LOGIN_ID_SIZE + 1]; /* the handle it was opened with */
        char *sid;                  /* the token session */
        char *tenant, *user;        /* whose session it is */
        char *service, *tty, *rhost;
        char *target;               /* PAM_USER at open: another user for sudo and su */
        char *logind_id;            /* logind session the leader was in */
        bool opened_logind;         /* by the leader, who is not a sudo or su inside of it */
        uid_t logind_owner;         /* (uid_t)-1: none */
        uint64_t logind_begin_usec; /* of that session, by CLOCK_MONOTONIC; 0: unknown */
        uid_t uid; /* of @user, as the kernel or the session tells; (uid_t)-1 unknown */
        ProcessId leader;
        uint64_t opened_at_sec;
        /* Of its session, as last seen; not in the file. 0, NULL: unknown, or there is none. */
        uint64_t deadline_sec;    /* by the wall clock */
        uint64_t deadline_up_sec; /* the same by CLOCK_BOOTTIME, which nobody sets */
        uint64_t seen_sec;        /* when it was used last, by the wall clock */
        char *platform, *device;
        bool expiring; /* its deadline is being handled */
        bool ended;    /* its session has ended; it stays listed until the process is gone */
        bool closed;   /* closed by its process; other processes may be left in its logind
                        * session */
        Reason end_reason;
} Login;
