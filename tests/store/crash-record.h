#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What store-writer commits again and again and test-store-crash looks for afterwards: in step N a user
 * has one live session, whose every part says N, and the session of step N - 1 has ended.
 */

#include <stdbool.h>
#include <stdint.h>

#include "daemon/session/user-state.h"

#define CRASH_USERS 8u

/* One acknowledged commit, as store-writer tells it on its standard output. */
typedef struct CrashRecord {
        uint32_t user, step;
} CrashRecord;

/**
 * crash_user_name() - the name of a user
 * @user:       0 … CRASH_USERS - 1
 * @name:       receives it
 */
void crash_user_name(uint32_t user, char name[16]);

/**
 * crash_session_sid() - the sid of a step
 * @user:       of whom
 * @step:       from 1
 * @sid:        receives it
 */
void crash_session_sid(uint32_t user, uint32_t step, char sid[SID_SIZE + 1]);

/**
 * crash_state_advance() - change a state into that of its next step
 * @state:      consistent
 * @user:       of whom
 */
void crash_state_advance(UserState *state, uint32_t user);

/**
 * crash_state_step() - which step a state is in
 * @state:      borrowed
 * @user:       of whom
 * @ret_step:   0 for the empty state
 *
 * Return: false if the state is none that crash_state_advance() makes.
 */
bool crash_state_step(const UserState *state, uint32_t user, uint32_t *ret_step);
