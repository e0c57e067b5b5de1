#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The parts of the daemon that its verbs work with: made in the order of their dependencies, connected, and freed
 * in the opposite order.
 */

typedef struct Context Context;

/**
 * context_parts_open() - make all parts
 * @context:    has its event loop, journal and configuration; errors go to its journal. The parts must be
 *              stopped and freed, after a failure too.
 *
 * Return: 0; negative errno.
 */
int context_parts_open(Context *context);

/**
 * context_parts_stop() - end what is under way
 * @context:    nothing new comes in any more
 */
void context_parts_stop(Context *context);

/**
 * context_parts_free() - free the parts
 * @context:    stopped
 */
void context_parts_free(Context *context);
