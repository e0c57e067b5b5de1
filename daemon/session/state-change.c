/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "common/text.h"
#include "daemon/session/session-json.h"
#include "daemon/session/state-change.h"
#include "daemon/session/user-state.h"

#define FIELD_NAME_SIZE (2u + SID_SIZE)
/* One character may become "\u0000". The text around the values is shorter than what is around them in memory. */
#define TEXT_PER_BYTE 6u

/* @id: a sid, or another id of the same form. */
static void name_field(char name[FIELD_NAME_SIZE + 1], const char *prefix, const char *id) {
        size_t prefix_size = strlen(prefix);

        memcpy(name, prefix, prefix_size);
        memcpy(name + prefix_size, id, SID_SIZE + 1);
}

static int add_json(StateFields *fields, const char *name, const json_t *object) {
        return state_fields_take(fields, name, json_dumps(object, JSON_COMPACT));
}

static int encode_session(const Session *session, StateFields *fields) {
        char name[FIELD_NAME_SIZE + 1];
        char *text = NULL;
        int r;

        r = session_json_encode(session, &text);
        if (r < 0)
                return r;
        name_field(name, STATE_FIELD_LIVE, session->sid);
        return state_fields_take(fields, name, text);
}

static int encode_ended(const EndedSession *ended, StateFields *fields) {
        json_auto_t *object = json_object();
        char name[FIELD_NAME_SIZE + 1];
        int r;

        if (!object)
                return -ENOMEM;
        r = session_json_set_text(object, "reason", reason_code(ended->reason));
        if (r < 0)
                return r;
        r = session_json_set_number(object, "at", ended->ended_at_sec);
        if (r < 0)
                return r;
        r = session_json_set_number(object, "keep", ended->keep_until_sec);
        if (r >= 0 && ended->adopted)
                r = session_json_set_number(object, "ext", 1);
        if (r < 0)
                return r;
        name_field(name, STATE_FIELD_ENDED, ended->sid);
        return add_json(fields, name, object);
}

static int encode_code(const LoginCode *code, StateFields *fields) {
        json_auto_t *object = json_object();
        char name[FIELD_NAME_SIZE + 1];
        int r;

        if (!object)
                return -ENOMEM;
        r = session_json_set_text(object, "sid", code->sid);
        if (r >= 0)
                r = session_json_set_number(object, "gen", code->generation);
        if (r >= 0)
                r = session_json_set_number(object, "iat", code->issued_at_sec);
        if (r >= 0)
                r = session_json_set_number(object, "end", code->end_sec);
        if (r >= 0 && code->is_foreign)
                r = session_json_set_number(object, "ext", 1);
        if (r < 0)
                return r;
        name_field(name, STATE_FIELD_CODE, code->mac);
        return add_json(fields, name, object);
}

static int encode_ban(const UserState *state, StateFields *fields) {
        json_auto_t *object = json_object();
        int r = 0;

        if (!object)
                return -ENOMEM;
        /* Without "until": without end. */
        if (state->ban_until_sec != UINT64_MAX)
                r = session_json_set_number(object, "until", state->ban_until_sec);
        if (r >= 0 && state->ban_reason)
                r = session_json_set_text(object, "reason", state->ban_reason);
        return r < 0 ? r : add_json(fields, STATE_FIELD_BAN, object);
}

static int encode_time(StateFields *fields, const char *name, uint64_t time_sec) {
        char text[TEXT_U64_SIZE_MAX + 1];

        if (time_sec > SESSION_NUMBER_MAX)
                return -EINVAL;
        return state_fields_add(fields, name, text, text_format_u64(time_sec, text));
}

static StateFields *place_of(StateChange *change, bool was_there) {
        return was_there ? &change->changed : &change->added;
}

static int change_version(const UserState *before, const UserState *after, StateChange *change) {
        char version[STATE_VERSION_SIZE + 1];

        state_version_format(&after->version, version);
        return state_fields_add(place_of(change, before->version.incarnation != 0),
                STATE_FIELD_VERSION, version, strlen(version));
}

static int add_gone(StateChange *change, const char *prefix, const char *id) {
        char name[FIELD_NAME_SIZE + 1];

        name_field(name, prefix, id);
        return state_fields_add(&change->gone, name, "", 0);
}

/* Sessions are never changed in place, so an unchanged session is the same object. Unchanged sessions have
 * the same order in both states, so each search begins where the last one ended. */
static const Session *find_session(const UserState *state, const char *sid, size_t *hint) {
        for (size_t n = 0; n < state->n_sessions; n++) {
                size_t i = (*hint + n) % state->n_sessions;

                if (strcmp(state->sessions[i]->sid, sid) == 0) {
                        *hint = i + 1;
                        return state->sessions[i];
                }
        }
        return NULL;
}

static int change_sessions(const UserState *before, const UserState *after, StateChange *change) {
        size_t hint = 0;
        int r = 0;

        for (size_t i = 0; r == 0 && i < after->n_sessions; i++) {
                const Session *old = find_session(before, after->sessions[i]->sid, &hint);

                change->brings = change->brings || !old;
                if (old != after->sessions[i])
                        r = encode_session(after->sessions[i], place_of(change, old));
        }
        hint = 0;
        for (size_t i = 0; r == 0 && i < before->n_sessions; i++)
                if (!find_session(after, before->sessions[i]->sid, &hint))
                        r = add_gone(change, STATE_FIELD_LIVE, before->sessions[i]->sid);
        return r;
}

static const EndedSession *find_ended(const UserState *state, const char *sid, size_t *hint) {
        for (size_t n = 0; n < state->n_ended; n++) {
                size_t i = (*hint + n) % state->n_ended;

                if (strcmp(state->ended[i].sid, sid) == 0) {
                        *hint = i + 1;
                        return &state->ended[i];
                }
        }
        return NULL;
}

static bool ended_equal(const EndedSession *a, const EndedSession *b) {
        return a->reason == b->reason && a->ended_at_sec == b->ended_at_sec &&
               a->keep_until_sec == b->keep_until_sec && a->adopted == b->adopted;
}

static int change_ended(const UserState *before, const UserState *after, StateChange *change) {
        size_t hint = 0;
        int r = 0;

        for (size_t i = 0; r == 0 && i < after->n_ended; i++) {
                const EndedSession *old = find_ended(before, after->ended[i].sid, &hint);

                if (!old || !ended_equal(old, &after->ended[i]))
                        r = encode_ended(&after->ended[i], place_of(change, old));
        }
        hint = 0;
        for (size_t i = 0; r == 0 && i < before->n_ended; i++)
                if (!find_ended(after, before->ended[i].sid, &hint))
                        r = add_gone(change, STATE_FIELD_ENDED, before->ended[i].sid);
        return r;
}

static const LoginCode *find_code(const UserState *state, const char *mac) {
        for (size_t i = 0; i < state->n_codes; i++)
                if (strcmp(state->codes[i].mac, mac) == 0)
                        return &state->codes[i];
        return NULL;
}

static bool code_equal(const LoginCode *a, const LoginCode *b) {
        return strcmp(a->sid, b->sid) == 0 && a->generation == b->generation &&
               a->issued_at_sec == b->issued_at_sec && a->end_sec == b->end_sec &&
               a->is_foreign == b->is_foreign;
}

static int change_codes(const UserState *before, const UserState *after, StateChange *change) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < after->n_codes; i++) {
                const LoginCode *old = find_code(before, after->codes[i].mac);

                change->brings = change->brings || !old;
                if (!old || !code_equal(old, &after->codes[i]))
                        r = encode_code(&after->codes[i], place_of(change, old));
        }
        for (size_t i = 0; r == 0 && i < before->n_codes; i++)
                if (!find_code(after, before->codes[i].mac))
                        r = add_gone(change, STATE_FIELD_CODE, before->codes[i].mac);
        return r;
}

static int change_time(
        StateChange *change, const char *name, uint64_t before_sec, uint64_t after_sec) {
        if (before_sec == after_sec)
                return 0;
        return after_sec == 0 ? state_fields_add(&change->gone, name, "", 0)
                              : encode_time(place_of(change, before_sec != 0), name, after_sec);
}

static int change_ban(const UserState *before, const UserState *after, StateChange *change) {
        if (before->ban_until_sec == after->ban_until_sec &&
                strcmp(STRING_OR_EMPTY(before->ban_reason), STRING_OR_EMPTY(after->ban_reason)) ==
                        0)
                return 0;
        return after->ban_until_sec == 0
                       ? state_fields_add(&change->gone, STATE_FIELD_BAN, "", 0)
                       : encode_ban(after, place_of(change, before->ban_until_sec != 0));
}

static size_t count_fields(const UserState *state) {
        if (state->version.incarnation == 0)
                return 0;
        return 1 + state->n_sessions + state->n_ended + state->n_codes +
               (state->not_before_sec != 0) + (state->forgotten_sec != 0) +
               (state->ban_until_sec != 0);
}

static bool is_too_large(const StateFields *fields) {
        size_t size = 0;

        for (size_t i = 0; i < fields->n_items; i++)
                size += strlen(fields->items[i].name) + strlen(fields->items[i].value);
        return size > STATE_FIELDS_SIZE_MAX;
}

/* Unchanged sessions count as well; their text is made only if the total might be too large. */
static int check_size(const UserState *before, const UserState *after, const StateChange *change) {
        _cleanup_(state_change_clear) StateChange whole = { 0 };

        if (is_too_large(&change->added) || is_too_large(&change->changed))
                return -EMSGSIZE;
        if (before->version.incarnation == 0)
                return 0;
        if (user_state_size(after) <= STATE_FIELDS_SIZE_MAX / TEXT_PER_BYTE)
                return 0;
        return state_change_make(&(UserState){ 0 }, after, &whole);
}

void state_change_clear(StateChange *change) {
        state_fields_clear(&change->added);
        state_fields_clear(&change->changed);
        state_fields_clear(&change->gone);
}

int state_change_make(const UserState *before, const UserState *after, StateChange *ret_change) {
        int r;

        ret_change->n_before = count_fields(before);
        r = change_version(before, after, ret_change);
        if (r == 0)
                r = change_sessions(before, after, ret_change);
        if (r == 0)
                r = change_ended(before, after, ret_change);
        if (r == 0)
                r = change_codes(before, after, ret_change);
        if (r == 0)
                r = change_time(ret_change, STATE_FIELD_NOT_BEFORE, before->not_before_sec,
                        after->not_before_sec);
        if (r == 0)
                r = change_time(ret_change, STATE_FIELD_FORGOTTEN, before->forgotten_sec,
                        after->forgotten_sec);
        if (r == 0)
                r = change_ban(before, after, ret_change);
        if (r != 0)
                return r;
        return check_size(before, after, ret_change);
}
