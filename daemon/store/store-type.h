#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Which stores there are.
 */

#include <stdbool.h>

/* X(symbol, name in the configuration and in the status) */
#define STORE_TYPES(X)            \
        X(STORE_SQLITE, "sqlite") \
        X(STORE_REDIS, "redis")

typedef enum StoreType {
#define X(symbol, name) symbol,
        STORE_TYPES(X)
#undef X
} StoreType;

/**
 * store_type_name() - what people call it
 * @type:       any value of the enum
 *
 * Return: a static name.
 */
const char *store_type_name(StoreType type);

/**
 * store_type_is_shared() - do other hosts write into it, too?
 * @type:       any value of the enum
 *
 * A Redis is taken to be shared even while only one host uses it: nobody tells when the second one comes.
 */
bool store_type_is_shared(StoreType type);
