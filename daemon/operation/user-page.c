/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/operation/user-page.h"
#include "daemon/store/store-scan.h"

int user_page_take(UserPage *page, const StorePage *found) {
        page->users = calloc(found->n_users + 1, sizeof(*page->users));
        if (!page->users)
                return -ENOMEM;
        for (; page->n_users < found->n_users; page->n_users++) {
                page->users[page->n_users] = strdup(found->users[page->n_users]);
                if (!page->users[page->n_users])
                        return -ENOMEM;
        }
        page->lost = found->lost;
        if (!found->next)
                return 0;
        page->next = strdup(found->next);
        return page->next ? 0 : -ENOMEM;
}

void user_page_clear(UserPage *page) {
        for (size_t i = 0; page->users && i < page->n_users; i++)
                free(page->users[i]);
        free(page->users);
        free(page->next);
        *page = (UserPage){ 0 };
}

const char *user_page_pop(UserPage *page) {
        return page->users && page->n_begun < page->n_users ? page->users[page->n_begun++] : NULL;
}
