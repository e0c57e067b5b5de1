#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A program that logs somebody in, as the scenario says.
 */

#include "tests/pam/scenario.h"

/**
 * application_run() - do all steps of a scenario with the real libpam
 * @scenario:   what to do
 * @module:     path of pam_authtoken.so
 * @probe:      path of pam_probe.so
 *
 * Everything that happens stands in the transcript.
 */
void application_run(const Scenario *scenario, const char *module, const char *probe);
