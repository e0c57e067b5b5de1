/* SPDX-License-Identifier: MIT */
#include "daemon/token/user-map.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "common/word-list.h"

#define ROOT "root"

/* One word of the list, its ':' replaced by NUL in a pair. */
typedef struct Entry {
        const char *foreign; /* of a pair: the name; else the word itself */
        const char *user;    /* of a pair; else NULL */
} Entry;

struct UserMap {
        WordList words; /* what the entries point into */
        Entry *entries;
};

UserMap *user_map_free(UserMap *map) {
        if (!map)
                return NULL;
        word_list_clear(&map->words);
        free(map->entries);
        free(map);
        return NULL;
}

/* The last ':' separates them: a foreign name may be a URN, and no login name has a colon. */
static bool read_entry(char *word, Entry *ret_entry) {
        char *colon = strrchr(word, ':');

        if (!colon) {
                *ret_entry = (Entry){ .foreign = word };
                return strcmp(word, "*") == 0 || (word[0] == '@' && word[1] != '\0');
        }
        *colon = '\0';
        *ret_entry = (Entry){ .foreign = word, .user = colon + 1 };
        return *word && text_is_user_name(colon + 1, strlen(colon + 1));
}

static bool is_repeated(const UserMap *map, size_t i) {
        for (size_t k = 0; k < i; k++)
                if (!map->entries[k].user == !map->entries[i].user &&
                        strcmp(map->entries[k].foreign, map->entries[i].foreign) == 0)
                        return true;
        return false;
}

int user_map_parse(const char *text, UserMap **ret_map) {
        _cleanup_(user_map_freep) UserMap *map = calloc(1, sizeof(*map));
        int r;

        if (!map)
                return -ENOMEM;
        r = word_list_parse(text, &map->words);
        if (r < 0)
                return r;
        if (map->words.n_words == 0) {
                word_list_clear(&map->words);
                r = word_list_parse("*", &map->words);
                if (r < 0)
                        return r;
        }
        if (map->words.n_words > USER_MAP_ENTRIES_MAX)
                return USER_MAP_E_INVALID;
        map->entries = calloc(map->words.n_words, sizeof(*map->entries));
        if (!map->entries)
                return -ENOMEM;
        for (size_t i = 0; i < map->words.n_words; i++)
                if (!read_entry(map->words.words[i], &map->entries[i]) || is_repeated(map, i))
                        return USER_MAP_E_INVALID;
        *ret_map = TAKE_PTR(map);
        return 0;
}

static const Entry *find_pair(const UserMap *map, const char *name) {
        for (size_t i = 0; i < map->words.n_words; i++)
                if (map->entries[i].user && strcmp(map->entries[i].foreign, name) == 0)
                        return &map->entries[i];
        return NULL;
}

/* The size of the resulting name, 0 if no entry fits. Only the ending is removed: any other '@' stays
 * in the name. */
static size_t find_ending(const UserMap *map, const char *name) {
        size_t size = strlen(name);

        for (size_t i = 0; i < map->words.n_words; i++) {
                const Entry *entry = &map->entries[i];
                size_t ending = strlen(entry->foreign);

                if (entry->user)
                        continue;
                if (*entry->foreign == '*')
                        return size;
                if (size > ending && strcmp(name + size - ending, entry->foreign) == 0)
                        return size - ending;
        }
        return 0;
}

Reason user_map_apply(const UserMap *map, const char *name, char user[USER_NAME_MAX + 1]) {
        const Entry *pair = find_pair(map, name);
        size_t size;

        if (pair) {
                memcpy(user, pair->user, strlen(pair->user) + 1);
                return REASON_OK;
        }
        size = find_ending(map, name);
        if (size == 0)
                return REASON_USER_UNMAPPED;
        /* With an issuer that lets people choose their names, nobody must become root by that. */
        if (!text_is_user_name(name, size) || (size == strlen(ROOT) && !memcmp(name, ROOT, size)))
                return REASON_USER_INVALID;
        memcpy(user, name, size);
        user[size] = '\0';
        return REASON_OK;
}
