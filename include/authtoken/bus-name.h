#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What the daemon and its errors are called on the bus, as org.authtoken1(5) promises.
 */

#include <stdint.h>

#define AUTHTOKEN_NAME      "org.authtoken1"
#define AUTHTOKEN_PATH      "/org/authtoken1"
#define AUTHTOKEN_INTERFACE AUTHTOKEN_NAME ".Manager"

#define BUS_ERROR_NOT_FOUND        AUTHTOKEN_NAME ".Error.NotFound"
#define BUS_ERROR_REFUSED          AUTHTOKEN_NAME ".Error.Refused"
#define BUS_ERROR_UNAVAILABLE      AUTHTOKEN_NAME ".Error.Unavailable"
#define BUS_ERROR_INVALID_ARGUMENT AUTHTOKEN_NAME ".Error.InvalidArgument"
#define BUS_ERROR_LIMIT_REACHED    AUTHTOKEN_NAME ".Error.LimitReached"

/* GetStatus: store_p50_usec and store_p99_usec when it took longer than is told apart. */
#define AUTHTOKEN_USEC_BEYOND UINT64_MAX
