/* SPDX-License-Identifier: MIT */
#include "daemon/token/login-code.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>

#define GROUP_SIZE (LOGIN_CODE_TYPED_SIZE / 2)

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

bool login_code_is_meant(const char *text, size_t size) {
        return size >= strlen(LOGIN_CODE_PREFIX) &&
               memcmp(text, LOGIN_CODE_PREFIX, strlen(LOGIN_CODE_PREFIX)) == 0;
}

static int draw(uint8_t *bytes, size_t size) {
        ssize_t n;

        do
                n = getrandom(bytes, size, 0);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        return (size_t)n == size ? 0 : -EIO;
}

int login_code_generate(LoginCodeForm form, Secret **ret_code) {
        size_t n_digits = form == LOGIN_CODE_LONG ? LOGIN_CODE_LONG_SIZE : LOGIN_CODE_TYPED_SIZE;
        _cleanup_(secret_freep) Secret *code = NULL;
        uint8_t bytes[LOGIN_CODE_LONG_SIZE];
        int r;

        r = draw(bytes, n_digits);
        if (r < 0)
                return r;
        r = secret_new(LOGIN_CODE_PREFIX, strlen(LOGIN_CODE_PREFIX), &code);
        for (size_t i = 0; i < n_digits && r == 0; i++) {
                if (form == LOGIN_CODE_TYPED && i == GROUP_SIZE)
                        r = secret_append(code, "-", 1);
                /* 256 is a multiple of 32: every character is as likely as any other. */
                if (r == 0)
                        r = secret_append(code, &alphabet[bytes[i] % 32], 1);
        }
        secret_wipe(bytes, sizeof(bytes));
        if (r == 0)
                *ret_code = TAKE_PTR(code);
        return r;
}

/* '\0' for what is no digit. */
static char fold(char c) {
        if (c >= 'a' && c <= 'z')
                c = (char)(c - 'a' + 'A');
        if (c == 'O')
                return '0';
        if (c == 'I' || c == 'L')
                return '1';
        return c != '\0' && strchr(alphabet, c) ? c : '\0';
}

/* The groups of the typed form have a dash between them. */
static int append_digits(Secret *canonical, const char *text, size_t size) {
        int r = 0;

        for (size_t i = 0; i < size && r == 0; i++) {
                char digit = fold(text[i]);

                r = digit ? secret_append(canonical, &digit, 1) : LOGIN_CODE_E_INVALID;
        }
        return r;
}

int login_code_parse(const char *text, size_t size, Secret **ret_canonical) {
        _cleanup_(secret_freep) Secret *canonical = NULL;
        const char *body = text + strlen(LOGIN_CODE_PREFIX);
        int r;

        if (!login_code_is_meant(text, size))
                return LOGIN_CODE_E_INVALID;
        size -= strlen(LOGIN_CODE_PREFIX);
        if (size != LOGIN_CODE_LONG_SIZE &&
                (size != LOGIN_CODE_TYPED_SIZE + 1 || body[GROUP_SIZE] != '-'))
                return LOGIN_CODE_E_INVALID;
        r = secret_new(NULL, 0, &canonical);
        if (r == 0 && size != LOGIN_CODE_LONG_SIZE) {
                r = append_digits(canonical, body, GROUP_SIZE);
                body += GROUP_SIZE + 1;
                size -= GROUP_SIZE + 1;
        }
        if (r == 0)
                r = append_digits(canonical, body, size);
        if (r == 0)
                *ret_canonical = TAKE_PTR(canonical);
        return r;
}
