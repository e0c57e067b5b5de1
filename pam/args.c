/* SPDX-License-Identifier: MIT */

#include <stddef.h>
#include <string.h>
#include <sys/un.h>

#include "common/cleanup.h"
#include "authtoken/ipc-message.h"
#include "common/text.h"
#include "common/time-span.h"
#include "pam/args.h"

#define SEC_USEC UINT64_C(1000000)

typedef int (*OptionRead)(const char *value, void *member);

typedef struct Option {
        const char *name;
        OptionRead read;
        size_t offset; /* of the member in PamtokArgs, whose type goes with @read */
} Option;

/* The units after a number; a bare number means seconds, as elsewhere in /etc/pam.d. */
typedef struct Unit {
        const char *suffix;
        uint64_t usec;
} Unit;

static const Unit units[] = {
        { "", UINT64_C(1000000) },
        { "s", UINT64_C(1000000) },
        { "ms", UINT64_C(1000) },
};

static const Unit *unit_find(const char *suffix) {
        for (size_t i = 0; i < ARRAY_SIZE(units); i++)
                if (strcmp(units[i].suffix, suffix) == 0)
                        return &units[i];

        return NULL;
}

static int read_flag(const char *value, void *member) {
        if (value)
                return PAMTOK_ARGS_E_VALUE;

        *(bool *)member = true;
        return 0;
}

static int read_timeout(const char *value, void *member) {
        char digits[sizeof("60000")];
        size_t size = value ? strspn(value, "0123456789") : 0;
        const Unit *unit = value ? unit_find(value + size) : NULL;
        uint64_t number, usec;

        if (!unit || size >= sizeof(digits))
                return PAMTOK_ARGS_E_VALUE;

        memcpy(digits, value, size);
        digits[size] = '\0';
        if (text_parse_u64(digits, PAMTOK_TIMEOUT_MAX_USEC, &number))
                return PAMTOK_ARGS_E_VALUE;

        usec = number * unit->usec;
        if (usec == 0 || usec > PAMTOK_TIMEOUT_MAX_USEC)
                return PAMTOK_ARGS_E_VALUE;

        *(uint64_t *)member = usec;
        return 0;
}

/* The daemon reads no more of it than its bytes. */
static int read_role(const char *value, void *member) {
        size_t size = value ? strlen(value) : 0;

        if (size == 0 || size > IPC_TEXT_MAX || !text_is_utf8(value, size) ||
                text_has_control(value, size))
                return PAMTOK_ARGS_E_VALUE;

        *(const char **)member = value;
        return 0;
}

static int read_age(const char *value, void *member) {
        uint64_t usec;

        if (!value || time_span_parse(value, &usec) || usec < SEC_USEC)
                return PAMTOK_ARGS_E_VALUE;

        *(uint64_t *)member = usec / SEC_USEC;
        return 0;
}

static int read_path(const char *value, void *member) {
        struct sockaddr_un address;

        if (!value || value[0] != '/' || strlen(value) >= sizeof(address.sun_path))
                return PAMTOK_ARGS_E_VALUE;

        *(const char **)member = value;
        return 0;
}

static const Option options[] = {
        { "use_first_pass", read_flag, offsetof(PamtokArgs, use_first_pass) },
        { "try_first_pass", read_flag, offsetof(PamtokArgs, try_first_pass) },
        { "token_only", read_flag, offsetof(PamtokArgs, token_only) },
        { "sudo_session", read_flag, offsetof(PamtokArgs, sudo_session) },
        { "sudo_max_age", read_age, offsetof(PamtokArgs, max_age_sec) },
        { "require_role", read_role, offsetof(PamtokArgs, role) },
        { "debug", read_flag, offsetof(PamtokArgs, debug) },
        { "timeout", read_timeout, offsetof(PamtokArgs, timeout_usec) },
        { "socket", read_path, offsetof(PamtokArgs, socket_path) },
};

static int option_read(const char *text, PamtokArgs *args) {
        const char *equals = strchr(text, '=');
        size_t size = equals ? (size_t)(equals - text) : strlen(text);

        for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
                const Option *option = &options[i];

                if (strlen(option->name) == size && memcmp(option->name, text, size) == 0)
                        return option->read(
                                equals ? equals + 1 : NULL, (char *)args + option->offset);
        }

        return PAMTOK_ARGS_E_UNKNOWN;
}

int pamtok_args_parse(int argc, const char **argv, PamtokArgs *ret_args, const char **ret_wrong) {
        PamtokArgs args = { .timeout_usec = PAMTOK_TIMEOUT_DEFAULT_USEC };
        int first = 0;

        for (int i = 0; i < argc; i++) {
                int r = option_read(argv[i], &args);

                if (r && !first) {
                        *ret_wrong = argv[i];
                        first = r;
                }
        }

        *ret_args = args;
        return first;
}
