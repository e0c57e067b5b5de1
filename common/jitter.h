#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Randomness that only has to keep many hosts from doing the same thing at the same moment. Nothing that anybody must not
 * guess is made of it.
 */

#include <stdint.h>

/**
 * jitter_below() - some of a span of time
 * @limit:      more than 0
 *
 * Never waits: before the kernel has random numbers it is 0. Return: less than @limit.
 */
uint64_t jitter_below(uint64_t limit);
