/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "common/text-hash.h"
#include "daemon/config/config.h"
#include "daemon/login/login-registry.h"
#include "daemon/operation/audit.h"
#include "daemon/operation/operation-object.h"
#include "daemon/operation/reconcile.h"
#include "daemon/operation/reconciler.h"
#include "daemon/operation/user-rules.h"
#include "daemon/session/user-state.h"
#include "daemon/store/user-store.h"

#define N_BUCKETS 1024u
/* Enough to keep the store busy, and few enough that a login in between does not wait for all of them. */
#define AT_ONCE_MAX         64u
#define AGAIN_USEC          UINT64_C(1000000)
#define AGAIN_ACCURACY_USEC UINT64_C(100000)

/* A user whose state is wanted, or on its way. */
typedef struct Look {
        Reconciler *reconciler;
        char *user;
        StoreCall *call;        /* NULL: it waits */
        bool again;             /* something has changed since it was asked for */
        struct Look *next;      /* linked in Reconciler.by_user */
        TAILQ_ENTRY(Look) link; /* linked in Reconciler.waiting or .loading */
} Look;

TAILQ_HEAD(LookList, Look);

/* A user with logins here whose record cannot be read. */
typedef struct Unreadable {
        char *user;
        uint64_t told_up_sec;         /* CLOCK_BOOTTIME */
        TAILQ_ENTRY(Unreadable) link; /* linked in Reconciler.unreadable */
} Unreadable;

TAILQ_HEAD(UnreadableList, Unreadable);

struct Reconciler {
        Context *context;
        Look *by_user[N_BUCKETS];
        struct LookList waiting, loading;
        struct UnreadableList unreadable;
        size_t n_loading;
        sd_event_source *again_timer; /* NULL: the store does not refuse */
};

static void pump(Reconciler *reconciler);

static Look **find(Reconciler *reconciler, const char *user) {
        Look **link = &reconciler->by_user[text_hash_add(text_hash_begin(), user) % N_BUCKETS];

        while (*link && strcmp((*link)->user, user) != 0)
                link = &(*link)->next;
        return link;
}

/* @look: in no list of waiting or loading ones. */
static void look_free(Look *look) {
        Look **link = find(look->reconciler, look->user);

        *link = look->next;
        store_call_free(look->call);
        free(look->user);
        free(look);
}

static int look_new(Reconciler *reconciler, Look **link, const char *user) {
        Look *look = calloc(1, sizeof(*look));

        if (!look)
                return -ENOMEM;
        look->user = strdup(user);
        if (!look->user) {
                free(look);
                return -ENOMEM;
        }
        look->reconciler = reconciler;
        *link = look;
        return 0;
}

static int on_again_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Reconciler *reconciler = userdata;

        (void)source;
        (void)usec;
        reconciler->again_timer = sd_event_source_disable_unref(reconciler->again_timer);
        pump(reconciler);
        return 0;
}

static void try_again_later(Reconciler *reconciler) {
        if (!reconciler->again_timer)
                (void)sd_event_add_time_relative(reconciler->context->event,
                        &reconciler->again_timer, CLOCK_MONOTONIC, AGAIN_USEC, AGAIN_ACCURACY_USEC,
                        on_again_timer, reconciler);
}

static Unreadable *find_unreadable(const Reconciler *reconciler, const char *user) {
        Unreadable *each;

        TAILQ_FOREACH(each, &reconciler->unreadable, link)
        if (strcmp(each->user, user) == 0)
                return each;
        return NULL;
}

static void drop_unreadable(Reconciler *reconciler, Unreadable *unreadable) {
        if (!unreadable)
                return;
        TAILQ_REMOVE(&reconciler->unreadable, unreadable, link);
        free(unreadable->user);
        free(unreadable);
}

/* Without memory it is reported again the next time. */
static void add_unreadable(Reconciler *reconciler, const char *user, uint64_t up_sec) {
        Unreadable *unreadable = calloc(1, sizeof(*unreadable));

        if (!unreadable)
                return;
        unreadable->user = strdup(user);
        if (!unreadable->user) {
                free(unreadable);
                return;
        }
        unreadable->told_up_sec = up_sec;
        TAILQ_INSERT_TAIL(&reconciler->unreadable, unreadable, link);
}

static void note_unreadable(Reconciler *reconciler, const char *user) {
        Unreadable *known = find_unreadable(reconciler, user);
        uint64_t up_sec = operation_up_sec();

        if (known && up_sec < known->told_up_sec + UNREADABLE_AGAIN_SEC)
                return;
        if (known)
                known->told_up_sec = up_sec;
        else
                add_unreadable(reconciler, user, up_sec);
        audit(reconciler->context, &(AuditRecord){
                                           .event = AUDIT_RECORD_UNREADABLE,
                                           .reason = REASON_STORE_CORRUPT,
                                           .user = user,
                                   });
}

static void on_loaded(StoreCall *call, int r, UserState *state, void *userdata) {
        _cleanup_(user_state_unrefp) UserState *owned = state;
        Look *look = userdata;
        Reconciler *reconciler = look->reconciler;

        look->call = store_call_free(call);
        TAILQ_REMOVE(&reconciler->loading, look, link);
        reconciler->n_loading--;
        if (r == STORE_E_REFUSED)
                try_again_later(reconciler);
        if (r == STORE_E_CORRUPT)
                note_unreadable(reconciler, look->user);
        else if (r == 0)
                drop_unreadable(reconciler, find_unreadable(reconciler, look->user));
        if (r == STORE_E_REFUSED || look->again) {
                look->again = false;
                TAILQ_INSERT_HEAD(&reconciler->waiting, look, link);
        } else {
                look_free(look);
        }
        if (r == 0)
                reconcile_state(reconciler->context, owned);
        pump(reconciler);
}

static void load(Reconciler *reconciler, Look *look) {
        Context *context = reconciler->context;

        TAILQ_REMOVE(&reconciler->waiting, look, link);
        user_rules_warm(context, look->user);
        if (user_store_load(context->store, (StoreName){ context->config->tenant, look->user },
                    on_loaded, look, &look->call) < 0) {
                look_free(look);
                return;
        }
        TAILQ_INSERT_TAIL(&reconciler->loading, look, link);
        reconciler->n_loading++;
}

static void pump(Reconciler *reconciler) {
        while (!reconciler->again_timer && reconciler->n_loading < AT_ONCE_MAX &&
                !TAILQ_EMPTY(&reconciler->waiting))
                load(reconciler, TAILQ_FIRST(&reconciler->waiting));
}

/* Users with an announced change go first; the check of everybody can wait. */
static void want(Reconciler *reconciler, const char *user, bool first) {
        Look **link = find(reconciler, user);

        if (*link && (*link)->call) {
                (*link)->again = true;
                return;
        }
        if (*link && !first)
                return;
        if (*link)
                TAILQ_REMOVE(&reconciler->waiting, *link, link);
        else if (look_new(reconciler, link, user) < 0)
                return;
        if (first)
                TAILQ_INSERT_HEAD(&reconciler->waiting, *link, link);
        else
                TAILQ_INSERT_TAIL(&reconciler->waiting, *link, link);
}

static bool note_login(Login *login, void *userdata) {
        (void)login;
        *(bool *)userdata = true;
        return false;
}

static bool has_login(const Reconciler *reconciler, const char *user) {
        const Context *context = reconciler->context;
        bool found = false;

        login_registry_each(context->logins, context->config->tenant, user, note_login, &found);
        return found;
}

size_t reconciler_unreadable(const Reconciler *reconciler) {
        const Unreadable *each;
        size_t n = 0;

        TAILQ_FOREACH(each, &reconciler->unreadable, link)
        n += has_login(reconciler, each->user);
        return n;
}

void reconciler_note(Reconciler *reconciler, const char *user) {
        if (!has_login(reconciler, user))
                return;
        want(reconciler, user, true);
        pump(reconciler);
}

static bool want_user(Login *login, void *userdata) {
        want(userdata, login->user, false);
        return true;
}

void reconciler_all(Reconciler *reconciler) {
        Context *context = reconciler->context;
        Unreadable *each = TAILQ_FIRST(&reconciler->unreadable);

        while (each) {
                Unreadable *next = TAILQ_NEXT(each, link);

                if (!has_login(reconciler, each->user))
                        drop_unreadable(reconciler, each);
                each = next;
        }
        login_registry_each(context->logins, context->config->tenant, NULL, want_user, reconciler);
        pump(reconciler);
}

int reconciler_new(Context *context, Reconciler **ret_reconciler) {
        Reconciler *reconciler = calloc(1, sizeof(*reconciler));

        if (!reconciler)
                return -ENOMEM;
        reconciler->context = context;
        TAILQ_INIT(&reconciler->waiting);
        TAILQ_INIT(&reconciler->loading);
        TAILQ_INIT(&reconciler->unreadable);
        *ret_reconciler = reconciler;
        return 0;
}

Reconciler *reconciler_free(Reconciler *reconciler) {
        if (!reconciler)
                return NULL;
        for (size_t i = 0; i < N_BUCKETS; i++)
                while (reconciler->by_user[i])
                        look_free(reconciler->by_user[i]);
        while (!TAILQ_EMPTY(&reconciler->unreadable))
                drop_unreadable(reconciler, TAILQ_FIRST(&reconciler->unreadable));
        sd_event_source_disable_unref(reconciler->again_timer);
        free(reconciler);
        return NULL;
}
