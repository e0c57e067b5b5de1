#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Who is locked out, where, and until when: the list for an administrator.
 */

#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"

typedef struct LockOut {
        char *user, *place; /* owned by the list */
        uint64_t until_sec; /* first second of freedom; UINT64_MAX: nobody knows */
} LockOut;

typedef struct LockOutList {
        LockOut *items;
        size_t n_items, n_room;
} LockOutList;

/**
 * lock_out_list_add() - one more
 * @list:       grows
 * @user:       copied
 * @place:      copied
 * @until_sec:  first second of freedom
 *
 * Return: 0; -ENOMEM.
 */
int lock_out_list_add(LockOutList *list, const char *user, const char *place, uint64_t until_sec);

/**
 * lock_out_list_sort() - by user, then by place
 * @list:       any
 */
void lock_out_list_sort(LockOutList *list);

/**
 * lock_out_list_clear() - free what it owns
 * @list:       empty afterwards
 */
void lock_out_list_clear(LockOutList *list);
