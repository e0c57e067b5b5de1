/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "daemon/session/session-json.h"
#include "daemon/session/state-fields.h"
#include "daemon/session/user-state.h"

#define VERSION_NUMBER_BITS 40u /* of an incarnation; the bits above them name the user */

int state_fields_take(StateFields *fields, const char *name, char *value) {
        _cleanup_(freep) char *own_name = strdup(name), *own_value = value;
        StateField *items;

        if (!own_name || !own_value)
                return -ENOMEM;
        items = reallocarray(fields->items, fields->n_items + 1, sizeof(*items));
        if (!items)
                return -ENOMEM;
        items[fields->n_items].name = TAKE_PTR(own_name);
        items[fields->n_items].value = TAKE_PTR(own_value);
        fields->items = items;
        fields->n_items++;
        return 0;
}

int state_fields_add(StateFields *fields, const char *name, const char *value, size_t size) {
        if (memchr(value, '\0', size))
                return USER_STATE_E_CORRUPT;
        return state_fields_take(fields, name, strndup(value, size));
}

void state_fields_clear(StateFields *fields) {
        for (size_t i = 0; i < fields->n_items; i++) {
                free(fields->items[i].name);
                free(fields->items[i].value);
        }
        free(fields->items);
        *fields = (StateFields){ 0 };
}

static char *put_hex(char *text, uint64_t number) {
        static const char digits[] = "0123456789abcdef";
        int shift = 60;

        while (shift > 0 && number >> shift == 0)
                shift -= 4;
        for (; shift >= 0; shift -= 4)
                *text++ = digits[number >> shift & 15];
        return text;
}

/* FNV-1a; the NUL counts, so that names cannot run into each other. */
static uint32_t hash_text(uint32_t hash, const char *text) {
        do {
                hash = (hash ^ (uint8_t)*text) * 16777619u;
        } while (*text++);
        return hash;
}

/* Folded to the bits above the number. It tells answers apart; it does not stop an attacker. */
static uint64_t hash_user(const char *tenant, const char *user) {
        uint32_t hash = hash_text(hash_text(2166136261u, tenant), user);

        return (uint64_t)(hash ^ hash >> 24) << VERSION_NUMBER_BITS;
}

void state_version_make(const StateVersion *before, const char *tenant, const char *user,
        uint64_t number, StateVersion *ret_version) {
        uint64_t mask = (UINT64_C(1) << VERSION_NUMBER_BITS) - 1;
        uint64_t counter = before->incarnation ? before->counter + 1 : 1;
        uint64_t incarnation = hash_user(tenant, user) | (number & mask);

        *ret_version = (StateVersion){
                .incarnation = incarnation ? incarnation : 1,
                .counter = counter,
        };
}

static bool is_version_of(const StateVersion *version, const char *tenant, const char *user) {
        return version->incarnation >> VERSION_NUMBER_BITS ==
               hash_user(tenant, user) >> VERSION_NUMBER_BITS;
}

void state_version_format(const StateVersion *version, char text[STATE_VERSION_SIZE + 1]) {
        text = put_hex(text, version->incarnation);
        *text++ = '-';
        *put_hex(text, version->counter) = '\0';
}

/* Reads up to 16 lower-case digits. The caller finds a form that is not canonical by writing the
 * number again. */
static uint64_t parse_hex(const char **cursor) {
        uint64_t number = 0;

        for (size_t i = 0; i < 16; i++) {
                char c = **cursor;

                if (c >= '0' && c <= '9')
                        number = number << 4 | (uint64_t)(c - '0');
                else if (c >= 'a' && c <= 'f')
                        number = number << 4 | (uint64_t)(c - 'a' + 10);
                else
                        break;
                (*cursor)++;
        }
        return number;
}

int state_version_parse(const char *text, StateVersion *ret_version) {
        char again[STATE_VERSION_SIZE + 1];
        const char *cursor = text;
        StateVersion version = { 0 };

        version.incarnation = parse_hex(&cursor);
        if (*cursor++ != '-')
                return USER_STATE_E_CORRUPT;
        version.counter = parse_hex(&cursor);
        state_version_format(&version, again);
        if (strcmp(text, again) != 0 || version.incarnation == 0)
                return USER_STATE_E_CORRUPT;
        *ret_version = version;
        return 0;
}

/* Counts the members that are read, so that an unknown one is noticed. */
static const json_t *take(const json_t *object, const char *name, size_t *n_taken) {
        const json_t *value = json_object_get(object, name);

        *n_taken += value != NULL;
        return value;
}

static int decode_version(UserState *state, const char *sid, const char *value) {
        int r;

        (void)sid;
        if (state->version.incarnation != 0)
                return USER_STATE_E_CORRUPT;
        r = state_version_parse(value, &state->version);
        if (r == 0 && !is_version_of(&state->version, state->tenant, state->user))
                return USER_STATE_E_CORRUPT;
        return r;
}

/* @time_sec: 0 so far. */
static int decode_time(const char *value, uint64_t *time_sec) {
        if (*time_sec != 0 || text_parse_u64(value, SESSION_NUMBER_MAX, time_sec) != 0 ||
                *time_sec == 0)
                return USER_STATE_E_CORRUPT;
        return 0;
}

static int decode_not_before(UserState *state, const char *sid, const char *value) {
        (void)sid;
        return decode_time(value, &state->not_before_sec);
}

static int decode_forgotten(UserState *state, const char *sid, const char *value) {
        (void)sid;
        return decode_time(value, &state->forgotten_sec);
}

static int decode_ban(UserState *state, const char *sid, const char *value) {
        json_auto_t *object = json_loads(value, JSON_REJECT_DUPLICATES, NULL);
        size_t n_taken = 0;
        const json_t *until = take(object, "until", &n_taken);
        const json_t *reason = take(object, "reason", &n_taken);

        (void)sid;
        if (state->ban_until_sec != 0 || !json_is_object(object) ||
                n_taken != json_object_size(object))
                return USER_STATE_E_CORRUPT;
        state->ban_until_sec = UINT64_MAX;
        if (until && (!session_json_get_number(until, &state->ban_until_sec) ||
                             state->ban_until_sec == 0))
                return USER_STATE_E_CORRUPT;
        if (!reason)
                return 0;
        if (!json_is_string(reason))
                return USER_STATE_E_CORRUPT;
        state->ban_reason = strdup(json_string_value(reason));
        return state->ban_reason ? 0 : -ENOMEM;
}

static int decode_session(UserState *state, const char *sid, const char *value) {
        _cleanup_(session_unrefp) Session *session = NULL;
        int r;

        r = session_json_decode(sid, value, &session);
        if (r)
                return r;
        r = user_state_add(state, session);
        if (r == -EEXIST || r == USER_STATE_E_FULL)
                return USER_STATE_E_CORRUPT;
        if (r == 0)
                (void)TAKE_PTR(session);
        return r;
}

/* The end "ok" would read as a live session; an unknown code would be lost by the next commit. */
static bool get_reason(const json_t *value, Reason *ret_reason) {
        const char *code = json_string_value(value);
        Reason reason = reason_from_code(code);

        if (!code || reason == REASON_OK || strcmp(code, reason_code(reason)) != 0)
                return false;
        *ret_reason = reason;
        return true;
}

static int decode_ended(UserState *state, const char *sid, const char *value) {
        json_auto_t *object = json_loads(value, JSON_REJECT_DUPLICATES, NULL);
        EndedSession ended = { 0 };
        const json_t *adopted;
        size_t n_taken = 0;
        int r;

        adopted = take(object, "ext", &n_taken);
        ended.adopted = adopted != NULL;
        if (!get_reason(take(object, "reason", &n_taken), &ended.reason) ||
                !session_json_get_number(take(object, "at", &n_taken), &ended.ended_at_sec) ||
                !session_json_get_number(take(object, "keep", &n_taken), &ended.keep_until_sec) ||
                n_taken != json_object_size(object) ||
                (adopted && json_integer_value(adopted) != 1))
                return USER_STATE_E_CORRUPT;
        memcpy(ended.sid, sid, SID_SIZE);
        r = user_state_insert_ended(state, &ended);
        return r == -EEXIST || r == USER_STATE_E_FULL ? USER_STATE_E_CORRUPT : r;
}

static int decode_code(UserState *state, const char *mac, const char *value) {
        json_auto_t *object = json_loads(value, JSON_REJECT_DUPLICATES, NULL);
        LoginCode code = { 0 };
        const json_t *foreign;
        size_t n_taken = 0;
        const char *sid;
        int r;

        foreign = take(object, "ext", &n_taken);
        code.is_foreign = foreign != NULL;
        sid = json_string_value(take(object, "sid", &n_taken));
        if (!sid || !sid_is_valid(sid, strlen(sid)) ||
                !session_json_get_number(take(object, "gen", &n_taken), &code.generation) ||
                !session_json_get_number(take(object, "iat", &n_taken), &code.issued_at_sec) ||
                !session_json_get_number(take(object, "end", &n_taken), &code.end_sec) ||
                n_taken != json_object_size(object) || state->n_codes == STATE_CODES_MAX ||
                (foreign && json_integer_value(foreign) != 1))
                return USER_STATE_E_CORRUPT;
        memcpy(code.sid, sid, SID_SIZE);
        memcpy(code.mac, mac, SID_SIZE);
        r = user_state_add_code(state, &code);
        return r == -EEXIST ? USER_STATE_E_CORRUPT : r;
}

/* @prefix: the name continues with a sid, or an id of the same form. @forbids: it is salvaged even if other fields
 * cannot be read. */
static const struct {
        const char *name;
        bool prefix, forbids;
        int (*decode)(UserState *state, const char *sid, const char *value);
} field_types[] = {
        { STATE_FIELD_VERSION, false, false, decode_version },
        { STATE_FIELD_NOT_BEFORE, false, true, decode_not_before },
        { STATE_FIELD_FORGOTTEN, false, true, decode_forgotten },
        { STATE_FIELD_BAN, false, true, decode_ban },
        { STATE_FIELD_LIVE, true, false, decode_session },
        { STATE_FIELD_ENDED, true, false, decode_ended },
        { STATE_FIELD_CODE, true, false, decode_code },
};

static int decode_field(UserState *state, const StateField *field) {
        for (size_t i = 0; i < ARRAY_SIZE(field_types); i++) {
                size_t size = strlen(field_types[i].name);
                const char *rest = field->name + size;

                if (strncmp(field->name, field_types[i].name, size) != 0)
                        continue;
                if (field_types[i].prefix ? sid_is_valid(rest, strlen(rest)) : *rest == '\0')
                        return field_types[i].decode(state, rest, field->value);
        }
        return USER_STATE_E_CORRUPT;
}

int state_fields_decode(
        const char *tenant, const char *user, const StateFields *fields, UserState **ret_state) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        int r;

        r = user_state_new(tenant, user, &state);
        for (size_t i = 0; r == 0 && i < fields->n_items; i++)
                r = decode_field(state, &fields->items[i]);
        if (r)
                return r;
        if (fields->n_items > 0 && state->version.incarnation == 0)
                return USER_STATE_E_CORRUPT;
        *ret_state = TAKE_PTR(state);
        return 0;
}

/* Nobody knows the end, or whether there was a ban at all, so it holds until an administrator
 * lifts it. */
static int ban_without_end(UserState *state) {
        free(state->ban_reason);
        state->ban_until_sec = UINT64_MAX;
        state->ban_reason = strdup(STATE_REMAINS_BAN);
        return state->ban_reason ? 0 : -ENOMEM;
}

static int salvage_field(UserState *state, const StateField *field) {
        for (size_t i = 0; i < ARRAY_SIZE(field_types); i++) {
                int r;

                if (!field_types[i].forbids || strcmp(field->name, field_types[i].name) != 0)
                        continue;
                r = field_types[i].decode(state, "", field->value);
                if (r != USER_STATE_E_CORRUPT)
                        return r;
                return field_types[i].decode == decode_ban ? ban_without_end(state) : 0;
        }
        return 0;
}

int state_fields_salvage(
        const char *tenant, const char *user, const StateFields *fields, UserState **ret_state) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        int r;

        r = user_state_new(tenant, user, &state);
        if (r == 0 && !fields)
                r = ban_without_end(state);
        for (size_t i = 0; r == 0 && fields && i < fields->n_items; i++)
                r = salvage_field(state, &fields->items[i]);
        if (r)
                return r;
        *ret_state = TAKE_PTR(state);
        return 0;
}
