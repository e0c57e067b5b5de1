/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store/lock-out-list.h"

#define ROOM_MIN 16u

static int make_room(LockOutList *list) {
        size_t n_room = list->n_room ? 2 * list->n_room : ROOM_MIN;
        LockOut *items;

        if (list->n_items < list->n_room)
                return 0;
        items = reallocarray(list->items, n_room, sizeof(*items));
        if (!items)
                return -ENOMEM;
        list->items = items;
        list->n_room = n_room;
        return 0;
}

int lock_out_list_add(LockOutList *list, const char *user, const char *place, uint64_t until_sec) {
        LockOut *item;
        int r;

        r = make_room(list);
        if (r < 0)
                return r;
        item = &list->items[list->n_items];
        *item = (LockOut){ strdup(user), strdup(place), until_sec };
        if (!item->user || !item->place) {
                free(item->user);
                free(item->place);
                return -ENOMEM;
        }
        list->n_items++;
        return 0;
}

static int compare(const void *a, const void *b) {
        const LockOut *left = a, *right = b;
        int order = strcmp(left->user, right->user);

        return order ? order : strcmp(left->place, right->place);
}

void lock_out_list_sort(LockOutList *list) {
        if (list->n_items)
                qsort(list->items, list->n_items, sizeof(*list->items), compare);
}

void lock_out_list_clear(LockOutList *list) {
        for (size_t i = 0; i < list->n_items; i++) {
                free(list->items[i].user);
                free(list->items[i].place);
        }
        free(list->items);
        *list = (LockOutList){ 0 };
}
