#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * FNV-1a over texts, for tables in memory, which compare the texts afterwards. If a stranger can choose the
 * texts, the table starts with a random number instead of text_hash_begin().
 */

#include <stdint.h>

#include "common/cleanup.h"

/**
 * text_hash_begin() - the hash of nothing
 */
static inline uint64_t text_hash_begin(void) {
        return UINT64_C(14695981039346656037);
}

/**
 * text_hash_add() - the hash of the texts so far and one more, separated from the next
 * @hash:       so far, or a random start
 * @text:       NULL counts as empty
 */
static inline uint64_t text_hash_add(uint64_t hash, const char *text) {
        for (const char *c = STRING_OR_EMPTY(text); *c; c++)
                hash = (hash ^ (uint8_t)*c) * UINT64_C(1099511628211);
        return (hash ^ 0xff) * UINT64_C(1099511628211);
}
