/* SPDX-License-Identifier: MIT */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "daemon/policy/adoption.h"

#define NUMBER_MAX  (UINT64_C(1) << 53)
#define NUMBER_SIZE 20u

/* A version, an id, and numbers, with one space between them. */
typedef struct Reader {
        const char *cursor;
        bool failed;
} Reader;

static void read_word(Reader *reader, char *word, size_t size) {
        size_t n = strcspn(reader->cursor, " ");

        if (reader->failed || n == 0 || n >= size) {
                reader->failed = true;
                return;
        }
        memcpy(word, reader->cursor, n);
        word[n] = '\0';
        reader->cursor += n;
        if (*reader->cursor == ' ' && reader->cursor[1] != '\0')
                reader->cursor++;
}

static uint64_t read_number(Reader *reader) {
        char word[NUMBER_SIZE];
        uint64_t number = 0;

        read_word(reader, word, sizeof(word));
        if (!reader->failed && text_parse_u64(word, NUMBER_MAX, &number))
                reader->failed = true;
        return number;
}

static void read_head(Reader *reader, const char *version, char id[SID_SIZE + 1]) {
        char word[NUMBER_SIZE];

        read_word(reader, word, sizeof(word));
        if (!reader->failed && strcmp(word, version) != 0)
                reader->failed = true;
        read_word(reader, id, SID_SIZE + 1);
        if (!reader->failed && !sid_is_valid(id, strlen(id)))
                reader->failed = true;
}

void adoption_epoch_format(const AdoptionEpoch *epoch, char text[ADOPTION_TEXT_MAX]) {
        snprintf(text, ADOPTION_TEXT_MAX, "e1 %s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64,
                epoch->id, epoch->count, epoch->made_at_sec, epoch->since_sec,
                epoch->stateless_since_sec);
}

void adoption_epoch_head(const AdoptionEpoch *epoch, char text[ADOPTION_HEAD_SIZE + 1]) {
        snprintf(text, ADOPTION_HEAD_SIZE + 1, "e1 %s ", epoch->id);
}

int adoption_epoch_parse(const char *text, AdoptionEpoch *ret_epoch) {
        Reader reader = { .cursor = text };
        char again[ADOPTION_TEXT_MAX];
        AdoptionEpoch epoch = { 0 };

        read_head(&reader, "e1", epoch.id);
        epoch.count = read_number(&reader);
        epoch.made_at_sec = read_number(&reader);
        epoch.since_sec = read_number(&reader);
        epoch.stateless_since_sec = read_number(&reader);
        if (reader.failed)
                return ADOPTION_E_INVALID;
        /* Other forms are found by writing the text again. */
        adoption_epoch_format(&epoch, again);
        if (strcmp(text, again) != 0)
                return ADOPTION_E_INVALID;
        *ret_epoch = epoch;
        return 0;
}

void adoption_memory_format(const AdoptionMemory *memory, char text[ADOPTION_TEXT_MAX]) {
        snprintf(text, ADOPTION_TEXT_MAX, "m1 %s %" PRIu64 " %" PRIu64 " %" PRIu64 " %u",
                memory->id, memory->count, memory->made_at_sec, memory->floor_sec,
                memory->doubted ? 1u : 0u);
}

int adoption_memory_parse(const char *text, AdoptionMemory *ret_memory) {
        Reader reader = { .cursor = text };
        char again[ADOPTION_TEXT_MAX];
        AdoptionMemory memory = { .known = true };

        read_head(&reader, "m1", memory.id);
        memory.count = read_number(&reader);
        memory.made_at_sec = read_number(&reader);
        memory.floor_sec = read_number(&reader);
        memory.doubted = read_number(&reader) == 1;
        if (reader.failed)
                return ADOPTION_E_INVALID;
        adoption_memory_format(&memory, again);
        if (strcmp(text, again) != 0)
                return ADOPTION_E_INVALID;
        *ret_memory = memory;
        return 0;
}

AdoptionVerdict adoption_judge(const AdoptionEpoch *epoch, const AdoptionMemory *memory) {
        if (!epoch)
                return ADOPTION_MISSING;
        if (!memory->known)
                return ADOPTION_NEW;
        if (strcmp(epoch->id, memory->id) == 0)
                return !memory->doubted && epoch->count >= memory->count ? ADOPTION_CURRENT
                                                                         : ADOPTION_SET_BACK;
        return epoch->made_at_sec > memory->made_at_sec ? ADOPTION_NEW : ADOPTION_SET_BACK;
}

void adoption_remember(AdoptionMemory *memory, const AdoptionEpoch *epoch) {
        if (memory->known && *memory->id && strcmp(epoch->id, memory->id) != 0)
                memory->floor_sec = 0;
        memory->known = true;
        memory->doubted = false;
        memcpy(memory->id, epoch->id, sizeof(memory->id));
        memory->count = epoch->count;
        memory->made_at_sec = epoch->made_at_sec;
}

uint64_t adoption_since(const AdoptionEpoch *epoch, const AdoptionMemory *memory, bool stateless) {
        if (stateless)
                return epoch->stateless_since_sec;
        return memory->floor_sec > epoch->since_sec ? memory->floor_sec : epoch->since_sec;
}

Reason adoption_check_token(const AdoptionEpoch *epoch, const AdoptionMemory *memory,
        bool stateless, uint64_t issued_at_sec) {
        /* Within the same second the order is unknown. */
        return issued_at_sec > adoption_since(epoch, memory, stateless) ? REASON_OK
                                                                        : REASON_ADOPTION_BEFORE;
}
