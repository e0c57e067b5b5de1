/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"

#define PROGRAM "authtokenctl"

void complain(const char *format, ...) {
        va_list arguments;

        fputs(PROGRAM ": ", stderr);
        va_start(arguments, format);
        vfprintf(stderr, format, arguments);
        va_end(arguments);
        fputc('\n', stderr);
}

ExitStatus complain_usage(const char *command, const char *format, ...) {
        va_list arguments;

        fputs(PROGRAM ": ", stderr);
        va_start(arguments, format);
        vfprintf(stderr, format, arguments);
        va_end(arguments);
        fputc('\n', stderr);
        return point_to_help(command);
}

ExitStatus point_to_help(const char *command) {
        fprintf(stderr, "See: " PROGRAM " %s --help\n", command);
        return STATUS_USAGE;
}

ExitStatus finish_output(void) {
        if (fflush(stdout) == 0 && !ferror(stdout))
                return STATUS_OK;
        complain("cannot write to standard output: %s", strerror(errno));
        return STATUS_FAILED;
}
