#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A buffer for tokens and other secrets: it is wiped when it is freed or grows, and nothing but its
 * own functions copies it. The bytes are always followed by a NUL that @size does not count.
 */

#include <stdbool.h>
#include <stddef.h>

#include "common/cleanup.h"

typedef struct Secret {
        size_t size;
        char *data;    /* never NULL; data[size] is NUL */
        char packed[]; /* @data, until it grows */
} Secret;

/**
 * secret_new() - copy bytes into a new secret
 * @data:       NULL: zeros, for the caller to write to
 * @size:       bytes
 * @ret_secret: owned by the caller
 *
 * Return: 0; -ENOMEM; -EOVERFLOW.
 */
int secret_new(const void *data, size_t size, Secret **ret_secret);

/**
 * secret_append() - add bytes at the end; the old copy is wiped
 * @secret:     grows
 * @data:       not inside @secret
 * @size:       bytes to add
 *
 * Return: 0; -ENOMEM; -EOVERFLOW.
 */
int secret_append(Secret *secret, const void *data, size_t size);

/**
 * secret_free() - wipe and free
 * @secret:     NULL is fine
 *
 * Return: NULL.
 */
Secret *secret_free(Secret *secret);
DEFINE_CLEANUP(Secret, secret_free)

/**
 * secret_equal() - compare in constant time for equal sizes
 * @a:          bytes
 * @a_size:     of @a
 * @b:          bytes
 * @b_size:     of @b
 */
bool secret_equal(const void *a, size_t a_size, const void *b, size_t b_size);

/**
 * secret_wipe() - overwrite memory in a way that is not optimised away
 * @data:       NULL only with @size 0
 * @size:       bytes
 */
void secret_wipe(void *data, size_t size);

/**
 * secret_free_text() - wipe and free a NUL-terminated string made by malloc()
 * @text:       NULL is fine
 *
 * Return: NULL.
 */
char *secret_free_text(char *text);
DEFINE_CLEANUP(char, secret_free_text)
