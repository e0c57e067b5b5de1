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

typedef struct Adoption Adoption;
typedef struct AdoptionRequest AdoptionRequest;
typedef struct Context Context;

typedef enum AdoptionWish {
        ADOPTION_WISH_ADOPT,   /* count an adoption */
        ADOPTION_WISH_CONFIRM, /* make a new epoch: an administrator says so */
        ADOPTION_WISH_LOOK,    /* hold the store against what is remembered */
} AdoptionWish;

/* Whoever asks embeds it. */
struct AdoptionRequest {
        AdoptionWish wish;
        bool stateless;         /* ADOPT: a predecessor's token */
        uint64_t issued_at_sec; /* ADOPT */
        uint64_t since_sec;     /* CONFIRM: tokens issued after it are taken; 0: after now */
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
 * adoption_free() - forget what is asked for, and write down what is to be remembered
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
 * adoption_cancel() - do not call done any more
 * @adoption:   any
 * @request:    queued or not
 */
void adoption_cancel(Adoption *adoption, AdoptionRequest *request);

/**
 * adoption_look() - hold the store against what is remembered, now and then
 * @adoption:   any
 *
 * With a store that only this host writes to, the first look makes its epoch.
 */
void adoption_look(Adoption *adoption);

/**
 * adoption_is_wanted() - whether the configuration names anybody whose tokens are adopted
 * @context:    borrowed
 */
bool adoption_is_wanted(const Context *context);
