#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The daemon as a whole: builds its parts from the configuration, wires them, runs the loop.
 */

#include <stddef.h>

#include "common/cleanup.h"

typedef struct Context Context;
typedef struct Manager Manager;

/**
 * manager_new() - build everything up to the running loop
 * @config_path: one configuration file; NULL for the system's
 * @ret_manager: owned by the caller
 *
 * Errors have been written to the journal or standard error. Return: 0; negative errno.
 */
int manager_new(const char *config_path, Manager **ret_manager);

/**
 * manager_run() - run until SIGTERM or SIGINT
 * @manager:    built
 *
 * Return: 0 after a clean stop; negative errno.
 */
int manager_run(Manager *manager);

/**
 * manager_free() - stop and free everything
 * @manager:    NULL is fine
 *
 * Return: NULL.
 */
Manager *manager_free(Manager *manager);
DEFINE_CLEANUP(Manager, manager_free)

/**
 * manager_reload() - read configuration and keys again
 * @manager:    running
 * @message:    receives why it was refused
 * @message_size: bytes of @message
 *
 * All or nothing: after a failure the old configuration and keys are in force.
 * Return: 0; MANAGER_E_REFUSED; negative errno.
 */
int manager_reload(Manager *manager, char *message, size_t message_size);

enum {
        MANAGER_E_REFUSED = 1,
};
