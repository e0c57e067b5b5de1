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

Session *session_unref(const Session *session) {
        Session *own = (Session *)session;

        if (!own || own->n_others-- > 0)
                return NULL;
        for (size_t i = 0; i < SESSION_MEMBERS_COUNT; i++)
                if (!session_member_is_number(&session_members[i]))
                        free(*session_text(own, &session_members[i]));
        free(own);
        return NULL;
}

int session_copy(const Session *session, Session **ret_session) {
        _cleanup_(session_unrefp) Session *copy = calloc(1, sizeof(*copy));

        if (!copy)
                return -ENOMEM;
        memcpy(copy->sid, session->sid, sizeof(copy->sid));
        for (size_t i = 0; i < SESSION_MEMBERS_COUNT; i++) {
                const SessionMember *member = &session_members[i];
                const char *text;

                if (session_member_is_number(member)) {
                        *session_number(copy, member) = session_get_number(session, member);
                        continue;
                }
                text = session_get_text(session, member);
                if (!text)
                        continue;
                *session_text(copy, member) = strdup(text);
                if (!*session_text(copy, member))
                        return -ENOMEM;
        }
        *ret_session = TAKE_PTR(copy);
        return 0;
}

size_t session_size(const Session *session) {
        size_t size = sizeof(*session);

        for (size_t i = 0; i < SESSION_MEMBERS_COUNT; i++) {
                const char *text = NULL;

                if (!session_member_is_number(&session_members[i]))
                        text = session_get_text(session, &session_members[i]);
                if (text)
                        size += strlen(text) + 1;
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

        /* Not above what can be stored, or a session that ends there could not be ended before. */
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
