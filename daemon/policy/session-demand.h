#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What a PAM service demands of the session by which somebody logs in, besides being live.
 */

#include <stdbool.h>

#include "authtoken/reason.h"

#define SESSION_DEMAND_ROLES_MAX 2u

typedef struct IssuerList IssuerList;
typedef struct Session Session;

/* Borrowed; NULL asks for nothing. */
typedef struct SessionDemand {
        const char *audience;
        const char *roles[SESSION_DEMAND_ROLES_MAX]; /* each of them */
        const IssuerList *issuers; /* issuers whose names for us stand for our own; NULL: none */
} SessionDemand;

/* The configuration of a service. Borrowed. */
typedef struct ServiceRules {
        bool takes_tokens;
        const char *audience; /* the audience that a token must have here; NULL: as everywhere
                               * else */
        const char *role;     /* NULL: none is required */
} ServiceRules;

/**
 * session_demand_check() - whether a session satisfies a service
 * @demand:     borrowed
 * @session:    borrowed
 *
 * One that was adopted has the audience of its token, as its issuer names it: if our own audience is demanded, one
 * of that issuer's Audience= is enough, as in claims_check().
 * Return: REASON_OK; REASON_AUDIENCE_MISMATCH; REASON_ROLE_MISSING.
 */
Reason session_demand_check(const SessionDemand *demand, const Session *session);

/**
 * session_demand_of() - the demand of a service's configuration and its line in /etc/pam.d together
 * @rules:      configured
 * @role:       of the line in /etc/pam.d; NULL: none
 * @issuers:    who else is trusted; NULL: nobody
 */
SessionDemand session_demand_of(
        const ServiceRules *rules, const char *role, const IssuerList *issuers);
