#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Which refusals look like somebody who is guessing, and where they come from. Pure.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "authtoken/reason.h"

#define LOGIN_PLACE_SIZE  512u
#define LOGIN_UID_UNKNOWN ((uid_t)-1)

/* The facts about the other end. Borrowed. */
typedef struct LoginOrigin {
        uid_t peer_uid;      /* who asks the daemon: 0 for logins */
        uid_t real_uid;      /* who has started the program that asks: 0 for servers */
        const char *rhost;   /* NULL: at this host */
        const char *ruser;   /* who asks at this host; NULL: nobody says */
        const char *service; /* of PAM */
        const char *host;    /* this one's name */
} LoginOrigin;

/**
 * login_failure_counts() - whether a refusal counts against the place it comes from
 * @reason:     of the refusal
 *
 * Tokens without a valid signature and unknown login codes are guesses. A well signed token is not, even
 * if it came too late, was revoked, belongs elsewhere, or has no session because the store was emptied:
 * its holder would only lock themselves out by retries. Nor is anything that the daemon could not
 * decide.
 */
bool login_failure_counts(Reason reason);

/**
 * login_failure_is_here() - whether a login comes from this host itself
 * @rhost:      as PAM has it, or NULL
 * @host:       this one's name, which sudo can be told to give
 */
bool login_failure_is_here(const char *rhost, const char *host);

/**
 * login_failure_name_place() - name the place that an address, or a host's name, belongs to
 * @rhost:      any text; it is the place itself unless it is an IPv6 address
 * @place:      filled, cut at its size
 */
void login_failure_name_place(const char *rhost, char place[LOGIN_PLACE_SIZE]);

/**
 * login_failure_place() - name the place that a login comes from
 * @origin:     borrowed
 * @place:      filled, cut at its size
 *
 * An IPv6 address stands for its network of 64 bits, which one subscriber has whole; an IPv4 address that is written as
 * IPv6 is the same place.
 *
 * On this host each user who asks is a place of their own, whomever they ask for: anybody can start su, or polkit's
 * helper, for another user, and must not lock that user out. The kernel says who started a setuid program; a user's own
 * questions to the daemon count for the same place. If nobody can be named, because a server asks, or the process is
 * gone already, each service is a place.
 */
void login_failure_place(const LoginOrigin *origin, char place[LOGIN_PLACE_SIZE]);
