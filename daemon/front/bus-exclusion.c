/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <string.h>

#include "common/cleanup.h"
#include "daemon/front/bus-exclusion.h"
#include "daemon/front/bus-reply.h"
#include "daemon/store/lock-out-list.h"
#include "daemon/verb/exclusion-verbs.h"

#define ROW_COST ((size_t)96) /* in the wire format, roughly, without its texts */

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

int bus_exclusion_start_lower_before(BusRequest *request) {
        const EndOrder order = {
                .filter = { .user = request->arguments.user },
                .note = request->arguments.note,
                .lower = true,
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

static LockOutOrder lock_out_order(const BusRequest *request) {
        return (LockOutOrder){
                .user = request->arguments.user,
                .place = request->arguments.place,
                .uid = bus_peer_uid(&request->ticket),
        };
}

int bus_exclusion_start_lift(BusRequest *request) {
        const LockOutOrder order = lock_out_order(request);

        return lift_lock_out_start(
                request->scope->context, &order, bus_request_on_done, request, &request->op);
}

int bus_exclusion_start_list_lock_outs(BusRequest *request) {
        const LockOutOrder order = lock_out_order(request);

        return list_lock_outs_start(
                request->scope->context, &order, bus_request_on_done, request, &request->op);
}

int bus_exclusion_reply_lifted(sd_bus_message *reply, const OperationResult *result) {
        return sd_bus_message_append(reply, "u", (uint32_t)result->n_lifted);
}

/* Somebody who is kept out, by a ban or a lock-out. */
typedef struct Row {
        const char *user, *name, *text; /* @text may be NULL */
        uint64_t until_sec;             /* UINT64_MAX: without end */
} Row;

/* @cost: of the reply so far. */
static int append_row(sd_bus_message *reply, const Row *row, size_t *cost) {
        int r;

        *cost += ROW_COST + strlen(row->user) + strlen(STRING_OR_EMPTY(row->text));
        if (*cost > BUS_REPLY_MAX)
                return -E2BIG;
        r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r >= 0)
                r = bus_reply_text(reply, "user", row->user);
        if (r >= 0)
                r = bus_reply_text(reply, row->name, row->text);
        if (r >= 0 && row->until_sec != UINT64_MAX)
                r = bus_reply_number(reply, "until", row->until_sec);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

int bus_exclusion_reply_lock_outs(sd_bus_message *reply, const OperationResult *result) {
        size_t cost = 0;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "a{sv}");
        for (size_t i = 0; i < result->lock_outs->n_items && r >= 0; i++) {
                const LockOut *item = &result->lock_outs->items[i];

                r = append_row(
                        reply, &(Row){ item->user, "place", item->place, item->until_sec }, &cost);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

int bus_exclusion_reply_bans(sd_bus_message *reply, const OperationResult *result) {
        size_t cost = 0;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "a{sv}");
        for (size_t i = 0; i < result->n_bans && r >= 0; i++) {
                const BanRow *ban = &result->bans[i];

                r = append_row(
                        reply, &(Row){ ban->user, "reason", ban->reason, ban->until_sec }, &cost);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}
