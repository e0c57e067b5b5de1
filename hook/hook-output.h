#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The output of hooks and of the runner: lines on standard error, which is the journal. The output of
 * each hook is limited; the rest is counted.
 */

#include <stddef.h>
#include <stdint.h>
#include <syslog.h>

#define HOOK_OUTPUT_BYTES_MAX 65536u
#define HOOK_OUTPUT_LINES_MAX 256u
#define HOOK_OUTPUT_LINE_MAX  512u /* longer ones become several */

typedef struct HookOutput {
        const char *name; /* of the hook; borrowed */
        size_t n_bytes, n_lines;
        uint64_t n_dropped;
        size_t size; /* of @line */
        char line[HOOK_OUTPUT_LINE_MAX + 1];
} HookOutput;

/**
 * hook_output_add() - take what a hook has written
 * @output:     zeroed at the beginning, but for its name
 * @data:       any bytes; what is not printable ASCII or UTF-8 is shown as '?'
 * @size:       of @data
 */
void hook_output_add(HookOutput *output, const char *data, size_t size);

/**
 * hook_output_finish() - write the last line, and how much was left out
 * @output:     any
 */
void hook_output_finish(HookOutput *output);

/**
 * hook_output_log() - a line of the runner's own
 * @priority:   syslog priority
 * @format:     printf format
 *
 * Waits for nobody: a line that the journal does not take is lost.
 */
void hook_output_log(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));
