#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A page of a tenant's users, kept for verbs that go through all of them.
 */

#include <stdbool.h>
#include <stddef.h>

typedef struct StorePage StorePage;

typedef struct UserPage {
        char **users; /* owned */
        size_t n_users, n_begun;
        char *next; /* where the next page begins; owned; NULL: this is the last one */
        bool lost;  /* see StorePage */
} UserPage;

/**
 * user_page_take() - keep a page of the store
 * @page:       empty; to be cleared, also after a failure
 * @found:      borrowed
 *
 * Return: 0; -ENOMEM.
 */
int user_page_take(UserPage *page, const StorePage *found);

/**
 * user_page_clear() - free what it owns
 * @page:       empty afterwards
 */
void user_page_clear(UserPage *page);

/**
 * user_page_pop() - the next one of its users
 * @page:       any
 *
 * Return: borrowed; NULL: that was all.
 */
const char *user_page_pop(UserPage *page);
