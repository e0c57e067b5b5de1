/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <systemd/sd-id128.h>
#include <time.h>
#include <unistd.h>

#include "common/jitter.h"
#include "daemon/config/config-option.h"
#include "daemon/config/config.h"
#include "daemon/context-parts.h"
#include "daemon/front/bus-connection.h"
#include "daemon/front/bus-service.h"
#include "daemon/front/ipc-listener.h"
#include "daemon/issuer-source.h"
#include "daemon/journal/journal.h"
#include "daemon/key-source.h"
#include "daemon/login/login-registry.h"
#include "daemon/logind/logind.h"
#include "daemon/manager.h"
#include "daemon/operation/adoption.h"
#include "daemon/operation/audit-meter.h"
#include "daemon/operation/audit.h"
#include "daemon/operation/census.h"
#include "daemon/operation/clock-keeper.h"
#include "daemon/operation/context.h"
#include "daemon/operation/hook.h"
#include "daemon/operation/key-keeper.h"
#include "daemon/operation/metrics.h"
#include "daemon/operation/operation.h"
#include "daemon/operation/reconcile.h"
#include "daemon/operation/reconciler.h"
#include "daemon/service-status.h"
#include "daemon/signal-source.h"
#include "daemon/store-source.h"
#include "daemon/store/user-store.h"
#include "daemon/token/keyring.h"

#define TICK_USEC        (RECONCILE_INTERVAL_SEC * UINT64_C(1000000))
#define TICK_SPREAD_USEC UINT64_C(10000000)

struct Manager {
        Context context;
        Metrics metrics;
        AuditMeter meter;
        HookFailures hook_failures;
        char *config_path;
        KeyCredentials credentials;
        Config *config;
        IpcListener *listener;
        BusConnection *bus;
        BusService *service;
        IssuerSource *issuers;
        sd_event_source *tick;
};

static void on_session_event(const SessionEvent *event, void *userdata) {
        Manager *manager = userdata;

        if (manager->service)
                bus_service_emit(manager->service, event);
}

static int on_reload(char *message, size_t message_size, void *userdata) {
        return manager_reload(userdata, message, message_size);
}

static int on_bus(sd_bus *bus, void *userdata) {
        Manager *manager = userdata;
        int r;

        manager->service = bus_service_free(manager->service);
        r = logind_set_bus(manager->context.logind, bus);
        if (!bus) {
                journal_log(manager->context.journal, LOG_WARNING,
                        "bus: connection lost; connecting again");
                return 0;
        }
        if (r >= 0)
                r = bus_service_new(bus, &manager->context, on_reload, manager, &manager->service);
        if (r < 0) {
                journal_log(manager->context.journal, LOG_ERR,
                        "bus: cannot serve org.authtoken1: %s; connecting again", strerror(-r));
                (void)logind_set_bus(manager->context.logind, NULL);
        }
        return r;
}

/* Otherwise hosts that were started together would always ask the store at the same moment. */
static uint64_t until_next_tick_usec(void) {
        return TICK_USEC - jitter_below(TICK_SPREAD_USEC);
}

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata) {
        Manager *manager = userdata;
        Moment moment = clock_keeper_tick(manager->context.clock);

        user_store_expire(manager->context.store, &moment);
        reconcile_drop_over(&manager->context);
        reconciler_all(manager->context.reconciler);
        key_keeper_tick(manager->context.keeper);
        issuer_source_tick(manager->issuers);
        adoption_look(manager->context.adoption);
        audit_tell_left_out(&manager->context);
        census_start(&manager->context);
        service_status_tell(&manager->context);
        return sd_event_source_set_time(source, usec + until_next_tick_usec());
}

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        char message[CONFIG_MESSAGE_MAX];

        (void)source;
        (void)info;
        (void)manager_reload(userdata, message, sizeof(message));
        return 0;
}

/* The machine's id itself must not leave the host: machine-id(5). */
static void set_device_id(Manager *manager) {
        static const sd_id128_t application =
                SD_ID128_MAKE(71, 5b, 0e, 3a, 44, 0c, 4f, 5e, 8d, 3e, 0a, 96, c2, 1b, 7d, f4);
        char *device_id = manager->context.device_id;
        sd_id128_t id;

        if (manager->config->device_id)
                snprintf(device_id, sizeof(manager->context.device_id), "%s",
                        manager->config->device_id);
        else if (sd_id128_get_machine_app_specific(application, &id) >= 0)
                (void)sd_id128_to_string(id, device_id);
        else
                *device_id = '\0';
}

static void set_rules(Manager *manager) {
        const Config *config = manager->config;

        manager->context.config = config;
        set_device_id(manager);
        manager->context.key_rules = key_source_rules(config, &manager->credentials);
        manager->context.rules = (VerifyRules){
                .issuer = config->issuer,
                .tenant = config->tenant,
                .leeway_sec = config->leeway_sec,
                .max_lifetime_sec = config->max_lifetime_sec,
                .max_size = config->max_size,
                .issuers = issuer_source_list(manager->issuers),
                .stateless = config->adopt_stateless_until_sec > 0,
        };
}

static int load_config(Manager *manager) {
        Journal *journal;
        char message[CONFIG_MESSAGE_MAX] = "";
        int r;

        r = config_load(manager->config_path, message, sizeof(message), &manager->config);
        if (r) {
                journal_log(
                        manager->context.journal, LOG_ERR, "configuration refused: %s", message);
                return r < 0 ? r : -EINVAL;
        }
        r = journal_new(manager->context.event, manager->config->log_target,
                manager->config->log_level, &journal);
        if (r < 0)
                return r;
        journal_free(manager->context.journal);
        manager->context.journal = journal;
        r = issuer_source_new(&manager->context, manager->config, NULL, &manager->issuers);
        if (r >= 0)
                set_rules(manager);
        return r;
}

static int load_keys(Manager *manager) {
        int r;

        r = key_keeper_new(&manager->context, &manager->context.keeper);
        return r < 0 ? r : key_source_load(&manager->context);
}

static int listen_for_logins(Manager *manager) {
        int fd = -1, n, r = 0;

        n = sd_listen_fds(1);
        if (n > 1)
                return -E2BIG;
        if (n == 1)
                fd = SD_LISTEN_FDS_START;
        else
                r = ipc_listener_bind(manager->config->socket_path, &fd);
        if (r >= 0)
                r = ipc_listener_new(&manager->context, fd, &manager->listener);
        if (r < 0) {
                journal_log(manager->context.journal, LOG_ERR, "%s: cannot listen there: %s",
                        n == 1 ? "socket unit" : manager->config->socket_path, strerror(-r));
                if (fd >= 0)
                        close(fd);
        }
        return r;
}

static int build(Manager *manager) {
        Context *context = &manager->context;
        int r;

        r = sd_event_new(&context->event);
        if (r >= 0)
                r = signal_sources_add(context->event, on_hangup, manager);
        if (r >= 0)
                r = load_config(manager);
        if (r >= 0)
                r = load_keys(manager);
        if (r >= 0)
                r = context_parts_open(context);
        if (r >= 0)
                r = listen_for_logins(manager);
        if (r >= 0)
                r = bus_connection_new(
                        context->event, manager->config->bus, on_bus, manager, &manager->bus);
        /* Also now: a daemon that died after the end of a session, but before that of its login,
         * left the login open. */
        if (r >= 0)
                r = sd_event_add_time_relative(
                        context->event, &manager->tick, CLOCK_MONOTONIC, 0, 0, on_tick, manager);
        if (r >= 0)
                r = sd_event_source_set_enabled(manager->tick, SD_EVENT_ON);
        if (r >= 0)
                r = sd_event_set_watchdog(context->event, true);
        return r;
}

int manager_new(const char *config_path, Manager **ret_manager) {
        _cleanup_(manager_freep) Manager *manager = calloc(1, sizeof(*manager));
        int r;

        if (!manager)
                return -ENOMEM;
        /* Two threads besides the loop's, with little to allocate: one arena is enough. */
        (void)mallopt(M_ARENA_MAX, 1);
        manager->metrics.started_at_sec = operation_now_sec();
        manager->context.metrics = &manager->metrics;
        manager->context.meter = &manager->meter;
        manager->context.hook_failures = &manager->hook_failures;
        manager->context.sink = on_session_event;
        manager->context.sink_userdata = manager;
        if (config_path) {
                manager->config_path = strdup(config_path);
                if (!manager->config_path)
                        return -ENOMEM;
        }
        /* Until the configuration is read, lines go to whoever started us: systemd, or a
         * terminal. */
        r = journal_new(NULL, JOURNAL_STDERR, LOG_INFO, &manager->context.journal);
        if (r < 0)
                return r;
        r = key_source_credentials(&manager->credentials);
        if (r >= 0)
                r = build(manager);
        if (r < 0) {
                journal_log(manager->context.journal, LOG_ERR, "cannot start: %s", strerror(-r));
                return r;
        }
        *ret_manager = TAKE_PTR(manager);
        return 0;
}

int manager_run(Manager *manager) {
        int r;

        (void)sd_notify(0, "READY=1");
        service_status_tell(&manager->context);
        journal_log(manager->context.journal, LOG_INFO, "authtokend %s serves with %zu keys",
                AUTHTOKEN_VERSION, keyring_size(manager->context.keyring));
        r = sd_event_loop(manager->context.event);
        (void)sd_notify(0, "STOPPING=1\nSTATUS=Stopping.");
        return r;
}

static int prepare_reload(Manager *manager, Config **ret_config, Keyring **ret_keyring,
        char *message, size_t message_size) {
        _cleanup_(config_freep) Config *config = NULL;
        KeyFault fault = {};
        const ConfigOption *fixed;
        int r;

        r = config_load(manager->config_path, message, message_size, &config);
        if (r)
                return *message ? MANAGER_E_REFUSED : r;
        /* Open sockets and stores cannot be replaced under running requests. */
        fixed = config_option_fixed_change(manager->config, config);
        if (fixed) {
                snprintf(message, message_size,
                        "[%s] %s= changed: this takes a restart of authtokend.service",
                        fixed->section, fixed->key);
                return MANAGER_E_REFUSED;
        }
        r = key_source_reread(&manager->context, key_source_rules(config, &manager->credentials),
                ret_keyring, &fault);
        if (r) {
                snprintf(message, message_size, "keys: %s", fault.text);
                return *fault.text ? MANAGER_E_REFUSED : r;
        }
        r = store_source_reread(config, manager->context.store, message, message_size);
        if (r < 0)
                return *message ? MANAGER_E_REFUSED : r;
        *ret_config = TAKE_PTR(config);
        return 0;
}

int manager_reload(Manager *manager, char *message, size_t message_size) {
        _cleanup_(config_freep) Config *config = NULL;
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL;
        _cleanup_(issuer_source_freep) IssuerSource *issuers = NULL;
        Context *context = &manager->context;
        int r;

        (void)sd_notify(0, "RELOADING=1\nSTATUS=Reading the configuration.");
        *message = '\0';
        r = prepare_reload(manager, &config, &keyring, message, message_size);
        if (r == 0)
                r = issuer_source_new(context, config, manager->issuers, &issuers);
        if (r) {
                journal_log(
                        context->journal, LOG_ERR, "reload refused, nothing changed: %s", message);
                r = r < 0 ? r : MANAGER_E_REFUSED;
        } else {
                Config *old = manager->config;

                manager->config = TAKE_PTR(config);
                issuer_source_free(manager->issuers);
                manager->issuers = TAKE_PTR(issuers);
                set_rules(manager);
                config_free(old);
                key_keeper_take(context->keeper, TAKE_PTR(keyring));
                journal_set_level(context->journal, manager->config->log_level);
                adoption_look(context->adoption);
                journal_log(context->journal, LOG_INFO, "configuration and keys were read again");
        }
        (void)sd_notify(0, "READY=1");
        service_status_tell(&manager->context);
        return r;
}

/* First the interfaces, so that nothing new comes in; then the work under way; then the parts. */
Manager *manager_free(Manager *manager) {
        Context *context;

        if (!manager)
                return NULL;
        context = &manager->context;
        ipc_listener_free(manager->listener);
        bus_service_free(manager->service);
        if (context->logind)
                (void)logind_set_bus(context->logind, NULL);
        context->sink = NULL;
        context_parts_stop(context);
        issuer_source_free(manager->issuers);
        context_parts_free(context);
        bus_connection_free(manager->bus);
        keyring_unref(context->keyring);
        sd_event_source_unref(manager->tick);
        journal_free(context->journal);
        config_free(manager->config);
        sd_event_unref(context->event);
        free(manager->config_path);
        key_credentials_clear(&manager->credentials);
        free(manager);
        return NULL;
}
