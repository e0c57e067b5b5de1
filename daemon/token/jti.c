/* SPDX-License-Identifier: MIT */
#include "daemon/token/jti.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "common/base64url.h"
#include "common/cleanup.h"
#include "common/secret.h"
#include "common/text.h"
#include "daemon/token/refresh-mac.h"

#define SID_BYTES   16u
#define OWNER_BYTES 7u   /* whole ones of SID_OWNER_SIZE characters */
#define RANDOM_MASK 0x0f /* of the next one */
#define DASH_FIRST  0xf8 /* the first byte of ids that begin with '-': 0xf8 … 0xfb */
#define DASH_MASK   0xfc
#define NO_DASH     0x7f
/* getrandom() returns this many bytes at once, without being interrupted. */
#define POOL_SIZE 256u

/* Each byte is used once. Asking the kernel for many takes as long as for a few. */
static int draw(uint8_t bytes[SID_BYTES]) {
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
        memcpy(bytes, pool + n_left, SID_BYTES);
        return 0;
}

/* People pass it to busctl(1) and others, which would take a leading dash for an option. */
static int write_sid(uint8_t bytes[SID_BYTES], char sid[SID_SIZE + 1]) {
        if ((bytes[0] & DASH_MASK) == DASH_FIRST)
                bytes[0] &= NO_DASH;
        return base64url_encode(bytes, SID_BYTES, sid, SID_SIZE + 1) ? -EIO : 0;
}

int sid_generate(char sid[SID_SIZE + 1]) {
        uint8_t bytes[SID_BYTES];
        int r = draw(bytes);

        return r < 0 ? r : write_sid(bytes, sid);
}

/* Ids are public. Without the key nobody can test names against an id, or find two names whose ids begin alike. */
static int name_owner(Key *key, const char *tenant, const char *user, uint8_t bytes[SID_BYTES]) {
        const char *const texts[] = { tenant, user };
        uint8_t mac[REFRESH_MAC_SIZE], random = bytes[OWNER_BYTES] & RANDOM_MASK;
        int r;

        r = refresh_mac(key, REFRESH_MAC_OWNER, texts, ARRAY_SIZE(texts), mac);
        if (r < 0)
                return r;
        memcpy(bytes, mac, OWNER_BYTES + 1);
        bytes[OWNER_BYTES] = (uint8_t)((bytes[OWNER_BYTES] & ~RANDOM_MASK) | random);
        secret_wipe(mac, sizeof(mac));
        return 0;
}

int sid_generate_for(Key *key, const char *tenant, const char *user, char sid[SID_SIZE + 1]) {
        uint8_t bytes[SID_BYTES] = { 0 };
        int r = draw(bytes);

        if (r >= 0 && key)
                r = name_owner(key, tenant, user, bytes);
        return r < 0 ? r : write_sid(bytes, sid);
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
        /* One session and generation has exactly one jti, or another spelling could evade a
         * revocation. */
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
