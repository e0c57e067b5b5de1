/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "daemon/session/session-numbers.h"

#define BASE       36u
#define DIGITS_MAX 11u /* of SESSION_NUMBER_MAX */

static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";

_Static_assert(SESSION_NUMBER_MAX < UINT64_C(131621703842267136), "36^11");

static char *put(char *text, uint64_t number) {
        char reversed[DIGITS_MAX];
        size_t n = 0;

        do
                reversed[n++] = digits[number % BASE];
        while ((number /= BASE) > 0);
        while (n > 0)
                *text++ = reversed[--n];
        return text;
}

static char *put_time(char *text, uint64_t time_sec, uint64_t begin_sec) {
        if (time_sec == 0)
                return text;
        if (time_sec >= begin_sec)
                return put(text, time_sec - begin_sec);
        *text++ = '-';
        return put(text, begin_sec - time_sec);
}

bool session_numbers_format(const Session *session, char text[SESSION_NUMBERS_SIZE_MAX + 1]) {
        char *end = text;

        for (size_t i = 0; i < SESSION_MEMBERS_COUNT; i++) {
                const SessionMember *member = &session_members[i];
                uint64_t number;

                if (member->type != SESSION_MEMBER_NUMBER && member->type != SESSION_MEMBER_TIME)
                        continue;
                number = session_get_number(session, member);
                if (number > SESSION_NUMBER_MAX)
                        return false;
                if (end != text)
                        *end++ = '.';
                end = member->type == SESSION_MEMBER_TIME
                              ? put_time(end, number, session->created_at_sec)
                              : put(end, number);
        }
        *end = '\0';
        return true;
}

/* Any other character ends the number. */
static bool take(const char **cursor, uint64_t *ret_number) {
        uint64_t number = 0;
        size_t n;

        for (n = 0; **cursor && n <= DIGITS_MAX; n++, (*cursor)++) {
                const char *digit = strchr(digits, **cursor);

                if (!digit)
                        break;
                number = number * BASE + (uint64_t)(digit - digits);
        }
        *ret_number = number;
        return n > 0 && n <= DIGITS_MAX;
}

static bool take_time(const char **cursor, uint64_t begin_sec, uint64_t *ret_sec) {
        bool before = **cursor == '-';
        uint64_t difference;

        *ret_sec = 0;
        if (**cursor == '.' || !**cursor)
                return true;
        *cursor += before;
        if (!take(cursor, &difference) || (before && difference > begin_sec))
                return false;
        *ret_sec = before ? begin_sec - difference : begin_sec + difference;
        return true;
}

bool session_numbers_parse(const char *text, Session *session) {
        char again[SESSION_NUMBERS_SIZE_MAX + 1];
        const char *cursor = text;

        for (size_t i = 0; i < SESSION_MEMBERS_COUNT; i++) {
                const SessionMember *member = &session_members[i];
                uint64_t *number = session_number(session, member);

                if (member->type != SESSION_MEMBER_NUMBER && member->type != SESSION_MEMBER_TIME)
                        continue;
                if (cursor != text && *cursor++ != '.')
                        return false;
                if (!(member->type == SESSION_MEMBER_TIME
                                    ? take_time(&cursor, session->created_at_sec, number)
                                    : take(&cursor, number)))
                        return false;
        }
        /* One session has one text. */
        return session_numbers_format(session, again) && strcmp(text, again) == 0;
}
