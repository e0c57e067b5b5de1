/* SPDX-License-Identifier: MIT */
#include "cli/token-reader.h"

#include <errno.h>
#include <string.h>

#include <openssl/evp.h>

/* Characters that hold one byte more than a token may have. */
static size_t text_limit(const TokenReader *reader) {
        return reader->is_base64 ? (reader->max_size / 3 + 1) * 4 : reader->max_size + 1;
}

static int fill(TokenReader *reader) {
        ssize_t n;

        do
                n = read(reader->fd, reader->buffer, sizeof(reader->buffer));
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        reader->position = 0;
        reader->used = (size_t)n;
        return n == 0 ? TOKEN_READER_E_END : 0;
}

/* Keeps what may still be looked at, and passes over the rest. */
static int append_bounded(const TokenReader *reader, Secret *text, const char *data, size_t size) {
        size_t limit = text_limit(reader);
        size_t room = text->size < limit ? limit - text->size : 0;

        return secret_append(text, data, size < room ? size : room);
}

/* Appends to the line what the buffer has of it. */
static int take_line(TokenReader *reader, Secret *text, bool *ret_complete) {
        const char *start = reader->buffer + reader->position;
        size_t size = reader->used - reader->position;
        const char *end = memchr(start, '\n', size);

        if (end)
                size = (size_t)(end - start);
        reader->position += size + (end ? 1 : 0);
        *ret_complete = end != NULL;
        return append_bounded(reader, text, start, size);
}

static int read_line(TokenReader *reader, Secret *text) {
        bool complete = false, any = false;
        int r = 0;

        while (r == 0 && !complete) {
                if (token_reader_is_drained(reader))
                        r = fill(reader);
                if (r == TOKEN_READER_E_END && any)
                        return 0; /* the last line needs no newline */
                if (r == 0)
                        r = take_line(reader, text, &complete);
                any = true;
        }
        return r;
}

static int read_whole(TokenReader *reader, Secret *text) {
        char last = '\0';
        size_t total = 0;
        int r;

        for (r = fill(reader); r == 0; r = fill(reader)) {
                total += reader->used;
                last = reader->buffer[reader->used - 1];
                reader->position = reader->used;
                r = append_bounded(reader, text, reader->buffer, reader->used);
                if (r)
                        return r;
        }
        if (r != TOKEN_READER_E_END)
                return r;
        /* What echo and editors put behind it. */
        if (last == '\n' && text->size == total)
                text->data[--text->size] = '\0';
        return 0;
}

static int decode(Secret *text) {
        int padding = 0, size;

        while (padding < 2 && text->size > (size_t)padding &&
                text->data[text->size - 1 - (size_t)padding] == '=')
                padding++;
        /* In place: three bytes come out where four characters were. */
        size = EVP_DecodeBlock(
                (unsigned char *)text->data, (const unsigned char *)text->data, (int)text->size);
        if (size < padding)
                return TOKEN_READER_E_ENCODING;
        size -= padding;
        secret_wipe(text->data + size, text->size - (size_t)size);
        text->size = (size_t)size;
        return 0;
}

int token_reader_next(TokenReader *reader, Secret **ret_token) {
        _cleanup_(secret_freep) Secret *text = NULL;
        int r;

        r = secret_new(NULL, 0, &text);
        if (r)
                return r;
        r = reader->is_batch ? read_line(reader, text) : read_whole(reader, text);
        if (r)
                return r;
        if (reader->is_base64 && text->size > 0)
                r = decode(text);
        if (r)
                return r;
        *ret_token = TAKE_PTR(text);
        return 0;
}

bool token_reader_is_drained(const TokenReader *reader) {
        return reader->position == reader->used;
}

void token_reader_wipe(TokenReader *reader) {
        secret_wipe(reader->buffer, sizeof(reader->buffer));
}
