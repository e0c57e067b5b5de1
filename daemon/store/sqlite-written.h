#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What we know of a file's content because we wrote it: a digest of each piece. It finds accidents, not attacks:
 * anybody who can write to the file could make a piece with the same digest.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct WrittenPiece {
        uint64_t offset, digest;
        size_t size;
} WrittenPiece;

/* In order, without overlaps. */
typedef struct SqliteWritten {
        WrittenPiece *pieces;
        size_t n_pieces, room;
        uint64_t size; /* of the file */
        bool vague;    /* a write failed: the file may be larger */
} SqliteWritten;

/**
 * sqlite_written_reserve() - make room for what sqlite_written_note() keeps next
 * @written:    any
 *
 * Return: 0; -ENOMEM.
 */
int sqlite_written_reserve(SqliteWritten *written);

/**
 * sqlite_written_note() - a piece was written
 * @written:    with room
 * @offset:     in the file
 * @data:       what is there now
 * @size:       bytes of @data, not 0
 *
 * Pieces that it overlaps are forgotten.
 */
void sqlite_written_note(SqliteWritten *written, uint64_t offset, const void *data, size_t size);

/**
 * sqlite_written_fail() - a write failed: the content is unknown
 * @written:    any
 * @offset:     in the file
 * @size:       of what was to be written
 */
void sqlite_written_fail(SqliteWritten *written, uint64_t offset, size_t size);

/**
 * sqlite_written_cut() - the file was given a size
 * @written:    any
 * @size:       of the file
 */
void sqlite_written_cut(SqliteWritten *written, uint64_t size);

/**
 * sqlite_written_has() - whether something read may be what we wrote
 * @written:    any
 * @offset:     in the file
 * @data:       what was read
 * @size:       bytes of @data
 *
 * Return: false if it certainly is not; true also for data that is not exactly one of the pieces.
 */
bool sqlite_written_has(
        const SqliteWritten *written, uint64_t offset, const void *data, size_t size);

/**
 * sqlite_written_fits() - whether the file may have this size
 * @written:    any
 * @size:       it has
 */
bool sqlite_written_fits(const SqliteWritten *written, uint64_t size);

/**
 * sqlite_written_clear() - forget all
 * @written:    opened, or zeroed
 */
void sqlite_written_clear(SqliteWritten *written);
