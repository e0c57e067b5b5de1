#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * One INI file, read strictly. It is refused for things that other readers take as a continuation (an
 * indented line), drop (text after a section's name) or stop at (a NUL byte). A line may be as long as the
 * file.
 */

#include <stddef.h>

#include "daemon/config/config-fault.h"

#define CONFIG_FILE_MAX 262144u

typedef struct ConfigText {
        const char *name; /* for messages */
        const char *text; /* need not end with NUL */
        size_t size;
} ConfigText;

/* Return 0, or the result for config_file_parse(), with the fault written. @place is borrowed, its
 * file is ConfigText.name. A value belongs to the last announced section; before the first one there
 * is none. */
typedef struct ConfigFileHandler {
        int (*on_section)(const char *section, const ConfigPlace *place, void *userdata);
        int (*on_value)(
                const ConfigPlace *place, const char *key, const char *value, void *userdata);
        void *userdata;
} ConfigFileHandler;

/**
 * config_file_parse() - read a text, stopping at the first fault
 * @text:       borrowed
 * @handler:    called for each section and value in order
 * @fault:      written on CONFIG_E_INVALID
 *
 * Return: 0; CONFIG_E_INVALID; what @handler returned; -ENOMEM.
 */
int config_file_parse(const ConfigText *text, const ConfigFileHandler *handler, ConfigFault *fault);

/**
 * config_file_read() - get the bytes of a file
 * @path:       a regular file of at most CONFIG_FILE_MAX bytes
 * @fault:      written on failure, except on -ENOENT
 * @ret_data:   owned by the caller
 * @ret_size:   bytes
 *
 * Return: 0; CONFIG_E_INVALID; -ENOENT; other negative errno.
 */
int config_file_read(const char *path, ConfigFault *fault, char **ret_data, size_t *ret_size);
