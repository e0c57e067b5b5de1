/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "common/secret.h"

int secret_new(const void *data, size_t size, Secret **ret_secret) {
        Secret *secret;

        if (size >= SIZE_MAX - sizeof(*secret))
                return -EOVERFLOW;

        secret = malloc(sizeof(*secret) + size + 1);
        if (!secret)
                return -ENOMEM;

        secret->size = size;
        secret->data = secret->packed;
        if (data)
                memcpy(secret->data, data, size);
        else
                memset(secret->data, 0, size);
        secret->data[size] = '\0';
        *ret_secret = secret;
        return 0;
}

static void drop_data(Secret *secret) {
        secret_wipe(secret->data, secret->size);
        if (secret->data != secret->packed)
                free(secret->data);
}

int secret_append(Secret *secret, const void *data, size_t size) {
        size_t sum;
        char *grown;

        if (__builtin_add_overflow(secret->size, size, &sum) || sum == SIZE_MAX)
                return -EOVERFLOW;

        /* Not realloc(): it may move the bytes and leave the old copy behind, unwiped. */
        grown = malloc(sum + 1);
        if (!grown)
                return -ENOMEM;

        memcpy(grown, secret->data, secret->size);
        if (size > 0)
                memcpy(grown + secret->size, data, size);
        grown[sum] = '\0';

        drop_data(secret);
        secret->data = grown;
        secret->size = sum;
        return 0;
}

Secret *secret_free(Secret *secret) {
        if (!secret)
                return NULL;

        drop_data(secret);
        free(secret);
        return NULL;
}

bool secret_equal(const void *a, size_t a_size, const void *b, size_t b_size) {
        const unsigned char *x = a, *y = b;
        unsigned char difference = 0;

        if (a_size != b_size)
                return false;

        for (size_t i = 0; i < a_size; i++) {
                difference |= x[i] ^ y[i];
                /* Hides the value from the optimiser, which could otherwise leave the loop early. */
                __asm__("" : "+r"(difference));
        }

        return difference == 0;
}

void secret_wipe(void *data, size_t size) {
        if (size > 0)
                explicit_bzero(data, size);
}

char *secret_free_text(char *text) {
        if (text)
                secret_wipe(text, strlen(text));
        free(text);
        return NULL;
}
