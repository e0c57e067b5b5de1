/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config/config.h"
#include "daemon/login/login-registry.h"
#include "daemon/operation/operation-object.h"
#include "daemon/operation/owner-cache.h"
#include "daemon/operation/session-token.h"
#include "daemon/session/session-check.h"
#include "daemon/session/user-state.h"
#include "daemon/store/store-commit.h"
#include "daemon/store/user-store.h"
#include "daemon/token/claims.h"
#include "daemon/token/keyring-refresh.h"
#include "daemon/token/refresh-token.h"
#include "daemon/token/token-verifier.h"
#include "daemon/verb/session-verbs.h"

typedef struct FindOwner {
        Operation op;
        char sid[SID_SIZE + 1];
        char *user;
        uint64_t adoptable_until_sec; /* 0: without a session it is nothing */
        RefreshToken refresh;
        bool is_bare;    /* the subject does not say whose it is, but the index does */
        bool is_refresh; /* it is a refresh token */
        StoreCall *call;
} FindOwner;

static void find_owner_free(Operation *op) {
        FindOwner *find = (FindOwner *)op;

        free(find->user);
        store_call_free(find->call);
        free(find);
}

static void finish(FindOwner *find, Reason reason) {
        if (reason != REASON_OK) {
                operation_finish_reason(&find->op, reason);
                return;
        }
        operation_finish(&find->op, &(OperationResult){ .reason = REASON_OK,
                                            .user = find->user,
                                            .sid = find->sid,
                                            .adoptable_until_sec = find->adoptable_until_sec });
}

/* The user is in the MAC, so it can be checked only now; any generation of the session will do, as an
 * expired access token does. */
static Reason check_refresh(const FindOwner *find) {
        const Context *context = find->op.context;

        if (keyring_refresh_size(context->keyring) == 0)
                return REASON_NO_REFRESH_KEY;
        return session_token_check_refresh(context, &find->refresh, find->user);
}

typedef struct Search {
        const char *sid, *user;
} Search;

static bool compare_sid(Login *login, void *userdata) {
        Search *search = userdata;

        if (strcmp(login->sid, search->sid) == 0)
                search->user = login->user;
        return !search->user;
}

/* A key of the index may be lost alone. If the session has a login here, or was used here before, its user is still
 * known, and the user's state confirms it. Return: borrowed until control returns to the loop; NULL: unknown here,
 * too. */
static const char *find_without_index(const FindOwner *find) {
        const Context *context = find->op.context;
        Search search = { find->sid, owner_cache_get(context->owners, find->sid) };

        if (!search.user)
                login_registry_each(
                        context->logins, context->config->tenant, NULL, compare_sid, &search);
        return search.user;
}

static Reason take_user(FindOwner *find, const char *user) {
        free(find->user);
        find->user = strdup(user);
        if (!find->user)
                return REASON_INTERNAL;
        return find->is_refresh ? check_refresh(find) : REASON_OK;
}

/* The index may name a wrong user: a single wrong or damaged key leads to all sessions of a user. */
static Reason take_user_known_here(FindOwner *find) {
        const char *user = find->is_bare ? find_without_index(find) : NULL;

        if (!user || (find->user && strcmp(find->user, user) == 0))
                return REASON_SESSION_UNKNOWN;
        return take_user(find, user);
}

static void on_loaded(StoreCall *call, int r, UserState *state, void *userdata);

static int load_user(FindOwner *find) {
        const Context *context = find->op.context;

        return user_store_load(context->store, (StoreName){ context->config->tenant, find->user },
                on_loaded, find, &find->call);
}

/* The index is a hint: only the user's state says whether the session is or was this user's. */
static void on_loaded(StoreCall *call, int r, UserState *state, void *userdata) {
        _cleanup_(user_state_unrefp) UserState *owned = state;
        FindOwner *find = userdata;
        Reason reason;

        find->call = store_call_free(call);
        reason = operation_reason_of_store(r);
        if (reason == REASON_OK &&
                user_state_check(owned, find->sid, operation_now_sec()) == REASON_SESSION_UNKNOWN &&
                find->adoptable_until_sec <= operation_now_sec())
                reason = REASON_SESSION_UNKNOWN;
        if (reason == REASON_SESSION_UNKNOWN && take_user_known_here(find) == REASON_OK) {
                if (load_user(find) >= 0)
                        return;
                reason = REASON_INTERNAL;
        }
        finish(find, reason);
}

/* A session never changes its user: what a state of theirs once said of it still holds, however old it is. */
static bool is_known_here(const FindOwner *find) {
        const Context *context = find->op.context;
        _cleanup_(user_state_unrefp) UserState *state = NULL;

        return user_store_guess(context->store, (StoreName){ context->config->tenant, find->user },
                       &state) == 0 &&
               user_state_check(state, find->sid, operation_now_sec()) != REASON_SESSION_UNKNOWN;
}

static void on_found(StoreCall *call, int r, const char *user, void *userdata) {
        FindOwner *find = userdata;
        Reason reason;

        reason = operation_reason_of_store(r);
        if (reason == REASON_OK)
                reason = take_user(find, user);
        if ((reason == REASON_SESSION_UNKNOWN || reason == REASON_SIGNATURE_INVALID) &&
                take_user_known_here(find) == REASON_OK)
                reason = REASON_OK;
        find->call = store_call_free(call);
        if (reason == REASON_OK && !is_known_here(find)) {
                if (load_user(find) >= 0)
                        return;
                reason = REASON_INTERNAL;
        }
        finish(find, reason);
}

/* An expired token may be revoked, so check it for a time when it was not expired. */
static Reason read_token(FindOwner *find, const char *token) {
        _cleanup_(claims_unrefp) Claims *claims = NULL;
        const Context *context = find->op.context;
        VerifyRules rules = context->rules;
        VerifyRequest question = { .token = token, .token_size = strlen(token) };
        Reason reason;

        rules.ignore_time = true;
        reason = token_verify(context->keyring, &rules, &question, &claims);
        if (reason != REASON_OK)
                return reason;
        memcpy(find->sid, claims->sid, SID_SIZE + 1);
        /* The token may have no session yet: a thief must not be the first to use it. */
        if (claims->origin != CLAIMS_OURS)
                find->adoptable_until_sec = claims->expires_at_sec + SESSION_END_MARGIN_SEC;
        find->user = strdup(claims->subject);
        return find->user ? REASON_OK : REASON_INTERNAL;
}

static Reason read_refresh(FindOwner *find, const char *token) {
        if (refresh_token_parse(token, strlen(token), &find->refresh))
                return REASON_TOKEN_MALFORMED;
        memcpy(find->sid, find->refresh.sid, SID_SIZE + 1);
        find->is_refresh = true;
        return REASON_OK;
}

static Reason read_subject(FindOwner *find, const char *subject) {
        const char *dot = strchr(subject, '.');
        uint64_t generation;

        if (!strncmp(subject, REFRESH_TOKEN_PREFIX, strlen(REFRESH_TOKEN_PREFIX)))
                return read_refresh(find, subject);
        if (dot && strchr(dot + 1, '.'))
                return read_token(find, subject);
        if (dot)
                return jti_parse(subject, strlen(subject), find->sid, &generation)
                               ? REASON_SESSION_UNKNOWN
                               : REASON_OK;
        if (!sid_is_valid(subject, strlen(subject)))
                return REASON_SESSION_UNKNOWN;
        memcpy(find->sid, subject, SID_SIZE + 1);
        return REASON_OK;
}

/* A token names its user; for a bare id only the index knows the user. */
static int ask_store(FindOwner *find) {
        const Context *context = find->op.context;

        if (find->user)
                return load_user(find);
        find->is_bare = true;
        return user_store_find_sid(context->store,
                (StoreName){ context->config->tenant, find->sid }, on_found, find, &find->call);
}

int find_owner_start(Context *context, const char *subject, OperationDone done, void *userdata,
        Operation **ret_op) {
        FindOwner *find = calloc(1, sizeof(*find));
        Reason reason;
        int r;

        if (!find)
                return -ENOMEM;
        operation_init(&find->op, context, (OperationWaiter){ done, userdata }, find_owner_free);
        reason = read_subject(find, subject);
        r = reason == REASON_OK ? ask_store(find) : operation_finish_later(&find->op, reason);
        return operation_started(&find->op, r, ret_op);
}
