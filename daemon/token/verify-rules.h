#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The requirements for a token: VerifyRules come from the configuration, a VerifyRequest is one
 * question.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VERIFY_MAX_SIZE_DEFAULT         8192u
#define VERIFY_MAX_LIFETIME_DEFAULT_SEC 86400u
#define VERIFY_LEEWAY_DEFAULT_SEC       30u
#define VERIFY_LEEWAY_MAX_SEC           300u

typedef struct IssuerList IssuerList;
typedef struct UserMap UserMap;
typedef struct WordList WordList;

/* How another issuer's claims become ours. Borrowed, like everything in the rules. */
typedef struct ClaimMapping {
        const char *user_claim;  /* whose text names the user */
        const UserMap *users;    /* from that text to a login name */
        const char *roles_claim; /* name, or names with '.' between them; NULL: no roles */
        bool jti_optional;
} ClaimMapping;

typedef struct VerifyRules {
        const char *issuer;        /* "iss" must equal it; NULL: any */
        const char *tenant;        /* "tnt" must equal it, see claims.h; NULL: any */
        uint64_t leeway_sec;       /* 0 … VERIFY_LEEWAY_MAX_SEC */
        uint64_t max_lifetime_sec; /* of exp - iat */
        size_t max_size;           /* of the whole token */
        bool foreign;              /* another issuer's: "typ" may be JWT or absent too, "jti" and
                                      "sub" any text */
        bool stateless; /* ours, but of a predecessor without sessions: "typ" and "jti" as
                                      with @foreign, and the session's id is made of them */
        const IssuerList
                *issuers; /* who else is trusted, each with rules of its own; NULL: nobody */
        const ClaimMapping
                *mapping; /* of such an issuer's rules; NULL: the claims are taken as ours */
        const WordList *audiences; /* likewise: one of them must be in "aud", and then stands for */
        const char *own_audience;  /* the audience of this host */
        bool ignore_time;          /* exp, nbf and iat are not compared with the clock */
        bool signature_only;       /* stop after the signature; any payload will do */
} VerifyRules;

typedef struct VerifyRequest {
        const char *token; /* borrowed; a secret */
        size_t token_size;
        uint64_t now_sec;     /* seconds since the epoch */
        const char *audience; /* must be among "aud"; NULL: not compared */
        const char *user;     /* "sub" must equal it; NULL: not compared */
} VerifyRequest;
