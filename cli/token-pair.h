#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * An access token with its refresh token, as one JSON object:
 *
 *      {"access":…,"refresh":…,"session":…,"expires":…,"session_expires":…}
 *
 * Times are seconds since the epoch.
 */

#include <stdint.h>
#include <systemd/sd-bus.h>

#include "cli/command.h"
#include "common/secret.h"

#define TOKEN_PAIR_SIZE_MAX 65536u

typedef struct TokenPair {
        Secret *access, *refresh;
        char *session;
        uint64_t expires_at_sec, session_end_sec;
} TokenPair;

/**
 * token_pair_clear() - wipe and free what it owns
 * @pair:       zeroed afterwards
 */
void token_pair_clear(TokenPair *pair);

/**
 * token_pair_parse() - read the JSON object
 * @text:       bytes
 * @ret_pair:   zeroed; to be cleared by the caller
 *
 * Members that are not known are passed over. Return: 0; -EBADMSG; -ENOMEM.
 */
int token_pair_parse(const Secret *text, TokenPair *ret_pair);

/**
 * token_pair_format() - write the JSON object, one line
 * @pair:       borrowed
 * @ret_text:   owned by the caller; ends with a line feed
 *
 * Return: 0; -ENOMEM.
 */
int token_pair_format(const TokenPair *pair, Secret **ret_text);

/**
 * token_pair_read() - read the answer of IssueToken or RefreshToken
 * @reply:      at its first element
 * @ret_pair:   zeroed; to be cleared by the caller
 *
 * Return: 0; negative errno; -ENOKEY all is there but a refresh token.
 */
int token_pair_read(sd_bus_message *reply, TokenPair *ret_pair);

/**
 * token_pair_renew() - have the daemon give the next pair
 * @line:       which bus
 * @refresh:    refresh token
 * @ret_pair:   zeroed; to be cleared by the caller
 *
 * Return: STATUS_OK; another status, complained.
 */
ExitStatus token_pair_renew(const CommandLine *line, const Secret *refresh, TokenPair *ret_pair);
