/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "daemon/config/config-section.h"

/* If polkit took tokens, the holder of a stolen short-lived token could use it to get rights. */
static const char *const without_tokens[] = { "polkit-1" };

static bool takes_tokens_by_itself(const char *service) {
        for (size_t i = 0; i < ARRAY_SIZE(without_tokens); i++)
                if (!strcmp(without_tokens[i], service))
                        return false;
        return true;
}

void config_service_of(const Config *config, const char *service, ServiceRules *ret_rules) {
        const ConfigSectionKind *kind = config_section_kind_find("Service", strlen("Service"));
        const ConfigOption *tokens = config_option_at(OPTION_SERVICE_TOKENS);
        ServiceRules rules = { .takes_tokens = takes_tokens_by_itself(service) };
        const ServiceSection *section =
                (const ServiceSection *)config_section_find(kind, config, service);

        if (section) {
                if (config_section_is_set(kind, &section->head, tokens))
                        rules.takes_tokens = section->tokens;
                rules.audience = section->audience;
                rules.role = section->role;
        }
        *ret_rules = rules;
}
