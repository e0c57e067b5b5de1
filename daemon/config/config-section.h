#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Sections that have a name, such as [Policy "user:alice"]. Each is an item of a list in the Config. It
 * may contain the rows of config-option.c with the kind's name; [Policy] may contain the rows of [Session]
 * and [Kick], which it overrides.
 */

#include <stdbool.h>
#include <stddef.h>

#include "daemon/config/config-option.h"

typedef struct ConfigSectionKind {
        const char *kind;
        const char *allowed; /* for the message when a name is refused */
        bool (*is_name)(const char *name);
        ConfigOptionId first, last; /* its options; bit i of ConfigSection.set is first + i */
        size_t size;                /* of an item */
        size_t items, n_items;      /* offsets of the list and of its size_t in Config */
        size_t fields;              /* offset in an item of the struct that the options' offsets
                                     * refer to */
        size_t base;                /* the offset of that struct in Config */
} ConfigSectionKind;

#define CONFIG_SECTION_ITEMS_MAX 1024u
#define CONFIG_SECTION_LIST_MAX  256u

/**
 * config_section_list() - what the header of a section may be, for people
 * @text:       receives "[Daemon], [Token], ..., [Policy "NAME"], ..." and NUL
 * @size:       bytes of @text, CONFIG_SECTION_LIST_MAX is enough
 */
void config_section_list(char *text, size_t size);

/**
 * config_section_kind_at() - walk over the kinds of sections
 * @i:          from 0
 *
 * Return: static row; NULL behind the last.
 */
const ConfigSectionKind *config_section_kind_at(size_t i);

/**
 * config_section_kind_find() - a kind by the word before the name
 * @kind:       case-sensitive; need not end with NUL
 * @size:       bytes of @kind
 *
 * Return: static row, or NULL.
 */
const ConfigSectionKind *config_section_kind_find(const char *kind, size_t size);

/**
 * config_section_find() - the section with a name
 * @kind:       of the section
 * @config:     borrowed
 * @name:       case-sensitive
 *
 * Return: borrowed from @config, or NULL.
 */
ConfigSection *config_section_find(
        const ConfigSectionKind *kind, const Config *config, const char *name);

/**
 * config_section_add() - an empty section, its options at their defaults
 * @kind:       of the section
 * @config:     grows; other sections of the kind move in memory
 * @name:       copied
 * @ret_section: borrowed from @config
 *
 * Return: 0; -ENOMEM; -E2BIG above CONFIG_SECTION_ITEMS_MAX.
 */
int config_section_add(const ConfigSectionKind *kind, Config *config, const char *name,
        ConfigSection **ret_section);

/**
 * config_section_option() - an option of a section
 * @kind:       of the section
 * @key:        case-sensitive
 *
 * Return: static row, or NULL.
 */
const ConfigOption *config_section_option(const ConfigSectionKind *kind, const char *key);

/**
 * config_section_field() - the place of an option of a section
 * @kind:       of the section
 * @section:    borrowed
 * @option:     from config_section_option()
 */
void *config_section_field(
        const ConfigSectionKind *kind, ConfigSection *section, const ConfigOption *option);

/**
 * config_section_is_set() - whether an option is set in the section
 * @kind:       of the section
 * @section:    borrowed
 * @option:     from config_section_option()
 */
bool config_section_is_set(
        const ConfigSectionKind *kind, const ConfigSection *section, const ConfigOption *option);

/**
 * config_section_missing() - a required option that a section lacks
 * @kind:       of the section
 * @config:     borrowed
 * @name:       of a section that is there
 *
 * Return: static row; NULL when it is complete.
 */
const ConfigOption *config_section_missing(
        const ConfigSectionKind *kind, const Config *config, const char *name);

/**
 * config_section_clear_all() - free all sections of a configuration
 * @config:     its lists are empty afterwards
 */
void config_section_clear_all(Config *config);
