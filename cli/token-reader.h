#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Reads tokens from a file descriptor with bounded memory, one a line or all of it as one.
 */

#include <stdbool.h>
#include <stddef.h>

#include "common/secret.h"

#define TOKEN_READER_BUFFER_SIZE 65536u

typedef struct TokenReader {
        int fd;
        bool is_batch;  /* one token a line, else the whole input without its last line end */
        bool is_base64; /* each is the base64 of the token's bytes (RFC 4648 section 4), strictly */
        size_t max_size; /* of a token; one that is longer comes out max_size + 1 long */
        const char *
                prompt; /* at a terminal one line is read for each, and asked for with this; NULL: as a file */
        size_t position;
        size_t used;
        char buffer[TOKEN_READER_BUFFER_SIZE];
} TokenReader;

enum {
        TOKEN_READER_E_END = 1,  /* there are no more tokens */
        TOKEN_READER_E_ENCODING, /* this one is not base64; reading goes on */
};

/**
 * token_reader_next() - read one token
 * @reader:     fd, is_batch, is_base64 and max_size are set, the rest is zero
 * @ret_token:  owned by the caller; may be empty
 *
 * A line ends with LF or CR LF. What was read is wiped from the buffer with token_reader_wipe(), which also
 * gives a terminal back.
 * Return: 0; TOKEN_READER_E_*; negative errno.
 */
int token_reader_next(TokenReader *reader, Secret **ret_token);

/**
 * token_reader_is_drained() - whether the next token has to be waited for
 * @reader:     reader
 */
bool token_reader_is_drained(const TokenReader *reader);

/**
 * token_reader_wipe() - overwrite the buffer, and let a terminal echo again
 * @reader:     not used any more
 */
void token_reader_wipe(TokenReader *reader);
