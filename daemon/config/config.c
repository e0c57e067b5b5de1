/* SPDX-License-Identifier: MIT */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config/config-check.h"
#include "daemon/config/config-fault.h"
#include "daemon/config/config-file.h"
#include "daemon/config/config-option.h"
#include "daemon/config/config-section.h"

/* The build says VENDOR_DIRECTORY, which is below its prefix. */
#define CONFIG_VENDOR_FILE VENDOR_DIRECTORY "/authtokend.conf"
#define CONFIG_HOST_FILE   "/etc/authtoken/authtokend.conf"
#define CONFIG_DROP_INS    "/etc/authtoken/authtokend.conf.d"
#define DROP_INS_MAX       256u

/* Where the options of one section with a name were set last. */
typedef struct NamedOrigins {
        const ConfigSectionKind *kind;
        char *name;
        ConfigPlace header; /* in the present file, or before */
        ConfigPlace places[OPTION_COUNT];
} NamedOrigins;

/* One run over all files. */
typedef struct Loader {
        Config *config;
        ConfigFault fault;
        ConfigPlace origins[OPTION_COUNT]; /* where each option was set last */
        unsigned int
                sections[OPTION_COUNT]; /* of the present file: line of the section, at its first
                                         * option; 0: not there */
        const char
                *section; /* the section of the next values: a static name; NULL before the first */
        NamedOrigins *named; /* instead, for a section with a name; an item of @all_named */
        NamedOrigins **all_named;
        size_t n_named;
        char *files[DROP_INS_MAX + 2]; /* names that the origins point to */
        size_t n_files;
} Loader;

static void loader_clear(Loader *loader) {
        config_free(loader->config);
        for (size_t i = 0; i < loader->n_named; i++) {
                free(loader->all_named[i]->name);
                free(loader->all_named[i]);
        }
        free(loader->all_named);
        for (size_t i = 0; i < loader->n_files; i++)
                free(loader->files[i]);
}

static int set_fallbacks(Config *config) {
        for (ConfigOptionId id = 0; id < OPTION_COUNT; id++) {
                const ConfigOption *option = config_option_at(id);
                int r;

                if (!config_option_is_plain(option) || !option->fallback)
                        continue;
                r = config_option_set(option, (char *)config + option->offset, option->fallback);
                if (r)
                        return r < 0 ? r : -EINVAL;
        }
        return 0;
}

static int loader_init(Loader *loader) {
        *loader = (Loader){};
        loader->config = calloc(1, sizeof(*loader->config));
        return loader->config ? set_fallbacks(loader->config) : -ENOMEM;
}

static int add_named(Loader *loader, const ConfigSectionKind *kind, const char *name) {
        NamedOrigins **all =
                reallocarray(loader->all_named, loader->n_named + 1, sizeof(NamedOrigins *));
        NamedOrigins *named;
        ConfigSection *section;

        if (!all)
                return -ENOMEM;
        loader->all_named = all;
        named = calloc(1, sizeof(*named));
        if (!named)
                return -ENOMEM;
        all[loader->n_named++] = named;
        named->kind = kind;
        named->name = strdup(name);
        loader->named = named;
        return named->name ? config_section_add(kind, loader->config, name, &section) : -ENOMEM;
}

static NamedOrigins *find_named(
        const Loader *loader, const ConfigSectionKind *kind, const char *name) {
        for (size_t i = 0; i < loader->n_named; i++)
                if (loader->all_named[i]->kind == kind && !strcmp(loader->all_named[i]->name, name))
                        return loader->all_named[i];
        return NULL;
}

/* @header: KIND "NAME" */
static int on_named_section(Loader *loader, const char *header, const ConfigPlace *place) {
        const char *quote = strchr(header, '"'), *end = strrchr(header, '"');
        size_t kind_size = quote > header && quote[-1] == ' ' ? (size_t)(quote - header) - 1 : 0;
        const ConfigSectionKind *kind = config_section_kind_find(header, kind_size);
        _cleanup_(freep) char *name = NULL;
        int r = 0;

        if (!kind || end == quote || end[1])
                return config_fault(&loader->fault, place,
                        "unknown section; authtokend.conf(5) lists those that have a name");
        name = strndup(quote + 1, (size_t)(end - quote) - 1);
        if (!name)
                return config_fault_errno(&loader->fault, place, -ENOMEM);
        if (strchr(name, '"') || !kind->is_name(name))
                return config_fault(&loader->fault, place,
                        "bad name of a section [%s \"NAME\"]; allowed is %s", kind->kind,
                        kind->allowed);
        loader->named = find_named(loader, kind, name);
        if (!loader->named)
                r = add_named(loader, kind, name);
        else if (loader->named->header.file == place->file)
                return config_fault(&loader->fault, place,
                        "the same section stands in line %u already", loader->named->header.line);
        if (r < 0)
                return config_fault_errno(&loader->fault, place, r);
        loader->named->header = *place;
        return 0;
}

static int refuse_section(Loader *loader, const ConfigPlace *place) {
        char sections[CONFIG_SECTION_LIST_MAX];

        config_section_list(sections, sizeof(sections));
        return config_fault(&loader->fault, place, "unknown section; allowed are %s", sections);
}

static int on_section(const char *section, const ConfigPlace *place, void *userdata) {
        Loader *loader = userdata;
        const ConfigOption *first = config_option_first(section);
        unsigned int *line;

        loader->named = NULL;
        if (strchr(section, '"'))
                return on_named_section(loader, section, place);
        if (!first)
                return refuse_section(loader, place);
        line = &loader->sections[config_option_id(first)];
        if (*line)
                return config_fault(&loader->fault, place, "section [%s] stands in line %u already",
                        first->section, *line);
        *line = place->line;
        loader->section = first->section;
        return 0;
}

static int set_named(Loader *loader, const ConfigOption *option, const char *value) {
        const NamedOrigins *named = loader->named;
        ConfigSection *section = config_section_find(named->kind, loader->config, named->name);
        int r;

        r = config_option_set(option, config_section_field(named->kind, section, option), value);
        if (r == 0)
                section->set |= UINT64_C(1) << (config_option_id(option) - named->kind->first);
        return r;
}

static int on_value(const ConfigPlace *place, const char *key, const char *value, void *userdata) {
        Loader *loader = userdata;
        NamedOrigins *named = loader->named;
        const char *section = named ? named->kind->kind : loader->section;
        const ConfigOption *option;
        ConfigPlace *origin;
        int r;

        if (!section)
                return config_fault(
                        &loader->fault, place, "an option must stand below a [SECTION]");
        option = named ? config_section_option(named->kind, key) : config_option_find(section, key);
        if (!option)
                return config_fault(&loader->fault, place,
                        "unknown option in section [%s]; authtokend.conf(5) lists them", section);
        origin = &(named ? named->places : loader->origins)[config_option_id(option)];
        if (origin->file == place->file)
                return config_fault(&loader->fault, place, "%s= stands in line %u already",
                        option->key, origin->line);
        r = named ? set_named(loader, option, value)
                  : config_option_set(option, (char *)loader->config + option->offset, value);
        if (r < 0)
                return config_fault_errno(&loader->fault, place, r);
        if (r)
                return config_fault(&loader->fault, place, "bad value for %s=; allowed is %s",
                        option->key, option->allowed);
        *origin = *place;
        return 0;
}

static int add_text(Loader *loader, const ConfigText *text) {
        const ConfigFileHandler handler = {
                .on_section = on_section,
                .on_value = on_value,
                .userdata = loader,
        };
        ConfigText named = *text;

        if (loader->n_files == sizeof(loader->files) / sizeof(loader->files[0]))
                return config_fault(
                        &loader->fault, &(ConfigPlace){ text->name, 0 }, "too many files");
        named.name = loader->files[loader->n_files] = strdup(text->name);
        if (!named.name)
                return -ENOMEM;
        loader->n_files++;
        memset(loader->sections, 0, sizeof(loader->sections));
        loader->section = NULL;
        loader->named = NULL;
        return config_file_parse(&named, &handler, &loader->fault);
}

static int add_file(Loader *loader, const char *path) {
        _cleanup_(freep) char *data = NULL;
        ConfigText text = { .name = path };
        int r;

        r = config_file_read(path, &loader->fault, &data, &text.size);
        if (r)
                return r;
        text.text = data;
        return add_text(loader, &text);
}

static int is_drop_in(const struct dirent *entry) {
        size_t size = strlen(entry->d_name);

        return entry->d_name[0] != '.' && size > strlen(".conf") &&
               !strcmp(entry->d_name + size - strlen(".conf"), ".conf");
}

/* Not alphasort(): the order must not depend on a locale. */
static int compare_names(const struct dirent **a, const struct dirent **b) {
        return strcmp((*a)->d_name, (*b)->d_name);
}

static int add_drop_in(Loader *loader, const char *directory, const char *name) {
        _cleanup_(freep) char *path = NULL;
        int r;

        if (asprintf(&path, "%s/%s", directory, name) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        r = add_file(loader, path);
        /* It was listed a moment ago: a dangling link, or somebody is changing files right now. */
        return r == -ENOENT ? config_fault_errno(&loader->fault, &(ConfigPlace){ path, 0 }, r) : r;
}

static int add_drop_ins(Loader *loader, const char *directory) {
        struct dirent **entries = NULL;
        int n, r = 0;

        n = scandir(directory, &entries, is_drop_in, compare_names);
        if (n < 0 && errno == ENOENT)
                return 0;
        if (n < 0)
                return config_fault_errno(&loader->fault, &(ConfigPlace){ directory, 0 }, -errno);
        for (int i = 0; i < n; i++) {
                if (r == 0)
                        r = add_drop_in(loader, directory, entries[i]->d_name);
                free(entries[i]);
        }
        free(entries);
        return r;
}

static int add_optional_file(Loader *loader, const char *path) {
        int r = add_file(loader, path);

        return r == -ENOENT ? 0 : r;
}

static int add_places(Loader *loader, const ConfigPlaces *places) {
        int r;

        r = add_optional_file(loader, places->vendor);
        if (r == 0)
                r = add_optional_file(loader, places->host);
        if (r == 0)
                r = add_drop_ins(loader, places->drop_ins);
        return r;
}

static int derive(char **value, const char *directory, const char *name) {
        if (*value)
                return 0;
        if (asprintf(value, "%s/%s", directory, name) < 0) {
                *value = NULL;
                return -ENOMEM;
        }
        return 0;
}

/* An issuer with our own name: the key would decide whose token it is, and so whether a session
 * must exist. */
static bool is_ourselves(const Loader *loader, const NamedOrigins *named) {
        return !strcmp(named->kind->kind, "Issuer") && !strcmp(named->name, loader->config->issuer);
}

/* A section may be spread over several files, so whether it is complete is known when all have
 * been read. */
static int check_named(Loader *loader) {
        for (size_t i = 0; i < loader->n_named; i++) {
                const NamedOrigins *named = loader->all_named[i];
                const ConfigOption *missing =
                        config_section_missing(named->kind, loader->config, named->name);

                if (missing)
                        return config_fault(&loader->fault, &named->header,
                                "[%s \"%s\"] needs %s=", named->kind->kind, named->name,
                                missing->key);
                if (is_ourselves(loader, named))
                        return config_fault(&loader->fault, &named->header,
                                "Issuer= in [Token] must not have an [Issuer \"URL\"] section");
        }
        return 0;
}

static int complete(Loader *loader) {
        Config *config = loader->config;
        int r;

        r = config_check(config, loader->origins, &loader->fault);
        if (r == 0)
                r = check_named(loader);
        if (r == 0)
                r = derive(&config->key_directory, config->state_directory, "keys");
        if (r == 0)
                r = derive(&config->store_path, config->state_directory, "state.db");
        return r;
}

static int loader_finish(
        Loader *loader, int r, char *message, size_t message_size, Config **ret_config) {
        if (r == 0)
                r = complete(loader);
        if (r == 0)
                *ret_config = TAKE_PTR(loader->config);
        else
                snprintf(message, message_size, "%s",
                        *loader->fault.message ? loader->fault.message : strerror(r < 0 ? -r : 0));
        loader_clear(loader);
        return r;
}

int config_load_places(
        const ConfigPlaces *places, char *message, size_t message_size, Config **ret_config) {
        Loader loader;
        int r;

        r = loader_init(&loader);
        if (r == 0)
                r = add_places(&loader, places);
        return loader_finish(&loader, r, message, message_size, ret_config);
}

int config_load(const char *path, char *message, size_t message_size, Config **ret_config) {
        static const ConfigPlaces system_places = {
                .vendor = CONFIG_VENDOR_FILE,
                .host = CONFIG_HOST_FILE,
                .drop_ins = CONFIG_DROP_INS,
        };
        Loader loader;
        int r;

        if (!path)
                return config_load_places(&system_places, message, message_size, ret_config);
        r = loader_init(&loader);
        if (r == 0)
                r = add_file(&loader, path);
        if (r == -ENOENT)
                config_fault_errno(&loader.fault, &(ConfigPlace){ path, 0 }, r);
        return loader_finish(&loader, r, message, message_size, ret_config);
}

int config_parse(
        const char *text, size_t size, char *message, size_t message_size, Config **ret_config) {
        Loader loader;
        int r;

        r = loader_init(&loader);
        if (r == 0)
                r = add_text(&loader, &(ConfigText){ "configuration", text, size });
        return loader_finish(&loader, r, message, message_size, ret_config);
}

Config *config_free(Config *config) {
        if (!config)
                return NULL;
        config_section_clear_all(config);
        for (ConfigOptionId id = 0; id < OPTION_COUNT; id++) {
                const ConfigOption *option = config_option_at(id);

                if (option->is_text && config_option_is_plain(option))
                        free(*(char **)(void *)((char *)config + option->offset));
        }
        free(config);
        return NULL;
}
