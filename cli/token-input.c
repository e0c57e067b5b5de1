/* SPDX-License-Identifier: MIT */

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli/token-input.h"
#include "cli/token-pair.h"
#include "cli/token-reader.h"
#include "common/translation.h"

#define TOKEN_SIZE_MAX 65536u

static int read_from(int fd, const char *prompt, Secret **ret_token) {
        TokenReader *reader = calloc(1, sizeof(*reader));
        int r;

        if (!reader)
                return -ENOMEM;
        reader->fd = fd;
        reader->max_size = TOKEN_SIZE_MAX;
        reader->prompt = _(prompt);
        r = token_reader_next(reader, ret_token);
        token_reader_wipe(reader);
        free(reader);
        return r;
}

/* As the PAM module does with pasted text: editors and mail leave blanks around a token. */
static int trim(Secret **token) {
        const Secret *whole = *token;
        size_t start = 0, end = whole->size;
        Secret *trimmed;
        int r;

        while (start < end && isspace((unsigned char)whole->data[start]))
                start++;
        while (end > start && isspace((unsigned char)whole->data[end - 1]))
                end--;
        r = secret_new(whole->data + start, end - start, &trimmed);
        if (r < 0)
                return r;
        secret_free(*token);
        *token = trimmed;
        return 0;
}

/* A pair stands for its access token. Anything else is reported as no token. */
static int take_out_of_pair(Secret **token) {
        TokenPair pair = {};
        int r;

        if ((*token)->size == 0 || (*token)->data[0] != '{')
                return 0;
        r = token_pair_parse(*token, &pair);
        if (r == 0) {
                secret_free(*token);
                *token = TAKE_PTR(pair.access);
        }
        token_pair_clear(&pair);
        return r == -EBADMSG ? 0 : r;
}

static bool has_blank(const Secret *token) {
        for (size_t i = 0; i < token->size; i++)
                if (isspace((unsigned char)token->data[i]))
                        return true;
        return false;
}

ExitStatus token_input_read(const char *path, const char *prompt, Secret **ret_token) {
        _cleanup_(secret_freep) Secret *token = NULL;
        _cleanup_(closep) int opened = -1;
        int fd = STDIN_FILENO, r;

        if (strcmp(path, "-") != 0) {
                opened = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
                if (opened < 0) {
                        complain("cannot open %s: %s", path, strerror(errno));
                        return STATUS_FAILED;
                }
                fd = opened;
        }
        r = read_from(fd, prompt, &token);
        if (r == 0)
                r = trim(&token);
        if (r == 0)
                r = take_out_of_pair(&token);
        if (r < 0) {
                complain("cannot read a token from %s: %s", path, strerror(-r));
                return STATUS_FAILED;
        }
        if (r > 0 || token->size == 0) {
                complain("there is no token in %s", path);
                return STATUS_FAILED;
        }
        if (token->size > TOKEN_SIZE_MAX || strlen(token->data) != token->size ||
                token->data[0] == '{' || has_blank(token)) {
                complain("what %s holds is no token", path);
                return STATUS_FAILED;
        }
        *ret_token = TAKE_PTR(token);
        return STATUS_OK;
}

/* A session id has no dot, a jti has one. */
bool token_input_is_token(const char *text) {
        const char *dot = strchr(text, '.');

        return !strncmp(text, "eyJ", 3) || !strncmp(text, "atr1.", 5) ||
               (dot && strchr(dot + 1, '.'));
}
