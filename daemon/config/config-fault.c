/* SPDX-License-Identifier: MIT */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "daemon/config/config-fault.h"

/* A path may be longer than the message: leave room for the fault after it. */
#define SHOWN_PATH_MAX 256

static size_t put_place(ConfigFault *fault, const ConfigPlace *place) {
        int n;

        if (place->line)
                n = snprintf(fault->message, sizeof(fault->message), "%.*s:%u: ", SHOWN_PATH_MAX,
                        place->file, place->line);
        else
                n = snprintf(fault->message, sizeof(fault->message), "%.*s: ", SHOWN_PATH_MAX,
                        place->file);
        return n > 0 ? (size_t)n : 0;
}

int config_fault(ConfigFault *fault, const ConfigPlace *place, const char *format, ...) {
        size_t used = put_place(fault, place);
        va_list args;

        va_start(args, format);
        vsnprintf(fault->message + used, sizeof(fault->message) - used, format, args);
        va_end(args);
        return CONFIG_E_INVALID;
}

int config_fault_errno(ConfigFault *fault, const ConfigPlace *place, int r) {
        size_t used = put_place(fault, place);

        snprintf(fault->message + used, sizeof(fault->message) - used, "%s", strerror(-r));
        return r;
}
