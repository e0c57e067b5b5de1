/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/config/config.h"
#include "daemon/journal/journal.h"
#include "daemon/key-source.h"
#include "daemon/operation/audit.h"
#include "daemon/operation/context.h"
#include "daemon/operation/key-keeper.h"
#include "daemon/operation/operation.h"
#include "daemon/store/store-type.h"
#include "daemon/token/algorithm.h"
#include "daemon/token/keyring.h"

KeyDirectoryRules key_source_rules(const Config *config, const KeyCredentials *credentials) {
        bool is_local = !store_type_is_shared(config->store_type);

        return (KeyDirectoryRules){
                .directory = config->key_directory,
                .credential = credentials->signing,
                .refresh_credential = credentials->refresh,
                .signing_kid = config->signing_kid,
                .refresh_kid = config->refresh_kid,
                .generate = is_local ? algorithm_find(config->key_algorithm) : NULL,
                .generate_refresh = is_local,
        };
}

int key_source_credentials(KeyCredentials *ret_credentials) {
        const char *directory = secure_getenv("CREDENTIALS_DIRECTORY");
        char *signing, *refresh;

        if (!directory)
                return 0;
        if (asprintf(&signing, "%s/signing-key", directory) < 0)
                return -ENOMEM;
        if (asprintf(&refresh, "%s/refresh-key", directory) < 0) {
                free(signing);
                return -ENOMEM;
        }
        *ret_credentials = (KeyCredentials){ signing, refresh };
        return 0;
}

void key_credentials_clear(KeyCredentials *credentials) {
        free(credentials->signing);
        free(credentials->refresh);
        *credentials = (KeyCredentials){ 0 };
}

static int tell_journal(Context *context, int r, const KeyFault *fault) {
        if (r)
                audit(context, &(AuditRecord){
                                       .event = AUDIT_KEYS_REFUSED,
                                       .reason = REASON_KEYS_REFUSED,
                                       .note = fault->text,
                               });
        return r;
}

/* If the directory was lost or unmounted, the tokens must not be lost with it. */
int key_source_reread(
        Context *context, KeyDirectoryRules rules, Keyring **ret_keyring, KeyFault *fault) {
        int r;

        rules.now_sec = operation_now_sec();
        rules.generate = NULL;
        rules.generate_refresh = false;
        r = key_directory_load(&rules, ret_keyring, fault);
        return tell_journal(context, r, fault);
}

int key_source_load(Context *context) {
        KeyDirectoryRules rules = context->key_rules;
        KeyFault fault = { 0 };
        Keyring *keyring;
        int r;

        rules.now_sec = operation_now_sec();
        r = key_directory_load(&rules, &keyring, &fault);
        if (tell_journal(context, r, &fault))
                return r < 0 ? r : -EINVAL;
        key_keeper_take(context->keeper, keyring);
        if (keyring_is_new(keyring))
                audit(context, &(AuditRecord){
                                       .event = AUDIT_KEY_GENERATED,
                                       .kid = key_kid(keyring_signing_key(keyring)),
                                       .uid = geteuid(),
                               });
        if (!keyring_signing_key(context->keyring))
                journal_log(context->journal, LOG_NOTICE,
                        "no signing key: this host verifies and kicks, and issues nothing");
        return 0;
}
