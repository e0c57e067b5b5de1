#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What each method takes, which verb it starts, and how the verb's result becomes a reply; or what it does and shows
 * without a verb.
 */

#include <stdbool.h>
#include <systemd/sd-bus.h>

#include "daemon/front/bus-request.h"

struct BusMethod {
        const char *name;
        BusArgumentRule rule;

        /* Start the verb with bus_request_on_done(), which will not come before this returns; 0 or negative
         * errno. NULL: there is none, and the answer comes at once. */
        int (*start)(BusRequest *request);

        /* Append the verb's result. 0 or more; negative errno. NULL: the reply is empty. */
        int (*reply)(sd_bus_message *reply, const OperationResult *result);

        /* Without a verb: carry out the call, before the answer is begun. 0; negative errno; or negative
         * with @error set. NULL: there is nothing to do. */
        int (*at_once)(BusRequest *request, sd_bus_error *error);

        /* Without a verb: append what the daemon has in memory. As reply. */
        int (*show)(sd_bus_message *reply, const Context *context);

        /* The verb depends on the groups of its user, so they are looked up before it is started. A
         * revocation does not wait for a user data base that hangs. */
        bool needs_rules;
};

/**
 * bus_method_find() - the row of a method
 * @name:       member name
 *
 * Return: static row; NULL if there is no such method.
 */
const BusMethod *bus_method_find(const char *name);
