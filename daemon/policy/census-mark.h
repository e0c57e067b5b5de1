#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What the hosts of a fleet tell each other of how many sessions there are: a mark of the store (store-mark.h) that
 * holds the last count, and who is counting now. It is a lease without a clock: whoever counts changes it at every
 * step, so one that does not change for as long as another host waits is nobody's any more.
 */

#include <stdbool.h>
#include <stdint.h>

#include "daemon/token/jti.h"

#define CENSUS_TEXT_MAX 200u

enum {
        CENSUS_E_INVALID = 1,
};

#define CENSUS_USERS_OFTEN   1000u /* up to so many are counted each time, more of them every tenth */
#define CENSUS_ROUNDS_SELDOM 10u
#define CENSUS_ROUNDS_DEAD   2u

typedef struct CensusMark {
        char holder[SID_SIZE + 1]; /* a random name of who counts; "": nobody */
        uint64_t n_steps;        /* grows whenever it is written, so that it never looks the same */
        uint64_t counted_at_sec; /* when all were counted last; 0: never */
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
 * Takes nothing that census_mark_format() does not write. Return: 0; CENSUS_E_INVALID.
 */
int census_mark_parse(const char *text, CensusMark *ret_mark);

/**
 * census_is_due() - whether it is for us to count now
 * @mark:       as the store has it; NULL: none, or it cannot be understood
 * @n_rounds:   how many of our rounds have passed since we saw it change
 * @has_counted: once at least since the start: nobody else sees to what this host left behind when it went down
 */
bool census_is_due(const CensusMark *mark, unsigned int n_rounds, bool has_counted);
