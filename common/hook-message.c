/* SPDX-License-Identifier: MIT */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/hook-message.h"
#include "common/text.h"

#define MAGIC      "authtoken-hook 1 "
#define DIGITS_MAX 20u /* of a uint64_t */

static const char *const kinds[] = {
#define X(symbol, name) [HOOK_##symbol] = name,
        HOOK_KINDS(X)
#undef X
};

static const char *const outcomes[HOOK_OUTCOME_COUNT] = {
        [HOOK_ALLOWED] = "allowed",
        [HOOK_VETOED] = "vetoed",
        [HOOK_FAILED] = "failed",
};

/* The part that is left to read. */
typedef struct Cursor {
        const char *text;
        size_t size;
} Cursor;

const char *hook_kind_name(HookKind kind) {
        return kinds[kind];
}

const char *hook_outcome_name(HookOutcome outcome) {
        return outcomes[outcome];
}

static bool ends_with(const char *text, const char *end) {
        size_t size = strlen(text), end_size = strlen(end);

        return size > end_size && !strcmp(text + size - end_size, end);
}

static bool is_left_over(const char *name) {
        static const char *const ends[] = { ".dpkg-old", ".dpkg-dist", ".dpkg-new", ".dpkg-tmp",
                ".rpmsave", ".rpmorig", ".rpmnew", ".bak", ".orig", ".swp" };

        for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
                if (ends_with(name, ends[i]))
                        return true;
        return false;
}

static bool is_alphanumeric(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool hook_name_is_valid(const char *name) {
        size_t size = strlen(name);

        if (size == 0 || size > HOOK_NAME_MAX || !is_alphanumeric(name[0]))
                return false;
        for (size_t i = 1; i < size; i++)
                if (!is_alphanumeric(name[i]) && !strchr("._-", name[i]))
                        return false;
        return !is_left_over(name);
}

int hook_message_encode(const HookMessage *message, char *buffer, size_t size, size_t *ret_used) {
        int head;

        head = snprintf(buffer, size, MAGIC "%s %" PRIu64 "\n", kinds[message->kind],
                message->deadline_usec);
        if (head < 0 || (size_t)head >= size || message->json_size > size - (size_t)head)
                return HOOK_MESSAGE_E_FULL;
        memcpy(buffer + head, message->json, message->json_size);
        *ret_used = (size_t)head + message->json_size;
        return 0;
}

static bool take(Cursor *cursor, const char *expected) {
        size_t size = strlen(expected);

        if (cursor->size < size || memcmp(cursor->text, expected, size))
                return false;
        cursor->text += size;
        cursor->size -= size;
        return true;
}

static bool take_kind(Cursor *cursor, HookKind *ret_kind) {
        for (HookKind kind = 0; kind < HOOK_KIND_COUNT; kind++) {
                Cursor ahead = *cursor;

                if (!take(&ahead, kinds[kind]) || !take(&ahead, " "))
                        continue;
                *cursor = ahead;
                *ret_kind = kind;
                return true;
        }
        return false;
}

static bool take_deadline(Cursor *cursor, uint64_t *ret_usec) {
        const char *end = memchr(cursor->text, '\n', cursor->size);
        char digits[DIGITS_MAX + 1];
        size_t size;

        if (!end || (size_t)(end - cursor->text) > DIGITS_MAX)
                return false;
        size = (size_t)(end - cursor->text);
        memcpy(digits, cursor->text, size);
        digits[size] = '\0';
        cursor->text += size + 1;
        cursor->size -= size + 1;
        return text_parse_u64(digits, UINT64_MAX, ret_usec) == 0;
}

static bool has_control(const Cursor *cursor) {
        for (size_t i = 0; i < cursor->size; i++)
                if ((unsigned char)cursor->text[i] < ' ')
                        return true;
        return false;
}

int hook_message_decode(const char *packet, size_t size, HookMessage *ret_message) {
        Cursor cursor = { packet, size };
        HookMessage message;

        if (size > HOOK_PACKET_MAX || !take(&cursor, MAGIC) || !take_kind(&cursor, &message.kind) ||
                !take_deadline(&cursor, &message.deadline_usec))
                return HOOK_MESSAGE_E_MALFORMED;
        if (cursor.size < 2 || cursor.text[0] != '{' || cursor.text[cursor.size - 1] != '}' ||
                !text_is_utf8(cursor.text, cursor.size) || has_control(&cursor))
                return HOOK_MESSAGE_E_MALFORMED;
        message.json = cursor.text;
        message.json_size = cursor.size;
        *ret_message = message;
        return 0;
}

int hook_answer_encode(const HookAnswer *answer, char *buffer, size_t size, size_t *ret_used) {
        int used;

        used = snprintf(buffer, size, "%s%s%s", outcomes[answer->outcome], *answer->name ? " " : "",
                answer->name);
        if (used < 0 || (size_t)used >= size)
                return HOOK_MESSAGE_E_FULL;
        *ret_used = (size_t)used;
        return 0;
}

static bool take_outcome(Cursor *cursor, HookOutcome *ret_outcome) {
        for (HookOutcome i = 0; i < HOOK_OUTCOME_COUNT; i++)
                if (take(cursor, outcomes[i])) {
                        *ret_outcome = i;
                        return true;
                }
        return false;
}

static bool take_name(Cursor *cursor, char *name) {
        if (!take(cursor, " ") || cursor->size > HOOK_NAME_MAX ||
                memchr(cursor->text, '\0', cursor->size))
                return false;
        memcpy(name, cursor->text, cursor->size);
        name[cursor->size] = '\0';
        return hook_name_is_valid(name);
}

int hook_answer_decode(const char *packet, size_t size, HookAnswer *ret_answer) {
        Cursor cursor = { packet, size };
        HookAnswer answer = { 0 };

        if (!take_outcome(&cursor, &answer.outcome))
                return HOOK_MESSAGE_E_MALFORMED;
        if (cursor.size > 0 && !take_name(&cursor, answer.name))
                return HOOK_MESSAGE_E_MALFORMED;
        if ((answer.outcome == HOOK_ALLOWED && *answer.name) ||
                (answer.outcome == HOOK_VETOED && !*answer.name))
                return HOOK_MESSAGE_E_MALFORMED;
        *ret_answer = answer;
        return 0;
}
