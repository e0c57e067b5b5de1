#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The results of verbs.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "authtoken/reason.h"

typedef struct Claims Claims;
typedef struct LockOutList LockOutList;
typedef struct Secret Secret;
typedef struct SessionHost SessionHost;

/* One session as `list` tells it. Strings are borrowed for the completion; NULL where there is none. */
typedef struct LoginRow {
        const SessionHost *host;
        const char *id, *logind_id, *service, *tty, *rhost;
        pid_t leader; /* 0: on another host */
        uint64_t opened_at_sec;
} LoginRow;

typedef struct SessionRow {
        const char *sid, *user, *tenant;
        uint64_t created_at_sec, last_seen_sec, expires_at_sec, token_end_sec, generation;
        const char *platform, *device, *source, *name, *audience_json, *roles_json;
        const char *client_address, *user_agent;
        const LoginRow *logins;
        size_t n_logins;
} SessionRow;

typedef struct BanRow {
        const char *user, *reason;
        uint64_t until_sec; /* UINT64_MAX: without end */
} BanRow;

/* The result of a verb. Only the members that its header names are set; all are borrowed. */
typedef struct OperationResult {
        Reason reason; /* REASON_OK, or why not */
        const char *user, *sid, *handle;
        const Claims *claims;
        const char *claims_json;
        const Secret *token, *refresh; /* @refresh: NULL if there is none */
        const char *kid, *jti;
        const char *detail;           /* of a refusal, for an administrator: which file, and why */
        uint64_t adoptable_until_sec; /* of a token without a session; 0: it never gets one */
        uint64_t expires_at_sec, session_end_sec;
        unsigned int n_revoked, n_ended, n_failed, n_lifted;
        const SessionRow *sessions;
        size_t n_sessions;
        const BanRow *bans;
        size_t n_bans;
        const LockOutList *lock_outs;
} OperationResult;
