/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "daemon/config/config.h"
#include "daemon/context-parts.h"
#include "daemon/hook/hook-client.h"
#include "daemon/journal/journal.h"
#include "daemon/keys/signer.h"
#include "daemon/login/host-id.h"
#include "daemon/login/login-registry.h"
#include "daemon/logind/logind.h"
#include "daemon/nss/user-names.h"
#include "daemon/operation/adoption.h"
#include "daemon/operation/census.h"
#include "daemon/operation/clock-keeper.h"
#include "daemon/operation/context.h"
#include "daemon/operation/deadline.h"
#include "daemon/operation/handle-table.h"
#include "daemon/operation/key-keeper.h"
#include "daemon/operation/login-ender.h"
#include "daemon/operation/login-report.h"
#include "daemon/operation/operation-object.h"
#include "daemon/operation/owner-cache.h"
#include "daemon/operation/reconcile.h"
#include "daemon/operation/reconciler.h"
#include "daemon/operation/user-queue.h"
#include "daemon/operation/user-rules.h"
#include "daemon/store-source.h"
#include "daemon/store/store-watch.h"
#include "daemon/store/user-store.h"
#include "daemon/token/token-cache.h"

static void on_store_notice(int priority, const char *message, void *userdata) {
        const Context *context = userdata;

        journal_log(context->journal, priority, "store: %s", message);
}

static void on_store_changed(const char *tenant, const char *user, void *userdata) {
        const Context *context = userdata;

        if (!strcmp(tenant, context->config->tenant))
                reconciler_note(context->reconciler, user);
}

static void on_store_missed(void *userdata) {
        const Context *context = userdata;

        reconciler_all(context->reconciler);
}

static void on_session_removed(const char *logind_id, void *userdata) {
        Context *context = userdata;

        login_ender_session_removed(context->ender, logind_id);
        reconcile_logind_removed(context, logind_id);
}

/* The ended sessions are out of the store already, with their logins. */
static void on_login_change(const Login *login, void *userdata) {
        const Context *context = userdata;

        if (!login->ended)
                login_report_note(context->report, login->user);
}

/* The data about users and hosts: the store, and the records of logins. */
static int open_records(Context *context) {
        const Config *config = context->config;
        HostId id;
        int r;

        (void)gethostname(context->host, sizeof(context->host) - 1);
        host_id_read_public(&id);
        session_host_set(&context->here, context->host, id.machine, id.boot);
        r = store_source_open(config, context->event, on_store_notice, context, &context->store);
        if (r)
                return r < 0 ? r : -EIO;
        r = login_registry_open(config->runtime_directory, &context->logins);
        if (r < 0)
                journal_log(context->journal, LOG_ERR, "%s: cannot keep login records there: %s",
                        config->runtime_directory, strerror(-r));
        else if (login_registry_lost(context->logins) > 0)
                journal_log(context->journal, LOG_WARNING,
                        "%s/logins: %zu records could not be understood and are gone; what they "
                        "were of does not end with its session: see loginctl",
                        config->runtime_directory, login_registry_lost(context->logins));
        return r;
}

/* The parts that work between requests; each uses the ones before. */
static int open_keepers(Context *context) {
        int r;

        r = adoption_new(context, &context->adoption);
        if (r >= 0)
                r = user_queue_new(context->store, &context->queue);
        if (r >= 0)
                r = owner_cache_new(&context->owners);
        if (r >= 0)
                r = census_view_new(&context->census_view);
        if (r >= 0)
                r = login_ender_new(context, &context->ender);
        if (r >= 0)
                r = deadline_timer_new(context, &context->deadlines);
        if (r >= 0)
                r = user_rules_new(context, &context->user_rules);
        if (r >= 0)
                r = login_report_new(context, &context->report);
        if (r >= 0)
                r = reconciler_new(context, &context->reconciler);
        return r;
}

int context_parts_open(Context *context) {
        const StoreWatcher watcher = { on_store_changed, on_store_missed, context };
        int r;

        r = open_records(context);
        if (r >= 0)
                r = clock_keeper_new(context, &context->clock);
        if (r >= 0)
                r = user_names_new(context->event, &context->names);
        if (r >= 0)
                r = signer_new(context->event, &context->signer);
        if (r >= 0)
                r = logind_new(context->event, on_session_removed, context, &context->logind);
        if (r >= 0)
                r = token_cache_new(
                        TOKEN_CACHE_ENTRIES_DEFAULT, TOKEN_CACHE_BYTES_DEFAULT, &context->cache);
        if (r >= 0)
                r = handle_table_new(&context->handles);
        if (r >= 0)
                r = hook_client_new(
                        context->event, context->config->hook_socket_path, &context->hooks);
        if (r >= 0)
                r = open_keepers(context);
        if (r < 0)
                return r;
        login_registry_observe(context->logins, on_login_change, context);
        user_store_watch(context->store, &watcher);
        return 0;
}

void context_parts_stop(Context *context) {
        key_keeper_free(context->keeper);
        login_registry_observe(context->logins, NULL, NULL);
        if (context->store)
                user_store_watch(context->store, NULL);
        reconciler_free(context->reconciler);
        login_report_free(context->report);
        deadline_timer_free(context->deadlines);
        login_ender_free(context->ender);
        user_queue_free(context->queue);
        owner_cache_free(context->owners);
        operation_free_all(context);
        census_view_free(context->census_view);
        signer_free(context->signer);
        adoption_free(context->adoption);
}

void context_parts_free(Context *context) {
        hook_client_free(context->hooks);
        clock_keeper_free(context->clock);
        handle_table_free(context->handles);
        token_cache_free(context->cache);
        logind_free(context->logind);
        user_rules_free(context->user_rules);
        user_names_free(context->names);
        login_registry_free(context->logins);
        user_store_free(context->store);
}
