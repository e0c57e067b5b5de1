/* SPDX-License-Identifier: MIT */

#include <stdbool.h>
#include <string.h>

#include "common/base64url.h"
#include "common/cleanup.h"
#include "common/secret.h"
#include "common/text.h"
#include "common/translation.h"
#include "pam/credential.h"

#define CODE_PREFIX "at-"
#define PART_PREFIX "authtoken:"

static const struct {
        size_t size;
        const char *programs;
} prompt_limits[] = {
        { 510, N_("polkit agents") },
        { 511, N_("sudo and GDM") },
        { 1023, N_("ssh") },
        { 4095, N_("su and login") },
};

static bool is_space(char c) {
        return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The size of the part that begins at @text: up to a dot or the end. */
static size_t part_size(const char *text, size_t size) {
        const char *dot = memchr(text, '.', size);

        return dot ? (size_t)(dot - text) : size;
}

/* JSON allows white space around the object, and base64url hides it from the eye. */
static bool is_object(const char *text, size_t size) {
        size_t begin = 0;

        while (begin < size && is_space(text[begin]))
                begin++;
        while (size > begin && is_space(text[size - 1]))
                size--;

        return size - begin >= 2 && text[begin] == '{' && text[size - 1] == '}';
}

/* Decode it in a Secret, since it may be the beginning of a password with dots. */
static bool decodes_to_object(const char *text, size_t size) {
        _cleanup_(secret_freep) Secret *copy = NULL;
        size_t used;

        /* Out of memory: say that it is a token, since a token that is taken for a password
         * would leave the module. */
        if (secret_new(text, size, &copy))
                return true;
        if (base64url_decode(copy->data, size, (uint8_t *)copy->data, size, &used))
                return false;

        return is_object(copy->data, used);
}

/* A header that was cut: {" or, with white space, {<space>. */
static bool begins_like_object(const char *text, size_t size) {
        uint8_t bytes[3];
        size_t used;

        if (size < 4 || base64url_decode(text, 4, bytes, sizeof(bytes), &used))
                return false;

        return bytes[0] == '{' && (bytes[1] == '"' || is_space((char)bytes[1]));
}

const char *pamtok_credential_cutter(size_t size) {
        for (size_t i = 0; i < ARRAY_SIZE(prompt_limits); i++)
                if (prompt_limits[i].size == size)
                        return prompt_limits[i].programs;

        return NULL;
}

static PamtokForm form_of_token(const char *text, size_t size) {
        size_t header = part_size(text, size), dots = 0;

        for (size_t at = 0; at < size; at++) {
                size_t part = part_size(text + at, size - at);

                if (!base64url_is_text(text + at, part))
                        return PAMTOK_FORM_PASSWORD;
                at += part;
                dots += at < size;
        }

        if (dots == 2 && decodes_to_object(text, header))
                return text[size - 1] == '.' && pamtok_credential_cutter(size) ? PAMTOK_FORM_CUT
                                                                               : PAMTOK_FORM_TOKEN;
        if (dots == 1 && pamtok_credential_cutter(size) && decodes_to_object(text, header))
                return PAMTOK_FORM_CUT;
        if (dots == 0 && pamtok_credential_cutter(size) && begins_like_object(text, size))
                return PAMTOK_FORM_CUT;

        return PAMTOK_FORM_PASSWORD;
}

/* Crockford's base32: no U, but I, L and O are read as the digits they look like. */
static bool is_base32(const char *text, size_t size) {
        for (size_t i = 0; i < size; i++) {
                char c = text[i];

                if (!(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z' && c != 'U') &&
                        !(c >= 'a' && c <= 'z' && c != 'u'))
                        return false;
        }

        return true;
}

/* Only the exact forms: people do have passwords that begin with "at-". */
static bool is_code(const char *text, size_t size) {
        const char *body = text + strlen(CODE_PREFIX);

        if (size <= strlen(CODE_PREFIX) || memcmp(text, CODE_PREFIX, strlen(CODE_PREFIX)) != 0)
                return false;

        size -= strlen(CODE_PREFIX);
        if (size == 26)
                return is_base32(body, size);

        return size == 11 && body[5] == '-' && is_base32(body, 5) && is_base32(body + 6, 5);
}

/* Reads a number that @end follows; returns what is behind, or NULL. */
static const char *read_number(const char *text, size_t size, char end, uint32_t *ret_number) {
        uint32_t number = 0;
        size_t i;

        for (i = 0; i < size && text[i] >= '0' && text[i] <= '9'; i++)
                if (number <= PAMTOK_PARTS_MAX)
                        number = number * 10 + (uint32_t)(text[i] - '0');
        if (i == 0 || i == size || text[i] != end)
                return NULL;

        *ret_number = number;
        return text + i + 1;
}

/* Even with impossible numbers it is no password, but a piece of a token. */
static bool is_part(PamtokCredential *credential) {
        const char *text = credential->data, *end = text + credential->size;
        uint32_t part, n_parts;

        if (credential->size < strlen(PART_PREFIX) ||
                memcmp(text, PART_PREFIX, strlen(PART_PREFIX)) != 0)
                return false;

        text += strlen(PART_PREFIX);
        text = read_number(text, (size_t)(end - text), '/', &part);
        if (text)
                text = read_number(text, (size_t)(end - text), ':', &n_parts);
        if (!text)
                return false;
        if (part > n_parts || n_parts > PAMTOK_PARTS_MAX)
                part = n_parts = 0;

        *credential =
                (PamtokCredential){ PAMTOK_FORM_PART, text, (size_t)(end - text), part, n_parts };
        return true;
}

PamtokCredential pamtok_credential_classify(const char *text, size_t size) {
        PamtokCredential credential = { .data = text, .size = size };
        PamtokCredential password = credential;

        while (credential.size > 0 && is_space(credential.data[0])) {
                credential.data++;
                credential.size--;
        }
        while (credential.size > 0 && is_space(credential.data[credential.size - 1]))
                credential.size--;

        if (credential.size == 0)
                return password;
        if (is_part(&credential))
                return credential;
        if (is_code(credential.data, credential.size))
                credential.form = PAMTOK_FORM_CODE;
        else
                credential.form = form_of_token(credential.data, credential.size);

        return credential.form == PAMTOK_FORM_PASSWORD ? password : credential;
}
