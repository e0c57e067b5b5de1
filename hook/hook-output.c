/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/text.h"
#include "hook/hook-output.h"

#define TEXT_MAX 1024u

void hook_output_log(int priority, const char *format, ...) {
        char text[TEXT_MAX];
        va_list arguments;
        size_t size;
        int n;

        n = snprintf(text, sizeof(text), "<%d>", priority);
        va_start(arguments, format);
        (void)vsnprintf(text + n, sizeof(text) - (size_t)n - 1, format, arguments);
        va_end(arguments);
        size = strlen(text);
        text[size++] = '\n';
        /* The journal's stream is a socket, in a test it is a pipe. */
        if (send(STDERR_FILENO, text, size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno == ENOTSOCK)
                (void)!write(STDERR_FILENO, text, size);
}

static void make_printable(char *line, size_t size) {
        bool is_text = text_is_utf8(line, size);

        for (size_t i = 0; i < size; i++) {
                unsigned char c = (unsigned char)line[i];

                if (c == '\t')
                        line[i] = ' ';
                else if (c < ' ' || c == 0x7f || (c > 0x7f && !is_text))
                        line[i] = '?';
        }
}

static void end_line(HookOutput *output) {
        size_t size = output->size;

        output->size = 0;
        if (size == 0)
                return;
        if (output->n_lines >= HOOK_OUTPUT_LINES_MAX) {
                output->n_dropped += size;
                return;
        }
        make_printable(output->line, size);
        output->line[size] = '\0';
        hook_output_log(LOG_INFO, "%s: %s", output->name, output->line);
        output->n_lines++;
}

static void add_byte(HookOutput *output, char c) {
        if (c == '\n') {
                end_line(output);
                return;
        }
        output->line[output->size++] = c;
        if (output->size == HOOK_OUTPUT_LINE_MAX)
                end_line(output);
}

void hook_output_add(HookOutput *output, const char *data, size_t size) {
        size_t room = HOOK_OUTPUT_BYTES_MAX - output->n_bytes;
        size_t taken = size < room ? size : room;

        for (size_t i = 0; i < taken; i++)
                add_byte(output, data[i]);
        output->n_bytes += taken;
        output->n_dropped += size - taken;
}

void hook_output_finish(HookOutput *output) {
        end_line(output);
        if (output->n_dropped > 0)
                hook_output_log(LOG_WARNING,
                        "%s wrote too much: the last %" PRIu64 " bytes are left out", output->name,
                        output->n_dropped);
}
