/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "common/time-span.h"
#include "common/word-list.h"
#include "daemon/config/config-field.h"
#include "daemon/config/config-value.h"
#include "daemon/store/redis-address.h"
#include "daemon/token/algorithm.h"
#include "daemon/token/issuer-list.h"
#include "daemon/token/user-map.h"

#define SEC      UINT64_C(1000000)
#define WORD_MAX 255u

static int set_text(const char *text, void *field) {
        char *copy = strdup(text);

        if (!copy)
                return -ENOMEM;
        free(*(char **)field);
        *(char **)field = copy;
        return 0;
}

int config_field_path(const ConfigOption *option, const char *text, void *field) {
        return config_value_is_path(text, option->max) ? set_text(text, field) : CONFIG_E_INVALID;
}

int config_field_name(const ConfigOption *option, const char *text, void *field) {
        return config_value_is_name(text, option->max) ? set_text(text, field) : CONFIG_E_INVALID;
}

int config_field_word(const ConfigOption *option, const char *text, void *field) {
        return config_value_is_word(text, option->max) ? set_text(text, field) : CONFIG_E_INVALID;
}

int config_field_address(const ConfigOption *option, const char *text, void *field) {
        RedisAddress address;

        (void)option;
        /* Accept any address: AllowPlaintext=, which decides about the network, may come later. */
        return redis_address_parse(text, true, &address) ? CONFIG_E_INVALID : set_text(text, field);
}

int config_field_addresses(const ConfigOption *option, const char *text, void *field) {
        RedisAddress addresses[REDIS_SENTINELS_MAX];
        size_t n;

        return redis_addresses_parse(text, true, addresses, &n) || n > option->max
                       ? CONFIG_E_INVALID
                       : set_text(text, field);
}

int config_field_algorithm(const ConfigOption *option, const char *text, void *field) {
        (void)option;
        return algorithm_find(text) ? set_text(text, field) : CONFIG_E_INVALID;
}

int config_field_number(const ConfigOption *option, const char *text, void *field) {
        uint64_t value;

        if (text_parse_u64(text, option->max, &value) || value < option->min)
                return CONFIG_E_INVALID;
        *(uint64_t *)field = value;
        return 0;
}

int config_field_count(const ConfigOption *option, const char *text, void *field) {
        uint64_t value;
        int r;

        r = config_field_number(option, text, &value);
        if (r == 0)
                *(unsigned int *)field = (unsigned int)value;
        return r;
}

int config_field_usec(const ConfigOption *option, const char *text, void *field) {
        uint64_t usec;

        if (time_span_parse(text, &usec) || usec < option->min || usec > option->max)
                return CONFIG_E_INVALID;
        *(uint64_t *)field = usec;
        return 0;
}

int config_field_sec(const ConfigOption *option, const char *text, void *field) {
        uint64_t usec;

        if (config_field_usec(option, text, &usec) || usec % SEC)
                return CONFIG_E_INVALID;
        *(uint64_t *)field = usec / SEC;
        return 0;
}

int config_field_boolean(const ConfigOption *option, const char *text, void *field) {
        (void)option;
        return config_value_boolean(text, field) ? CONFIG_E_INVALID : 0;
}

int config_field_choice(const ConfigOption *option, const char *text, void *field) {
        size_t index;

        if (config_value_choice(text, option->choices, &index))
                return CONFIG_E_INVALID;
        *(unsigned int *)field = (unsigned int)(option->min + index);
        return 0;
}

int config_field_flags(const ConfigOption *option, const char *text, void *field) {
        unsigned int flags = 0;
        char word[16];
        size_t index;

        while (*(text += strspn(text, " "))) {
                size_t size = strcspn(text, " ");

                if (size >= sizeof(word))
                        return CONFIG_E_INVALID;
                memcpy(word, text, size);
                word[size] = '\0';
                if (config_value_choice(word, option->choices, &index))
                        return CONFIG_E_INVALID;
                flags |= 1u << index;
                text += size;
        }
        *(unsigned int *)field = flags;
        return 0;
}

/* A choice of two words, kept as a bool. */
int config_field_switch(const ConfigOption *option, const char *text, void *field) {
        size_t index;

        if (config_value_choice(text, option->choices, &index))
                return CONFIG_E_INVALID;
        *(bool *)field = index == 1;
        return 0;
}

int config_field_words(const ConfigOption *option, const char *text, void *field) {
        WordList words;
        bool good;
        int r;

        if (strlen(text) > option->max)
                return CONFIG_E_INVALID;
        r = word_list_parse(text, &words);
        if (r < 0)
                return r;
        good = words.n_words > 0;
        for (size_t i = 0; i < words.n_words; i++)
                good = good && config_value_is_word(words.words[i], WORD_MAX);
        word_list_clear(&words);
        return good ? set_text(text, field) : CONFIG_E_INVALID;
}

int config_field_algorithms(const ConfigOption *option, const char *text, void *field) {
        uint32_t mask;
        int r;

        if (strlen(text) > option->max)
                return CONFIG_E_INVALID;
        r = issuer_algorithms(text, &mask);
        if (r)
                return r < 0 ? r : CONFIG_E_INVALID;
        return set_text(text, field);
}

int config_field_user_map(const ConfigOption *option, const char *text, void *field) {
        UserMap *map = NULL;
        int r;

        if (strlen(text) > option->max)
                return CONFIG_E_INVALID;
        r = user_map_parse(text, &map);
        if (r)
                return r < 0 ? r : CONFIG_E_INVALID;
        user_map_free(map);
        return set_text(text, field);
}

int config_field_until(const ConfigOption *option, const char *text, void *field) {
        static const char prefix[] = "until ";
        uint64_t until_sec = 0;

        (void)option;
        if (strncmp(text, prefix, strlen(prefix)) == 0) {
                if (config_value_date(text + strlen(prefix), &until_sec))
                        return CONFIG_E_INVALID;
        } else if (strcmp(text, "no") != 0) {
                return CONFIG_E_INVALID;
        }
        *(uint64_t *)field = until_sec;
        return 0;
}
