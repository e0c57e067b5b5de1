#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The daemon's counters, and their text for a monitoring system in the form of OpenMetrics 1.0. Its
 * labels have fixed values; nobody's name is among them.
 */

#include <stdbool.h>
#include <stdint.h>

#include "authtoken/reason.h"
#include "daemon/operation/audit.h"

typedef struct Context Context;

typedef struct Metrics {
        uint64_t started_at_sec;
        uint64_t n_events[AUDIT_EVENT_COUNT][REASON_COUNT];
        uint64_t n_sessions[AUDIT_EVENT_COUNT]; /* that these events were about */
        uint64_t n_suspicious, n_refusals;
        uint64_t n_left_out; /* lines that the meter kept out of the journal */
        Reason last_refusal;
        AuditEvent last_refused;
        uint64_t last_refusal_sec; /* 0: none */
        /* The result of the last census. */
        uint64_t n_live_sessions, n_users, counted_at_sec; /* 0: none yet */
        bool users_lost;                                   /* it did not see all of them */
} Metrics;

/**
 * metrics_text() - all of it, for a monitoring system
 * @context:    the daemon
 * @ret_text:   ends with "# EOF\n"; owned by the caller
 *
 * It does not ask the store, so it answers while the store hangs, too. Return: 0; -ENOMEM.
 */
int metrics_text(const Context *context, char **ret_text);
