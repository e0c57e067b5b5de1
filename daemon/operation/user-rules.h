#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The rules that hold for a user: those of [Session] and [Kick], of [Policy "group:NAME"] for their
 * groups, and of [Policy "user:NAME"]. Groups are looked up only if there is a section for one, and are
 * known for a minute.
 */

#include <stdbool.h>

#include "authtoken/reason.h"
#include "common/cleanup.h"
#include "daemon/policy/policy-rules.h"

typedef struct Context Context;
typedef struct UserRules UserRules;
typedef struct UserRulesCall UserRulesCall;

/* @reason: REASON_OK; REASON_GROUPS_UNKNOWN: they could not be looked up, and @rules is NULL; REASON_INTERNAL.
 * @rules: borrowed, their texts until the next reload. */
typedef void (*UserRulesDone)(
        UserRulesCall *call, Reason reason, const PolicyRules *rules, void *userdata);

/**
 * user_rules_new() - nobody's groups are known
 * @context:    borrowed; outlives the rules
 * @ret_rules:  owned by the caller
 *
 * Return: 0; -ENOMEM.
 */
int user_rules_new(Context *context, UserRules **ret_rules);

/**
 * user_rules_free() - forget all
 * @rules:      no call is under way; NULL is fine
 *
 * Return: NULL.
 */
UserRules *user_rules_free(UserRules *rules);
DEFINE_CLEANUP(UserRules, user_rules_free)

/**
 * user_rules_now() - the rules, if they are known without waiting
 * @context:    the daemon
 * @user:       NUL-terminated
 * @ret_rules:  their texts are borrowed until the next reload
 *
 * Return: true; false: user_rules_find() has to.
 */
bool user_rules_now(Context *context, const char *user, PolicyRules *ret_rules);

/**
 * user_rules_find() - the rules, looked up
 * @context:    the daemon
 * @user:       copied
 * @done:       called once, never before this returns
 * @userdata:   for @done
 * @ret_call:   owned by the caller until @done has returned; freeing it silences @done
 *
 * Return: 0; negative errno.
 */
int user_rules_find(Context *context, const char *user, UserRulesDone done, void *userdata,
        UserRulesCall **ret_call);

/**
 * user_rules_call_free() - forget a look-up
 * @call:       NULL is fine
 *
 * Return: NULL.
 */
UserRulesCall *user_rules_call_free(UserRulesCall *call);
DEFINE_CLEANUP(UserRulesCall, user_rules_call_free)

/**
 * user_rules_warm() - look groups up, so that user_rules_last() knows them
 * @context:    the daemon
 * @user:       copied
 */
void user_rules_warm(Context *context, const char *user);

/**
 * user_rules_last() - the rules as far as known, for events that cannot wait, such as the end of a login
 * @context:    the daemon
 * @user:       NUL-terminated
 * @ret_rules:  with the groups that were known last, however long ago
 *
 * Return: true; false if groups matter and were never known: then @ret_rules lacks their rules.
 */
bool user_rules_last(Context *context, const char *user, PolicyRules *ret_rules);
