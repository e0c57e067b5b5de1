#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A file that holds a token pair: one process at a time has it, and it is replaced as a whole, so that after a
 * crash there is the old pair or the new one.
 */

#include "cli/token-pair.h"

typedef struct PairFile {
        const char *path; /* borrowed */
        int fd;           /* locked */
        char *next_path;  /* of what will replace it; NULL: nothing yet */
        int next_fd;      /* unless @next_path is NULL */
} PairFile;

/**
 * pair_file_open() - wait for one's turn, then read
 * @path:       borrowed until pair_file_close()
 * @ret_file:   to be closed by the caller, also after a failure
 * @ret_pair:   zeroed; to be cleared by the caller
 *
 * A file that others can read, that belongs to somebody else or that is a symbolic link is refused.
 * Return: STATUS_OK; STATUS_FAILED, complained.
 */
ExitStatus pair_file_open(const char *path, PairFile *ret_file, TokenPair *ret_pair);

/**
 * pair_file_make_room() - see to it that the next pair can be written, before it is asked for
 * @file:       open
 *
 * If a new pair could not be written, the file would keep a refresh token that is used up, and its next use
 * would end the session. Return: STATUS_OK; STATUS_FAILED, complained.
 */
ExitStatus pair_file_make_room(PairFile *file);

/**
 * pair_file_replace() - write the next pair; it is on disk when this returns
 * @file:       with room for it; it stays locked
 * @pair:       borrowed
 *
 * Return: STATUS_OK; STATUS_FAILED, complained.
 */
ExitStatus pair_file_replace(PairFile *file, const TokenPair *pair);

/**
 * pair_file_close() - let others have it
 * @file:       open or zeroed
 */
void pair_file_close(PairFile *file);
