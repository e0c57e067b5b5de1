#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * One method call from its message to its reply:
 *
 *      copy the arguments → who calls → whose session is meant → may the caller → do it → reply
 *
 * Each step may wait, none blocks. A caller that vanishes takes the call back until it is done; a verb that
 * has started goes on without it.
 */

#include <systemd/sd-bus.h>

#include "authtoken/reason.h"
#include "daemon/front/bus-arguments.h"
#include "daemon/front/bus-authz.h"
#include "daemon/front/bus-peer.h"
#include "daemon/front/bus-polkit.h"
#include "daemon/front/bus-service.h"
#include "daemon/operation/operation.h"
#include "daemon/operation/user-rules.h"

typedef struct BusMethod BusMethod;

/* The common data of all requests. */
typedef struct BusScope {
        sd_bus *bus;
        Context *context;
        BusPeers *peers;
        BusReload reload;
        void *reload_userdata;
        const char *version; /* static; where sd-bus reads the property */
} BusScope;

typedef struct BusRequest {
        const BusScope *scope;
        const BusMethod *method;
        const BusPermission *permission;
        sd_bus_message *message;
        BusTicket ticket;
        BusArguments arguments;
        Reason owner_reason;          /* the result of the search for the subject's session */
        char *owner, *sid;            /* the subject's, once found */
        uint64_t adoptable_until_sec; /* likewise */
        bool is_own;                  /* an ordinary user asks about their own sessions */
        PolkitCall *polkit;
        UserRulesCall *rules_call;
        Operation *op;
} BusRequest;

/**
 * bus_request_handle() - sd-bus handler of every method
 * @message:    the call
 * @userdata:   BusScope
 * @error:      receives an immediate error
 *
 * Return: as sd_bus_message_handler_t.
 */
int bus_request_handle(sd_bus_message *message, void *userdata, sd_bus_error *error);

/**
 * bus_request_on_done() - the completion of every verb that a method starts
 * @op:         invalid afterwards
 * @result:     borrowed
 * @userdata:   BusRequest; freed
 */
void bus_request_on_done(Operation *op, const OperationResult *result, void *userdata);
