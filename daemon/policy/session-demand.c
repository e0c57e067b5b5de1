/* SPDX-License-Identifier: MIT */

#include <stddef.h>
#include <string.h>

#include "common/word-list.h"
#include "daemon/policy/session-demand.h"
#include "daemon/session/session-json.h"
#include "daemon/session/session.h"
#include "daemon/token/issuer-list.h"

/* An issuer's name for us stands for our own audience, and for nothing else. */
static bool stands_for(const SessionDemand *demand, const Session *session) {
        const Issuer *issuer =
                session->source ? issuer_list_find(demand->issuers, session->source) : NULL;

        if (!issuer || strcmp(demand->audience, issuer->rules.own_audience) != 0)
                return false;
        for (size_t i = 0; i < issuer->rules.audiences->n_words; i++)
                if (session_json_has(session->audience_json, issuer->rules.audiences->words[i]))
                        return true;
        return false;
}

Reason session_demand_check(const SessionDemand *demand, const Session *session) {
        if (demand->audience && !session_json_has(session->audience_json, demand->audience) &&
                !stands_for(demand, session))
                return REASON_AUDIENCE_MISMATCH;
        for (size_t i = 0; i < SESSION_DEMAND_ROLES_MAX; i++)
                if (demand->roles[i] && !session_json_has(session->roles_json, demand->roles[i]))
                        return REASON_ROLE_MISSING;
        return REASON_OK;
}

SessionDemand session_demand_of(
        const ServiceRules *rules, const char *role, const IssuerList *issuers) {
        return (SessionDemand){
                .audience = rules->audience,
                .issuers = issuers,
                .roles = { rules->role, role },
        };
}
