#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * How the hosts of a fleet share the number of sessions: a mark of the store (store-mark.h) holds the last count,
 * and the host that is counting now. It is a lease without a clock: the counting host changes it at every step, so
 * a mark that stays the same for as long as another host waits belongs to nobody any more.
 */

#include <stdbool.h>
#include <stdint.h>

#include "daemon/token/jti.h"

#define CENSUS_TEXT_MAX 200u

enum {
        CENSUS_E_INVALID = 1,
};

#define CENSUS_USERS_OFTEN   1000u /* more of them are counted every tenth time only */
#define CENSUS_ROUNDS_SELDOM 10u
#define CENSUS_ROUNDS_DEAD   2u

typedef struct CensusMark {
        char holder[SID_SIZE + 1]; /* a random name of the counting host; "": nobody */
        uint64_t n_steps;          /* grows with each write, so that no two marks are the same */
        uint64_t counted_at_sec;   /* when all were counted last; 0: never */
        uint64_t n_sessions, n_users;
        bool lost; /* the list of users was not whole then */
} CensusMark;

/**
 * census_mark_format() - the text of a mark
 * @mark:       borrowed
 * @text:       receives it
 */
void census_mark_format(const CensusMark *mark, char text[CENSUS_TEXT_MAX]);

/**
 * census_mark_parse() - read the text of a mark
 * @text:       whatever is stored
 * @ret_mark:   filled on success
 *
 * Accepts only the text that census_mark_format() writes. Return: 0; CENSUS_E_INVALID.
 */
int census_mark_parse(const char *text, CensusMark *ret_mark);

/**
 * census_is_due() - whether this host has to count now
 * @mark:       the store's; NULL: none, or unreadable
 * @n_rounds:   how many of our rounds have passed since we saw it change
 * @has_counted: whether this host has counted since its start: only it removes what it left behind when it went
 *              down
 */
bool census_is_due(const CensusMark *mark, unsigned int n_rounds, bool has_counted);
