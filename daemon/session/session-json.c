/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "common/text.h"
#include "daemon/session/session-json.h"
#include "daemon/session/session-numbers.h"
#include "daemon/session/session.h"
#include "daemon/session/user-state.h"

/* The text of session-numbers.h. */
#define NUMBERS_NAME "t"

int session_json_set_number(json_t *object, const char *name, uint64_t number) {
        if (number > SESSION_NUMBER_MAX)
                return -EINVAL;
        return json_object_set_new(object, name, json_integer((json_int_t)number)) < 0 ? -ENOMEM
                                                                                       : 0;
}

int session_json_set_text(json_t *object, const char *name, const char *text) {
        if (!text_is_utf8(text, strlen(text)))
                return -EINVAL;
        return json_object_set_new(object, name, json_string_nocheck(text)) < 0 ? -ENOMEM : 0;
}

bool session_json_get_number(const json_t *value, uint64_t *ret_number) {
        json_int_t number = json_integer_value(value);

        if (!json_is_integer(value) || number < 0 || (uint64_t)number > SESSION_NUMBER_MAX)
                return false;
        *ret_number = (uint64_t)number;
        return true;
}

bool session_json_has(const char *array_json, const char *text) {
        json_auto_t *array =
                array_json ? json_loads(array_json, JSON_REJECT_DUPLICATES, NULL) : NULL;
        const json_t *element;
        size_t i;

        json_array_foreach(array, i, element) {
                const char *member = json_string_value(element);

                if (member && !strcmp(member, text))
                        return true;
        }
        return false;
}

static bool is_array_of_strings(const json_t *json) {
        const json_t *element;
        size_t i;

        if (!json_is_array(json))
                return false;
        json_array_foreach(json, i, element) {
                if (!json_is_string(element))
                        return false;
        }
        return true;
}

static bool is_object(const char *text) {
        json_auto_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

        return json_is_object(json);
}

/* What most sessions have, whatever a host is configured with; no audience or role is empty. */
#define USUAL_STRINGS "[\"authtoken\"]"

/* What is kept is an array, or the string that stands alone in it; its text is made again when it is read, so it
 * has to be the one that is made. */
static int set_strings(json_t *object, const char *name, const char *text) {
        json_auto_t *json = NULL;
        _cleanup_(freep) char *again = NULL;
        json_t *value;

        if (strcmp(text, USUAL_STRINGS) == 0)
                return session_json_set_text(object, name, "");
        json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        if (!is_array_of_strings(json))
                return -EINVAL;
        again = json_dumps(json, JSON_COMPACT);
        if (!again)
                return -ENOMEM;
        if (strcmp(text, again) != 0)
                return -EINVAL;
        value = json;
        if (json_array_size(json) == 1)
                value = json_array_get(json, 0);
        if (json_is_string(value) && json_string_length(value) == 0)
                return -EINVAL;
        return json_object_set(object, name, value) < 0 ? -ENOMEM : 0;
}

static int encode_member(json_t *object, const SessionMember *member, const Session *session) {
        const char *text;

        if (!member->name)
                return 0;
        if (session_member_is_number(member)) {
                uint64_t number = session_get_number(session, member);

                return number ? session_json_set_number(object, member->name, number) : 0;
        }
        text = session_get_text(session, member);
        if (!text)
                return 0;
        if (member->type == SESSION_MEMBER_STRINGS)
                return set_strings(object, member->name, text);
        /* What cannot be read again must not be written: it would lock the user out. */
        if (member->type == SESSION_MEMBER_OBJECT && !is_object(text))
                return -EINVAL;
        return session_json_set_text(object, member->name, text);
}

int session_json_encode(const Session *session, char **ret_text) {
        json_auto_t *object = json_object();
        char numbers[SESSION_NUMBERS_SIZE_MAX + 1];
        char *text;
        int r;

        if (!object)
                return -ENOMEM;
        if (!session_numbers_format(session, numbers))
                return -EINVAL;
        r = session_json_set_text(object, NUMBERS_NAME, numbers);
        for (size_t i = 0; i < SESSION_MEMBERS_COUNT && r == 0; i++)
                r = encode_member(object, &session_members[i], session);
        if (r < 0)
                return r;
        text = json_dumps(object, JSON_COMPACT);
        if (!text)
                return -ENOMEM;
        *ret_text = text;
        return 0;
}

static int get_strings(const json_t *value, char **ret_text) {
        json_auto_t *array = NULL;

        if (json_is_string(value) && json_string_length(value) == 0) {
                *ret_text = strdup(USUAL_STRINGS);
                return *ret_text ? 0 : -ENOMEM;
        }
        if (json_is_string(value)) {
                array = json_pack("[O]", value);
                if (!array)
                        return -ENOMEM;
                value = array;
        } else if (!is_array_of_strings(value) || json_array_size(value) == 1) {
                return USER_STATE_E_CORRUPT;
        }
        *ret_text = json_dumps(value, JSON_COMPACT);
        return *ret_text ? 0 : -ENOMEM;
}

static int decode_member(Session *session, const SessionMember *member, const json_t *value) {
        const char *text = json_string_value(value);

        if (!value)
                return 0;
        if (session_member_is_number(member))
                return session_json_get_number(value, session_number(session, member))
                               ? 0
                               : USER_STATE_E_CORRUPT;
        if (member->type == SESSION_MEMBER_STRINGS)
                return get_strings(value, session_text(session, member));
        if (!text || (member->type == SESSION_MEMBER_OBJECT && !is_object(text)))
                return USER_STATE_E_CORRUPT;
        *session_text(session, member) = strdup(text);
        return *session_text(session, member) ? 0 : -ENOMEM;
}

int session_json_decode(const char *sid, const char *text, Session **ret_session) {
        json_auto_t *object = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        _cleanup_(session_unrefp) Session *session = calloc(1, sizeof(*session));
        const char *numbers = json_string_value(json_object_get(object, NUMBERS_NAME));
        size_t n_found = 1;

        if (!session)
                return -ENOMEM;
        if (!numbers || strlen(sid) != SID_SIZE || !session_numbers_parse(numbers, session))
                return USER_STATE_E_CORRUPT;
        memcpy(session->sid, sid, SID_SIZE);
        for (size_t i = 0; i < SESSION_MEMBERS_COUNT; i++) {
                const char *name = session_members[i].name;
                const json_t *value = name ? json_object_get(object, name) : NULL;
                int r = decode_member(session, &session_members[i], value);

                if (r)
                        return r;
                n_found += value != NULL;
        }
        /* A member that is not in the table would be lost by the next commit. */
        if (n_found != json_object_size(object) || session->generation == 0)
                return USER_STATE_E_CORRUPT;
        *ret_session = TAKE_PTR(session);
        return 0;
}
