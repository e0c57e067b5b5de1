#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The options of a line in /etc/pam.d. This is the one place that knows their names.
 */

#include <stdbool.h>
#include <stdint.h>

#define PAMTOK_TIMEOUT_DEFAULT_USEC UINT64_C(2000000)
#define PAMTOK_TIMEOUT_MAX_USEC     UINT64_C(60000000)

typedef struct PamtokArgs {
        bool use_first_pass; /* never prompt */
        bool try_first_pass; /* prompt only if no earlier module did */
        bool token_only;     /* a password is denied, not handed on */
        bool sudo_session;   /* the session that opened the caller's shell will do */
        bool debug;
        const char *role;        /* that a token's session must have; borrowed from argv or NULL */
        uint64_t max_age_sec;    /* of the last token, for sudo_session; 0: any */
        uint64_t timeout_usec;   /* for all that one entry asks of the daemon */
        const char *socket_path; /* borrowed from argv; NULL: the system's own socket */
} PamtokArgs;

enum {
        PAMTOK_ARGS_E_UNKNOWN = 1, /* no such option */
        PAMTOK_ARGS_E_VALUE,       /* its value is missing, not wanted or out of range */
};

/**
 * pamtok_args_parse() - read the options
 * @argc:       of the module's entry
 * @argv:       of the module's entry
 * @ret_args:   all options; a wrong one is as if it were not there
 * @ret_wrong:  the first option that is wrong; untouched on success
 *
 * Return: 0; PAMTOK_ARGS_E_UNKNOWN; PAMTOK_ARGS_E_VALUE.
 */
int pamtok_args_parse(int argc, const char **argv, PamtokArgs *ret_args, const char **ret_wrong);
