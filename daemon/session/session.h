#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * One session as a value. Its members are listed once, in session_members: copying, freeing and the
 * stored form all follow that table, so none of them can miss a member.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "authtoken/reason.h"
#include "common/cleanup.h"
#include "daemon/token/jti.h"

#define SESSION_NUMBER_MAX (UINT64_C(1) << 53)
/* The largest leeway that a verifier can be configured with. */
#define SESSION_END_MARGIN_SEC 300u

/* Owned strings; NULL where nothing was given. The strings of a copy lie behind it, in the same piece of
 * memory; session_set_text() replaces one. A session in a state is shared with the copies of that state and their
 * readers, and never changes: user_state_put() replaces it by a changed copy. */
typedef struct Session {
        unsigned int n_others; /* references but the first; of one thread */
        char sid[SID_SIZE + 1];
        uint64_t generation; /* of the one live token; from 1 */
        uint64_t rotated_at_sec, created_at_sec;
        uint64_t created_order;  /* among those of the same second, from 0 */
        uint64_t last_seen_sec;  /* 0: nobody has logged in by it */
        uint64_t issued_at_sec;  /* of the current token */
        uint64_t token_end_sec;  /* exp of the current token */
        uint64_t expires_at_sec; /* end of the session, if it is not refreshed before */
        uint64_t idle_sec;       /* it ends when it is not used for so long; 0: it need not be */
        uint64_t not_before_sec; /* nbf of its tokens; 0: none */
        uint64_t absolute_sec;   /* its lifetime, if the rules of the user differ; 0: they do not */
        uint64_t bind;           /* to its address and device: see policy/binding.h; 0: not */
        uint64_t adopted;        /* 1: its token was not issued here; 0: it was */
        char *audience_json, *roles_json; /* arrays of strings, compact */
        char *platform, *device, *source, *name;
        char *data_json; /* object, compact */
        char *refresh_kid, *client_address, *user_agent;
        char *logins; /* that are open: see session-logins.h */
        size_t packed_size;
        char packed[]; /* strings of above */
} Session;

typedef enum SessionMemberType {
        SESSION_MEMBER_NUMBER,   /* in session-numbers.h, as it is */
        SESSION_MEMBER_TIME,     /* likewise, from the session's begin, which stands before it */
        SESSION_MEMBER_OPTIONAL, /* a number of its own that is left out when it is 0 */
        SESSION_MEMBER_TEXT,
        SESSION_MEMBER_STRINGS,  /* text that is a JSON array of strings */
        SESSION_MEMBER_AUDIENCE, /* likewise; the usual one is left out, and none is written */
        SESSION_MEMBER_OBJECT,   /* text that is a JSON object */
} SessionMemberType;

typedef struct SessionMember {
        const char *name; /* in the stored form, where it has one: short, each session has it */
        SessionMemberType type;
        size_t offset; /* of a uint64_t or a char * in Session */
} SessionMember;

#define SESSION_MEMBERS_COUNT 24u
extern const SessionMember session_members[SESSION_MEMBERS_COUNT];

/**
 * session_copy() - a deep copy, to change
 * @session:    borrowed
 * @ret_session: owned by the caller
 *
 * Return: 0; -ENOMEM.
 */
int session_copy(const Session *session, Session **ret_session);

/**
 * session_set_text() - give a member another text
 * @session:    the caller's own
 * @member:     one of its strings
 * @text:       handed over; NULL: none
 */
void session_set_text(Session *session, char **member, char *text);

/**
 * session_ref() - share a session
 * @session:    nobody changes it from now on
 *
 * Return: @session.
 */
const Session *session_ref(const Session *session);

/**
 * session_unref() - give up a reference; the last one frees the session and all it owns
 * @session:    NULL is fine
 *
 * Return: NULL.
 */
Session *session_unref(const Session *session);
DEFINE_CLEANUP(Session, session_unref)

/**
 * session_size() - bytes of memory that a session takes
 * @session:    borrowed
 */
size_t session_size(const Session *session);

/**
 * session_last_use_sec() - when the session was used last: begun, logged in by, or refreshed
 * @session:    borrowed
 */
uint64_t session_last_use_sec(const Session *session);

/**
 * session_deadline_sec() - when the session ends if nobody uses it any more
 * @session:    borrowed
 *
 * The end of its lifetime, or of the time that it may be idle, whichever comes first.
 */
uint64_t session_deadline_sec(const Session *session);

/**
 * session_remaining_sec() - how long the session lasts if nobody uses it any more
 * @session:    borrowed
 * @now_sec:    the caller's clock
 *
 * Setting the clock back prolongs neither its lifetime nor the time that it may be idle.
 */
uint64_t session_remaining_sec(const Session *session, uint64_t now_sec);

/**
 * session_check() - whether a session that is recorded as live is within its deadline
 * @session:    borrowed
 * @now_sec:    the caller's clock
 *
 * Return: REASON_OK; REASON_SESSION_EXPIRED; REASON_SESSION_IDLE.
 */
Reason session_check(const Session *session, uint64_t now_sec);

/**
 * session_end_sec() - after this time no token of the session can be valid, on any host
 * @session:    borrowed
 *
 * The later end of token and session, plus SESSION_END_MARGIN_SEC for leeway; SESSION_NUMBER_MAX at most.
 */
uint64_t session_end_sec(const Session *session);

/**
 * session_in_grace() - whether a token is the one before the current one, and still accepted
 * @session:    borrowed
 * @generation: of the token
 * @grace_sec:  how long after the rotation
 * @now_sec:    the caller's clock
 *
 * If this clock is behind that of the host that rotated, by at most a verifier's leeway, the time of the
 * rotation counts.
 */
bool session_in_grace(
        const Session *session, uint64_t generation, uint64_t grace_sec, uint64_t now_sec);

static inline bool session_member_is_number(const SessionMember *member) {
        return member->type == SESSION_MEMBER_NUMBER || member->type == SESSION_MEMBER_TIME ||
               member->type == SESSION_MEMBER_OPTIONAL;
}

/* Where a member lies; the table's type says which of the two it is. */
static inline uint64_t *session_number(Session *session, const SessionMember *member) {
        return (uint64_t *)(void *)((char *)session + member->offset);
}

static inline char **session_text(Session *session, const SessionMember *member) {
        return (char **)(void *)((char *)session + member->offset);
}

static inline uint64_t session_get_number(const Session *session, const SessionMember *member) {
        return *(const uint64_t *)(const void *)((const char *)session + member->offset);
}

static inline const char *session_get_text(const Session *session, const SessionMember *member) {
        return *(char *const *)(const void *)((const char *)session + member->offset);
}
