/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <systemd/sd-event.h>

#include "common/text-hash.h"
#include "daemon/login/login-registry.h"
#include "daemon/operation/context.h"
#include "daemon/operation/login-ender.h"
#include "daemon/operation/user-rules.h"
#include "daemon/policy/policy.h"

#define N_BUCKETS 4096u

typedef struct Entry {
        LoginEnding base;
        struct Entry *next;      /* linked in a bucket of LoginEnder.entries */
        TAILQ_ENTRY(Entry) link; /* linked in LoginEnder.due, if it is */
        LoginEnder *ender;
        bool due; /* its grace is over */
} Entry;

/* After a cut there may be thousands of endings at once. */
struct LoginEnder {
        Context *context;
        Entry *entries[N_BUCKETS]; /* by key_of() their login */
        TAILQ_HEAD(, Entry) due;
        sd_event_source *due_source;
};

static const char *key_of(const Login *login) {
        return login->logind_id ? login->logind_id : login->id;
}

static Entry **bucket_of(LoginEnder *ender, const char *key) {
        return &ender->entries[text_hash_add(text_hash_begin(), key) % N_BUCKETS];
}

static void entry_free(LoginEnding *ending) {
        Entry *entry = (Entry *)ending;
        Entry **link = bucket_of(entry->ender, key_of(ending->login));

        for (; *link; link = &(*link)->next)
                if (*link == entry) {
                        *link = entry->next;
                        break;
                }
        if (entry->due)
                TAILQ_REMOVE(&entry->ender->due, entry, link);
        login_ending_clear(ending);
        free(entry);
}

/* Endings without a grace, of which there may be thousands, share one timer. */
static int on_due(sd_event_source *source, void *userdata) {
        LoginEnder *ender = userdata;
        Entry *entry;

        (void)source;
        while ((entry = TAILQ_FIRST(&ender->due))) {
                TAILQ_REMOVE(&ender->due, entry, link);
                entry->due = false;
                login_ending_begin(&entry->base);
        }
        return 0;
}

static int begin_after(Entry *entry, uint64_t grace_usec) {
        LoginEnder *ender = entry->ender;

        if (grace_usec > 0)
                return login_ending_begin_after(&entry->base, grace_usec);
        TAILQ_INSERT_TAIL(&ender->due, entry, link);
        entry->due = true;
        return sd_event_source_set_enabled(ender->due_source, SD_EVENT_ONESHOT);
}

static Entry *find(const LoginEnder *ender, const Login *login) {
        Entry *entry = *bucket_of((LoginEnder *)ender, key_of(login));

        while (entry && entry->base.login != login)
                entry = entry->next;
        return entry;
}

static int entry_new(LoginEnder *ender, Login *login, Reason reason, Entry **ret_entry) {
        Entry **bucket = bucket_of(ender, key_of(login));
        Entry *entry = calloc(1, sizeof(*entry));
        PolicyRules rules;
        int r;

        if (!entry)
                return -ENOMEM;
        entry->base.context = ender->context;
        entry->base.login = login;
        entry->base.free_body = entry_free;
        entry->ender = ender;
        entry->next = *bucket;
        *bucket = entry;
        (void)user_rules_last(ender->context, login->user, &rules);
        r = begin_after(entry, rules.kick_grace_usec);
        if (r < 0) {
                entry_free(&entry->base);
                return r;
        }
        if (!login->ended) {
                login->ended = true;
                login->end_reason = reason;
                /* A login that is only locked or announced is recorded after that: the next daemon takes the
                 * record as done. */
                entry->base.unwritten = rules.on_kick == KICK_TERMINATE;
        }
        if (rules.kick_grace_usec > 0)
                login_ending_write(&entry->base);
        *ret_entry = entry;
        return 0;
}

int login_ender_end(
        LoginEnder *ender, Login *login, Reason reason, LoginEndDone done, void *userdata) {
        Entry *entry = find(ender, login);
        int r;

        if (!entry) {
                r = entry_new(ender, login, reason, &entry);
                if (r < 0)
                        return r;
        }
        return done ? login_ending_wait(&entry->base, done, userdata) : 0;
}

bool login_ender_is_busy(const LoginEnder *ender, const Login *login) {
        return find(ender, login);
}

void login_ender_forget(LoginEnder *ender, const Login *login) {
        Entry *entry = find(ender, login);

        if (entry)
                login_ending_finish(&entry->base, true, NULL);
}

void login_ender_session_removed(LoginEnder *ender, const char *logind_id) {
        for (Entry *entry = *bucket_of(ender, logind_id); entry; entry = entry->next) {
                LoginEnding *ending = &entry->base;

                /* Not now: a look may free the list that we walk over. */
                if (ending->ordered && ending->login->logind_id &&
                        !strcmp(ending->login->logind_id, logind_id))
                        login_ending_look_soon(ending);
        }
}

int login_ender_new(Context *context, LoginEnder **ret_ender) {
        _cleanup_(login_ender_freep) LoginEnder *ender = calloc(1, sizeof(*ender));
        int r;

        if (!ender)
                return -ENOMEM;
        ender->context = context;
        TAILQ_INIT(&ender->due);
        r = sd_event_add_defer(context->event, &ender->due_source, on_due, ender);
        if (r >= 0)
                r = sd_event_source_set_enabled(ender->due_source, SD_EVENT_OFF);
        if (r < 0)
                return r;
        *ret_ender = TAKE_PTR(ender);
        return 0;
}

LoginEnder *login_ender_free(LoginEnder *ender) {
        if (!ender)
                return NULL;
        for (size_t i = 0; i < N_BUCKETS; i++)
                while (ender->entries[i]) {
                        login_ending_write(&ender->entries[i]->base);
                        entry_free(&ender->entries[i]->base);
                }
        sd_event_source_disable_unref(ender->due_source);
        free(ender);
        return NULL;
}
