#pragma once
/* SPDX-License-Identifier: MIT */

#include "daemon/policy/adoption.h"
#include "daemon/store/kept-text.h"

typedef struct Journal Journal;

/**
 * adoption_memory_recall() - read what this host remembers of the store's epoch
 * @journal:    gets a line about each unusable file
 * @paths:      in the runtime directory, which knows of this boot only and is no part of a backup; in the state
 *              directory
 * @ret_memory: filled; not known if both files are missing
 */
void adoption_memory_recall(
        Journal *journal, const char *const paths[KEPT_TEXT_FILES], AdoptionMemory *ret_memory);
