/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "daemon/config/config.h"
#include "daemon/login/login-registry.h"
#include "daemon/operation/admission.h"
#include "daemon/operation/clock-keeper.h"
#include "daemon/operation/context.h"
#include "daemon/operation/user-rules.h"
#include "daemon/session/session-logins.h"
#include "daemon/session/state-end.h"
#include "daemon/session/user-state.h"

/* The user whose sessions are checked. */
typedef struct Scene {
        const Context *context;
        const char *user;
        uint64_t now_sec;
} Scene;

typedef struct Search {
        const Session *session;
        bool found;
} Search;

static bool is_of_session(Login *login, void *userdata) {
        Search *search = userdata;

        search->found = !strcmp(login->sid, search->session->sid);
        return !search->found;
}

/* Skip this host's lines, which may be from before it went down: the registry knows better. */
static bool has_elsewhere(const Context *context, const Session *session) {
        const char *at = session->logins;
        SessionLogin login;

        while (session_logins_next(&at, &login))
                if (!session_host_owns(&context->here, &login.host))
                        return true;
        return false;
}

/* Logins on other hosts are listed in the session, a moment after they were opened. */
static bool may_be_open(const Session *session, void *userdata) {
        Search search = { .session = session };
        const Scene *scene = userdata;
        const Config *config = scene->context->config;

        if (has_elsewhere(scene->context, session) ||
                session->last_seen_sec + SESSION_END_MARGIN_SEC > scene->now_sec)
                return true;
        login_registry_each(
                scene->context->logins, config->tenant, scene->user, is_of_session, &search);
        return search.found;
}

Reason admission_decide(Context *context, UserState *state, const Session *session,
        uint64_t now_sec, PolicyEnded *ended) {
        _cleanup_(session_unrefp) Session *copy = NULL;
        Scene scene = { context, state->user, now_sec };
        Moment moment = clock_keeper_now(context->clock);
        PolicyRules rules;
        Reason reason;

        user_state_prune(state, &moment);
        if (session_copy(session, &copy) < 0)
                return REASON_INTERNAL;
        policy_ended_clear(ended);
        if (!user_rules_last(context, state->user, &rules)) {
                user_rules_warm(context, state->user);
                return REASON_GROUPS_UNKNOWN;
        }
        if (rules.absolute_lifetime_sec != context->config->policy.absolute_lifetime_sec)
                copy->absolute_sec = rules.absolute_lifetime_sec;
        reason = policy_admit(
                &rules, state, copy, &(PolicyScene){ &moment, may_be_open, &scene }, ended);
        if (reason == REASON_OK)
                TAKE_PTR(copy);
        return reason;
}
