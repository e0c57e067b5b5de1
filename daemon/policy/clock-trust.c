/* SPDX-License-Identifier: MIT */

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "daemon/policy/clock-trust.h"

#define VERSION     "c1"
#define NUMBERS     7u
#define NUMBER_MAX  (UINT64_C(1) << 53)
#define NUMBER_SIZE 20u

static uint64_t earlier(uint64_t a, uint64_t b) {
        return a < b ? a : b;
}

static void claim(ClockTrust *trust, uint64_t wall_sec) {
        trust->claimed_sec = wall_sec;
        trust->age_sec = 0;
}

void clock_trust_advance(
        ClockTrust *trust, uint64_t wall_sec, uint64_t elapsed_sec, uint64_t wait_sec) {
        trust->believed_sec += elapsed_sec;
        trust->claimed_sec = earlier(trust->claimed_sec + elapsed_sec, wall_sec);
        trust->age_sec += elapsed_sec;
        if (wall_sec <= trust->believed_sec + CLOCK_SLACK_SEC) {
                trust->believed_sec = wall_sec;
                claim(trust, wall_sec);
                return;
        }
        if (trust->claimed_sec <= trust->believed_sec + CLOCK_SLACK_SEC) {
                claim(trust, wall_sec);
                return;
        }
        if (trust->age_sec < earlier(trust->claimed_sec - trust->believed_sec, wait_sec))
                return;
        trust->believed_sec = trust->claimed_sec;
        claim(trust, wall_sec);
}

static void list_numbers(ClockRecord *record, uint64_t *numbers[NUMBERS]) {
        uint64_t *list[NUMBERS] = {
                &record->up_sec,
                &record->passed.believed_sec,
                &record->passed.claimed_sec,
                &record->passed.age_sec,
                &record->settled.believed_sec,
                &record->settled.claimed_sec,
                &record->settled.age_sec,
        };

        memcpy(numbers, list, sizeof(list));
}

void clock_record_format(const ClockRecord *record, char text[CLOCK_RECORD_SIZE]) {
        ClockRecord copy = *record;
        uint64_t *numbers[NUMBERS];
        size_t size;

        list_numbers(&copy, numbers);
        size = (size_t)snprintf(text, CLOCK_RECORD_SIZE, VERSION);
        for (size_t i = 0; i < NUMBERS; i++)
                size += (size_t)snprintf(
                        text + size, CLOCK_RECORD_SIZE - size, " %" PRIu64, *numbers[i]);
}

static int read_number(const char **cursor, uint64_t *number) {
        size_t size = **cursor == ' ' ? strcspn(*cursor + 1, " ") : 0;
        char word[NUMBER_SIZE];

        if (size == 0 || size >= sizeof(word))
                return CLOCK_RECORD_E_INVALID;
        memcpy(word, *cursor + 1, size);
        word[size] = '\0';
        *cursor += 1 + size;
        return text_parse_u64(word, NUMBER_MAX, number) ? CLOCK_RECORD_E_INVALID : 0;
}

static bool is_sound(const ClockTrust *trust) {
        return trust->believed_sec <= trust->claimed_sec;
}

int clock_record_parse(const char *text, ClockRecord *ret_record) {
        const char *cursor = text + strlen(VERSION);
        char again[CLOCK_RECORD_SIZE];
        ClockRecord record = { 0 };
        uint64_t *numbers[NUMBERS];

        if (strncmp(text, VERSION, strlen(VERSION)) != 0)
                return CLOCK_RECORD_E_INVALID;
        list_numbers(&record, numbers);
        for (size_t i = 0; i < NUMBERS; i++)
                if (read_number(&cursor, numbers[i]))
                        return CLOCK_RECORD_E_INVALID;
        /* Other forms are found by writing the text again. */
        clock_record_format(&record, again);
        if (strcmp(text, again) != 0 || !is_sound(&record.passed) || !is_sound(&record.settled))
                return CLOCK_RECORD_E_INVALID;
        *ret_record = record;
        return 0;
}
