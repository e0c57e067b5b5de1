/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "daemon/store/sqlite-written.h"

#define ROOM_FIRST 64u

/* The first piece that does not end before @offset. */
static size_t first_behind(const SqliteWritten *written, uint64_t offset) {
        size_t low = 0, high = written->n_pieces;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                const WrittenPiece *piece = &written->pieces[middle];

                if (piece->offset + piece->size <= offset)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

/* Replaces the overlapping pieces by room for @n_new. */
static size_t replace(SqliteWritten *written, uint64_t offset, size_t size, size_t n_new) {
        size_t first = first_behind(written, offset), end = first;

        while (end < written->n_pieces && written->pieces[end].offset < offset + size)
                end++;
        if (end - first != n_new && end < written->n_pieces)
                memmove(&written->pieces[first + n_new], &written->pieces[end],
                        (written->n_pieces - end) * sizeof(written->pieces[0]));
        written->n_pieces = written->n_pieces - (end - first) + n_new;
        return first;
}

int sqlite_written_reserve(SqliteWritten *written) {
        size_t room = written->room > 0 ? 2 * written->room : ROOM_FIRST;
        WrittenPiece *pieces;

        if (written->n_pieces < written->room)
                return 0;
        pieces = reallocarray(written->pieces, room, sizeof(*pieces));
        if (!pieces)
                return -ENOMEM;
        written->pieces = pieces;
        written->room = room;
        return 0;
}

void sqlite_written_note(SqliteWritten *written, uint64_t offset, const void *data, size_t size) {
        size_t i = replace(written, offset, size, 1);

        written->pieces[i] = (WrittenPiece){
                .offset = offset,
                .digest = XXH3_64bits(data, size),
                .size = size,
        };
        if (written->size < offset + size)
                written->size = offset + size;
}

void sqlite_written_fail(SqliteWritten *written, uint64_t offset, size_t size) {
        (void)replace(written, offset, size, 0);
        written->vague = true;
}

void sqlite_written_cut(SqliteWritten *written, uint64_t size) {
        if (size < written->size)
                (void)replace(written, size, written->size - size, 0);
        written->size = size;
        written->vague = false;
}

bool sqlite_written_has(
        const SqliteWritten *written, uint64_t offset, const void *data, size_t size) {
        size_t i = first_behind(written, offset);
        const WrittenPiece *piece;

        if (i == written->n_pieces)
                return true;
        piece = &written->pieces[i];
        if (piece->offset != offset || piece->size != size)
                return true;
        return piece->digest == XXH3_64bits(data, size);
}

bool sqlite_written_fits(const SqliteWritten *written, uint64_t size) {
        return written->vague ? size >= written->size : size == written->size;
}

void sqlite_written_clear(SqliteWritten *written) {
        free(written->pieces);
        *written = (SqliteWritten){ 0 };
}
