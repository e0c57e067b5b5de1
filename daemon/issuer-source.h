#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The other issuers that the configuration names, with the keys in their files. A file that changes is read
 * again; one that cannot be used leaves the keys as they were.
 */

#include "common/cleanup.h"

typedef struct Config Config;
typedef struct Context Context;
typedef struct IssuerList IssuerList;
typedef struct IssuerSource IssuerSource;

/**
 * issuer_source_new() - read what the configuration names
 * @context:    with journal and event loop; outlives it
 * @config:     borrowed for the call
 * @before:     the previous source: its keys stay if a file cannot be used; NULL is fine
 * @ret_source: owned by the caller
 *
 * A file without a usable key is reported in the journal, and is no failure. Return: 0; negative
 * errno.
 */
int issuer_source_new(Context *context, const Config *config, const IssuerSource *before,
        IssuerSource **ret_source);

/**
 * issuer_source_free() - free all of it
 * @source:     NULL is fine
 *
 * Return: NULL.
 */
IssuerSource *issuer_source_free(IssuerSource *source);
DEFINE_CLEANUP(IssuerSource, issuer_source_free)

/**
 * issuer_source_list() - the issuers
 * @source:     any
 *
 * Return: borrowed; NULL when there are none.
 */
const IssuerList *issuer_source_list(const IssuerSource *source);

/**
 * issuer_source_tick() - read the files that changed unnoticed, now and then
 * @source:     any
 */
void issuer_source_tick(IssuerSource *source);
