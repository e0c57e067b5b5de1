#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What a PAM service wants of the session by which somebody logs in, beyond that it lives.
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
        const IssuerList *issuers; /* whose names for us stand for our own; NULL: nobody's */
} SessionDemand;

/* What is configured for a service. Borrowed. */
typedef struct ServiceRules {
        bool takes_tokens;
        const char *audience; /* that a token must have here; NULL: as everywhere else */
        const char *role;     /* NULL: none is required */
} ServiceRules;

/**
 * session_demand_check() - whether a session satisfies a service
 * @demand:     borrowed
 * @session:    borrowed
 *
 * One that was adopted has the audience of its token, as its issuer names it: where our own audience is wanted, one
 * of that issuer's Audience= will do, as in claims_check().
 * Return: REASON_OK; REASON_AUDIENCE_MISMATCH; REASON_ROLE_MISSING.
 */
Reason session_demand_check(const SessionDemand *demand, const Session *session);

/**
 * session_demand_of() - what a service's configuration and its line in /etc/pam.d want together
 * @rules:      configured
 * @role:       of the line in /etc/pam.d; NULL: none
 * @issuers:    who else is trusted; NULL: nobody
 */
SessionDemand session_demand_of(
        const ServiceRules *rules, const char *role, const IssuerList *issuers);
