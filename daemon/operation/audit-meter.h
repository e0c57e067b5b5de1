#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * How much of the journal the refusals of one ordinary uid may take: a number of lines in a time, and
 * then one line that counts the others. Without it, a user who asks for nonsense all day would make the
 * journal drop the lines of others. Pure: the clock is a parameter.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define AUDIT_METER_LINES_MAX  20u
#define AUDIT_METER_WINDOW_SEC 10u
#define AUDIT_METER_UIDS_MAX   64u
/* Stands for all uids beyond that. */
#define AUDIT_METER_UID_MANY ((uid_t)-1)

/* What was left out. */
typedef struct AuditMeterCount {
        uid_t uid;
        uint64_t n_left_out;
} AuditMeterCount;

typedef struct AuditMeterRow {
        uint64_t begin_sec; /* of its window */
        unsigned int n_lines;
        AuditMeterCount count;
        bool is_used;
} AuditMeterRow;

typedef struct AuditMeter {
        AuditMeterRow rows[AUDIT_METER_UIDS_MAX + 1];
} AuditMeter;

/**
 * audit_meter_take() - may one more line of this uid be written
 * @meter:      zeroed at the beginning
 * @uid:        not root's, whose refusals are all written
 * @now_sec:    the caller's clock
 *
 * Return: false: it was counted instead.
 */
bool audit_meter_take(AuditMeter *meter, uid_t uid, uint64_t now_sec);

/**
 * audit_meter_next() - a window that is over, and in which something was left out
 * @meter:      forgets it
 * @now_sec:    the caller's clock
 * @ret_count:  untouched if there is none
 *
 * Return: whether there is one.
 */
bool audit_meter_next(AuditMeter *meter, uint64_t now_sec, AuditMeterCount *ret_count);
