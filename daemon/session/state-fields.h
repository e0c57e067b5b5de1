#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A user's state as named text fields, the one form in which both stores keep it:
 *
 *      v         INCARNATION.COUNTER, hexadecimal without leading zeros
 *      s:SID     a live session, one JSON object
 *      e:SID     an ended one, one JSON object
 *      c:MAC     a login code, one JSON object
 *      nb        not-before, decimal seconds
 *      ban       one JSON object
 */

#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"

typedef struct StateVersion StateVersion;
typedef struct UserState UserState;

#define STATE_FIELD_VERSION    "v"
#define STATE_FIELD_NOT_BEFORE "nb"
#define STATE_FIELD_FORGOTTEN  "fg"
#define STATE_FIELD_BAN        "ban"
#define STATE_FIELD_LIVE       "s:" /* followed by the sid */
#define STATE_FIELD_ENDED      "e:" /* likewise */
#define STATE_FIELD_CODE       "c:" /* followed by its MAC, which has the form of a sid */

#define STATE_VERSION_SIZE 33u

/* The size of all names and values. A much larger reply of Redis is refused, whoever made it, so
 * nothing larger may be stored. */
#define STATE_FIELDS_SIZE_MAX ((size_t)2 * 1024 * 1024)

typedef struct StateField {
        char *name;  /* owned */
        char *value; /* owned */
} StateField;

typedef struct StateFields {
        StateField *items;
        size_t n_items;
} StateFields;

/**
 * state_fields_add() - append one field
 * @fields:     grows
 * @name:       copied, NUL-terminated
 * @value:      copied; need not end with NUL, must not hold one
 * @size:       bytes of @value
 *
 * Return: 0; -ENOMEM; USER_STATE_E_CORRUPT for a NUL in @value.
 */
int state_fields_add(StateFields *fields, const char *name, const char *value, size_t size);

/**
 * state_fields_take() - append one field, taking over its value
 * @fields:     grows
 * @name:       copied, NUL-terminated
 * @value:      handed over, also on failure; NULL: there was no memory for it
 *
 * Return: 0; -ENOMEM.
 */
int state_fields_take(StateFields *fields, const char *name, char *value);

/**
 * state_fields_clear() - free what the fields own; @fields itself is the caller's
 * @fields:     empty afterwards
 */
void state_fields_clear(StateFields *fields);

/**
 * state_version_make() - the version of a user's next state
 * @before:     of the one that is stored, or of the empty one
 * @tenant:     whose
 * @user:       whose
 * @number:     never the same twice, as far as chance allows; its lower 40 bits count
 * @ret_version: may be @before
 *
 * It names the user by a hash, so that another user's record in an answer is noticed.
 */
void state_version_make(const StateVersion *before, const char *tenant, const char *user,
        uint64_t number, StateVersion *ret_version);

/**
 * state_version_format() - write a version as the field "v" holds it
 * @version:    of a state
 * @text:       receives at most STATE_VERSION_SIZE characters and NUL
 */
void state_version_format(const StateVersion *version, char text[STATE_VERSION_SIZE + 1]);

/**
 * state_version_parse() - read what state_version_format() wrote, and nothing else
 * @text:       NUL-terminated
 * @ret_version: untouched on failure
 *
 * Return: 0; USER_STATE_E_CORRUPT.
 */
int state_version_parse(const char *text, StateVersion *ret_version);

/**
 * state_fields_decode() - read a state from fields
 * @tenant:     whose
 * @user:       whose
 * @fields:     borrowed; no fields at all is the empty state
 * @ret_state:  owned by the caller
 *
 * Strict: an unknown field, a missing or malformed value, a session twice, fields without "v" are
 * all corrupt. Return: 0; USER_STATE_E_CORRUPT; -ENOMEM.
 */
int state_fields_decode(
        const char *tenant, const char *user, const StateFields *fields, UserState **ret_state);

/* The reason of a ban that cannot be read any more. */
#define STATE_REMAINS_BAN "the record of the user could not be read"

/**
 * state_fields_salvage() - the prohibitions in fields that are no state
 * @tenant:     whose
 * @user:       whose
 * @fields:     borrowed; NULL: what is stored has none
 * @ret_state:  owned by the caller; without version and sessions
 *
 * Ban, not-before and forgotten time, as far as they can be read. A ban that cannot be read gets no end; so does one
 * that may have been there, when nobody can tell. Return: 0; -ENOMEM.
 */
int state_fields_salvage(
        const char *tenant, const char *user, const StateFields *fields, UserState **ret_state);
