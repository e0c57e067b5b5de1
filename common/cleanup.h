#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Scope-bound ownership: _cleanup_(foo_freep) Foo *foo = NULL; and a visible hand-over by TAKE_PTR().
 */

#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(function) __attribute__((cleanup(function)))
#define _unused_            __attribute__((unused))

#define TAKE_PTR(pointer)                                \
        ({                                               \
                __typeof__(pointer) *_from = &(pointer); \
                __typeof__(pointer) _taken = *_from;     \
                *_from = NULL;                           \
                _taken;                                  \
        })

#define TAKE_FD(fd)                  \
        ({                           \
                int *_from = &(fd);  \
                int _taken = *_from; \
                *_from = -1;         \
                _taken;              \
        })

/* Defines Tp(), the cleanup form of a destructor that accepts NULL. */
#define DEFINE_CLEANUP(Type, function)                      \
        static inline _unused_ void function##p(Type **p) { \
                if (*p)                                     \
                        function(*p);                       \
        }

static inline _unused_ void freep(void *p) {
        free(*(void **)p);
}

static inline _unused_ void closep(int *fd) {
        if (*fd >= 0)
                close(*fd);
}

#define ARRAY_SIZE(array)     (sizeof(array) / sizeof((array)[0]))
#define STRING_OR_EMPTY(text) ((text) ? (text) : "")
