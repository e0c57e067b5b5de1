#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The text that libjwt composed for one token, kept for the next: most tokens of a host differ in user,
 * id and times only, and these are put into a copy of the common text.
 */

#include "common/cleanup.h"

typedef struct ClaimsFrame ClaimsFrame;
typedef struct IssueRequest IssueRequest;

/**
 * claims_frame_new() - a frame of nothing yet
 * @ret_frame:  owned by the caller
 *
 * Return: 0; -ENOMEM.
 */
int claims_frame_new(ClaimsFrame **ret_frame);

/**
 * claims_frame_free() - free a frame
 * @frame:      NULL is fine
 *
 * Return: NULL.
 */
ClaimsFrame *claims_frame_free(ClaimsFrame *frame);
DEFINE_CLEANUP(ClaimsFrame, claims_frame_free)

/**
 * claims_frame_compose() - write all claims of a token
 * @frame:      of an earlier token; replaced if it does not fit; NULL: nothing is kept
 * @request:    valid, its subject a login name
 * @ret_payload: exactly the text that claims_compose() writes; owned by the caller
 *
 * Return: 0; TOKEN_ISSUER_E_INVALID; -ENOMEM.
 */
int claims_frame_compose(ClaimsFrame *frame, const IssueRequest *request, char **ret_payload);
