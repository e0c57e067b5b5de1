/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/dictionary.h"
#include "common/secret.h"

#define NUMBER_SIZE 24u

struct DictionaryEntry {
        char *key;
        char *text;       /* wiped when freed: it may be a token */
        Dictionary *list; /* or a list of dictionaries */
        DictionaryEntry *next;
};

struct Dictionary {
        DictionaryEntry *entries;
        Dictionary *next;
};

static DictionaryEntry *entry_free(DictionaryEntry *entry) {
        if (!entry)
                return NULL;
        free(entry->key);
        secret_free_text(entry->text);
        dictionary_free(entry->list);
        free(entry);
        return NULL;
}

int dictionary_new(Dictionary **ret_dictionary) {
        *ret_dictionary = calloc(1, sizeof(**ret_dictionary));
        return *ret_dictionary ? 0 : -ENOMEM;
}

Dictionary *dictionary_free(Dictionary *dictionary) {
        while (dictionary) {
                Dictionary *next = dictionary->next;

                while (dictionary->entries) {
                        DictionaryEntry *entry = dictionary->entries;

                        dictionary->entries = entry->next;
                        entry_free(entry);
                }
                free(dictionary);
                dictionary = next;
        }
        return NULL;
}

static int read_number(sd_bus_message *message, char type, char **ret_text) {
        char text[NUMBER_SIZE];
        uint64_t wide = 0;
        uint32_t narrow = 0;
        int truth = 0, r;

        if (type == 't')
                r = sd_bus_message_read(message, "t", &wide);
        else if (type == 'u')
                r = sd_bus_message_read(message, "u", &narrow);
        else
                r = sd_bus_message_read(message, "b", &truth);
        if (r < 0)
                return r;
        snprintf(text, sizeof(text), "%" PRIu64, wide + narrow + (truth ? 1 : 0));
        *ret_text = strdup(text);
        return *ret_text ? 0 : -ENOMEM;
}

static int append_line(char **text, const char *item) {
        char *grown;

        if (asprintf(&grown, "%s%s%s", *text, **text ? "\n" : "", item) < 0)
                return -ENOMEM;
        free(*text);
        *text = grown;
        return 0;
}

static int read_lines(sd_bus_message *message, char **text) {
        const char *item;
        int r;

        *text = strdup("");
        r = *text ? sd_bus_message_enter_container(message, 'a', "s") : -ENOMEM;
        while (r >= 0 && (r = sd_bus_message_read(message, "s", &item)) > 0)
                r = append_line(text, item);
        return r < 0 ? r : sd_bus_message_exit_container(message);
}

static int read_text(sd_bus_message *message, char **ret_text) {
        const char *text;
        int r;

        r = sd_bus_message_read(message, "s", &text);
        if (r < 0)
                return r;
        *ret_text = strdup(text);
        return *ret_text ? 0 : -ENOMEM;
}

/* Inside the variant. */
static int read_value(sd_bus_message *message, const char *type, DictionaryEntry *entry) {
        if (!strcmp(type, "s"))
                return read_text(message, &entry->text);
        if (!strcmp(type, "t") || !strcmp(type, "u") || !strcmp(type, "b"))
                return read_number(message, *type, &entry->text);
        if (!strcmp(type, "as"))
                return read_lines(message, &entry->text);
        if (!strcmp(type, "aa{sv}"))
                return dictionary_read_all(message, &entry->list);
        return sd_bus_message_skip(message, type);
}

static int read_entry(sd_bus_message *message, DictionaryEntry *entry) {
        const char *type = NULL;
        int r;

        r = read_text(message, &entry->key);
        if (r >= 0)
                r = sd_bus_message_peek_type(message, NULL, &type);
        if (r >= 0)
                r = sd_bus_message_enter_container(message, 'v', type);
        if (r >= 0)
                r = read_value(message, type, entry);
        return r < 0 ? r : sd_bus_message_exit_container(message);
}

/* A partly read entry belongs to the dictionary already, and is freed with it. */
static DictionaryEntry *add_entry(Dictionary *dictionary) {
        DictionaryEntry *entry = calloc(1, sizeof(*entry));

        if (entry) {
                entry->next = dictionary->entries;
                dictionary->entries = entry;
        }
        return entry;
}

static int read_entries(sd_bus_message *message, Dictionary *dictionary) {
        int r;

        r = sd_bus_message_enter_container(message, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(message, 'e', "sv")) > 0) {
                DictionaryEntry *entry = add_entry(dictionary);

                r = entry ? read_entry(message, entry) : -ENOMEM;
                if (r >= 0)
                        r = sd_bus_message_exit_container(message);
        }
        return r < 0 ? r : sd_bus_message_exit_container(message);
}

int dictionary_read(sd_bus_message *message, Dictionary **ret_dictionary) {
        Dictionary *dictionary = NULL;
        int r;

        r = dictionary_new(&dictionary);
        if (r >= 0)
                r = read_entries(message, dictionary);
        if (r >= 0)
                *ret_dictionary = dictionary;
        else
                dictionary_free(dictionary);
        return r < 0 ? r : 0;
}

int dictionary_read_all(sd_bus_message *message, Dictionary **ret_first) {
        Dictionary *first = NULL, **end = &first;
        int r;

        r = sd_bus_message_enter_container(message, 'a', "a{sv}");
        while (r >= 0 && (r = sd_bus_message_at_end(message, 0)) == 0) {
                r = dictionary_read(message, end);
                if (r >= 0)
                        end = &(*end)->next;
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(message);
        if (r >= 0)
                *ret_first = first;
        else
                dictionary_free(first);
        return r < 0 ? r : 0;
}

const Dictionary *dictionary_next(const Dictionary *dictionary) {
        return dictionary->next;
}

int dictionary_set(Dictionary *dictionary, const char *key, const char *text) {
        DictionaryEntry *entry = add_entry(dictionary);

        if (!entry)
                return -ENOMEM;
        entry->key = strdup(key);
        entry->text = strdup(text);
        return entry->key && entry->text ? 0 : -ENOMEM;
}

static const DictionaryEntry *find(const Dictionary *dictionary, const char *key) {
        if (!key)
                return NULL;
        for (const DictionaryEntry *entry = dictionary->entries; entry; entry = entry->next)
                if (entry->key && !strcmp(entry->key, key))
                        return entry;
        return NULL;
}

const char *dictionary_text(const Dictionary *dictionary, const char *key) {
        const DictionaryEntry *entry = find(dictionary, key);

        return entry ? entry->text : NULL;
}

const Dictionary *dictionary_list(const Dictionary *dictionary, const char *key) {
        const DictionaryEntry *entry = find(dictionary, key);

        return entry ? entry->list : NULL;
}
