/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "daemon/config/config.h"
#include "daemon/journal/journal.h"
#include "daemon/operation/adoption-memory.h"
#include "daemon/operation/adoption.h"
#include "daemon/operation/operation-object.h"
#include "daemon/store/kept-text.h"
#include "daemon/store/store-mark.h"
#include "daemon/store/store-type.h"

#define MARK      "adoption"
#define TRIES_MAX 16u

TAILQ_HEAD(AdoptionQueue, AdoptionRequest);

struct Adoption {
        Context *context;
        AdoptionMemory memory;
        KeptText *kept;
        struct AdoptionQueue waiting;
        struct AdoptionQueue serving; /* what one change of the epoch is for */
        sd_event_source *deferred;
        StoreCall *call;
        bool busy;
        unsigned int tries;
        char stored[STORE_MARK_MAX + 1]; /* as last read or written; "": nothing */
        AdoptionEpoch next;              /* what is being written */
        AdoptionRequest look;
        AdoptionState seen;
        AdoptionEpoch current; /* CONFIRMED: as it was read or written last */
};

#define WHAT_TO_DO "; no token without a session is taken until \"authtokenctl adopt --confirm\""

static const struct {
        const char *name, *fault;
} states[ADOPTION_STATE_COUNT] = {
        [ADOPTION_STATE_OFF] = { "off", NULL },
        [ADOPTION_STATE_UNKNOWN] = { "unknown", NULL },
        [ADOPTION_STATE_CONFIRMED] = { "confirmed", NULL },
        [ADOPTION_STATE_NEW] = { "new", "the store is new" WHAT_TO_DO },
        [ADOPTION_STATE_EMPTIED] = { "emptied", "the store was emptied" WHAT_TO_DO },
        [ADOPTION_STATE_FORGETFUL] = { "forgetful",
                "the store lets records go when its memory is short; no token without a session "
                "is taken until its maxmemory-policy is noeviction, and \"authtokenctl adopt "
                "--confirm\"" },
        [ADOPTION_STATE_SET_BACK] = { "set-back",
                "the store was set back to an older copy" WHAT_TO_DO },
};

static int run(Adoption *adoption);

static void finish_all(Adoption *adoption, Reason reason) {
        AdoptionRequest *request;

        adoption->busy = false;
        while ((request = TAILQ_FIRST(&adoption->serving))) {
                Reason own = reason;

                TAILQ_REMOVE(&adoption->serving, request, link);
                request->queued = false;
                if (own == REASON_OK && request->wish == ADOPTION_WISH_ADOPT)
                        own = adoption_check_token(&adoption->next, &adoption->memory,
                                request->stateless, request->issued_at_sec);
                /* Without an epoch nothing is adopted, so there is nothing to end. */
                if (own == REASON_ADOPTION_UNCONFIRMED && request->wish == ADOPTION_WISH_RENEW)
                        own = REASON_OK;
                adoption_epoch_head(&adoption->next, request->epoch);
                request->done(request, own);
        }
        (void)run(adoption);
}

static void keep(Adoption *adoption) {
        char text[ADOPTION_TEXT_MAX];
        int r;

        if (!*adoption->memory.id)
                return;
        adoption_memory_format(&adoption->memory, text);
        r = kept_text_set(adoption->kept, text);
        if (r < 0)
                journal_log(adoption->context->journal, LOG_WARNING,
                        "adoption: the epoch cannot be remembered: %s", strerror(-r));
}

static void remember(Adoption *adoption, const AdoptionEpoch *epoch) {
        if (adoption->memory.known && !adoption->memory.doubted &&
                strcmp(adoption->memory.id, epoch->id) == 0 &&
                adoption->memory.count == epoch->count)
                return;
        adoption_remember(&adoption->memory, epoch);
        keep(adoption);
}

static void refuse_all(Adoption *adoption, AdoptionState why) {
        /* If nothing is adopted there is nothing to report. */
        if (adoption->seen != why && adoption_is_wanted(adoption->context)) {
                journal_log(adoption->context->journal, LOG_ERR, "adoption: %s", states[why].fault);
                adoption->seen = why;
        }
        finish_all(adoption, REASON_ADOPTION_UNCONFIRMED);
}

static bool is_wished(const Adoption *adoption, AdoptionWish wish) {
        const AdoptionRequest *request;

        TAILQ_FOREACH(request, &adoption->serving, link)
        if (request->wish == wish)
                return true;
        return false;
}

/* Nothing is left to be written. */
static void settle(Adoption *adoption, const AdoptionEpoch *epoch) {
        adoption->next = *epoch;
        adoption->current = *epoch;
        adoption->seen = ADOPTION_STATE_CONFIRMED;
        /* After an administrator's confirmation no floor is needed. */
        if (is_wished(adoption, ADOPTION_WISH_CONFIRM))
                adoption->memory.floor_sec = 0;
        remember(adoption, epoch);
        finish_all(adoption, REASON_OK);
}

static void on_written(StoreCall *call, int r, const char *value, void *userdata);

/* @value: "": the mark is removed. */
static void write_mark(Adoption *adoption, const char *value) {
        Context *context = adoption->context;
        const StoreMarkChange change = {
                .mark = { context->config->tenant, MARK },
                .expected = adoption->stored,
                .value = value,
                .settle = is_wished(adoption, ADOPTION_WISH_RENEW),
        };

        if (store_mark_change(context->store, &change, on_written, adoption, &adoption->call) < 0)
                finish_all(adoption, REASON_INTERNAL);
}

/* One epoch answers all waiting requests, so it must satisfy the strictest. */
static uint64_t since_of(const Adoption *adoption, uint64_t now_sec) {
        const AdoptionRequest *request;
        uint64_t since_sec = 0;

        TAILQ_FOREACH(request, &adoption->serving, link)
        if (request->wish == ADOPTION_WISH_CONFIRM || request->wish == ADOPTION_WISH_RENEW) {
                uint64_t own_sec = request->since_sec ? request->since_sec : now_sec;

                since_sec = own_sec > since_sec ? own_sec : since_sec;
        }
        return since_sec;
}

/* @before: the store's epoch; NULL: it has none. */
static void write_new(Adoption *adoption, const AdoptionEpoch *before, bool is_first) {
        uint64_t now_sec = operation_now_sec();
        AdoptionEpoch *next = &adoption->next;
        char text[ADOPTION_TEXT_MAX];

        /* An adoption that waits is counted in the same step. */
        *next = (AdoptionEpoch){
                .made_at_sec = now_sec,
                .count = is_wished(adoption, ADOPTION_WISH_ADOPT) ? 1 : 0,
        };
        if (sid_generate(next->id) < 0) {
                finish_all(adoption, REASON_INTERNAL);
                return;
        }
        /* Later than all earlier epochs, even if the clock was set back. */
        if (before && next->made_at_sec <= before->made_at_sec)
                next->made_at_sec = before->made_at_sec + 1;
        if (adoption->memory.known && next->made_at_sec <= adoption->memory.made_at_sec)
                next->made_at_sec = adoption->memory.made_at_sec + 1;
        /* A new store cannot have forgotten the end of a predecessor's token. */
        next->since_sec = is_first ? now_sec - 1 : since_of(adoption, now_sec);
        next->stateless_since_sec = is_first ? 0 : next->since_sec;
        adoption_epoch_format(next, text);
        write_mark(adoption, text);
}

static void write_counted(Adoption *adoption, const AdoptionEpoch *epoch) {
        char text[ADOPTION_TEXT_MAX];

        adoption->next = *epoch;
        adoption->next.count++;
        adoption_epoch_format(&adoption->next, text);
        write_mark(adoption, text);
}

/* Tell all hosts by removing the mark: a new host remembers nothing. */
static void doubt(Adoption *adoption) {
        adoption->memory.doubted = true;
        keep(adoption);
        adoption->next = (AdoptionEpoch){ 0 };
        write_mark(adoption, "");
}

static bool is_sole_writer(const Adoption *adoption) {
        return !store_type_is_shared(adoption->context->config->store_type);
}

/* The store may evict single ends of sessions and keep the epoch. */
static bool is_forgetful(const Adoption *adoption) {
        StoreHealth health;

        user_store_health(adoption->context->store, &health);
        return health.forgetful;
}

static void on_missing(Adoption *adoption) {
        if (is_sole_writer(adoption) && !adoption->memory.known && !*adoption->stored)
                write_new(adoption, NULL, true);
        else if (is_forgetful(adoption))
                refuse_all(adoption, ADOPTION_STATE_FORGETFUL);
        else if (adoption->memory.doubted)
                refuse_all(adoption, ADOPTION_STATE_SET_BACK);
        else if (adoption->memory.known)
                refuse_all(adoption, ADOPTION_STATE_EMPTIED);
        else
                refuse_all(adoption, ADOPTION_STATE_NEW);
}

/* A host that adopts nothing does not make the first epoch of a shared store. */
static bool begins_anew(const Adoption *adoption) {
        if (is_wished(adoption, ADOPTION_WISH_CONFIRM))
                return true;
        return is_wished(adoption, ADOPTION_WISH_RENEW) &&
               (*adoption->stored || adoption_is_wanted(adoption->context) ||
                       is_sole_writer(adoption));
}

/* @epoch: the store's; NULL: it has none. */
static void distrust(Adoption *adoption, const AdoptionEpoch *epoch) {
        if (!epoch) {
                on_missing(adoption);
                return;
        }
        /* It must not count again when it is put back. */
        if (adoption_judge(epoch, &adoption->memory) != ADOPTION_SET_BACK)
                adoption_remember(&adoption->memory, epoch);
        doubt(adoption);
}

/* The stored mark is known: take one step. */
static void decide(Adoption *adoption) {
        AdoptionEpoch epoch = { 0 };
        bool is_there = adoption_epoch_parse(adoption->stored, &epoch) == 0;

        if (is_forgetful(adoption) && !is_wished(adoption, ADOPTION_WISH_RENEW)) {
                distrust(adoption, is_there ? &epoch : NULL);
                return;
        }
        if (begins_anew(adoption)) {
                write_new(adoption, is_there ? &epoch : NULL, false);
                return;
        }
        switch (adoption_judge(is_there ? &epoch : NULL, &adoption->memory)) {
        case ADOPTION_MISSING:
                on_missing(adoption);
                return;
        case ADOPTION_SET_BACK:
                doubt(adoption);
                return;
        case ADOPTION_CURRENT:
        case ADOPTION_NEW:
                break;
        }
        if (is_wished(adoption, ADOPTION_WISH_ADOPT))
                write_counted(adoption, &epoch);
        else
                settle(adoption, &epoch);
}

static void note_stored(Adoption *adoption, const char *value) {
        snprintf(adoption->stored, sizeof(adoption->stored), "%s", STRING_OR_EMPTY(value));
}

static void on_written(StoreCall *call, int r, const char *value, void *userdata) {
        Adoption *adoption = userdata;

        adoption->call = NULL;
        if (r == 0 || r == STORE_E_CONFLICT)
                note_stored(adoption, value);
        store_call_free(call);
        if (r == STORE_E_CONFLICT && adoption->tries++ < TRIES_MAX)
                decide(adoption);
        else if (r != 0)
                finish_all(adoption, operation_reason_of_store(r));
        else if (*adoption->stored)
                settle(adoption, &adoption->next);
        else
                on_missing(adoption);
}

static void on_read(StoreCall *call, int r, const char *value, void *userdata) {
        Adoption *adoption = userdata;

        adoption->call = NULL;
        if (r == 0)
                note_stored(adoption, value);
        store_call_free(call);
        if (r != 0)
                finish_all(adoption, operation_reason_of_store(r));
        else
                decide(adoption);
}

static int on_run(sd_event_source *source, void *userdata) {
        Adoption *adoption = userdata;
        Context *context = adoption->context;
        const StoreMarkChange change = { .mark = { context->config->tenant, MARK } };

        (void)source;
        adoption->deferred = sd_event_source_unref(adoption->deferred);
        adoption->tries = 0;
        TAILQ_CONCAT(&adoption->serving, &adoption->waiting, link);
        adoption->busy = !TAILQ_EMPTY(&adoption->serving);
        if (!adoption->busy)
                return 0;
        if (store_mark_change(context->store, &change, on_read, adoption, &adoption->call) < 0)
                finish_all(adoption, REASON_INTERNAL);
        return 0;
}

static int run(Adoption *adoption) {
        if (adoption->busy || adoption->deferred || TAILQ_EMPTY(&adoption->waiting))
                return 0;
        return sd_event_add_defer(adoption->context->event, &adoption->deferred, on_run, adoption);
}

int adoption_ask(Adoption *adoption, AdoptionRequest *request) {
        int r;

        TAILQ_INSERT_TAIL(&adoption->waiting, request, link);
        request->queued = true;
        r = run(adoption);
        if (r < 0)
                adoption_cancel(adoption, request);
        return r;
}

StoreGuard adoption_guard(const AdoptionRequest *request) {
        return (StoreGuard){ .mark = MARK, .begins = request->epoch };
}

void adoption_cancel(Adoption *adoption, AdoptionRequest *request) {
        AdoptionRequest *waiting;

        if (!request->queued)
                return;
        request->queued = false;
        TAILQ_FOREACH(waiting, &adoption->waiting, link)
        if (waiting == request) {
                TAILQ_REMOVE(&adoption->waiting, request, link);
                return;
        }
        TAILQ_REMOVE(&adoption->serving, request, link);
}

static void on_looked(AdoptionRequest *request, Reason reason) {
        (void)request;
        (void)reason;
}

bool adoption_is_wanted(const Context *context) {
        return context->config->n_issuers > 0 || context->config->adopt_stateless_until_sec > 0;
}

void adoption_status(const Adoption *adoption, AdoptionStatus *ret_status) {
        AdoptionStatus status = { .state = adoption->seen };

        if (!adoption_is_wanted(adoption->context))
                status.state = ADOPTION_STATE_OFF;
        if (status.state == ADOPTION_STATE_CONFIRMED) {
                status.since_sec = adoption_since(&adoption->current, &adoption->memory, false);
                status.count = adoption->current.count;
        }
        *ret_status = status;
}

const char *adoption_state_name(AdoptionState state) {
        return states[state].name;
}

const char *adoption_state_fault(AdoptionState state) {
        return states[state].fault;
}

void adoption_look(Adoption *adoption) {
        if (kept_text_error(adoption->kept))
                journal_log(adoption->context->journal, LOG_WARNING,
                        "adoption: the epoch cannot be remembered: %s",
                        strerror(-kept_text_error(adoption->kept)));
        if (!adoption_is_wanted(adoption->context) || adoption->look.queued)
                return;
        adoption->look = (AdoptionRequest){ .wish = ADOPTION_WISH_LOOK, .done = on_looked };
        (void)adoption_ask(adoption, &adoption->look);
}

static char *memory_path(const char *directory, const char *tenant) {
        char *path;

        return asprintf(&path, "%s/adoption.%s", directory, tenant) < 0 ? NULL : path;
}

int adoption_new(Context *context, Adoption **ret_adoption) {
        _cleanup_(adoption_freep) Adoption *adoption = calloc(1, sizeof(*adoption));
        const Config *config = context->config;
        _cleanup_(freep) char *runtime = memory_path(config->runtime_directory, config->tenant),
                              *state = memory_path(config->state_directory, config->tenant);
        const char *const paths[KEPT_TEXT_FILES] = { runtime, state };
        int r;

        if (!adoption || !runtime || !state)
                return -ENOMEM;
        adoption->context = context;
        adoption->seen = ADOPTION_STATE_UNKNOWN;
        TAILQ_INIT(&adoption->waiting);
        TAILQ_INIT(&adoption->serving);
        r = kept_text_new(paths, &adoption->kept);
        if (r < 0)
                return r;
        adoption_memory_recall(context->journal, paths, &adoption->memory);
        *ret_adoption = TAKE_PTR(adoption);
        return 0;
}

Adoption *adoption_free(Adoption *adoption) {
        if (!adoption)
                return NULL;
        sd_event_source_disable_unref(adoption->deferred);
        store_call_free(adoption->call);
        kept_text_free(adoption->kept);
        free(adoption);
        return NULL;
}
