#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The administrator's rules of sign-on and kick, as values.
 */

#include <stdbool.h>
#include <stdint.h>

typedef enum KickAction {
        KICK_TERMINATE,
        KICK_LOCK,   /* desktop sessions are locked; a tty session is terminated all the same */
        KICK_NOTIFY, /* signalled only */
} KickAction;

typedef enum KickScope {
        KICK_SCOPE_SESSION, /* the logins of the session that was named */
        KICK_SCOPE_USER,    /* every session of its user */
} KickScope;

/* Which older sessions of the user a new one replaces. */
typedef enum SingleSignOn {
        SINGLE_SIGN_ON_OFF,
        SINGLE_SIGN_ON_DEVICE,   /* those of the same platform and device */
        SINGLE_SIGN_ON_PLATFORM, /* those of the same platform */
        SINGLE_SIGN_ON_USER,     /* all */
} SingleSignOn;

/* What happens to a new session at the limit. */
typedef enum Overflow {
        OVERFLOW_REJECT,
        OVERFLOW_EVICT_OLDEST,
} Overflow;

/* What happens when a session is used at a place that it is not bound to. */
typedef enum BindMode {
        BIND_OFF, /* nothing is bound */
        BIND_WARN,
        BIND_DENY,
} BindMode;

typedef struct PolicyRules {
        SingleSignOn single_sign_on;
        Overflow overflow;
        uint64_t absolute_lifetime_sec;
        uint64_t idle_timeout_sec;     /* 0: none */
        uint64_t refresh_lifetime_sec; /* a session that is not refreshed for this time ends */
        uint64_t refresh_grace_sec;    /* how long the previous token may come once more */
        unsigned int max_sessions;     /* 1 … USER_STATE_SESSIONS_MAX */
        BindMode bind_address, bind_device;
        bool self_issue;
        char *roles; /* words; borrowed from the configuration; NULL: none */
        KickAction on_kick;
        KickScope kick_scope;
        uint64_t kick_grace_usec;
} PolicyRules;
