#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Whether options fit together, checked when all files have been read.
 */

#include "daemon/config/config-fault.h"
#include "daemon/config/config-option.h"

/**
 * config_check() - whether the values fit together
 * @config:     complete
 * @origins:    where each of the OPTION_COUNT options was set last; file NULL: it is the default
 * @fault:      written on CONFIG_E_INVALID, with the place of an option that is involved
 *
 * Return: 0; CONFIG_E_INVALID.
 */
int config_check(const Config *config, const ConfigPlace *origins, ConfigFault *fault);
