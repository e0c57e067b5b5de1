/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "daemon/config/config-section.h"

static bool is_of_user(const PolicySection *section, const char *user) {
        return !strncmp(section->head.name, "user:", 5) && !strcmp(section->head.name + 5, user);
}

static bool is_of_group(const PolicySection *section, const char *const *groups, size_t n_groups) {
        if (strncmp(section->head.name, "group:", 6) != 0)
                return false;
        for (size_t i = 0; i < n_groups; i++)
                if (!strcmp(section->head.name + 6, groups[i]))
                        return true;
        return false;
}

static void override(PolicyRules *rules, PolicySection *section) {
        const ConfigSectionKind *kind = config_section_kind_at(0);

        for (ConfigOptionId id = OPTION_POLICY_FIRST; id <= OPTION_POLICY_LAST; id++) {
                const ConfigOption *option = config_option_at(id);

                if (config_section_is_set(kind, &section->head, option))
                        memcpy((char *)rules + (option->offset - kind->base),
                                config_section_field(kind, &section->head, option), option->size);
        }
}

void config_policy_of(const Config *config, const char *user, const char *const *groups,
        size_t n_groups, PolicyRules *ret_rules) {
        PolicyRules rules = config->policy;

        for (size_t i = 0; i < config->n_policies; i++)
                if (is_of_group(&config->policies[i], groups, n_groups))
                        override(&rules, &config->policies[i]);
        for (size_t i = 0; i < config->n_policies; i++)
                if (is_of_user(&config->policies[i], user))
                        override(&rules, &config->policies[i]);
        *ret_rules = rules;
}
