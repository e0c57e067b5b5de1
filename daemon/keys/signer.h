#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Signatures of tokens, made in threads of their own: one takes as long as everything else that an order needs, and
 * with RSA a hundred times as long.
 */

#include <systemd/sd-event.h>

#include "common/cleanup.h"
#include "common/secret.h"
#include "daemon/token/token-issuer.h"

typedef struct Signer Signer;
typedef struct SignJob SignJob;

/* @r: 0, -ENOMEM or -EIO. @token: handed over; NULL unless @r is 0. The job is gone when it returns. */
typedef void (*SignDone)(int r, Secret *token, void *userdata);

/**
 * signer_new() - start the first thread
 * @event:      loop
 * @ret_signer: owned by the caller
 *
 * Return: 0; negative errno.
 */
int signer_new(sd_event *event, Signer **ret_signer);

/**
 * signer_free() - wait for the signatures under way, and drop them
 * @signer:     NULL is fine; its jobs must have been freed
 *
 * Return: NULL.
 */
Signer *signer_free(Signer *signer);
DEFINE_CLEANUP(Signer, signer_free)

/**
 * signer_frame() - the common parts of the tokens to be signed
 * @signer:     owns it
 */
ClaimsFrame *signer_frame(Signer *signer);

/**
 * signer_start() - have a token signed
 * @signer:     any
 * @draft:      taken over; zeroed, also on failure
 * @done:       called once, never before this returns, unless the job is freed before
 * @userdata:   for @done
 * @ret_job:    the caller's until @done is called
 *
 * Return: 0; negative errno.
 */
int signer_start(
        Signer *signer, TokenDraft *draft, SignDone done, void *userdata, SignJob **ret_job);

/**
 * sign_job_free() - forget about a signature
 * @job:        NULL is fine
 *
 * Return: NULL.
 */
SignJob *sign_job_free(SignJob *job);
DEFINE_CLEANUP(SignJob, sign_job_free)
