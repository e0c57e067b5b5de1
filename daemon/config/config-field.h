#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The forms that the value of an option can have: from the text of a file into the option's field. Each
 * takes its bounds from the row; its comment says which type the field must have.
 */

#include "daemon/config/config-option.h"

/* Return, all of them: 0; CONFIG_E_INVALID, and @field is unchanged; -ENOMEM. */

/**
 * config_field_path() - an absolute path; @field is an owned string
 */
int config_field_path(const ConfigOption *option, const char *text, void *field);

/**
 * config_field_name() - letters, digits, ".", "_" and "-"; @field is an owned string
 */
int config_field_name(const ConfigOption *option, const char *text, void *field);

/**
 * config_field_word() - visible ASCII without quotes; @field is an owned string
 */
int config_field_word(const ConfigOption *option, const char *text, void *field);

/**
 * config_field_address() - where Redis listens; @field is an owned string
 */
int config_field_address(const ConfigOption *option, const char *text, void *field);

/**
 * config_field_addresses() - where Redis listens, at most the row's maximum of them with spaces between; @field is an
 * owned string
 */
int config_field_addresses(const ConfigOption *option, const char *text, void *field);

/**
 * config_field_algorithm() - a name of RFC 7518; @field is an owned string
 */
int config_field_algorithm(const ConfigOption *option, const char *text, void *field);

/**
 * config_field_number() - decimal; @field is a uint64_t
 */
int config_field_number(const ConfigOption *option, const char *text, void *field);

/**
 * config_field_count() - decimal; @field is an unsigned int
 */
int config_field_count(const ConfigOption *option, const char *text, void *field);

/**
 * config_field_usec() - a time span; @field is a uint64_t
 */
int config_field_usec(const ConfigOption *option, const char *text, void *field);

/**
 * config_field_sec() - a time span of whole seconds; @field is a uint64_t
 */
int config_field_sec(const ConfigOption *option, const char *text, void *field);

/**
 * config_field_boolean() - yes or no; @field is a bool
 */
int config_field_boolean(const ConfigOption *option, const char *text, void *field);

/**
 * config_field_choice() - one of the row's words; @field is an enum
 */
int config_field_choice(const ConfigOption *option, const char *text, void *field);

/**
 * config_field_flags() - some of the row's words, with spaces between them; @field is an unsigned int, in
 * which each word is a bit
 */
int config_field_flags(const ConfigOption *option, const char *text, void *field);

/**
 * config_field_switch() - one of two words; @field is a bool, true for the second
 */
int config_field_switch(const ConfigOption *option, const char *text, void *field);

/**
 * config_field_words() - words with spaces between them, at least one; @field is an owned string
 */
int config_field_words(const ConfigOption *option, const char *text, void *field);

/**
 * config_field_algorithms() - names of RFC 7518 with spaces between them; @field is an owned string
 */
int config_field_algorithms(const ConfigOption *option, const char *text, void *field);

/**
 * config_field_user_map() - see user-map.h; @field is an owned string
 */
int config_field_user_map(const ConfigOption *option, const char *text, void *field);

/**
 * config_field_until() - "no", or "until" and a date in UTC; @field is a uint64_t, seconds since the epoch, 0 for
 * no
 */
int config_field_until(const ConfigOption *option, const char *text, void *field);
