#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A fuzz target is this one function. Built with libFuzzer it is fed by the fuzzer; built without, it
 * gets every file of its corpus once.
 */

#include <stddef.h>
#include <stdint.h>

/**
 * LLVMFuzzerTestOneInput() - let the code under test have one input
 * @data:       memory of exactly that size
 * @size:       bytes
 *
 * Return: 0; a fault ends the process.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
