/* SPDX-License-Identifier: MIT */

#include <stddef.h>

#include "daemon/policy/session-demand.h"
#include "daemon/session/session-json.h"
#include "daemon/session/session.h"

Reason session_demand_check(const SessionDemand *demand, const Session *session) {
        if (demand->audience && !session_json_has(session->audience_json, demand->audience))
                return REASON_AUDIENCE_MISMATCH;
        for (size_t i = 0; i < SESSION_DEMAND_ROLES_MAX; i++)
                if (demand->roles[i] && !session_json_has(session->roles_json, demand->roles[i]))
                        return REASON_ROLE_MISSING;
        return REASON_OK;
}

SessionDemand session_demand_of(const ServiceRules *rules, const char *role) {
        return (SessionDemand){ .audience = rules->audience, .roles = { rules->role, role } };
}
