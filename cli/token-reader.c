/* SPDX-License-Identifier: MIT */
#include "cli/token-reader.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "cli/token-terminal.h"

/* The size of CR LF, which may follow a token of the largest size. */
#define LINE_END_SIZE 2u

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

/* Keeps the bytes that may still be needed, and skips the rest. */
static int append_bounded(const TokenReader *reader, Secret *text, const char *data, size_t size) {
        size_t limit = text_limit(reader) + LINE_END_SIZE;
        size_t room = text->size < limit ? limit - text->size : 0;

        return secret_append(text, data, size < room ? size : room);
}

/* Appends to the line what the buffer has of it. */
static int take_line(TokenReader *reader, Secret *text, bool *ret_complete) {
        const char *start = reader->buffer + reader->position;
        size_t size = reader->used - reader->position;
        const char *end = memchr(start, '\n', size);

        if (end)
                size = (size_t)(end - start) + 1;
        reader->position += size;
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

/* A line that is too long stays so, and its end may never come. */
static int read_whole(TokenReader *reader, Secret *text) {
        size_t limit = text_limit(reader) + LINE_END_SIZE;
        int r;

        for (r = fill(reader); r == 0; r = fill(reader)) {
                reader->position = reader->used;
                r = append_bounded(reader, text, reader->buffer, reader->used);
                if (r || text->size == limit)
                        return r;
        }
        return r == TOKEN_READER_E_END ? 0 : r;
}

static void cut(Secret *text, size_t size) {
        secret_wipe(text->data + size, text->size - size);
        text->size = size;
}

static int take_typed(TokenReader *reader, Secret *text) {
        const char *start = reader->buffer + reader->position;
        size_t n = token_terminal_count_plain(start, reader->used - reader->position);

        reader->position += n > 0 ? n : 1;
        if (n > 0)
                return append_bounded(reader, text, start, n);
        return token_terminal_edit(text, text_limit(reader), *start);
}

/* Text typed before the end of the input counts as a line. */
static int read_typed(TokenReader *reader, Secret *text) {
        int r = 0;

        if (token_reader_is_drained(reader))
                r = token_terminal_hold(reader->fd, reader->prompt);
        while (r == 0) {
                if (token_reader_is_drained(reader))
                        r = fill(reader);
                if (token_terminal_was_left())
                        cut(text, 0);
                if (r == TOKEN_READER_E_END)
                        r = TOKEN_TERMINAL_E_END;
                else if (r == 0)
                        r = take_typed(reader, text);
        }
        if (r < 0)
                return r;
        return r == TOKEN_TERMINAL_E_END && text->size == 0 && reader->is_batch ? TOKEN_READER_E_END
                                                                                : 0;
}

static int read_text(TokenReader *reader, Secret *text) {
        if (reader->prompt && isatty(reader->fd))
                return read_typed(reader, text);
        return reader->is_batch ? read_line(reader, text) : read_whole(reader, text);
}

/* Removes the line end that echo and editors put behind a token. The end of a text that was too long is lost,
 * so it may happen to break off at a newline; without that newline it is still too long. */
static void strip_line_end(const TokenReader *reader, Secret *text) {
        size_t size = text->size, limit = text_limit(reader);

        if (size > 0 && text->data[size - 1] == '\n') {
                size--;
                if (size > 0 && text->data[size - 1] == '\r')
                        size--;
        }
        cut(text, size < limit ? size : limit);
}

/* The value of a character; negative if it is none of the alphabet. */
static int sextet(char c) {
        static const char alphabet[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        const char *place = c ? strchr(alphabet, c) : NULL;

        return place ? (int)(place - alphabet) : -1;
}

/* EVP_DecodeBlock() passes over white space, and takes '=' anywhere and any bits behind the last byte. */
static bool is_strict_base64(const Secret *text, size_t n_padding) {
        static const int unused_bits[] = { 0, 3, 15 };
        size_t size = text->size - n_padding;

        if (text->size % 4 != 0 || size == 0)
                return false;
        for (size_t i = 0; i < size; i++)
                if (sextet(text->data[i]) < 0)
                        return false;
        return (sextet(text->data[size - 1]) & unused_bits[n_padding]) == 0;
}

static int decode(Secret *text) {
        size_t n_padding = 0;
        int size;

        while (n_padding < 2 && n_padding < text->size &&
                text->data[text->size - 1 - n_padding] == '=')
                n_padding++;
        if (!is_strict_base64(text, n_padding))
                return TOKEN_READER_E_ENCODING;
        /* In place: three bytes come out where four characters were. */
        size = EVP_DecodeBlock(
                (unsigned char *)text->data, (const unsigned char *)text->data, (int)text->size);
        if (size < (int)n_padding)
                return TOKEN_READER_E_ENCODING;
        cut(text, (size_t)size - n_padding);
        return 0;
}

int token_reader_next(TokenReader *reader, Secret **ret_token) {
        _cleanup_(secret_freep) Secret *text = NULL;
        int r;

        r = secret_new(NULL, 0, &text);
        if (r)
                return r;
        r = read_text(reader, text);
        if (r)
                return r;
        strip_line_end(reader, text);
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
        token_terminal_release();
        secret_wipe(reader->buffer, sizeof(reader->buffer));
}
