/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "daemon/journal/journal.h"
#include "daemon/operation/audit.h"
#include "daemon/operation/context.h"
#include "daemon/operation/key-keeper.h"
#include "daemon/operation/operation.h"
#include "daemon/token/token-cache.h"

#define USEC_PER_SEC        UINT64_C(1000000)
#define TIMER_ACCURACY_USEC (UINT64_C(100) * 1000)

struct KeyKeeper {
        Context *context;
        KeyTask *task;
        KeyTaskDone done; /* of the rotation that runs */
        void *userdata;
        Keyring *before; /* the ring when the task began; its reference is ours */
        sd_event_source *due;
};

static void retire(KeyKeeper *keeper);

static int on_due(sd_event_source *source, uint64_t usec, void *userdata) {
        (void)source;
        (void)usec;
        retire(userdata);
        return 0;
}

/* A step of the clock is noticed by key_keeper_tick(). */
static void arm(KeyKeeper *keeper) {
        uint64_t due_usec = keyring_due_sec(keeper->context->keyring) * USEC_PER_SEC;
        uint64_t now_usec = operation_now_usec();
        int r;

        keeper->due = sd_event_source_unref(keeper->due);
        if (due_usec == 0)
                return;
        r = sd_event_add_time_relative(keeper->context->event, &keeper->due, CLOCK_MONOTONIC,
                due_usec > now_usec ? due_usec - now_usec : 0, TIMER_ACCURACY_USEC, on_due, keeper);
        if (r < 0) /* key_keeper_tick() does it a little later */
                journal_log(
                        keeper->context->journal, LOG_WARNING, "keys: no timer: %s", strerror(-r));
}

void key_keeper_take(KeyKeeper *keeper, Keyring *keyring) {
        Context *context = keeper->context;

        keyring_unref(context->keyring);
        context->keyring = keyring;
        token_cache_clear(context->cache);
        arm(keeper);
}

static KeyDirectoryRules rules_now(const KeyKeeper *keeper) {
        KeyDirectoryRules rules = keeper->context->key_rules;

        rules.now_sec = operation_now_sec();
        rules.generate = NULL;
        return rules;
}

/* Loads from the disk, under the present rules. If that fails, the old ring stays. */
static int load_again(KeyKeeper *keeper, KeyFault *fault) {
        const KeyDirectoryRules rules = rules_now(keeper);
        Keyring *keyring;
        int r;

        r = key_directory_load(&rules, &keyring, fault);
        if (r == 0)
                key_keeper_take(keeper, keyring);
        return r;
}

static void end_task(KeyKeeper *keeper) {
        keeper->task = key_task_free(keeper->task);
        keeper->before = keyring_unref(keeper->before);
}

static void on_rotated(KeyTask *task, KeyTaskResult *result, void *userdata) {
        KeyKeeper *keeper = userdata;
        bool is_reloaded = keeper->context->keyring != keeper->before;

        /* A ring that was loaded under other rules meanwhile must not be replaced. */
        if (result->r == 0 && is_reloaded)
                result->r = load_again(keeper, &result->fault);
        else if (result->r == 0)
                key_keeper_take(keeper, TAKE_PTR(result->keyring));
        keeper->done(task, result, keeper->userdata);
        end_task(keeper);
}

static int start(KeyKeeper *keeper, const KeyTaskOrder *order, KeyTaskDone done) {
        int r;

        if (keeper->task)
                return KEY_KEEPER_E_BUSY;
        r = key_task_start(keeper->context->event, order, done, keeper, &keeper->task);
        if (r >= 0)
                keeper->before = keyring_ref(keeper->context->keyring);
        return r;
}

int key_keeper_rotate(
        KeyKeeper *keeper, const KeyRotation *rotation, KeyTaskDone done, void *userdata) {
        const KeyTaskOrder order = {
                .kind = KEY_TASK_ROTATE,
                .rules = rules_now(keeper),
                .rotation = *rotation,
        };
        int r;

        r = start(keeper, &order, on_rotated);
        if (r == 0) {
                keeper->done = done;
                keeper->userdata = userdata;
        }
        return r;
}

static void on_retired(KeyTask *task, KeyTaskResult *result, void *userdata) {
        KeyKeeper *keeper = userdata;
        KeyFault fault;

        (void)task;
        if (result->r == 0)
                audit(keeper->context,
                        &(AuditRecord){
                                .event = AUDIT_KEY_RETIRED,
                                .kid = result->kid,
                                .note = result->removed ? NULL
                                                        : "its file has to be removed by hand",
                        });
        else if (result->r != KEY_E_NONE)
                journal_log(keeper->context->journal, LOG_ERR, "a key cannot be retired: %s",
                        result->fault.text);
        if (result->r == 0 && load_again(keeper, &fault) != 0)
                journal_log(keeper->context->journal, LOG_ERR, "keys refused: %s", fault.text);
        end_task(keeper);
        /* If another one is due as well, the new ring's timer handles it. */
}

static void retire(KeyKeeper *keeper) {
        const KeyTaskOrder order = { .kind = KEY_TASK_RETIRE, .rules = rules_now(keeper) };
        int r;

        r = start(keeper, &order, on_retired);
        if (r < 0)
                journal_log(keeper->context->journal, LOG_ERR, "a key cannot be retired: %s",
                        strerror(-r));
}

void key_keeper_tick(KeyKeeper *keeper) {
        uint64_t due_sec = keyring_due_sec(keeper->context->keyring);

        if (due_sec && due_sec <= operation_now_sec())
                retire(keeper);
}

int key_keeper_new(Context *context, KeyKeeper **ret_keeper) {
        KeyKeeper *keeper = calloc(1, sizeof(*keeper));

        if (!keeper)
                return -ENOMEM;
        keeper->context = context;
        *ret_keeper = keeper;
        return 0;
}

KeyKeeper *key_keeper_free(KeyKeeper *keeper) {
        if (!keeper)
                return NULL;
        end_task(keeper);
        sd_event_source_unref(keeper->due);
        free(keeper);
        return NULL;
}
