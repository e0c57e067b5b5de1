/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <string.h>

#include "daemon/front/bus-exclusion.h"
#include "daemon/front/bus-reply.h"
#include "daemon/operation/exclusion-verbs.h"

#define BAN_COST ((size_t)96) /* of a row in the wire format, roughly, without its texts */

int bus_exclusion_start_revoke_before(BusRequest *request) {
        const BusArguments *arguments = &request->arguments;
        const EndOrder order = {
                .filter = { .user = arguments->user },
                .note = arguments->note,
                .before_sec = arguments->number,
                .uid = bus_peer_uid(&request->ticket),
        };

        return revoke_before_start(
                request->scope->context, &order, bus_request_on_done, request, &request->op);
}

int bus_exclusion_start_revoke_all(BusRequest *request) {
        const EndOrder order = {
                .note = request->arguments.note,
                .uid = bus_peer_uid(&request->ticket),
        };

        return revoke_all_start(
                request->scope->context, &order, bus_request_on_done, request, &request->op);
}

int bus_exclusion_start_ban(BusRequest *request) {
        const BusArguments *arguments = &request->arguments;
        const BanOrder order = {
                .user = arguments->user,
                .note = arguments->note,
                .seconds = arguments->number,
                .uid = bus_peer_uid(&request->ticket),
        };

        return ban_start(
                request->scope->context, &order, bus_request_on_done, request, &request->op);
}

int bus_exclusion_start_unban(BusRequest *request) {
        const BanOrder order = {
                .user = request->arguments.user,
                .uid = bus_peer_uid(&request->ticket),
        };

        return unban_start(
                request->scope->context, &order, bus_request_on_done, request, &request->op);
}

int bus_exclusion_start_list(BusRequest *request) {
        return list_bans_start(request->scope->context, bus_request_on_done, request, &request->op);
}

static int append_ban(sd_bus_message *reply, const BanRow *row) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r >= 0)
                r = bus_reply_text(reply, "user", row->user);
        if (r >= 0)
                r = bus_reply_text(reply, "reason", row->reason);
        if (r >= 0 && row->until_sec != UINT64_MAX)
                r = bus_reply_number(reply, "until", row->until_sec);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

int bus_exclusion_reply_bans(BusRequest *request, const OperationResult *result,
        sd_bus_message *reply, sd_bus_error *error) {
        size_t cost = 0;
        int r;

        (void)request;
        (void)error;
        r = sd_bus_message_open_container(reply, 'a', "a{sv}");
        for (size_t i = 0; i < result->n_bans && r >= 0; i++) {
                const BanRow *row = &result->bans[i];

                cost += BAN_COST + strlen(row->user) + (row->reason ? strlen(row->reason) : 0);
                if (cost > BUS_REPLY_MAX)
                        return -E2BIG;
                r = append_ban(reply, row);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}
