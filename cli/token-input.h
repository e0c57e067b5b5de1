#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * How a token comes in: from a file or standard input, never from the arguments, which every user of the
 * host can read while the program runs.
 */

#include <stdbool.h>

#include "cli/command.h"
#include "common/secret.h"

/**
 * token_input_read() - read one token
 * @path:       file; "-" for standard input
 * @prompt:     what a terminal is asked, translated here
 * @ret_token:  owned by the caller; not empty, without the white space around it; of a pair the access token
 *
 * Return: STATUS_OK; STATUS_FAILED or STATUS_USAGE, complained.
 */
ExitStatus token_input_read(const char *path, const char *prompt, Secret **ret_token);

/**
 * token_input_is_token() - whether an argument is a token that should not be there
 * @text:       argument
 */
bool token_input_is_token(const char *text);
