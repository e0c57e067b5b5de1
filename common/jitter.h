#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Randomness that only has to keep many hosts from doing the same thing at the same moment. Never use it for anything
 * that must not be guessed.
 */

#include <stdint.h>

/**
 * jitter_below() - some of a span of time
 * @limit:      more than 0
 *
 * Never waits: before the kernel has random numbers it is 0. Return: less than @limit.
 */
uint64_t jitter_below(uint64_t limit);
