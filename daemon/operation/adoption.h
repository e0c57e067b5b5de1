#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The store's adoption epoch as this host sees it: every adoption goes through here, one change of the epoch
 * at a time, and is counted in the store before a session is made.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "authtoken/reason.h"
#include "common/cleanup.h"
#include "daemon/policy/adoption.h"
#include "daemon/store/store-commit.h"

typedef struct Adoption Adoption;
typedef struct AdoptionRequest AdoptionRequest;
typedef struct Context Context;

typedef enum AdoptionWish {
        ADOPTION_WISH_ADOPT,   /* count an adoption */
        ADOPTION_WISH_CONFIRM, /* make a new epoch, on an administrator's order */
        ADOPTION_WISH_RENEW,   /* likewise, if anybody adopts: older tokens are not adopted any
                                * more */
        ADOPTION_WISH_LOOK,    /* hold the store against what is remembered */
} AdoptionWish;

/* The state as this host last saw it. */
typedef enum AdoptionState {
        ADOPTION_STATE_OFF,       /* the configuration names no issuer whose tokens are adopted */
        ADOPTION_STATE_UNKNOWN,   /* the store has not answered yet */
        ADOPTION_STATE_CONFIRMED, /* tokens are adopted */
        ADOPTION_STATE_NEW,       /* none is, as in all that follow: the store has no epoch yet */
        ADOPTION_STATE_EMPTIED,   /* it has none any more */
        ADOPTION_STATE_SET_BACK,  /* it had an older one, or has let go of records */
        ADOPTION_STATE_FORGETFUL, /* it may let go of records at any time */
        ADOPTION_STATE_COUNT,
} AdoptionState;

typedef struct AdoptionStatus {
        AdoptionState state;
        uint64_t since_sec; /* CONFIRMED: another issuer's token must be issued after it */
        uint64_t count;     /* CONFIRMED: adoptions in this epoch */
} AdoptionStatus;

/* The asking verb embeds it. */
struct AdoptionRequest {
        AdoptionWish wish;
        bool stateless;         /* ADOPT: a predecessor's token */
        uint64_t issued_at_sec; /* ADOPT */
        uint64_t since_sec;     /* CONFIRM: tokens issued after it are taken; 0: after now */
        char epoch[ADOPTION_HEAD_SIZE + 1]; /* for adoption_guard() */
        void (*done)(
                AdoptionRequest *request, Reason reason); /* never before adoption_ask() returns */
        TAILQ_ENTRY(AdoptionRequest) link; /* linked in Adoption.waiting or .serving */
        bool queued;
};

/**
 * adoption_new() - read what this host remembers
 * @context:    with configuration, store and journal; outlives it
 * @ret_adoption: owned by the caller
 *
 * Return: 0; negative errno.
 */
int adoption_new(Context *context, Adoption **ret_adoption);

/**
 * adoption_free() - drop all requests, and store the memory
 * @adoption:   NULL is fine
 *
 * Return: NULL.
 */
Adoption *adoption_free(Adoption *adoption);
DEFINE_CLEANUP(Adoption, adoption_free)

/**
 * adoption_ask() - ask for something
 * @adoption:   any
 * @request:    its wish and done are set; stays where it is until done or adoption_cancel()
 *
 * ADOPT ends in REASON_OK, REASON_ADOPTION_UNCONFIRMED, REASON_ADOPTION_BEFORE or a reason of the store. Return:
 * 0; negative errno: done will not be called.
 */
int adoption_ask(Adoption *adoption, AdoptionRequest *request);

/**
 * adoption_guard() - the condition for committing the session that was counted
 * @request:    ADOPT, and its done got REASON_OK; keeps the guard's texts
 *
 * Otherwise an order that makes a new epoch and then ends all sessions could miss one that is being made under
 * the old epoch.
 */
StoreGuard adoption_guard(const AdoptionRequest *request);

/**
 * adoption_cancel() - do not call done any more
 * @adoption:   any
 * @request:    queued or not
 */
void adoption_cancel(Adoption *adoption, AdoptionRequest *request);

/**
 * adoption_look() - compare the store with the memory, now and then
 * @adoption:   any
 *
 * With a store that only this host writes to, the first look makes its epoch.
 */
void adoption_look(Adoption *adoption);

/**
 * adoption_status() - what this host saw last
 * @adoption:   any
 * @ret_status: filled
 *
 * Does not ask the store; adoption_look() keeps it at most a minute old.
 */
void adoption_status(const Adoption *adoption, AdoptionStatus *ret_status);

/**
 * adoption_state_name() - its stable name
 * @state:      any but ADOPTION_STATE_COUNT
 */
const char *adoption_state_name(AdoptionState state);

/**
 * adoption_state_fault() - the warning for an administrator
 * @state:      any but ADOPTION_STATE_COUNT
 *
 * Return: a text that begins with what has happened, and says what to do; NULL: all is well.
 */
const char *adoption_state_fault(AdoptionState state);

/**
 * adoption_is_wanted() - whether the configuration names an issuer whose tokens are adopted
 * @context:    borrowed
 */
bool adoption_is_wanted(const Context *context);
