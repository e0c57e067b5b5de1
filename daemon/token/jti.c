/* SPDX-License-Identifier: MIT */
#include "daemon/token/jti.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "common/base64url.h"
#include "common/text.h"

#define SID_BYTES 16u
/* What the kernel gives in one go, whatever happens meanwhile. */
#define POOL_SIZE 256u

/* Each byte is used once. To ask the kernel takes as long for many as for a few. */
static int draw(char sid[SID_SIZE + 1]) {
        static uint8_t pool[POOL_SIZE];
        static size_t n_left;
        ssize_t n;

        if (n_left == 0) {
                do
                        n = getrandom(pool, sizeof(pool), 0);
                while (n < 0 && errno == EINTR);
                if (n < 0)
                        return -errno;
                if ((size_t)n != sizeof(pool))
                        return -EIO;
                n_left = sizeof(pool);
        }
        n_left -= SID_BYTES;
        return base64url_encode(pool + n_left, SID_BYTES, sid, SID_SIZE + 1) ? -EIO : 0;
}

/* People give it to busctl(1) and others, which would take a dash in front for an option. */
int sid_generate(char sid[SID_SIZE + 1]) {
        int r;

        do
                r = draw(sid);
        while (r == 0 && *sid == '-');
        return r;
}

bool sid_is_valid(const char *text, size_t size) {
        uint8_t bytes[SID_BYTES];
        size_t used;

        return size == SID_SIZE && base64url_decode(text, size, bytes, sizeof(bytes), &used) == 0 &&
               used == sizeof(bytes);
}

int jti_parse(const char *text, size_t size, char sid[SID_SIZE + 1], uint64_t *ret_generation) {
        char digits[JTI_SIZE_MAX - SID_SIZE];
        uint64_t generation;
        size_t n_digits;

        if (size < SID_SIZE + 2 || size > JTI_SIZE_MAX || text[SID_SIZE] != '.')
                return JTI_E_INVALID;
        n_digits = size - SID_SIZE - 1;
        memcpy(digits, text + SID_SIZE + 1, n_digits);
        digits[n_digits] = '\0';
        /* One session and generation has one jti, or "revoked" could be spelt around. */
        if (digits[0] == '0' && n_digits > 1)
                return JTI_E_INVALID;
        if (memchr(digits, '\0', n_digits))
                return JTI_E_INVALID;
        if (text_parse_u64(digits, JTI_GENERATION_MAX, &generation))
                return JTI_E_INVALID;
        if (!sid_is_valid(text, SID_SIZE))
                return JTI_E_INVALID;
        memcpy(sid, text, SID_SIZE);
        sid[SID_SIZE] = '\0';
        *ret_generation = generation;
        return 0;
}

void jti_format(const char *sid, uint64_t generation, char jti[JTI_SIZE_MAX + 1]) {
        char digits[TEXT_U64_SIZE_MAX + 1];
        size_t size = strnlen(sid, SID_SIZE), n_digits = text_format_u64(generation, digits);

        if (n_digits > JTI_DIGITS_MAX)
                n_digits = JTI_DIGITS_MAX;
        memcpy(jti, sid, size);
        jti[size++] = '.';
        memcpy(jti + size, digits, n_digits);
        jti[size + n_digits] = '\0';
}
