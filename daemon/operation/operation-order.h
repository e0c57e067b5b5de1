#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The orders for verbs that need more than a word. Requests of the socket are in login-request.h.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A token to be issued. Borrowed for the call of the start function only. */
typedef struct IssueOrder {
        const char *user;
        const char *const *audience, *const *roles;
        size_t n_audience, n_roles;
        const char *platform, *device, *source, *name, *data_json;
        uint64_t lifetime_sec;   /* 0: as configured */
        uint64_t not_before_sec; /* 0: none */
        bool no_refresh;         /* nobody would keep the refresh token */
        const char *client_address, *user_agent;
        bool is_self; /* the user orders it, who is no administrator */
        uid_t uid;    /* who orders it, for the journal; of all orders */
} IssueOrder;

/* Which sessions of a user are meant. Borrowed for the call of the start function only. */
typedef struct SessionFilter {
        const char *user; /* NULL: every user (list only) */
        const char *sid;  /* NULL: all */
        const char *platform, *device;
        uint64_t
                adoptable_until_sec; /* with @sid: so long its token can be, if it is no session yet */
} SessionFilter;

/* Sessions to be ended. Borrowed for the call of the start function only. */
typedef struct EndOrder {
        SessionFilter filter; /* with a user */
        const char *note;     /* the administrator's words for the journal; NULL is fine */
        uint64_t before_sec;  /* revoke_before_start() only; 0: now */
        bool lower;           /* revoke_before_start() only: put a time that is ahead back to now */
        uid_t uid;
} EndOrder;
