#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Texts that are a configuration, and texts that are refused with one exact message.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "daemon/config/config.h"

#define TEN     "aaaaaaaaaa"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

/* Of the message about an unknown section. */
#define SECTIONS                                                                                 \
        "allowed are [Daemon], [Token], [Keys], [Store], [Session], [Kick], [Hooks], [Limits], " \
        "[Migration], "                                                                          \
        "[Policy \"NAME\"], [Service \"NAME\"], [Issuer \"NAME\"]"

typedef struct ConfigCase {
        const char *name, *text, *message; /* @message NULL: accepted */
} ConfigCase;

static inline void config_case_check(const ConfigCase *config_case) {
        _cleanup_(config_freep) Config *config = NULL;
        char message[CONFIG_MESSAGE_MAX] = "untouched";
        int r;

        print_message("# %s\n", config_case->name);
        r = config_parse(
                config_case->text, strlen(config_case->text), message, sizeof(message), &config);
        assert_string_equal(message, config_case->message ? config_case->message : "untouched");
        assert_int_equal(r, config_case->message ? CONFIG_E_INVALID : 0);
        assert_int_equal(!!config, !config_case->message);
}
