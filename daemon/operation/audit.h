#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The journal's lines about logins and their ends: only here are the names of the fields, the message
 * ids and the words. One event, one line; never a token, a handle or a password.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "authtoken/reason.h"

typedef struct Context Context;

/* X(symbol, name in AUTHTOKEN_EVENT=, MESSAGE_ID=, words when it went well, priority then, and with a reason why
 * not, flags that audit.c explains). All facts about an event are in its row. */
#define AUDIT_EVENTS(X)                                                                            \
        X(AUTHENTICATE, "authenticate", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c01", "token accepted",      \
                LOG_INFO, LOG_WARNING, OF_ANYBODY)                                                 \
        X(LIVE_SESSION, "authenticate-session", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c20",                \
                "live session accepted", LOG_INFO, LOG_WARNING, 0)                                 \
        X(ACCOUNT, "account", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c02", "account check passed",          \
                LOG_DEBUG, LOG_WARNING, OF_ANYBODY)                                                \
        X(OPEN, "open-session", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c03", "login opened", LOG_INFO,      \
                LOG_WARNING, 0)                                                                    \
        X(CLOSE, "close-session", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c04", "login closed", LOG_INFO,    \
                LOG_WARNING, 0)                                                                    \
        X(VALIDATE, "validate", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c05", "token valid", LOG_DEBUG,      \
                LOG_WARNING, OF_BUS | OF_ANYBODY)                                                  \
        X(ISSUE, "issue", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c06", "token issued", LOG_INFO,            \
                LOG_WARNING, OF_BUS)                                                               \
        X(REFRESH, "refresh", "5d2f0b6b7a6c4c0a9f0e3c51f1d80cb0", "token refreshed", LOG_INFO,     \
                LOG_WARNING, OF_BUS)                                                               \
        X(REUSE, "token-reuse", "5d2f0b6b7a6c4c0a9f0e3c51f1d80cb1", "suspicious refresh", LOG_ERR, \
                LOG_ERR, OF_BUS | SUSPICIOUS)                                                      \
        X(REVOKE, "revoke", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c07", "session revoked", LOG_INFO,       \
                LOG_WARNING, OF_BUS | OF_ANYBODY | COUNTED)                                        \
        X(KICK, "kick", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c08", "session kicked", LOG_INFO,            \
                LOG_WARNING, OF_BUS | OF_ANYBODY | COUNTED)                                        \
        X(LOGIN_ENDED, "login-ended", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c09", "login ended",           \
                LOG_NOTICE, LOG_NOTICE, NO_REFUSAL)                                                \
        X(LOGIN_LEFT, "login-left", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c0a", "login did not end",       \
                LOG_ERR, LOG_ERR, NO_REFUSAL)                                                      \
        X(RECONCILE, "reconcile", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c0b",                              \
                "login has lost its session", LOG_INFO, LOG_WARNING, NO_REFUSAL)                   \
        X(BUS_CALL, "bus-call", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c0c", "call admitted", LOG_INFO,     \
                LOG_WARNING, OF_BUS)                                                               \
        X(SESSION_END, "session-end", "5d2f0b6b7a6c4c0a9f0e3c51f1d80d01", "session ended",         \
                LOG_INFO, LOG_INFO, NO_REFUSAL)                                                    \
        X(RECORD_UNREADABLE, "record-unreadable", "5d2f0b6b7a6c4c0a9f0e3c51f1d80d04",              \
                "record unreadable", LOG_ERR, LOG_ERR, NO_REFUSAL)                                 \
        X(RECORD_REPLACED, "record-replaced", "5d2f0b6b7a6c4c0a9f0e3c51f1d80d05",                  \
                "unreadable record replaced", LOG_WARNING, LOG_WARNING, OF_BUS)                    \
        X(BINDING, "binding", "5d2f0b6b7a6c4c0a9f0e3c51f1d80d03", "suspicious use", LOG_WARNING,   \
                LOG_WARNING, NO_REFUSAL | SUSPICIOUS)                                              \
        X(LOGOUT, "logout", "5d2f0b6b7a6c4c0a9f0e3c51f1d80d02", "session logged out", LOG_INFO,    \
                LOG_WARNING, OF_BUS | OF_ANYBODY | COUNTED)                                        \
        X(CODE_CREATED, "code-created", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c50", "login code made",     \
                LOG_INFO, LOG_WARNING, OF_BUS)                                                     \
        X(CODE_USED, "code-used", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c51", "login code used up",        \
                LOG_INFO, LOG_WARNING, 0)                                                          \
        X(KEY_GENERATED, "key-generated", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c60", "key made",          \
                LOG_NOTICE, LOG_WARNING, OF_BUS | OF_KEY)                                          \
        X(KEY_ROTATED, "key-rotated", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c61", "another key signs",     \
                LOG_NOTICE, LOG_WARNING, OF_BUS | OF_KEY)                                          \
        X(KEY_RETIRED, "key-retired", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c62", "key retired",           \
                LOG_NOTICE, LOG_WARNING, OF_KEY)                                                   \
        X(KEYS_REFUSED, "keys-refused", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c63", "keys read", LOG_INFO, \
                LOG_WARNING, 0)                                                                    \
        X(ADOPT, "adopt", "5d2f0b6b7a6c4c0a9f0e3c51f1d80ca1", "token adopted", LOG_INFO,           \
                LOG_WARNING, 0)                                                                    \
        X(ADOPTION_CONFIRMED, "adoption-confirmed", "5d2f0b6b7a6c4c0a9f0e3c51f1d80ca2",            \
                "adoption confirmed", LOG_INFO, LOG_WARNING, OF_BUS | OF_ALL_USERS)                \
        X(HOOK, "hook", "5d2f0b6b7a6c4c0a9f0e3c51f1d80cd1", "hooks not told", LOG_INFO,            \
                LOG_WARNING, NO_REFUSAL)                                                           \
        X(BAN, "ban", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c10", "user banned", LOG_NOTICE, LOG_WARNING,  \
                OF_BUS)                                                                            \
        X(UNBAN, "unban", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c11", "ban lifted", LOG_INFO, LOG_WARNING, \
                OF_BUS)                                                                            \
        X(REVOKE_ALL, "revoke-all", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c12", "sessions revoked",        \
                LOG_NOTICE, LOG_WARNING, OF_BUS | OF_ALL_USERS)                                    \
        X(LOWER, "before-lowered", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c15", "not-before lowered",       \
                LOG_NOTICE, LOG_WARNING, OF_BUS)                                                   \
        X(LOCK_OUT, "lock-out", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c13", "login locked out",            \
                LOG_WARNING, LOG_WARNING, NO_REFUSAL | SUSPICIOUS)                                 \
        X(UNLOCK, "unlock", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c14", "lock-out lifted", LOG_INFO,       \
                LOG_WARNING, OF_BUS | COUNTED)                                                     \
        X(REQUEST, "request", "5d2f0b6b7a6c4c0a9f0e3c51f1d80cd2", "request taken", LOG_INFO,       \
                LOG_WARNING, 0)                                                                    \
        X(LEFT_OUT, "left-out", "5d2f0b6b7a6c4c0a9f0e3c51f1d80cd3", "refusals not written",        \
                LOG_INFO, LOG_WARNING, OF_BUS | NO_REFUSAL)

typedef enum AuditEvent {
#define X(symbol, ...) AUDIT_##symbol,
        AUDIT_EVENTS(X)
#undef X
} AuditEvent;

enum {
#define X(symbol, ...) +1
        AUDIT_EVENT_COUNT = AUDIT_EVENTS(X),
#undef X
};

/* The known facts about an event; everything may be missing. Borrowed. */
typedef struct AuditRecord {
        AuditEvent event;
        Reason reason;
        const char *user, *target, *sid, *service, *tty, *rhost;
        const char *logind_id, *note;
        const char *kid; /* of the key that the event is about */
        pid_t pid;
        uid_t uid;
        unsigned int count; /* of sessions, or of events, where there can be several */
        bool suspicious;    /* it may be an attack: a token used twice, or elsewhere */
} AuditRecord;

/**
 * audit() - tell the journal, and count
 * @context:    its counters change
 * @record:     borrowed
 *
 * Refusals are warnings, the rest is informational; ACCOUNT and VALIDATE that went well are debug. A suspicious
 * event, by itself or by its reason (a forged token, one of somebody else), is at least a warning, and has the
 * field AUTHTOKEN_SUSPICIOUS=1. Only a number of an ordinary uid's refusals is written; another line counts the
 * rest.
 */
void audit(Context *context, const AuditRecord *record);

/**
 * audit_count_only() - count a refusal of a flood that the journal has a line about
 * @context:    its counters change
 * @record:     borrowed
 */
void audit_count_only(Context *context, const AuditRecord *record);

/**
 * audit_count() - count an event that is not worth a line
 * @context:    its counters change
 * @event:      that went well
 */
void audit_count(Context *context, AuditEvent event);

/**
 * audit_tell_left_out() - write the lines for refusals that were counted only
 * @context:    the daemon
 *
 * To be called now and then, so that the last ones are reported, too.
 */
void audit_tell_left_out(Context *context);

/**
 * audit_event_name() - the name in AUTHTOKEN_EVENT=
 * @event:      any
 */
const char *audit_event_name(AuditEvent event);
