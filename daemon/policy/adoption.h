#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Whether a valid token without a session may get one. Its session may have ended in a store that was since
 * emptied or set back to an older copy, and absence must not become acceptance.
 *
 * So the store holds an epoch with a count that grows with each adoption, and each host remembers its epoch
 * and the highest count that it saw. A copy of the store that lacks an adoption has a lower count. Pure: no
 * I/O, no clock.
 */

#include <stdbool.h>
#include <stdint.h>

#include "authtoken/reason.h"
#include "daemon/token/jti.h"

#define ADOPTION_TEXT_MAX  160u
#define ADOPTION_HEAD_SIZE (SID_SIZE + 4u)

/* What the store holds. */
typedef struct AdoptionEpoch {
        char id[SID_SIZE + 1]; /* random */
        uint64_t count;
        uint64_t made_at_sec;         /* each epoch is made later than the one before it */
        uint64_t since_sec;           /* tokens of other issuers must be issued after it */
        uint64_t stateless_since_sec; /* likewise those of a predecessor */
} AdoptionEpoch;

/* A host's memory of the epoch. */
typedef struct AdoptionMemory {
        bool known;            /* false: only the floor is valid */
        bool doubted;          /* the store was seen behind: this epoch is over */
        char id[SID_SIZE + 1]; /* "": there was one, and nobody knows which */
        uint64_t count;
        uint64_t made_at_sec;
        uint64_t floor_sec; /* tokens of other issuers must be issued after it, too */
} AdoptionMemory;

typedef enum AdoptionVerdict {
        ADOPTION_CURRENT,  /* the epoch that is remembered, and not behind it */
        ADOPTION_NEW,      /* nothing was remembered, or an administrator has made a later one */
        ADOPTION_MISSING,  /* the store has none */
        ADOPTION_SET_BACK, /* the store has an earlier one, or was behind */
} AdoptionVerdict;

enum {
        ADOPTION_E_INVALID = 1, /* not a text of the format function */
};

/**
 * adoption_epoch_format() - the text that the store holds
 * @epoch:      borrowed
 * @text:       receives it
 */
void adoption_epoch_format(const AdoptionEpoch *epoch, char text[ADOPTION_TEXT_MAX]);

/**
 * adoption_epoch_head() - the beginning of the text, which stays the same during the epoch
 * @epoch:      borrowed
 * @text:       receives it
 */
void adoption_epoch_head(const AdoptionEpoch *epoch, char text[ADOPTION_HEAD_SIZE + 1]);

/**
 * adoption_epoch_parse() - read it
 * @text:       NUL-terminated
 * @ret_epoch:  untouched on failure
 *
 * Return: 0; ADOPTION_E_INVALID.
 */
int adoption_epoch_parse(const char *text, AdoptionEpoch *ret_epoch);

/**
 * adoption_memory_format() - the text that a host keeps
 * @memory:     known
 * @text:       receives it
 */
void adoption_memory_format(const AdoptionMemory *memory, char text[ADOPTION_TEXT_MAX]);

/**
 * adoption_memory_parse() - read it
 * @text:       NUL-terminated
 * @ret_memory: untouched on failure
 *
 * Return: 0; ADOPTION_E_INVALID.
 */
int adoption_memory_parse(const char *text, AdoptionMemory *ret_memory);

/**
 * adoption_judge() - compare the store with the memory
 * @epoch:      the store's; NULL: it has none
 * @memory:     borrowed
 */
AdoptionVerdict adoption_judge(const AdoptionEpoch *epoch, const AdoptionMemory *memory);

/**
 * adoption_remember() - remember the store's epoch
 * @memory:     changes
 * @epoch:      judged CURRENT or NEW, or just made
 *
 * An epoch that is later than a remembered one was confirmed by an administrator, and needs no
 * floor.
 */
void adoption_remember(AdoptionMemory *memory, const AdoptionEpoch *epoch);

/**
 * adoption_since() - after which time a token must have been issued
 * @epoch:      judged CURRENT or NEW
 * @memory:     of this host
 * @stateless:  a predecessor's; else another issuer's
 *
 * Return: seconds since the Unix epoch.
 */
uint64_t adoption_since(const AdoptionEpoch *epoch, const AdoptionMemory *memory, bool stateless);

/**
 * adoption_check_token() - whether a token was issued late enough for its end to be known
 * @epoch:      judged CURRENT or NEW
 * @memory:     of this host
 * @stateless:  a predecessor's; else another issuer's
 * @issued_at_sec: its "iat"
 *
 * Return: REASON_OK; REASON_ADOPTION_BEFORE.
 */
Reason adoption_check_token(const AdoptionEpoch *epoch, const AdoptionMemory *memory,
        bool stateless, uint64_t issued_at_sec);
