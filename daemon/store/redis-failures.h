#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Failed logins in Redis: one counter for each user and place, which Redis forgets by itself, one for how
 * many of them there are, and, while login codes are tried, one for how many at a place.
 */

typedef struct FailureQuestion FailureQuestion;
typedef struct StoreCall StoreCall;
typedef struct UserStore UserStore;

/* The most counters within one window; further failures are not counted. */
#define REDIS_FAILURES_MAX "50000"

/**
 * redis_failures_ask() - StoreOps.ask_failures: one GET
 * @base:       a Redis store
 * @call:       completed with an answer
 * @question:   borrowed
 *
 * Return: 0; negative errno.
 */
int redis_failures_ask(UserStore *base, StoreCall *call, const FailureQuestion *question);

/**
 * redis_failures_note() - StoreOps.note_failure: one script
 * @base:       a Redis store
 * @call:       completed with an answer
 * @question:   borrowed
 *
 * Return: 0; negative errno.
 */
int redis_failures_note(UserStore *base, StoreCall *call, const FailureQuestion *question);
