/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <systemd/sd-event.h>

#include "daemon/config/config.h"
#include "daemon/issuer-source.h"
#include "daemon/journal/journal.h"
#include "daemon/operation/context.h"
#include "daemon/token/issuer-list.h"
#include "daemon/token/token-cache.h"

#define WATCHED (IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE | IN_ONLYDIR)

/* A file as it was when it was read last. */
typedef struct FileMark {
        dev_t device;
        ino_t inode;
        off_t size;
        struct timespec changed;
} FileMark;

typedef struct Watch {
        FileMark mark; /* all zero: there was no file */
        sd_event_source *directory;
        IssuerSource *source;
        size_t i;
} Watch;

struct IssuerSource {
        Context *context;
        IssuerList *list;
        Watch *watches; /* one for each issuer */
};

/* ctime: whoever replaces a file may give it any mtime. */
static void read_mark(const char *path, FileMark *ret_mark) {
        struct stat st;

        *ret_mark = (FileMark){ 0 };
        if (stat(path, &st) < 0)
                return;
        ret_mark->device = st.st_dev;
        ret_mark->inode = st.st_ino;
        ret_mark->size = st.st_size;
        ret_mark->changed = st.st_ctim;
}

static bool is_same(const FileMark *a, const FileMark *b) {
        return a->device == b->device && a->inode == b->inode && a->size == b->size &&
               a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

static void tell(
        const IssuerSource *source, const Issuer *issuer, int r, const JwksReport *report) {
        Journal *journal = source->context->journal;

        if (r && issuer->keyring)
                journal_log(journal, LOG_WARNING, "issuer %s: its keys stay as they were: %s",
                        issuer->url, *report->first.text ? report->first.text : key_error_text(r));
        else if (r)
                journal_log(journal, LOG_WARNING,
                        "issuer %s: no keys, none of its tokens is taken: %s", issuer->url,
                        *report->first.text ? report->first.text : key_error_text(r));
        else
                journal_log(journal, LOG_INFO, "issuer %s: %zu keys", issuer->url, report->n_keys);
        if (r == 0 && report->n_left_out)
                journal_log(journal, LOG_NOTICE, "issuer %s: %zu keys were left out, first %s",
                        issuer->url, report->n_left_out, report->first.text);
}

static void load(IssuerSource *source, size_t i) {
        const Issuer *issuer = issuer_list_at(source->list, i);
        Keyring *keyring = NULL;
        JwksReport report;
        int r;

        read_mark(issuer->jwks_path, &source->watches[i].mark);
        r = jwks_load(issuer->jwks_path, &issuer->jwks_rules, &keyring, &report);
        tell(source, issuer, r, &report);
        if (r == 0)
                issuer_list_set_keys(source->list, i, keyring);
}

static void load_if_changed(IssuerSource *source, size_t i) {
        FileMark mark;

        read_mark(issuer_list_at(source->list, i)->jwks_path, &mark);
        if (is_same(&mark, &source->watches[i].mark))
                return;
        load(source, i);
        /* The cache holds results of the old ring. */
        token_cache_clear(source->context->cache);
}

static int on_directory(
        sd_event_source *event_source, const struct inotify_event *event, void *userdata) {
        Watch *watch = userdata;

        (void)event_source;
        (void)event;
        load_if_changed(watch->source, watch->i);
        return 0;
}

/* If the directory does not exist yet, the tick will notice it. */
static void watch_directory(IssuerSource *source, size_t i) {
        _cleanup_(freep) char *directory = strdup(issuer_list_at(source->list, i)->jwks_path);
        Watch *watch = &source->watches[i];
        char *slash = directory ? strrchr(directory, '/') : NULL;

        if (!slash || watch->directory)
                return;
        slash[slash == directory] = '\0';
        (void)sd_event_add_inotify(
                source->context->event, &watch->directory, directory, WATCHED, on_directory, watch);
}

static int add_issuer(IssuerList *list, const IssuerSection *section) {
        const IssuerSettings settings = {
                .url = section->head.name,
                .jwks_path = section->jwks_path,
                .audience = section->audience,
                .algorithms = section->algorithms,
                .user_claim = section->user_claim,
                .user_map = section->user_map,
                .roles_claim = section->roles_claim,
                .require_jti = section->require_jti,
                .max_lifetime_sec = section->max_lifetime_sec,
                .leeway_sec = section->leeway_sec,
        };
        int r;

        r = issuer_list_add(list, &settings);
        return r > 0 ? -E2BIG : r;
}

static void take_over(IssuerSource *source, size_t i, const IssuerSource *before) {
        const Issuer *issuer = issuer_list_at(source->list, i);
        const Issuer *old = before ? issuer_list_find(before->list, issuer->url) : NULL;

        /* With other rules other keys would have been accepted. */
        if (!old || !old->keyring || strcmp(old->jwks_path, issuer->jwks_path) != 0 ||
                old->jwks_rules.algorithms != issuer->jwks_rules.algorithms)
                return;
        issuer_list_set_keys(source->list, i, keyring_ref(old->keyring));
}

int issuer_source_new(Context *context, const Config *config, const IssuerSource *before,
        IssuerSource **ret_source) {
        _cleanup_(issuer_source_freep) IssuerSource *source = calloc(1, sizeof(*source));
        int r;

        if (!source)
                return -ENOMEM;
        source->context = context;
        source->watches = calloc(config->n_issuers + 1, sizeof(*source->watches));
        if (!source->watches)
                return -ENOMEM;
        r = issuer_list_new(config->audience, config->max_size, &source->list);
        for (size_t i = 0; i < config->n_issuers && r == 0; i++)
                r = add_issuer(source->list, &config->issuers[i]);
        if (r < 0)
                return r;
        for (size_t i = 0; i < issuer_list_size(source->list); i++) {
                source->watches[i].source = source;
                source->watches[i].i = i;
                take_over(source, i, before);
                watch_directory(source, i);
                load(source, i);
        }
        *ret_source = TAKE_PTR(source);
        return 0;
}

IssuerSource *issuer_source_free(IssuerSource *source) {
        if (!source)
                return NULL;
        for (size_t i = 0; source->watches && i < issuer_list_size(source->list); i++)
                sd_event_source_disable_unref(source->watches[i].directory);
        issuer_list_free(source->list);
        free(source->watches);
        free(source);
        return NULL;
}

const IssuerList *issuer_source_list(const IssuerSource *source) {
        return source && issuer_list_size(source->list) ? source->list : NULL;
}

void issuer_source_tick(IssuerSource *source) {
        for (size_t i = 0; i < issuer_list_size(source->list); i++) {
                watch_directory(source, i);
                load_if_changed(source, i);
        }
}
