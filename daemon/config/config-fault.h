#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Why a configuration is refused: one line for an administrator, with the place to look at. It never
 * repeats a value: somebody may have typed a password where an address belongs.
 */

#include "daemon/config/config.h"

typedef struct ConfigPlace {
        const char *file;
        unsigned int line; /* from 1; 0 for the file as a whole */
} ConfigPlace;

typedef struct ConfigFault {
        char message[CONFIG_MESSAGE_MAX];
} ConfigFault;

/**
 * config_fault() - say what is wrong
 * @fault:      receives FILE:LINE: and the text
 * @place:      where it is
 * @format:     printf format
 *
 * Return: always CONFIG_E_INVALID.
 */
int config_fault(ConfigFault *fault, const ConfigPlace *place, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/**
 * config_fault_errno() - say that a file cannot be used at all
 * @fault:      receives FILE: and the system's error text
 * @place:      the file
 * @r:          negative errno
 *
 * Return: @r.
 */
int config_fault_errno(ConfigFault *fault, const ConfigPlace *place, int r);
