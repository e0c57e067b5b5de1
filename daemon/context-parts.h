#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The parts of the daemon that its verbs work with: made in the order in which they need each other, wired to each
 * other, and taken down in the opposite one.
 */

typedef struct Context Context;

/**
 * context_parts_open() - make all parts
 * @context:    has its event loop, journal and configuration; what is wrong is told in its journal. On failure as
 *              well the parts are to be stopped and freed.
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
