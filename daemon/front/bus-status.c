/* SPDX-License-Identifier: MIT */

#include <inttypes.h>
#include <stdio.h>

#include "common/cleanup.h"
#include "daemon/config/config.h"
#include "daemon/front/bus-reply.h"
#include "daemon/front/bus-status.h"
#include "daemon/hook/hook-client.h"
#include "daemon/journal/journal.h"
#include "daemon/login/login-registry.h"
#include "daemon/operation/adoption.h"
#include "daemon/operation/context.h"
#include "daemon/operation/metrics.h"
#include "daemon/operation/reconciler.h"
#include "daemon/store/store-stats.h"
#include "daemon/store/store-type.h"
#include "daemon/store/user-store.h"
#include "daemon/token/issuer-list.h"
#include "daemon/token/keyring.h"

#define WARNING_MAX (STORE_MESSAGE_MAX + 64u)
#define EVENTS_MAX  64u

typedef struct NumberEntry {
        const char *key;
        uint64_t value;
} NumberEntry;

static int append_numbers(sd_bus_message *reply, const NumberEntry *entries, size_t n_entries) {
        int r = 0;

        for (size_t i = 0; i < n_entries && r >= 0; i++)
                r = bus_reply_number(reply, entries[i].key, entries[i].value);
        return r;
}

static int append_store(sd_bus_message *reply, const Context *context) {
        const StoreStats *stats = user_store_stats(context->store);
        StoreHealth health;
        int r;

        user_store_health(context->store, &health);
        const NumberEntry numbers[] = {
                { "store_commits", health.n_commits },
                { "store_conflicts", health.n_conflicts },
                { "store_errors", health.n_errors },
                { "store_latency_usec", health.latency_usec },
                { "store_p50_usec", store_stats_quantile_usec(stats, 500) },
                { "store_p99_usec", store_stats_quantile_usec(stats, 990) },
                { "store_replicas", health.n_replicas },
                { "store_replicas_wanted", health.n_replicas_wanted },
        };
        r = bus_reply_text(reply, "store_type", store_type_name(context->config->store_type));
        if (r >= 0)
                r = bus_reply_flag(reply, "store_online", health.online);
        if (r >= 0)
                r = bus_reply_flag(reply, "store_durable", health.durable);
        if (r >= 0)
                r = bus_reply_flag(reply, "store_watching", health.watching);
        if (r >= 0)
                r = bus_reply_text(reply, "store_message", health.message);
        return r < 0 ? r : append_numbers(reply, numbers, ARRAY_SIZE(numbers));
}

static int append_keys(sd_bus_message *reply, const Context *context) {
        const Key *signing = keyring_signing_key(context->keyring);
        int r;

        r = bus_reply_number(reply, "keys", keyring_size(context->keyring));
        if (r >= 0 && signing)
                r = bus_reply_text(reply, "signing_key", key_kid(signing));
        return r;
}

static int append_adoption(sd_bus_message *reply, const Context *context) {
        AdoptionStatus status;
        int r;

        adoption_status(context->adoption, &status);
        r = bus_reply_text(reply, "adoption", adoption_state_name(status.state));
        if (r < 0 || status.state != ADOPTION_STATE_CONFIRMED)
                return r;
        r = bus_reply_number(reply, "adoption_since", status.since_sec);
        return r < 0 ? r : bus_reply_number(reply, "adoptions", status.count);
}

static int append_refusal(sd_bus_message *reply, const Metrics *metrics) {
        int r;

        if (!metrics->last_refusal_sec)
                return 0;
        r = bus_reply_text(reply, "last_refusal", reason_code(metrics->last_refusal));
        if (r >= 0)
                r = bus_reply_text(
                        reply, "last_refusal_event", audit_event_name(metrics->last_refused));
        if (r >= 0)
                r = bus_reply_number(reply, "last_refusal_time", metrics->last_refusal_sec);
        return r;
}

static int append_counters(sd_bus_message *reply, const Context *context) {
        const Metrics *metrics = context->metrics;
        const NumberEntry numbers[] = {
                { "started", metrics->started_at_sec },
                { "logins", login_registry_count(context->logins) },
                { "logins_total", metrics->n_events[AUDIT_OPEN][REASON_OK] },
                { "refusals_total", metrics->n_refusals },
                { "suspicious_total", metrics->n_suspicious },
                { "journal_dropped", journal_dropped(context->journal) },
        };
        int r;

        r = append_numbers(reply, numbers, ARRAY_SIZE(numbers));
        if (r >= 0 && metrics->counted_at_sec)
                r = bus_reply_number(reply, "sessions", metrics->n_live_sessions);
        if (r >= 0 && metrics->counted_at_sec)
                r = bus_reply_number(reply, "sessions_counted", metrics->counted_at_sec);
        return r < 0 ? r : append_refusal(reply, metrics);
}

static int append_events(sd_bus_message *reply, unsigned int events) {
        char text[EVENTS_MAX] = "";
        size_t size = 0;

        for (HookKind kind = 0; kind < HOOK_KIND_COUNT; kind++)
                if (events & (1u << kind))
                        size += (size_t)snprintf(text + size, sizeof(text) - size, "%s%s",
                                size ? " " : "", hook_kind_name(kind));
        return bus_reply_text(reply, "hooks", size ? text : "off");
}

static int append_hooks(sd_bus_message *reply, const Context *context) {
        HookCounters counters;
        uint64_t n_told = 0, n_vetoed = 0, n_failed = 0, n_dropped = 0;
        int r;

        hook_client_counters(context->hooks, &counters);
        for (HookKind kind = 0; kind < HOOK_KIND_COUNT; kind++) {
                n_told += counters.n_outcomes[kind][HOOK_ALLOWED];
                n_vetoed += counters.n_outcomes[kind][HOOK_VETOED];
                n_failed += counters.n_outcomes[kind][HOOK_FAILED];
                n_dropped += counters.n_dropped[kind];
        }
        const NumberEntry numbers[] = {
                { "hooks_passed", n_told },
                { "hooks_vetoed", n_vetoed },
                { "hooks_failed", n_failed },
                { "hooks_dropped", n_dropped },
                { "hooks_waiting", counters.n_waiting },
        };
        r = append_events(reply, context->config->hook_events);
        return r < 0 ? r : append_numbers(reply, numbers, ARRAY_SIZE(numbers));
}

static int add_store_warning(sd_bus_message *reply, const Context *context) {
        char text[WARNING_MAX];
        StoreHealth health;

        user_store_health(context->store, &health);
        if (!*health.message && health.online && health.durable)
                return 0;
        snprintf(text, sizeof(text), "store: %s",
                *health.message ? health.message
                                : "what it acknowledged may not survive its crash");
        return sd_bus_message_append(reply, "s", text);
}

static int add_users_warning(sd_bus_message *reply, const Context *context) {
        if (!context->metrics->users_lost)
                return 0;
        return sd_bus_message_append(reply, "s",
                "store: the list of users is lost, so orders about all users miss some; see "
                "authtokend(8)");
}

/* Anybody may read it: the journal names them. */
static int add_unreadable_warning(sd_bus_message *reply, const Context *context) {
        size_t n_users = reconciler_unreadable(context->reconciler);
        char text[WARNING_MAX];

        if (n_users == 0)
                return 0;
        snprintf(text, sizeof(text),
                "store: the records of %zu users with logins here cannot be read; see journalctl "
                "AUTHTOKEN_EVENT=%s",
                n_users, audit_event_name(AUDIT_RECORD_UNREADABLE));
        return sd_bus_message_append(reply, "s", text);
}

static int add_replicas_warning(sd_bus_message *reply, const Context *context) {
        char text[WARNING_MAX];
        StoreHealth health;

        user_store_health(context->store, &health);
        if (!health.online || health.n_replicas >= health.n_replicas_wanted)
                return 0;
        snprintf(text, sizeof(text),
                "store: %u of %u replicas (WaitReplicas=): a failover may undo revocations",
                health.n_replicas, health.n_replicas_wanted);
        return sd_bus_message_append(reply, "s", text);
}

static int add_adoption_warning(sd_bus_message *reply, const Context *context) {
        char text[WARNING_MAX];
        AdoptionStatus status;

        adoption_status(context->adoption, &status);
        if (!adoption_state_fault(status.state))
                return 0;
        snprintf(text, sizeof(text), "adoption: %s", adoption_state_fault(status.state));
        return sd_bus_message_append(reply, "s", text);
}

static int add_issuer_warnings(sd_bus_message *reply, const Context *context) {
        const IssuerList *issuers = context->rules.issuers;
        int r = 0;

        for (size_t i = 0; i < issuer_list_size(issuers) && r >= 0; i++) {
                const Issuer *issuer = issuer_list_at(issuers, i);
                char text[WARNING_MAX];

                if (issuer->keyring)
                        continue;
                snprintf(text, sizeof(text),
                        "issuer %s: no keys, so none of its tokens is taken; the journal says why",
                        issuer->url);
                r = sd_bus_message_append(reply, "s", text);
        }
        return r;
}

static int add_warnings(sd_bus_message *reply, const Context *context) {
        uint64_t n_dropped = journal_dropped(context->journal);
        char text[WARNING_MAX];
        HookCounters counters;
        int r;

        hook_client_counters(context->hooks, &counters);
        r = add_store_warning(reply, context);
        if (r >= 0)
                r = add_users_warning(reply, context);
        if (r >= 0)
                r = add_unreadable_warning(reply, context);
        if (r >= 0)
                r = add_replicas_warning(reply, context);
        if (r >= 0)
                r = add_adoption_warning(reply, context);
        if (r >= 0)
                r = add_issuer_warnings(reply, context);
        if (r >= 0 && !keyring_signing_key(context->keyring))
                r = sd_bus_message_append(
                        reply, "s", "keys: none to sign with, so no tokens are issued here");
        if (r >= 0 && counters.is_failing && context->config->hook_events)
                r = sd_bus_message_append(reply, "s",
                        "hooks: the last event failed; see journalctl -t authtoken-hook");
        if (r >= 0 && n_dropped) {
                snprintf(text, sizeof(text), "journal: %" PRIu64 " lines were lost", n_dropped);
                r = sd_bus_message_append(reply, "s", text);
        }
        return r;
}

static int append_warnings(sd_bus_message *reply, const Context *context) {
        int r;

        r = sd_bus_message_open_container(reply, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append(reply, "s", "warnings");
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'v', "as");
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "s");
        if (r >= 0)
                r = add_warnings(reply, context);
        for (unsigned int i = 0; i < 3 && r >= 0; i++)
                r = sd_bus_message_close_container(reply);
        return r;
}

int bus_status_append(sd_bus_message *reply, const Context *context) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r >= 0)
                r = bus_reply_text(reply, "version", AUTHTOKEN_VERSION);
        if (r >= 0)
                r = bus_reply_text(reply, "issuer", context->config->issuer);
        if (r >= 0)
                r = bus_reply_text(reply, "tenant", context->config->tenant);
        if (r >= 0)
                r = bus_reply_text(reply, "device", context->device_id);
        if (r >= 0)
                r = append_keys(reply, context);
        if (r >= 0)
                r = append_store(reply, context);
        if (r >= 0)
                r = append_adoption(reply, context);
        if (r >= 0)
                r = append_counters(reply, context);
        if (r >= 0)
                r = append_hooks(reply, context);
        if (r >= 0)
                r = append_warnings(reply, context);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}
