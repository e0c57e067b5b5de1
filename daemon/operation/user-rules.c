/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "common/text-hash.h"
#include "daemon/config/config.h"
#include "daemon/nss/user-names.h"
#include "daemon/operation/context.h"
#include "daemon/operation/user-rules.h"

#define N_BUCKETS   1024u
#define ENTRIES_MAX 16384u
#define FRESH_USEC  UINT64_C(60000000)

typedef struct Entry {
        struct Entry *next; /* linked in UserRules.buckets */
        char *user;
        char **groups; /* pointing into @text */
        size_t n_groups;
        char *text;
        uint64_t known_at_usec; /* CLOCK_MONOTONIC */
} Entry;

struct UserRules {
        Context *context;
        Entry *buckets[N_BUCKETS];
        size_t n_entries;
        UserRulesCall *warming; /* owned */
};

struct UserRulesCall {
        Context *context;
        char *user;
        UserRulesDone done; /* NULL: only to know it the next time */
        void *userdata;
        UserNameCall *names;
        UserRulesCall *next; /* linked in UserRules.warming, if nobody waits */
};

static Entry *entry_free(Entry *entry) {
        if (!entry)
                return NULL;
        free(entry->user);
        free(entry->groups);
        free(entry->text);
        free(entry);
        return NULL;
}

static Entry **find(UserRules *rules, const char *user) {
        uint64_t hash = text_hash_add(text_hash_begin(), user);
        Entry **link;

        for (link = &rules->buckets[hash % N_BUCKETS]; *link; link = &(*link)->next)
                if (!strcmp((*link)->user, user))
                        break;
        return link;
}

static void clear(UserRules *rules) {
        for (size_t i = 0; i < N_BUCKETS; i++)
                while (rules->buckets[i]) {
                        Entry *entry = rules->buckets[i];

                        rules->buckets[i] = entry->next;
                        entry_free(entry);
                }
        rules->n_entries = 0;
}

static uint64_t now_usec(const Context *context) {
        uint64_t usec = 0;

        sd_event_now(context->event, CLOCK_MONOTONIC, &usec);
        return usec;
}

static int split(Entry *entry) {
        size_t n_lines = 0;

        for (const char *c = entry->text; *c; c++)
                n_lines += *c == '\n';
        entry->groups = calloc(n_lines + 1, sizeof(*entry->groups));
        if (!entry->groups)
                return -ENOMEM;
        for (char *line = entry->text; *line && entry->n_groups < n_lines;) {
                size_t size = strcspn(line, "\n");

                line[size] = '\0';
                entry->groups[entry->n_groups++] = line;
                line += size + 1;
        }
        return 0;
}

static Entry *remember(UserRules *rules, const char *user, const char *names) {
        Entry *entry = calloc(1, sizeof(*entry)), **link;

        if (!entry)
                return NULL;
        entry->user = strdup(user);
        entry->text = strdup(names);
        entry->known_at_usec = now_usec(rules->context);
        if (!entry->user || !entry->text || split(entry) < 0)
                return entry_free(entry);
        if (rules->n_entries >= ENTRIES_MAX)
                clear(rules);
        link = find(rules, user);
        if (*link) {
                Entry *old = *link;

                *link = old->next;
                entry_free(old);
                rules->n_entries--;
        }
        entry->next = *link;
        *link = entry;
        rules->n_entries++;
        return entry;
}

static bool has_group_section(const Config *config) {
        for (size_t i = 0; i < config->n_policies; i++)
                if (!strncmp(config->policies[i].head.name, "group:", strlen("group:")))
                        return true;
        return false;
}

static void compute(
        const Context *context, const char *user, const Entry *entry, PolicyRules *ret_rules) {
        config_policy_of(context->config, user, entry ? (const char *const *)entry->groups : NULL,
                entry ? entry->n_groups : 0, ret_rules);
}

bool user_rules_now(Context *context, const char *user, PolicyRules *ret_rules) {
        const Entry *entry = NULL;

        if (has_group_section(context->config)) {
                entry = *find(context->user_rules, user);
                if (!entry || now_usec(context) - entry->known_at_usec >= FRESH_USEC)
                        return false;
        }
        compute(context, user, entry, ret_rules);
        return true;
}

static void warming_remove(UserRules *rules, UserRulesCall *call) {
        UserRulesCall **link = &rules->warming;

        while (*link && *link != call)
                link = &(*link)->next;
        if (*link)
                *link = call->next;
}

static void on_groups(UserNameCall *names_call, const char *names, void *userdata) {
        UserRulesCall *call = userdata;
        Context *context = call->context;
        const Entry *entry = names ? remember(context->user_rules, call->user, names) : NULL;
        PolicyRules rules;

        call->names = user_name_call_free(names_call);
        if (!call->done) {
                warming_remove(context->user_rules, call);
                user_rules_call_free(call);
        } else if (entry) {
                compute(context, call->user, entry, &rules);
                call->done(call, REASON_OK, &rules, call->userdata);
        } else {
                call->done(call, names ? REASON_INTERNAL : REASON_GROUPS_UNKNOWN, NULL,
                        call->userdata);
        }
}

int user_rules_find(Context *context, const char *user, UserRulesDone done, void *userdata,
        UserRulesCall **ret_call) {
        _cleanup_(user_rules_call_freep) UserRulesCall *call = calloc(1, sizeof(*call));
        int r;

        if (!call)
                return -ENOMEM;
        call->context = context;
        call->done = done;
        call->userdata = userdata;
        call->user = strdup(user);
        if (!call->user)
                return -ENOMEM;
        r = user_names_groups(context->names, user, on_groups, call, &call->names);
        if (r < 0)
                return r;
        *ret_call = TAKE_PTR(call);
        return 0;
}

UserRulesCall *user_rules_call_free(UserRulesCall *call) {
        if (!call)
                return NULL;
        user_name_call_free(call->names);
        free(call->user);
        free(call);
        return NULL;
}

static bool is_warming(const UserRules *rules, const char *user) {
        for (const UserRulesCall *call = rules->warming; call; call = call->next)
                if (!strcmp(call->user, user))
                        return true;
        return false;
}

void user_rules_warm(Context *context, const char *user) {
        UserRules *rules = context->user_rules;
        UserRulesCall *call;
        PolicyRules known;

        if (user_rules_now(context, user, &known) || is_warming(rules, user) ||
                user_rules_find(context, user, NULL, NULL, &call) < 0)
                return;
        call->next = rules->warming;
        rules->warming = call;
}

bool user_rules_last(Context *context, const char *user, PolicyRules *ret_rules) {
        const Entry *entry = *find(context->user_rules, user);

        compute(context, user, entry, ret_rules);
        return entry || !has_group_section(context->config);
}

int user_rules_new(Context *context, UserRules **ret_rules) {
        UserRules *rules = calloc(1, sizeof(*rules));

        if (!rules)
                return -ENOMEM;
        rules->context = context;
        *ret_rules = rules;
        return 0;
}

UserRules *user_rules_free(UserRules *rules) {
        if (!rules)
                return NULL;
        while (rules->warming) {
                UserRulesCall *call = rules->warming;

                rules->warming = call->next;
                user_rules_call_free(call);
        }
        clear(rules);
        free(rules);
        return NULL;
}
