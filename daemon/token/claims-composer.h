#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The claim set of a token, as libjwt composes it.
 */

typedef struct IssueRequest IssueRequest;

/**
 * claims_compose() - write all claims of a token
 * @request:    valid
 * @ret_payload: JSON text without white space, its members in order of their names; owned by the caller
 *
 * Return: 0; TOKEN_ISSUER_E_INVALID; -ENOMEM.
 */
int claims_compose(const IssueRequest *request, char **ret_payload);
