/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/cleanup.h"
#include "daemon/hook/hook-client.h"
#include "daemon/journal/journal.h"
#include "daemon/login/login-registry.h"
#include "daemon/operation/adoption.h"
#include "daemon/operation/context.h"
#include "daemon/operation/metrics.h"
#include "daemon/operation/operation.h"
#include "daemon/store/store-stats.h"
#include "daemon/store/user-store.h"
#include "daemon/token/keyring.h"

#define PREFIX "authtoken_"

static void family(FILE *out, const char *name, const char *type, const char *help) {
        fprintf(out, "# TYPE " PREFIX "%s %s\n# HELP " PREFIX "%s %s\n", name, type, name, help);
}

static void gauge(FILE *out, const char *name, uint64_t value, const char *help) {
        family(out, name, "gauge", help);
        fprintf(out, PREFIX "%s %" PRIu64 "\n", name, value);
}

static void counter(FILE *out, const char *name, uint64_t value, const char *help) {
        family(out, name, "counter", help);
        fprintf(out, PREFIX "%s_total %" PRIu64 "\n", name, value);
}

static const char *result_of(Reason reason) {
        return reason == REASON_OK ? "accepted" : "refused";
}

/* The row for success always exists, so that a rate has a first value. */
static void add_logins(FILE *out, const Metrics *metrics) {
        const uint64_t *n_reasons = metrics->n_events[AUDIT_AUTHENTICATE];

        family(out, "logins", "counter", "Tokens and codes presented for a login.");
        for (Reason reason = REASON_OK; reason < REASON_COUNT; reason++)
                if (reason == REASON_OK || n_reasons[reason])
                        fprintf(out,
                                PREFIX "logins_total{result=\"%s\",reason=\"%s\"} %" PRIu64 "\n",
                                result_of(reason), reason_code(reason), n_reasons[reason]);
}

static void add_event(FILE *out, const Metrics *metrics, AuditEvent event) {
        const uint64_t *n_reasons = metrics->n_events[event];

        for (Reason reason = REASON_OK; reason < REASON_COUNT; reason++)
                if (reason == REASON_OK || n_reasons[reason])
                        fprintf(out,
                                PREFIX "events_total{event=\"%s\",reason=\"%s\"} %" PRIu64 "\n",
                                audit_event_name(event), reason_code(reason), n_reasons[reason]);
}

static void add_events(FILE *out, const Metrics *metrics) {
        family(out, "events", "counter", "Events as the journal names them, with their reasons.");
        for (AuditEvent event = 0; event < (AuditEvent)AUDIT_EVENT_COUNT; event++)
                add_event(out, metrics, event);
}

static uint64_t sum_of_refusals(const uint64_t *n_reasons) {
        uint64_t sum = 0;

        for (Reason reason = REASON_OK + 1; reason < REASON_COUNT; reason++)
                sum += n_reasons[reason];
        return sum;
}

static void add_verbs(FILE *out, const Metrics *metrics) {
        const uint64_t *n_validations = metrics->n_events[AUDIT_VALIDATE];

        counter(out, "tokens_issued", metrics->n_events[AUDIT_ISSUE][REASON_OK],
                "Sessions begun with a token.");
        counter(out, "tokens_refreshed", metrics->n_events[AUDIT_REFRESH][REASON_OK],
                "Tokens renewed by a refresh token.");
        counter(out, "logins_opened", metrics->n_events[AUDIT_OPEN][REASON_OK],
                "Logins that were opened by a token.");
        counter(out, "sessions_revoked", metrics->n_sessions[AUDIT_REVOKE], "Sessions revoked.");
        counter(out, "sessions_kicked", metrics->n_sessions[AUDIT_KICK], "Sessions kicked.");
        family(out, "validations", "counter", "Tokens held against their sessions for a service.");
        fprintf(out,
                PREFIX "validations_total{result=\"accepted\"} %" PRIu64 "\n" PREFIX
                       "validations_total{result=\"refused\"} %" PRIu64 "\n",
                n_validations[REASON_OK], sum_of_refusals(n_validations));
        counter(out, "suspicious_events", metrics->n_suspicious,
                "Events that the journal marks as suspicious.");
        counter(out, "refusals_left_out", metrics->n_left_out,
                "Refusals of ordinary users that were counted and not written to the journal.");
}

static void add_hooks(FILE *out, const HookClient *hooks) {
        HookCounters counters;

        hook_client_counters(hooks, &counters);
        family(out, "hooks", "counter", "Events that hooks were told of, by what came of it.");
        for (HookKind kind = 0; kind < HOOK_KIND_COUNT; kind++)
                for (HookOutcome i = 0; i < HOOK_OUTCOME_COUNT; i++)
                        fprintf(out,
                                PREFIX "hooks_total{event=\"%s\",outcome=\"%s\"} %" PRIu64 "\n",
                                hook_kind_name(kind), hook_outcome_name(i),
                                counters.n_outcomes[kind][i]);
        family(out, "hooks_dropped", "counter", "Events for hooks that found no room to wait.");
        for (HookKind kind = 0; kind < HOOK_KIND_COUNT; kind++)
                fprintf(out, PREFIX "hooks_dropped_total{event=\"%s\"} %" PRIu64 "\n",
                        hook_kind_name(kind), counters.n_dropped[kind]);
        gauge(out, "hooks_running", counters.n_open, "Events that hooks are being told of.");
        gauge(out, "hooks_waiting", counters.n_waiting, "Events that wait for that.");
}

static void add_latency(FILE *out, const StoreStats *stats) {
        uint64_t n_within = 0;

        family(out, "store_latency_seconds", "histogram", "Time that the store takes.");
        for (size_t i = 0; i < STORE_STATS_BUCKETS; i++) {
                uint64_t bound = store_stats_bound_usec(i);

                n_within += stats->n_within[i];
                fprintf(out,
                        PREFIX "store_latency_seconds_bucket{le=\"%" PRIu64 ".%06" PRIu64
                               "\"} %" PRIu64 "\n",
                        bound / 1000000, bound % 1000000, n_within);
        }
        n_within += stats->n_within[STORE_STATS_BUCKETS];
        fprintf(out,
                PREFIX "store_latency_seconds_bucket{le=\"+Inf\"} %" PRIu64 "\n" PREFIX
                       "store_latency_seconds_sum %" PRIu64 ".%06" PRIu64 "\n" PREFIX
                       "store_latency_seconds_count %" PRIu64 "\n",
                n_within, stats->sum_usec / 1000000, stats->sum_usec % 1000000, n_within);
}

static void add_store(FILE *out, const UserStore *store) {
        const StoreStats *stats = user_store_stats(store);
        StoreHealth health;

        user_store_health(store, &health);
        gauge(out, "store_up", health.online, "Whether the store answers.");
        gauge(out, "store_durable", health.durable,
                "Whether what the store acknowledged survives its crash.");
        gauge(out, "store_watching", health.watching,
                "Whether the store tells at once of what other hosts change.");
        family(out, "store_operations", "counter", "Operations of the store.");
        for (StoreOperation operation = 0; operation < STORE_OPERATION_COUNT; operation++)
                for (StoreOutcome outcome = 0; outcome < STORE_OUTCOME_COUNT; outcome++)
                        fprintf(out,
                                PREFIX "store_operations_total{operation=\"%s\",result=\"%s\"} "
                                       "%" PRIu64 "\n",
                                store_operation_name(operation), store_outcome_name(outcome),
                                stats->n_outcomes[operation][outcome]);
        add_latency(out, stats);
}

static void add_state(FILE *out, const Context *context) {
        const Metrics *metrics = context->metrics;
        AdoptionStatus adoption;

        adoption_status(context->adoption, &adoption);
        gauge(out, "live_logins", login_registry_count(context->logins),
                "Logins on this host that tokens opened.");
        /* An old census that could not be repeated does not describe the present. */
        if (metrics->counted_at_sec) {
                gauge(out, "live_sessions", metrics->n_live_sessions,
                        "Live sessions in the store, when they were counted.");
                gauge(out, "users", metrics->n_users,
                        "Users of whom the store knows something, when they were counted.");
                gauge(out, "users_listed", !metrics->users_lost,
                        "Whether the store's list of users was whole, when they were counted.");
                gauge(out, "counted_timestamp_seconds", metrics->counted_at_sec,
                        "When sessions and users were counted.");
        }
        gauge(out, "keys", keyring_size(context->keyring), "Keys that verify.");
        gauge(out, "signing_key", keyring_signing_key(context->keyring) != NULL,
                "Whether there is a key to sign with.");
        gauge(out, "adoption_stopped", adoption_state_fault(adoption.state) != NULL,
                "Whether tokens of others wait for an administrator's confirmation.");
        counter(out, "journal_dropped_lines", journal_dropped(context->journal),
                "Lines that the journal did not take.");
}

static void add_all(FILE *out, const Context *context) {
        const Metrics *metrics = context->metrics;

        gauge(out, "up", 1, "Whether the daemon answers.");
        family(out, "build", "info", "The daemon.");
        fprintf(out, PREFIX "build_info{version=\"%s\"} 1\n", AUTHTOKEN_VERSION);
        gauge(out, "start_time_seconds", metrics->started_at_sec, "When the daemon started.");
        add_state(out, context);
        add_logins(out, metrics);
        add_verbs(out, metrics);
        add_events(out, metrics);
        add_hooks(out, context->hooks);
        add_store(out, context->store);
        fputs("# EOF\n", out);
}

int metrics_text(const Context *context, char **ret_text) {
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        if (!out)
                return -errno;
        add_all(out, context);
        if (fclose(out)) {
                free(text);
                return -ENOMEM;
        }
        *ret_text = text;
        return 0;
}
