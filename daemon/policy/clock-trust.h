#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * How far the wall clock, which may be set, is believed. A time is believed at once if it is no later than the last
 * believed time plus the time that has passed since by a clock that nobody sets. A later time is a claim, which is
 * believed when the wall clock has not been before it for a while. Pure.
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

/* The data that outlives the daemon. */
typedef struct ClockRecord {
        uint64_t up_sec; /* CLOCK_BOOTTIME at the time of the other members */
        ClockTrust passed, settled;
} ClockRecord;

enum {
        CLOCK_RECORD_E_INVALID = 1,
};

/**
 * clock_trust_advance() - take the wall clock's time into account
 * @trust:      changes
 * @wall_sec:   the wall clock
 * @elapsed_sec: since the last call, by the other clock; less if unknown
 * @wait_sec:   the longest wait of a claim; one that is less far ahead waits for that distance
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
