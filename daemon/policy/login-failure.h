#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Which refusals look like somebody who is guessing, and where they come from. Pure.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "authtoken/reason.h"

#define LOGIN_PLACE_SIZE 512u

/* What is known of the other end. Borrowed. */
typedef struct LoginOrigin {
        uid_t peer_uid;    /* who asks the daemon: 0 for logins */
        const char *rhost; /* NULL: at this host */
        const char *ruser; /* who asks at this host; NULL: nobody says */
        const char *host;  /* this one's name */
} LoginOrigin;

/**
 * login_failure_counts() - whether a refusal counts against the place it comes from
 * @reason:     of the refusal
 *
 * What has no valid signature, and a login code that there is not: guesses. A well signed token is none,
 * though it came too late, was revoked, belongs elsewhere, or is of no session because the store was
 * emptied: whoever holds it would only lock themselves out by trying again. Nor is anything that the
 * daemon could not decide.
 */
bool login_failure_counts(Reason reason);

/**
 * login_failure_place() - name the place that a login comes from
 * @origin:     borrowed
 * @place:      filled, cut at its size
 *
 * An IPv6 address stands for its network of 64 bits, which one subscriber has whole; an IPv4 address that is written as
 * IPv6 is the same place. At this host each user who asks is a place of their own, so that nobody locks
 * another one out.
 */
void login_failure_place(const LoginOrigin *origin, char place[LOGIN_PLACE_SIZE]);
