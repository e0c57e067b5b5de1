#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What a commit writes: the fields (see state-fields.h) by which one state differs from another. A refresh writes
 * one session, however many the user has.
 */

#include <stdbool.h>
#include <stddef.h>

#include "common/cleanup.h"
#include "daemon/session/state-fields.h"

typedef struct StateChange {
        StateFields added; /* were not there; the version is among them if nothing was stored */
        StateFields
                changed;  /* were there with another value; the version, if something was stored */
        StateFields gone; /* were there; without values */
        size_t n_before;  /* all that were there, changed or not */
        bool brings;      /* among @added is a session or a login code */
} StateChange;

/**
 * state_change_make() - find the fields that turn one state into another
 * @before:     as it is stored
 * @after:      a changed copy of it, with its new version
 * @ret_change: must be empty; cleared by the caller, on failure too
 *
 * From the empty state it is all of @after. Return: 0; -ENOMEM; -EINVAL for a state that could not be read
 * again (see session_json_encode()); -EMSGSIZE @after would take more than STATE_FIELDS_SIZE_MAX.
 */
int state_change_make(const UserState *before, const UserState *after, StateChange *ret_change);

/**
 * state_change_clear() - free what a change owns
 * @change:     empty afterwards
 */
void state_change_clear(StateChange *change);
