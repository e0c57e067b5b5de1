/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/session/session.h"

const SessionMember session_members[SESSION_MEMBERS_COUNT] = {
        { NULL, SESSION_MEMBER_NUMBER, offsetof(Session, generation) },
        { NULL, SESSION_MEMBER_NUMBER, offsetof(Session, created_at_sec) },
        { NULL, SESSION_MEMBER_TIME, offsetof(Session, rotated_at_sec) },
        { NULL, SESSION_MEMBER_TIME, offsetof(Session, last_seen_sec) },
        { NULL, SESSION_MEMBER_TIME, offsetof(Session, issued_at_sec) },
        { NULL, SESSION_MEMBER_TIME, offsetof(Session, token_end_sec) },
        { NULL, SESSION_MEMBER_TIME, offsetof(Session, expires_at_sec) },
        { "o", SESSION_MEMBER_OPTIONAL, offsetof(Session, created_order) },
        { "i", SESSION_MEMBER_OPTIONAL, offsetof(Session, idle_sec) },
        { "b", SESSION_MEMBER_OPTIONAL, offsetof(Session, not_before_sec) },
        { "e", SESSION_MEMBER_OPTIONAL, offsetof(Session, absolute_sec) },
        { "m", SESSION_MEMBER_OPTIONAL, offsetof(Session, bind) },
        { "f", SESSION_MEMBER_OPTIONAL, offsetof(Session, adopted) },
        { "a", SESSION_MEMBER_AUDIENCE, offsetof(Session, audience_json) },
        { "r", SESSION_MEMBER_STRINGS, offsetof(Session, roles_json) },
        { "p", SESSION_MEMBER_TEXT, offsetof(Session, platform) },
        { "d", SESSION_MEMBER_TEXT, offsetof(Session, device) },
        { "s", SESSION_MEMBER_TEXT, offsetof(Session, source) },
        { "n", SESSION_MEMBER_TEXT, offsetof(Session, name) },
        { "j", SESSION_MEMBER_OBJECT, offsetof(Session, data_json) },
        { "k", SESSION_MEMBER_TEXT, offsetof(Session, refresh_kid) },
        { "h", SESSION_MEMBER_TEXT, offsetof(Session, client_address) },
        { "u", SESSION_MEMBER_TEXT, offsetof(Session, user_agent) },
        { "l", SESSION_MEMBER_TEXT, offsetof(Session, logins) },
};

const Session *session_ref(const Session *session) {
        /* The count is not part of the value. */
        ((Session *)session)->n_others++;
        return session;
}

static bool is_packed(const Session *session, const char *text) {
        return text >= session->packed && text < session->packed + session->packed_size;
}

static void drop_text(Session *session, char *text) {
        if (text && !is_packed(session, text))
                free(text);
}

void session_set_text(Session *session, char **member, char *text) {
        drop_text(session, *member);
        *member = text;
}

Session *session_unref(const Session *session) {
        Session *own = (Session *)session;

        if (!own || own->n_others-- > 0)
                return NULL;
        for (size_t i = 0; i < SESSION_MEMBERS_COUNT; i++)
                if (!session_member_is_number(&session_members[i]))
                        drop_text(own, *session_text(own, &session_members[i]));
        free(own);
        return NULL;
}

static size_t text_size(const Session *session, const SessionMember *member) {
        const char *text =
                session_member_is_number(member) ? NULL : session_get_text(session, member);

        return text ? strlen(text) + 1 : 0;
}

static size_t texts_size(const Session *session) {
        size_t size = 0;

        for (size_t i = 0; i < SESSION_MEMBERS_COUNT; i++)
                size += text_size(session, &session_members[i]);
        return size;
}

/* In one piece of memory: states are made and dropped by the thousand, and their parts are seldom read. */
int session_copy(const Session *session, Session **ret_session) {
        size_t packed_size = texts_size(session);
        Session *copy = malloc(sizeof(*copy) + packed_size);
        char *at;

        if (!copy)
                return -ENOMEM;
        *copy = *session;
        copy->n_others = 0;
        copy->packed_size = packed_size;
        at = copy->packed;
        for (size_t i = 0; i < SESSION_MEMBERS_COUNT; i++) {
                size_t size = text_size(session, &session_members[i]);

                if (size == 0)
                        continue;
                memcpy(at, session_get_text(session, &session_members[i]), size);
                *session_text(copy, &session_members[i]) = at;
                at += size;
        }
        *ret_session = copy;
        return 0;
}

size_t session_size(const Session *session) {
        size_t size = sizeof(*session) + session->packed_size;

        for (size_t i = 0; i < SESSION_MEMBERS_COUNT; i++) {
                const SessionMember *member = &session_members[i];

                if (!session_member_is_number(member) &&
                        !is_packed(session, session_get_text(session, member)))
                        size += text_size(session, member);
        }
        return size;
}

static uint64_t later(uint64_t a, uint64_t b) {
        return a > b ? a : b;
}

uint64_t session_last_use_sec(const Session *session) {
        return later(later(session->created_at_sec, session->last_seen_sec),
                later(session->rotated_at_sec, session->issued_at_sec));
}

static uint64_t idle_end_sec(const Session *session) {
        /* Of numbers up to SESSION_NUMBER_MAX, the sum fits. */
        return session->idle_sec ? session_last_use_sec(session) + session->idle_sec : UINT64_MAX;
}

uint64_t session_deadline_sec(const Session *session) {
        uint64_t idle_sec = idle_end_sec(session);

        return idle_sec < session->expires_at_sec ? idle_sec : session->expires_at_sec;
}

static uint64_t remaining_sec(uint64_t end_sec, uint64_t now_sec, uint64_t most_sec) {
        uint64_t remaining_sec = end_sec > now_sec ? end_sec - now_sec : 0;

        return remaining_sec < most_sec ? remaining_sec : most_sec;
}

uint64_t session_remaining_sec(const Session *session, uint64_t now_sec) {
        uint64_t lifetime_sec =
                remaining_sec(session->expires_at_sec, session->created_at_sec, UINT64_MAX);
        uint64_t end_sec = remaining_sec(session->expires_at_sec, now_sec, lifetime_sec);
        uint64_t idle_sec = session->idle_sec ? session->idle_sec : UINT64_MAX;

        return remaining_sec(
                idle_end_sec(session), now_sec, end_sec < idle_sec ? end_sec : idle_sec);
}

Reason session_check(const Session *session, uint64_t now_sec) {
        if (session->expires_at_sec <= now_sec)
                return REASON_SESSION_EXPIRED;
        return idle_end_sec(session) <= now_sec ? REASON_SESSION_IDLE : REASON_OK;
}

uint64_t session_end_sec(const Session *session) {
        uint64_t end_sec = later(session->token_end_sec, session->expires_at_sec);

        /* At most the largest number that can be stored, or a session with such an end could not
         * be ended earlier. */
        return end_sec > SESSION_NUMBER_MAX - SESSION_END_MARGIN_SEC
                       ? SESSION_NUMBER_MAX
                       : end_sec + SESSION_END_MARGIN_SEC;
}

bool session_in_grace(
        const Session *session, uint64_t generation, uint64_t grace_sec, uint64_t now_sec) {
        uint64_t rotated_sec = session->rotated_at_sec;

        if (generation == 0 || generation + 1 != session->generation)
                return false;
        if (now_sec >= rotated_sec)
                return now_sec - rotated_sec < grace_sec;
        return grace_sec > 0 && rotated_sec - now_sec <= SESSION_END_MARGIN_SEC;
}
