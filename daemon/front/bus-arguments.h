#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The arguments of a method, copied out of its message and checked. Their forms are defined here, so that
 * later code never gets a text of a wrong form or unlimited length.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#include "common/cleanup.h"

#define BUS_TEXT_MAX             256u
#define BUS_DATA_MAX             8192u
#define BUS_LIST_MAX             64u
#define BUS_METHOD_ARGUMENTS_MAX 3u

typedef struct Secret Secret;

/* The arguments of a method, in order. */
typedef enum BusArgument {
        BUS_ARGUMENT_NONE,
        BUS_ARGUMENT_USER,     /* s: login name */
        BUS_ARGUMENT_SID,      /* s: session id */
        BUS_ARGUMENT_SUBJECT,  /* s: session id, jti or token */
        BUS_ARGUMENT_TOKEN,    /* s: token */
        BUS_ARGUMENT_NOTE,     /* s: words for the journal, may be empty */
        BUS_ARGUMENT_NUMBER,   /* t: seconds, of a duration or since the epoch */
        BUS_ARGUMENT_OPTIONS,  /* a{sv} */
        BUS_ARGUMENT_PLATFORM, /* s: may be empty, which is any */
        BUS_ARGUMENT_DEVICE,   /* likewise */
        BUS_ARGUMENT_PLACE,    /* likewise */
} BusArgument;

/* Which keys a method's a{sv} may have. */
typedef enum BusOption {
        BUS_OPTION_AUDIENCE = 1 << 0, /* s or as */
        BUS_OPTION_ROLES = 1 << 1,    /* s or as */
        BUS_OPTION_PLATFORM = 1 << 2,
        BUS_OPTION_DEVICE = 1 << 3,
        BUS_OPTION_SOURCE = 1 << 4,
        BUS_OPTION_NAME = 1 << 5,
        BUS_OPTION_DATA = 1 << 6,       /* s: a JSON object */
        BUS_OPTION_LIFETIME = 1 << 7,   /* t: seconds */
        BUS_OPTION_NOT_BEFORE = 1 << 8, /* t: seconds since the epoch */
        BUS_OPTION_USER = 1 << 9,
        BUS_OPTION_ONE_AUDIENCE = 1 << 10, /* s; the same key as BUS_OPTION_AUDIENCE */
        BUS_OPTION_NO_REFRESH = 1 << 11,   /* b */
        BUS_OPTION_TOKEN_USER =
                1 << 12,           /* s; the key "user", which here grants nothing of that user's */
        BUS_OPTION_LONG = 1 << 13, /* b */
        BUS_OPTION_ALGORITHM = 1 << 14,
        BUS_OPTION_KID = 1 << 15,
        BUS_OPTION_STAGE = 1 << 16, /* b */
        BUS_OPTION_CLIENT_ADDRESS = 1 << 17,
        BUS_OPTION_USER_AGENT = 1 << 18,
} BusOption;

typedef struct BusTextList {
        char *items[BUS_LIST_MAX]; /* owned */
        size_t n_items;
} BusTextList;

/* Everything is owned; NULL or 0 where it was not given. */
typedef struct BusArguments {
        char *user;
        Secret *subject; /* BUS_ARGUMENT_SID or _SUBJECT */
        Secret *token;
        char *note;
        BusTextList audience, roles;
        char *one_audience;
        char *place; /* of logins */
        char *platform, *device, *source, *name, *data_json;
        char *client_address, *user_agent;
        uint64_t lifetime_sec, not_before_sec;
        char *token_user;
        int is_long, no_refresh; /* as sd-bus reads a boolean */
        char *algorithm, *kid;
        int stage; /* likewise */
        uint64_t number;
} BusArguments;

/* The arguments of one method. */
typedef struct BusArgumentRule {
        BusArgument arguments[BUS_METHOD_ARGUMENTS_MAX];
        unsigned int options; /* BusOption, or-ed */
} BusArgumentRule;

/**
 * bus_arguments_read() - take a call's arguments
 * @message:    of the signature that @rule describes
 * @rule:       what the method takes
 * @token_max:  longest token in bytes; a longer one is not copied
 * @ret_arguments: zeroed; to be cleared by the caller, also after a failure
 * @error:      receives what is wrong
 *
 * An unknown key, one given twice, or a value of another type is refused: a filter that is not understood
 * must not match more than the caller meant. Return: 0; negative errno with @error set.
 */
int bus_arguments_read(sd_bus_message *message, const BusArgumentRule *rule, size_t token_max,
        BusArguments *ret_arguments, sd_bus_error *error);

/**
 * bus_arguments_clear() - wipe secrets and free what is owned
 * @arguments:  zeroed afterwards
 */
void bus_arguments_clear(BusArguments *arguments);
