/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "daemon/config/config-section.h"
#include "daemon/config/config-value.h"

#define POLICY_NAME_MAX  255u
#define SERVICE_NAME_MAX 255u
#define ISSUER_NAME_MAX  255u

/* "user:NAME" or "group:NAME". A group of a directory may have a name with blanks. */
static bool is_policy_name(const char *name) {
        static const char user[] = "user:", group[] = "group:";
        const char *rest = name + sizeof(user) - 1;

        if (!strncmp(name, user, sizeof(user) - 1))
                return text_is_user_name(rest, strlen(rest));
        return !strncmp(name, group, sizeof(group) - 1) && name[sizeof(group) - 1] &&
               strlen(name) <= POLICY_NAME_MAX;
}

/* The name of a file in /etc/pam.d; libpam does not look in directories below it. */
static bool is_service_name(const char *name) {
        return config_value_is_word(name, SERVICE_NAME_MAX) && !strchr(name, '/');
}

/* "iss" is compared byte by byte, so any word is valid; mostly it is a URL. */
static bool is_issuer_name(const char *name) {
        return config_value_is_word(name, ISSUER_NAME_MAX);
}

static const ConfigSectionKind kinds[] = {
        {
                .kind = "Policy",
                .allowed = "user:NAME or group:NAME",
                .is_name = is_policy_name,
                .first = OPTION_POLICY_FIRST,
                .last = OPTION_POLICY_LAST,
                .size = sizeof(PolicySection),
                .items = offsetof(Config, policies),
                .n_items = offsetof(Config, n_policies),
                .fields = offsetof(PolicySection, rules),
                .base = offsetof(Config, policy),
        },
        {
                .kind = "Service",
                .allowed = "the name of a service in /etc/pam.d",
                .is_name = is_service_name,
                .first = OPTION_SERVICE_TOKENS,
                .last = OPTION_SERVICE_REQUIRE_ROLE,
                .size = sizeof(ServiceSection),
                .items = offsetof(Config, services),
                .n_items = offsetof(Config, n_services),
        },
        {
                .kind = "Issuer",
                .allowed = "visible ASCII without spaces and quotes",
                .is_name = is_issuer_name,
                .first = OPTION_ISSUER_JWKS,
                .last = OPTION_ISSUER_LEEWAY,
                .size = sizeof(IssuerSection),
                .items = offsetof(Config, issuers),
                .n_items = offsetof(Config, n_issuers),
        },
};

_Static_assert(OPTION_POLICY_LAST - OPTION_POLICY_FIRST < 64, "one bit each");
_Static_assert(offsetof(PolicySection, head) == 0, "what every section begins with");
_Static_assert(offsetof(ServiceSection, head) == 0, "what every section begins with");
_Static_assert(offsetof(IssuerSection, head) == 0, "what every section begins with");

const ConfigSectionKind *config_section_kind_at(size_t i) {
        return i < ARRAY_SIZE(kinds) ? &kinds[i] : NULL;
}

const ConfigSectionKind *config_section_kind_find(const char *kind, size_t size) {
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                if (strlen(kinds[i].kind) == size && !memcmp(kinds[i].kind, kind, size))
                        return &kinds[i];
        return NULL;
}

static void add_to_list(char *text, size_t size, const char *section, const char *name) {
        size_t used = strlen(text);

        (void)snprintf(text + used, size - used, "%s[%s%s]", used ? ", " : "", section, name);
}

void config_section_list(char *text, size_t size) {
        *text = '\0';
        for (ConfigOptionId id = 0; id < OPTION_COUNT; id++) {
                const ConfigOption *option = config_option_at(id);

                if (config_option_first(option->section) == option)
                        add_to_list(text, size, option->section, "");
        }
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                add_to_list(text, size, kinds[i].kind, " \"NAME\"");
}

static char **items_of(const ConfigSectionKind *kind, const Config *config) {
        return (char **)(void *)((char *)config + kind->items);
}

static size_t *n_items_of(const ConfigSectionKind *kind, const Config *config) {
        return (size_t *)(void *)((char *)config + kind->n_items);
}

static ConfigSection *item_at(const ConfigSectionKind *kind, const Config *config, size_t i) {
        return (ConfigSection *)(void *)(*items_of(kind, config) + i * kind->size);
}

ConfigSection *config_section_find(
        const ConfigSectionKind *kind, const Config *config, const char *name) {
        for (size_t i = 0; i < *n_items_of(kind, config); i++)
                if (!strcmp(item_at(kind, config, i)->name, name))
                        return item_at(kind, config, i);
        return NULL;
}

void *config_section_field(
        const ConfigSectionKind *kind, ConfigSection *section, const ConfigOption *option) {
        return (char *)section + kind->fields + (option->offset - kind->base);
}

static void clear_section(const ConfigSectionKind *kind, ConfigSection *section) {
        for (ConfigOptionId id = kind->first; id <= kind->last; id++) {
                const ConfigOption *option = config_option_at(id);

                if (option->is_text)
                        free(*(char **)config_section_field(kind, section, option));
        }
        free(section->name);
}

/* Set the defaults of the kind's own rows; rows that it overrides have theirs in their own
 * section. */
static int set_fallbacks(const ConfigSectionKind *kind, ConfigSection *section) {
        for (ConfigOptionId id = kind->first; id <= kind->last; id++) {
                const ConfigOption *option = config_option_at(id);
                int r;

                if (!option->fallback || strcmp(option->section, kind->kind))
                        continue;
                r = config_option_set(
                        option, config_section_field(kind, section, option), option->fallback);
                if (r)
                        return r < 0 ? r : -EINVAL;
        }
        return 0;
}

int config_section_add(const ConfigSectionKind *kind, Config *config, const char *name,
        ConfigSection **ret_section) {
        size_t *n_items = n_items_of(kind, config);
        ConfigSection *section;
        char *items;
        int r;

        if (*n_items >= CONFIG_SECTION_ITEMS_MAX)
                return -E2BIG;
        items = reallocarray(*items_of(kind, config), *n_items + 1, kind->size);
        if (!items)
                return -ENOMEM;
        *items_of(kind, config) = items;
        section = item_at(kind, config, *n_items);
        memset(section, 0, kind->size);
        section->name = strdup(name);
        r = section->name ? set_fallbacks(kind, section) : -ENOMEM;
        if (r < 0) {
                clear_section(kind, section);
                return r;
        }
        (*n_items)++;
        *ret_section = section;
        return 0;
}

const ConfigOption *config_section_option(const ConfigSectionKind *kind, const char *key) {
        for (ConfigOptionId id = kind->first; id <= kind->last; id++)
                if (!strcmp(config_option_at(id)->key, key))
                        return config_option_at(id);
        return NULL;
}

bool config_section_is_set(
        const ConfigSectionKind *kind, const ConfigSection *section, const ConfigOption *option) {
        return section->set >> (config_option_id(option) - kind->first) & 1;
}

const ConfigOption *config_section_missing(
        const ConfigSectionKind *kind, const Config *config, const char *name) {
        ConfigSection *section = config_section_find(kind, config, name);

        for (ConfigOptionId id = kind->first; id <= kind->last; id++) {
                const ConfigOption *option = config_option_at(id);

                if (option->required && !*(char **)config_section_field(kind, section, option))
                        return option;
        }
        return NULL;
}

void config_section_clear_all(Config *config) {
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
                size_t *n_items = n_items_of(&kinds[i], config);

                for (size_t k = 0; k < *n_items; k++)
                        clear_section(&kinds[i], item_at(&kinds[i], config, k));
                free(*items_of(&kinds[i], config));
                *items_of(&kinds[i], config) = NULL;
                *n_items = 0;
        }
}
