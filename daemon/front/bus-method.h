#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What each method takes, which verb it starts, and how the verb's result becomes a reply.
 */

#include <stdbool.h>
#include <systemd/sd-bus.h>

#include "daemon/front/bus-request.h"

struct BusMethod {
        const char *name;
        BusArgumentRule rule;

        /* Start the verb with bus_request_on_done(), which will not come before this returns; 0 or negative
         * errno. NULL: there is nothing to start, and reply is called with no result. */
        int (*start)(BusRequest *request);

        /* Append the method's results to a reply. 0; negative errno; or negative with @error set. */
        int (*reply)(BusRequest *request, const OperationResult *result, sd_bus_message *reply,
                sd_bus_error *error);

        /* The groups of the user whom the verb is about make a difference for it, so they are looked up before
         * it is started. A revocation does not wait for a user data base that hangs. */
        bool needs_rules;
};

/**
 * bus_method_find() - what is known of a method
 * @name:       member name
 *
 * Return: static row; NULL if there is no such method.
 */
const BusMethod *bus_method_find(const char *name);
