#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * From a part of an object, which is all that a callback is given, back to the whole.
 */

#include <stddef.h>

/* @pointer: to @member of a @type; another kind of pointer does not compile */
#define CONTAINER_OF(pointer, type, member)                               \
        ({                                                                \
                __typeof__(((type *)NULL)->member) *_part = (pointer);    \
                (type *)(void *)((char *)_part - offsetof(type, member)); \
        })
