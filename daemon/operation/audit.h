#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What the journal is told of logins and their ends: the names of the fields, the message ids and the
 * words stand here and nowhere else. One event, one line; never a token, a handle or a password.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "authtoken/reason.h"

typedef struct Context Context;

/* X(symbol, name in AUTHTOKEN_EVENT=, MESSAGE_ID=, words when it went well) */
#define AUDIT_EVENTS(X)                                                                        \
        X(AUTHENTICATE, "authenticate", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c01", "token accepted")  \
        X(LIVE_SESSION, "authenticate-session", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c20",            \
                "live session accepted")                                                       \
        X(ACCOUNT, "account", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c02", "account check passed")      \
        X(OPEN, "open-session", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c03", "login opened")            \
        X(CLOSE, "close-session", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c04", "login closed")          \
        X(VALIDATE, "validate", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c05", "token valid")             \
        X(ISSUE, "issue", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c06", "token issued")                  \
        X(REFRESH, "refresh", "5d2f0b6b7a6c4c0a9f0e3c51f1d80cb0", "token refreshed")           \
        X(REUSE, "token-reuse", "5d2f0b6b7a6c4c0a9f0e3c51f1d80cb1", "suspicious refresh")      \
        X(REVOKE, "revoke", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c07", "session revoked")             \
        X(KICK, "kick", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c08", "session kicked")                  \
        X(LOGIN_ENDED, "login-ended", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c09", "login ended")       \
        X(LOGIN_LEFT, "login-left", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c0a", "login did not end")   \
        X(RECONCILE, "reconcile", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c0b",                          \
                "login has lost its session")                                                  \
        X(BUS_CALL, "bus-call", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c0c", "call admitted")           \
        X(SESSION_END, "session-end", "5d2f0b6b7a6c4c0a9f0e3c51f1d80d01", "session ended")     \
        X(RECORD_UNREADABLE, "record-unreadable", "5d2f0b6b7a6c4c0a9f0e3c51f1d80d04",          \
                "record unreadable")                                                           \
        X(RECORD_REPLACED, "record-replaced", "5d2f0b6b7a6c4c0a9f0e3c51f1d80d05",              \
                "unreadable record replaced")                                                  \
        X(BINDING, "binding", "5d2f0b6b7a6c4c0a9f0e3c51f1d80d03", "suspicious use")            \
        X(LOGOUT, "logout", "5d2f0b6b7a6c4c0a9f0e3c51f1d80d02", "session logged out")          \
        X(CODE_CREATED, "code-created", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c50", "login code made") \
        X(CODE_USED, "code-used", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c51", "login code used up")    \
        X(KEY_GENERATED, "key-generated", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c60", "key made")      \
        X(KEY_ROTATED, "key-rotated", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c61", "another key signs") \
        X(KEY_RETIRED, "key-retired", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c62", "key retired")       \
        X(KEYS_REFUSED, "keys-refused", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c63", "keys read")       \
        X(ADOPT, "adopt", "5d2f0b6b7a6c4c0a9f0e3c51f1d80ca1", "token adopted")                 \
        X(ADOPTION_CONFIRMED, "adoption-confirmed", "5d2f0b6b7a6c4c0a9f0e3c51f1d80ca2",        \
                "adoption confirmed")                                                          \
        X(HOOK, "hook", "5d2f0b6b7a6c4c0a9f0e3c51f1d80cd1", "hooks not told")                  \
        X(BAN, "ban", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c10", "user banned")                       \
        X(UNBAN, "unban", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c11", "ban lifted")                    \
        X(REVOKE_ALL, "revoke-all", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c12", "sessions revoked")    \
        X(LOWER, "before-lowered", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c15", "not-before lowered")   \
        X(LOCK_OUT, "lock-out", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c13", "login locked out")        \
        X(UNLOCK, "unlock", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c14", "lock-out lifted")             \
        X(REQUEST, "request", "5d2f0b6b7a6c4c0a9f0e3c51f1d80cd2", "request taken")             \
        X(LEFT_OUT, "left-out", "5d2f0b6b7a6c4c0a9f0e3c51f1d80cd3", "refusals not written")

typedef enum AuditEvent {
#define X(symbol, name, id, words) AUDIT_##symbol,
        AUDIT_EVENTS(X)
#undef X
} AuditEvent;

enum {
#define X(symbol, name, id, words) +1
        AUDIT_EVENT_COUNT = AUDIT_EVENTS(X),
#undef X
};

/* What is known about the event; everything may be missing. Borrowed. */
typedef struct AuditRecord {
        AuditEvent event;
        Reason reason;
        const char *user, *target, *sid, *service, *tty, *rhost;
        const char *logind_id, *note;
        const char *kid; /* of the key that the event is about */
        pid_t pid;
        uid_t uid;
        unsigned int count; /* of sessions, or of events, where there can be several */
        bool suspicious; /* somebody may be at work who should not: a token used twice, or elsewhere */
} AuditRecord;

/**
 * audit() - tell the journal, and count
 * @context:    its counters change
 * @record:     borrowed
 *
 * Refusals are warnings, the rest is informational; ACCOUNT and VALIDATE that went well are debug. What is
 * suspicious, by itself or by its reason (a forged token, one of somebody else), is at least a warning, and has the
 * field AUTHTOKEN_SUSPICIOUS=1. Of an ordinary uid's refusals so many are written, and the others counted in a line
 * of their own.
 */
void audit(Context *context, const AuditRecord *record);

/**
 * audit_count_only() - count a refusal that is one of a flood, of which the journal was told once
 * @context:    its counters change
 * @record:     borrowed
 */
void audit_count_only(Context *context, const AuditRecord *record);

/**
 * audit_count() - count what is not worth a line
 * @context:    its counters change
 * @event:      that went well
 */
void audit_count(Context *context, AuditEvent event);

/**
 * audit_tell_left_out() - write the lines for refusals that were counted only
 * @context:    the daemon
 *
 * To be called now and then, so that the count of the last ones comes, too.
 */
void audit_tell_left_out(Context *context);

/**
 * audit_event_name() - the name in AUTHTOKEN_EVENT=
 * @event:      any
 */
const char *audit_event_name(AuditEvent event);
