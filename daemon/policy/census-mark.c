/* SPDX-License-Identifier: MIT */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "daemon/policy/census-mark.h"

#define VERSION    "c1"
#define NOBODY     "-"
#define NUMBER_MAX (UINT64_C(1) << 53)
#define WORD_SIZE  (SID_SIZE + 1)

enum {
        N_NUMBERS = 5,
};

void census_mark_format(const CensusMark *mark, char text[CENSUS_TEXT_MAX]) {
        snprintf(text, CENSUS_TEXT_MAX,
                VERSION " %s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %u",
                *mark->holder ? mark->holder : NOBODY, mark->n_steps, mark->counted_at_sec,
                mark->n_sessions, mark->n_users, mark->lost ? 1u : 0u);
}

/* Return: the place after the word and its space; NULL: no word of that size. */
static const char *read_word(const char *cursor, char word[WORD_SIZE]) {
        size_t n = cursor ? strcspn(cursor, " ") : 0;

        if (n == 0 || n >= WORD_SIZE)
                return NULL;
        memcpy(word, cursor, n);
        word[n] = '\0';
        return cursor[n] ? cursor + n + 1 : cursor + n;
}

static const char *read_number(const char *cursor, uint64_t *ret_number) {
        char word[WORD_SIZE];

        cursor = read_word(cursor, word);
        return cursor && text_parse_u64(word, NUMBER_MAX, ret_number) == 0 ? cursor : NULL;
}

int census_mark_parse(const char *text, CensusMark *ret_mark) {
        uint64_t numbers[N_NUMBERS];
        char version[WORD_SIZE], again[CENSUS_TEXT_MAX];
        CensusMark mark = { 0 };
        const char *cursor = read_word(read_word(text, version), mark.holder);

        for (size_t i = 0; cursor && i < ARRAY_SIZE(numbers); i++)
                cursor = read_number(cursor, &numbers[i]);
        if (!cursor)
                return CENSUS_E_INVALID;
        if (strcmp(mark.holder, NOBODY) == 0)
                *mark.holder = '\0';
        else if (!sid_is_valid(mark.holder, strlen(mark.holder)))
                return CENSUS_E_INVALID;
        mark.n_steps = numbers[0];
        mark.counted_at_sec = numbers[1];
        mark.n_sessions = numbers[2];
        mark.n_users = numbers[3];
        mark.lost = numbers[4] == 1;
        /* Other forms are found by writing the text again. */
        census_mark_format(&mark, again);
        if (strcmp(text, again) != 0)
                return CENSUS_E_INVALID;
        *ret_mark = mark;
        return 0;
}

bool census_is_due(const CensusMark *mark, unsigned int n_rounds, bool has_counted) {
        if (!mark)
                return true;
        if (*mark->holder)
                return n_rounds >= CENSUS_ROUNDS_DEAD;
        if (!mark->counted_at_sec || !has_counted)
                return true;
        return n_rounds >= (mark->n_users <= CENSUS_USERS_OFTEN ? 1 : CENSUS_ROUNDS_SELDOM);
}
