/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "daemon/session/session-json.h"
#include "daemon/session/session-numbers.h"
#include "daemon/session/session.h"
#include "daemon/session/user-state.h"

/* The text of session-numbers.h. */
#define NUMBERS_NAME  "t"
#define NUMBERS_BEGIN "{\"" NUMBERS_NAME "\":"
/* The characters around a text, or of a number, with its name. */
#define MEMBER_SIZE_MAX 32u
#define ESCAPE_SIZE     6u

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

/* The audience of most sessions, stored as "", as no audience or role is empty. It does not
 * depend on a host's configuration, so that all hosts agree. */
#define USUAL_STRINGS "[\"authtoken\"]"
#define NO_STRINGS    "null"

/* A text under construction, in a buffer that is large enough for it. */
typedef struct Writer {
        char *at;
} Writer;

static void put(Writer *writer, const char *text, size_t size) {
        writer->at = mempcpy(writer->at, text, size);
}

static void put_character(Writer *writer, char character) {
        *writer->at++ = character;
}

static bool is_plain(unsigned char code) {
        return code >= ' ' && code != '"' && code != '\\';
}

/* RFC 8259 section 7 */
static void put_escaped(Writer *writer, unsigned char code) {
        static const char hex[] = "0123456789abcdef";
        const char escape[ESCAPE_SIZE] = { '\\', 'u', '0', '0', hex[code >> 4], hex[code & 15] };
        const char pair[] = { '\\', (char)code };

        if (code < ' ')
                put(writer, escape, sizeof(escape));
        else
                put(writer, pair, sizeof(pair));
}

static void put_text(Writer *writer, const char *text) {
        put_character(writer, '"');
        while (*text) {
                size_t size = 0;

                while (is_plain((unsigned char)text[size]))
                        size++;
                put(writer, text, size);
                text += size;
                if (*text)
                        put_escaped(writer, (unsigned char)*text++);
        }
        put_character(writer, '"');
}

/* Writes a comma first: the first member is always there. */
static void put_name(Writer *writer, const char *name) {
        put_character(writer, ',');
        put_text(writer, name);
        put_character(writer, ':');
}

/* Stored is an array, or the string that is alone in it. Reading makes the compact text again, so @text has
 * to be that text. */
static int put_strings(Writer *writer, const char *text) {
        json_auto_t *json = NULL;
        _cleanup_(freep) char *again = NULL;
        size_t size = strlen(text);

        if (strcmp(text, USUAL_STRINGS) == 0) {
                put_text(writer, "");
                return 0;
        }
        json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        if (!is_array_of_strings(json))
                return -EINVAL;
        again = json_dumps(json, JSON_COMPACT);
        if (!again)
                return -ENOMEM;
        if (strcmp(text, again) != 0)
                return -EINVAL;
        if (json_array_size(json) != 1) {
                put(writer, text, size);
                return 0;
        }
        if (json_string_length(json_array_get(json, 0)) == 0)
                return -EINVAL;
        put(writer, text + 1, size - 2);
        return 0;
}

/* Nearly every session has the usual audience. */
static int put_audience(Writer *writer, const char *name, const char *text) {
        if (text && strcmp(text, USUAL_STRINGS) == 0)
                return 0;
        put_name(writer, name);
        if (text)
                return put_strings(writer, text);
        put(writer, NO_STRINGS, strlen(NO_STRINGS));
        return 0;
}

static int put_number(Writer *writer, const char *name, uint64_t number) {
        char digits[TEXT_U64_SIZE_MAX + 1];
        size_t size;

        if (number == 0)
                return 0;
        if (number > SESSION_NUMBER_MAX)
                return -EINVAL;
        size = text_format_u64(number, digits);
        put_name(writer, name);
        put(writer, digits, size);
        return 0;
}

static int put_member(Writer *writer, const SessionMember *member, const Session *session) {
        const char *text;

        if (!member->name)
                return 0;
        if (session_member_is_number(member))
                return put_number(writer, member->name, session_get_number(session, member));
        text = session_get_text(session, member);
        if (member->type == SESSION_MEMBER_AUDIENCE)
                return put_audience(writer, member->name, text);
        if (!text)
                return 0;
        put_name(writer, member->name);
        if (member->type == SESSION_MEMBER_STRINGS)
                return put_strings(writer, text);
        /* Do not write what could not be read again: it would lock the user out. */
        if (member->type == SESSION_MEMBER_OBJECT && !is_object(text))
                return -EINVAL;
        if (!text_is_utf8(text, strlen(text)))
                return -EINVAL;
        put_text(writer, text);
        return 0;
}

static size_t member_size_max(const SessionMember *member, const Session *session) {
        const char *text;

        if (session_member_is_number(member))
                return member->name ? MEMBER_SIZE_MAX : 0;
        text = session_get_text(session, member);
        /* A missing audience is written, too. */
        if (!text && member->type != SESSION_MEMBER_AUDIENCE)
                return 0;
        return MEMBER_SIZE_MAX + ESCAPE_SIZE * strlen(STRING_OR_EMPTY(text));
}

/* An upper bound of a session's stored text. Small for most: malloc() is slow for a kilobyte. */
static size_t text_size_max(const Session *session) {
        size_t size = SESSION_NUMBERS_SIZE_MAX + MEMBER_SIZE_MAX;

        for (size_t i = 0; i < SESSION_MEMBERS_COUNT; i++)
                size += member_size_max(&session_members[i], session);
        return size;
}

int session_json_encode(const Session *session, char **ret_text) {
        char numbers[SESSION_NUMBERS_SIZE_MAX + 1];
        _cleanup_(freep) char *text = malloc(text_size_max(session));
        Writer writer = { text };
        int r = 0;

        if (!text)
                return -ENOMEM;
        if (!session_numbers_format(session, numbers))
                return -EINVAL;
        put(&writer, NUMBERS_BEGIN, strlen(NUMBERS_BEGIN));
        put_text(&writer, numbers);
        for (size_t i = 0; i < SESSION_MEMBERS_COUNT && r == 0; i++)
                r = put_member(&writer, &session_members[i], session);
        if (r < 0)
                return r;
        put(&writer, "}", sizeof("}"));
        *ret_text = TAKE_PTR(text);
        return 0;
}

static int get_usual(char **ret_text) {
        *ret_text = strdup(USUAL_STRINGS);
        return *ret_text ? 0 : -ENOMEM;
}

static int get_strings(const json_t *value, char **ret_text) {
        json_auto_t *array = NULL;

        if (json_is_string(value) && json_string_length(value) == 0)
                return get_usual(ret_text);
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

        if (member->type == SESSION_MEMBER_AUDIENCE && !value)
                return get_usual(session_text(session, member));
        if (!value || (member->type == SESSION_MEMBER_AUDIENCE && json_is_null(value)))
                return 0;
        if (session_member_is_number(member))
                return session_json_get_number(value, session_number(session, member))
                               ? 0
                               : USER_STATE_E_CORRUPT;
        if (member->type == SESSION_MEMBER_STRINGS || member->type == SESSION_MEMBER_AUDIENCE)
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
