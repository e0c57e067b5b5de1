#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * How far a wall clock is believed that may be set. A time that is no later than what has been believed, plus the time
 * that has passed since by a clock that nobody sets, is believed at once. A later one is a claim, and believed when the
 * wall clock has not been before it for a while. Pure.
 */

#include <stdint.h>

#define CLOCK_PASSED_WAIT_SEC  3600u
#define CLOCK_SETTLED_WAIT_SEC 86400u
/* Both clocks are read in whole seconds, one after the other. */
#define CLOCK_SLACK_SEC 2u

#define CLOCK_RECORD_SIZE 192u /* of its text, with a NUL */

/* Seconds since the epoch. */
typedef struct ClockTrust {
        uint64_t believed_sec;
        uint64_t claimed_sec; /* not before @believed_sec, nor after the wall clock */
        uint64_t age_sec;     /* for how long it has been claimed */
} ClockTrust;

/* What outlives the daemon. */
typedef struct ClockRecord {
        uint64_t up_sec; /* CLOCK_BOOTTIME, when the rest was so */
        ClockTrust passed, settled;
} ClockRecord;

enum {
        CLOCK_RECORD_E_INVALID = 1,
};

/**
 * clock_trust_advance() - see what the wall clock says
 * @trust:      changes
 * @wall_sec:   the wall clock
 * @elapsed_sec: since the last call, by the other clock; less, if it is not known
 * @wait_sec:   for how long a claim waits that is as far ahead, or farther; a nearer one waits for its distance
 */
void clock_trust_advance(
        ClockTrust *trust, uint64_t wall_sec, uint64_t elapsed_sec, uint64_t wait_sec);

/**
 * clock_record_format() - write a record as text
 * @record:     any
 * @text:       filled
 */
void clock_record_format(const ClockRecord *record, char text[CLOCK_RECORD_SIZE]);

/**
 * clock_record_parse() - read what clock_record_format() wrote
 * @text:       NUL-terminated
 * @ret_record: untouched on failure
 *
 * Return: 0; CLOCK_RECORD_E_INVALID.
 */
int clock_record_parse(const char *text, ClockRecord *ret_record);
