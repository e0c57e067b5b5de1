#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What a refresh token is good for: pure decisions on a user's state. No I/O, no clock.
 *
 * At most one generation of a session is live. The previous one gets the same successor once more within
 * the grace time, for a client that never saw its answer; later, and any older one at any time, it has
 * been copied, and the whole session ends.
 */

#include <stdint.h>

#include "authtoken/reason.h"

typedef struct Moment Moment;
typedef struct PolicyRules PolicyRules;
typedef struct UserState UserState;

typedef enum RotationKind {
        ROTATION_REFUSED,  /* nothing changed */
        ROTATION_NEXT,     /* the session is one generation further */
        ROTATION_REPEATED, /* nothing changed: the session's token is the answer */
        ROTATION_REUSED,   /* the session has ended */
} RotationKind;

/* A refresh token whose MAC is right. Borrowed. */
typedef struct RotationOrder {
        const char *sid;
        uint64_t generation;
        const char *refresh_kid; /* of the key that will make the successor */
        uint64_t max_token_lifetime_sec;
} RotationOrder;

typedef struct Rotation {
        RotationKind kind;
        Reason reason; /* REASON_OK for NEXT and REPEATED, REASON_SESSION_REUSED for REUSED */
} Rotation;

/**
 * rotation_decide() - what becomes of a session whose refresh token comes in
 * @rules:      in force
 * @state:      changes for NEXT and REUSED, and is to be kept then
 * @order:      which token
 * @moment:     the caller's clocks
 *
 * A token of a generation that is not reached yet is unknown: the store was set back.
 */
Rotation rotation_decide(const PolicyRules *rules, UserState *state, const RotationOrder *order,
        const Moment *moment);
